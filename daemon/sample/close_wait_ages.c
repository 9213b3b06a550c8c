/* SPDX-License-Identifier: MIT */
#include "close_wait_ages.h"

#include <stddef.h>

void close_wait_ages_begin(struct close_wait_ages *ages) {
    for (size_t i = 0; i < CLOSE_WAIT_SLOTS; i++)
        ages->slot[i].seen = false;
}

void close_wait_ages_count(struct close_wait_ages *ages, uint64_t cookie, uint16_t port,
                           uint64_t since_usec) {
    /* Fibonacci hashing to 8 bits: the kernel counts cookies up, so neighbours must not collide. */
    struct close_wait_slot *slot = &ages->slot[(cookie * UINT64_C(0x9E3779B97F4A7C15)) >> 56];

    if (slot->first_seen_usec == 0)
        *slot = (struct close_wait_slot){.cookie = cookie, .first_seen_usec = since_usec, .port = port};
    if (slot->cookie == cookie)
        slot->seen = true;
}

void close_wait_ages_end(struct close_wait_ages *ages) {
    for (size_t i = 0; i < CLOSE_WAIT_SLOTS; i++)
        if (!ages->slot[i].seen)
            ages->slot[i] = (struct close_wait_slot){0};
}

static void lower(uint64_t *since_usec, uint64_t seen_usec) {
    if (*since_usec == 0 || seen_usec < *since_usec)
        *since_usec = seen_usec;
}

void close_wait_ages_publish(const struct close_wait_ages *ages, struct walk_detail *detail,
                             struct port_figures *port, size_t port_count) {
    for (size_t i = 0; i < CLOSE_WAIT_SLOTS; i++) {
        const struct close_wait_slot *slot = &ages->slot[i];
        if (slot->first_seen_usec == 0)
            continue;
        size_t index = port_index(port, port_count, slot->port);
        if (index < port_count)
            lower(&port[index].detail.close_wait_since_usec, slot->first_seen_usec);
        if (index == port_count || !port_is_ruled(&port[index], STATE_CLOSE_WAIT))
            lower(&detail->close_wait_since_usec, slot->first_seen_usec);
    }
}
