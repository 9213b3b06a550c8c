/* SPDX-License-Identifier: MIT */
/* The numbers that thresholds are held against, and the limits that bind, by kernel and sysctl. */
#include "case.h"

#include "observe.h"
#include "threshold.h"
#include "util.h"

static void test_syn_overflow(void **state) {
    static const struct {
        const char *name;
        struct figure cookies;
        uint64_t do_cookies, drop, listen_drops, overflows, sent, received, wanted;
    } rows[] = {
        {"cookies", FIGURE_OF(1), 2871, 0, 0, 0, 2871, 0, 2871},
        {"drops, cookies off", FIGURE_OF(0), 0, 2871, 2871, 0, 0, 0, 2871},
        {"the 3/4 rule moves ListenDrops alone", FIGURE_OF(0), 0, 0, 2807, 0, 0, 0, 2807},
        {"accept-queue drops are not it", FIGURE_OF(0), 0, 0, 1084, 1084, 0, 0, 0},
        {"nor with cookies", FIGURE_OF(1), 0, 0, 1084, 1084, 0, 0, 0},
        {"cookies always, all real", FIGURE_OF(2), 3000, 0, 0, 0, 3000, 3000, 0},
        {"cookies always, none real", FIGURE_OF(2), 3000, 0, 0, 0, 3000, 0, 3000},
        {"drops, cookies not built in", FIGURE_MISSING, 0, 2871, 2871, 0, 0, 0, 2871},
        {"more valid than sent", FIGURE_OF(2), 448, 0, 0, 0, 448, 2596, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        sample.knob[KNOB_TCP_SYNCOOKIES].value = rows[i].cookies;
        sample.increase[COUNTER_REQ_QUEUE_FULL_COOKIES] = FIGURE_OF(rows[i].do_cookies);
        sample.increase[COUNTER_REQ_QUEUE_FULL_DROP] = FIGURE_OF(rows[i].drop);
        sample.increase[COUNTER_LISTEN_DROPS] = FIGURE_OF(rows[i].listen_drops);
        sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(rows[i].overflows);
        sample.increase[COUNTER_SYNCOOKIES_SENT] = FIGURE_OF(rows[i].sent);
        sample.increase[COUNTER_SYNCOOKIES_RECV] = FIGURE_OF(rows[i].received);
        check_row(rows[i].name, observe_syn_overflow(&sample).value, rows[i].wanted);
    }
}

static void test_limits(void **state) {
    static const struct {
        const char *name;
        struct kernel_version kernel;
        struct figure cookies;
        uint64_t somaxconn, max_syn;
        uint32_t backlog, members;
        uint64_t wanted;
        enum limit_source source;
    } rows[] = {
        {"the application's backlog", {6, 18}, FIGURE_OF(1), 4096, 256, 1000, 1, 1000, LIMIT_LISTEN_BACKLOG},
        {"somaxconn", {6, 18}, FIGURE_OF(1), 4096, 256, 4096, 1, 4096, LIMIT_SOMAXCONN},
        {"3/4 rule", {6, 18}, FIGURE_OF(0), 4096, 256, 1000, 1, 192, LIMIT_THREE_QUARTER_RULE},
        {"cookies not built in: no 3/4 rule",
         {6, 18},
         FIGURE_MISSING,
         4096,
         256,
         1000,
         1,
         1000,
         LIMIT_LISTEN_BACKLOG},
        {"cookies off, backlog smaller",
         {6, 18},
         FIGURE_OF(0),
         4096,
         2048,
         128,
         1,
         128,
         LIMIT_LISTEN_BACKLOG},
        {"SO_REUSEPORT group of four", {6, 18}, FIGURE_OF(1), 4096, 256, 128, 4, 512, LIMIT_LISTEN_BACKLOG},
        {"3.10 rounds up", {3, 10}, FIGURE_OF(1), 128, 256, 128, 1, 256, LIMIT_SOMAXCONN},
        {"4.3, max_syn_backlog binds", {4, 3}, FIGURE_OF(1), 4096, 100, 1000, 1, 128, LIMIT_MAX_SYN_BACKLOG},
        {"3.10, 3/4 rule", {3, 10}, FIGURE_OF(0), 4096, 128, 512, 1, 96, LIMIT_THREE_QUARTER_RULE},
        {"3.10, at least 16", {3, 10}, FIGURE_OF(1), 128, 256, 1, 1, 16, LIMIT_LISTEN_BACKLOG},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct listener listener = listener_on(80, rows[i].backlog);
        enum limit_source source;
        listener.members = rows[i].members;
        sample.kernel = rows[i].kernel;
        sample.knob[KNOB_TCP_SYNCOOKIES].value = rows[i].cookies;
        sample.knob[KNOB_SOMAXCONN].value = FIGURE_OF(rows[i].somaxconn);
        sample.knob[KNOB_TCP_MAX_SYN_BACKLOG].value = FIGURE_OF(rows[i].max_syn);
        check_row(rows[i].name, syn_queue_limit(&sample, &listener, &source).value, rows[i].wanted);
        check_row(rows[i].name, source, rows[i].source);
    }
}

/* On a kernel before 4.4 a distribution may have brought in the rule of 4.4: the queue itself tells. */
static void test_backported_limit(void **state) {
    static const struct {
        const char *name;
        struct kernel_version kernel;
        uint32_t backlog, members, half_open;
        uint64_t wanted;
        enum limit_source source;
    } rows[] = {
        {"as full as the old rule allows", {3, 10}, 1024, 1, 512, 512, LIMIT_MAX_SYN_BACKLOG},
        {"fuller", {3, 10}, 1024, 1, 513, 1024, LIMIT_LISTEN_BACKLOG},
        {"fuller, somaxconn", {3, 10}, 4096, 1, 513, 4096, LIMIT_SOMAXCONN},
        {"a group of two, each as full", {3, 10}, 1024, 2, 1024, 1024, LIMIT_MAX_SYN_BACKLOG},
        {"a group of two, fuller", {3, 10}, 1024, 2, 1025, 2048, LIMIT_LISTEN_BACKLOG},
        {"neither rule explains it", {3, 10}, 128, 1, 300, 256, LIMIT_LISTEN_BACKLOG},
        {"4.4 needs no proof", {4, 4}, 1024, 1, 0, 1024, LIMIT_LISTEN_BACKLOG},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct listener listener = listener_on(80, rows[i].backlog);
        enum limit_source source;
        listener.members = rows[i].members;
        listener.half_open = rows[i].half_open;
        sample.kernel = rows[i].kernel;
        sample.knob[KNOB_TCP_MAX_SYN_BACKLOG].value = FIGURE_OF(256);
        check_row(rows[i].name, syn_queue_limit(&sample, &listener, &source).value, rows[i].wanted);
        check_row(rows[i].name, source, rows[i].source);
    }
}

static void remember_age(const struct observation *seen, void *context) {
    *(uint64_t *)context = seen->measured_usec;
}

/* A half-open count is as old as the count, not as the walk; an accept queue is always of now. */
static void test_queue_ages(void **state) {
    static const struct config config;
    struct sample sample = quiet_sample();
    struct listener listener = listener_on(80, 128);
    uint64_t measured_usec = 0;

    (void)state;
    listener.half_open = listener.accept_queue = 5;
    sample.listener = &listener;
    sample.listener_count = 1;
    sample.taken_usec = 9000;
    sample.half_open_usec = 8000;
    sample.walked_usec = 7000;
    observe(&config, &sample, CONDITION_SYN_RECV, remember_age, &measured_usec);
    assert_int_equal(measured_usec, 8000);
    observe(&config, &sample, CONDITION_ACCEPT_QUEUE, remember_age, &measured_usec);
    assert_int_equal(measured_usec, 9000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syn_overflow),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_backported_limit),
        cmocka_unit_test(test_queue_ages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
