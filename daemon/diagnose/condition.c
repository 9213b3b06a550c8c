/* SPDX-License-Identifier: MIT */
/*
 * The conditions and their defaults. A busy healthy host must stay silent: closing states of a server that
 * closes thousands of connections a second stand at (rate x round trip), so their defaults are far above
 * that.
 */
#include "condition.h"

#include <string.h>

#define SECONDS(n) ((n)*1000000ULL)
#define COUNT(n)                                                                                             \
    { (n), UNIT_COUNT }
#define PERCENT(n)                                                                                           \
    { (n) * 100, UNIT_PERMYRIAD }

static const struct condition_info table[CONDITION_COUNT] = {
    [CONDITION_SYN_SENT] = {.name = "syn-sent",
                            .state = STATE_SYN_SENT,
                            .defaults = {true, COUNT(500), COUNT(5000), 0, SECONDS(15), SECONDS(30)}},
    [CONDITION_SYN_RECV] = {.name = "syn-recv",
                            .state = STATE_SYN_RECV,
                            .per_port = true,
                            .limit = "the listener's SYN-queue limit",
                            .defaults = {true, PERCENT(50), PERCENT(90), 64, SECONDS(3), SECONDS(10)}},
    /* Nothing in the kernel limits ESTABLISHED, so no number is wrong for every host: off until the admin
       says. */
    [CONDITION_ESTABLISHED] = {.name = "established",
                               .state = STATE_ESTABLISHED,
                               .defaults = {false, COUNT(100000), COUNT(500000), 0, SECONDS(30),
                                            SECONDS(60)}},
    [CONDITION_FIN_WAIT_1] = {.name = "fin-wait-1",
                              .state = STATE_FIN_WAIT_1,
                              .per_port = true,
                              .defaults = {true, COUNT(2000), COUNT(20000), 0, SECONDS(60), SECONDS(60)}},
    [CONDITION_FIN_WAIT_2] = {.name = "fin-wait-2",
                              .state = STATE_FIN_WAIT_2,
                              .per_port = true,
                              .defaults = {true, COUNT(5000), COUNT(50000), 0, SECONDS(60), SECONDS(60)}},
    [CONDITION_CLOSE_WAIT] = {.name = "close-wait",
                              .state = STATE_CLOSE_WAIT,
                              .per_port = true,
                              .defaults = {true, COUNT(100), COUNT(1000), 0, SECONDS(30), SECONDS(30)}},
    [CONDITION_CLOSING] = {.name = "closing",
                           .state = STATE_CLOSING,
                           .per_port = true,
                           .defaults = {true, COUNT(500), COUNT(5000), 0, SECONDS(60), SECONDS(60)}},
    [CONDITION_LAST_ACK] = {.name = "last-ack",
                            .state = STATE_LAST_ACK,
                            .per_port = true,
                            .defaults = {true, COUNT(1000), COUNT(10000), 0, SECONDS(60), SECONDS(60)}},
    [CONDITION_TIME_WAIT] = {.name = "time-wait",
                             .state = STATE_TIME_WAIT,
                             .limit = "net.ipv4.tcp_max_tw_buckets",
                             .defaults = {true, PERCENT(80), PERCENT(95), 1000, SECONDS(10), SECONDS(30)}},
    [CONDITION_SYN_OVERFLOW] = {.name = "syn-overflow",
                                .is_rate = true,
                                .defaults = {true, COUNT(100), COUNT(1000), 0, SECONDS(1), SECONDS(10)}},
    [CONDITION_ACCEPT_OVERFLOW] = {.name = "accept-overflow",
                                   .is_rate = true,
                                   .defaults = {true, COUNT(10), COUNT(100), 0, SECONDS(3), SECONDS(15)}},
    [CONDITION_ACCEPT_QUEUE] = {.name = "accept-queue",
                                .per_port = true,
                                .limit = "the listener's backlog",
                                .defaults = {true, PERCENT(80), PERCENT(100), 5, SECONDS(5), SECONDS(15)}},
    [CONDITION_TIME_WAIT_OVERFLOW] = {.name = "time-wait-overflow",
                                      .is_rate = true,
                                      .defaults = {true, COUNT(10), COUNT(1000), 0, SECONDS(5), SECONDS(30)}},
    [CONDITION_PORTS] = {.name = "ports",
                         .limit = "the ephemeral ports, less the reserved ones",
                         .defaults = {true, PERCENT(80), PERCENT(95), 100, SECONDS(5), SECONDS(15)}},
    [CONDITION_ORPHANS] = {.name = "orphans",
                           .limit = "net.ipv4.tcp_max_orphans",
                           .defaults = {true, PERCENT(50), PERCENT(90), 100, SECONDS(10), SECONDS(30)}},
    [CONDITION_TCP_MEMORY] = {.name = "tcp-memory",
                              .limit = "the third value of net.ipv4.tcp_mem",
                              .defaults = {true, PERCENT(65), PERCENT(90), 0, SECONDS(10), SECONDS(30)}},
    [CONDITION_CONNTRACK] = {.name = "conntrack",
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
