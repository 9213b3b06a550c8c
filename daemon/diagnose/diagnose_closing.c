/* SPDX-License-Identifier: MIT */
/* States of connections that are being closed: who does not do its part. */
#include <stddef.h>

#include "diagnose_parts.h"

/* The local port with the most sockets in @p state that are the host's; NULL if connections of no listener
   have more. */
static const struct port_figures *busiest_port(const struct sample *sample, enum tcp_state state) {
    const struct port_figures *busiest = NULL;
    uint64_t outgoing = figure_or(sample->state[state], 0);

    for (size_t i = 0; i < sample->port_count; i++) {
        const struct port_figures *port = &sample->port[i];
        outgoing -= port->state[state] < outgoing ? port->state[state] : outgoing;
        if (!port_is_ruled(port, state) && (!busiest || port->state[state] > busiest->state[state]))
            busiest = port;
    }
    return busiest && busiest->state[state] > 0 && busiest->state[state] >= outgoing ? busiest : NULL;
}

/* Says on which port most of them are, how many, and whose. */
static const struct port_figures *locate(const struct sample *sample, struct finding *finding,
                                         enum tcp_state state) {
    const struct port_figures *port = finding->scope.kind == SCOPE_PORT
                                          ? sample_find_port(sample, finding->scope.local.port)
                                          : busiest_port(sample, state);

    finding_shares(sample, finding, state, port ? port->port : finding->scope.local.port);
    if (!port)
        return NULL;
    finding_locate(sample, finding, port->port);
    finding_evidence(finding, "on_that_port", FIGURE_OF(port->state[state]));
    return port;
}

/* What the walk saw of the sockets that were judged: the port's, or the host's. */
static const struct walk_detail *judged(const struct sample *sample, const struct finding *finding) {
    const struct port_figures *port = NULL;

    if (finding->scope.kind == SCOPE_PORT)
        port = sample_find_port(sample, finding->scope.local.port);
    return port ? &port->detail : &sample->detail;
}

static enum problem_family family_of(enum condition condition) {
    switch (condition) {
    case CONDITION_CLOSE_WAIT:
        return FAMILY_CLOSE_WAIT;
    case CONDITION_FIN_WAIT_1:
        return FAMILY_FIN_WAIT_1;
    case CONDITION_FIN_WAIT_2:
        return FAMILY_FIN_WAIT_2;
    case CONDITION_LAST_ACK:
        return FAMILY_LAST_ACK;
    default:
        return FAMILY_CLOSING;
    }
}

/* Sockets that close within seconds come and go: many at a time, but never the same ones. */
static bool is_leak(const struct breach *breach, uint64_t old) {
    return breach->stale || old >= breach->threshold || old * 2 >= breach->value;
}

/* Since when, and how fast it grows: a leak of a few a minute takes days to hurt. */
static void add_history(const struct sample *sample, struct finding *finding, uint64_t since_usec) {
    if (since_usec != 0 && sample->walked_usec > since_usec)
        finding_evidence(finding, "oldest_sec", FIGURE_OF((sample->walked_usec - since_usec) / 1000000));
    if (finding->scope.kind == SCOPE_HOST && sample->close_wait_median_usec != 0)
        finding_evidence(finding, "median_sec", FIGURE_OF(sample->close_wait_median_usec / 1000000));
    if (finding->lead.trend_known && finding->lead.growth_per_min >= 0)
        finding_evidence(finding, "growth_per_min", FIGURE_OF((uint64_t)finding->lead.growth_per_min));
}

static void close_wait(struct diagnosis *diagnosis, const struct breach *breach) {
    const struct sample *sample = diagnosis->sample;
    struct finding *finding = finding_start(diagnosis, FAMILY_CLOSE_WAIT, breach);

    if (!finding)
        return;
    finding_evidence(finding, "close_wait", FIGURE_OF(breach->value));
    const struct port_figures *port = locate(sample, finding, STATE_CLOSE_WAIT);
    const struct walk_detail *detail = judged(sample, finding);
    uint64_t here = port ? port->state[STATE_CLOSE_WAIT] : breach->value;
    uint64_t unaccepted = (port ? &port->detail : detail)->close_wait_unaccepted;
    bool never_accepted = unaccepted * 2 > here;

    finding_evidence(finding, "older_than_5_sec", FIGURE_OF(detail->close_wait_old));
    add_history(sample, finding, detail->close_wait_since_usec);
    finding_evidence(finding, "held_by_application", FIGURE_OF(here > unaccepted ? here - unaccepted : 0));
    finding_evidence(finding, "never_accepted", FIGURE_OF(unaccepted));
    finding_conclude(finding, never_accepted ? CAUSE_NOT_ACCEPTED : CAUSE_FD_HELD, CONFIDENCE_HIGH);
    if (never_accepted && port)
        finding_owned_by_port(sample, finding, port->port);
    finding->quiet = !is_leak(breach, detail->close_wait_old);
    /* An application that never accepts leaves a full accept queue as well; one that leaks its outgoing
       connections uses up its ports. One cause, one incident. */
    finding->linked = never_accepted ? FAMILY_HANDSHAKE : FAMILY_PORTS;
}

