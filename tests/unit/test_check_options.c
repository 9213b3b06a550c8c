/* SPDX-License-Identifier: MIT */
/* The monitoring plugin's thresholds and names, laid over the configuration. */
#include <errno.h>

#include "case.h"
#include "check.h"
#include "util.h"

static struct config config;

static void expect(const char *row, const char *line, const char *wanted) {
    if (!strstr(line, wanted))
        fail_msg("%s: \"%s\" is missing in: %s", row, wanted, line);
}

enum { GIVEN = 4 };

static struct check_given given(const char *const argument[GIVEN]) {
    struct check_given given = {0};

    while (given.count < GIVEN && argument[given.count]) {
        given.argument[given.count] = argument[given.count];
        given.count++;
    }
    return given;
}

static const char not_a_condition[] = "unknown condition, allowed: syn-sent, syn-recv, established, "
                                      "fin-wait-1, fin-wait-2, close-wait, closing, "
                                      "last-ack, time-wait, syn-overflow, accept-overflow, accept-queue, "
                                      "time-wait-overflow, ports, orphans, tcp-memory, "
                                      "conntrack";

static const struct {
    const char *name;
    const char *warning[GIVEN], *critical[GIVEN], *condition[GIVEN];
    const char *wanted;
} wrong_option[] = {
    {"no value", {"close-wait"}, {NULL}, {NULL}, "-w \"close-wait\": must be CONDITION=VALUE"},
    {"empty", {NULL}, {""}, {NULL}, "-c \"\": must be CONDITION=VALUE"},
    {"no condition", {"=5"}, {NULL}, {NULL}, "-w \"=5\": unknown condition, allowed: syn-sent, "},
    {"other spelling", {"CLOSE-WAIT=5"}, {NULL}, {NULL}, "-w \"CLOSE-WAIT=5\": unknown condition, "},
    {"a name too long", {"close-wait-close-wait-close-wait-close=5"}, {NULL}, {NULL}, "unknown condition, "},
    {"a prefix", {"close=5"}, {NULL}, {NULL}, not_a_condition},
    {"empty number",
     {"close-wait="},
     {NULL},
     {NULL},
     "-w \"close-wait=\": \"\" is no count and no percentage, allowed: an integer from 1 to "
     "4611686018427387904"},
    {"nought", {"close-wait=0"}, {NULL}, {NULL}, "0 is out of range, allowed: an integer from 1 to "},
    {"too large", {"close-wait=4611686018427387905"}, {NULL}, {NULL}, "4611686018427387905 is out of range"},
    {"larger than any",
     {"close-wait=99999999999999999999"},
     {NULL},
     {NULL},
     "\"99999999999999999999\" is no count and no percentage"},
    {"negative", {"close-wait=-5"}, {NULL}, {NULL}, "\"-5\" is no count"},
    {"more than all",
     {NULL},
     {"syn-recv=101%"},
     {NULL},
     "\"101%\" is out of range, allowed: an integer from 1 to 4611686018427387904, or a percentage from "
     "\"0.01%\""},
    {"no limit", {"close-wait=5%"}, {NULL}, {NULL}, "\"5%\" is a percentage, but close-wait has no limit"},
    {"a percentage of a rate", {"syn-overflow=5%"}, {NULL}, {NULL}, "but syn-overflow has no limit"},
    {"warning above critical",
     {"close-wait=2000"},
     {NULL},
     {NULL},
     "close-wait: warning 2000 is above critical 1000, allowed: warning up to critical"},
    {"critical below warning",
     {NULL},
     {"syn-recv=40%"},
     {NULL},
     "syn-recv: warning \"50%\" is above critical \"40%\", allowed: warning up to critical"},
    {"two units",
     {"syn-recv=5"},
     {NULL},
     {NULL},
     "syn-recv: warning 5 is not of the same unit as critical \"90%\", allowed: both counts or both "
     "percentages"},
    {"named wrongly",
     {NULL},
     {NULL},
     {"close-wait", "closewait"},
     "--condition \"closewait\": unknown condition, "},
    {"named and off",
     {NULL},
     {NULL},
     {"established"},
     "--condition \"established\": is off in the configuration: "},
    {"not named",
     {"close-wait=5"},
     {NULL},
     {"ports"},
     "\"close-wait\" has a threshold, but is not among the conditions named"},
    {"control characters", {"a\nb=\033"}, {NULL}, {NULL}, "-w \"a?b=?\": unknown"},
    {"the second is wrong", {"close-wait=5", "x=1"}, {NULL}, {NULL}, "-w \"x=1\": unknown"},
};

static void test_wrong_options(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong_option); i++) {
        struct check_options options = {given(wrong_option[i].warning), given(wrong_option[i].critical),
                                        given(wrong_option[i].condition)};
        char error[CONFIG_ERROR_SIZE];
        config_defaults(&config);
        check_row(wrong_option[i].name, -check_options_apply(&options, &config, error), EINVAL);
        expect(wrong_option[i].name, error, wrong_option[i].wanted);
    }
}

