/* SPDX-License-Identifier: MIT */
#include "audit.h"

#include <string.h>

#include "diagnose_parts.h"
#include "util.h"

#define REPEAT_USEC    (60 * USEC_PER_SEC)
#define PORTS_LISTED   8
#define HIGHEST_PORT   65535
#define OLD_SOMAXCONN  128 /* the default before Linux 5.4 */
#define SHORT_FIN_SEC  10
#define LONG_FIN_SEC   120
#define PARITY_BIT     1U
#define HAZARD_BIT(at) (1U << (at))

struct rule {
    struct advice_row row; /* its effect says why the setting is unsafe; holds and recommend are not used */
    const char *when;      /* what applies() finds, in words; NULL: the effect says it */
    bool (*applies)(const struct audit *audit);
    uint64_t recommended;
    bool half_the_hash; /* recommended is the default that follows the hash of connections */
};

static bool is(const struct audit *audit, enum knob knob, uint64_t value) {
    return figure_known(audit->knob[knob]) && audit->knob[knob].value == value;
}

/* The kernel asks no more than that of these, and takes other values than 0 and 1. */
static bool is_on(const struct audit *audit, enum knob knob) {
    return figure_known(audit->knob[knob]) && audit->knob[knob].value != 0;
}

static bool syncookies_off(const struct audit *audit) {
    return is(audit, KNOB_TCP_SYNCOOKIES, 0);
}

static bool syncookies_forced(const struct audit *audit) {
    return is(audit, KNOB_TCP_SYNCOOKIES, 2);
}

static bool tw_recycle(const struct audit *audit) {
    return is_on(audit, KNOB_TCP_TW_RECYCLE);
}

static bool tw_reuse_without_timestamps(const struct audit *audit) {
    return is(audit, KNOB_TCP_TIMESTAMPS, 0) && is(audit, KNOB_TCP_TW_REUSE, 1);
}

static bool timestamps_off(const struct audit *audit) {
    return is(audit, KNOB_TCP_TIMESTAMPS, 0) && !tw_reuse_without_timestamps(audit);
}

static bool abort_on_overflow(const struct audit *audit) {
    return is_on(audit, KNOB_TCP_ABORT_ON_OVERFLOW);
}

/* Both limits have the same default, also in a namespace with a table of its own (tcp.c tcp_init,
   tcp_ipv4.c tcp_set_hashinfo). The size of the table can be read from Linux 6.1. */
static bool below_half_the_hash(const struct audit *audit, enum knob knob) {
    struct figure entries = audit->knob[KNOB_TCP_EHASH_ENTRIES];

    return figure_known(entries) && figure_known(audit->knob[knob]) &&
           audit->knob[knob].value < entries.value / 2;
}

static bool max_orphans_low(const struct audit *audit) {
    return below_half_the_hash(audit, KNOB_TCP_MAX_ORPHANS);
}

static bool max_tw_buckets_low(const struct audit *audit) {
    return below_half_the_hash(audit, KNOB_TCP_MAX_TW_BUCKETS);
}

static bool fin_timeout_short(const struct audit *audit) {
    struct figure timeout = audit->knob[KNOB_TCP_FIN_TIMEOUT];

    return figure_known(timeout) && timeout.value < SHORT_FIN_SEC;
}

static bool fin_timeout_long(const struct audit *audit) {
    struct figure timeout = audit->knob[KNOB_TCP_FIN_TIMEOUT];

    return figure_known(timeout) && timeout.value > LONG_FIN_SEC;
}

static bool port_range_known(const struct audit *audit) {
    return figure_known(audit->knob[KNOB_PORT_RANGE_LOW]) && figure_known(audit->knob[KNOB_PORT_RANGE_HIGH]);
}

/* connect() takes ports of the low bound's parity first from Linux 4.2 on (07f4c90062f8). */
static bool port_range_parity(const struct audit *audit) {
    uint64_t low = audit->knob[KNOB_PORT_RANGE_LOW].value, high = audit->knob[KNOB_PORT_RANGE_HIGH].value;

    return kernel_at_least(audit->kernel, 4, 2) && port_range_known(audit) && low < high &&
           ((low ^ high) & PARITY_BIT) == 0;
}

