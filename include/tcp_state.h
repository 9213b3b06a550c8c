/* SPDX-License-Identifier: MIT */
/* TCP states, with the kernel's own numbers (include/net/tcp_states.h) and RFC 9293's names. */
#ifndef SYNWAITD_TCP_STATE_H
#define SYNWAITD_TCP_STATE_H

enum tcp_state {
    STATE_ESTABLISHED = 1,
    STATE_SYN_SENT = 2,
    STATE_SYN_RECV = 3,
    STATE_FIN_WAIT_1 = 4,
    STATE_FIN_WAIT_2 = 5,
    STATE_TIME_WAIT = 6,
    STATE_CLOSED = 7,
    STATE_CLOSE_WAIT = 8,
    STATE_LAST_ACK = 9,
    STATE_LISTEN = 10,
    STATE_CLOSING = 11,
    STATE_COUNT = 12, /* index 0 is unused */
};

#define STATES_WITH_SOCKETS 10

/** All states in the order of a connection's life; CLOSED, in which no socket is seen, comes last. */
extern const enum tcp_state tcp_states_in_order[STATES_WITH_SOCKETS + 1];

/** @return the name as in ss and RFC 9293, e.g. "CLOSE-WAIT"; NULL if @p state is none of the eleven. */
const char *tcp_state_name(enum tcp_state state);

#endif
