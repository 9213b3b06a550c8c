/* SPDX-License-Identifier: MIT */
/* cmocka with its includes, and sample builders for the pure stages. */
#ifndef SYNWAITD_TEST_CASE_H
#define SYNWAITD_TEST_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"

/** Fails with the row's name in front of the two numbers. */
#define check_row(name, got, wanted)                                                                         \
    do {                                                                                                     \
        unsigned long long got_ = (unsigned long long)(got), wanted_ = (unsigned long long)(wanted);         \
        if (got_ != wanted_)                                                                                 \
            fail_msg("%s: " #got " is %llu, wanted %llu", (name), got_, wanted_);                            \
    } while (0)

/** A quiet sample of a 6.18 host with default sysctls: every figure known and 0. */
static inline struct sample quiet_sample(void) {
    struct sample sample = {.kernel = {6, 18}, .listeners_known = true, .walked = true};
    static const struct {
        enum knob knob;
        uint64_t value;
    } defaults[] = {
        {KNOB_SOMAXCONN, 4096},       {KNOB_TCP_SYNCOOKIES, 1},      {KNOB_TCP_MAX_SYN_BACKLOG, 2048},
        {KNOB_TCP_SYNACK_RETRIES, 5}, {KNOB_TCP_SYN_RETRIES, 6},     {KNOB_TCP_ABORT_ON_OVERFLOW, 0},
        {KNOB_TCP_TW_REUSE, 2},       {KNOB_TCP_FIN_TIMEOUT, 60},    {KNOB_TCP_MAX_TW_BUCKETS, 65536},
        {KNOB_TCP_TIMESTAMPS, 1},     {KNOB_PORT_RANGE_LOW, 32768},  {KNOB_PORT_RANGE_HIGH, 60999},
        {KNOB_PORTS_RESERVED, 0},     {KNOB_TCP_MAX_ORPHANS, 65536}, {KNOB_TCP_MEM_PRESSURE, 2000},
        {KNOB_TCP_MEM_MAX, 3000},     {KNOB_CONNTRACK_MAX, 262144},  {KNOB_TCP_KEEPALIVE_TIME, 7200},
    };

    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        sample.knob[defaults[i].knob] = (struct knob_value){FIGURE_OF(defaults[i].value), true};
    sample.knob[KNOB_TCP_TW_RECYCLE].value = FIGURE_MISSING;
    for (int i = 0; i < STATE_COUNT; i++)
        sample.state[i] = FIGURE_OF(0);
    for (int i = 0; i < COUNTER_COUNT; i++)
        sample.counter[i] = sample.increase[i] = sample.recent_increase[i] = FIGURE_OF(0);
    for (int i = 0; i < GAUGE_COUNT; i++)
        sample.gauge[i] = FIGURE_OF(0);
    sample.taken_usec = sample.walked_usec = sample.half_open_usec = 1000000000;
    sample.span_usec = 1000000;
    sample.recent_usec = 5000000;
    return sample;
}

/** A listener on 192.0.2.1. */
static inline struct listener listener_on(uint16_t port, uint32_t backlog) {
    struct listener listener = {.members = 1, .backlog = backlog};
    static const uint8_t address[4] = {192, 0, 2, 1};

    memcpy(listener.local.address, address, sizeof address);
    listener.local.family = ENDPOINT_IPV4;
    listener.local.port = port;
    return listener;
}

#endif
