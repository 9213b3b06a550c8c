/* SPDX-License-Identifier: MIT */
/*
 * What goes wrong between SYN and accept(), told apart by what the kernel counts when real SYNs, cookies and
 * accept() calls meet a full queue. A full accept queue is judged first: while it holds, the counters say
 * nothing about floods (tcp_input.c tcp_conn_request drops the SYN before it looks at cookies).
 */
#include <stddef.h>

#include "diagnose_parts.h"
#include "observe.h"

/* One listener with its breaches and the counters of the recent window. */
struct handshake {
    const struct sample *sample;
    const struct listener *listener; /* NULL if unknown */
    const struct breach *syn_recv, *syn_overflow, *accept_queue, *accept_overflow;
    uint64_t sent, received; /* cookies */
    uint64_t opened;         /* PassiveOpens */
    uint64_t dropped;        /* SYNs dropped on a full SYN queue */
    uint64_t resets;         /* on half-open connections */
    uint64_t deferred;       /* TCP_DEFER_ACCEPT drops */
};

static bool is_handshake_condition(enum condition condition) {
    return condition == CONDITION_SYN_RECV || condition == CONDITION_SYN_OVERFLOW ||
           condition == CONDITION_ACCEPT_QUEUE || condition == CONDITION_ACCEPT_OVERFLOW;
}

static uint64_t recently(const struct sample *sample, enum counter counter) {
    return figure_or(sample->recent_increase[counter], 0);
}

static void read_counters(struct handshake *handshake) {
    const struct sample *sample = handshake->sample;
    uint64_t drops = recently(sample, COUNTER_LISTEN_DROPS);
    uint64_t overflows = recently(sample, COUNTER_LISTEN_OVERFLOWS);
    uint64_t full = recently(sample, COUNTER_REQ_QUEUE_FULL_DROP);

    handshake->sent = recently(sample, COUNTER_SYNCOOKIES_SENT);
    handshake->received = recently(sample, COUNTER_SYNCOOKIES_RECV);
    handshake->opened = recently(sample, COUNTER_PASSIVE_OPENS);
    handshake->resets = recently(sample, COUNTER_EMBRYONIC_RSTS);
    handshake->deferred = recently(sample, COUNTER_DEFER_ACCEPT_DROP);
    /* The 3/4 rule counts in ListenDrops alone, which also holds the accept-queue drops. */
    handshake->dropped = drops > overflows && drops - overflows > full ? drops - overflows : full;
}

static void take_breach(struct handshake *handshake, const struct breach *breach) {
    const struct breach **slot = breach->condition == CONDITION_SYN_RECV       ? &handshake->syn_recv
                                 : breach->condition == CONDITION_SYN_OVERFLOW ? &handshake->syn_overflow
                                 : breach->condition == CONDITION_ACCEPT_QUEUE ? &handshake->accept_queue
                                                                               : &handshake->accept_overflow;

    if (!*slot)
        *slot = breach;
}

static bool accept_queue_is_full(const struct handshake *handshake) {
    const struct listener *listener = handshake->listener;

    return listener && listener->backlog > 0 && listener->accept_queue >= listener->backlog;
}

static enum cause conclude_accept(const struct handshake *handshake, enum confidence *confidence) {
    bool overflows = recently(handshake->sample, COUNTER_LISTEN_OVERFLOWS) > 0;

    *confidence = CONFIDENCE_HIGH;
    if (!handshake->accept_queue && !accept_queue_is_full(handshake)) {
        *confidence = CONFIDENCE_MEDIUM;
        return CAUSE_ACCEPT_BURST;
    }
    if (overflows && handshake->opened == 0) {
        *confidence = CONFIDENCE_LOW;
        return CAUSE_SLOW_ACCEPT_OR_FLOOD;
    }
    return CAUSE_SLOW_ACCEPT;
}

