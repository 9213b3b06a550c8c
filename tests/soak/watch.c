/* SPDX-License-Identifier: MIT */
/*
 * The conditions of the whole host that have one number and an incident of their own, followed without the
 * threshold stage: raised only after the hold, cleared only after the time under, and neither forgotten.
 */
#include <inttypes.h>
#include <stdio.h>

#include "books.h"

#define LATE_USEC (150 * USEC_PER_SEC) /* two walks at the oldest, and a settling of the diagnosis */

struct followed {
    enum condition condition;
    enum problem_family family;
    enum tcp_state walked; /* the state that a walk counts; 0: counted at each tick */
};

static const struct followed followed[] = {
    {CONDITION_FIN_WAIT_1, FAMILY_FIN_WAIT_1, STATE_FIN_WAIT_1},
    {CONDITION_FIN_WAIT_2, FAMILY_FIN_WAIT_2, STATE_FIN_WAIT_2},
    {CONDITION_CLOSING, FAMILY_CLOSING, STATE_CLOSING},
    {CONDITION_LAST_ACK, FAMILY_LAST_ACK, STATE_LAST_ACK},
    {CONDITION_ORPHANS, FAMILY_ORPHANS, 0},
    {CONDITION_TCP_MEMORY, FAMILY_TCP_MEMORY, 0},
    {CONDITION_CONNTRACK, FAMILY_CONNTRACK, 0},
};

static struct figure value_of(const struct followed *one, const struct sample *sample) {
    if (one->walked != 0)
        return sample->state[one->walked];
    return sample->gauge[one->condition == CONDITION_ORPHANS      ? GAUGE_ORPHANS
                         : one->condition == CONDITION_TCP_MEMORY ? GAUGE_MEMORY_PAGES
                                                                  : GAUGE_CONNTRACK];
}

static struct figure limit_of(const struct followed *one, const struct sample *sample) {
    if (one->walked != 0)
        return FIGURE_NONE;
    return sample
        ->knob[one->condition == CONDITION_ORPHANS      ? KNOB_TCP_MAX_ORPHANS
               : one->condition == CONDITION_TCP_MEMORY ? KNOB_TCP_MEM_MAX
                                                        : KNOB_CONNTRACK_MAX]
        .value;
}

/* Rounded up, as a share of sockets that is reached; in 128 bits, so not the way the stage does it. */
static uint64_t share_of(uint64_t permyriad, uint64_t whole) {
    return (uint64_t)(((unsigned __int128)permyriad * whole + 9999) / 10000);
}

/* A port with a rule of its own is not counted for the host: too much for these books. */
static bool is_overridden(const struct config *config, enum condition condition) {
    for (size_t i = 0; i < config->port_count; i++)
        if (config->port[i].overrides[condition])
            return true;
    return false;
}

static void interrupt(struct watch *watch, uint64_t now_usec) {
    watch->steady_usec = now_usec;
}

static void follow(struct watch *watch, const struct config *config, const struct sample *sample,
                   const struct followed *one) {
    const struct threshold_rule *rule = &config->rule[one->condition];
    struct figure value = value_of(one, sample), limit = limit_of(one, sample);
    uint64_t measured = one->walked != 0 ? sample->walked_usec : sample->taken_usec;
    bool percent = rule->warning.unit == UNIT_PERMYRIAD;

    watch->enabled = rule->enabled;
    if (!rule->enabled || is_overridden(config, one->condition)) {
        /* What the host has without those ports is not known here: it may have been over, or under, for ever.
         */
        *watch = (struct watch){
            .enabled = rule->enabled,
            .first_over_usec = rule->enabled ? 1 : 0,
            .first_under_usec = 1,
            .steady_usec = sample->taken_usec,
        };
        return;
    }
    if (!figure_known(value) || (percent && !figure_known(limit))) {
        interrupt(watch, sample->taken_usec);
        return;
    }
    uint64_t warning = percent ? share_of(rule->warning.value, limit.value) : rule->warning.value;
    bool over = value.value >= warning && value.value >= rule->floor;
    if (over && watch->first_over_usec == 0) /* an old measurement, too, where the rule is new */
        watch->first_over_usec = sample->taken_usec;
    if (measured == watch->measured_usec)
        return;
    watch->measured_usec = measured;
    if (!over)
        watch->first_over_usec = 0;
    if (value.value >= share_of(8000, warning) && value.value >= rule->floor)
        watch->first_under_usec = 0;
    else if (watch->first_under_usec == 0)
        watch->first_under_usec = sample->taken_usec;
}

