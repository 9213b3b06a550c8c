/* SPDX-License-Identifier: MIT */
/* How fast a breach grows, by measurements and not by ticks. */
#include "threshold_bench.h"

static struct bench watched(void) {
    struct bench bench = fresh();

    bench.config.rule[CONDITION_CLOSE_WAIT].hold_usec = 0;
    return bench;
}

static const struct breach *breach_of(const struct bench *bench, enum condition condition) {
    for (size_t i = 0; i < bench->count; i++)
        if (bench->breach[i].condition == condition)
            return &bench->breach[i];
    return NULL;
}

/* CLOSE-WAIT from 200 on, for some seconds by a step and then by another. */
static void test_trend(void **state) {
    static const struct {
        const char *name;
        int seconds, step, then_seconds, then_step;
        bool known;
        int64_t per_min;
    } rows[] = {
        {"4 s are too short", 4, 10, 0, 0, false, 0},
        {"5 s", 5, 10, 0, 0, true, 600},
        {"steady", 300, 0, 0, 0, true, 0},
        {"growing for 59 s", 59, 2, 0, 0, true, 120},
        {"growing for long", 1000, 2, 0, 0, true, 120},
        {"shrinking", 30, 100, 120, -10, true, -600},
        {"what was a minute ago is forgotten", 90, 100, 60, 0, true, 0},
        {"half of the reference's time", 60, 0, 30, 4, true, 240},
        {"growth from half a minute before the turn", 60, 0, 29, 59, true, 1740},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = watched();
        uint64_t *value = &bench.sample.state[STATE_CLOSE_WAIT].value;
        bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(200);
        step(&bench, SECOND);
        for (int second = 0; second < rows[i].seconds + rows[i].then_seconds; second++) {
            *value += (uint64_t)(second < rows[i].seconds ? rows[i].step : rows[i].then_step);
            step(&bench, SECOND);
        }
        const struct breach *breach = breach_of(&bench, CONDITION_CLOSE_WAIT);
        assert_non_null(breach);
        check_row(rows[i].name, breach->trend_known, rows[i].known);
        check_row(rows[i].name, breach->growth_per_min, rows[i].per_min);
    }
}

static void test_an_old_walk_is_no_trend(void **state) {
    struct bench bench = watched();

    (void)state;
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(200);
    step(&bench, SECOND);
    for (int i = 0; i < 100; i++) {
        bench.sample.taken_usec += SECOND;
        bench.count = threshold_evaluate(&bench.config, &bench.sample, &bench.tracker, bench.breach);
        check_row("one walk", breach_of(&bench, CONDITION_CLOSE_WAIT)->trend_known, false);
    }
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(401);
    bench.sample.walked_usec += 201 * SECOND / 10;
    bench.count = threshold_evaluate(&bench.config, &bench.sample, &bench.tracker, bench.breach);
    check_row("two walks, 20.1 s apart", breach_of(&bench, CONDITION_CLOSE_WAIT)->growth_per_min, 600);
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_NONE;
    step(&bench, SECOND);
    check_row("not measured now", breach_of(&bench, CONDITION_CLOSE_WAIT)->growth_per_min, 600);
}

static void test_trend_when_time_goes_back(void **state) {
    struct bench bench = watched();

    (void)state;
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(200);
    for (int i = 0; i < 40; i++)
        step(&bench, SECOND);
    bench.sample.taken_usec -= 600 * SECOND;
    step(&bench, 0);
    check_row("begins anew", breach_of(&bench, CONDITION_CLOSE_WAIT)->trend_known, false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trend),
        cmocka_unit_test(test_an_old_walk_is_no_trend),
        cmocka_unit_test(test_trend_when_time_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
