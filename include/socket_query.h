/* SPDX-License-Identifier: MIT */
/* What `synwaitctl states` and `sockets` need before they can ask: a way to the kernel, and who listens. */
#ifndef SYNWAITD_SOCKET_QUERY_H
#define SYNWAITD_SOCKET_QUERY_H

#include "ctl.h"
#include "sock_diag.h"
#include "socket_names.h"

/** Zeroed before it is opened. */
struct socket_query {
    struct sock_diag *diag;
    struct socket_names *names;
};

/** @return CTL_OK, or the exit code once the error is printed; to be closed in either case. */
int socket_query_open(struct socket_query *query, const struct verb *verb);
void socket_query_close(struct socket_query *query);

#define CLEANUP_QUERY __attribute__((cleanup(socket_query_close)))

/** Prints why sockets cannot be dumped, with a hint. @param result -errno. @return exit code */
int socket_query_failed(const struct verb *verb, int result);

#endif
