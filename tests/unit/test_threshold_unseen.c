/* SPDX-License-Identifier: MIT */
/* What was raised, and is not in the sample any more: it is over, or nobody can say. */
#include "threshold_bench.h"

#define A_DAY 86400

/* Judges the sample every second, for so long. */
static enum severity after(struct bench *bench, int seconds, enum condition condition) {
    for (int i = 0; i < seconds; i++)
        step(bench, SECOND);
    return severity_of(bench, condition);
}

static const struct breach *breach_of(const struct bench *bench, const struct scope *scope) {
    for (size_t i = 0; i < bench->count; i++)
        if (scope_equal(&bench->breach[i].scope, scope))
            return &bench->breach[i];
    return NULL;
}

/* nf_conntrack can be unloaded: then its files are gone, and its table with them. */
static void test_what_the_kernel_has_no_more_is_over(void **state) {
    static const struct {
        const char *name;
        bool resumed;
        enum threshold_unit unit;
        struct figure value, limit;
        enum severity wanted;
    } rows[] = {
        {"a share of its limit", false, UNIT_PERMYRIAD, FIGURE_MISSING, FIGURE_MISSING, SEVERITY_NONE},
        {"a count", false, UNIT_COUNT, FIGURE_MISSING, FIGURE_MISSING, SEVERITY_NONE},
        {"raised by the life before", true, UNIT_PERMYRIAD, FIGURE_MISSING, FIGURE_MISSING, SEVERITY_NONE},
        {"not readable", false, UNIT_PERMYRIAD, FIGURE_NONE, FIGURE_NONE, SEVERITY_CRITICAL},
        {"its limit not readable", false, UNIT_PERMYRIAD, FIGURE_OF(0), FIGURE_NONE, SEVERITY_CRITICAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        struct threshold_rule *rule = &bench.config.rule[CONDITION_CONNTRACK];
        if (rows[i].unit == UNIT_COUNT)
            rule->warning = rule->critical = (struct threshold){200000, UNIT_COUNT};
        bench.sample.gauge[GAUGE_CONNTRACK] = FIGURE_OF(262144);
        check_row(rows[i].name, after(&bench, 600, CONDITION_CONNTRACK), SEVERITY_CRITICAL);
        if (rows[i].resumed) {
            bench.tracker = (struct threshold_tracker){0};
            threshold_resume(&bench.tracker, &bench.breach[0]);
        }
        bench.sample.gauge[GAUGE_CONNTRACK] = rows[i].value;
        bench.sample.knob[KNOB_CONNTRACK_MAX].value = rows[i].limit;
        check_row("not at once", after(&bench, 1, CONDITION_CONNTRACK), SEVERITY_CRITICAL);
        check_row(rows[i].name, after(&bench, A_DAY, CONDITION_CONNTRACK), rows[i].wanted);
    }
}

/* Judges again what was counted before, every second. */
static void look_again(struct bench *bench, int seconds) {
    for (int i = 0; i < seconds; i++) {
        bench->sample.taken_usec += SECOND;
        bench->count = threshold_evaluate(&bench->config, &bench->sample, &bench->tracker, bench->breach);
    }
}

/* As without the BPF iterator: nothing half-open in a lull, and only another walk can tell if it lasts. */
static void test_an_empty_queue_is_one_measurement(void **state) {
    static const struct {
        const char *name;
        int walks, looks;
        size_t listeners;
        enum severity wanted;
    } rows[] = {
        {"one walk in a lull, seen for a minute", 1, 60, 1, SEVERITY_CRITICAL},
        {"a walk every second for a minute", 60, 0, 1, SEVERITY_NONE},
        {"the listener closed", 1, 60, 0, SEVERITY_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        struct listener listener = listener_on(80, 1024);
        listener.half_open = 1024;
        bench.sample.listener = &listener;
        bench.sample.listener_count = 1;
        check_row(rows[i].name, after(&bench, 10, CONDITION_SYN_RECV), SEVERITY_CRITICAL);
        listener.half_open = 0;
        bench.sample.listener_count = rows[i].listeners;
        after(&bench, rows[i].walks, CONDITION_SYN_RECV);
        look_again(&bench, rows[i].looks);
        check_row(rows[i].name, severity_of(&bench, CONDITION_SYN_RECV), rows[i].wanted);
    }
}

/* The ports of every destination are counted at once, now and then. */
static void test_a_destination_that_is_gone_is_one_measurement(void **state) {
    static const struct {
        const char *name;
        int counts, looks;
        enum severity wanted;
    } rows[] = {
        {"one count without it, seen for a minute", 1, 60, SEVERITY_CRITICAL},
        {"a count every second for a minute", 60, 0, SEVERITY_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        bench.sample.destination[0].ports_in_use = 28000;
        bench.sample.destination_count = 1;
        check_row(rows[i].name, after(&bench, 10, CONDITION_PORTS), SEVERITY_CRITICAL);
        bench.sample.destination_count = 0;
        after(&bench, rows[i].counts, CONDITION_PORTS);
        look_again(&bench, rows[i].looks);
        check_row(rows[i].name, severity_of(&bench, CONDITION_PORTS), rows[i].wanted);
    }
}

/* So many destinations with so many ports each. */
static void fill_list(struct bench *bench, uint32_t ports, size_t count) {
    for (size_t i = 0; i < DESTINATIONS_MAX; i++) { /* what is behind the list is of another count */
        bench->sample.destination[i] = (struct destination){.ports_in_use = ports};
        bench->sample.destination[i].remote = listener_on((uint16_t)(5000 + i), 0).local;
    }
    bench->sample.destination_count = count;
}

/* Only the fullest are listed: 22586 of 28232 are over the warning, 18068 are well under it. */
static void test_a_full_list_hides_the_rest(void **state) {
    static const struct {
        const char *name;
        bool bound; /* to its source address, towards many destinations */
        uint32_t others;
        size_t count;
        enum severity wanted;
        bool stale;
    } rows[] = {
        {"eight as full", false, 28000, DESTINATIONS_MAX, SEVERITY_CRITICAL, true},
        {"eight not well under the warning", false, 18069, DESTINATIONS_MAX, SEVERITY_CRITICAL, true},
        {"eight well under the warning", false, 18068, DESTINATIONS_MAX, SEVERITY_NONE, false},
        {"seven as full", false, 28000, DESTINATIONS_MAX - 1, SEVERITY_NONE, false},
        {"a source address is in another list", true, 28000, DESTINATIONS_MAX, SEVERITY_NONE, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bench bench = fresh();
        fill_list(&bench, 28000, rows[i].bound ? 0 : 1);
        bench.sample.destination[0].remote.port = 443;
        bench.sample.source_ports[0] = (struct source_ports){.sockets = 28000, .ports = 28000};
        bench.sample.source_ports[0].local = listener_on(0, 0).local;
        bench.sample.source_ports_count = rows[i].bound ? 1 : 0;
        check_row(rows[i].name, after(&bench, 10, CONDITION_PORTS), SEVERITY_CRITICAL);
        struct scope scope = bench.breach[0].scope;
        fill_list(&bench, rows[i].others, rows[i].count);
        bench.sample.source_ports_count = 0;
        after(&bench, 60, CONDITION_PORTS);
        const struct breach *breach = breach_of(&bench, &scope);
        check_row(rows[i].name, breach ? breach->severity : SEVERITY_NONE, rows[i].wanted);
        check_row(rows[i].name, breach && breach->stale, rows[i].stale);
    }
}

/* After a restart with so few sockets that no destination needs counting. */
static void test_a_count_never_needed_is_as_of_now(void **state) {
    struct bench first = fresh(), second = fresh();

    (void)state;
    first.sample.destination[0].ports_in_use = 28000;
    first.sample.destination_count = 1;
    check_row("raised", after(&first, 10, CONDITION_PORTS), SEVERITY_CRITICAL);
    threshold_resume(&second.tracker, &first.breach[0]);
    second.sample.destinations_usec = 0;
    look_again(&second, 1);
    check_row("not at once", severity_of(&second, CONDITION_PORTS), SEVERITY_CRITICAL);
    check_row("as of now", second.breach[0].measured_usec, second.sample.taken_usec);
    look_again(&second, 60);
    check_row("after a minute", severity_of(&second, CONDITION_PORTS), SEVERITY_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_kernel_has_no_more_is_over),
        cmocka_unit_test(test_an_empty_queue_is_one_measurement),
        cmocka_unit_test(test_a_destination_that_is_gone_is_one_measurement),
        cmocka_unit_test(test_a_full_list_hides_the_rest),
        cmocka_unit_test(test_a_count_never_needed_is_as_of_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
