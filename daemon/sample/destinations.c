/* SPDX-License-Identifier: MIT */
#include "destinations.h"

#include <stdlib.h>
#include <string.h>

#include "heavy_hitters.h"
#include "util.h"

#define TIME_WAIT_MSEC   (TIME_WAIT_SEC * 1000)
#define REUSE_DELAY_MSEC 1000

struct destinations {
    struct heavy_hitters sketch;
    struct heavy_slot memory[DESTINATION_SLOTS];
    struct destination
        slot[DESTINATION_SLOTS];       /* what the sketch counts is filled in by destinations_top() */
    uint32_t votes[DESTINATION_SLOTS]; /* for the cgroup: Boyer and Moore's majority vote */
    uint32_t reuse_delay_msec;
};

struct destinations *destinations_new(void) {
    struct destinations *destinations = calloc(1, sizeof *destinations);

    if (!destinations)
        return NULL;
    heavy_hitters_init(&destinations->sketch, destinations->memory, DESTINATION_SLOTS, random_seed());
    destinations->reuse_delay_msec = REUSE_DELAY_MSEC;
    return destinations;
}

struct destinations *destinations_free(struct destinations *destinations) {
    free(destinations);
    return NULL;
}

void destinations_reset(struct destinations *destinations) {
    heavy_hitters_reset(&destinations->sketch);
}

void destinations_set_reuse_delay(struct destinations *destinations, uint32_t delay_msec) {
    destinations->reuse_delay_msec = delay_msec;
}

static struct heavy_key key_of(const struct diag_socket *socket) {
    struct heavy_key key = {{[0] = (uint64_t)socket->local.family << 32 |
                                   (uint64_t)socket->remote.family << 16 | socket->remote.port}};

    memcpy(&key.word[1], socket->local.address, sizeof socket->local.address);
    memcpy(&key.word[3], socket->remote.address, sizeof socket->remote.address);
    return key;
}

/* tcp_ipv4.c tcp_twsk_unique() asks for more than the delay since the socket entered TIME-WAIT. */
static bool is_reusable(const struct diag_socket *socket, uint32_t delay_msec) {
    return socket->state == STATE_TIME_WAIT && socket->minisocket && socket->expires_msec < TIME_WAIT_MSEC &&
           TIME_WAIT_MSEC - socket->expires_msec > delay_msec;
}

/* The leader of the vote has the majority of them if any cgroup has. */
static void vote(struct destination *slot, uint32_t *votes, const struct diag_socket *socket) {
    bool new_leader = socket->cgroup != 0 && *votes == 0 && slot->cgroup != socket->cgroup;

    if (new_leader)
        slot->cgroup = socket->cgroup;
    if (socket->cgroup != 0)
        *votes = slot->cgroup == socket->cgroup ? *votes + 1 : *votes - 1;
    if (socket->inode != 0 && (new_leader || slot->inode == 0))
        slot->inode = socket->inode;
}

void destinations_count(struct destinations *destinations, const struct diag_socket *socket) {
    const struct heavy_key key = key_of(socket);
    size_t number = heavy_hitters_count(&destinations->sketch, &key);
    struct destination *slot = &destinations->slot[number];

    if (heavy_hitters_is_new(&destinations->sketch, number)) {
        *slot = (struct destination){.local = socket->local, .remote = socket->remote};
        slot->local.port = 0;
        slot->local.ifindex = 0;
        destinations->votes[number] = 0;
    }
    slot->time_wait += socket->state == STATE_TIME_WAIT;
    slot->reusable += is_reusable(socket, destinations->reuse_delay_msec);
    slot->close_wait += socket->state == STATE_CLOSE_WAIT;
    vote(slot, &destinations->votes[number], socket);
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

    for (size_t i = 0; i < destinations->sketch.used; i++) {
        struct destination candidate = destinations->slot[i];
        size_t at = count;
        candidate.ports_in_use = destinations->memory[i].count;
        candidate.error = destinations->memory[i].error;
        if (count == DESTINATIONS_MAX && !comes_before(&candidate, &top[count - 1]))
            continue;
        if (count == DESTINATIONS_MAX)
            at--;
        else
            count++;
        for (; at > 0 && comes_before(&candidate, &top[at - 1]); at--)
            top[at] = top[at - 1];
        top[at] = candidate;
    }
    return count;
}
