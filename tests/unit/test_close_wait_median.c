/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "close_wait_median.h"
#include "state_walk.h"
#include "util.h"

static struct close_wait_median median;

/* Each row is a walk that sees the cookies first to last. */
static void test_few(void **state) {
    static const struct {
        const char *name;
        bool complete;
        uint64_t first, last, at_sec, median_sec;
    } rows[] = {
        {"none", true, 1, 0, 100, 0},
        {"one, new", true, 1, 1, 110, 0},
        {"one, 10 s", true, 1, 1, 120, 10},
        {"half of two are old", true, 1, 2, 130, 20},
        {"most of three are new", true, 1, 5, 140, 0},
        {"an incomplete walk changes nothing", false, 4, 9, 150, 0},
        {"most of five, 20 s", true, 1, 5, 160, 20},
        {"two of three, 40 s", true, 1, 3, 170, 40},
        {"the oldest alone", true, 1, 1, 180, 70},
        {"all gone", true, 1, 0, 190, 0},
        {"back again is new", true, 1, 1, 200, 0},
    };

    (void)state;
    median = (struct close_wait_median){0};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        close_wait_median_begin(&median);
        for (uint64_t cookie = rows[i].first; cookie <= rows[i].last; cookie++)
            close_wait_median_count(&median, cookie, rows[i].at_sec * USEC_PER_SEC);
        if (rows[i].complete)
            check_row(rows[i].name, close_wait_median_end(&median, rows[i].at_sec * USEC_PER_SEC),
                      rows[i].median_sec * USEC_PER_SEC);
    }
}

/* A leak of 1,000 sockets per second for 60 s: the half of them is 30 s old, of a sample about so. */
static void test_leak(void **state) {
    (void)state;
    median = (struct close_wait_median){0};
    for (uint64_t second = 1; second <= 60; second++) {
        uint64_t usec = second * USEC_PER_SEC;
        close_wait_median_begin(&median);
        for (uint64_t cookie = second * 1000; cookie > 0; cookie--) /* the youngest first */
            close_wait_median_count(&median, cookie, usec);
        uint64_t age_usec = close_wait_median_end(&median, usec);
        check_row("count", median.last.count, CLOSE_WAIT_SAMPLE);
        /* The median of 255 lies between the 40 % and the 60 % quantile but once in 700 times. */
        check_row("not too young", age_usec + USEC_PER_SEC >= usec * 4 / 10, true);
        check_row("not too old", age_usec <= usec * 6 / 10, true);
    }
}

/* Half of them are closed and as many come: those that stay keep their age. */
static void test_stable(void **state) {
    (void)state;
    median = (struct close_wait_median){0};
    for (uint64_t walk = 0; walk < 2; walk++) {
        close_wait_median_begin(&median);
        for (uint64_t cookie = 1; cookie <= 20000; cookie++)
            close_wait_median_count(&median, cookie % 2 ? cookie : cookie + walk * 100000,
                                    (100 + walk) * USEC_PER_SEC);
        close_wait_median_end(&median, (100 + walk) * USEC_PER_SEC);
    }
    size_t old = 0;
    for (size_t i = 0; i < median.last.count; i++)
        old += median.last.member[i].first_seen_usec == 100 * USEC_PER_SEC;
    assert_true(old > CLOSE_WAIT_SAMPLE / 3 && old < CLOSE_WAIT_SAMPLE * 2 / 3);
}

/* As the kernel tells how long each has been silent: 1 to 500 s, whatever walks have seen. */
static void test_told_by_the_kernel(void **state) {
    (void)state;
    median = (struct close_wait_median){0};
    close_wait_median_begin(&median);
    for (uint64_t cookie = 1; cookie <= 500; cookie++)
        close_wait_median_count(&median, cookie, (1000 - cookie) * USEC_PER_SEC);
    uint64_t age_usec = close_wait_median_end(&median, 1000 * USEC_PER_SEC);
    check_row("about 250 s", age_usec > 200 * USEC_PER_SEC && age_usec < 300 * USEC_PER_SEC, true);
}

static void test_in_a_walk(void **state) {
    static struct state_walk walk;
    static const struct config config;

    (void)state;
    assert_int_equal(state_walk_init(&walk), 0);
    for (uint64_t at_sec = 100; at_sec <= 107; at_sec += 7) {
        state_walk_set_time(&walk, at_sec * USEC_PER_SEC);
        state_walk_begin(&walk, &config, 5);
        for (uint64_t cookie = 1; cookie <= 5; cookie++) {
            struct diag_socket socket = {.state = cookie <= 3 ? STATE_CLOSE_WAIT : STATE_LAST_ACK,
                                         .cookie = at_sec == 100 ? cookie : cookie + 1};
            state_walk_count(&walk, &socket);
        }
        state_walk_end(&walk);
        check_row("in a walk", walk.close_wait_median_usec, at_sec == 100 ? 0 : 7 * USEC_PER_SEC);
    }
    state_walk_begin(&walk, &config, 5);
    check_row("begun", walk.close_wait_median_usec, 0);
    state_walk_release(&walk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few),       cmocka_unit_test(test_leak),
        cmocka_unit_test(test_stable),    cmocka_unit_test(test_told_by_the_kernel),
        cmocka_unit_test(test_in_a_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
