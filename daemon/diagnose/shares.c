/* SPDX-License-Identifier: MIT */
#include "shares.h"

#include <string.h>

#include "share_tables.h"

#define TOP_MAX 4
_Static_assert(HOLDERS_MAX <= TOP_MAX && PEERS_MAX <= TOP_MAX, "the list holds either");

/* One owner, over every port that was asked for. */
struct owner {
    size_t slot; /* the first of its slots */
    uint32_t sockets, error;
};

static bool in_scope(const struct heavy_slot *slot, uint16_t port) {
    return port == 0 || slot->key.word[SHARE_PORT] == port;
}

static int compare_owner(const struct heavy_slot *a, const struct heavy_slot *b) {
    return memcmp(&a->key.word[SHARE_OWNER], &b->key.word[SHARE_OWNER],
                  (HEAVY_KEY_WORDS - SHARE_OWNER) * sizeof a->key.word[0]);
}

static bool same_owner(const struct heavy_slot *a, const struct heavy_slot *b) {
    for (size_t word = SHARE_OWNER; word < HEAVY_KEY_WORDS; word++)
        if (a->key.word[word] != b->key.word[word])
            return false;
    return true;
}

/* Adds up the ports of the owner that @first is the first slot of; sockets 0 if it is not the first. */
static struct owner add_up(const struct heavy_hitters *sketch, size_t first) {
    struct owner owner = {.slot = first};

    for (size_t i = 0; i < sketch->used; i++) {
        const struct heavy_slot *slot = &sketch->slot[i];
        if (!same_owner(slot, &sketch->slot[first]))
            continue;
        if (i < first)
            return (struct owner){0};
        owner.sockets += slot->count;
        owner.error += slot->error;
    }
    return owner;
}

/* On one port an owner has one slot. */
static struct owner owner_at(const struct heavy_hitters *sketch, size_t i, uint16_t port) {
    const struct heavy_slot *slot = &sketch->slot[i];

    if (port == 0)
        return add_up(sketch, i);
    return in_scope(slot, port) ? (struct owner){i, slot->count, slot->error} : (struct owner){0};
}

/* The larger first; equals in the order of their keys, so that the same sockets give the same list. */
static bool comes_before(const struct heavy_hitters *sketch, const struct owner *a, const struct owner *b) {
    if (a->sockets != b->sockets)
        return a->sockets > b->sockets;
    return compare_owner(&sketch->slot[a->slot], &sketch->slot[b->slot]) < 0;
}

static size_t find_top(const struct heavy_hitters *sketch, uint16_t port, struct owner *top, size_t most) {
    size_t count = 0;

    for (size_t i = 0; i < sketch->used; i++) {
        struct owner owner = owner_at(sketch, i, port);
        if (owner.sockets == 0 || (count == most && !comes_before(sketch, &owner, &top[count - 1])))
            continue;
        size_t at = count < most ? count++ : count - 1;
        for (; at > 0 && comes_before(sketch, &owner, &top[at - 1]); at--)
            top[at] = top[at - 1];
        top[at] = owner;
    }
    return count;
}

static size_t find_peers(const struct heavy_hitters *sketch, uint16_t port,
                         struct peer_share peer[PEERS_MAX]) {
    struct owner top[TOP_MAX];
    size_t count = find_top(sketch, port, top, PEERS_MAX);

    for (size_t i = 0; i < count; i++) {
        const struct heavy_key *key = &sketch->slot[top[i].slot].key;
        peer[i] = (struct peer_share){
            .network.family = (uint8_t)(key->word[SHARE_PREFIX] >> 32),
            .prefix_length = (uint32_t)key->word[SHARE_PREFIX],
            .sockets = top[i].sockets,
            .error = top[i].error,
        };
        memcpy(peer[i].network.address, &key->word[SHARE_ADDRESS], sizeof peer[i].network.address);
    }
    return count;
}

/* An inode of the owner, from whichever port has one. */
static uint64_t find_inode(const struct state_shares *state, uint16_t port, const struct heavy_slot *owner) {
    for (size_t i = 0; i < state->holder.used; i++) {
        const struct heavy_slot *slot = &state->holder.slot[i];
        if (in_scope(slot, port) && same_owner(slot, owner) && state->holder_inode[i] != 0)
            return state->holder_inode[i];
    }
    return 0;
}

static size_t find_holders(const struct state_shares *state, uint16_t port,
                           struct holder holder[HOLDERS_MAX]) {
    struct owner top[TOP_MAX];
    size_t count = find_top(&state->holder, port, top, HOLDERS_MAX);

    for (size_t i = 0; i < count; i++) {
        const struct heavy_slot *slot = &state->holder.slot[top[i].slot];
        holder[i] = (struct holder){
            .cgroup = slot->key.word[SHARE_OWNER],
            .inode = find_inode(state, port, slot),
            .sockets = top[i].sockets,
            .error = top[i].error,
        };
    }
    return count;
}

static uint32_t count_sockets(const struct state_shares *state, uint16_t port) {
    for (size_t i = 0; i < state->port.used && port != 0; i++)
        if (in_scope(&state->port.slot[i], port))
            return state->port.slot[i].count;
    return port == 0 ? state->sockets : 0;
}

void shares_find(const struct share_tables *tables, enum tcp_state state, uint16_t port,
                 struct shares *shares) {
    *shares = (struct shares){0};
    if (!tables)
        return;
    const struct state_shares *counted = &tables->state[state];
    shares->sockets = count_sockets(counted, port);
    shares->estimate = counted->estimate;
    shares->holder_count = find_holders(counted, port, shares->holder);
    shares->address_count = find_peers(&counted->address, port, shares->address);
    shares->network_count = find_peers(&counted->network, port, shares->network);
}
