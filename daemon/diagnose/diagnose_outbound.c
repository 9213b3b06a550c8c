/* SPDX-License-Identifier: MIT */
/* TIME-WAIT and unanswered SYNs: what this host does as a client, or as a server that closes first. */
#include <stddef.h>

#include "diagnose_parts.h"

/* By the connections opened lately: what is in TIME-WAIT now was opened before. */
static enum cause guess_time_wait(const struct sample *sample) {
    struct figure active = sample->recent_increase[COUNTER_ACTIVE_OPENS];
    struct figure passive = sample->recent_increase[COUNTER_PASSIVE_OPENS];

    if (!figure_known(active) || !figure_known(passive))
        return CAUSE_TIME_WAIT_UNCLEAR;
    if (passive.value > active.value * 4)
        return CAUSE_TIME_WAIT_INBOUND;
    return active.value > passive.value * 4 ? CAUSE_TIME_WAIT_OUTBOUND : CAUSE_TIME_WAIT_UNCLEAR;
}

/* The local port tells for certain: a listener's, or one that connect() chose. */
static enum cause conclude_time_wait(const struct sample *sample, enum confidence *confidence) {
    const struct survey *survey = &sample->time_wait_survey;

    *confidence = CONFIDENCE_MEDIUM;
    if (survey->taken_usec == 0 || survey->sockets == 0)
        return guess_time_wait(sample);
    *confidence = CONFIDENCE_HIGH;
    uint64_t inbound = (uint64_t)survey->inbound * 10;
    if (inbound >= (uint64_t)survey->sockets * 8)
        return CAUSE_TIME_WAIT_INBOUND;
    return inbound <= (uint64_t)survey->sockets * 2 ? CAUSE_TIME_WAIT_OUTBOUND : CAUSE_TIME_WAIT_UNCLEAR;
}

static void add_time_wait(const struct sample *sample, struct finding *finding) {
    const struct survey *survey = &sample->time_wait_survey;

    if (survey->taken_usec != 0) {
        finding_evidence(finding, "looked_at", FIGURE_OF(survey->sockets));
        finding_evidence(finding, "incoming", FIGURE_OF(survey->inbound));
    }
    finding_evidence(finding, "fin_wait_2_in_table", FIGURE_OF(sample->detail.fin_wait_2_minisocket));
    finding_evidence(finding, "tcp_max_tw_buckets", sample->knob[KNOB_TCP_MAX_TW_BUCKETS].value);
    finding_evidence(finding, "active_opens_per_sec", sample_rate(sample, COUNTER_ACTIVE_OPENS));
    finding_evidence(finding, "passive_opens_per_sec", sample_rate(sample, COUNTER_PASSIVE_OPENS));
}

/* They have no cgroup: of those that a listener accepted, the listener tells. */
static void locate_time_wait(const struct sample *sample, struct finding *finding) {
    uint16_t port = main_listening_port(sample, STATE_TIME_WAIT);

    finding_shares(sample, finding, STATE_TIME_WAIT, port);
    if (port != 0)
        finding_locate(sample, finding, port);
}

/* What the table would have to hold: what it holds, and what it turns away for as long as one stays. */
static uint64_t time_wait_demand(const struct sample *sample) {
    uint64_t turned_away = figure_or(sample_rate(sample, COUNTER_TIME_WAIT_OVERFLOW), 0);

    return figure_or(sample->state[STATE_TIME_WAIT], 0) + sample->detail.fin_wait_2_minisocket +
           turned_away * TIME_WAIT_SEC;
}

static void time_wait(struct diagnosis *diagnosis, const struct breach *breach) {
    const struct sample *sample = diagnosis->sample;
    struct finding *finding = finding_of_family(diagnosis, FAMILY_TIME_WAIT);
    bool overflows = breach->condition == CONDITION_TIME_WAIT_OVERFLOW;
    enum confidence confidence;

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
        add_time_wait(sample, finding);
        locate_time_wait(sample, finding);
    }
    enum cause cause = conclude_time_wait(sample, &confidence);
    if (overflows)
        finding_conclude(finding, CAUSE_TW_BUCKETS_FULL, CONFIDENCE_HIGH);
    else
        finding_conclude(finding, cause, confidence);
    finding_advise(diagnosis, finding, NULL, NULL, time_wait_demand(sample));
}

