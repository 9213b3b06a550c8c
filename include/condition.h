/* SPDX-License-Identifier: MIT */
/* The things that have a threshold, and the rule of each. */
#ifndef SYNWAITD_CONDITION_H
#define SYNWAITD_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp_state.h"

enum condition {
    CONDITION_SYN_SENT,
    CONDITION_SYN_RECV,
    CONDITION_ESTABLISHED,
    CONDITION_FIN_WAIT_1,
    CONDITION_FIN_WAIT_2,
    CONDITION_CLOSE_WAIT,
    CONDITION_CLOSING,
    CONDITION_LAST_ACK,
    CONDITION_TIME_WAIT,
    CONDITION_SYN_OVERFLOW,
    CONDITION_ACCEPT_OVERFLOW,
    CONDITION_ACCEPT_QUEUE,
    CONDITION_TIME_WAIT_OVERFLOW,
    CONDITION_PORTS,
    CONDITION_ORPHANS,
    CONDITION_TCP_MEMORY,
    CONDITION_CONNTRACK,
    CONDITION_COUNT,
};

#define CONDITION_BIT(condition) (UINT32_C(1) << (condition))

/** What one threshold number may be. */
enum threshold_unit {
    UNIT_COUNT,    /* sockets, or events per second for the overflow conditions */
    UNIT_PERMYRIAD /* of the limit that binds */
};

struct threshold {
    uint64_t value;
    enum threshold_unit unit;
};

/** When a condition is a breach. warning and critical have the same unit. */
struct threshold_rule {
    bool enabled;
    struct threshold warning;
    struct threshold critical;
    uint64_t floor;      /* below this value never a breach */
    uint64_t hold_usec;  /* over the threshold this long before raised */
    uint64_t clear_usec; /* under 80 % of the warning this long before cleared */
};

/** Fixed properties of a condition. */
struct condition_info {
    const char *name;     /* as in the configuration, e.g. "syn-recv" */
    const char *meaning;  /* what it counts, and what is not told; sentences */
    const char *unit;     /* of its values: "sockets" */
    enum tcp_state state; /* the state it counts, 0 if none */
    bool is_rate;         /* its values are events per second */
    bool per_port;        /* a `ports` entry may override it */
    const char *limit;    /* what a percentage is of; NULL: no limit, so no percentages */
    struct threshold_rule defaults;
};

/** @return the properties of @p condition; never NULL for a valid one. */
const struct condition_info *condition_info(enum condition condition);

/** @return the condition called @p name, or -1. */
int condition_from_name(const char *name);

#endif
