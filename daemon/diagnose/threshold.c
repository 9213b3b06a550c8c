/* SPDX-License-Identifier: MIT */
#include "threshold.h"

#include <stddef.h>
#include <string.h>

#include "observe.h"

#define GAP_INTERVALS   5
#define TREND_STEP_USEC 30000000ULL
#define TREND_MIN_USEC  5000000ULL /* two measurements closer together tell of noise */
#define MINUTE_USEC     60000000ULL

/* One call of threshold_evaluate(). */
struct judgement {
    const struct config *config;
    struct threshold_tracker *tracker;
    uint64_t elapsed_usec;
    bool seen[TRACKS_MAX];
};

bool scope_equal(const struct scope *a, const struct scope *b) {
    return a->kind == b->kind && endpoint_equal(&a->local, &b->local) &&
           endpoint_equal(&a->remote, &b->remote);
}

const char *severity_name(enum severity severity) {
    return severity == SEVERITY_CRITICAL ? "critical" : "warning";
}

/* The threshold as a plain number; unknown if it is a share of an unknown limit. */
static struct figure worked_out(struct threshold threshold, struct figure limit) {
    if (threshold.unit == UNIT_COUNT)
        return FIGURE_OF(threshold.value);
    if (!figure_known(limit))
        return limit;
    uint64_t value = permyriad_apply((uint32_t)threshold.value, limit.value);
    return FIGURE_OF(value > 0 ? value : 1);
}

static bool is_over(uint64_t value, uint64_t threshold, const struct threshold_rule *rule) {
    return value >= threshold && value >= rule->floor;
}

static bool is_well_under(uint64_t value, uint64_t threshold, const struct threshold_rule *rule) {
    return value < permyriad_apply(8000, threshold) || value < rule->floor;
}

/* A gauge that is so now has been for no known time; a rate has been for the whole time since it was measured
 * before. */
static void go_on(struct spell *spell, bool lasts, bool is_rate, uint64_t elapsed) {
    spell->usec = lasts && (spell->lasts || is_rate) ? spell->usec + elapsed : 0;
    spell->lasts = lasts;
}

static bool has_lasted(const struct spell *spell, uint64_t usec) {
    return spell->lasts && spell->usec >= usec;
}

static struct track *find_track(struct threshold_tracker *tracker, enum condition condition,
                                const struct scope *scope) {
    for (size_t i = 0; i < tracker->end; i++) {
        struct track *track = &tracker->track[i];
        if (track->used && track->condition == condition && scope_equal(&track->scope, scope))
            return track;
    }
    return NULL;
}

static struct track *free_track(struct threshold_tracker *tracker) {
    for (size_t i = 0; i < tracker->end; i++)
        if (!tracker->track[i].used)
            return &tracker->track[i];
    return tracker->end < TRACKS_MAX ? &tracker->track[tracker->end++] : NULL;
}

static struct track *new_track(struct threshold_tracker *tracker, enum condition condition,
                               const struct scope *scope) {
    struct track *track = free_track(tracker);

    if (track)
        *track = (struct track){.used = true, .condition = condition, .scope = *scope};
    else
        tracker->overlooked++;
    return track;
}

/* In the quiet state there is nothing to look through. */
static void drop_unused(struct threshold_tracker *tracker) {
    while (tracker->end > 0 && !tracker->track[tracker->end - 1].used)
        tracker->end--;
}

static void set_severity(struct track *track, const struct threshold_rule *rule) {
    if (track->severity == SEVERITY_NONE && !track->first_look &&
        has_lasted(&track->over_warning, rule->hold_usec))
        track->severity = SEVERITY_WARNING;
    if (track->severity == SEVERITY_WARNING && has_lasted(&track->over_critical, rule->hold_usec))
        track->severity = SEVERITY_CRITICAL;
    else if (track->severity == SEVERITY_CRITICAL && has_lasted(&track->under_critical, rule->clear_usec))
        track->severity = SEVERITY_WARNING;
}

/* Moves the clocks of a track on by one observation. @return false when it is over and done with. */
static bool advance(struct track *track, const struct threshold_rule *rule, uint64_t value, uint64_t warning,
                    uint64_t critical, uint64_t elapsed) {
    bool is_rate = condition_info(track->condition)->is_rate;
    bool over = is_over(value, warning, rule);

    track->first_look = is_rate && over && !track->over_warning.lasts;
    go_on(&track->over_warning, over, is_rate, elapsed);
    go_on(&track->over_critical, is_over(value, critical, rule), is_rate, elapsed);
    go_on(&track->under_warning, is_well_under(value, warning, rule), is_rate, elapsed);
    go_on(&track->under_critical, is_well_under(value, critical, rule), is_rate, elapsed);
    set_severity(track, rule);
    if (track->severity == SEVERITY_NONE)
        return over;
    return !has_lasted(&track->under_warning, rule->clear_usec);
}

/* Once raised, an overflow stays with the listener first blamed, or with none: an incident must not wander.
 */
