/* SPDX-License-Identifier: MIT */
/* The text tables are complete, consistent and within their bounds. */
#include "case.h"

#include <ctype.h>

#include "cause.h"
#include "problem.h"
#include "util.h"

static void test_problems(void **state) {
    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        assert_non_null(info->slug);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(info->slug, problem_info((enum problem)j)->slug);
        assert_non_null(info->title);
        assert_true(strlen(info->meaning) > 40);
        check_row(info->slug, info->evidence && info->evidence[strlen(info->evidence) - 1] == '.', 1);
        check_row(info->slug, problem_from_slug(info->slug), i);
        check_row(info->slug, strlen(info->message_id), 32);
        for (size_t c = 0; c < 32; c++)
            check_row(info->slug, isxdigit((unsigned char)info->message_id[c]) != 0, 1);
        if (!info->wrong[0].remedy)
            fail_msg("%s: no wrong remedy", info->slug);
        for (size_t w = 0; w < WRONG_REMEDIES_MAX && info->wrong[w].remedy; w++)
            if (!info->wrong[w].why || strchr(info->wrong[w].why, ';')) /* the list is joined with "; " */
                fail_msg("%s: wrong remedy %zu: no reason, or one with a semicolon", info->slug, w);
        for (int j = 0; j < i; j++)
            if (strcmp(info->message_id, problem_info((enum problem)j)->message_id) == 0)
                fail_msg("%s: MESSAGE_ID used twice", info->slug);
    }
}

/* Every condition leads somewhere, and all problems but the two without a threshold come from one. */
static void test_conditions(void **state) {
    uint32_t leading = 0;

    (void)state;
    assert_int_equal(problem_from_slug("syn-floods"), -1);
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        bool none = i == PROBLEM_UNSAFE_SYSCTL || i == PROBLEM_SAMPLING_DEGRADED;
        check_row(info->slug, info->conditions == 0, none);
        check_row(info->slug, info->conditions >> CONDITION_COUNT, 0);
        leading |= info->conditions;
    }
    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        check_row(info->name, (leading & CONDITION_BIT(i)) != 0, 1);
        check_row(info->name, info->meaning[strlen(info->meaning) - 1], '.');
        check_row(info->name, strlen(info->unit) > 0, 1);
    }
}

static void test_causes(void **state) {
    bool explained[PROBLEM_COUNT] = {false};

    (void)state;
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        const struct cause_info *info = cause_info((enum cause)i);
        if (!info->brief || !info->sentence || !info->remedy[0])
            fail_msg("cause %d: incomplete", i);
        explained[info->problem] = true;
        check_row(info->brief, info->sentence[strlen(info->sentence) - 1], '.');
        check_row(info->brief, strlen(info->brief) < 120, 1);
        check_row(info->brief, islower((unsigned char)info->brief[0]) != 0 || info->brief[0] == 'T', 1);
    }
    for (int i = 0; i < PROBLEM_COUNT; i++)
        if (!explained[i])
            fail_msg("%s: no cause leads to it", problem_info((enum problem)i)->slug);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_causes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
