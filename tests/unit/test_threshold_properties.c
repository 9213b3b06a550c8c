/* SPDX-License-Identifier: MIT */
/*
 * What holds for the threshold stage whatever the configuration and the values. Random ones, from a seed that
 * is printed: TEST_SEED=N runs the same again.
 */
#include <inttypes.h>

#include "config_case.h"
#include "random_config.h"
#include "threshold_bench.h"

#define CONFIGS      300
#define TICKS        200
#define VALUE_MAX    100000
#define MINUTE       (60 * SECOND)
#define SETTLE_STEPS 8

static uint64_t seed;

/* One condition under one rule, and the sample's place for its value. */
struct trial {
    struct bench bench;
    enum condition condition;
    struct threshold_rule *rule;
    struct listener listener;
    uint64_t limit; /* what a percentage is of */
};

/* Gauges of each kind: counted by a walk, counted at each tick, with a limit, of a listener. */
static const enum condition gauges[] = {
    CONDITION_CLOSE_WAIT,  CONDITION_FIN_WAIT_2, CONDITION_LAST_ACK,
    CONDITION_ESTABLISHED, CONDITION_TIME_WAIT,  CONDITION_ORPHANS,
    CONDITION_TCP_MEMORY,  CONDITION_CONNTRACK,  CONDITION_ACCEPT_QUEUE,
};

static struct threshold_rule some_rule(const struct condition_info *info) {
    struct threshold_rule rule = random_rule(&seed, info);

    if (rule.warning.unit == UNIT_COUNT) {
        rule.critical.value = random_in(&seed, 1, VALUE_MAX);
        rule.warning.value = random_in(&seed, 1, rule.critical.value);
    }
    rule.enabled = true;
    rule.floor = random_once_in(&seed, 2) ? 0 : random_in(&seed, 0, VALUE_MAX / 2);
    rule.hold_usec = random_once_in(&seed, 3) ? 0 : random_in(&seed, 0, 2 * MINUTE);
    rule.clear_usec = random_once_in(&seed, 3) ? 0 : random_in(&seed, 0, 2 * MINUTE);
    return rule;
}

static struct figure *limit_place(struct trial *trial) {
    static const enum knob knobs[CONDITION_COUNT] = {
        [CONDITION_TIME_WAIT] = KNOB_TCP_MAX_TW_BUCKETS,
        [CONDITION_ORPHANS] = KNOB_TCP_MAX_ORPHANS,
        [CONDITION_TCP_MEMORY] = KNOB_TCP_MEM_MAX,
        [CONDITION_CONNTRACK] = KNOB_CONNTRACK_MAX,
    };

    return knobs[trial->condition] == 0 ? NULL : &trial->bench.sample.knob[knobs[trial->condition]].value;
}

static void start(struct trial *trial, enum condition condition) {
    *trial =
        (struct trial){.bench = fresh(), .condition = condition, .limit = random_in(&seed, 1, VALUE_MAX)};
    for (int i = 0; i < CONDITION_COUNT; i++)
        trial->bench.config.rule[i].enabled = false;
    trial->bench.config.interval_usec = MINUTE; /* so that no step of the test is a gap */
    trial->rule = &trial->bench.config.rule[condition];
    *trial->rule = some_rule(condition_info(condition));
    trial->listener = listener_on(80, (uint32_t)trial->limit);
    if (limit_place(trial))
        *limit_place(trial) = FIGURE_OF(trial->limit);
}

static void start_any(struct trial *trial) {
    start(trial, gauges[random_next(&seed) % ARRAY_SIZE(gauges)]);
}

