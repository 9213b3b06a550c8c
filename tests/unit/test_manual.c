/* SPDX-License-Identifier: MIT */
/* Runs in the top directory, as make does. */
#include "case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "cause.h"
#include "manual.h"
#include "problem.h"
#include "remedy.h"
#include "util.h"

#define PAGE_SIZE (1 << 18)

static char generated[PAGE_SIZE];

static int update(const char *page) {
    memset(generated, 0, sizeof generated);
    CLEANUP_FILE FILE *stream = fmemopen(generated, sizeof generated, "w");

    assert_non_null(stream);
    return manual_update(page, stream);
}

static void test_committed_pages_are_up_to_date(void **state) {
    static const char *const pages[] = {"man/synwaitd.8", "man/synwaitd.conf.5"};
    static char committed[PAGE_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        if (read_file_at(AT_FDCWD, pages[i], committed, sizeof committed) < 0)
            fail_msg("%s cannot be read: run this in the top directory", pages[i]);
        check_row(pages[i], update(committed), 0);
        if (strcmp(committed, generated) != 0)
            fail_msg("%s differs from the tables: run make texts", pages[i]);
    }
}

static void test_marks(void **state) {
    static const struct {
        const char *name, *page;
        int result;
    } rows[] = {
        {"none", "text\n", -EINVAL},
        {"both", ".\\\" begin conditions\nold\n.\\\" end conditions\n", 0},
        {"unknown", ".\\\" begin nothing\n.\\\" end nothing\n", -EINVAL},
        {"no end", ".\\\" begin conditions\nold\n", -EINVAL},
        {"other end", ".\\\" begin conditions\n.\\\" end problems\n", -EINVAL},
        {"longer name", ".\\\" begin conditionsX\n.\\\" end conditionsX\n", -EINVAL},
        {"no newline after the end", ".\\\" begin conditions\n.\\\" end conditions", -EINVAL},
        {"after text", "text\n.\\\" begin problems\n.\\\" end problems\nmore\n", 0},
        {"empty", "", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_row(rows[i].name, update(rows[i].page), rows[i].result);
}

static void test_text_between_the_marks_is_replaced(void **state) {
    (void)state;
    assert_int_equal(update("before\n.\\\" begin conditions\nold\n.\\\" end conditions\nafter\n"), 0);
    assert_null(strstr(generated, "old\n"));
    static const char head[] = "before\n.\\\" begin conditions\n.Bl ";
    static const char tail[] = "\n.El\n.\\\" end conditions\nafter\n";
    assert_int_equal(strncmp(generated, head, strlen(head)), 0);
    assert_string_equal(generated + strlen(generated) - strlen(tail), tail);
}

/* The page without line breaks and requests, so that a text is found however it is wrapped. */
static char *unwrapped(void) {
    static char flat[PAGE_SIZE];
    size_t length = 0;

    for (const char *at = generated; *at; at++)
        flat[length++] = *at == '\n' ? ' ' : *at;
    flat[length] = '\0';
    return flat;
}

static void expect_text(const char *remedy, void *context) {
    if (!strstr(context, remedy))
        fail_msg("not in the page: %s", remedy);
    if (strchr(remedy, '@'))
        fail_msg("a mark is left: %s", remedy);
}

static void test_every_text_is_there(void **state) {
    (void)state;
    assert_int_equal(update(".\\\" begin problems\n.\\\" end problems\n"), 0);
    char *flat = unwrapped();
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        expect_text(info->message_id, flat);
        expect_text(info->meaning, flat);
        expect_text(info->evidence, flat);
        for (size_t w = 0; w < WRONG_REMEDIES_MAX && info->wrong[w].remedy; w++)
            expect_text(info->wrong[w].why, flat);
    }
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        expect_text(cause_info((enum cause)i)->sentence, flat);
        remedies_of_cause((enum cause)i, expect_text, flat);
    }
}

static void test_full_device_is_an_error(void **state) {
    CLEANUP_FILE FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    assert_int_equal(manual_update(".\\\" begin problems\n.\\\" end problems\n", full), -ENOSPC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_committed_pages_are_up_to_date),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_text_between_the_marks_is_replaced),
        cmocka_unit_test(test_every_text_is_there),
        cmocka_unit_test(test_full_device_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
