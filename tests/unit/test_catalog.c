/* SPDX-License-Identifier: MIT */
/* Runs in the top directory, as make does. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog.h"
#include "problem.h"
#include "util.h"

#define COMMITTED "systemd/synwaitd.catalog"

static char generated[65536];

static void generate(void) {
    FILE *stream = fmemopen(generated, sizeof generated, "w");

    assert_non_null(stream);
    assert_int_equal(catalog_write(stream), 0);
    fclose(stream);
}

static void test_committed_file_is_up_to_date(void **state) {
    static char committed[65536];
    (void)state;
    generate();
    if (read_file_at(AT_FDCWD, COMMITTED, committed, sizeof committed) < 0)
        fail_msg("%s cannot be read: run this in the top directory", COMMITTED);
    if (strcmp(committed, generated) != 0)
        fail_msg("%s differs from the problem table: run make catalog", COMMITTED);
}

static void test_every_problem_has_an_entry(void **state) {
    (void)state;
    generate();
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        char head[256];
        snprintf(head, sizeof head, "\n-- %s\nSubject: %s (", info->message_id, info->title);
        const char *found = strstr(generated, head);
        if (!found)
            fail_msg("%s has no entry", info->slug);
        else if (strstr(found + 1, head))
            fail_msg("%s has two entries", info->slug);
    }
}

/* journalctl shows the text as it is, so it has to fit a terminal. Lines with fields grow anyway. */
static void test_width(void **state) {
    (void)state;
    generate();
    for (char *line = strtok(generated, "\n"); line; line = strtok(NULL, "\n"))
        if (!strchr(line, '@') && strlen(line) > 76)
            fail_msg("%zu columns: %s", strlen(line), line);
}

static void test_full_device_is_an_error(void **state) {
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    assert_true(catalog_write(full) < 0);
    fclose(full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_committed_file_is_up_to_date),
        cmocka_unit_test(test_every_problem_has_an_entry),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_full_device_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