static struct endpoint blame(const struct track *track, const struct observation *seen, bool raised_before) {
    bool keep = track->scope.kind == SCOPE_HOST && (raised_before || seen->blamed.family == ENDPOINT_NONE);

    return keep ? track->last.blamed : seen->blamed;
}

static void remember(struct track *track, const struct observation *seen, bool raised_before,
                     uint64_t warning, uint64_t critical) {
    struct endpoint blamed = blame(track, seen, raised_before);
    bool same = endpoint_equal(&blamed, &seen->blamed);

    track->last = (struct breach){
        .condition = track->condition,
        .severity = track->severity,
        .scope = track->scope,
        .blamed = blamed,
        .value = seen->value.value,
        .threshold = track->severity == SEVERITY_CRITICAL ? critical : warning,
        .limit = same ? seen->limit : track->last.limit,
        .limit_source = same ? seen->limit_source : track->last.limit_source,
        .measured_usec = seen->measured_usec,
    };
}

/* Growth per minute from one measurement to another; both are counts of sockets or of events. */
static int64_t growth_per_min(const struct mark *from, const struct mark *to) {
    bool grows = to->value >= from->value;
    uint64_t difference = grows ? to->value - from->value : from->value - to->value;
    uint64_t most = (uint64_t)INT64_MAX / MINUTE_USEC;
    uint64_t span = to->measured_usec - from->measured_usec;
    int64_t growth = (int64_t)((difference < most ? difference : most) * MINUTE_USEC / span);

    return grows ? growth : -growth;
}

/* Notes the measurement in track->last, and what has come of it since the one of half a minute ago. */
static void follow_trend(struct track *track) {
    struct mark now = {track->last.value, track->last.measured_usec};

    if (track->trend_next.measured_usec == 0 || now.measured_usec < track->trend_next.measured_usec)
        track->trend_from = track->trend_next = now;
    if (now.measured_usec - track->trend_next.measured_usec >= TREND_STEP_USEC) {
        track->trend_from = track->trend_next;
        track->trend_next = now;
    }
    track->last.trend_known = now.measured_usec - track->trend_from.measured_usec >= TREND_MIN_USEC;
    if (track->last.trend_known)
        track->last.growth_per_min = growth_per_min(&track->trend_from, &now);
}

static uint16_t rule_port(const struct scope *scope) {
    return scope->kind == SCOPE_LISTENER || scope->kind == SCOPE_PORT ? scope->local.port : 0;
}

/* Moves the track on by what was seen. The same walk seen again is no second measurement: it lets no time
 * pass. */
static void update(struct track *track, const struct threshold_rule *rule, const struct observation *seen,
                   uint64_t warning, uint64_t critical, uint64_t elapsed) {
    bool raised_before = track->severity != SEVERITY_NONE;
    bool fresh = track->last.measured_usec == 0;

    track->unmeasured_usec += elapsed;
    track->last.stale = false;
    if (!fresh && track->last.measured_usec == seen->measured_usec)
        return;
    track->used =
        advance(track, rule, seen->value.value, warning, critical, fresh ? elapsed : track->unmeasured_usec);
    track->unmeasured_usec = 0;
    remember(track, seen, raised_before, warning, critical);
    follow_trend(track);
}

/* The floor is there for short queues that overflow without harm; one that drops is full at its limit. */
static struct threshold_rule rule_for(const struct config *config, const struct observation *seen) {
    struct threshold_rule rule = *config_rule(config, seen->condition, rule_port(&seen->scope));

    if (seen->drops_when_full && figure_known(seen->limit) && rule.floor > seen->limit.value)
        rule.floor = seen->limit.value;
    return rule;
}

/* A breach has to reach the floor as well. */
static struct figure not_below(struct figure threshold, uint64_t floor) {
    return figure_known(threshold) && threshold.value < floor ? FIGURE_OF(floor) : threshold;
}

struct threshold_figures threshold_figures(const struct config *config, const struct observation *seen) {
    struct threshold_rule rule = rule_for(config, seen);

    return (struct threshold_figures){
        .warning = not_below(worked_out(rule.warning, seen->limit), rule.floor),
        .critical = not_below(worked_out(rule.critical, seen->limit), rule.floor),
    };
}

/* What comes in peaks is nothing in between: a look sooner than the next regular one confirms a rate, but
   refutes none. */
static bool is_lull(const struct judgement *judgement, const struct track *track, bool over) {
    return !over && condition_info(track->condition)->is_rate && track->severity == SEVERITY_NONE &&
           track->over_warning.lasts && judgement->elapsed_usec * 2 < judgement->config->interval_usec;
}

/* Whether enough is known to hold the value against its thresholds. */
static bool is_measured(const struct observation *seen, const struct threshold_rule *rule,
                        struct figure warning, struct figure critical) {
    return figure_known(seen->value) && figure_known(warning) && figure_known(critical) &&
           (!seen->at_most || is_well_under(seen->value.value, warning.value, rule));
}

