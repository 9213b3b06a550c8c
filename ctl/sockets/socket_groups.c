/* SPDX-License-Identifier: MIT */
#include "socket_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "util.h"

#define SLOTS_FIRST 256 /* powers of two */

struct socket_groups {
    struct socket_group *group; /* in the order in which they were met */
    size_t count, room, most;
    uint32_t *slot; /* open addressing: number of a group + 1; 0: free */
    size_t slots;
    uint64_t seed; /* peers choose their keys */
    struct socket_group others;
};

struct socket_groups *socket_groups_new(size_t most) {
    struct socket_groups *groups = calloc(1, sizeof *groups);

    if (!groups)
        return NULL;
    groups->most = most;
    groups->seed = random_seed();
    groups->slots = SLOTS_FIRST;
    groups->slot = calloc(groups->slots, sizeof *groups->slot);
    return groups->slot ? groups : socket_groups_free(groups);
}

struct socket_groups *socket_groups_free(struct socket_groups *groups) {
    if (!groups)
        return NULL;
    free(groups->group);
    free(groups->slot);
    free(groups);
    return NULL;
}

void socket_groups_cleanup(struct socket_groups **groups) {
    *groups = socket_groups_free(*groups);
}

void socket_groups_clear(struct socket_groups *groups) {
    memset(groups->slot, 0, groups->slots * sizeof *groups->slot);
    groups->count = 0;
    groups->others = (struct socket_group){0};
}

/* Words of the key, each mixed in by a multiplication and a shift (the finalizer of MurmurHash3). */
static uint64_t hash_of(const struct socket_groups *groups, const struct group_key *key) {
    uint64_t word[sizeof *key / sizeof(uint64_t)], hash = groups->seed;

    _Static_assert(sizeof *key % sizeof(uint64_t) == 0, "whole words");
    memcpy(word, key, sizeof word);
    for (size_t i = 0; i < ARRAY_SIZE(word); i++) {
        hash = (hash ^ word[i]) * UINT64_C(0xFF51AFD7ED558CCD);
        hash ^= hash >> 33;
    }
    return hash;
}

/* The slot that has the key, or the free one where it belongs. */
static uint32_t *find_slot(const struct socket_groups *groups, const struct group_key *key) {
    size_t at = (size_t)hash_of(groups, key) & (groups->slots - 1);

    while (groups->slot[at] > 0 && memcmp(&groups->group[groups->slot[at] - 1].key, key, sizeof *key) != 0)
        at = (at + 1) & (groups->slots - 1);
    return &groups->slot[at];
}

/* Half of the slots stay free. */
static bool grow_slots(struct socket_groups *groups) {
    if (2 * (groups->count + 1) <= groups->slots)
        return true;
    uint32_t *slot = calloc(2 * groups->slots, sizeof *slot);
    if (!slot)
        return false;
    free(groups->slot);
    groups->slot = slot;
    groups->slots *= 2;
    for (size_t i = 0; i < groups->count; i++)
        *find_slot(groups, &groups->group[i].key) = (uint32_t)(i + 1);
    return true;
}

static bool grow_groups(struct socket_groups *groups) {
    if (groups->count < groups->room)
        return true;
    size_t room = groups->room ? 2 * groups->room : SLOTS_FIRST / 2;
    struct socket_group *group = reallocarray(groups->group, room, sizeof *group);
    if (!group)
        return false;
    groups->group = group;
    groups->room = room;
    return true;
}

static struct socket_group *find_or_make(struct socket_groups *groups, const struct group_key *key) {
    uint32_t *slot = find_slot(groups, key);

    if (*slot > 0)
        return &groups->group[*slot - 1];
    if (groups->count == groups->most || !grow_groups(groups) || !grow_slots(groups))
        return &groups->others;
    slot = find_slot(groups, key);
    groups->group[groups->count] = (struct socket_group){.key = *key};
    *slot = (uint32_t)++groups->count;
    return &groups->group[groups->count - 1];
}

void socket_groups_count(struct socket_groups *groups, const struct group_key *key, enum tcp_state state) {
    struct socket_group *group = find_or_make(groups, key);

    group->total++;
    group->state[state]++;
}

static int by_size(const void *a, const void *b) {
    const struct socket_group *first = a, *second = b;

    if (first->total != second->total)
        return first->total > second->total ? -1 : 1;
    if (first->key.number != second->key.number)
        return first->key.number < second->key.number ? -1 : 1;
    return memcmp(&first->key, &second->key, sizeof first->key);
}

const struct socket_group *socket_groups_sort(struct socket_groups *groups, size_t *count) {
    *count = groups->count;
    if (groups->count > 1)
        qsort(groups->group, groups->count, sizeof *groups->group, by_size);
    return groups->group;
}

const struct socket_group *socket_groups_others(const struct socket_groups *groups) {
    return &groups->others;
}

void socket_group_add(struct socket_group *to, const struct socket_group *from) {
    to->total += from->total;
    for (int state = 0; state < STATE_COUNT; state++)
        to->state[state] += from->state[state];
}

struct socket_group socket_groups_sum(const struct socket_groups *groups) {
    struct socket_group sum = groups->others;

    for (size_t i = 0; i < groups->count; i++)
        socket_group_add(&sum, &groups->group[i]);
    return sum;
}

struct group_key group_key_by_port(const struct diag_socket *socket, bool listened) {
    return (struct group_key){.number = listened ? socket->local.port : socket->remote.port,
                              .outgoing = !listened};
}

struct group_key group_key_by_peer(const struct diag_socket *socket) {
    struct group_key key = {.family = socket->remote.family};

    if (socket->state == STATE_LISTEN)
        return (struct group_key){.family = ENDPOINT_NONE};
    memcpy(key.address, socket->remote.address, sizeof key.address);
    return key;
}

struct group_key group_key_by_family(const struct diag_socket *socket) {
    return (struct group_key){.family = socket->local.family};
}

struct group_key group_key_by_unit(uint32_t unit) {
    return (struct group_key){.number = unit};
}
