/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <stdarg.h>
#include <stdlib.h>

#include "page.h"
#include "table.h"
#include "util.h"

#define LONG_UNIT   "a-rather-long-name-of-a-service.service"
#define UMLAUT      "\xC3\xA4"
#define TEN_UMLAUTS UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT
#define ELLIPSIS    "\xE2\x80\xA6"

static const struct table_column column[] = {
    {.title = "LOCAL", .shrinks = true},
    {.title = "COUNT", .right = true},
    {.title = "AGE", .right = true, .drop = 1},
    {.title = "UNIT", .shrinks = true, .drop = 2},
    {.title = "PEER", .drop = 3},
};

enum { COLUMNS = ARRAY_SIZE(column) };

static char printed[8192];

static struct page page_of(size_t width, bool terminal) {
    struct page page = {
        .stream = fmemopen(printed, sizeof printed, "w"), .width = width, .terminal = terminal};

    assert_non_null(page.stream);
    return page;
}

/* @param cell row by row, COLUMNS each, NULL after the last */
static const char *print(const char *const *cell, struct page page) {
    CLEANUP_TABLE struct table *table = table_new(column, COLUMNS);

    assert_non_null(table);
    for (; *cell; cell++)
        table_cell(table, "%s", *cell);
    assert_int_equal(table_print(table, &page), 0);
    fclose(page.stream);
    return printed;
}

#define ONE_ROW(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_layout(void **state) {
    const struct {
        const char *name;
        const char *const *cell;
        size_t width;
        bool terminal;
        const char *wanted;
    } rows[] = {
        {"titles alone", ONE_ROW(NULL), 80, true, "  LOCAL  COUNT  AGE  UNIT  PEER\n"},
        {"cells wider than titles", ONE_ROW("[::]:443", "1234567", "12 s", "nginx.service", "10.0.0.1"), 80,
         true,
         "  LOCAL       COUNT   AGE  UNIT           PEER\n"
         "  [::]:443  1234567  12 s  nginx.service  10.0.0.1\n"},
        {"titles wider than cells", ONE_ROW("a", "1", "2", "b", "c"), 80, true,
         "  LOCAL  COUNT  AGE  UNIT  PEER\n"
         "  a          1    2  b     c\n"},
        {"no blank behind the last", ONE_ROW("a", "1", "2", "", ""), 80, true,
         "  LOCAL  COUNT  AGE  UNIT  PEER\n"
         "  a          1    2\n"},
        {"an empty cell in between", ONE_ROW("", "1", "", "b", ""), 80, true,
         "  LOCAL  COUNT  AGE  UNIT  PEER\n"
         "             1       b\n"},
        {"an empty row", ONE_ROW("", "", "", "", ""), 80, true, "  LOCAL  COUNT  AGE  UNIT  PEER\n\n"},
        {"what is no row is not printed", ONE_ROW("a", "1", "2", "b", "c", "d"), 80, true,
         "  LOCAL  COUNT  AGE  UNIT  PEER\n"
         "  a          1    2  b     c\n"},
        {"characters, not bytes", ONE_ROW("\xC3\xA4\xC3\xA4", "1", "2", "b", "c"), 80, true,
         "  LOCAL  COUNT  AGE  UNIT  PEER\n"
         "  \xC3\xA4\xC3\xA4         1    2  b     c\n"},
        {"what is no text", ONE_ROW("a\nb", "1", "\033[31m", "\xFF\xC3", "\xC2\x9B"), 80, true,
         "  LOCAL  COUNT    AGE  UNIT  PEER\n"
         "  a?b        1  ?[31m  ??    ??\n"},
        {"fits exactly", ONE_ROW("12345678", "1", "2", "1234567890", "1234"), 40, true,
         "  LOCAL     COUNT  AGE  UNIT        PEER\n"
         "  12345678      1    2  1234567890  1234\n"},
        {"the widest is cut first", ONE_ROW("12345678", "1", "2", "12345678901", "1234"), 40, true,
         "  LOCAL     COUNT  AGE  UNIT        PEER\n"
         "  12345678      1    2  123456789" ELLIPSIS "  1234\n"},
        {"both are cut alike", ONE_ROW("1234567890123", "1", "2", "1234567890123", "1234"), 40, true,
         "  LOCAL      COUNT  AGE  UNIT       PEER\n"
         "  12345678" ELLIPSIS "      1    2  12345678" ELLIPSIS "  1234\n"},
        {"a cut between characters", ONE_ROW("1", "1", "2", TEN_UMLAUTS UMLAUT UMLAUT UMLAUT UMLAUT, "1234"),
         40, true,
         "  LOCAL  COUNT  AGE  UNIT           PEER\n"
         "  1          1    2  " TEN_UMLAUTS UMLAUT UMLAUT ELLIPSIS "  1234\n"},
        {"the highest drop goes first", ONE_ROW("12345678", "1", "2", "12345678", "123456789"), 40, true,
         "  LOCAL     COUNT  AGE  UNIT\n"
         "  12345678      1    2  12345678\n"},
        {"then the next", ONE_ROW("12345678", "1234567890123", "1234", "12345678", "123456789"), 40, true,
         "  LOCAL             COUNT   AGE\n"
         "  12345678  1234567890123  1234\n"},
        {"the last is never dropped",
         ONE_ROW("1", "12345678901234567890123456789012345678901", "2", "3", "4"), 40, true,
         "  LOCAL                                      COUNT\n"
         "  1      12345678901234567890123456789012345678901\n"},
        {"a pipe is not cut", ONE_ROW("12345678", "1234567890123", "1234", LONG_UNIT, "123456789"), 40, false,
         "  LOCAL             COUNT   AGE  UNIT                                     PEER\n"
         "  12345678  1234567890123  1234  " LONG_UNIT "  123456789\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *text = print(rows[i].cell, page_of(rows[i].width, rows[i].terminal));
        if (strcmp(text, rows[i].wanted) != 0)
            fail_msg("%s:\n%swanted\n%s", rows[i].name, text, rows[i].wanted);
    }
}

