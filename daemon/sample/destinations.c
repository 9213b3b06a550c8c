/* SPDX-License-Identifier: MIT */
/*
 * Slots are found through a chained index. Once all are taken they are also kept as a heap with the emptiest
 * at the root, which the next new destination takes over together with its count.
 */
#include "destinations.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_SIZE 2048U /* twice the slots */
#define NO_SLOT    UINT16_MAX

#define TIME_WAIT_MSEC   60000 /* include/net/tcp.h TCP_TIMEWAIT_LEN */
#define REUSE_DELAY_MSEC 1000

struct destinations {
    struct destination slot[DESTINATION_SLOTS];
    uint16_t next[DESTINATION_SLOTS];  /* chain of slots with the same index */
    uint16_t place[DESTINATION_SLOTS]; /* of the slot in the heap */
    uint16_t heap[DESTINATION_SLOTS];
    uint16_t first[INDEX_SIZE];
    size_t used;
    uint32_t reuse_delay_msec;
};

struct destinations *destinations_new(void) {
    struct destinations *destinations = calloc(1, sizeof *destinations);

    if (!destinations)
        return NULL;
    destinations->reuse_delay_msec = REUSE_DELAY_MSEC;
    destinations_reset(destinations);
    return destinations;
}

struct destinations *destinations_free(struct destinations *destinations) {
    free(destinations);
    return NULL;
}

void destinations_reset(struct destinations *destinations) {
    for (size_t i = 0; i < INDEX_SIZE; i++)
        destinations->first[i] = NO_SLOT;
    destinations->used = 0;
}

void destinations_set_reuse_delay(struct destinations *destinations, uint32_t delay_msec) {
    destinations->reuse_delay_msec = delay_msec;
}

static uint64_t mix(uint64_t hash, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001B3ULL; /* FNV-1a */
    return hash;
}

static size_t index_of(const struct destination *key) {
    uint64_t hash = 0xCBF29CE484222325ULL ^ key->remote.port;

    hash = mix(hash, key->local.address, sizeof key->local.address);
    hash = mix(hash, key->remote.address, sizeof key->remote.address);
    return (size_t)(hash >> 32) % INDEX_SIZE;
}

static bool same_key(const struct destination *a, const struct destination *b) {
    return endpoint_equal(&a->remote, &b->remote) && endpoint_equal(&a->local, &b->local);
}

static void swap_places(struct destinations *all, size_t a, size_t b) {
    uint16_t slot = all->heap[a];

    all->heap[a] = all->heap[b];
    all->heap[b] = slot;
    all->place[all->heap[a]] = (uint16_t)a;
    all->place[all->heap[b]] = (uint16_t)b;
}

static uint32_t heap_value(const struct destinations *all, size_t place) {
    return all->slot[all->heap[place]].ports_in_use;
}

static void sift_down(struct destinations *all, size_t root) {
    for (size_t child; (child = 2 * root + 1) < all->used; root = child) {
        if (child + 1 < all->used && heap_value(all, child + 1) < heap_value(all, child))
            child++;
        if (heap_value(all, root) <= heap_value(all, child))
            return;
        swap_places(all, root, child);
    }
}

static void build_heap(struct destinations *all) {
    for (size_t i = 0; i < DESTINATION_SLOTS; i++)
        all->heap[i] = all->place[i] = (uint16_t)i;
    for (size_t root = DESTINATION_SLOTS / 2; root-- > 0;)
        sift_down(all, root);
}

static void unlink_slot(struct destinations *all, uint16_t slot) {
    uint16_t *link = &all->first[index_of(&all->slot[slot])];

    while (*link != slot)
        link = &all->next[*link];
    *link = all->next[slot];
}

/* A free slot, or the emptiest one: the newcomer inherits its count as the possible error. */
static uint16_t take_slot(struct destinations *all, const struct destination *key) {
    uint16_t slot = all->used < DESTINATION_SLOTS ? (uint16_t)all->used : all->heap[0];
    uint32_t inherited = 0;

    if (all->used == DESTINATION_SLOTS) {
        inherited = all->slot[slot].ports_in_use;
        unlink_slot(all, slot);
    }
    all->slot[slot] = *key;
    all->slot[slot].ports_in_use = inherited;
    all->slot[slot].error = inherited;
    uint16_t *first = &all->first[index_of(key)];
    all->next[slot] = *first;
    *first = slot;
    if (all->used < DESTINATION_SLOTS && ++all->used == DESTINATION_SLOTS)
        build_heap(all);
    return slot;
}

/* tcp_ipv4.c tcp_twsk_unique() asks for more than the delay since the socket entered TIME-WAIT. */
static bool is_reusable(const struct diag_socket *socket, uint32_t delay_msec) {
    return socket->state == STATE_TIME_WAIT && socket->minisocket && socket->expires_msec < TIME_WAIT_MSEC &&
           TIME_WAIT_MSEC - socket->expires_msec > delay_msec;
}

void destinations_count(struct destinations *destinations, const struct diag_socket *socket) {
    struct destination key = {.local = socket->local, .remote = socket->remote};

    key.local.port = 0;
    key.local.ifindex = 0;
    uint16_t slot = destinations->first[index_of(&key)];
    while (slot != NO_SLOT && !same_key(&destinations->slot[slot], &key))
        slot = destinations->next[slot];
    if (slot == NO_SLOT)
        slot = take_slot(destinations, &key);
    destinations->slot[slot].ports_in_use++;
    destinations->slot[slot].time_wait += socket->state == STATE_TIME_WAIT;
    destinations->slot[slot].reusable += is_reusable(socket, destinations->reuse_delay_msec);
    destinations->slot[slot].close_wait += socket->state == STATE_CLOSE_WAIT;
    if (destinations->used == DESTINATION_SLOTS)
        sift_down(destinations, destinations->place[slot]);
}

/* The fuller first; equals in the order of their addresses, so that the same sockets give the same list. */
static bool comes_before(const struct destination *a, const struct destination *b) {
    if (a->ports_in_use != b->ports_in_use)
        return a->ports_in_use > b->ports_in_use;
    int order = endpoint_compare(&a->remote, &b->remote);
    return order != 0 ? order < 0 : endpoint_compare(&a->local, &b->local) < 0;
}

size_t destinations_top(const struct destinations *destinations, struct destination top[DESTINATIONS_MAX]) {
    size_t count = 0;

    for (size_t i = 0; i < destinations->used; i++) {
        const struct destination *candidate = &destinations->slot[i];
        size_t at = count;
        if (count == DESTINATIONS_MAX && !comes_before(candidate, &top[count - 1]))
            continue;
        if (count == DESTINATIONS_MAX)
            at--;
        else
            count++;
        for (; at > 0 && comes_before(candidate, &top[at - 1]); at--)
            top[at] = top[at - 1];
        top[at] = *candidate;
    }
    return count;
}