/* Failed attempts of our own connect(): resets of half-open connections count as failed ones too. */
static uint64_t refused(const struct sample *sample) {
    struct figure failed = sample->recent_increase[COUNTER_ATTEMPT_FAILS];

    return figure_or(figure_subtract(failed, sample->recent_increase[COUNTER_EMBRYONIC_RSTS]), 0);
}

static enum cause conclude_syn_sent(const struct sample *sample, uint64_t attempts,
                                    enum confidence *confidence) {
    const struct walk_detail *detail = &sample->detail;
    uint64_t opened = figure_or(sample->recent_increase[COUNTER_ACTIVE_OPENS], 0);

    *confidence = CONFIDENCE_MEDIUM;
    if ((uint64_t)detail->syn_recv_simultaneous * 2 > attempts)
        return CAUSE_SIMULTANEOUS_OPEN;
    *confidence = CONFIDENCE_HIGH;
    if ((uint64_t)detail->syn_sent_retransmitted * 2 > attempts)
        return CAUSE_PEER_NOT_ANSWERING;
    *confidence = CONFIDENCE_MEDIUM;
    if (refused(sample) * 2 > opened && refused(sample) >= attempts)
        return CAUSE_PEER_REFUSES;
    *confidence = CONFIDENCE_LOW;
    return CAUSE_PEER_NOT_ANSWERING;
}

/* Names the destination if most of them go there. */
static void locate_syn_sent(const struct sample *sample, struct finding *finding) {
    const struct destination *top = &sample->syn_sent;

    finding_shares(sample, finding, STATE_SYN_SENT, 0);
    if ((uint64_t)top->ports_in_use * 2 <= finding->lead.value)
        return;
    if (finding->shares.holder_count == 0)
        finding_owned_by_destination(finding, top);
    finding->peer = top->remote;
    finding_evidence(finding, "to_that_destination", FIGURE_OF(top->ports_in_use));
}

static void syn_sent(struct diagnosis *diagnosis, const struct breach *breach) {
    const struct sample *sample = diagnosis->sample;
    struct finding *finding = finding_start(diagnosis, FAMILY_OUTBOUND_HANDSHAKE, breach);
    enum confidence confidence;

    if (!finding)
        return;
    finding_absorb(finding, breach);
    locate_syn_sent(sample, finding);
    finding_evidence(finding, "retransmitted", FIGURE_OF(sample->detail.syn_sent_retransmitted));
    finding_evidence(finding, "simultaneous_opens", FIGURE_OF(sample->detail.syn_recv_simultaneous));
    finding_evidence(finding, "failed_lately", FIGURE_OF(refused(sample)));
    finding_evidence(finding, "failed_attempts_per_sec", sample_rate(sample, COUNTER_ATTEMPT_FAILS));
    finding_evidence(finding, "tcp_syn_retries", sample->knob[KNOB_TCP_SYN_RETRIES].value);
    enum cause cause = conclude_syn_sent(sample, breach->value, &confidence);
    finding_conclude(finding, cause, confidence);
    /* At 5,000 connections a second over 100 ms, 500 are under way at any time, and all is well. */
    finding->quiet = !breach->stale && confidence == CONFIDENCE_LOW;
}

void diagnose_outbound(struct diagnosis *diagnosis) {
    for (size_t i = 0; i < diagnosis->breach_count; i++) {
        const struct breach *breach = &diagnosis->breach[i];
        if (breach->condition == CONDITION_TIME_WAIT || breach->condition == CONDITION_TIME_WAIT_OVERFLOW)
            time_wait(diagnosis, breach);
        else if (breach->condition == CONDITION_SYN_SENT)
            syn_sent(diagnosis, breach);
    }
}
