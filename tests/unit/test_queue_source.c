/* SPDX-License-Identifier: MIT */
/* When the listener iterator is left alone, and for how long. */
#include "case.h"

#include <errno.h>

#include "queue_source.h"
#include "util.h"

#define MINUTE (60 * USEC_PER_SEC)
#define NOW    (1000 * USEC_PER_SEC)

static void test_readings(void **state) {
    static const struct {
        const char *name;
        int result;
        uint32_t listeners, readings;
        uint64_t spent_usec;
        bool exact, works;
        uint64_t pause_usec;
    } rows[] = {
        {"cheap", 0, 50, 1, 80, true, true, 0},
        {"cheap for so many listeners", 0, 10000, 5, 20500, true, true, 0},
        {"dear once", 0, 0, 1, 501, true, true, 0},
        {"dear twice", 0, 0, 2, 501, true, true, 0},
        {"dear three times", 0, 0, 3, 501, true, false, MINUTE},
        {"dear four times", 0, 0, 4, 501, true, false, 2 * MINUTE},
        {"dear again and again", 0, 0, 9, 501, true, false, 64 * MINUTE},
        {"no longer than that", 0, 0, 100, 501, true, false, 64 * MINUTE},
        {"just not far too dear", 0, 0, 1, 10000, true, true, 0},
        {"far too dear", 0, 0, 1, 10001, true, false, MINUTE},
        {"far too dear twice", 0, 0, 2, 10001, true, false, 2 * MINUTE},
        {"missing", -ENOENT, 0, 1, 5, false, false, MINUTE},
        {"missing again and again", -ENOENT, 0, 20, 5, false, false, MINUTE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct queue_source source = {0};
        for (uint32_t n = 0; n < rows[i].readings; n++)
            queue_source_note(&source, "/pinned", rows[i].result, rows[i].spent_usec, rows[i].listeners, NOW);
        check_row(rows[i].name, source.exact, rows[i].exact);
        check_row(rows[i].name, source.works, rows[i].works);
        check_row(rows[i].name, source.reason[0] == '\0', rows[i].works);
        check_row(rows[i].name, source.resume_usec, rows[i].pause_usec > 0 ? NOW + rows[i].pause_usec : 0);
    }
}

static void test_due(void **state) {
    struct queue_source source = {0};

    (void)state;
    assert_true(queue_source_due(&source, 0));
    queue_source_note(&source, "/pinned", -EACCES, 5, 0, NOW);
    assert_string_equal(source.reason, "/pinned: Permission denied");
    assert_false(queue_source_due(&source, NOW + MINUTE - 1));
    assert_true(queue_source_due(&source, NOW + MINUTE));
    queue_source_note(&source, "/pinned", 0, 5, 0, NOW + MINUTE);
    assert_true(source.works && source.exact);
    assert_string_equal(source.reason, "");
    assert_true(queue_source_due(&source, NOW + MINUTE));
    assert_false(source.exact); /* until it has been read */
}

/* A reading at a fair price makes up for the dear ones before it. */
static void test_fair_again(void **state) {
    struct queue_source source = {0};

    (void)state;
    for (int i = 0; i < 6; i++)
        queue_source_note(&source, "/pinned", 0, 600, 0, NOW);
    assert_int_equal(source.resume_usec, NOW + 8 * MINUTE);
    queue_source_note(&source, "/pinned", 0, 500, 0, NOW);
    assert_true(source.works);
    queue_source_note(&source, "/pinned", 0, 600, 0, NOW);
    assert_true(source.works);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readings),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_fair_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
