/* SPDX-License-Identifier: MIT */
/* Sample against configuration: which conditions are over their threshold, for long enough. Pure. */
#ifndef SYNWAITD_THRESHOLD_H
#define SYNWAITD_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "condition.h"
#include "config.h"
#include "sample.h"

#define BREACHES_MAX 128 /* as many as tracks: none is left out for another */

enum severity { SEVERITY_NONE, SEVERITY_WARNING, SEVERITY_CRITICAL };

enum scope_kind { SCOPE_HOST, SCOPE_LISTENER, SCOPE_PORT, SCOPE_DESTINATION };

/** What a breach, a finding and an incident are about. Compared whole; unused endpoints are zero. */
struct scope {
    enum scope_kind kind;
    struct endpoint local;  /* LISTENER: its address; PORT: the port alone; DESTINATION: source address */
    struct endpoint remote; /* DESTINATION only */
};

/** Which limit binds, for a percentage and for the admin. */
enum limit_source {
    LIMIT_NONE,
    LIMIT_LISTEN_BACKLOG,     /* the application's listen() argument */
    LIMIT_SOMAXCONN,          /* net.core.somaxconn cut the application's wish */
    LIMIT_THREE_QUARTER_RULE, /* 3/4 of tcp_max_syn_backlog, syncookies off */
    LIMIT_MAX_SYN_BACKLOG,    /* before Linux 4.4 */
    LIMIT_MAX_TW_BUCKETS,
    LIMIT_PORT_RANGE,
    LIMIT_PORTS_NOT_RESERVED, /* ip_local_port_range less ip_local_reserved_ports */
    LIMIT_MAX_ORPHANS,
    LIMIT_TCP_MEM,
    LIMIT_CONNTRACK_MAX,
};

/** One condition over its threshold. Numbers are sockets, or events per second for the rate conditions. */
struct breach {
    enum condition condition;
    enum severity severity;
    struct scope scope;
    struct endpoint blamed; /* rate conditions: the listener they are laid to; ENDPOINT_NONE if unknown */
    uint64_t value;
    uint64_t threshold; /* of this severity, percentages worked out */
    struct figure limit;
    enum limit_source limit_source;
    uint64_t measured_usec; /* CLOCK_MONOTONIC of what the value rests on */
    bool stale;             /* could not be measured at this tick: the last figures */
    bool trend_known;       /* two measurements at least 5 s apart */
    int64_t growth_per_min; /* over the last half to whole minute, as far as the condition is watched */
};

/** One measurement, to compare later ones with. */
struct mark {
    uint64_t value;
    uint64_t measured_usec; /* CLOCK_MONOTONIC; 0 = none */
};

/** How long a thing has been so, as far as was measured. */
struct spell {
    bool lasts; /* at the measurement judged last */
    uint64_t usec;
};

/** One watched condition and scope over time. Owned by the tracker. */
struct track {
    bool used;
    enum condition condition;
    struct scope scope;
    bool first_look;          /* a rate that has just gone over */
    uint64_t unmeasured_usec; /* time since the measurement judged last */
    struct spell over_warning, over_critical;
    struct spell under_warning, under_critical; /* 80 % of it */
    enum severity severity;                     /* NONE until raised */
    struct breach last;                         /* as last judged; given again while the value is unknown */
    struct mark trend_from; /* what growth is counted from: half a minute to a minute old */
    struct mark trend_next; /* what it will be counted from in turn */
};

#define TRACKS_MAX BREACHES_MAX

/** Memory of the threshold stage between ticks; zeroed at start. Caller-owned. */
struct threshold_tracker {
    uint64_t judged_usec; /* sample time of the previous call */
    size_t overlooked;    /* by it: over their threshold, but every track was taken */
    size_t end;           /* none is used from here on */
    struct track track[TRACKS_MAX];
};

/**
 * Judges @p sample. Time comes from sample->taken_usec alone; a gap of more than five intervals (the host
 * slept, or the daemon did) counts as one interval towards hold and clear. An unknown value neither raises
 * nor clears: what was raised stays raised with its last figures. An absent one is 0.
 * @param breaches receives at most BREACHES_MAX, ordered by condition, then the fullest first
 * @return how many
 */
size_t threshold_evaluate(const struct config *config, const struct sample *sample,
                          struct threshold_tracker *tracker, struct breach breaches[BREACHES_MAX]);

struct observation; /* observe.h */

/** From which values on there is a breach. */
struct threshold_figures {
    struct figure warning, critical;
};

/**
 * @return the thresholds that @p seen is held against: percentages of its limit worked out, and never below
 * the floor; unknown where the limit is
 */
struct threshold_figures threshold_figures(const struct config *config, const struct observation *seen);

/**
 * @return whether a rate went over its threshold for the first time: it is raised only if it is over again,
 * and the caller may take that sample early. Not while it cannot be measured.
 */
bool threshold_awaits_second_look(const struct threshold_tracker *tracker);

/** Marks a condition and scope as already raised, e.g. by the daemon's previous life. */
void threshold_resume(struct threshold_tracker *tracker, const struct breach *breach);

/**
 * The SYN-queue limit of @p listener on this kernel, and what sets it.
 * From 4.4 full at min(listen backlog, somaxconn) (ef547f2ac16b); with syncookies 0 strangers get only 3/4 of
 * tcp_max_syn_backlog (tcp_input.c tcp_conn_request); before 4.4 roundup_pow2(min(...)+1)
 * (reqsk_queue_alloc), unless the listener is seen with more half-opens: then the rule of 4.4 was backported.
 */
struct figure syn_queue_limit(const struct sample *sample, const struct listener *listener,
                              enum limit_source *source);

/**
 * @return whether connect() to @p remote takes over ports in TIME-WAIT: tcp_tw_reuse is on for it, and there
 * are timestamps (tcp_ipv4.c tcp_twsk_unique)
 */
bool time_wait_is_reused(const struct sample *sample, const struct endpoint *remote);

/** @return whether a full SYN queue drops: syncookies 0, or not built in. */
bool syncookies_are_off(const struct sample *sample);

/** @return what cut the accept-queue backlog: the application's listen() or somaxconn. */
enum limit_source accept_queue_limit_source(const struct sample *sample, const struct listener *listener);

bool scope_equal(const struct scope *a, const struct scope *b);

/** @return "warning" or "critical". */
const char *severity_name(enum severity severity);

/** @return what the admin should look at, e.g. "net.ipv4.tcp_max_tw_buckets"; NULL for LIMIT_NONE. */
const char *limit_source_name(enum limit_source source);

#endif
