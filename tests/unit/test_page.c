/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <stdlib.h>

#include "page.h"
#include "terminal.h"
#include "util.h"

#define LONGER "twenty-columns-long-x"

static void test_who_wants_color(void **state) {
    static const struct {
        const char *name, *no_color, *term;
        bool terminal, wanted;
    } row[] = {
        {"terminal", NULL, "xterm", true, true},      {"no terminal", NULL, "xterm", false, false},
        {"NO_COLOR", "1", "xterm", true, false},      {"empty NO_COLOR", "", "xterm", true, true},
        {"dumb terminal", NULL, "dumb", true, false}, {"no TERM", NULL, NULL, true, false},
    };
    struct terminal terminal = open_terminal(80);
    FILE *file = tmpfile();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        unsetenv("NO_COLOR");
        unsetenv("TERM");
        if (row[i].no_color)
            setenv("NO_COLOR", row[i].no_color, 1);
        if (row[i].term)
            setenv("TERM", row[i].term, 1);
        if (page_wants_color(row[i].terminal ? terminal.stream : file) != row[i].wanted)
            fail_msg("%s: wanted %d", row[i].name, row[i].wanted);
    }
    fclose(file);
    close_terminal(&terminal);
}

static void test_width(void **state) {
    static const struct {
        const char *name;
        unsigned short columns;
        size_t wanted;
    } row[] = {{"wide", 200, 200},    {"usual", 80, 80},      {"narrow", 41, 41},
               {"the least", 40, 40}, {"too narrow", 39, 40}, {"unknown", 0, 80}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct terminal terminal = open_terminal(row[i].columns);
        struct page page = page_on(terminal.stream, true);
        check_row(row[i].name, page.width, row[i].wanted);
        check_row(row[i].name, page.terminal, true);
        check_row(row[i].name, page.color, true);
        close_terminal(&terminal);
    }
    FILE *file = tmpfile();
    struct page page = page_on(file, false);
    check_row("no terminal", page.width, 80);
    check_row("no terminal", page.terminal, false);
    check_row("no terminal", page.color, false);
    fclose(file);
}

static char printed[1024];

static struct page open_page(size_t width, bool color) {
    struct page page = {
        .stream = fmemopen(printed, sizeof printed, "w"), .width = width, .terminal = true, .color = color};

    assert_non_null(page.stream);
    return page;
}

static void expect_printed(const char *row, struct page *page, const char *wanted) {
    fclose(page->stream);
    if (strcmp(printed, wanted) != 0)
        fail_msg("%s: \"%s\", wanted \"%s\"", row, printed, wanted);
}

static void test_wrap(void **state) {
    static const struct {
        const char *name, *text;
        size_t indent;
        const char *wanted;
    } row[] = {
        {"nothing", "", 4, "    \n"},
        {"one word", "word", 0, "word\n"},
        {"as wide as the page", "0123456789 0123456789 0123456789 0123456", 0,
         "0123456789 0123456789 0123456789 0123456\n"},
        {"one column too wide", "0123456789 0123456789 0123456789 01234567", 0,
         "0123456789 0123456789 0123456789\n01234567\n"},
        {"indented", "0123456789 0123456789 0123456789 0123456", 4,
         "    0123456789 0123456789 0123456789\n    0123456\n"},
        {"a word wider than the page stays whole", "a 01234567890123456789012345678901234567890123456789 b",
         2, "  a\n  01234567890123456789012345678901234567890123456789\n  b\n"},
        {"characters, not bytes",
         "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4 0123456789 0123456789 0123456789 0", 0,
         "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4 0123456789 0123456789 0123456789 0\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct page page = open_page(40, false);
        page_paragraph(&page, row[i].text, row[i].indent);
        expect_printed(row[i].name, &page, row[i].wanted);
    }
}

static void test_labels(void **state) {
    static const struct {
        const char *name, *label, *text;
        bool color;
        const char *wanted;
    } row[] = {
        {"beside", "cause", "short", false, "  cause     short\n"},
        {"wrapped beside it", "do", "1) reuse connections: a pool or keep-alive", false,
         "  do        1) reuse connections: a pool\n            or keep-alive\n"},
        {"no label", "", "more", false, "            more\n"},
        {"no text, no line", "cause", NULL, false, ""},
        {"dim", "cause", "short", true, "  \033[2mcause     \033[0mshort\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct page page = open_page(40, row[i].color);
        printed[0] = '\0';
        page_labelled(&page, row[i].label, row[i].text);
        expect_printed(row[i].name, &page, row[i].wanted);
    }
}

static void test_heading(void **state) {
    struct page plain = open_page(40, false);

    (void)state;
    page_heading(&plain, "States");
    expect_printed("plain", &plain, "States\n");
    struct page painted = open_page(40, true);
    page_heading(&painted, "States");
    expect_printed("painted", &painted, "\033[1mStates\033[0m\n");
    assert_string_equal(page_paint(&painted, PAGE_RED), PAGE_RED);
    assert_string_equal(page_paint(&plain, PAGE_RED), "");
}

static void test_columns(void **state) {
    static const struct {
        const char *name, *text;
        size_t length, wanted;
    } row[] = {
        {"none", "", 0, 0},
        {"ASCII", "abc", 3, 3},
        {"a part", "abc", 2, 2},
        {"two bytes", "\xC3\xA4", 2, 1},
        {"three bytes", "a\xE2\x80\xA6z", 5, 3},
        {"four bytes", "\xF0\x9F\x98\x80", 4, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++)
        check_row(row[i].name, page_columns(row[i].text, row[i].length), row[i].wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_wants_color),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_heading),
        cmocka_unit_test(test_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
