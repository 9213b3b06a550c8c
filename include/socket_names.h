/* SPDX-License-Identifier: MIT */
/* Who is behind a socket: its own cgroup's unit, or that of the listener it belongs to. */
#ifndef SYNWAITD_SOCKET_NAMES_H
#define SYNWAITD_SOCKET_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "sock_diag.h"
#include "unit_names.h"

struct socket_names;

/** @param cgroup_root "/sys/fs/cgroup". @return the handle, or NULL with errno ENOMEM */
struct socket_names *socket_names_new(const char *cgroup_root);
struct socket_names *socket_names_free(struct socket_names *names);

#define CLEANUP_NAMES __attribute__((cleanup(socket_names_cleanup)))
void socket_names_cleanup(struct socket_names **names);

/** Reads who listens, which the functions below rest on. @return 0 or -errno, as sock_diag_dump() */
int socket_names_read_listeners(struct socket_names *names, struct sock_diag *diag);

/** @return whether something listens on this local port, whatever the address. */
bool socket_names_listens(const struct socket_names *names, uint16_t port);

/**
 * @param guessed receives true where the socket tells nothing, as in TIME-WAIT, and the unit is that of
 * whoever listens on its local address now. A half-open connection belongs to that listener: no guess.
 * @return its number for unit_names_text()
 */
uint32_t socket_names_unit(struct socket_names *names, const struct diag_socket *socket, bool *guessed);

/** @return the name; "" where there is none. Valid until the next socket_names_unit(). */
const char *socket_names_text(const struct socket_names *names, uint32_t unit);

#endif
