/* SPDX-License-Identifier: MIT */
/* What tests/tools/preload/host.c makes of the host, shared with the test through a file. */
#ifndef SYNWAITD_TEST_HOST_FAULTS_H
#define SYNWAITD_TEST_HOST_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

struct host_faults {
    int64_t realtime_sec, monotonic_sec; /* added to the clocks */
    int64_t suspended_sec;               /* what CLOCK_BOOTTIME has more than CLOCK_MONOTONIC */
    int32_t journal_errno;               /* of sends to journald; 0: they are made */
    bool die_before_rename;              /* with the new state file still under its temporary name */
};

#endif
