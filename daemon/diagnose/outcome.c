/* SPDX-License-Identifier: MIT */
#include "outcome.h"

#include <inttypes.h>
#include <string.h>

#define JUDGE_USEC   60000000ULL
#define TELL_USEC    10000000ULL /* for which at most so many changes are told */
#define TOLD_MAX     2
#define GIVE_UP_USEC 120000000ULL
#define HELPED_RATIO 8000 /* permyriad of the figure before */
#define WORSE_RATIO  12000
#define WORSE_FLOOR  10 /* where it was 0 before */

#define IN(family) (1U << FAMILY_##family)
#define RETRIED    (IN(FIN_WAIT_1) | IN(LAST_ACK) | IN(CLOSING) | IN(ORPHANS) | IN(TCP_MEMORY))
#define KEPT_ALIVE (IN(ESTABLISHED) | IN(CLOSE_WAIT) | IN(FIN_WAIT_2) | IN(PORTS))

/* The problems that a setting acts on: any other that gets better after it changed does so by itself. */
static const uint32_t acts_on[KNOB_COUNT] = {
    [KNOB_SOMAXCONN] = IN(HANDSHAKE),
    [KNOB_TCP_SYNCOOKIES] = IN(HANDSHAKE),
    [KNOB_TCP_MAX_SYN_BACKLOG] = IN(HANDSHAKE),
    [KNOB_TCP_SYNACK_RETRIES] = IN(HANDSHAKE),
    [KNOB_TCP_ABORT_ON_OVERFLOW] = IN(HANDSHAKE),
    [KNOB_TCP_SYN_RETRIES] = IN(OUTBOUND_HANDSHAKE) | IN(PORTS),
    [KNOB_TCP_TW_REUSE] = IN(PORTS) | IN(TIME_WAIT),
    [KNOB_TCP_TW_REUSE_DELAY] = IN(PORTS) | IN(TIME_WAIT),
    [KNOB_TCP_TW_RECYCLE] = IN(PORTS) | IN(TIME_WAIT),
    [KNOB_TCP_FIN_TIMEOUT] = IN(FIN_WAIT_2) | IN(PORTS) | IN(TIME_WAIT), /* its minisockets hold ports too */
    [KNOB_TCP_MAX_TW_BUCKETS] = IN(PORTS) | IN(TIME_WAIT),
    [KNOB_TCP_TIMESTAMPS] = IN(PORTS) | IN(TIME_WAIT),
    [KNOB_TCP_RFC1337] = IN(PORTS) | IN(TIME_WAIT),
    [KNOB_PORT_RANGE_LOW] = IN(PORTS),
    [KNOB_PORTS_RESERVED] = IN(PORTS),
    [KNOB_TCP_MAX_ORPHANS] = RETRIED | IN(FIN_WAIT_2),
    [KNOB_TCP_ORPHAN_RETRIES] = RETRIED,
    [KNOB_TCP_RETRIES2] = RETRIED | IN(ESTABLISHED) | IN(CLOSE_WAIT) | IN(PORTS),
    [KNOB_TCP_KEEPALIVE_TIME] = KEPT_ALIVE,
    [KNOB_TCP_KEEPALIVE_INTVL] = KEPT_ALIVE,
    [KNOB_TCP_KEEPALIVE_PROBES] = KEPT_ALIVE,
    [KNOB_TCP_MEM_LOW] = IN(TCP_MEMORY) | IN(ORPHANS),
    [KNOB_CONNTRACK_MAX] = IN(CONNTRACK),
};

/* Values of one file stand side by side in enum knob. */
static size_t parts_of(enum knob knob) {
    size_t parts = 1;

    while ((size_t)knob + parts < KNOB_COUNT && parts < KNOB_PARTS_MAX &&
           strcmp(knob_name(knob), knob_name((enum knob)((size_t)knob + parts))) == 0)
        parts++;
    return parts;
}

static bool decides_on_syns(enum knob knob) {
    return knob == KNOB_TCP_SYNCOOKIES || knob == KNOB_TCP_MAX_SYN_BACKLOG || knob == KNOB_TCP_SYNACK_RETRIES;
}

/* Takes the values of one key over. @return whether one of them is another than before. */
static bool take_key(struct figure *known, const struct knob_value *now, struct knob_change *change) {
    bool changed = false;

    for (size_t i = 0; i < change->parts; i++) {
        if (!figure_known(now[i].value))
            continue;
        change->to[i] = now[i].value.value;
        change->from[i] = figure_or(known[i], now[i].value.value);
        changed |= change->from[i] != change->to[i];
        known[i] = now[i].value;
    }
    return changed;
}

