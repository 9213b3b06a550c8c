/* SPDX-License-Identifier: MIT */
/*
 * What goes wrong between SYN and accept(), told apart by what the kernel counts when real SYNs, cookies and
 * accept() calls meet a full queue. A full accept queue is judged first: while it holds, the counters say
 * nothing about floods (tcp_input.c tcp_conn_request drops the SYN before it looks at cookies).
 */
#include <stddef.h>

#include "diagnose_parts.h"
#include "observe.h"

#define FEW 20 /* SYNs over a full queue within the recent window; fewer tell nothing about this listener */

/* Half-opens seen to be silent are taken to be so for that long: at the default tcp_synack_retries the
   longest second half of a timer, in which none can be told, is 16 s. */
#define SILENCE_USEC 32000000ULL

/* One listener with its breaches and the counters of the recent window. */
struct handshake {
    const struct sample *sample;
    const struct listener *listener; /* NULL if unknown */
    struct shares shares;            /* of the half-open connections at its port */
    const struct breach *syn_recv, *syn_overflow, *accept_queue, *accept_overflow;
    uint64_t sent, received; /* cookies */
    uint64_t opened;         /* PassiveOpens */
    uint64_t dropped;        /* SYNs dropped on a full SYN queue */
    uint64_t resets;         /* on half-open connections */
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

/* sk_acceptq_is_full(): the queue holds one more than the backlog. Only then does it hide what SYNs would
 * tell. */
static bool accept_queue_is_full(const struct handshake *handshake) {
    const struct listener *listener = handshake->listener;

    return listener && listener->accept_queue > listener->backlog;
}

/* Not just at the moment of a peak: an application that is too slow takes one now and then. */
static bool accept_queue_stays_full(const struct handshake *handshake) {
    return handshake->listener && handshake->listener->nearly_full_looks > 1;
}

/* The listener's own half-opens: a third waiting for more than a second means senders that do not answer. In
   a flood the kernel halves the queue every 7 s or so and it fills anew, so it is never all of them. */
static bool mostly_unanswered(const struct handshake *handshake) {
    const struct listener *listener = handshake->listener;
    enum limit_source source;

    if (!listener || (listener->half_open - listener->half_open_fresh) * 3 < listener->half_open)
        return false;
    struct figure limit = syn_queue_limit(handshake->sample, listener, &source);
    return listener->half_open >= HALF_OPENS_ENOUGH ||
           (figure_known(limit) && limit.value > 0 && listener->half_open >= limit.value);
}

/* As many are opened as are under way, and few have been silent for long: over a path of 2 s every SYN-ACK is
   sent again before the answer comes. @param few one in so many */
static bool may_be_slow_path(const struct handshake *handshake, uint32_t few) {
    const struct listener *listener = handshake->listener;

    return listener && handshake->opened >= listener->half_open &&
           listener->half_open_old * few < listener->half_open_walked;
}

/* Three quarters at least. */
static bool from_one_source(const struct handshake *handshake) {
    const struct shares *shares = &handshake->shares;

    return shares->address_count > 0 && shares->sockets > 1 &&
           (uint64_t)(shares->address[0].sockets - shares->address[0].error) * 4 >=
               (uint64_t)shares->sockets * 3;
}

/* Old half-opens none of which our timer alone has resent: the same clients ask again and again. By time and
   not by number of resends, because in a crowded queue the kernel gives up after 2 to 5 of them
   (reqsk_timer_handler). Half-opens that came together, as those that a flood leaves behind, are all in the
   second half of their timers at once: then that they were seen to be silent still holds. */
static bool clients_repeat(const struct sample *sample, const struct listener *listener) {
    if (!listener || listener->half_open_walked == 0 ||
        listener->half_open_old * 5 < listener->half_open_walked ||
        listener->half_open_patient * 5 >= listener->half_open_old)
        return false;
    /* A client repeats its SYN after a second at the earliest; sooner than half a second is counted here
       (tcp_input.c tcp_oow_rate_limited). */
    if (recently(sample, COUNTER_ACK_SKIPPED_SYN_RECV) * 5 >= listener->half_open_old)
        return false;
    bool were_silent =
        listener->silent_usec != 0 && sample->walked_usec - listener->silent_usec <= SILENCE_USEC;
    return !were_silent || listener->half_open_repeated * 5 >= listener->half_open_old;
}

static enum cause conclude_accept(const struct handshake *handshake, enum confidence *confidence) {
    bool overflows = recently(handshake->sample, COUNTER_LISTEN_OVERFLOWS) > 0;
    bool full = handshake->accept_queue || accept_queue_is_full(handshake);

