/* SPDX-License-Identifier: MIT */
/* Alerts as the stages before would make them, for the tests of the report stage. */
#ifndef SYNWAITD_SAMPLE_ALERTS_H
#define SYNWAITD_SAMPLE_ALERTS_H

#include <string.h>

#include "audit.h"
#include "incident.h"
#include "util.h"

static inline struct endpoint sample_endpoint(const char *text) {
    struct endpoint endpoint = {0};

    if (endpoint_parse(text, &endpoint) < 0)
        endpoint.port = 0;
    return endpoint;
}

/* 1025 half-open of 1024 on 192.0.2.10:80. */
static inline struct alert sample_flood(void) {
    struct endpoint local = sample_endpoint("192.0.2.10:80");
    struct scope scope = {.kind = SCOPE_LISTENER, .local = local};

    return (struct alert){
        .event = EVENT_RAISED,
        .incident_id = 0x1234,
        .peak = 1025,
        .finding =
            {
                .problem = PROBLEM_SYN_FLOOD,
                .family = FAMILY_HANDSHAKE,
                .scope = scope,
                .cause = CAUSE_SPOOFED_FLOOD,
                .confidence = CONFIDENCE_HIGH,
                .severity = SEVERITY_CRITICAL,
                .lead = {.condition = CONDITION_SYN_RECV,
                         .severity = SEVERITY_CRITICAL,
                         .scope = scope,
                         .blamed = local,
                         .value = 1025,
                         .threshold = 922,
                         .limit = FIGURE_OF(1024),
                         .limit_source = LIMIT_LISTEN_BACKLOG,
                         .measured_usec = 5 * USEC_PER_SEC},
                .local = local,
                .evidence = {{"half_open", 1025}, {"syn_queue_limit", 1024}, {"syn_overflow_per_sec", 19874}},
                .evidence_count = 3,
            },
    };
}

/* 200 CLOSE-WAIT on port 8080, no limit, no sysctl. */
static inline struct alert sample_leak(void) {
    struct scope scope = {.kind = SCOPE_PORT, .local = {.port = 8080}};

    return (struct alert){
        .event = EVENT_RAISED,
        .incident_id = 0x1235,
        .peak = 200,
        .finding =
            {
                .problem = PROBLEM_CLOSE_WAIT_LEAK,
                .family = FAMILY_CLOSE_WAIT,
                .scope = scope,
                .cause = CAUSE_FD_HELD,
                .confidence = CONFIDENCE_HIGH,
                .severity = SEVERITY_WARNING,
                .lead = {.condition = CONDITION_CLOSE_WAIT,
                         .severity = SEVERITY_WARNING,
                         .scope = scope,
                         .value = 200,
                         .threshold = 100},
                .local = {.port = 8080},
                .evidence = {{"close_wait", 200}, {"never_accepted", 0}},
                .evidence_count = 2,
            },
    };
}

/* tcp_syncookies=2: nothing is half-open, so nobody is blamed. */
static inline struct alert sample_forced_cookies(void) {
    struct alert alert = sample_flood();

    alert.finding.scope = (struct scope){0};
    alert.finding.local = (struct endpoint){0};
    alert.finding.lead = (struct breach){
        .condition = CONDITION_SYN_OVERFLOW, .severity = SEVERITY_CRITICAL, .value = 3011, .threshold = 100};
    alert.finding.evidence[0] = (struct evidence){"tcp_syncookies", 2};
    alert.finding.evidence_count = 1;
    return alert;
}

static inline struct alert sample_rediagnosed(void) {
    struct alert alert = sample_leak();

    alert.rediagnosed = true;
    return alert;
}

static inline const struct advice_row *sample_row(enum knob knob) {
    size_t count;
    const struct advice_row *row = advice_table(&count);

    for (size_t i = 0; i < count; i++)
        if (row[i].knob == knob)
            return &row[i];
    return NULL;
}

/* Ports towards [2001:db8::1]:443 held by TIME-WAIT; two sysctls help. */
static inline struct alert sample_ports(void) {
    struct scope scope = {.kind = SCOPE_DESTINATION,
                          .local = sample_endpoint("2001:db8::2"),
                          .remote = sample_endpoint("[2001:db8::1]:443")};
    struct alert alert = {
        .event = EVENT_RAISED,
        .incident_id = 0x1236,
        .peak = 27000,
        .finding =
            {
                .problem = PROBLEM_PORT_EXHAUSTION,
                .family = FAMILY_PORTS,
                .scope = scope,
                .cause = CAUSE_PORTS_TIME_WAIT,
                .confidence = CONFIDENCE_HIGH,
                .severity = SEVERITY_CRITICAL,
                .lead = {.condition = CONDITION_PORTS,
                         .severity = SEVERITY_CRITICAL,
                         .scope = scope,
                         .value = 27000,
                         .threshold = 26821,
                         .limit = FIGURE_OF(28232),
                         .limit_source = LIMIT_PORT_RANGE},
                .local = scope.local,
                .peer = scope.remote,
                .evidence = {{"ports_in_use", 27000}, {"in_time_wait", 26000}},
                .evidence_count = 2,
                .advice = {{.row = sample_row(KNOB_TCP_TW_REUSE), .current = 2, .recommended = 1},
                           {.row = sample_row(KNOB_PORT_RANGE_LOW),
                            .current = 32768,
                            .recommended = 1024,
                            .current_high = 60999,
                            .recommended_high = 65535}},
                .advice_count = 2,
            },
    };

    return alert;
}

