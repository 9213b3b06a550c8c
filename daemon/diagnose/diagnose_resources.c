/* SPDX-License-Identifier: MIT */
/* Limits of the whole host, and ESTABLISHED, which has none. */
#include <stddef.h>

#include "diagnose_parts.h"

/* Of the open connections that were looked at. */
static enum cause conclude_established(const struct survey *survey) {
    if (survey->unanswered * 2 > survey->sockets)
        return CAUSE_ESTABLISHED_UNANSWERED;
    return survey->idle * 2 > survey->sockets ? CAUSE_IDLE_WITHOUT_KEEPALIVE : CAUSE_MANY_ESTABLISHED;
}

static void established(const struct sample *sample, struct finding *finding) {
    const struct survey *survey = &sample->established_survey;

    if (survey->taken_usec != 0) {
        finding_evidence(finding, "looked_at", FIGURE_OF(survey->sockets));
        finding_evidence(finding, "idle_without_timer", FIGURE_OF(survey->idle));
        finding_evidence(finding, "with_keepalive", FIGURE_OF(survey->keepalive));
        finding_evidence(finding, "unanswered", FIGURE_OF(survey->unanswered));
        finding_evidence(finding, "incoming", FIGURE_OF(survey->inbound));
    }
    finding_evidence(finding, "passive_opens_per_sec", sample_rate(sample, COUNTER_PASSIVE_OPENS));
    finding_evidence(finding, "active_opens_per_sec", sample_rate(sample, COUNTER_ACTIVE_OPENS));
    finding_shares(sample, finding, STATE_ESTABLISHED, 0);
    finding_conclude(finding, conclude_established(survey), CONFIDENCE_MEDIUM);
}

static void orphans(const struct sample *sample, struct finding *finding) {
    finding_evidence(finding, "fin_wait_1", sample->state[STATE_FIN_WAIT_1]);
    finding_evidence(finding, "last_ack", sample->state[STATE_LAST_ACK]);
    finding_evidence(finding, "aborted_for_memory_per_sec", sample_rate(sample, COUNTER_ABORT_ON_MEMORY));
    finding_conclude(finding, CAUSE_ORPHANS, CONFIDENCE_HIGH);
}

static void tcp_memory(const struct sample *sample, struct finding *finding) {
    finding_evidence(finding, "pressure_from_pages", sample->knob[KNOB_TCP_MEM_PRESSURE].value);
    finding_evidence(finding, "established", sample->state[STATE_ESTABLISHED]);
    finding_evidence(finding, "orphans", sample->gauge[GAUGE_ORPHANS]);
    finding_conclude(finding, CAUSE_TCP_MEMORY, CONFIDENCE_MEDIUM);
}

static void explain(struct diagnosis *diagnosis, const struct breach *breach, enum problem_family family) {
    struct finding *finding = finding_start(diagnosis, family, breach);

    if (!finding)
        return;
    finding_absorb(finding, breach);
    switch (family) {
    case FAMILY_ESTABLISHED:
        established(diagnosis->sample, finding);
        break;
    case FAMILY_ORPHANS:
        orphans(diagnosis->sample, finding);
        break;
    case FAMILY_TCP_MEMORY:
        tcp_memory(diagnosis->sample, finding);
        break;
    default:
        finding_conclude(finding, CAUSE_CONNTRACK_TABLE, CONFIDENCE_HIGH);
    }
    finding_advise(diagnosis, finding, NULL, NULL, 0);
}

void diagnose_resources(struct diagnosis *diagnosis) {
    for (size_t i = 0; i < diagnosis->breach_count; i++) {
        const struct breach *breach = &diagnosis->breach[i];
        switch (breach->condition) {
        case CONDITION_ESTABLISHED:
            explain(diagnosis, breach, FAMILY_ESTABLISHED);
            break;
        case CONDITION_ORPHANS:
            explain(diagnosis, breach, FAMILY_ORPHANS);
            break;
        case CONDITION_TCP_MEMORY:
            explain(diagnosis, breach, FAMILY_TCP_MEMORY);
            break;
        case CONDITION_CONNTRACK:
            explain(diagnosis, breach, FAMILY_CONNTRACK);
            break;
        default:
            break;
        }
    }
}