/* The SYN queue is full and the kernel answers by cookie: what comes back tells who asked. */
static enum cause conclude_cookies(const struct handshake *handshake, enum confidence *confidence) {
    *confidence = CONFIDENCE_HIGH;
    if (handshake->received * 2 >= handshake->sent)
        return CAUSE_BURST;
    if (handshake->received * 10 >= handshake->sent)
        *confidence = CONFIDENCE_MEDIUM;
    if (handshake->resets * 2 >= handshake->sent)
        return CAUSE_SPOOFED_ALIVE_FLOOD;
    return CAUSE_SPOOFED_FLOOD;
}

/* The SYN queue is full and the kernel drops: real clients get in at some retry, and are opened. */
static enum cause conclude_drops(const struct handshake *handshake, enum confidence *confidence) {
    *confidence = CONFIDENCE_MEDIUM;
    if (handshake->opened * 10 >= handshake->dropped)
        return CAUSE_BURST;
    if (handshake->resets * 2 >= handshake->dropped)
        return CAUSE_SPOOFED_ALIVE_FLOOD;
    if (handshake->opened * 50 < handshake->dropped)
        *confidence = CONFIDENCE_HIGH;
    return CAUSE_SPOOFED_FLOOD;
}

/* Half-open connections pile up below the limit: their own age and retransmissions tell. */
static enum cause conclude_half_open(const struct handshake *handshake, enum confidence *confidence) {
    const struct listener *listener = handshake->listener;

    *confidence = CONFIDENCE_MEDIUM;
    if (handshake->deferred > 0)
        return CAUSE_DEFER_ACCEPT;
    if (handshake->resets > handshake->opened && handshake->resets >= listener->half_open)
        return CAUSE_SPOOFED_ALIVE_FLOOD;
    if (listener->half_open_repeated * 5 >= listener->half_open && listener->half_open > 0) {
        *confidence = CONFIDENCE_HIGH;
        return CAUSE_LOSSY_RETURN_PATH;
    }
    /* Who has not answered within the first second hardly ever does; real clients are mostly fresh. */
    if (listener->half_open_fresh * 2 <= listener->half_open)
        return CAUSE_SPOOFED_FLOOD;
    if (handshake->opened >= listener->half_open)
        return CAUSE_BURST;
    *confidence = CONFIDENCE_LOW;
    return CAUSE_HALF_OPEN_UNCLEAR;
}

static enum cause conclude(const struct handshake *handshake, enum confidence *confidence) {
    if (handshake->accept_queue || handshake->accept_overflow || accept_queue_is_full(handshake))
        return conclude_accept(handshake, confidence);
    if (handshake->sent > 0)
        return conclude_cookies(handshake, confidence);
    if (handshake->dropped > 0)
        return conclude_drops(handshake, confidence);
    if (handshake->listener)
        return conclude_half_open(handshake, confidence);
    *confidence = CONFIDENCE_LOW;
    return CAUSE_HALF_OPEN_UNCLEAR;
}

static void add_evidence(struct finding *finding, const struct handshake *handshake) {
    const struct sample *sample = handshake->sample;
    const struct listener *listener = handshake->listener;
    enum limit_source source;

    if (listener) {
        finding_evidence(finding, "half_open", FIGURE_OF(listener->half_open));
        finding_evidence(finding, "syn_queue_limit", syn_queue_limit(sample, listener, &source));
        finding_evidence(finding, "never_retransmitted", FIGURE_OF(listener->half_open_fresh));
        finding_evidence(finding, "retransmitted_beyond_synack_retries",
                         FIGURE_OF(listener->half_open_repeated));
        finding_evidence(finding, "accept_queue", FIGURE_OF(listener->accept_queue));
        finding_evidence(finding, "backlog", FIGURE_OF(listener->backlog));
    }
    if (handshake->syn_overflow)
        finding_evidence(finding, "syn_overflow_per_sec", FIGURE_OF(handshake->syn_overflow->value));
    finding_evidence(finding, "cookies_sent_per_sec", sample_rate(sample, COUNTER_SYNCOOKIES_SENT));
    finding_evidence(finding, "cookies_valid_per_sec", sample_rate(sample, COUNTER_SYNCOOKIES_RECV));
    finding_evidence(finding, "passive_opens_per_sec", sample_rate(sample, COUNTER_PASSIVE_OPENS));
    finding_evidence(finding, "accept_overflow_per_sec", sample_rate(sample, COUNTER_LISTEN_OVERFLOWS));
    finding_evidence(finding, "listen_drops_per_sec", sample_rate(sample, COUNTER_LISTEN_DROPS));
    finding_evidence(finding, "half_open_resets_per_sec", sample_rate(sample, COUNTER_EMBRYONIC_RSTS));
    finding_evidence(finding, "tcp_syncookies", sample->knob[KNOB_TCP_SYNCOOKIES].value);
}

