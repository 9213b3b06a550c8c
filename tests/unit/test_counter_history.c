/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "counter_history.h"
#include "util.h"

#define ONE COUNTER_PASSIVE_OPENS
#define TWO COUNTER_LISTEN_DROPS

static struct counter_history history;
static struct sample sample;

static int begin(void **state) {
    (void)state;
    memset(&history, 0, sizeof history);
    memset(&sample, 0, sizeof sample);
    sample.taken_usec = 1000 * USEC_PER_SEC;
    return 0;
}

/* Takes in the two counters after @p msec; what is negative cannot be read. */
static void tick(uint64_t msec, int64_t one, int64_t two) {
    sample.taken_usec += msec * USEC_PER_MSEC;
    sample.counter[ONE] = one < 0 ? FIGURE_NONE : FIGURE_OF((uint64_t)one);
    sample.counter[TWO] = two < 0 ? FIGURE_NONE : FIGURE_OF((uint64_t)two);
    counter_history_add(&history, &sample);
}

static void check_one(const char *name, struct figure figure, bool known, uint64_t value) {
    check_row(name, figure_known(figure), known);
    check_row(name, figure_or(figure, 0), value);
}

static void test_first(void **state) {
    (void)state;
    tick(0, 100, 200);
    assert_int_equal(sample.span_usec, 0);
    assert_int_equal(sample.recent_usec, 0);
    check_one("first", sample.increase[ONE], false, 0);
    check_one("first", sample.recent_increase[ONE], false, 0);
}

static void test_window(void **state) {
    (void)state;
    tick(0, 0, 0);
    for (int i = 1; i <= 20; i++) {
        tick(1000, 10L * i, 0);
        uint64_t seconds = i < 5 ? (uint64_t)i : 5;
        check_one("step", sample.increase[ONE], true, 10);
        check_row("span", sample.span_usec, USEC_PER_SEC);
        check_row("recent", sample.recent_usec, seconds * USEC_PER_SEC);
        check_one("recent", sample.recent_increase[ONE], true, 10 * seconds);
        check_one("still", sample.recent_increase[TWO], true, 0);
    }
}

/* Steps that the five seconds cut through are left out. */
static void test_uneven_steps(void **state) {
    (void)state;
    tick(0, 0, 0);
    tick(3000, 3, 0);
    tick(2000, 5, 0);
    check_row("fits", sample.recent_usec, 5 * USEC_PER_SEC);
    check_one("fits", sample.recent_increase[ONE], true, 5);
    tick(1, 6, 0);
    check_row("the oldest is out", sample.recent_usec, 2 * USEC_PER_SEC + USEC_PER_MSEC);
    check_one("the oldest is out", sample.recent_increase[ONE], true, 3);
    tick(60000, 66, 0);
    check_row("one long step", sample.recent_usec, 60 * USEC_PER_SEC);
    check_one("one long step", sample.recent_increase[ONE], true, 60);
}

static void test_many_short_steps(void **state) {
    (void)state;
    tick(0, 0, 0);
    for (int i = 1; i <= 3 * HISTORY_TICKS; i++)
        tick(10, i, 0);
    check_row("as many as are kept", sample.recent_usec, HISTORY_TICKS * 10 * USEC_PER_MSEC);
    check_one("as many as are kept", sample.recent_increase[ONE], true, HISTORY_TICKS);
}

/* A gap in one counter leaves the others alone, and is over when it leaves the window. */
static void test_gap(void **state) {
    (void)state;
    tick(0, 0, 0);
    tick(1000, 1, 1);
    tick(1000, -1, 2);
    check_one("unreadable", sample.increase[ONE], false, 0);
    check_one("the other", sample.recent_increase[TWO], true, 2);
    tick(1000, 3, 3);
    check_one("nothing to compare with", sample.increase[ONE], false, 0);
    for (int i = 4; i <= 7; i++) {
        tick(1000, i, i);
        check_one("step", sample.increase[ONE], true, 1);
        check_one("gap in the window", sample.recent_increase[ONE], false, 0);
        check_one("the other", sample.recent_increase[TWO], true, i < 5 ? (uint64_t)i : 5);
    }
    tick(1000, 8, 8);
    check_one("gap out of the window", sample.recent_increase[ONE], true, 5);
}

static void test_reset(void **state) {
    (void)state;
    tick(0, 1000, 1000);
    tick(1000, 1010, 1010);
    tick(1000, 3, 1020);
    check_one("reset", sample.increase[ONE], false, 0);
    check_one("the other", sample.increase[TWO], true, 10);
    check_one("emptied", sample.recent_increase[TWO], false, 0);
    check_row("emptied", sample.recent_usec, 0);
    tick(1000, 8, 1030);
    check_one("new count", sample.recent_increase[ONE], true, 5);
    check_one("new count", sample.recent_increase[TWO], true, 10);
    check_row("new count", sample.recent_usec, USEC_PER_SEC);
}

static void test_wrap(void **state) {
    (void)state;
    tick(0, UINT32_MAX - 4, 0);
    tick(1000, UINT32_MAX, 0);
    tick(1000, 5, 0);
    check_one("wrapped", sample.increase[ONE], true, 6);
    check_one("wrapped", sample.recent_increase[ONE], true, 10);
}

/* A column that the kernel lacks is neither a gap nor a reset. */
static void test_absent(void **state) {
    (void)state;
    sample.counter[COUNTER_SYN_RETRANS] = FIGURE_MISSING;
    tick(0, 0, 0);
    tick(1000, 1, 0);
    tick(1000, 2, 0);
    check_one("absent", sample.recent_increase[COUNTER_SYN_RETRANS], false, 0);
    check_one("the other", sample.recent_increase[ONE], true, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_first, begin),
        cmocka_unit_test_setup(test_window, begin),
        cmocka_unit_test_setup(test_uneven_steps, begin),
        cmocka_unit_test_setup(test_many_short_steps, begin),
        cmocka_unit_test_setup(test_gap, begin),
        cmocka_unit_test_setup(test_reset, begin),
        cmocka_unit_test_setup(test_wrap, begin),
        cmocka_unit_test_setup(test_absent, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