static void set(struct trial *trial, struct figure value) {
    struct sample *sample = &trial->bench.sample;

    switch (trial->condition) {
    case CONDITION_ORPHANS:
        sample->gauge[GAUGE_ORPHANS] = value;
        break;
    case CONDITION_TCP_MEMORY:
        sample->gauge[GAUGE_MEMORY_PAGES] = value;
        break;
    case CONDITION_CONNTRACK:
        sample->gauge[GAUGE_CONNTRACK] = value;
        break;
    case CONDITION_ACCEPT_QUEUE:
        sample->listeners_known = figure_known(value);
        sample->listener = &trial->listener;
        sample->listener_count = figure_known(value) ? 1 : 0;
        trial->listener.accept_queue = (uint32_t)value.value;
        break;
    default:
        sample->state[condition_info(trial->condition)->state] = value;
    }
}

/* @return the severity that @p value has come to, @p after_usec later */
static enum severity judge(struct trial *trial, struct figure value, uint64_t after_usec) {
    set(trial, value);
    step(&trial->bench, after_usec);
    return severity_of(&trial->bench, trial->condition);
}

static enum severity settle(struct trial *trial, uint64_t value) {
    enum severity severity = SEVERITY_NONE;

    for (int i = 0; i < SETTLE_STEPS; i++)
        severity = judge(trial, FIGURE_OF(value), MINUTE);
    return severity;
}

/* In the test's own arithmetic, which does not overflow. */
static uint64_t share(uint64_t permyriad, uint64_t whole) {
    return (uint64_t)(((unsigned __int128)permyriad * whole + PERMYRIAD - 1) / PERMYRIAD);
}

static uint64_t count_of(const struct trial *trial, struct threshold threshold) {
    if (threshold.unit == UNIT_COUNT)
        return threshold.value;
    uint64_t count = share(threshold.value, trial->limit);
    return count > 0 ? count : 1;
}

static bool is_over(const struct trial *trial, struct threshold threshold, uint64_t value) {
    return value >= count_of(trial, threshold) && value >= trial->rule->floor;
}

static bool is_well_under(const struct trial *trial, struct threshold threshold, uint64_t value) {
    return value < share(8000, count_of(trial, threshold)) || value < trial->rule->floor;
}

/* About the thresholds and the floor, where mistakes are, or anywhere. */
static uint64_t some_value(const struct trial *trial) {
    const uint64_t near[] = {count_of(trial, trial->rule->warning), count_of(trial, trial->rule->critical),
                             share(8000, count_of(trial, trial->rule->warning)),
                             share(8000, count_of(trial, trial->rule->critical)), trial->rule->floor};
    uint64_t at = near[random_next(&seed) % ARRAY_SIZE(near)], off = random_next(&seed) % 3;

    if (random_once_in(&seed, 3))
        return random_in(&seed, 0, 2 * VALUE_MAX);
    return at + off > 0 ? at + off - 1 : 0;
}

static void expect(const struct trial *trial, const char *what, uint64_t value, enum severity got,
                   enum severity wanted) {
    const struct threshold_rule *rule = trial->rule;

    if (got != wanted)
        fail_msg("%s: %s, value %" PRIu64 ", warning %" PRIu64 ", critical %" PRIu64 ", floor %" PRIu64
                 ", hold %" PRIu64 ", clear %" PRIu64 ": %d, wanted %d",
                 what, condition_info(trial->condition)->name, value, count_of(trial, rule->warning),
                 count_of(trial, rule->critical), rule->floor, rule->hold_usec, rule->clear_usec, got,
                 wanted);
}

static void test_what_a_held_value_comes_to(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS * 4; i++) {
        struct trial trial;
        start_any(&trial);
        uint64_t value = some_value(&trial);
        enum severity wanted = is_over(&trial, trial.rule->critical, value)  ? SEVERITY_CRITICAL
                               : is_over(&trial, trial.rule->warning, value) ? SEVERITY_WARNING
                                                                             : SEVERITY_NONE;
        expect(&trial, "held", value, settle(&trial, value), wanted);
        if (wanted != SEVERITY_NONE && trial.bench.breach[0].value != value)
            fail_msg("the breach has another value");
    }
}