/* No line is wider than the terminal, nor ends with a blank; where there is room nothing is missing. */
static void test_widths(void **state) {
    static const char *const cell[] = {"[2001:db8:0:1:aaaa:bbbb:cccc:dddd]:65535",
                                       "123456",
                                       "1 h 12 min",
                                       LONG_UNIT,
                                       "198.51.100.7:443",
                                       "10.0.0.1:80",
                                       "7",
                                       "3 s",
                                       "",
                                       "",
                                       NULL};
    static const struct {
        size_t width;
        bool peer, unit, whole;
    } rows[] = {{40, false, true, false},
                {80, true, true, false},
                {120, true, true, false},
                {121, true, true, true},
                {200, true, true, true}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu", rows[i].width);
        const char *text = print(cell, page_of(rows[i].width, true));
        for (const char *line = text; *line;) {
            size_t length = strcspn(line, "\n");
            if (page_columns(line, length) > rows[i].width || (length > 0 && line[length - 1] == ' '))
                fail_msg("%s: \"%.*s\"", name, (int)length, line);
            line += length + 1;
        }
        check_row(name, strstr(text, "PEER") != NULL, rows[i].peer);
        check_row(name, strstr(text, "UNIT") != NULL, rows[i].unit);
        check_row(name, strstr(text, ELLIPSIS) == NULL, rows[i].whole);
    }
}

static void test_figures(void **state) {
    static const struct table_column number = {.title = "N", .right = true};
    CLEANUP_TABLE struct table *table = table_new(&number, 1);
    struct page page = page_of(80, true);

    (void)state;
    table_figure(table, FIGURE_OF(UINT64_MAX));
    table_figure(table, FIGURE_MISSING);
    table_figure(table, FIGURE_NONE);
    assert_int_equal(table_print(table, &page), 0);
    fclose(page.stream);
    assert_string_equal(printed, "                     N\n  18446744073709551615\n                     -\n"
                                 "               unknown\n");
}

/* Enough rows that the table has to grow. */
static void test_many_rows(void **state) {
    CLEANUP_TABLE struct table *table = table_new(column, COLUMNS);
    FILE *stream = tmpfile();
    struct page page = {.stream = stream, .width = 80, .terminal = true};
    char line[128];
    unsigned int lines = 0;

    (void)state;
    for (unsigned int i = 0; i < 1000 * COLUMNS; i++)
        table_cell(table, "%u", i);
    assert_int_equal(table_print(table, &page), 0);
    rewind(stream);
    for (; fgets(line, sizeof line, stream); lines++)
        if (lines > 0)
            assert_int_equal(strtoul(line, NULL, 10), (lines - 1) * COLUMNS);
    assert_int_equal(lines, 1001);
    fclose(stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_many_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