static bool somaxconn_small(const struct audit *audit) {
    struct figure somaxconn = audit->knob[KNOB_SOMAXCONN];

    return figure_known(somaxconn) && somaxconn.value <= OLD_SOMAXCONN &&
           audit->largest_backlog >= somaxconn.value && audit->largest_backlog > 0;
}

static bool listeners_in_port_range(const struct audit *audit) {
    return audit->ports_in_range > 0;
}

static const struct rule rules[HAZARD_COUNT] = {
    [HAZARD_SYNCOOKIES_OFF] =
        {
            .row = {.knob = KNOB_TCP_SYNCOOKIES, .effect = "a full SYN queue then drops real clients"},
            .when = "0",
            .applies = syncookies_off,
            .recommended = 1,
        },
    [HAZARD_TW_RECYCLE] =
        {
            .row = {.knob = KNOB_TCP_TW_RECYCLE, .effect = "refuses real clients behind NAT"},
            .when = "other than 0",
            .applies = tw_recycle,
            .recommended = 0,
        },
    [HAZARD_TW_REUSE_WITHOUT_TIMESTAMPS] =
        {
            .row = {.knob = KNOB_TCP_TIMESTAMPS,
                    .effect = "so tcp_tw_reuse=1 does nothing; no PAWS, cookies lose options"},
            .when = "0 with net.ipv4.tcp_tw_reuse=1",
            .applies = tw_reuse_without_timestamps,
            .recommended = 1,
        },
    [HAZARD_TIMESTAMPS_OFF] =
        {
            .row = {.knob = KNOB_TCP_TIMESTAMPS,
                    .effect = "no PAWS, no tcp_tw_reuse, worse RTTs, cookies lose options"},
            .when = "0",
            .applies = timestamps_off,
            .recommended = 1,
        },
    [HAZARD_SOMAXCONN_SMALL] =
        {
            .row = {.knob = KNOB_SOMAXCONN, .effect = "a service here asks for as much backlog or more"},
            .when = "128 or less, and a listener has all of it",
            .applies = somaxconn_small,
            .recommended = 4096, /* the default from Linux 5.4 */
        },
    [HAZARD_LISTENERS_IN_PORT_RANGE] =
        {
            .row = {.knob = KNOB_PORTS_RESERVED,
                    .effect = "connect() may take them first; harmless where bind(0) chose the port"},
            .when = "a listener has a port of the range that is not reserved",
            .applies = listeners_in_port_range,
        },
    [HAZARD_MAX_ORPHANS_LOW] =
        {
            .row = {.knob = KNOB_TCP_MAX_ORPHANS,
                    .effect = "below the default: closed connections get reset",
                    .scope = ADVICE_HOST},
            .when = "below half of net.ipv4.tcp_ehash_entries",
            .applies = max_orphans_low,
            .half_the_hash = true,
        },
    [HAZARD_MAX_TW_BUCKETS_LOW] =
        {
            .row = {.knob = KNOB_TCP_MAX_TW_BUCKETS, .effect = "below the default: TIME-WAIT gets skipped"},
            .when = "below half of net.ipv4.tcp_ehash_entries",
            .applies = max_tw_buckets_low,
            .half_the_hash = true,
        },
    [HAZARD_ABORT_ON_OVERFLOW] =
        {
            .row = {.knob = KNOB_TCP_ABORT_ON_OVERFLOW, .effect = "a short burst resets real clients"},
            .when = "other than 0",
            .applies = abort_on_overflow,
            .recommended = 0,
        },
    [HAZARD_FIN_TIMEOUT_SHORT] =
        {
            .row = {.knob = KNOB_TCP_FIN_TIMEOUT,
                    .effect = "slow peers get reset; TIME-WAIT stays 60 s anyway"},
            .when = "below 10",
            .applies = fin_timeout_short,
            .recommended = 60,
        },
    [HAZARD_FIN_TIMEOUT_LONG] =
        {
            .row = {.knob = KNOB_TCP_FIN_TIMEOUT, .effect = "orphaned FIN-WAIT-2 sockets stay that long"},
            .when = "above 120",
            .applies = fin_timeout_long,
            .recommended = 60,
        },
    [HAZARD_PORT_RANGE_PARITY] =
        {
            .row = {.knob = KNOB_PORT_RANGE_LOW,
                    .effect = "both bounds odd or both even: ports are used unevenly"},
            .applies = port_range_parity,
        },
    [HAZARD_SYNCOOKIES_FORCED] =
        {
            .row = {.knob = KNOB_TCP_SYNCOOKIES, .effect = "for tests: a cookie for every client"},
            .when = "2",
            .applies = syncookies_forced,
            .recommended = 1,
        },
};

