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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_kernel_has_no_more_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
