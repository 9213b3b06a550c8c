/* SPDX-License-Identifier: MIT */
#include "share_tables.h"

#include <stdlib.h>
#include <string.h>

#include "sock_diag.h"
#include "util.h"

static void init_state(struct state_shares *shares, uint64_t seed) {
    heavy_hitters_init(&shares->port, shares->port_memory, SHARE_PORTS, seed);
    heavy_hitters_init(&shares->address, shares->address_memory, SHARE_PEERS, seed);
    heavy_hitters_init(&shares->network, shares->network_memory, SHARE_PEERS, seed);
    heavy_hitters_init(&shares->holder, shares->holder_memory, SHARE_HOLDERS, seed);
}

struct share_tables *share_tables_new(void) {
    struct share_tables *tables = calloc(1, sizeof *tables);

    if (!tables)
        return NULL;
    uint64_t seed = random_seed();
    for (int state = 0; state < STATE_COUNT; state++)
        init_state(&tables->state[state], seed);
    return tables;
}

struct share_tables *share_tables_free(struct share_tables *tables) {
    free(tables);
    return NULL;
}

static void reset_state(struct state_shares *shares) {
    shares->sockets = 0;
    shares->estimate = false;
    heavy_hitters_reset(&shares->port);
    heavy_hitters_reset(&shares->address);
    heavy_hitters_reset(&shares->network);
    heavy_hitters_reset(&shares->holder);
}

void share_tables_reset(struct share_tables *tables, uint32_t state_mask) {
    for (int state = 0; state < STATE_COUNT; state++)
        if (state_mask & (1U << state))
            reset_state(&tables->state[state]);
}

/* An IPv6 host may use any address of its /64 (RFC 4291, RFC 8981). */
static struct heavy_key peer_key(const struct endpoint *remote, uint16_t port, uint32_t ipv4_length) {
    uint32_t length = remote->family == ENDPOINT_IPV4 ? ipv4_length : 64;
    struct heavy_key key = {{[SHARE_PORT] = port, [SHARE_PREFIX] = (uint64_t)remote->family << 32 | length}};

    memcpy(&key.word[SHARE_ADDRESS], remote->address, length / 8);
    return key;
}

static void count_holder(struct state_shares *shares, const struct diag_socket *socket, uint16_t port) {
    const struct heavy_key key = {{[SHARE_PORT] = port, [SHARE_OWNER] = socket->cgroup}};
    size_t slot = heavy_hitters_count(&shares->holder, &key);

    if (heavy_hitters_is_new(&shares->holder, slot))
        shares->holder_inode[slot] = 0;
    if (shares->holder_inode[slot] == 0)
        shares->holder_inode[slot] = socket->inode;
}

static void count_at(struct state_shares *shares, const struct diag_socket *socket, uint16_t port) {
    const struct heavy_key address = peer_key(&socket->remote, port, 32);
    const struct heavy_key network = peer_key(&socket->remote, port, 24);

    heavy_hitters_count(&shares->address, &address);
    heavy_hitters_count(&shares->network, &network);
    if (!socket->request && !socket->minisocket)
        count_holder(shares, socket, port);
}

/* For the host of its own: over many ports the sum of what a sketch still has of each is no count. */
void share_tables_count(struct share_tables *tables, const struct diag_socket *socket, uint16_t port) {
    struct state_shares *shares = &tables->state[socket->state];

    shares->sockets++;
    count_at(shares, socket, 0);
    share_tables_count_at_port(tables, socket, port);
}

void share_tables_count_at_port(struct share_tables *tables, const struct diag_socket *socket,
                                uint16_t port) {
    struct state_shares *shares = &tables->state[socket->state];
    const struct heavy_key port_key = {{[SHARE_PORT] = port}};

    if (port == 0)
        return;
    heavy_hitters_count(&shares->port, &port_key);
    count_at(shares, socket, port);
}

void share_tables_set_estimate(struct share_tables *tables, enum tcp_state state, bool estimate) {
    tables->state[state].estimate = estimate;
}
