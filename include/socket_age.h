/* SPDX-License-Identifier: MIT */
/* For how long a socket has been in its state, or silent, as far as the kernel tells. Pure. */
#ifndef SYNWAITD_SOCKET_AGE_H
#define SYNWAITD_SOCKET_AGE_H

#include <stdint.h>

#include "sock_diag.h"

#define SOCKET_AGE_TEXT_SIZE 32

enum socket_age_kind {
    AGE_NONE = 0,
    AGE_EXACT,    /* "12s": TIME-WAIT, from its timer */
    AGE_AT_LEAST, /* ">=12s": CLOSE-WAIT, for the peer is as silent; any later acknowledgement hides the rest
                   */
    AGE_ABOUT,    /* "~12s": handshakes, from what was sent again and the timer */
    AGE_SILENT,   /* "silent:12s": nothing has come from the peer since; says nothing about the state */
};

struct socket_age {
    enum socket_age_kind kind;
    uint64_t msec;
};

/**
 * @param syn_linear_timeouts net.ipv4.tcp_syn_linear_timeouts; 0 where it is not there (before 6.5)
 */
struct socket_age socket_age(const struct diag_socket *socket, unsigned int syn_linear_timeouts);

/** @return "exact", "at-least", "about", "silent"; NULL for AGE_NONE */
const char *socket_age_kind_name(enum socket_age_kind kind);

/** Writes it with its mark, e.g. ">=12s", "~3min", "2h5min"; "" for AGE_NONE. */
void socket_age_format(struct socket_age age, char text[SOCKET_AGE_TEXT_SIZE]);

/** Writes what the timer tells, in one word, e.g. "resent:3", "zero-window:2", "keepalive:1h59min"; else "".
 */
void socket_timer_format(const struct diag_socket *socket, char text[SOCKET_AGE_TEXT_SIZE]);

/** @return "retransmit", "keepalive", "linger", "time-wait", "zero-window"; NULL: none runs */
const char *socket_timer_name(const struct diag_socket *socket);

#endif
