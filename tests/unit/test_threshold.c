/* SPDX-License-Identifier: MIT */
/* The threshold stage: each boundary by number, time as an argument. */
#include "observe.h"
#include "threshold_bench.h"

/* Holds the value for an hour and tells what it comes to. */
static enum severity settled(struct bench *bench, enum condition condition) {
    step(bench, 0);
    for (int i = 0; i < 3600; i++)
        step(bench, SECOND);
    return severity_of(bench, condition);
}

static void test_counts(void **state) {
    static const struct {
        const char *name;
        enum condition condition;
        uint64_t value;
        enum severity wanted;
    } rows[] = {
        {"close-wait below", CONDITION_CLOSE_WAIT, 99, SEVERITY_NONE},
        {"close-wait at", CONDITION_CLOSE_WAIT, 100, SEVERITY_WARNING},
        {"close-wait above", CONDITION_CLOSE_WAIT, 101, SEVERITY_WARNING},
        {"close-wait below critical", CONDITION_CLOSE_WAIT, 999, SEVERITY_WARNING},
        {"close-wait at critical", CONDITION_CLOSE_WAIT, 1000, SEVERITY_CRITICAL},
        {"syn-sent below", CONDITION_SYN_SENT, 499, SEVERITY_NONE},
        {"syn-sent at", CONDITION_SYN_SENT, 500, SEVERITY_WARNING},
        {"fin-wait-1 below", CONDITION_FIN_WAIT_1, 1999, SEVERITY_NONE},
        {"fin-wait-1 at", CONDITION_FIN_WAIT_1, 2000, SEVERITY_WARNING},
        {"fin-wait-2 below", CONDITION_FIN_WAIT_2, 4999, SEVERITY_NONE},
        {"fin-wait-2 at", CONDITION_FIN_WAIT_2, 5000, SEVERITY_WARNING},
        {"closing at", CONDITION_CLOSING, 500, SEVERITY_WARNING},
        {"closing below", CONDITION_CLOSING, 499, SEVERITY_NONE},
        {"last-ack at critical", CONDITION_LAST_ACK, 10000, SEVERITY_CRITICAL},
        {"last-ack below", CONDITION_LAST_ACK, 999, SEVERITY_NONE},
        {"time-wait at 80 % of 65536, rounded up", CONDITION_TIME_WAIT, 52429, SEVERITY_WARNING},
        {"time-wait below 80 %", CONDITION_TIME_WAIT, 52428, SEVERITY_NONE},
        {"time-wait at 95 %", CONDITION_TIME_WAIT, 62260, SEVERITY_CRITICAL},
        {"established is off by default", CONDITION_ESTABLISHED, 10000000, SEVERITY_NONE},
        {"a number beyond 32 bit", CONDITION_CLOSE_WAIT, 1ULL << 40, SEVERITY_CRITICAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        bench.sample.state[condition_info(rows[i].condition)->state] = FIGURE_OF(rows[i].value);
        check_row(rows[i].name, settled(&bench, rows[i].condition), rows[i].wanted);
    }
}

static void test_gauges(void **state) {
    static const struct {
        const char *name;
        enum condition condition;
        enum gauge gauge;
        uint64_t value;
        enum severity wanted;
    } rows[] = {
        {"orphans at 50 % of 65536", CONDITION_ORPHANS, GAUGE_ORPHANS, 32768, SEVERITY_WARNING},
        {"orphans below", CONDITION_ORPHANS, GAUGE_ORPHANS, 32767, SEVERITY_NONE},
        {"memory at 65 % of 3000", CONDITION_TCP_MEMORY, GAUGE_MEMORY_PAGES, 1950, SEVERITY_WARNING},
        {"memory below", CONDITION_TCP_MEMORY, GAUGE_MEMORY_PAGES, 1949, SEVERITY_NONE},
        {"conntrack at 95 %", CONDITION_CONNTRACK, GAUGE_CONNTRACK, 249037, SEVERITY_CRITICAL},
        {"conntrack below 80 %", CONDITION_CONNTRACK, GAUGE_CONNTRACK, 209715, SEVERITY_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        bench.sample.gauge[rows[i].gauge] = FIGURE_OF(rows[i].value);
        check_row(rows[i].name, settled(&bench, rows[i].condition), rows[i].wanted);
    }
}

static void test_listeners(void **state) {
    static const struct {
        const char *name;
        uint32_t backlog, half_open, accept_queue;
        enum severity syn_recv, accept_queue_severity;
    } rows[] = {
        {"half-open below half", 1024, 511, 0, SEVERITY_NONE, SEVERITY_NONE},
        {"half-open at half", 1024, 512, 0, SEVERITY_WARNING, SEVERITY_NONE},
        {"half-open at 90 %", 1024, 922, 0, SEVERITY_CRITICAL, SEVERITY_NONE},
        {"half-open full and one", 1024, 1025, 0, SEVERITY_CRITICAL, SEVERITY_NONE},
        {"all of a small queue, below the floor", 63, 63, 0, SEVERITY_NONE, SEVERITY_NONE},
        {"at the floor", 64, 64, 0, SEVERITY_CRITICAL, SEVERITY_NONE},
        {"accept queue below 80 %", 128, 0, 102, SEVERITY_NONE, SEVERITY_NONE},
        {"accept queue at 80 %", 128, 0, 103, SEVERITY_NONE, SEVERITY_WARNING},
        {"accept queue full", 128, 0, 129, SEVERITY_NONE, SEVERITY_CRITICAL},
        {"accept queue of 4 full, at the floor", 4, 0, 5, SEVERITY_NONE, SEVERITY_CRITICAL},
        {"accept queue of 3 full, below the floor", 3, 0, 4, SEVERITY_NONE, SEVERITY_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        struct listener listener = listener_on(80, rows[i].backlog);
        listener.half_open = rows[i].half_open;
        listener.accept_queue = rows[i].accept_queue;
        bench.sample.listener = &listener;
        bench.sample.listener_count = 1;
        check_row(rows[i].name, settled(&bench, CONDITION_SYN_RECV), rows[i].syn_recv);
        check_row(rows[i].name, severity_of(&bench, CONDITION_ACCEPT_QUEUE), rows[i].accept_queue_severity);
    }
}

static void test_never_raised_below_the_floor(void **state) {
    struct bench bench = fresh();
    struct listener listener = listener_on(80, 63);

    (void)state;
    listener.half_open = 63;
    bench.sample.listener = &listener;
    bench.sample.listener_count = 1;
    for (int i = 0; i < 60; i++) {
        step(&bench, SECOND);
        check_row("63 of 63, floor 64", severity_of(&bench, CONDITION_SYN_RECV), SEVERITY_NONE);
    }
}

static void test_a_short_queue_that_drops_has_no_floor(void **state) {
    static const struct {
        const char *name;
        struct figure cookies;
        uint32_t backlog, half_open;
        enum severity wanted;
    } rows[] = {
        {"full, cookies off", FIGURE_OF(0), 16, 16, SEVERITY_CRITICAL},
        {"full, cookies not built in", FIGURE_MISSING, 16, 16, SEVERITY_CRITICAL},
        {"not full, cookies off", FIGURE_OF(0), 16, 15, SEVERITY_NONE},
        {"full, cookies on", FIGURE_OF(1), 16, 16, SEVERITY_NONE},
        {"half of a long queue, cookies off", FIGURE_OF(0), 1000, 500, SEVERITY_WARNING},
        {"full, it is not known whether cookies are on", FIGURE_NONE, 16, 16, SEVERITY_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        struct listener listener = listener_on(80, rows[i].backlog);
        listener.half_open = rows[i].half_open;
        bench.sample.listener = &listener;
        bench.sample.listener_count = 1;
        bench.sample.knob[KNOB_TCP_SYNCOOKIES].value = rows[i].cookies;
        check_row(rows[i].name, settled(&bench, CONDITION_SYN_RECV), rows[i].wanted);
    }
}

static void test_ports(void **state) {
    static const struct {
        const char *name;
        uint32_t in_use, error;
        uint64_t reserved;
        enum severity wanted;
    } rows[] = {
        {"below 80 % of 28232", 22585, 0, 0, SEVERITY_NONE},
        {"at 80 %", 22586, 0, 0, SEVERITY_WARNING},
        {"the sketch's error counts for the host", 22586, 1, 0, SEVERITY_NONE},
        {"at 95 %", 26821, 0, 0, SEVERITY_CRITICAL},
        {"reserved ports are no ports", 22000, 0, 1000, SEVERITY_WARNING},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        bench.sample.destination[0].ports_in_use = rows[i].in_use;
        bench.sample.destination[0].error = rows[i].error;
        bench.sample.destination_count = 1;
        bench.sample.knob[KNOB_PORTS_RESERVED].value = FIGURE_OF(rows[i].reserved);
        check_row(rows[i].name, settled(&bench, CONDITION_PORTS), rows[i].wanted);
    }
}

/* close-wait: hold 30 s, clear 30 s, warning 100 */
static void test_hold_and_clear(void **state) {
    struct bench bench = fresh();

    (void)state;
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(100);
    step(&bench, 0);
    step(&bench, SECOND);
    for (int i = 0; i < 28; i++)
        step(&bench, SECOND);
    check_row("29 s over", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);
    step(&bench, SECOND - 1);
    check_row("1 us before the hold", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);
    step(&bench, 1);
    check_row("at the hold", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_WARNING);

    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(80);
    for (int i = 0; i < 100; i++)
        step(&bench, SECOND);
    check_row("80 % is not under", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_WARNING);
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(79);
    step(&bench, SECOND);
    for (int i = 0; i < 29; i++)
        step(&bench, SECOND);
    check_row("29 s under", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_WARNING);
    step(&bench, SECOND);
    check_row("30 s under", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);
}

static void test_a_dip_starts_the_hold_again(void **state) {
    struct bench bench = fresh();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(i % 20 == 19 ? 99 : 100);
        step(&bench, SECOND);
        check_row("dips every 20 s", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);
    }
}

static void test_severity_moves_with_hysteresis(void **state) {
    struct bench bench = fresh();

    (void)state;
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(1000);
    check_row("critical", settled(&bench, CONDITION_CLOSE_WAIT), SEVERITY_CRITICAL);
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(900);
    for (int i = 0; i < 1000; i++)
        step(&bench, SECOND);
    check_row("90 % of critical", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_CRITICAL);
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(799);
    step(&bench, SECOND);
    for (int i = 0; i < 29; i++)
        step(&bench, SECOND);
    check_row("29 s under 80 %", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_CRITICAL);
    step(&bench, SECOND);
    check_row("30 s under 80 %", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_WARNING);
}

static void test_unknown_neither_raises_nor_clears(void **state) {
    struct bench bench = fresh();

    (void)state;
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_NONE;
    check_row("never known", settled(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(200);
    check_row("raised", settled(&bench, CONDITION_CLOSE_WAIT), SEVERITY_WARNING);
    check_row("measured", bench.breach[0].stale, false);
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_NONE;
    check_row("unknown for an hour", settled(&bench, CONDITION_CLOSE_WAIT), SEVERITY_WARNING);
    check_row("with its last value", bench.breach[0].value, 200);
    check_row("said to be stale", bench.breach[0].stale, true);
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(0);
    check_row("known again", settled(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);

    bench = fresh();
    bench.sample.state[STATE_TIME_WAIT] = FIGURE_OF(1000000);
    bench.sample.knob[KNOB_TCP_MAX_TW_BUCKETS].value = FIGURE_NONE;
    check_row("a share of an unknown limit", settled(&bench, CONDITION_TIME_WAIT), SEVERITY_NONE);
}

static void test_orphaned_fin_wait_2_fills_the_time_wait_table(void **state) {
    struct bench bench = fresh();

    (void)state;
    bench.sample.state[STATE_TIME_WAIT] = FIGURE_OF(22428);
    bench.sample.detail.fin_wait_2_minisocket = 30000;
    check_row("together below 80 %", settled(&bench, CONDITION_TIME_WAIT), SEVERITY_NONE);
    bench.sample.state[STATE_TIME_WAIT] = FIGURE_OF(22429);
    check_row("together 80 %", settled(&bench, CONDITION_TIME_WAIT), SEVERITY_WARNING);
    check_row("both counted", bench.breach[0].value, 52429);
}

static void test_a_gap_counts_as_one_interval(void **state) {
    struct bench bench = fresh();

    (void)state;
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(100);
    step(&bench, SECOND);
    step(&bench, SECOND);
    step(&bench, 8 * 3600 * SECOND);
    check_row("slept for eight hours", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);
    bench.sample.taken_usec -= 3600 * SECOND;
    step(&bench, 0);
    check_row("time going back", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);
    for (int i = 0; i < 30; i++)
        step(&bench, SECOND);
    check_row("and on", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_WARNING);
}

/* A walk, and for so long no other. */
static void walk_and_wait(struct bench *bench, uint64_t close_wait, int seconds) {
    bench->sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(close_wait);
    step(bench, SECOND);
    for (int i = 1; i < seconds; i++) {
        bench->sample.taken_usec += SECOND;
        bench->count = threshold_evaluate(&bench->config, &bench->sample, &bench->tracker, bench->breach);
    }
}

/* As a value over the threshold is not held by one walk, one under it is not by another: close-wait, 30 s. */
static void test_walks_further_apart_than_hold_and_clear(void **state) {
    static const struct {
        const char *name;
        uint64_t value[4];
        enum severity wanted;
    } rows[] = {
        {"one over", {0, 0, 0, 100}, SEVERITY_NONE},
        {"two over", {0, 0, 100, 100}, SEVERITY_WARNING},
        {"one under", {100, 100, 100, 79}, SEVERITY_WARNING},
        {"two under", {100, 100, 79, 79}, SEVERITY_NONE},
        {"one under after another", {100, 100, 79, 80}, SEVERITY_WARNING},
        {"one under critical", {1000, 1000, 1000, 799}, SEVERITY_CRITICAL},
        {"two under critical", {1000, 1000, 799, 799}, SEVERITY_WARNING},
        {"two under both", {1000, 1000, 79, 79}, SEVERITY_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        for (size_t k = 0; k < ARRAY_SIZE(rows[i].value); k++)
            walk_and_wait(&bench, rows[i].value[k], 40);
        check_row(rows[i].name, severity_of(&bench, CONDITION_CLOSE_WAIT), rows[i].wanted);
    }
}

/* A walk that is not repeated is one measurement, however often it is judged. */
static void test_an_old_walk_lets_no_time_pass(void **state) {
    struct bench bench = fresh();

    (void)state;
    walk_and_wait(&bench, 100, 100);
    check_row("one walk", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_NONE);
    step(&bench, SECOND);
    check_row("seen again 100 s later", severity_of(&bench, CONDITION_CLOSE_WAIT), SEVERITY_WARNING);
}

static void test_port_overrides(void **state) {
    struct bench bench = fresh();
    struct port_figures ports[2] = {{.port = 443}, {.port = 8080}};

    (void)state;
    bench.config.port_count = 1;
    bench.config.port[0].port = 443;
    bench.config.port[0].overrides[CONDITION_CLOSE_WAIT] = true;
    bench.config.port[0].rule[CONDITION_CLOSE_WAIT] = bench.config.rule[CONDITION_CLOSE_WAIT];
    bench.config.port[0].rule[CONDITION_CLOSE_WAIT].warning.value = 20;
    ports[0].state[STATE_CLOSE_WAIT] = 20;
    ports[1].state[STATE_CLOSE_WAIT] = 80;
    bench.sample.port = ports;
    bench.sample.port_count = 2;
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(100);
    settled(&bench, CONDITION_CLOSE_WAIT);
    check_row("the port alone", bench.count, 1);
    check_row("by its own rule", bench.breach[0].scope.local.port, 443);
    check_row("with its own count", bench.breach[0].value, 20);
    bench.config.port[0].rule[CONDITION_CLOSE_WAIT].enabled = false;
    ports[0].state[STATE_CLOSE_WAIT] = 5000;
    bench.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(5080);
    settled(&bench, CONDITION_CLOSE_WAIT);
    check_row("switched off for the port, and not counted for the host", bench.count, 0);
}

static void test_a_closed_listener_clears(void **state) {
    struct bench bench = fresh();
    struct listener listener = listener_on(80, 128);

    (void)state;
    listener.accept_queue = 129;
    bench.sample.listener = &listener;
    bench.sample.listener_count = 1;
    check_row("full", settled(&bench, CONDITION_ACCEPT_QUEUE), SEVERITY_CRITICAL);
    bench.sample.listener_count = 0;
    bench.sample.listeners_known = false;
    check_row("not readable", settled(&bench, CONDITION_ACCEPT_QUEUE), SEVERITY_CRITICAL);
    bench.sample.listeners_known = true;
    check_row("gone", settled(&bench, CONDITION_ACCEPT_QUEUE), SEVERITY_NONE);
}

static void test_more_scopes_than_tracks(void **state) {
    static struct listener listeners[1000];
    struct bench bench = fresh();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(listeners); i++) {
        listeners[i] = listener_on((uint16_t)(i + 1), 128);
        listeners[i].accept_queue = 129;
    }
    bench.sample.listener = listeners;
    bench.sample.listener_count = ARRAY_SIZE(listeners);
    settled(&bench, CONDITION_ACCEPT_QUEUE);
    check_row("bounded", bench.count, BREACHES_MAX);
    check_row("and the rest is counted", bench.tracker.overlooked, ARRAY_SIZE(listeners) - TRACKS_MAX);
}

static void test_resume(void **state) {
    struct bench first = fresh(), second = fresh();

    (void)state;
    first.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(200);
    settled(&first, CONDITION_CLOSE_WAIT);
    threshold_resume(&second.tracker, &first.breach[0]);
    second.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(200);
    step(&second, SECOND);
    check_row("still raised at the first sample", severity_of(&second, CONDITION_CLOSE_WAIT),
              SEVERITY_WARNING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_gauges),
        cmocka_unit_test(test_listeners),
        cmocka_unit_test(test_never_raised_below_the_floor),
        cmocka_unit_test(test_a_short_queue_that_drops_has_no_floor),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_hold_and_clear),
        cmocka_unit_test(test_a_dip_starts_the_hold_again),
        cmocka_unit_test(test_severity_moves_with_hysteresis),
        cmocka_unit_test(test_unknown_neither_raises_nor_clears),
        cmocka_unit_test(test_orphaned_fin_wait_2_fills_the_time_wait_table),
        cmocka_unit_test(test_a_gap_counts_as_one_interval),
        cmocka_unit_test(test_walks_further_apart_than_hold_and_clear),
        cmocka_unit_test(test_an_old_walk_lets_no_time_pass),
        cmocka_unit_test(test_port_overrides),
        cmocka_unit_test(test_a_closed_listener_clears),
        cmocka_unit_test(test_more_scopes_than_tracks),
        cmocka_unit_test(test_resume),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
