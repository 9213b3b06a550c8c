/* SPDX-License-Identifier: MIT */
/* Counts sockets by key and state, in bounded memory. */
#ifndef SYNWAITD_SOCKET_GROUPS_H
#define SYNWAITD_SOCKET_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sock_diag.h"
#include "tcp_state.h"

#define SOCKET_GROUPS_MAX 100000 /* keys; sockets of further ones are counted together */

/** What sockets have in common; the rest of it is 0, so memcmp() compares. */
struct group_key {
    uint8_t address[16]; /* by peer */
    uint32_t number;     /* by port: the port; by unit: its number in unit_names */
    uint8_t family;      /* by peer and by family; ENDPOINT_NONE: has no peer */
    bool outgoing;       /* by port: it is the remote one */
    uint8_t reserved[2];
};

struct socket_group {
    struct group_key key;
    uint32_t total;
    uint32_t state[STATE_COUNT];
};

struct socket_groups;

/** @param most keys, e.g. SOCKET_GROUPS_MAX; the table is never larger. @return the groups, or NULL with
 * errno */
struct socket_groups *socket_groups_new(size_t most);
struct socket_groups *socket_groups_free(struct socket_groups *groups);

#define CLEANUP_GROUPS __attribute__((cleanup(socket_groups_cleanup)))
void socket_groups_cleanup(struct socket_groups **groups);

/** Forgets what was counted. */
void socket_groups_clear(struct socket_groups *groups);

/** Counts one; without a place, or memory, for its key it is counted among the others. */
void socket_groups_count(struct socket_groups *groups, const struct group_key *key, enum tcp_state state);

/**
 * Sorts by size, the largest first, equal ones by key.
 * @return the groups; valid until more is counted, which must not happen before socket_groups_clear()
 */
const struct socket_group *socket_groups_sort(struct socket_groups *groups, size_t *count);

/** @return the sockets whose keys had no place; key unused. */
const struct socket_group *socket_groups_others(const struct socket_groups *groups);

/** @return all together; key unused. */
struct socket_group socket_groups_sum(const struct socket_groups *groups);

/** Adds the counts of @p from to @p to. */
void socket_group_add(struct socket_group *to, const struct socket_group *from);

/** @param listened whether something listens on the local port. @return the key by port */
struct group_key group_key_by_port(const struct diag_socket *socket, bool listened);
struct group_key group_key_by_peer(const struct diag_socket *socket);
struct group_key group_key_by_family(const struct diag_socket *socket);
struct group_key group_key_by_unit(uint32_t unit);

#endif