    *confidence = CONFIDENCE_LOW;
    if (full && overflows && handshake->opened == 0)
        return CAUSE_SLOW_ACCEPT_OR_FLOOD;
    *confidence = CONFIDENCE_MEDIUM;
    if (!handshake->accept_queue && !accept_queue_stays_full(handshake))
        return CAUSE_ACCEPT_BURST;
    *confidence = CONFIDENCE_HIGH;
    return CAUSE_SLOW_ACCEPT;
}

/* Connections opened are counted for the whole host: with one listener they are this one's. */
static enum confidence trust_in_opened(const struct handshake *handshake) {
    return handshake->sample->listener_count == 1 ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
}

/* Within the first seconds a broken way back looks the same: sure only when some have been silent for 7 s. */
static enum confidence trust_in_flood(const struct handshake *handshake, bool few_get_in) {
    bool waited = handshake->listener && handshake->listener->half_open_patient > 0;

    return waited && few_get_in ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM;
}

/* The queue is a fair sample of a flood that runs over it. */
static enum cause unanswered_flood(const struct handshake *handshake) {
    return from_one_source(handshake) ? CAUSE_ONE_SOURCE_FLOOD : CAUSE_SPOOFED_FLOOD;
}

/* Resets that meet a cookie are not counted; those that meet a half-open empty the queue before it is old. */
static bool queue_is_reset(const struct handshake *handshake) {
    return handshake->listener && handshake->listener->half_open > 0 && !mostly_unanswered(handshake) &&
           handshake->resets >= handshake->listener->half_open;
}

/* The SYN queue is full and the kernel answers by cookie: what comes back tells who asked. */
static enum cause conclude_cookies(const struct handshake *handshake, enum confidence *confidence) {
    *confidence = CONFIDENCE_HIGH;
    bool real_clients = !mostly_unanswered(handshake) || may_be_slow_path(handshake, 20);
    if (handshake->received * 2 >= handshake->sent && real_clients)
        return CAUSE_BURST;
    if (handshake->resets * 2 >= handshake->sent)
        return CAUSE_SPOOFED_ALIVE_FLOOD;
    *confidence = CONFIDENCE_MEDIUM;
    if (queue_is_reset(handshake) && handshake->received * 10 < handshake->sent)
        return CAUSE_SPOOFED_ALIVE_FLOOD;
    *confidence = trust_in_flood(handshake, handshake->received * 10 < handshake->sent);
    return unanswered_flood(handshake);
}

/* The SYN queue is full and the kernel drops: real clients get in at some retry, and are opened. */
static enum cause conclude_drops(const struct handshake *handshake, enum confidence *confidence) {
    *confidence = trust_in_opened(handshake);
    if (handshake->opened * 10 >= handshake->dropped && !mostly_unanswered(handshake))
        return CAUSE_BURST;
    *confidence = CONFIDENCE_MEDIUM;
    if (handshake->resets * 2 >= handshake->dropped || queue_is_reset(handshake))
        return CAUSE_SPOOFED_ALIVE_FLOOD;
    *confidence = trust_in_flood(handshake, handshake->opened * 50 < handshake->dropped);
    return unanswered_flood(handshake);
}

/* Half-open connections pile up below the limit: their own age tells. */
static enum cause conclude_half_open(const struct handshake *handshake, enum confidence *confidence) {
    const struct listener *listener = handshake->listener;