static const struct {
    const char *name;
    const char *warning[GIVEN], *critical[GIVEN], *condition[GIVEN];
    enum condition condition_seen;
    bool enabled;
    struct threshold seen_warning, seen_critical;
    uint64_t floor;
} right_option[] = {
    {"none", {NULL}, {NULL}, {NULL}, CONDITION_CLOSE_WAIT, true, {100, UNIT_COUNT}, {1000, UNIT_COUNT}, 0},
    {"a warning",
     {"close-wait=5"},
     {NULL},
     {NULL},
     CONDITION_CLOSE_WAIT,
     true,
     {5, UNIT_COUNT},
     {1000, UNIT_COUNT},
     0},
    {"both",
     {"close-wait=5"},
     {"close-wait=6"},
     {NULL},
     CONDITION_CLOSE_WAIT,
     true,
     {5, UNIT_COUNT},
     {6, UNIT_COUNT},
     0},
    {"the same",
     {"close-wait=6"},
     {"close-wait=6"},
     {NULL},
     CONDITION_CLOSE_WAIT,
     true,
     {6, UNIT_COUNT},
     {6, UNIT_COUNT},
     0},
    {"the last counts",
     {"close-wait=5", "close-wait=7"},
     {NULL},
     {NULL},
     CONDITION_CLOSE_WAIT,
     true,
     {7, UNIT_COUNT},
     {1000, UNIT_COUNT},
     0},
    {"another stays",
     {"close-wait=5"},
     {NULL},
     {NULL},
     CONDITION_CLOSING,
     true,
     {500, UNIT_COUNT},
     {5000, UNIT_COUNT},
     0},
    {"a percentage",
     {"syn-recv=0.5%"},
     {"syn-recv=100%"},
     {NULL},
     CONDITION_SYN_RECV,
     true,
     {50, UNIT_PERMYRIAD},
     {10000, UNIT_PERMYRIAD},
     64},
    {"counts of what had percentages",
     {"syn-recv=30"},
     {"syn-recv=100"},
     {NULL},
     CONDITION_SYN_RECV,
     true,
     {30, UNIT_COUNT},
     {100, UNIT_COUNT},
     30},
    {"above the floor",
     {"syn-recv=65"},
     {"syn-recv=100"},
     {NULL},
     CONDITION_SYN_RECV,
     true,
     {65, UNIT_COUNT},
     {100, UNIT_COUNT},
     64},
    {"enabled",
     {NULL},
     {"established=200000"},
     {NULL},
     CONDITION_ESTABLISHED,
     true,
     {100000, UNIT_COUNT},
     {200000, UNIT_COUNT},
     0},
    {"named",
     {NULL},
     {NULL},
     {"ports", "close-wait"},
     CONDITION_CLOSE_WAIT,
     true,
     {100, UNIT_COUNT},
     {1000, UNIT_COUNT},
     0},
    {"not named",
     {NULL},
     {NULL},
     {"ports"},
     CONDITION_CLOSE_WAIT,
     false,
     {100, UNIT_COUNT},
     {1000, UNIT_COUNT},
     0},
    {"named and enabled",
     {"established=5"},
     {NULL},
     {"established"},
     CONDITION_ESTABLISHED,
     true,
     {5, UNIT_COUNT},
     {500000, UNIT_COUNT},
     0},
};

static void test_options(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(right_option); i++) {
        struct check_options options = {given(right_option[i].warning), given(right_option[i].critical),
                                        given(right_option[i].condition)};
        const struct threshold_rule *rule = &config.rule[right_option[i].condition_seen];
        char error[CONFIG_ERROR_SIZE];
        config_defaults(&config);
        if (check_options_apply(&options, &config, error) < 0)
            fail_msg("%s: %s", right_option[i].name, error);
        check_row(right_option[i].name, rule->enabled, right_option[i].enabled);
        check_row(right_option[i].name, rule->warning.value, right_option[i].seen_warning.value);
        check_row(right_option[i].name, rule->warning.unit, right_option[i].seen_warning.unit);
        check_row(right_option[i].name, rule->critical.value, right_option[i].seen_critical.value);
        check_row(right_option[i].name, rule->critical.unit, right_option[i].seen_critical.unit);
        check_row(right_option[i].name, rule->floor, right_option[i].floor);
    }
}

/* What is not named is not judged for single ports either. */
static void test_named_alone(void **state) {
    struct check_options options = {.condition = {.argument = {"ports"}, .count = 1}};
    char error[CONFIG_ERROR_SIZE];

    (void)state;
    config_defaults(&config);
    config.port_count = 1;
    config.port[0].overrides[CONDITION_CLOSE_WAIT] = true;
    config.port[0].rule[CONDITION_CLOSE_WAIT] = config.rule[CONDITION_CLOSE_WAIT];
    assert_int_equal(check_options_apply(&options, &config, error), 0);
    for (int i = 0; i < CONDITION_COUNT; i++)
        check_row(condition_info((enum condition)i)->name, config.rule[i].enabled, i == CONDITION_PORTS);
    assert_false(config.port[0].rule[CONDITION_CLOSE_WAIT].enabled);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_named_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
