/* SPDX-License-Identifier: MIT */
/* Which sockets `synwaitctl states` and `sockets` are about: what --port, --state, --peer and --unit say. */
#ifndef SYNWAITD_SOCKET_FILTER_H
#define SYNWAITD_SOCKET_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl.h"
#include "endpoint.h"
#include "sock_diag.h"

#define SOCKET_FILTER_OPTIONS 4

/** An address or a network; family ENDPOINT_NONE: every peer. */
struct peer_network {
    struct endpoint address; /* port 0; bits behind the prefix are 0 */
    unsigned int prefix;     /* 0 to 32 or 128 */
};

/** Zeroed: every socket. */
struct socket_filter {
    uint16_t port;       /* local or remote; 0: every */
    uint32_t state_mask; /* bits 1 << enum tcp_state; 0: every */
    struct peer_network peer;
    const char *unit; /* a pattern; NULL: every */
};

/** Writes the options --port, --state, --peer and --unit, which fill in @p filter. */
void socket_filter_options(struct socket_filter *filter, struct verb_option option[SOCKET_FILTER_OPTIONS]);

/**
 * Reads "192.0.2.1", "192.0.2.0/24" or "2001:db8::/32"; an IPv4-mapped address is IPv4, its prefix of 96 and
 * more, too.
 * @return 0 or -EINVAL
 */
int peer_network_parse(const char *text, struct peer_network *network);

/** @return whether it asks for all sockets. */
bool socket_filter_is_empty(const struct socket_filter *filter);

/** @return what to ask the kernel for, which may be more than what matches. */
struct diag_request socket_filter_request(const struct socket_filter *filter);

/** @return whether port, state and peer match. What listens has no peer. */
bool socket_filter_match(const struct socket_filter *filter, const struct diag_socket *socket);

/**
 * @param unit as unit_from_cgroup_path() writes it
 * @return whether the pattern (fnmatch(3)) matches it, with or without ".service"; true without a pattern
 */
bool socket_filter_match_unit(const struct socket_filter *filter, const char *unit);

#endif
