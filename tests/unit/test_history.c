/* SPDX-License-Identifier: MIT */
/* The ring of the last minutes, read back as JSON. */
#include "case.h"

#include <jansson.h>

#include "history.h"

#define SECOND 1000000ULL
#define U      UINT64_MAX /* in a row: the count is not known */

static struct history history;
static struct sample sample;

static int start_anew(void **state) {
    (void)state;
    history = (struct history){0};
    sample = quiet_sample();
    return 0;
}

static void add_at(uint64_t usec, uint64_t close_wait, uint64_t interval_usec) {
    sample.taken_usec = 1000 * SECOND + usec;
    sample.state[STATE_CLOSE_WAIT] = close_wait == U ? FIGURE_NONE : FIGURE_OF(close_wait);
    history_add(&history, &sample, interval_usec);
}

/* @return the whole object, as the file has it */
static json_t *written(void) {
    static char buffer[16384];
    struct json_text json = json_text_in(buffer, sizeof buffer);
    json_error_t error;

    json_text_open_object(&json, NULL);
    json_text_number(&json, "before", 1);
    history_write(&json, &history);
    json_text_number(&json, "after", 2);
    json_text_close_object(&json);
    json_t *root = json_loadb(buffer, json.text.length, JSON_REJECT_DUPLICATES, &error);
    if (!root || json.text.cut)
        fail_msg("%s: %s", error.text, buffer);
    assert_int_equal(json_object_size(root), 3);
    json_t *member = json_incref(json_object_get(root, "history"));
    json_decref(root);
    return member;
}

static const json_t *series_of(const json_t *member, const char *name) {
    return json_object_get(json_object_get(member, "series"), name);
}

/* Checks the points of CLOSE-WAIT, the oldest first. */
static void check_points(const char *name, const uint64_t *wanted, size_t count) {
    json_t *member = written();
    const json_t *series = series_of(member, "CLOSE-WAIT");

    check_row(name, json_integer_value(json_object_get(member, "points")), count);
    check_row(name, json_array_size(series), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *point = json_array_get(series, i);
        check_row(name, json_is_null(point) ? U : (uint64_t)json_integer_value(point), wanted[i]);
    }
    json_decref(member);
}

static void test_starts_empty(void **state) {
    (void)state;
    add_at(0, 7, SECOND);
    json_t *member = written();
    assert_int_equal(json_integer_value(json_object_get(member, "step_usec")), 5 * SECOND);
    assert_int_equal(json_object_size(json_object_get(member, "series")), 10);
    for (int i = 1; i < STATE_COUNT; i++)
        if (i != STATE_CLOSED)
            assert_true(json_is_array(series_of(member, tcp_state_name((enum tcp_state)i))));
    json_decref(member);
    check_points("empty", NULL, 0);
}