static void test_more_is_never_less_severe(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS; i++) {
        struct trial low, high;
        start_any(&low);
        high = low;
        high.rule = &high.bench.config.rule[high.condition];
        uint64_t value = some_value(&low);
        for (int tick = 0; tick < TICKS; tick++) {
            uint64_t more = value + random_next(&seed) % 1000;
            enum severity under = judge(&low, FIGURE_OF(value), 7 * SECOND);
            enum severity over = judge(&high, FIGURE_OF(more), 7 * SECOND);
            if (over < under)
                fail_msg("%" PRIu64 " is %d, but %" PRIu64 " is %d", value, under, more, over);
            value = some_value(&low);
        }
    }
}

/* By the clock on the wall: since when it has been over, and under. */
struct wall {
    uint64_t now, over_since, critical_since, under_since, under_critical_since;
    enum severity severity;
};

static uint64_t since(uint64_t before, bool over, uint64_t now) {
    return !over ? 0 : before != 0 ? before : now;
}

static enum severity wall_judge(struct wall *wall, const struct trial *trial, uint64_t value,
                                uint64_t after) {
    const struct threshold_rule *rule = trial->rule;

    wall->now += after;
    wall->over_since = since(wall->over_since, is_over(trial, rule->warning, value), wall->now);
    wall->critical_since = since(wall->critical_since, is_over(trial, rule->critical, value), wall->now);
    wall->under_since = since(wall->under_since, is_well_under(trial, rule->warning, value), wall->now);
    wall->under_critical_since =
        since(wall->under_critical_since, is_well_under(trial, rule->critical, value), wall->now);
    if (wall->severity == SEVERITY_NONE && wall->over_since != 0 &&
        wall->now - wall->over_since >= rule->hold_usec)
        wall->severity = SEVERITY_WARNING;
    if (wall->severity == SEVERITY_WARNING && wall->critical_since != 0 &&
        wall->now - wall->critical_since >= rule->hold_usec)
        wall->severity = SEVERITY_CRITICAL;
    else if (wall->severity == SEVERITY_CRITICAL && wall->under_critical_since != 0 &&
             wall->now - wall->under_critical_since >= rule->clear_usec)
        wall->severity = SEVERITY_WARNING;
    if (wall->under_since != 0 && wall->now - wall->under_since >= rule->clear_usec)
        wall->severity = SEVERITY_NONE;
    return wall->severity;
}

/* To the end of a hold or a clear, to just before it, or anywhere. */
static uint64_t some_step(const struct wall *wall, const struct trial *trial) {
    uint64_t starts[] = {wall->over_since, wall->critical_since, wall->under_since,
                         wall->under_critical_since};
    size_t i = random_next(&seed) % ARRAY_SIZE(starts);
    uint64_t end = starts[i] + (i < 2 ? trial->rule->hold_usec : trial->rule->clear_usec);
    uint64_t left = end - random_next(&seed) % 2;

    return left > wall->now && left - wall->now < 5 * MINUTE ? left - wall->now
                                                             : random_in(&seed, 1, 2 * MINUTE);
}

/* A value that stays for a while, so that holds are over now and then, and times to the microsecond. */
static void test_hold_and_clear_to_the_tick(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS; i++) {
        struct trial trial;
        struct wall wall = {.now = 1};
        start_any(&trial);
        uint64_t value = 0, stays = 0;
        wall_judge(&wall, &trial, 0, 0);
        judge(&trial, FIGURE_OF(0), SECOND);
        for (int tick = 0; tick < TICKS; tick++) {
            if (stays-- == 0) {
                value = some_value(&trial);
                stays = random_next(&seed) % 12;
            }
            uint64_t after = some_step(&wall, &trial);
            expect(&trial, "by the clock", value, judge(&trial, FIGURE_OF(value), after),
                   wall_judge(&wall, &trial, value, after));
        }
    }
}