static void fin_wait_1(const struct diagnosis *diagnosis, struct finding *finding) {
    const struct walk_detail *detail = judged(diagnosis->sample, finding);
    uint64_t total = finding->lead.value;
    bool zero_window = (uint64_t)detail->fin_wait_1_zero_window * 2 > total;
    bool unanswered = (uint64_t)detail->fin_wait_1_retransmitted * 2 > total;
    enum cause cause = zero_window ? CAUSE_ZERO_WINDOW : unanswered ? CAUSE_PEER_GONE : CAUSE_SLOW_READERS;

    finding_evidence(finding, "retransmitted", FIGURE_OF(detail->fin_wait_1_retransmitted));
    finding_evidence(finding, "zero_window", FIGURE_OF(detail->fin_wait_1_zero_window));
    finding_evidence(finding, "closed_by_process", FIGURE_OF(detail->fin_wait_1_orphan));
    finding_evidence(finding, "orphans", diagnosis->sample->gauge[GAUGE_ORPHANS]);
    finding_conclude(finding, cause, cause == CAUSE_SLOW_READERS ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM);
}

static void fin_wait_2(const struct diagnosis *diagnosis, struct finding *finding) {
    const struct walk_detail *detail = judged(diagnosis->sample, finding);
    bool held = detail->fin_wait_2_held > detail->fin_wait_2_orphan;

    finding_evidence(finding, "orphaned", FIGURE_OF(detail->fin_wait_2_orphan));
    finding_evidence(finding, "half_closed_by_process", FIGURE_OF(detail->fin_wait_2_held));
    finding_evidence(finding, "tcp_fin_timeout", diagnosis->sample->knob[KNOB_TCP_FIN_TIMEOUT].value);
    finding_conclude(finding, held ? CAUSE_FIN_WAIT_2_HALF_CLOSED : CAUSE_FIN_WAIT_2_ORPHANED,
                     CONFIDENCE_HIGH);
}

static void last_ack(const struct diagnosis *diagnosis, struct finding *finding) {
    uint64_t retransmitted = judged(diagnosis->sample, finding)->last_ack_retransmitted;

    finding_evidence(finding, "retransmitted", FIGURE_OF(retransmitted));
    finding_conclude(finding, CAUSE_FINAL_ACK_LOST,
                     retransmitted * 2 > finding->lead.value ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW);
}

static void other_closing(struct diagnosis *diagnosis, const struct breach *breach) {
    struct finding *finding = finding_start(diagnosis, family_of(breach->condition), breach);

    if (!finding)
        return;
    finding_absorb(finding, breach);
    locate(diagnosis->sample, finding, condition_info(breach->condition)->state);
    switch (breach->condition) {
    case CONDITION_FIN_WAIT_1:
        fin_wait_1(diagnosis, finding);
        break;
    case CONDITION_FIN_WAIT_2:
        fin_wait_2(diagnosis, finding);
        break;
    case CONDITION_LAST_ACK:
        last_ack(diagnosis, finding);
        break;
    default:
        finding_conclude(finding, CAUSE_SIMULTANEOUS_CLOSE, CONFIDENCE_MEDIUM);
    }
    finding_advise(diagnosis, finding, NULL, NULL, 0);
}

void diagnose_closing(struct diagnosis *diagnosis) {
    for (size_t i = 0; i < diagnosis->breach_count; i++) {
        const struct breach *breach = &diagnosis->breach[i];
        switch (breach->condition) {
        case CONDITION_CLOSE_WAIT:
            close_wait(diagnosis, breach);
            break;
        case CONDITION_FIN_WAIT_1:
        case CONDITION_FIN_WAIT_2:
        case CONDITION_LAST_ACK:
        case CONDITION_CLOSING:
            other_closing(diagnosis, breach);
            break;
        default:
            break;
        }
    }
}