static const enum knob watched[] = {
    KNOB_SOMAXCONN,         KNOB_TCP_SYNCOOKIES,  KNOB_TCP_ABORT_ON_OVERFLOW, KNOB_TCP_TW_REUSE,
    KNOB_TCP_TW_RECYCLE,    KNOB_TCP_FIN_TIMEOUT, KNOB_TCP_MAX_TW_BUCKETS,    KNOB_TCP_TIMESTAMPS,
    KNOB_PORT_RANGE_LOW,    KNOB_PORT_RANGE_HIGH, KNOB_PORTS_RESERVED,        KNOB_TCP_MAX_ORPHANS,
    KNOB_TCP_EHASH_ENTRIES,
};

/* @return whether one of them differs from what was known of it */
static bool remember_knobs(struct audit *audit, const struct sample *sample) {
    bool changed = false;

    for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
        struct figure now = sample->knob[watched[i]].value, *known = &audit->knob[watched[i]];
        if (now.status == FIGURE_UNKNOWN || (now.status == known->status && now.value == known->value))
            continue;
        *known = now;
        changed = true;
    }
    return changed;
}

static void list_port(struct audit *audit, struct text *list, uint16_t port) {
    if (audit->ports_in_range++ < PORTS_LISTED)
        text_add(list, "%s%u", audit->ports_in_range > 1 ? ", " : "", port);
}

uint16_t audit_port_at_risk(const struct sample *sample, size_t index, uint64_t low, uint64_t high) {
    uint16_t port = sample->listener[index].local.port;
    bool same_again = index > 0 && sample->listener[index - 1].local.port == port;
    bool at_risk = !same_again && port >= low && port <= high && !port_map_has(sample->reserved_ports, port);

    return at_risk ? port : 0;
}

static void find_ports_in_range(struct audit *audit, const struct sample *sample) {
    struct text list = text_in(audit->ports, sizeof audit->ports);
    uint64_t low = audit->knob[KNOB_PORT_RANGE_LOW].value, high = audit->knob[KNOB_PORT_RANGE_HIGH].value;

    audit->ports_in_range = 0;
    for (size_t i = 0; i < sample->listener_count; i++) {
        uint16_t port = audit_port_at_risk(sample, i, low, high);
        if (port != 0)
            list_port(audit, &list, port);
    }
    if (audit->ports_in_range > PORTS_LISTED)
        text_add(&list, " and %u more", audit->ports_in_range - PORTS_LISTED);
}

static void look_at_listeners(struct audit *audit, const struct sample *sample) {
    audit->lacked_listeners = !sample->listeners_known;
    if (!sample->listeners_known)
        return;
    audit->largest_backlog = 0;
    for (size_t i = 0; i < sample->listener_count; i++)
        if (sample->listener[i].backlog > audit->largest_backlog)
            audit->largest_backlog = sample->listener[i].backlog;
    if (sample->reserved_ports && port_range_known(audit))
        find_ports_in_range(audit, sample);
}

static void take_audit(struct audit *audit, const struct sample *sample) {
    audit->latest_usec = sample->taken_usec;
    audit->kernel = sample->kernel;
    if (audit->first_usec == 0)
        audit->first_usec = sample->taken_usec;
    else if (sample->taken_usec - audit->first_usec >= REPEAT_USEC)
        audit->repeated = true;
    look_at_listeners(audit, sample);
    audit->hazards = 0;
    for (unsigned int i = 0; i < HAZARD_COUNT; i++)
        if (rules[i].applies(audit))
            audit->hazards |= HAZARD_BIT(i);
}