/* Without hold and clear the bands alone keep it from flapping. */
static void test_hysteresis(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS; i++) {
        struct trial trial;
        start_any(&trial);
        trial.rule->hold_usec = trial.rule->clear_usec = 0;
        uint64_t warning = count_of(&trial, trial.rule->warning);
        uint64_t critical = count_of(&trial, trial.rule->critical), least = share(8000, warning);
        trial.rule->floor = 0;
        if (critical == warning)
            continue;
        expect(&trial, "raised", warning, judge(&trial, FIGURE_OF(warning), SECOND), SEVERITY_WARNING);
        for (int tick = 0; tick < TICKS; tick++) {
            uint64_t value = random_in(&seed, least, critical - 1);
            expect(&trial, "between the bands", value, judge(&trial, FIGURE_OF(value), SECOND),
                   SEVERITY_WARNING);
        }
        if (least == 0)
            continue;
        expect(&trial, "under", least - 1, judge(&trial, FIGURE_OF(least - 1), SECOND), SEVERITY_NONE);
        for (int tick = 0; tick < TICKS; tick++) {
            uint64_t value = random_in(&seed, 0, warning - 1);
            expect(&trial, "below the warning", value, judge(&trial, FIGURE_OF(value), SECOND),
                   SEVERITY_NONE);
        }
    }
}

static void test_switched_off_is_silent(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS; i++) {
        struct trial trial;
        start_any(&trial);
        uint64_t value = count_of(&trial, trial.rule->critical) + trial.rule->floor;
        expect(&trial, "raised", value, settle(&trial, value), SEVERITY_CRITICAL);
        trial.rule->enabled = false;
        for (int tick = 0; tick < SETTLE_STEPS; tick++) {
            judge(&trial, FIGURE_OF(value), MINUTE);
            check_row("switched off", trial.bench.count, 0);
        }
    }
}

/* The same rule in percent and in counts, tick by tick. */
static void test_percentages_are_counts(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS; i++) {
        struct trial percent, counts;
        do
            start_any(&percent);
        while (percent.rule->warning.unit == UNIT_COUNT);
        counts = percent;
        counts.rule = &counts.bench.config.rule[counts.condition];
        counts.rule->warning = (struct threshold){count_of(&percent, percent.rule->warning), UNIT_COUNT};
        counts.rule->critical = (struct threshold){count_of(&percent, percent.rule->critical), UNIT_COUNT};
        for (int tick = 0; tick < TICKS; tick++) {
            uint64_t value = some_value(&percent), after = random_in(&seed, 1, MINUTE);
            expect(&percent, "in percent", value, judge(&percent, FIGURE_OF(value), after),
                   judge(&counts, FIGURE_OF(value), after));
        }
    }
}

/* What is not known is no time: the same as if the clock had stood still. */
static void test_unknown_is_no_time(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS; i++) {
        struct trial blind, seeing;
        start_any(&blind);
        seeing = blind;
        seeing.rule = &seeing.bench.config.rule[seeing.condition];
        judge(&seeing, FIGURE_OF(0), SECOND);
        enum severity severity = judge(&blind, FIGURE_OF(0), SECOND);
        for (int tick = 0; tick < TICKS; tick++) {
            uint64_t value = some_value(&blind), after = random_in(&seed, 1, MINUTE);
            while (random_once_in(&seed, 3))
                expect(&blind, "unknown", value, judge(&blind, FIGURE_NONE, random_in(&seed, 1, MINUTE)),
                       severity);
            severity = judge(&blind, FIGURE_OF(value), after);
            expect(&blind, "known again", value, severity, judge(&seeing, FIGURE_OF(value), after));
        }
    }
}

