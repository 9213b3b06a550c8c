/* SPDX-License-Identifier: MIT */
/* States of connections that are being closed: who does not do its part. */
#include <stddef.h>

#include "diagnose_parts.h"

/* The local port with the most sockets in @p state; NULL if connections of no listener have more. */
static const struct port_figures *busiest_port(const struct sample *sample, enum tcp_state state,
                                               uint64_t total) {
    const struct port_figures *busiest = NULL;
    uint64_t outgoing = total;

    for (size_t i = 0; i < sample->port_count; i++) {
        const struct port_figures *port = &sample->port[i];
        outgoing -= port->state[state] < outgoing ? port->state[state] : outgoing;
        if (!busiest || port->state[state] > busiest->state[state])
            busiest = port;
    }
    return busiest && busiest->state[state] > 0 && busiest->state[state] >= outgoing ? busiest : NULL;
}

/* The listener's address if the port has just one, else the port alone. */
static struct endpoint endpoint_of_port(const struct sample *sample, uint16_t port) {
    const struct listener *only = NULL;
    struct endpoint bare = {.port = port};

    for (size_t i = 0; i < sample->listener_count; i++) {
        if (sample->listener[i].local.port != port)
            continue;
        if (only)
            return bare;
        only = &sample->listener[i];
    }
    return only ? only->local : bare;
}

/* Says on which port most of them are, and how many. */
static const struct port_figures *locate(const struct sample *sample, struct finding *finding,
                                         enum tcp_state state) {
    uint64_t total = figure_or(sample->state[state], finding->lead.value);
    const struct port_figures *port = finding->scope.kind == SCOPE_PORT
                                          ? sample_find_port(sample, finding->scope.local.port)
                                          : busiest_port(sample, state, total);

    if (!port)
        return NULL;
    finding->local = endpoint_of_port(sample, port->port);
    finding_evidence(finding, "local_port", FIGURE_OF(port->port));
    finding_evidence(finding, "on_that_port", FIGURE_OF(port->state[state]));
    return port;
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

/* An application that never accepts leaves both a full accept queue and CLOSE-WAIT: one cause, one incident.
 */
static bool belongs_to_slow_accept(struct diagnosis *diagnosis, const struct breach *breach, uint16_t port) {
    for (size_t i = 0; i < diagnosis->finding_count; i++) {
        struct finding *finding = &diagnosis->finding[i];
        if (finding->problem != PROBLEM_ACCEPT_QUEUE_FULL || finding->local.port != port)
            continue;
        finding_absorb(finding, breach);
        return true;
    }
    return false;
}

static void close_wait(struct diagnosis *diagnosis, const struct breach *breach) {
    const struct sample *sample = diagnosis->sample;
    uint64_t total = figure_or(sample->state[STATE_CLOSE_WAIT], breach->value);
    const struct port_figures *port = breach->scope.kind == SCOPE_PORT
                                          ? sample_find_port(sample, breach->scope.local.port)
                                          : busiest_port(sample, STATE_CLOSE_WAIT, total);
    uint64_t here = port ? port->state[STATE_CLOSE_WAIT] : total;
    uint64_t unaccepted = port ? port->close_wait_unaccepted : sample->detail.close_wait_unaccepted;

    if (port && unaccepted * 2 > here && belongs_to_slow_accept(diagnosis, breach, port->port))
        return;
    struct finding *finding = finding_start(diagnosis, FAMILY_CLOSE_WAIT, breach);
    if (!finding)
        return;
    finding_evidence(finding, "close_wait", FIGURE_OF(breach->value));
    locate(sample, finding, STATE_CLOSE_WAIT);
    finding_evidence(finding, "held_by_application", FIGURE_OF(here > unaccepted ? here - unaccepted : 0));
    finding_evidence(finding, "never_accepted", FIGURE_OF(unaccepted));
    finding_conclude(finding, unaccepted * 2 > here ? CAUSE_NOT_ACCEPTED : CAUSE_FD_HELD, CONFIDENCE_HIGH);
}

static void fin_wait_1(const struct diagnosis *diagnosis, struct finding *finding) {
    const struct walk_detail *detail = &diagnosis->sample->detail;
    uint64_t total = figure_or(diagnosis->sample->state[STATE_FIN_WAIT_1], finding->lead.value);
    bool zero_window = (uint64_t)detail->fin_wait_1_zero_window * 2 > total;

    finding_evidence(finding, "zero_window", FIGURE_OF(detail->fin_wait_1_zero_window));
    finding_evidence(finding, "closed_by_process", FIGURE_OF(detail->fin_wait_1_orphan));
    finding_evidence(finding, "orphans", diagnosis->sample->gauge[GAUGE_ORPHANS]);
    finding_conclude(finding, zero_window ? CAUSE_ZERO_WINDOW : CAUSE_PEER_GONE, CONFIDENCE_MEDIUM);
}

static void fin_wait_2(const struct diagnosis *diagnosis, struct finding *finding) {
    const struct walk_detail *detail = &diagnosis->sample->detail;
    uint64_t orphaned = (uint64_t)detail->fin_wait_2_minisocket + detail->fin_wait_2_orphan;
    bool held = detail->fin_wait_2_held > orphaned;

    finding_evidence(finding, "orphaned", FIGURE_OF(orphaned));
    finding_evidence(finding, "half_closed_by_process", FIGURE_OF(detail->fin_wait_2_held));
    finding_evidence(finding, "tcp_fin_timeout", diagnosis->sample->knob[KNOB_TCP_FIN_TIMEOUT].value);
    finding_conclude(finding, held ? CAUSE_FIN_WAIT_2_HALF_CLOSED : CAUSE_FIN_WAIT_2_ORPHANED,
                     CONFIDENCE_HIGH);
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
        finding_evidence(finding, "retransmitted",
                         FIGURE_OF(diagnosis->sample->detail.last_ack_retransmitted));
        finding_conclude(finding, CAUSE_FINAL_ACK_LOST, CONFIDENCE_MEDIUM);
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
