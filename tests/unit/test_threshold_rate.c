/* SPDX-License-Identifier: MIT */
/* Rates: looked at twice, peaks and lulls, and whom an overflow is laid to. */
#include "threshold_bench.h"

static void test_a_rate_is_raised_at_its_second_look(void **state) {
    struct bench bench = fresh();
    struct listener listeners[2] = {listener_on(80, 128), listener_on(443, 1024)};

    (void)state;
    listeners[0].half_open = 10;
    listeners[1].half_open = 1025;
    bench.sample.listener = listeners;
    bench.sample.listener_count = 2;
    step(&bench, SECOND);
    bench.sample.increase[COUNTER_REQ_QUEUE_FULL_COOKIES] = FIGURE_OF(20000);
    step(&bench, SECOND);
    check_row("first look", severity_of(&bench, CONDITION_SYN_OVERFLOW), SEVERITY_NONE);
    assert_true(threshold_awaits_second_look(&bench.tracker));
    bench.sample.increase[COUNTER_REQ_QUEUE_FULL_COOKIES] = FIGURE_OF(5000);
    step(&bench, SECOND / 4);
    check_row("second look", severity_of(&bench, CONDITION_SYN_OVERFLOW), SEVERITY_CRITICAL);
    assert_false(threshold_awaits_second_look(&bench.tracker));
    check_row("per second", bench.breach[bench.count - 1].value, 20000);
    check_row("laid to the fullest", bench.breach[bench.count - 1].blamed.port, 443);
    check_row("whose limit it ran over", bench.breach[bench.count - 1].limit.value, 1024);
    listeners[0].half_open = 128;
    listeners[1].half_open = 0;
    step(&bench, SECOND);
    check_row("the blame does not wander", bench.breach[bench.count - 1].blamed.port, 443);
}

/* Counters that cannot be read tell no more for being read more often. */
static void test_a_second_look_needs_its_counters(void **state) {
    struct bench bench = fresh();

    (void)state;
    step(&bench, SECOND);
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(50);
    step(&bench, SECOND);
    assert_true(threshold_awaits_second_look(&bench.tracker));
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_NONE;
    step(&bench, SECOND / 4);
    assert_false(threshold_awaits_second_look(&bench.tracker));
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(50);
    for (int i = 0; i < 3; i++)
        step(&bench, SECOND);
    check_row("readable again", severity_of(&bench, CONDITION_ACCEPT_OVERFLOW), SEVERITY_WARNING);
}

static void test_peaks_with_a_long_hold(void **state) {
    struct bench bench = fresh();

    (void)state;
    step(&bench, SECOND);
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(50);
    step(&bench, SECOND);
    assert_true(threshold_awaits_second_look(&bench.tracker));
    for (int i = 0; i < 2; i++) {
        step(&bench, SECOND);
        assert_false(threshold_awaits_second_look(&bench.tracker)); /* looked twice, waiting for the hold */
    }
    check_row("held for 3 s", severity_of(&bench, CONDITION_ACCEPT_OVERFLOW), SEVERITY_WARNING);
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(7);
    for (int i = 0; i < 14; i++)
        step(&bench, SECOND);
    check_row("under for 14 s", severity_of(&bench, CONDITION_ACCEPT_OVERFLOW), SEVERITY_WARNING);
    step(&bench, SECOND);
    check_row("under for 15 s", severity_of(&bench, CONDITION_ACCEPT_OVERFLOW), SEVERITY_NONE);
}

/* Two peaks a second, none of them during the second look. */
static void test_a_lull_refutes_no_rate(void **state) {
    struct bench bench = fresh();

    (void)state;
    step(&bench, SECOND);
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(23);
    step(&bench, SECOND);
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(0);
    step(&bench, SECOND / 4);
    assert_false(threshold_awaits_second_look(&bench.tracker)); /* no use in a third */
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(23);
    step(&bench, SECOND * 3 / 4);
    check_row("held for 2 s", severity_of(&bench, CONDITION_ACCEPT_OVERFLOW), SEVERITY_NONE);
    step(&bench, SECOND);
    check_row("held for 3 s", severity_of(&bench, CONDITION_ACCEPT_OVERFLOW), SEVERITY_WARNING);
}

static void test_one_peak_is_nothing(void **state) {
    struct bench bench = fresh();

    (void)state;
    step(&bench, SECOND);
    bench.sample.increase[COUNTER_REQ_QUEUE_FULL_COOKIES] = FIGURE_OF(20000);
    step(&bench, SECOND);
    bench.sample.increase[COUNTER_REQ_QUEUE_FULL_COOKIES] = FIGURE_OF(0);
    step(&bench, SECOND / 4);
    for (int i = 0; i < 5; i++) {
        step(&bench, SECOND);
        check_row("one peak", severity_of(&bench, CONDITION_SYN_OVERFLOW), SEVERITY_NONE);
    }
}

static void test_nobody_is_blamed_for_a_queue_that_is_not_full(void **state) {
    struct bench bench = fresh();
    struct listener listeners[2] = {listener_on(8001, 8), listener_on(8002, 4096)};

    (void)state;
    listeners[1].accept_queue = 3;
    bench.sample.listener = listeners;
    bench.sample.listener_count = 2;
    bench.sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(1389);
    for (int i = 0; i < 5; i++)
        step(&bench, SECOND);
    check_row("raised", severity_of(&bench, CONDITION_ACCEPT_OVERFLOW), SEVERITY_CRITICAL);
    check_row("on nobody", bench.breach[0].blamed.family, ENDPOINT_NONE);
    listeners[0].accept_queue = 9;
    step(&bench, SECOND);
    check_row("and it stays so: the incident must not move", bench.breach[bench.count - 1].blamed.family,
              ENDPOINT_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rate_is_raised_at_its_second_look),
        cmocka_unit_test(test_a_second_look_needs_its_counters),
        cmocka_unit_test(test_peaks_with_a_long_hold),
        cmocka_unit_test(test_a_lull_refutes_no_rate),
        cmocka_unit_test(test_one_peak_is_nothing),
        cmocka_unit_test(test_nobody_is_blamed_for_a_queue_that_is_not_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