static uint64_t power_of_two_over(uint64_t value) {
    uint64_t power = 128;

    while (power <= value && power < (1U << 30))
        power <<= 1;
    return power;
}

/* What the queue would have had to hold: what it holds and a second of what ran over. */
static uint64_t backlog_demand(const struct handshake *handshake) {
    uint64_t over = handshake->syn_overflow ? handshake->syn_overflow->value : 0;

    if (handshake->accept_overflow)
        over = handshake->accept_overflow->value;
    return handshake->listener->backlog + over;
}

/* A flood fills any queue: only causes with real clients ask for a longer one. */
static bool asks_for_backlog(enum cause cause) {
    return cause == CAUSE_BURST || cause == CAUSE_ACCEPT_BURST || cause == CAUSE_DEFER_ACCEPT;
}

static const struct breach *leading(const struct handshake *handshake) {
    if (handshake->accept_queue)
        return handshake->accept_queue;
    if (handshake->accept_overflow)
        return handshake->accept_overflow;
    return handshake->syn_overflow ? handshake->syn_overflow : handshake->syn_recv;
}

static void explain(struct diagnosis *diagnosis, struct handshake *handshake, const struct endpoint *local) {
    struct finding *finding = finding_start(diagnosis, FAMILY_HANDSHAKE, leading(handshake));
    enum confidence confidence;
    uint64_t demand = 0;

    if (!finding)
        return;
    if (local->family != ENDPOINT_NONE)
        finding->scope = (struct scope){.kind = SCOPE_LISTENER, .local = *local};
    finding->local = *local;
    for (size_t i = 0; i < diagnosis->breach_count; i++) {
        const struct breach *breach = &diagnosis->breach[i];
        if (is_handshake_condition(breach->condition) && endpoint_equal(&breach->blamed, local) &&
            breach->severity > finding->severity)
            finding->severity = breach->severity;
    }
    enum cause cause = conclude(handshake, &confidence);
    finding_conclude(finding, cause, confidence);
    if (handshake->listener && asks_for_backlog(cause)) {
        demand = backlog_demand(handshake);
        finding->backlog_advised = power_of_two_over(demand);
    }
    finding_advise(diagnosis, finding, handshake->listener, NULL, finding->backlog_advised);
    add_evidence(finding, handshake);
}

static bool already_explained(const struct diagnosis *diagnosis, size_t index) {
    const struct endpoint *local = &diagnosis->breach[index].blamed;

    for (size_t i = 0; i < index; i++)
        if (is_handshake_condition(diagnosis->breach[i].condition) &&
            endpoint_equal(&diagnosis->breach[i].blamed, local))
            return true;
    return false;
}

void diagnose_handshake(struct diagnosis *diagnosis) {
    for (size_t i = 0; i < diagnosis->breach_count; i++) {
        const struct endpoint *local = &diagnosis->breach[i].blamed;
        if (!is_handshake_condition(diagnosis->breach[i].condition) || already_explained(diagnosis, i))
            continue;
        struct handshake handshake = {
            .sample = diagnosis->sample,
            .listener = sample_find_listener(diagnosis->sample, local),
        };
        for (size_t j = i; j < diagnosis->breach_count; j++)
            if (is_handshake_condition(diagnosis->breach[j].condition) &&
                endpoint_equal(&diagnosis->breach[j].blamed, local))
                take_breach(&handshake, &diagnosis->breach[j]);
        read_counters(&handshake);
        explain(diagnosis, &handshake, local);
    }
}
