/* SPDX-License-Identifier: MIT */
/* Runs in the top directory, as make does. What the rules do, promtool tests: tests/monitoring/rules.sh. */
#include "case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "alert_rules.h"
#include "cause.h"
#include "problem.h"
#include "util.h"

#define COMMITTED "monitoring/prometheus/synwaitd-problems.rules.yml"
#define FILE_SIZE (1 << 17)

static char generated[FILE_SIZE];

static void generate(void) {
    memset(generated, 0, sizeof generated);
    CLEANUP_FILE FILE *stream = fmemopen(generated, sizeof generated, "w");

    assert_non_null(stream);
    assert_int_equal(alert_rules_write(stream), 0);
}

static void test_committed_file_is_up_to_date(void **state) {
    static char committed[FILE_SIZE];

    (void)state;
    generate();
    if (read_file_at(AT_FDCWD, COMMITTED, committed, sizeof committed) < 0)
        fail_msg("%s cannot be read: run this in the top directory", COMMITTED);
    if (strcmp(committed, generated) != 0)
        fail_msg("%s differs from the tables: run make texts", COMMITTED);
}

/* Folded blocks as YAML reads them: a line break and its indent are one space. */
static void unfold(void) {
    size_t length = 0;

    for (const char *at = generated; *at; at++) {
        if (*at != '\n' && *at != ' ')
            generated[length++] = *at;
        else if (length > 0 && generated[length - 1] != ' ')
            generated[length++] = ' ';
    }
    generated[length] = '\0';
}

static void expect_text(const char *text) {
    if (!strstr(generated, text))
        fail_msg("not in the rules: %s", text);
}

static void test_every_text_is_there(void **state) {
    (void)state;
    generate();
    unfold();
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        char query[128];
        snprintf(query, sizeof query, "journalctl -b -x MESSAGE_ID=%s", info->message_id);
        expect_text(query);
        expect_text(info->meaning);
        for (size_t w = 0; w < WRONG_REMEDIES_MAX && info->wrong[w].remedy; w++)
            expect_text(info->wrong[w].why);
    }
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++)
        expect_text(cause_info((enum cause)i)->sentence);
}

/* A problem whose condition has no figure to show would have "(null)" in its text. */
static void test_every_condition_has_a_figure(void **state) {
    (void)state;
    generate();
    if (strstr(generated, "(null)"))
        fail_msg("a condition has no figure");
}

static void test_full_device_is_an_error(void **state) {
    CLEANUP_FILE FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    assert_int_equal(alert_rules_write(full), -ENOSPC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_committed_file_is_up_to_date),
        cmocka_unit_test(test_every_text_is_there),
        cmocka_unit_test(test_every_condition_has_a_figure),
        cmocka_unit_test(test_full_device_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