static void test_step_follows_the_interval(void **state) {
    static const struct {
        const char *name;
        uint64_t interval_msec, step_msec;
    } rows[] = {
        {"100 ms", 100, 5000}, {"1 s", 1000, 5000}, {"no part of 5 s", 700, 5600},
        {"3 s", 3000, 6000},   {"5 s", 5000, 5000}, {"a minute", 60000, 60000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        add_at(0, 0, rows[i].interval_msec * 1000);
        check_row(rows[i].name, history.step_usec, rows[i].step_msec * 1000);
    }
}

struct tick {
    uint64_t msec, count;
};

/* Series of ticks, and the points that stand after the last of them. */
static void test_points(void **state) {
    static const struct {
        const char *name;
        uint64_t interval_msec;
        struct tick tick[16];
        size_t ticks;
        uint64_t point[8];
        size_t points;
    } rows[] = {
        {"a step is over when the next begins", 5000, {{0, 3}, {5000, 4}}, 2, {3}, 1},
        {"not before", 1000, {{0, 3}, {1000, 9}, {4000, 4}}, 3, {0}, 0},
        {"the highest", 1000, {{0, 3}, {1000, 9}, {2000, 4}, {5000, 1}}, 4, {9}, 1},
        {"it belongs to the next step", 1000, {{0, 3}, {5000, 9}, {10000, 1}}, 3, {3, 9}, 2},
        {"known once in a step", 1000, {{0, U}, {1000, 2}, {2000, U}, {5000, 0}}, 4, {2}, 1},
        {"never known in a step", 1000, {{0, U}, {1000, U}, {5000, 5}, {10000, 0}}, 4, {U, 5}, 2},
        {"ticks that are early and late", 5000, {{3, 1}, {4999, 2}, {10004, 3}, {14998, 4}}, 4, {1, 2, 3}, 3},
        {"a second look between", 5000, {{0, 1}, {1250, 8}, {5000, 2}, {10000, 0}}, 4, {8, 2}, 2},
        {"missed ticks", 1000, {{0, 1}, {17000, 2}, {22000, 0}}, 3, {1, U, U, 2}, 4},
        {"late by less than a step", 1000, {{0, 1}, {7000, 2}, {12000, 3}}, 3, {1, 2}, 2},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        start_anew(state);
        for (size_t j = 0; j < rows[i].ticks; j++)
            add_at(rows[i].tick[j].msec * 1000, rows[i].tick[j].count, rows[i].interval_msec * 1000);
        check_points(rows[i].name, rows[i].point, rows[i].points);
    }
}

static void test_ring_forgets_the_oldest(void **state) {
    uint64_t wanted[STATUS_HISTORY];

    (void)state;
    for (uint64_t i = 0; i <= 100; i++)
        add_at(i * 5 * SECOND, i, 5 * SECOND);
    for (size_t i = 0; i < STATUS_HISTORY; i++)
        wanted[i] = 100 - STATUS_HISTORY + i;
    check_points("ring", wanted, STATUS_HISTORY);
}

/* Also when it has stood still for longer than the ring goes back. */
static void test_long_gap(void **state) {
    uint64_t wanted[STATUS_HISTORY];

    (void)state;
    for (uint64_t i = 0; i < 10; i++)
        add_at(i * 5 * SECOND, i, 5 * SECOND);
    add_at(1000000 * SECOND, 5, 5 * SECOND);
    for (size_t i = 0; i < STATUS_HISTORY; i++)
        wanted[i] = U;
    check_points("gap", wanted, STATUS_HISTORY);
}

static void test_other_interval_starts_anew(void **state) {
    (void)state;
    add_at(0, 1, SECOND);
    add_at(5 * SECOND, 2, SECOND);
    check_points("before", (const uint64_t[]){1}, 1);
    add_at(6 * SECOND, 3, 10 * SECOND);
    check_points("another step", NULL, 0);
    add_at(16 * SECOND, 4, 10 * SECOND);
    check_points("after", (const uint64_t[]){3}, 1);
}

/* All points as long as they can be: it fits, and what is larger than a point is the largest. */
static void test_as_large_as_can_be(void **state) {
    (void)state;
    for (int i = 0; i < STATE_COUNT; i++)
        sample.state[i] = FIGURE_OF(UINT64_MAX);
    for (uint64_t i = 0; i <= STATUS_HISTORY; i++)
        add_at(i * 5 * SECOND, UINT64_MAX - 1, 5 * SECOND);
    json_t *member = written();
    for (int i = 1; i < STATE_COUNT; i++)
        if (i != STATE_CLOSED)
            assert_int_equal(json_integer_value(json_array_get(
                                 series_of(member, tcp_state_name((enum tcp_state)i)), STATUS_HISTORY - 1)),
                             UINT32_MAX - 1);
    json_decref(member);
}

/* The text is made when a step ends, and only then. */
static void test_rendered_once_a_step(void **state) {
    (void)state;
    add_at(0, 1, SECOND);
    history.text[history.text_length - 1] = '!';
    add_at(SECOND, 1, SECOND);
    assert_int_equal(history.text[history.text_length - 1], '!');
    add_at(5 * SECOND, 1, SECOND);
    assert_int_equal(history.text[history.text_length - 1], '}');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_starts_empty, start_anew),
        cmocka_unit_test_setup(test_step_follows_the_interval, start_anew),
        cmocka_unit_test_setup(test_points, start_anew),
        cmocka_unit_test_setup(test_ring_forgets_the_oldest, start_anew),
        cmocka_unit_test_setup(test_long_gap, start_anew),
        cmocka_unit_test_setup(test_other_interval_starts_anew, start_anew),
        cmocka_unit_test_setup(test_as_large_as_can_be, start_anew),
        cmocka_unit_test_setup(test_rendered_once_a_step, start_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
