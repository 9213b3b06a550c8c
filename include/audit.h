/* SPDX-License-Identifier: MIT */
/* Sysctls that weaken the host or do not fit each other, told before anything goes wrong. Pure. */
#ifndef SYNWAITD_AUDIT_H
#define SYNWAITD_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnose.h"
#include "sample.h"

/** What can be wrong; in finding.hazards the bit 1 << hazard. The worst come first. */
enum hazard {
    HAZARD_SYNCOOKIES_OFF,
    HAZARD_TW_RECYCLE,
    HAZARD_TW_REUSE_WITHOUT_TIMESTAMPS, /* stands for HAZARD_TIMESTAMPS_OFF, too */
    HAZARD_TIMESTAMPS_OFF,
    HAZARD_SOMAXCONN_SMALL,
    HAZARD_LISTENERS_IN_PORT_RANGE,
    HAZARD_MAX_ORPHANS_LOW,
    HAZARD_MAX_TW_BUCKETS_LOW,
    HAZARD_ABORT_ON_OVERFLOW,
    HAZARD_FIN_TIMEOUT_SHORT,
    HAZARD_FIN_TIMEOUT_LONG,
    HAZARD_PORT_RANGE_PARITY,
    HAZARD_SYNCOOKIES_FORCED,
    HAZARD_COUNT,
};

/** A hazard as data, for explain. */
struct hazard_info {
    const struct advice_row *row; /* its effect says why the setting is unsafe */
    const char *when;             /* which values are: "below 10"; NULL: the effect says it */
};

/** Memory of the audit between ticks; zeroed at start. Caller-owned. */
struct audit {
    struct kernel_version kernel;
    struct figure knob[KNOB_COUNT]; /* as last known: a value that cannot be read now is not a change */
    uint64_t first_usec;            /* CLOCK_MONOTONIC of the first audit and the latest; 0 = none yet */
    uint64_t latest_usec;
    bool repeated;         /* the one that is due after services have started is done */
    bool lacked_listeners; /* the latest could not see them: it is done again as soon as they are known */
    uint32_t hazards;      /* found by the latest */
    /* Of the latest audit that could see the listeners. */
    uint32_t largest_backlog;
    uint32_t ports_in_range;        /* listeners' ports that connect() may take, too */
    char ports[SOURCE_REASON_SIZE]; /* the first of them: "8080, 9000 and 3 more" */
};

/**
 * Judges the sysctls of @p sample: at the first sample that has any, once more 60 s later (services start
 * after us at boot), and when one of their values changes. In between the last result is given again, so that
 * listeners that come and go do not make it flap. A hazard whose values cannot be read stays as it was.
 * @param finding written only if there is one: all hazards together, each with its advice, also where the
 * sysctl cannot be written in this namespace
 * @return whether there is a finding now
 */
bool audit_update(struct audit *audit, const struct sample *sample, struct finding *finding);

/** @return what @p hazard is about. */
struct hazard_info audit_hazard(enum hazard hazard);

/**
 * @return the port of listener @p index where connect() may take it, too, so that a service that is started
 * again may find it taken: it lies in the range and is not reserved; else, or if the listener before has the
 * same, 0
 */
uint16_t audit_port_at_risk(const struct sample *sample, size_t index, uint64_t low, uint64_t high);

#endif
