/* SPDX-License-Identifier: MIT */
/* Ages, and words that fit a narrow terminal. */
#include "case.h"

#include <stdlib.h>

#include "status_print.h"
#include "util.h"

static void test_ages(void **state) {
    static const struct {
        uint64_t usec;
        const char *text;
    } rows[] = {
        {0, "0 s"},           {99999, "0 s"},        {100000, "0.1 s"},
        {1000000, "1 s"},     {9999999, "9.9 s"},    {10900000, "10 s"},
        {119999999, "119 s"}, {120000000, "2 min"},  {7199999999, "119 min"},
        {7200000000, "2 h"},  {172800000000, "2 d"}, {UINT64_MAX, "213503982 d"},
    };
    char text[AGE_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        age_format(FIGURE_OF(rows[i].usec), text);
        if (strcmp(text, rows[i].text) != 0)
            fail_msg("%llu: \"%s\", wanted \"%s\"", (unsigned long long)rows[i].usec, text, rows[i].text);
    }
    age_format(FIGURE_NONE, text);
    assert_string_equal(text, "unknown");
}

static void test_words(void **state) {
    static const struct {
        const char *name, *text, *printed;
        bool terminal;
    } rows[] = {
        {"words are kept", "one two", "one two\n", true},
        {"as wide as the line", "0123456789012345678901234567", "0123456789012345678901234567\n", true},
        {"wider", "01234567890123456789012345678 x",
         "012345678901234567890123456\xE2\x80\xA6\n            x\n", true},
        {"characters of several bytes",
         "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
         "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
         "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4",
         "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
         "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
         "\xC3\xA4\xC3\xA4\xC3\xA4\xE2\x80\xA6\n",
         true},
        {"no terminal", "01234567890123456789012345678901234567890",
         "01234567890123456789012345678901234567890\n", false},
        {"nothing", "", "\n", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *printed = NULL;
        size_t size;
        FILE *stream = open_memstream(&printed, &size);
        assert_non_null(stream);
        struct page page = {.stream = stream, .width = 40, .terminal = rows[i].terminal};
        status_print_text(&page, rows[i].text, 12);
        fclose(stream);
        if (strcmp(printed, rows[i].printed) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, printed);
        free(printed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