static void add_change(struct knob_changes *changes, const struct knob_change *change) {
    changes->syn |= decides_on_syns(change->knob);
    changes->change[changes->count++] = *change;
}

/* As hardly ever: all else is for the tick at which one was read that is new. */
static bool any_differs(const struct figure known[KNOB_COUNT], const struct sample *sample) {
    for (size_t i = 0; i < KNOB_COUNT; i++) {
        struct figure now = sample->knob[i].value;
        if (figure_known(now) && (!figure_known(known[i]) || known[i].value != now.value))
            return true;
    }
    return false;
}

struct knob_changes knob_changes_find(struct figure known[KNOB_COUNT], const struct sample *sample) {
    struct knob_changes changes = {0};
    bool range_moved = false;

    if (!any_differs(known, sample))
        return changes;
    for (size_t i = 0; i < KNOB_COUNT; i += parts_of((enum knob)i)) {
        struct knob_change change = {.knob = (enum knob)i, .parts = parts_of((enum knob)i)};
        if (!take_key(&known[i], &sample->knob[i], &change))
            continue;
        range_moved |= change.knob == KNOB_PORT_RANGE_LOW;
        /* Of the reserved ports those within the range are counted: another range, another count. */
        if (change.knob != KNOB_PORTS_RESERVED || !range_moved)
            add_change(&changes, &change);
    }
    return changes;
}

void knob_change_format(const struct knob_change *change, bool old, struct text *text) {
    for (size_t i = 0; i < change->parts; i++)
        text_add(text, "%s%" PRIu64, i > 0 ? " " : "", old ? change->from[i] : change->to[i]);
    if (change->knob == KNOB_PORTS_RESERVED)
        text_add(text, " ports");
}

struct figure outcome_syn_drops(const struct sample *sample) {
    const struct figure *increase = sample->recent_increase;
    struct figure full = increase[COUNTER_REQ_QUEUE_FULL_DROP];
    struct figure dropped =
        figure_subtract(increase[COUNTER_LISTEN_DROPS], increase[COUNTER_LISTEN_OVERFLOWS]);

    /* What is dropped on a full queue is counted as a listen drop too (tcp_conn_request). */
    if (!figure_known(dropped) || (figure_known(full) && full.value > dropped.value))
        dropped = full;
    return figure_per_second(dropped, sample->recent_usec);
}

static bool is_back(const struct knob_change *change) {
    return memcmp(change->from, change->to, sizeof change->from) == 0;
}

/* One more change of a key that is there already, or of another. */
static void merge_change(struct knob_changes *all, const struct knob_change *change) {
    for (size_t i = 0; i < all->count; i++) {
        if (all->change[i].knob != change->knob)
            continue;
        memcpy(all->change[i].to, change->to, sizeof change->to);
        if (is_back(&all->change[i]))
            all->change[i] = all->change[--all->count];
        return;
    }
    add_change(all, change);
}

static void merge(struct knob_changes *all, const struct knob_changes *changes) {
    for (size_t i = 0; i < changes->count; i++)
        merge_change(all, &changes->change[i]);
    all->syn = false;
    for (size_t i = 0; i < all->count; i++)
        all->syn |= decides_on_syns(all->change[i].knob);
}

static struct outcome_figure figure_of_breach(const struct breach *breach) {
    /* The limit of events per second is of something else: of the queue that they run over. */
    bool is_rate = condition_info(breach->condition)->is_rate;

    return (struct outcome_figure){
        .value = FIGURE_OF(breach->value),
        .limit = is_rate ? FIGURE_NONE : breach->limit,
    };
}

static bool is_about_syns(const struct finding *finding, enum condition condition) {
    return finding->family == FAMILY_HANDSHAKE &&
           (condition == CONDITION_SYN_RECV || condition == CONDITION_SYN_OVERFLOW);
}

/* All but what was told lately. */
static void forget(struct outcome_watch *watch) {
    watch->outcome = (struct outcome){0};
    watch->changed_usec = 0;
    watch->drops_before = FIGURE_NONE;
    watch->subsiding = false;
    watch->related = false;
}

/* The first change that is not yet judged: what was until then. */
static void start_watch(struct outcome_watch *watch, const struct breach *before, struct figure drops) {
    forget(watch);
    watch->outcome.verdict = VERDICT_PENDING;
    watch->outcome.condition = before->condition;
    watch->outcome.before = figure_of_breach(before);
    watch->drops_before = drops;
    watch->subsiding = before->stale || before->value < before->threshold;
}