static bool is_due(const struct audit *audit, const struct sample *sample, bool changed) {
    if (audit->first_usec == 0 || changed)
        return changed; /* nothing known yet, nothing to judge */
    if (!audit->repeated && sample->taken_usec - audit->first_usec >= REPEAT_USEC)
        return true;
    return audit->lacked_listeners && sample->listeners_known;
}

static void add_knob_evidence(struct finding *finding, const struct audit *audit, enum knob knob) {
    finding_evidence(finding, knob_name(knob), FIGURE_OF(audit->knob[knob].value));
}

/* The file of the port range has two values, that of the reserved ports a list. */
static void explain(struct finding *finding, const struct audit *audit, enum hazard hazard) {
    const struct rule *rule = &rules[hazard];

    if (hazard == HAZARD_LISTENERS_IN_PORT_RANGE) {
        finding_evidence(finding, "listening_ports_in_range", FIGURE_OF(audit->ports_in_range));
    } else if (hazard == HAZARD_PORT_RANGE_PARITY) {
        finding_evidence(finding, "port_range_low", FIGURE_OF(audit->knob[KNOB_PORT_RANGE_LOW].value));
        finding_evidence(finding, "port_range_high", FIGURE_OF(audit->knob[KNOB_PORT_RANGE_HIGH].value));
    } else {
        add_knob_evidence(finding, audit, rule->row.knob);
    }
    if (hazard == HAZARD_TW_REUSE_WITHOUT_TIMESTAMPS)
        add_knob_evidence(finding, audit, KNOB_TCP_TW_REUSE);
    if (hazard == HAZARD_SOMAXCONN_SMALL)
        finding_evidence(finding, "largest_backlog", FIGURE_OF(audit->largest_backlog));
}

static struct advice advice_against(const struct audit *audit, const struct rule *rule) {
    struct advice advice = {
        .row = &rule->row,
        .current = audit->knob[rule->row.knob].value,
        .recommended =
            rule->half_the_hash ? audit->knob[KNOB_TCP_EHASH_ENTRIES].value / 2 : rule->recommended,
    };

    if (rule->row.knob == KNOB_PORT_RANGE_LOW) {
        uint64_t high = audit->knob[KNOB_PORT_RANGE_HIGH].value;
        advice.recommended = advice.current;
        advice.current_high = high;
        advice.recommended_high = high < HIGHEST_PORT ? high + 1 : high - 1;
    }
    return advice;
}

static void write_finding(const struct audit *audit, struct finding *finding) {
    *finding = (struct finding){
        .problem = cause_info(CAUSE_UNSAFE_SYSCTL)->problem,
        .family = FAMILY_SYSCTL,
        .cause = CAUSE_UNSAFE_SYSCTL,
        .confidence = CONFIDENCE_HIGH,
        .severity = SEVERITY_WARNING,
        .lead = {.condition = CONDITION_COUNT,
                 .severity = SEVERITY_WARNING,
                 .measured_usec = audit->latest_usec},
        .hazards = audit->hazards,
    };
    for (unsigned int i = 0; i < HAZARD_COUNT && finding->advice_count < ADVICE_MAX; i++) {
        if ((audit->hazards & HAZARD_BIT(i)) == 0)
            continue;
        finding->advice[finding->advice_count++] = advice_against(audit, &rules[i]);
        explain(finding, audit, (enum hazard)i);
    }
    if ((audit->hazards & HAZARD_BIT(HAZARD_LISTENERS_IN_PORT_RANGE)) != 0)
        memcpy(finding->detail, audit->ports, sizeof finding->detail);
}

bool audit_update(struct audit *audit, const struct sample *sample, struct finding *finding) {
    bool changed = remember_knobs(audit, sample);

    if (is_due(audit, sample, changed))
        take_audit(audit, sample);
    if (audit->hazards == 0)
        return false;
    write_finding(audit, finding);
    return true;
}

struct hazard_info audit_hazard(enum hazard hazard) {
    return (struct hazard_info){&rules[hazard].row, rules[hazard].when};
}