static void test_a_share_of_an_unknown_limit_is_unknown(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS; i++) {
        struct trial trial;
        do
            start_any(&trial);
        while (trial.rule->warning.unit == UNIT_COUNT || !limit_place(&trial));
        struct figure limit = *limit_place(&trial);
        uint64_t value = count_of(&trial, trial.rule->critical) + trial.rule->floor;
        *limit_place(&trial) = FIGURE_NONE;
        expect(&trial, "limit unknown", value, settle(&trial, value), SEVERITY_NONE);
        *limit_place(&trial) = limit;
        expect(&trial, "limit known", value, settle(&trial, value), SEVERITY_CRITICAL);
        *limit_place(&trial) = FIGURE_NONE;
        expect(&trial, "unknown again", 0, settle(&trial, 0), SEVERITY_CRITICAL);
    }
}

/* A rate: never at its first look, and at the second only after the hold. */
static void test_rates_are_looked_at_twice(void **state) {
    (void)state;
    for (int i = 0; i < CONFIGS; i++) {
        struct bench bench = fresh();
        struct threshold_rule *rule = &bench.config.rule[CONDITION_TIME_WAIT_OVERFLOW];
        *rule = some_rule(condition_info(CONDITION_TIME_WAIT_OVERFLOW));
        rule->warning.unit = rule->critical.unit = UNIT_COUNT;
        bench.config.interval_usec = MINUTE;
        uint64_t held = 0, value = rule->warning.value > rule->floor ? rule->warning.value : rule->floor;
        step(&bench, SECOND);
        for (int tick = 1; tick <= SETTLE_STEPS; tick++) {
            uint64_t seconds = random_in(&seed, 1, 60);
            bench.sample.increase[COUNTER_TIME_WAIT_OVERFLOW] = FIGURE_OF(value * seconds);
            step(&bench, seconds * SECOND);
            held += seconds * SECOND;
            bool raised = severity_of(&bench, CONDITION_TIME_WAIT_OVERFLOW) != SEVERITY_NONE;
            check_row("raised", raised, tick > 1 && held >= rule->hold_usec);
        }
    }
}

static bool same_rule(const struct threshold_rule *a, const struct threshold_rule *b) {
    return a->enabled == b->enabled && a->warning.value == b->warning.value &&
           a->warning.unit == b->warning.unit && a->critical.value == b->critical.value &&
           a->critical.unit == b->critical.unit && a->floor == b->floor && a->hold_usec == b->hold_usec &&
           a->clear_usec == b->clear_usec;
}

static void test_a_dump_gives_the_same_rules(void **state) {
    static struct config config, loaded;
    char error[CONFIG_ERROR_SIZE];

    for (int i = 0; i < CONFIGS; i++) {
        random_config(&seed, &config);
        CLEANUP_FREE char *text = dump_text(&config);
        if (load_text(*state, text, &loaded, error) < 0)
            fail_msg("%s in\n%s", error, text);
        for (int k = 0; k < CONDITION_COUNT; k++)
            for (size_t p = 0; p <= config.port_count; p++) {
                uint16_t port = p == 0 ? 0 : config.port[p - 1].port;
                if (!same_rule(config_rule(&config, (enum condition)k, port),
                               config_rule(&loaded, (enum condition)k, port)))
                    fail_msg("%s, port %u: another rule after\n%s", condition_info((enum condition)k)->name,
                             port, text);
            }
    }
}

int main(void) {
    const char *given = getenv("TEST_SEED");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_held_value_comes_to),
        cmocka_unit_test(test_more_is_never_less_severe),
        cmocka_unit_test(test_hold_and_clear_to_the_tick),
        cmocka_unit_test(test_hysteresis),
        cmocka_unit_test(test_switched_off_is_silent),
        cmocka_unit_test(test_percentages_are_counts),
        cmocka_unit_test(test_unknown_is_no_time),
        cmocka_unit_test(test_a_share_of_an_unknown_limit_is_unknown),
        cmocka_unit_test(test_rates_are_looked_at_twice),
        cmocka_unit_test(test_a_dump_gives_the_same_rules),
    };

    seed = given ? strtoull(given, NULL, 10) : 0;
    seed = seed > 0 ? seed : 1;
    printf("TEST_SEED=%" PRIu64 "\n", seed);
    return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
