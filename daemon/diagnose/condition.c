/* SPDX-License-Identifier: MIT */
/*
 * The conditions, what they count, and their defaults. A busy healthy host must stay silent: closing states
 * of a server that closes thousands of connections a second stand at (rate x round trip), so their defaults
 * are far above that.
 */
#include "condition.h"

#include <string.h>

#define SECONDS(n) ((n)*1000000ULL)
#define COUNT(n)                                                                                             \
    { (n), UNIT_COUNT }
#define PERCENT(n)                                                                                           \
    { (n) * 100, UNIT_PERMYRIAD }

static const struct condition_info table[CONDITION_COUNT] = {
    [CONDITION_SYN_SENT] =
        {.name = "syn-sent",
         .meaning =
             "Sockets in SYN-SENT: outgoing connections that nobody has answered yet. Told only if more than "
             "half of them had to send their SYN again: at a high rate many are under way, and all is well.",
         .unit = "sockets",
         .state = STATE_SYN_SENT,
         .defaults = {true, COUNT(500), COUNT(5000), 0, SECONDS(15), SECONDS(30)}},
    [CONDITION_SYN_RECV] =
        {.name = "syn-recv",
         .meaning = "Half-open connections in SYN-RECV, for each listener on its own. Below 90 % and without "
                    "an overflow, real clients in the middle of their handshake are not told.",
         .unit = "half-open connections",
         .state = STATE_SYN_RECV,
         .per_port = true,
         .limit = "the listener's SYN-queue limit",
         .defaults = {true, PERCENT(50), PERCENT(90), 64, SECONDS(3), SECONDS(10)}},
    /* Nothing in the kernel limits ESTABLISHED, so no number is wrong for every host: off until the admin
       says. */
    [CONDITION_ESTABLISHED] = {.name = "established",
                               .meaning =
                                   "Sockets in ESTABLISHED. Nothing in the kernel limits them, so no number "
                                   "is right for every host, and the condition is off by default.",
                               .unit = "sockets",
                               .state = STATE_ESTABLISHED,
                               .defaults = {false, COUNT(100000), COUNT(500000), 0, SECONDS(30),
                                            SECONDS(60)}},
    [CONDITION_FIN_WAIT_1] = {.name = "fin-wait-1",
                              .meaning = "Sockets in FIN-WAIT-1: closed here, not acknowledged by the peer.",
                              .unit = "sockets",
                              .state = STATE_FIN_WAIT_1,
                              .per_port = true,
                              .defaults = {true, COUNT(2000), COUNT(20000), 0, SECONDS(60), SECONDS(60)}},
    [CONDITION_FIN_WAIT_2] = {.name = "fin-wait-2",
                              .meaning = "Sockets in FIN-WAIT-2: closed here, not closed by the peer.",
                              .unit = "sockets",
                              .state = STATE_FIN_WAIT_2,
                              .per_port = true,
                              .defaults = {true, COUNT(5000), COUNT(50000), 0, SECONDS(60), SECONDS(60)}},
    [CONDITION_CLOSE_WAIT] =
        {.name = "close-wait",
         .meaning =
             "Sockets in CLOSE-WAIT: closed by the peer, not closed by the local application. Told only if "
             "half of them, or as many as the threshold, are the same sockets as at least 5 s before.",
         .unit = "sockets",
         .state = STATE_CLOSE_WAIT,
         .per_port = true,
         .defaults = {true, COUNT(100), COUNT(1000), 0, SECONDS(30), SECONDS(30)}},
    [CONDITION_CLOSING] = {.name = "closing",
                           .meaning = "Sockets in CLOSING: closed from both sides at once, not acknowledged.",
                           .unit = "sockets",
                           .state = STATE_CLOSING,
                           .per_port = true,
                           .defaults = {true, COUNT(500), COUNT(5000), 0, SECONDS(60), SECONDS(60)}},
    [CONDITION_LAST_ACK] =
        {.name = "last-ack",
         .meaning = "Sockets in LAST-ACK: closed from both sides, the last acknowledgement is missing.",
         .unit = "sockets",
         .state = STATE_LAST_ACK,
         .per_port = true,
         .defaults = {true, COUNT(1000), COUNT(10000), 0, SECONDS(60), SECONDS(60)}},
    [CONDITION_TIME_WAIT] = {.name = "time-wait",
                             .meaning = "Sockets in TIME-WAIT.",
                             .unit = "sockets",
                             .state = STATE_TIME_WAIT,
                             .limit = "net.ipv4.tcp_max_tw_buckets",
                             .defaults = {true, PERCENT(80), PERCENT(95), 1000, SECONDS(10), SECONDS(30)}},
    [CONDITION_SYN_OVERFLOW] =
        {.name = "syn-overflow",
         .meaning = "SYNs per second that met a full SYN queue and were answered by a SYN cookie or dropped.",
         .unit = "SYNs per second",
         .is_rate = true,
         .defaults = {true, COUNT(100), COUNT(1000), 0, SECONDS(1), SECONDS(10)}},
    [CONDITION_ACCEPT_OVERFLOW] =
        {.name = "accept-overflow",
         .meaning = "Connections per second that were dropped because an accept queue was full.",
         .unit = "connections per second",
         .is_rate = true,
         .defaults = {true, COUNT(10), COUNT(100), 0, SECONDS(3), SECONDS(15)}},
    [CONDITION_ACCEPT_QUEUE] = {.name = "accept-queue",
                                .meaning = "Connections waiting for accept(), for each listener on its own.",
                                .unit = "connections",
                                .per_port = true,
                                .limit = "the listener's backlog",
                                .defaults = {true, PERCENT(80), PERCENT(100), 5, SECONDS(5), SECONDS(15)}},
    [CONDITION_TIME_WAIT_OVERFLOW] =
        {.name = "time-wait-overflow",
         .meaning = "Connections per second that were closed without TIME-WAIT because there were too many.",
         .unit = "connections per second",
         .is_rate = true,
         .defaults = {true, COUNT(10), COUNT(1000), 0, SECONDS(5), SECONDS(30)}},
    [CONDITION_PORTS] = {.name = "ports",
                         .meaning =
                             "Local ports in use from one local address towards one remote address and port.",
                         .unit = "ports",
                         .limit = "the ephemeral ports, less the reserved ones",
                         .defaults = {true, PERCENT(80), PERCENT(95), 100, SECONDS(5), SECONDS(15)}},
    [CONDITION_ORPHANS] = {.name = "orphans",
                           .meaning = "Sockets of the host that no process holds any more.",
                           .unit = "sockets",
                           .limit = "net.ipv4.tcp_max_orphans",
                           .defaults = {true, PERCENT(50), PERCENT(90), 100, SECONDS(10), SECONDS(30)}},
    [CONDITION_TCP_MEMORY] = {.name = "tcp-memory",
                              .meaning = "Memory pages used by the TCP sockets of the host.",
                              .unit = "memory pages",
                              .limit = "the third value of net.ipv4.tcp_mem",
                              .defaults = {true, PERCENT(65), PERCENT(90), 0, SECONDS(10), SECONDS(30)}},
    [CONDITION_CONNTRACK] = {.name = "conntrack",
                             .meaning = "Entries of the connection-tracking table.",
                             .unit = "entries",
                             .limit = "net.netfilter.nf_conntrack_max",
                             .defaults = {true, PERCENT(80), PERCENT(95), 1000, SECONDS(10), SECONDS(30)}},
};

const struct condition_info *condition_info(enum condition condition) {
    return &table[condition];
}

int condition_from_name(const char *name) {
    for (int i = 0; i < CONDITION_COUNT; i++)
        if (strcmp(table[i].name, name) == 0)
            return i;
    return -1;
}
