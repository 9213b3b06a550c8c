/* SPDX-License-Identifier: MIT */
/* Lines of `top`: where a text is broken, and which part of the window gets how many. */
#include "case.h"

#include "top_layout.h"
#include "top_text.h"

static void test_lines(void **state) {
    static const struct {
        const char *name, *text;
        size_t width;
        const char *wanted; /* '|' between the lines */
    } rows[] = {
        {"fits", "one two", 7, "one two|"},
        {"breaks at a blank", "one two", 6, "one|two|"},
        {"break where the line is full", "one two", 3, "one|two|"},
        {"a long word is cut", "abcdefgh ij", 4, "abcd|efgh|ij|"},
        {"blanks at the break go", "one    two", 5, "one  |two|"},
        {"line breaks stay", "one\n\ntwo\n", 10, "one||two|"},
        {"characters count, not bytes", "\u00e4\u00e4 \u00e4\u00e4", 5, "\u00e4\u00e4 \u00e4\u00e4|"},
        {"no half character", "\u00e4\u00e4\u00e4", 2, "\u00e4\u00e4|\u00e4|"},
        {"no width", "ab", 0, "a|b|"},
        {"empty", "", 10, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char got[128];
        struct text text = text_in(got, sizeof got);
        size_t count = 0;
        for (const char *at = rows[i].text; *at != '\0'; count++) {
            const char *next;
            size_t length = top_line_length(at, rows[i].width, &next);
            text_add(&text, "%.*s|", (int)length, at);
            at = next;
        }
        if (strcmp(got, rows[i].wanted) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, got);
        check_row(rows[i].name, top_line_count(rows[i].text, rows[i].width), count);
    }
}

static void test_ages(void **state) {
    static const struct {
        uint64_t age_sec;
        const char *wanted;
    } rows[] = {
        {0, "0s"},    {99, "99s"},     {100, "1m"},    {5999, "99m"},
        {6000, "1h"}, {172799, "47h"}, {172800, "2d"}, {UINT64_MAX, "213503982334601d"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char got[32];
        struct text text = text_in(got, sizeof got);
        top_age_text(rows[i].age_sec, &text);
        assert_string_equal(got, rows[i].wanted);
    }
}

/* What is most important is there in every window. */
static void test_layout(void **state) {
    static const struct {
        const char *name;
        struct top_wish wish;
        struct top_layout wanted;
    } rows[] = {
        {"80x24, quiet", {24, 3, 2, 2, 0, 0}, {1, 11, 2, 3, 1, 0, true, true}},
        {"80x24, two incidents", {24, 3, 2, 2, 2, 2}, {1, 11, 2, 3, 3, 2, true, false}},
        {"80x24, many of all", {24, 3, 2, 10, 20, 4}, {1, 11, 2, 2, 3, 3, true, false}},
        {"40x12", {12, 5, 4, 2, 2, 4}, {1, 5, 1, 0, 3, 0, false, false}},
        {"30x8", {8, 10, 7, 2, 2, 4}, {0, 3, 0, 0, 3, 0, false, false}},
        {"200x50", {50, 1, 1, 2, 1, 1}, {1, 11, 1, 3, 2, 1, true, true}},
        {"no window", {0, 5, 4, 2, 2, 4}, {0}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct top_layout got = top_layout_of(&rows[i].wish);
        const struct top_layout *wanted = &rows[i].wanted;
        check_row(rows[i].name, got.source, wanted->source);
        check_row(rows[i].name, got.states, wanted->states);
        check_row(rows[i].name, got.rates, wanted->rates);
        check_row(rows[i].name, got.listeners, wanted->listeners);
        check_row(rows[i].name, got.incidents, wanted->incidents);
        check_row(rows[i].name, got.cause, wanted->cause);
        check_row(rows[i].name, got.states_full, wanted->states_full);
        check_row(rows[i].name, got.spaced, wanted->spaced);
    }
}

/* Whatever is wished for, the parts never take more than there is between title and keys. */
static void test_layout_never_overflows(void **state) {
    (void)state;
    for (size_t height = 0; height < 60; height++)
        for (size_t incidents = 0; incidents < 30; incidents++)
            for (size_t listeners = 0; listeners <= 10; listeners++) {
                struct top_wish wish = {height, 5, 4, listeners, incidents, incidents > 0 ? 5 : 0};
                struct top_layout got = top_layout_of(&wish);
                size_t sum = got.source + got.states + got.rates + got.listeners + got.incidents + got.cause +
                             (got.spaced ? 4 : 0);
                assert_true(sum <= (height > 2 ? height - 2 : 0));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_layout_never_overflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
