/* SPDX-License-Identifier: MIT */
/* The sockets that `synwaitctl sockets` shows: the first of an order, with who is behind them. */
#ifndef SYNWAITD_SOCKET_LIST_H
#define SYNWAITD_SOCKET_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "holders.h"
#include "sock_diag.h"
#include "socket_age.h"
#include "socket_filter.h"
#include "socket_names.h"

struct listed_socket {
    struct diag_socket socket;
    struct socket_age age;
    bool outgoing;         /* nothing listens on its local port */
    uint16_t service_port; /* the local one if something listens there, else the remote one */
    uint32_t unit;         /* for socket_names_text() */
    bool unit_guessed;
};

/** Zeroed but for what is asked; released with socket_list_release(). */
struct socket_list {
    const struct socket_filter *filter;
    struct socket_names *names;       /* with its listeners */
    unsigned int syn_linear_timeouts; /* for socket_age() */
    size_t limit;                     /* sockets; 0: all */

    struct listed_socket *socket;
    size_t count, room;
    uint64_t matching; /* with those beyond the limit */
    bool failed;       /* no memory */
    struct socket_holder *holder;
    size_t holder_count;
    struct holders_pass pass;
};

void socket_list_release(struct socket_list *list);

/**
 * The order in which they are shown: what listens, handshakes, what is being closed, then the two states that
 * a busy host has most of, ESTABLISHED and TIME-WAIT; incoming before outgoing, by the port of the service;
 * the oldest first; by address.
 */
int socket_list_compare(const struct listed_socket *a, const struct listed_socket *b);

/** Dumps, keeps the first of the order that match, sorted. @return 0 or -errno */
int socket_list_read(struct socket_list *list, struct sock_diag *diag);

/** Looks for the processes that hold them. @return 0 or -ENOMEM */
int socket_list_find_holders(struct socket_list *list, const char *proc_root);

/** @return the process that holds it, or NULL. */
const struct socket_holder *socket_list_holder(const struct socket_list *list,
                                               const struct diag_socket *socket);

#endif
