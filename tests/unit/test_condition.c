/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <strings.h>

#include "condition.h"
#include "util.h"

static void test_names(void **state) {
    static const char *const names[CONDITION_COUNT] = {
        "syn-sent",        "syn-recv",     "established",        "fin-wait-1", "fin-wait-2",
        "close-wait",      "closing",      "last-ack",           "time-wait",  "syn-overflow",
        "accept-overflow", "accept-queue", "time-wait-overflow", "ports",      "orphans",
        "tcp-memory",      "conntrack",
    };

    (void)state;
    for (int i = 0; i < CONDITION_COUNT; i++) {
        assert_string_equal(condition_info((enum condition)i)->name, names[i]);
        check_row(names[i], condition_from_name(names[i]), i);
    }
}

static void test_no_such_name(void **state) {
    static const char *const names[] = {"",         "syn",    "syn-recv ", "SYN-RECV",
                                        "syn_recv", "listen", "syn-recvx"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        check_row(names[i], condition_from_name(names[i]), -1);
}

/* "time-wait" counts TIME-WAIT; the others count no state. */
static void test_states_have_the_condition_s_name(void **state) {
    (void)state;
    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        const char *name = tcp_state_name(info->state);
        check_row(info->name, info->state != 0, i <= CONDITION_TIME_WAIT);
        if (info->state != 0)
            check_row(info->name, strcasecmp(name, info->name), 0);
    }
}

static void test_properties(void **state) {
    static const struct {
        enum condition condition;
        bool is_rate, per_port, has_limit;
    } rows[] = {
        {CONDITION_SYN_SENT, false, false, false},
        {CONDITION_SYN_RECV, false, true, true},
        {CONDITION_ESTABLISHED, false, false, false},
        {CONDITION_FIN_WAIT_1, false, true, false},
        {CONDITION_FIN_WAIT_2, false, true, false},
        {CONDITION_CLOSE_WAIT, false, true, false},
        {CONDITION_CLOSING, false, true, false},
        {CONDITION_LAST_ACK, false, true, false},
        {CONDITION_TIME_WAIT, false, false, true},
        {CONDITION_SYN_OVERFLOW, true, false, false},
        {CONDITION_ACCEPT_OVERFLOW, true, false, false},
        {CONDITION_ACCEPT_QUEUE, false, true, true},
        {CONDITION_TIME_WAIT_OVERFLOW, true, false, false},
        {CONDITION_PORTS, false, false, true},
        {CONDITION_ORPHANS, false, false, true},
        {CONDITION_TCP_MEMORY, false, false, true},
        {CONDITION_CONNTRACK, false, false, true},
    };

    (void)state;
    assert_int_equal(ARRAY_SIZE(rows), CONDITION_COUNT);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct condition_info *info = condition_info(rows[i].condition);
        check_row(info->name, info->is_rate, rows[i].is_rate);
        check_row(info->name, info->per_port, rows[i].per_port);
        check_row(info->name, info->limit != NULL, rows[i].has_limit);
    }
}

/* What the configuration refuses must not be a default either. */
static void test_defaults_are_allowed(void **state) {
    (void)state;
    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        const struct threshold_rule *rule = &info->defaults;
        check_row(info->name, rule->warning.unit, rule->critical.unit);
        check_row(info->name, rule->warning.value >= 1, true);
        check_row(info->name, rule->warning.value <= rule->critical.value, true);
        check_row(info->name, rule->warning.unit == UNIT_COUNT || info->limit, true);
        if (rule->critical.unit == UNIT_PERMYRIAD)
            check_row(info->name, rule->critical.value <= PERMYRIAD, true);
        check_row(info->name, rule->clear_usec > 0, true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_no_such_name),
        cmocka_unit_test(test_states_have_the_condition_s_name),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_defaults_are_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
