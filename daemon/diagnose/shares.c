/* SPDX-License-Identifier: MIT */
#include "shares.h"

#include <string.h>

#include "share_tables.h"

#define TOP_MAX 4
_Static_assert(HOLDERS_MAX <= TOP_MAX && PEERS_MAX <= TOP_MAX, "the list holds either");

static int compare_owner(const struct heavy_slot *a, const struct heavy_slot *b) {
    return memcmp(&a->key.word[SHARE_OWNER], &b->key.word[SHARE_OWNER],
                  (HEAVY_KEY_WORDS - SHARE_OWNER) * sizeof a->key.word[0]);
}

/* The larger first; equals in the order of their keys, so that the same sockets give the same list. */
static bool comes_before(const struct heavy_slot *a, const struct heavy_slot *b) {
    return a->count != b->count ? a->count > b->count : compare_owner(a, b) < 0;
}

/* @param top the numbers of the slots */
static size_t find_top(const struct heavy_hitters *sketch, uint16_t port, size_t *top, size_t most) {
    const struct heavy_slot *slot = sketch->slot;
    size_t count = 0;

    for (size_t i = 0; i < sketch->used; i++) {
        if (slot[i].key.word[SHARE_PORT] != port ||
            (count == most && !comes_before(&slot[i], &slot[top[count - 1]])))
            continue;
        size_t at = count < most ? count++ : count - 1;
        for (; at > 0 && comes_before(&slot[i], &slot[top[at - 1]]); at--)
            top[at] = top[at - 1];
        top[at] = i;
    }
    return count;
}

static size_t find_peers(const struct heavy_hitters *sketch, uint16_t port,
                         struct peer_share peer[PEERS_MAX]) {
    size_t top[TOP_MAX];
    size_t count = find_top(sketch, port, top, PEERS_MAX);

    for (size_t i = 0; i < count; i++) {
        const struct heavy_slot *slot = &sketch->slot[top[i]];
        const struct heavy_key *key = &slot->key;
        peer[i] = (struct peer_share){
            .network.family = (uint8_t)(key->word[SHARE_PREFIX] >> 32),
            .prefix_length = (uint32_t)key->word[SHARE_PREFIX],
            .sockets = slot->count,
            .error = slot->error,
        };
        memcpy(peer[i].network.address, &key->word[SHARE_ADDRESS], sizeof peer[i].network.address);
    }
    return count;
}

static size_t find_holders(const struct state_shares *state, uint16_t port,
                           struct holder holder[HOLDERS_MAX]) {
    size_t top[TOP_MAX];
    size_t count = find_top(&state->holder, port, top, HOLDERS_MAX);

    for (size_t i = 0; i < count; i++) {
        const struct heavy_slot *slot = &state->holder.slot[top[i]];
        holder[i] = (struct holder){
            .cgroup = slot->key.word[SHARE_OWNER],
            .inode = state->holder_inode[top[i]],
            .sockets = slot->count,
            .error = slot->error,
        };
    }
    return count;
}

static uint32_t count_sockets(const struct state_shares *state, uint16_t port) {
    if (port == 0)
        return state->sockets;
    for (size_t i = 0; i < state->port.used; i++)
        if (state->port.slot[i].key.word[SHARE_PORT] == port)
            return state->port.slot[i].count;
    return 0;
}

uint32_t shares_sockets(const struct share_tables *tables, enum tcp_state state, uint16_t port) {
    return tables ? count_sockets(&tables->state[state], port) : 0;
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
