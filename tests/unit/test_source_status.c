/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <errno.h>

#include "source_status.h"
#include "util.h"

/* One letter per reading: g good, b bad; then what stands after each. */
static void test_transitions(void **state) {
    static const struct {
        const char *readings, *degraded; /* d degraded, - not */
        uint32_t failed_ticks;
    } rows[] = {
        {"", "", 0},
        {"g", "-", 0},
        {"b", "-", 1},
        {"bb", "--", 2},
        {"bbb", "--d", 3},
        {"bbbbb", "--ddd", 5},
        {"bbgbb", "-----", 2},
        {"bgbgbgb", "-------", 1},
        {"bbbg", "--dd", 0},
        {"bbbgg", "--ddd", 0},
        {"bbbggg", "--ddd-", 0},
        {"bbbggbgg", "--dddddd", 0},
        {"bbbggbggg", "--dddddd-", 0},
        {"bbbgggbb", "--ddd---", 2},
        {"bbbgggbbb", "--ddd---d", 3},
        {"bbbgggbbbggg", "--ddd---ddd-", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct source_status status = {0};
        uint32_t good_ticks = 0;
        for (size_t j = 0; rows[i].readings[j] != '\0'; j++) {
            bool bad = rows[i].readings[j] == 'b';
            source_status_update(&status, &good_ticks, bad ? -EIO : 0, bad ? "broken" : "");
            check_row(rows[i].readings, status.degraded, rows[i].degraded[j] == 'd');
        }
        check_row(rows[i].readings, status.failed_ticks, rows[i].failed_ticks);
    }
}

static void test_reason_stays(void **state) {
    struct source_status status = {0};
    uint32_t good_ticks = 0;

    (void)state;
    source_status_update(&status, &good_ticks, -EIO, "first");
    source_status_update(&status, &good_ticks, -EIO, "second");
    assert_string_equal(status.reason, "second");
    source_status_update(&status, &good_ticks, 0, "");
    assert_string_equal(status.reason, "second");
    status.failed_ticks = UINT32_MAX;
    source_status_update(&status, &good_ticks, -EIO, "for ever");
    assert_int_equal(status.failed_ticks, UINT32_MAX);
}

static void test_reason_text(void **state) {
    char reason[SOURCE_REASON_SIZE] = "", longest[2 * SOURCE_REASON_SIZE];

    (void)state;
    source_reason(reason, "%s: %d", "first", 1);
    source_reason(reason, "second");
    assert_string_equal(reason, "first: 1");
    reason[0] = '\0';
    source_reason(reason, "%s", "a\tb\x7f\xC3\xA4\n");
    assert_string_equal(reason, "a?b????");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    reason[0] = '\0';
    source_reason(reason, "%s", longest);
    assert_int_equal(strlen(reason), SOURCE_REASON_SIZE - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_reason_stays),
        cmocka_unit_test(test_reason_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