static void judge(const struct observation *seen, void *context) {
    struct judgement *judgement = context;
    struct threshold_tracker *tracker = judgement->tracker;
    struct threshold_rule rule = rule_for(judgement->config, seen);
    struct track *track = find_track(tracker, seen->condition, &seen->scope);
    struct figure warning = worked_out(rule.warning, seen->limit);
    struct figure critical = worked_out(rule.critical, seen->limit);

    if (!rule.enabled || seen->value.status == FIGURE_ABSENT) /* as good as not in the sample */
        return;
    if (!is_measured(seen, &rule, warning, critical)) {
        if (track) {
            judgement->seen[track - tracker->track] = true;
            track->last.stale = true;
        }
        return;
    }
    bool over = is_over(seen->value.value, warning.value, &rule);
    if (!track && over)
        track = new_track(tracker, seen->condition, &seen->scope);
    if (!track)
        return;
    judgement->seen[track - tracker->track] = true;
    if (is_lull(judgement, track, over)) {
        track->first_look = false;
        track->unmeasured_usec += judgement->elapsed_usec;
        return;
    }
    update(track, &rule, seen, warning.value, critical.value, judgement->elapsed_usec);
}

/* A listener that closed, a destination no longer among the fullest, a module that was unloaded. */
static void judge_unseen(struct judgement *judgement, const struct sample *sample) {
    for (size_t i = 0; i < judgement->tracker->end; i++) {
        struct track *track = &judgement->tracker->track[i];
        if (!track->used || judgement->seen[i])
            continue;
        if (!config_rule(judgement->config, track->condition, rule_port(&track->scope))->enabled) {
            track->used = false;
            continue;
        }
        struct observation gone = {
            .condition = track->condition,
            .scope = track->scope,
            .blamed = track->last.blamed,
            .limit = track->last.limit,
            .limit_source = track->last.limit_source,
        };
        observe_unnamed(sample, &gone);
        judge(&gone, judgement);
    }
}

static int fuller(const struct breach *a, const struct breach *b) {
    uint32_t ratio_a = permyriad_of(a->value, a->threshold);
    uint32_t ratio_b = permyriad_of(b->value, b->threshold);

    if (ratio_a != ratio_b)
        return ratio_a > ratio_b;
    return memcmp(&a->scope, &b->scope, sizeof a->scope) < 0;
}

/* Inserts so that one condition's breaches stand together, the fullest first. */
static void insert_sorted(struct breach *breaches, size_t first, size_t count, const struct breach *breach) {
    size_t at = count;

    while (at > first && fuller(breach, &breaches[at - 1])) {
        breaches[at] = breaches[at - 1];
        at--;
    }
    breaches[at] = *breach;
}

static size_t collect(const struct threshold_tracker *tracker, struct breach breaches[BREACHES_MAX]) {
    size_t count = 0;

    for (int condition = 0; condition < CONDITION_COUNT; condition++) {
        size_t first = count;
        for (size_t i = 0; i < tracker->end && count < BREACHES_MAX; i++) {
            const struct track *track = &tracker->track[i];
            if (track->used && (int)track->condition == condition && track->severity != SEVERITY_NONE)
                insert_sorted(breaches, first, count++, &track->last);
        }
    }
    return count;
}

static uint64_t elapsed_usec(const struct config *config, const struct threshold_tracker *tracker,
                             uint64_t now_usec) {
    if (tracker->judged_usec == 0 || now_usec <= tracker->judged_usec)
        return 0;
    uint64_t elapsed = now_usec - tracker->judged_usec;
    return elapsed > GAP_INTERVALS * config->interval_usec ? config->interval_usec : elapsed;
}

size_t threshold_evaluate(const struct config *config, const struct sample *sample,
                          struct threshold_tracker *tracker, struct breach breaches[BREACHES_MAX]) {
    struct judgement judgement = {
        .config = config,
        .tracker = tracker,
        .elapsed_usec = elapsed_usec(config, tracker, sample->taken_usec),
    };

    tracker->overlooked = 0;
    for (int condition = 0; condition < CONDITION_COUNT; condition++)
        observe(config, sample, (enum condition)condition, judge, &judgement);
    judge_unseen(&judgement, sample);
    drop_unused(tracker);
    tracker->judged_usec = sample->taken_usec;
    return collect(tracker, breaches);
}

bool threshold_awaits_second_look(const struct threshold_tracker *tracker) {
    for (size_t i = 0; i < tracker->end; i++) {
        const struct track *track = &tracker->track[i];
        if (track->used && track->severity == SEVERITY_NONE && track->first_look && !track->last.stale)
            return true;
    }
    return false;
}

void threshold_resume(struct threshold_tracker *tracker, const struct breach *breach) {
    struct track *track = find_track(tracker, breach->condition, &breach->scope);

    if (!track)
        track = new_track(tracker, breach->condition, &breach->scope);
    if (!track)
        return;
    track->severity = breach->severity;
    track->last = *breach;
}
