/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <stdlib.h>

#include "page.h"
#include "sparkline.h"

#define POINTS_MAX 12
#define U          UINT64_MAX /* in a row: not known */

struct row {
    const char *name;
    uint64_t point[POINTS_MAX];
    size_t count, width;
    const char *line;
};

static const struct row table[] = {
    {"no points", {0}, 0, 10, ""},
    {"no room", {1, 2}, 2, 0, ""},
    {"nothing but 0", {0, 0, 0}, 3, 10, "▁▁▁"},
    {"all alike", {5, 5}, 2, 10, "██"},
    {"every height", {0, 1, 17, 33, 50, 67, 83, 100}, 8, 10, "▁▂▃▄▅▆▇█"},
    {"1 of a million is not 0", {0, 1, 1000000}, 3, 10, "▁▂█"},
    {"not known", {U, 3, U, 3}, 4, 10, " █ █"},
    {"nothing is known", {U, U}, 2, 10, "  "},
    {"huge numbers", {U - 1, (U - 1) / 2}, 2, 10, "█▅"},
    {"a peak is never left out", {0, 9, 0, 0, 0, 9}, 6, 3, "█▁█"},
    {"a share of which some is known", {U, 4, U, U}, 4, 2, "█ "},
    {"shares that are not alike", {0, 0, 7, 0, 0}, 5, 2, "▁█"},
    {"as wide as it is", {1, 0}, 2, 2, "█▁"},
};

static void test_table(void **state) {
    struct figure points[POINTS_MAX];
    char buffer[128];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        struct text text = text_in(buffer, sizeof buffer);
        for (size_t j = 0; j < table[i].count; j++)
            points[j] = table[i].point[j] == U ? FIGURE_NONE : FIGURE_OF(table[i].point[j]);
        sparkline_format(points, table[i].count, table[i].width, true, &text);
        if (strcmp(buffer, table[i].line) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", table[i].name, buffer, table[i].line);
    }
}

static void test_without_utf8(void **state) {
    const struct figure points[] = {FIGURE_OF(1), FIGURE_OF(2)};
    char buffer[16];
    struct text text = text_in(buffer, sizeof buffer);

    (void)state;
    sparkline_format(points, ARRAY_SIZE(points), 10, false, &text);
    assert_string_equal(buffer, "");
}

/* What does not fit the buffer is cut at a whole character. */
static void test_small_buffer(void **state) {
    const struct figure points[] = {FIGURE_OF(1), FIGURE_OF(1)};
    char buffer[6];
    struct text text = text_in(buffer, sizeof buffer);

    (void)state;
    sparkline_format(points, ARRAY_SIZE(points), 2, true, &text);
    assert_string_equal(buffer, "█");
    assert_true(text.cut);
}

static void test_locale(void **state) {
    static const struct {
        const char *name;
        bool shown;
    } locales[] = {{"C.UTF-8", true}, {"C", false}, {"POSIX", false}, {"no-such-locale", false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(locales); i++) {
        setenv("LC_ALL", locales[i].name, 1);
        check_row(locales[i].name, page_speaks_utf8(), locales[i].shown);
    }
    unsetenv("LC_ALL");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_without_utf8),
        cmocka_unit_test(test_small_buffer),
        cmocka_unit_test(test_locale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
