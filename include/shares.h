/* SPDX-License-Identifier: MIT */
/*
 * Whose the sockets of a state are: cgroups and peers with their shares, in fixed memory. The tables are the
 * sampler's; asking them is pure. Peers and holders are counted by the Space-Saving sketch (heavy_hitters.h).
 */
#ifndef SYNWAITD_SHARES_H
#define SYNWAITD_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "tcp_state.h"

#define HOLDERS_MAX 4
#define PEERS_MAX   3

/** Sockets of one cgroup. */
struct holder {
    uint64_t cgroup; /* id: the inode number of its directory; 0 = not told */
    uint64_t inode;  /* of one of the sockets that a process holds; 0 = none */
    uint32_t sockets;
    uint32_t error; /* the true count is at most this much lower */
};

/** Sockets with peers in one network: an IPv4 address (32) or /24, an IPv6 /64. */
struct peer_share {
    struct endpoint network; /* port 0, bits beyond the prefix 0 */
    uint32_t prefix_length;
    uint32_t sockets;
    uint32_t error; /* the true count is at most this much lower */
};

/** Shares of the sockets in one state, of one local port or of the host; the largest first. */
struct shares {
    uint32_t sockets; /* that were counted */
    bool estimate;    /* they are a sample of more */
    struct holder holder[HOLDERS_MAX];
    size_t holder_count;
    struct peer_share address[PEERS_MAX]; /* IPv4 addresses and IPv6 /64 */
    size_t address_count;
    struct peer_share network[PEERS_MAX]; /* IPv4 /24 and IPv6 /64 */
    size_t network_count;
};

struct share_tables;

/**
 * Works out the shares of the sockets in @p state.
 * @param tables as in the sample; NULL: nothing is known
 * @param port local port that a listener has, in host order; 0: the whole host
 */
void shares_find(const struct share_tables *tables, enum tcp_state state, uint16_t port,
                 struct shares *shares);

/** @return shares_find()'s `sockets` alone, which takes no search; the parameters are as there */
uint32_t shares_sockets(const struct share_tables *tables, enum tcp_state state, uint16_t port);

#endif