/* synwaitd itself cannot read a file. */
static inline struct alert sample_degraded(void) {
    struct alert alert = {
        .event = EVENT_RAISED,
        .incident_id = 0x1237,
        .finding =
            {
                .problem = PROBLEM_SAMPLING_DEGRADED,
                .family = FAMILY_SAMPLING,
                .cause = CAUSE_CANNOT_SAMPLE,
                .confidence = CONFIDENCE_HIGH,
                .severity = SEVERITY_WARNING,
                .lead = {.condition = CONDITION_COUNT, .severity = SEVERITY_WARNING},
                .evidence = {{"failed_ticks", 3}},
                .evidence_count = 1,
                .detail = "/proc/net/netstat: No such file or directory",
            },
    };

    return alert;
}

/* What the audit itself finds, so that the texts are the real ones. */
static inline struct alert sample_audited(const struct sample *sample) {
    struct alert alert = {.event = EVENT_RAISED, .incident_id = 0x1238};
    struct audit audit = {0};

    audit_update(&audit, sample, &alert.finding);
    return alert;
}

static inline struct alert sample_unsafe(void) {
    struct sample sample = {.kernel = {6, 18}, .taken_usec = USEC_PER_SEC, .listeners_known = true};

    sample.knob[KNOB_TCP_SYNCOOKIES].value = FIGURE_OF(0);
    sample.knob[KNOB_TCP_FIN_TIMEOUT].value = FIGURE_OF(5);
    return sample_audited(&sample);
}

/* A service in the range of ephemeral ports. */
static inline struct alert sample_unsafe_port(void) {
    static const uint64_t none_reserved[65536 / 64];
    struct listener listener = {.local = sample_endpoint("192.0.2.10:40001"), .backlog = 511};
    struct sample sample = {.kernel = {6, 18},
                            .taken_usec = USEC_PER_SEC,
                            .listener = &listener,
                            .listener_count = 1,
                            .listeners_known = true,
                            .reserved_ports = none_reserved};

    sample.knob[KNOB_PORT_RANGE_LOW].value = FIGURE_OF(32768);
    sample.knob[KNOB_PORT_RANGE_HIGH].value = FIGURE_OF(60999);
    return sample_audited(&sample);
}

/* Everything that can be unsafe at once, with the longest texts. */
static inline struct alert sample_unsafe_all(void) {
    static const uint64_t none_reserved[65536 / 64];
    static const struct {
        enum knob knob;
        uint64_t value;
    } bad[] = {{KNOB_TCP_SYNCOOKIES, 0},
               {KNOB_TCP_TW_RECYCLE, 1},
               {KNOB_TCP_TW_REUSE, 1},
               {KNOB_TCP_TIMESTAMPS, 0},
               {KNOB_SOMAXCONN, 128},
               {KNOB_TCP_MAX_ORPHANS, 100000},
               {KNOB_TCP_MAX_TW_BUCKETS, 100000},
               {KNOB_TCP_EHASH_ENTRIES, 524288},
               {KNOB_TCP_FIN_TIMEOUT, 5},
               {KNOB_PORT_RANGE_LOW, 32768},
               {KNOB_PORT_RANGE_HIGH, 60998},
               {KNOB_TCP_ABORT_ON_OVERFLOW, 1}};
    struct listener listener[10];
    struct sample sample = {.kernel = {6, 18},
                            .taken_usec = USEC_PER_SEC,
                            .listener = listener,
                            .listener_count = ARRAY_SIZE(listener),
                            .listeners_known = true,
                            .reserved_ports = none_reserved};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        sample.knob[bad[i].knob].value = FIGURE_OF(bad[i].value);
    for (size_t i = 0; i < ARRAY_SIZE(listener); i++) {
        listener[i] = (struct listener){.local = sample_endpoint("192.0.2.10:40001"), .backlog = 511};
        listener[i].local.port = (uint16_t)(listener[i].local.port + i);
    }
    return sample_audited(&sample);
}

/* The port range was widened while they ran out. */
static inline struct alert sample_widened(enum verdict verdict) {
    struct alert alert = sample_ports();

    alert.event = EVENT_CHANGED;
    alert.outcome = (struct outcome){
        .verdict = verdict,
        .changes = {.change = {{KNOB_PORT_RANGE_LOW, 2, {32768, 60999}, {10000, 65535}}}, .count = 1},
        .condition = CONDITION_PORTS,
        .before = {FIGURE_OF(27900), FIGURE_OF(28232)},
    };
    if (verdict == VERDICT_PENDING)
        return alert;
    alert.outcome.waited_usec = 60 * USEC_PER_SEC;
    alert.outcome.after = (struct outcome_figure){FIGURE_OF(27950), FIGURE_OF(55536)};
    return alert;
}

static inline struct alert sample_event(struct alert alert, enum alert_event event, uint64_t seconds) {
    alert.event = event;
    alert.duration_usec = seconds * USEC_PER_SEC;
    return alert;
}

#endif
