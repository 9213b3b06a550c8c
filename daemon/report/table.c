/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "util.h"

#define INDENT        2
#define GAP           2
#define SHRUNK_MIN    8 /* a cell is not cut below this */
#define ELLIPSIS      "\xE2\x80\xA6"
#define CELLS_AT_ONCE 256

struct table {
    const struct table_column *column;
    size_t columns;
    char **cell; /* row by row */
    size_t cells, room;
    bool failed; /* out of memory */
};

/* How a table is laid out on a page. */
struct layout {
    size_t width[TABLE_COLUMNS_MAX];
    bool shown[TABLE_COLUMNS_MAX];
};

struct table *table_new(const struct table_column *column, size_t count) {
    struct table *table = calloc(1, sizeof *table);

    if (!table)
        return NULL;
    table->column = column;
    table->columns = count;
    return table;
}

struct table *table_free(struct table *table) {
    if (!table)
        return NULL;
    for (size_t i = 0; i < table->cells; i++)
        free(table->cell[i]);
    free(table->cell);
    free(table);
    return NULL;
}

void table_cleanup(struct table **table) {
    *table = table_free(*table);
}

static bool make_room(struct table *table) {
    if (table->cells < table->room)
        return true;
    size_t room = table->room + table->room / 2 + CELLS_AT_ONCE;
    char **cell = reallocarray(table->cell, room, sizeof *cell);
    if (!cell)
        return false;
    table->cell = cell;
    table->room = room;
    return true;
}

void table_cell(struct table *table, const char *format, ...) {
    char *text = NULL;
    va_list args;

    va_start(args, format);
    bool ok = !table->failed && make_room(table) && vasprintf(&text, format, args) >= 0;
    va_end(args);
    if (!ok) {
        table->failed = true;
        return;
    }
    text_clean(text);
    table->cell[table->cells++] = text;
}

void table_figure(struct table *table, struct figure figure) {
    if (figure_known(figure))
        table_cell(table, "%" PRIu64, figure.value);
    else
        table_cell(table, "%s", figure.status == FIGURE_ABSENT ? "-" : "unknown");
}

static size_t columns_of(const char *text) {
    return page_columns(text, strlen(text));
}

static void measure(const struct table *table, struct layout *layout) {
    for (size_t i = 0; i < table->columns; i++) {
        layout->shown[i] = true;
        layout->width[i] = columns_of(table->column[i].title);
    }
    for (size_t i = 0; i < table->cells; i++) {
        size_t wide = columns_of(table->cell[i]);
        if (wide > layout->width[i % table->columns])
            layout->width[i % table->columns] = wide;
    }
}

static size_t total_width(const struct table *table, const struct layout *layout) {
    size_t total = INDENT, shown = 0;

    for (size_t i = 0; i < table->columns; i++)
        if (layout->shown[i]) {
            total += layout->width[i];
            shown++;
        }
    return total + (shown > 1 ? (shown - 1) * GAP : 0);
}

/* @return how many columns of the terminal can be won by cutting cells */
static size_t slack(const struct table *table, const struct layout *layout) {
    size_t total = 0;

    for (size_t i = 0; i < table->columns; i++)
        if (layout->shown[i] && table->column[i].shrinks && layout->width[i] > SHRUNK_MIN)
            total += layout->width[i] - SHRUNK_MIN;
    return total;
}

/* @return whether there was one to drop */
static bool drop_one(const struct table *table, struct layout *layout) {
    size_t chosen = table->columns;

    for (size_t i = 0; i < table->columns; i++)
        if (layout->shown[i] && table->column[i].drop > 0 &&
            (chosen == table->columns || table->column[i].drop > table->column[chosen].drop))
            chosen = i;
    if (chosen == table->columns)
        return false;
    layout->shown[chosen] = false;
    return true;
}

/* Takes from the widest cell, one column of the terminal after the other, so that they become alike. */
static void shrink(const struct table *table, struct layout *layout, size_t too_many) {
    for (; too_many > 0; too_many--) {
        size_t widest = table->columns;
        for (size_t i = 0; i < table->columns; i++)
            if (layout->shown[i] && table->column[i].shrinks && layout->width[i] > SHRUNK_MIN &&
                (widest == table->columns || layout->width[i] > layout->width[widest]))
                widest = i;
        if (widest == table->columns)
            return;
        layout->width[widest]--;
    }
}

static void fit(const struct table *table, struct layout *layout, size_t width) {
    size_t total = total_width(table, layout);

    while (total > width + slack(table, layout) && drop_one(table, layout))
        total = total_width(table, layout);
    if (total > width)
        shrink(table, layout, total - width);
}

static void print_cell(const struct page *page, const char *text, size_t width, bool right, bool last) {
    size_t wide = columns_of(text);
    bool cut = wide > width;
    size_t bytes = cut ? page_prefix(text, strlen(text), width - 1) : strlen(text);
    size_t blanks = cut ? 0 : width - wide;

    if (right)
        fprintf(page->stream, "%*s", (int)blanks, "");
    fprintf(page->stream, "%.*s%s", (int)bytes, text, cut ? ELLIPSIS : "");
    if (!right && !last)
        fprintf(page->stream, "%*s", (int)blanks, "");
}

static const char *text_of(const struct table *table, char *const *cell, size_t at) {
    return cell ? cell[at] : table->column[at].title;
}

/* Nothing stands behind it, blanks neither. */
static size_t last_with_text(const struct table *table, const struct layout *layout, char *const *cell) {
    size_t last = 0;

    for (size_t i = 0; i < table->columns; i++)
        if (layout->shown[i] && text_of(table, cell, i)[0] != '\0')
            last = i;
    return last;
}

/* @param cell NULL: the titles */
static void print_row(const struct table *table, const struct page *page, const struct layout *layout,
                      char *const *cell) {
    size_t last = last_with_text(table, layout, cell);

    for (size_t i = 0; i <= last; i++) {
        if (!layout->shown[i] || text_of(table, cell, last)[0] == '\0')
            continue;
        fputs("  ", page->stream);
        print_cell(page, text_of(table, cell, i), layout->width[i], table->column[i].right, i == last);
    }
}

int table_print(const struct table *table, const struct page *page) {
    struct layout layout;

    if (table->failed)
        return -ENOMEM;
    if (table->columns == 0)
        return 0;
    measure(table, &layout);
    if (page->terminal)
        fit(table, &layout, page->width);
    fputs(page_paint(page, PAGE_BOLD), page->stream);
    print_row(table, page, &layout, NULL);
    fprintf(page->stream, "%s\n", page_paint(page, PAGE_RESET));
    for (size_t i = 0; i + table->columns <= table->cells; i += table->columns) {
        print_row(table, page, &layout, &table->cell[i]);
        fputc('\n', page->stream);
    }
    return 0;
}
