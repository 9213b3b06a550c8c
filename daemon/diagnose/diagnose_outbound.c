/* SPDX-License-Identifier: MIT */
/* TIME-WAIT, ephemeral ports and unanswered SYNs: what this host does as a client. */
#include <stddef.h>

#include "diagnose_parts.h"

static const struct destination *find_destination(const struct sample *sample, const struct scope *scope) {
    for (size_t i = 0; i < sample->destination_count; i++) {
        const struct destination *destination = &sample->destination[i];
        if (endpoint_equal(&destination->local, &scope->local) &&
            endpoint_equal(&destination->remote, &scope->remote))
            return destination;
    }
    return NULL;
}

static enum cause conclude_ports(const struct destination *destination) {
    if (destination->close_wait * 2 > destination->ports_in_use)
        return CAUSE_PORTS_CLOSE_WAIT;
    if (destination->time_wait * 2 > destination->ports_in_use)
        return CAUSE_PORTS_TIME_WAIT;
    return CAUSE_PORTS_LIVE;
}

static void ports(struct diagnosis *diagnosis, const struct breach *breach) {
    const struct sample *sample = diagnosis->sample;
    const struct destination *destination = find_destination(sample, &breach->scope);

    struct finding *finding = finding_start(diagnosis, FAMILY_PORTS, breach);
    if (!finding)
        return;
    finding->local = breach->scope.local;
    finding->peer = breach->scope.remote;
    finding_evidence(finding, "ports_in_use", FIGURE_OF(breach->value));
    finding_evidence(finding, "ephemeral_ports", breach->limit);
    if (destination) {
        finding_evidence(finding, "in_time_wait", FIGURE_OF(destination->time_wait));
        finding_evidence(finding, "in_close_wait", FIGURE_OF(destination->close_wait));
        if (destination->error > 0)
            finding_evidence(finding, "counted_too_high_by_at_most", FIGURE_OF(destination->error));
    }
    finding_evidence(finding, "active_opens_per_sec", sample_rate(sample, COUNTER_ACTIVE_OPENS));
    finding_evidence(finding, "tcp_tw_reuse", sample->knob[KNOB_TCP_TW_REUSE].value);
    finding_evidence(finding, "reserved_ports", sample->knob[KNOB_PORTS_RESERVED].value);
    finding_conclude(finding, destination ? conclude_ports(destination) : CAUSE_PORTS_TIME_WAIT,
                     destination ? CONFIDENCE_HIGH : CONFIDENCE_LOW);
    if (finding->cause == CAUSE_PORTS_CLOSE_WAIT)
        finding->linked = FAMILY_CLOSE_WAIT;
    finding_advise(diagnosis, finding, NULL, &finding->peer, 0);
}

static enum cause conclude_time_wait(const struct sample *sample) {
    struct figure active = sample->recent_increase[COUNTER_ACTIVE_OPENS];
    struct figure passive = sample->recent_increase[COUNTER_PASSIVE_OPENS];

    if (!figure_known(active) || !figure_known(passive))
        return CAUSE_TIME_WAIT_UNCLEAR;
    if (passive.value > active.value * 4)
        return CAUSE_TIME_WAIT_INBOUND;
    return active.value > passive.value * 4 ? CAUSE_TIME_WAIT_OUTBOUND : CAUSE_TIME_WAIT_UNCLEAR;
}

static void time_wait(struct diagnosis *diagnosis, const struct breach *breach) {
    const struct sample *sample = diagnosis->sample;
    struct finding *finding = finding_of_family(diagnosis, FAMILY_TIME_WAIT);
    bool overflows = breach->condition == CONDITION_TIME_WAIT_OVERFLOW;

    if (finding) {
        finding_absorb(finding, breach);
        if (!overflows)
            return;
        finding->lead = *breach;
    } else {
        finding = finding_start(diagnosis, FAMILY_TIME_WAIT, breach);
        if (!finding)
            return;
        finding_absorb(finding, breach);
        finding_evidence(finding, "tcp_max_tw_buckets", sample->knob[KNOB_TCP_MAX_TW_BUCKETS].value);
        finding_evidence(finding, "active_opens_per_sec", sample_rate(sample, COUNTER_ACTIVE_OPENS));
        finding_evidence(finding, "passive_opens_per_sec", sample_rate(sample, COUNTER_PASSIVE_OPENS));
    }
    if (overflows)
        finding_conclude(finding, CAUSE_TW_BUCKETS_FULL, CONFIDENCE_HIGH);
    else
        finding_conclude(finding, conclude_time_wait(sample), CONFIDENCE_MEDIUM);
    finding_advise(diagnosis, finding, NULL, NULL, 0);
}

static void syn_sent(struct diagnosis *diagnosis, const struct breach *breach) {
    const struct sample *sample = diagnosis->sample;
    uint64_t unanswered = sample->detail.syn_sent_retransmitted;
    struct finding *finding = finding_start(diagnosis, FAMILY_OUTBOUND_HANDSHAKE, breach);

    if (!finding)
        return;
    finding_absorb(finding, breach);
    finding_evidence(finding, "retransmitted", FIGURE_OF(unanswered));
    finding_evidence(finding, "failed_attempts_per_sec", sample_rate(sample, COUNTER_ATTEMPT_FAILS));
    finding_evidence(finding, "tcp_syn_retries", sample->knob[KNOB_TCP_SYN_RETRIES].value);
    finding_conclude(finding, CAUSE_PEER_NOT_ANSWERING,
                     unanswered * 2 > breach->value ? CONFIDENCE_HIGH : CONFIDENCE_LOW);
    /* At 5,000 connections a second over 100 ms, 500 are under way at any time, and all is well. */
    finding->quiet = !breach->stale && unanswered * 2 <= breach->value;
}

void diagnose_outbound(struct diagnosis *diagnosis) {
    for (size_t i = 0; i < diagnosis->breach_count; i++) {
        const struct breach *breach = &diagnosis->breach[i];
        if (breach->condition == CONDITION_PORTS)
            ports(diagnosis, breach);
        else if (breach->condition == CONDITION_TIME_WAIT ||
                 breach->condition == CONDITION_TIME_WAIT_OVERFLOW)
            time_wait(diagnosis, breach);
        else if (breach->condition == CONDITION_SYN_SENT)
            syn_sent(diagnosis, breach);
    }
}