bool outcome_may_tell(struct outcome_watch *watch, bool changed, uint64_t now_usec) {
    bool over = now_usec - watch->told_since_usec >= TELL_USEC;

    watch->untold |= changed;
    if (!watch->untold || (!over && watch->told >= TOLD_MAX))
        return false;
    if (over || watch->told == 0) {
        watch->told_since_usec = now_usec;
        watch->told = 0;
    }
    watch->told++;
    watch->untold = false;
    return changed || watch->outcome.verdict == VERDICT_PENDING;
}

static bool any_acts_on(const struct knob_changes *changes, enum problem_family family) {
    for (size_t i = 0; i < changes->count; i++)
        if (acts_on[changes->change[i].knob] & (1U << family))
            return true;
    return false;
}

struct outcome outcome_begin(struct outcome_watch *watch, const struct knob_changes *changes,
                             const struct finding *finding, const struct breach *before, struct figure drops,
                             uint64_t now_usec) {
    struct outcome *outcome = &watch->outcome;

    if (outcome->verdict != VERDICT_PENDING)
        start_watch(watch, before, drops);
    merge(&outcome->changes, changes);
    watch->related = any_acts_on(&outcome->changes, finding->family);
    watch->changed_usec = now_usec;
    if (outcome->changes.count == 0) {
        forget(watch);
        return (struct outcome){.changes = *changes};
    }
    if (!outcome->drops && outcome->changes.syn && figure_known(watch->drops_before) &&
        is_about_syns(finding, outcome->condition)) {
        outcome->drops = true;
        outcome->before = (struct outcome_figure){.value = watch->drops_before};
    }
    struct outcome told = *outcome;
    told.changes = *changes;
    return told;
}

/* @return unknown if the figure of before was not measured again since the change */
static struct outcome_figure measure(const struct outcome_watch *watch, const struct finding *finding,
                                     const struct sample *sample) {
    const struct breach *lead = &finding->lead;

    if (watch->outcome.drops)
        return (struct outcome_figure){.value = outcome_syn_drops(sample)};
    if (lead->stale || lead->condition != watch->outcome.condition ||
        lead->measured_usec < watch->changed_usec)
        return (struct outcome_figure){0};
    return figure_of_breach(lead);
}

static enum verdict compare(const struct outcome_figure *before, const struct outcome_figure *after) {
    uint64_t from = before->value.value, to = after->value.value;

    /* A wider range or a larger table moves the limit, not the number. */
    if (figure_known(before->limit) && figure_known(after->limit) &&
        before->limit.value != after->limit.value) {
        from = permyriad_of(from, before->limit.value);
        to = permyriad_of(to, after->limit.value);
    }
    if (from == 0)
        return to > WORSE_FLOOR ? VERDICT_WORSE : VERDICT_NO_EFFECT;
    uint32_t ratio = permyriad_of(to, from);
    if (ratio <= HELPED_RATIO)
        return VERDICT_HELPED;
    return ratio >= WORSE_RATIO ? VERDICT_WORSE : VERDICT_NO_EFFECT;
}

bool outcome_judge(struct outcome_watch *watch, const struct finding *finding, const struct sample *sample) {
    struct outcome *outcome = &watch->outcome;
    uint64_t waited = sample->taken_usec - watch->changed_usec;

    if (outcome->verdict != VERDICT_PENDING || waited < JUDGE_USEC)
        return false;
    outcome->after = measure(watch, finding, sample);
    if (figure_known(outcome->after.value))
        outcome->verdict = compare(&outcome->before, &outcome->after);
    else if (waited >= GIVE_UP_USEC)
        outcome->verdict = VERDICT_UNKNOWN;
    else
        return false;
    outcome->waited_usec = waited;
    return true;
}

bool outcome_may_have_ended(const struct outcome_watch *watch, uint64_t now_usec) {
    enum verdict verdict = watch->outcome.verdict;

    return (verdict == VERDICT_PENDING || verdict == VERDICT_HELPED) && watch->related && !watch->subsiding &&
           now_usec - watch->changed_usec <= RECENT_USEC;
}

const char *verdict_name(enum verdict verdict) {
    static const char *const name[] = {
        [VERDICT_NONE] = "",         [VERDICT_PENDING] = "pending",
        [VERDICT_HELPED] = "helped", [VERDICT_NO_EFFECT] = "no-effect",
        [VERDICT_WORSE] = "worse",   [VERDICT_UNKNOWN] = "unknown",
    };

    return name[verdict];
}
