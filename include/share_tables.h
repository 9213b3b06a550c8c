/* SPDX-License-Identifier: MIT */
/* Counts peers and holders of the sockets of each state, in fixed memory, for shares_find(). */
#ifndef SYNWAITD_SHARE_TABLES_H
#define SYNWAITD_SHARE_TABLES_H

#include "heavy_hitters.h"
#include "shares.h"
#include "tcp_state.h"

#define SHARE_PEERS   256
#define SHARE_HOLDERS 64
#define SHARE_PORTS   64

/* The words of the keys; port 0 for the whole host. */
enum { SHARE_PORT, SHARE_OWNER, SHARE_PREFIX = SHARE_OWNER, SHARE_ADDRESS };

/** The sockets of one state. */
struct state_shares {
    uint32_t sockets;
    bool estimate;                        /* they are a sample of more */
    struct heavy_hitters port;            /* port */
    struct heavy_hitters address;         /* port, family and prefix length, IPv4 address or IPv6 /64 */
    struct heavy_hitters network;         /* the same with IPv4 /24 */
    struct heavy_hitters holder;          /* port, cgroup: of full sockets alone */
    uint64_t holder_inode[SHARE_HOLDERS]; /* of one of the holder's sockets; 0 = none */
    struct heavy_slot port_memory[SHARE_PORTS], address_memory[SHARE_PEERS], network_memory[SHARE_PEERS],
        holder_memory[SHARE_HOLDERS];
};

struct share_tables {
    struct state_shares state[STATE_COUNT];
};

struct diag_socket;

/** @return empty tables, whose pages cost nothing until used, or NULL with errno ENOMEM. */
struct share_tables *share_tables_new(void);
struct share_tables *share_tables_free(struct share_tables *tables);

/** Forgets the states of @p state_mask, bits 1 << enum tcp_state, at the cost of what was counted. */
void share_tables_reset(struct share_tables *tables, uint32_t state_mask);

/** Counts one socket for its state. @param port its local port if a listener has that, else 0 */
void share_tables_count(struct share_tables *tables, const struct diag_socket *socket, uint16_t port);

/** Counts one socket for that port alone: the port has a rule of its own, so the socket is not the host's. */
void share_tables_count_at_port(struct share_tables *tables, const struct diag_socket *socket, uint16_t port);

/** Says whether what was counted of @p state is only a part of its sockets. */
void share_tables_set_estimate(struct share_tables *tables, enum tcp_state state, bool estimate);

#endif