    *confidence = CONFIDENCE_MEDIUM;
    if (handshake->resets > handshake->opened && handshake->resets >= listener->half_open)
        return CAUSE_SPOOFED_ALIVE_FLOOD;
    if (mostly_unanswered(handshake) && !may_be_slow_path(handshake, 5))
        return unanswered_flood(handshake);
    *confidence = trust_in_opened(handshake);
    if (handshake->opened >= listener->half_open && !mostly_unanswered(handshake))
        return CAUSE_BURST;
    *confidence = CONFIDENCE_LOW;
    return CAUSE_HALF_OPEN_UNCLEAR;
}

static bool queue_overflowed(const struct handshake *handshake) {
    return handshake->syn_overflow || handshake->sent >= FEW || handshake->dropped >= FEW;
}

/* Held although they have acknowledged: the listener wants data first. */
static bool clients_are_deferred(const struct listener *listener) {
    return listener && listener->half_open_walked > 0 &&
           listener->half_open_deferred * 2 >= listener->half_open_walked;
}

static enum cause conclude_syn(const struct handshake *handshake, enum confidence *confidence) {
    /* A flood that uses its addresses and ports again looks the same; real clients seldom fill the queue. */
    *confidence = queue_overflowed(handshake) ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM;
    if (clients_repeat(handshake->sample, handshake->listener))
        return CAUSE_LOSSY_RETURN_PATH;
    *confidence = CONFIDENCE_HIGH;
    if (clients_are_deferred(handshake->listener))
        return CAUSE_DEFER_ACCEPT;
    if (handshake->sent >= FEW)
        return conclude_cookies(handshake, confidence);
    if (handshake->dropped >= FEW)
        return conclude_drops(handshake, confidence);
    if (handshake->listener)
        return conclude_half_open(handshake, confidence);
    *confidence = CONFIDENCE_LOW;
    return CAUSE_HALF_OPEN_UNCLEAR;
}

static enum cause conclude(const struct handshake *handshake, enum confidence *confidence) {
    bool accept_is_clear =
        !accept_queue_is_full(handshake) && recently(handshake->sample, COUNTER_LISTEN_OVERFLOWS) == 0;