void watch_tick(struct books *books, const struct config *config, const struct sample *sample) {
    for (size_t i = 0; i < ARRAY_SIZE(followed); i++) {
        struct watch *watch = &books->watch[followed[i].condition];
        if (is_gap(books, config) || watch->steady_usec == 0)
            interrupt(watch, sample->taken_usec);
        follow(watch, config, sample, &followed[i]);
    }
}

static const struct followed *followed_by(const struct finding *finding) {
    for (size_t i = 0; i < ARRAY_SIZE(followed); i++)
        if (followed[i].family == finding->family && finding->scope.kind == SCOPE_HOST)
            return &followed[i];
    return NULL;
}

bool watch_allows(const struct books *books, const struct config *config, const struct alert *alert,
                  struct text *why) {
    const struct followed *one = followed_by(&alert->finding);

    if (!one || is_overridden(config, one->condition))
        return true;
    const struct watch *watch = &books->watch[one->condition];
    const struct threshold_rule *rule = &config->rule[one->condition];
    const char *name = condition_info(one->condition)->name;
    uint64_t now = books->now_usec;
    if (alert->event == EVENT_RAISED &&
        (!rule->enabled || watch->first_over_usec == 0 || now - watch->first_over_usec < rule->hold_usec)) {
        text_add(why, "%s raised, but enabled %d, over since %" PRIu64 " of now %" PRIu64, name,
                 rule->enabled, watch->first_over_usec, now);
        return false;
    }
    if (alert->event == EVENT_CLEARED && rule->enabled &&
        (watch->first_under_usec == 0 || now - watch->first_under_usec < rule->clear_usec)) {
        text_add(why, "%s cleared, but under since %" PRIu64 " of now %" PRIu64, name,
                 watch->first_under_usec, now);
        return false;
    }
    return true;
}

static bool is_open(const struct books *books, const struct followed *one) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        if (books->account[i].open && books->account[i].family == one->family &&
            books->account[i].scope.kind == SCOPE_HOST)
            return true;
    return false;
}

static uint64_t later(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

bool watch_agrees(const struct books *books, const struct config *config, struct text *why) {
    for (size_t i = 0; i < ARRAY_SIZE(followed); i++) {
        const struct watch *watch = &books->watch[followed[i].condition];
        const struct threshold_rule *rule = &config->rule[followed[i].condition];
        bool open = is_open(books, &followed[i]);
        uint64_t over = later(watch->first_over_usec, watch->steady_usec);
        uint64_t under = later(watch->first_under_usec, watch->steady_usec);
        if (is_overridden(config, followed[i].condition))
            continue;
        bool missing =
            watch->first_over_usec != 0 && !open && books->now_usec > over + rule->hold_usec + LATE_USEC;
        bool stuck =
            watch->first_under_usec != 0 && open && books->now_usec > under + rule->clear_usec + LATE_USEC;
        if (!missing && !stuck)
            continue;
        text_add(why,
                 "%s should be %s: over since %" PRIu64 ", under since %" PRIu64 ", steady since %" PRIu64
                 ", now %" PRIu64,
                 condition_info(followed[i].condition)->name, missing ? "open" : "over",
                 watch->first_over_usec, watch->first_under_usec, watch->steady_usec, books->now_usec);
        return false;
    }
    return true;
}