    if (handshake->syn_overflow && accept_is_clear)
        return conclude_syn(handshake, confidence);
    if (handshake->accept_queue || handshake->accept_overflow || accept_queue_is_full(handshake))
        return conclude_accept(handshake, confidence);
    return conclude_syn(handshake, confidence);
}

/* Half-opens below the limit that are real clients, or may be: a long path at a high rate looks like this. */
static bool is_quiet(const struct handshake *handshake, enum cause cause) {
    enum limit_source source;

    if (!handshake->listener || queue_overflowed(handshake))
        return false;
    if (cause == CAUSE_HALF_OPEN_UNCLEAR)
        return true;
    struct figure limit = syn_queue_limit(handshake->sample, handshake->listener, &source);
    bool real_clients = cause == CAUSE_BURST || cause == CAUSE_DEFER_ACCEPT;
    return real_clients && (uint64_t)handshake->listener->half_open * 10 < figure_or(limit, 0) * 9;
}

static void add_evidence(struct finding *finding, const struct handshake *handshake) {
    const struct sample *sample = handshake->sample;
    const struct listener *listener = handshake->listener;
    enum limit_source source;

    if (listener) {
        finding_evidence(finding, "half_open", FIGURE_OF(listener->half_open));
        finding_evidence(finding, "syn_queue_limit", syn_queue_limit(sample, listener, &source));
        finding_evidence(finding, "never_retransmitted", FIGURE_OF(listener->half_open_fresh));
        finding_evidence(finding, "deferred", FIGURE_OF(listener->half_open_deferred));
        finding_evidence(finding, "resent_3_times", FIGURE_OF(listener->half_open_old));
        finding_evidence(finding, "of_these_silent_for_7_sec", FIGURE_OF(listener->half_open_patient));
        finding_evidence(finding, "resent_beyond_synack_retries", FIGURE_OF(listener->half_open_repeated));
        finding_evidence(finding, "sources", FIGURE_OF(half_open_source_count(&listener->sources)));
        finding_evidence(finding, "accept_queue", FIGURE_OF(listener->accept_queue));
        finding_evidence(finding, "backlog", FIGURE_OF(listener->backlog));
        finding_evidence(finding, "somaxconn", sample->knob[KNOB_SOMAXCONN].value);
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

/* The next power of two, as listen() arguments go: at least 128, and an int. */
static uint64_t round_backlog(uint64_t demand) {
    uint64_t backlog = power_of_two_from(demand + 1);

    if (backlog < 128)
        return 128;
    return backlog < 1U << 30 ? backlog : 1U << 30;
}

/* What the queue would have had to hold: what it holds and a second of what ran over. */
static uint64_t backlog_demand(const struct handshake *handshake) {
    const struct listener *listener = handshake->listener;
    uint64_t over = handshake->syn_overflow ? handshake->syn_overflow->value : 0;
    uint64_t holds = listener->backlog;
    enum limit_source source;

    if (handshake->accept_overflow)
        return holds + handshake->accept_overflow->value;
    struct figure limit = syn_queue_limit(handshake->sample, listener, &source);
    if (source == LIMIT_THREE_QUARTER_RULE && listener->members > 0)
        holds = limit.value / listener->members;
    return holds + over;
}

/* With the 3/4 rule the queue is shorter than the application asked for: it may have asked for enough. */
static void advise_backlog(struct finding *finding, const struct handshake *handshake) {
    uint64_t backlog = round_backlog(backlog_demand(handshake));

    finding->backlog_suffices = handshake->listener->backlog >= backlog;
    if (!finding->backlog_suffices)
        finding->backlog_advised = backlog;
}

/* A flood fills any queue: only causes with real clients ask for a longer one. */
static bool asks_for_backlog(enum cause cause) {
    return cause == CAUSE_BURST || cause == CAUSE_ACCEPT_BURST || cause == CAUSE_DEFER_ACCEPT;
}

/* The worst of its breaches; between equals the one that the problem is about. */
static const struct breach *leading(const struct handshake *handshake, enum problem problem) {
    bool accept = problem == PROBLEM_ACCEPT_QUEUE_FULL;
    const struct breach *const order[] = {
        accept ? handshake->accept_queue : handshake->syn_overflow,
        accept ? handshake->accept_overflow : handshake->syn_recv,
        accept ? handshake->syn_overflow : handshake->accept_queue,
        accept ? handshake->syn_recv : handshake->accept_overflow,
    };
    const struct breach *lead = NULL;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (order[i] && (!lead || order[i]->severity > lead->severity))
            lead = order[i];
    return lead;
}

static void explain(struct diagnosis *diagnosis, struct handshake *handshake, const struct endpoint *local) {
    enum confidence confidence;
    enum cause cause = conclude(handshake, &confidence);
    struct finding *finding =
        finding_start(diagnosis, FAMILY_HANDSHAKE, leading(handshake, cause_info(cause)->problem));

    if (!finding)
        return;
    if (local->family != ENDPOINT_NONE)
        finding->scope = (struct scope){.kind = SCOPE_LISTENER, .local = *local};
    finding->local = *local;
    finding_conclude(finding, cause, confidence);
    if (cause == CAUSE_ONE_SOURCE_FLOOD)
        finding->peer = handshake->shares.address[0].network;
    finding->shares = handshake->shares;
    finding_owned_by_listener(finding, handshake->listener);
    finding->quiet = is_quiet(handshake, cause);
    if (handshake->listener && asks_for_backlog(cause))
        advise_backlog(finding, handshake);
    finding_advise(diagnosis, finding, handshake->listener, NULL, finding->backlog_advised);
    add_evidence(finding, handshake);
}

/* Peers are counted by port: of several listeners at one they are those of the one that has most of its
   half-opens, and nobody's if none has. */
static void find_shares(struct handshake *handshake, uint16_t port) {
    const struct listener *listener = handshake->listener;

    if (!figure_known(handshake->sample->state[STATE_SYN_RECV]))
        return;
    shares_find(handshake->sample->shares, STATE_SYN_RECV, port, &handshake->shares);
    if (listener && (uint64_t)listener->half_open_walked * 4 < (uint64_t)handshake->shares.sockets * 3)
        handshake->shares = (struct shares){0};
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
        find_shares(&handshake, local->port);
        explain(diagnosis, &handshake, local);
    }
}
