/* SPDX-License-Identifier: MIT */
#include "paint.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "record.h"
#include "util.h"

#define EIGHTHS          8
#define YELLOW_FROM      (PERMYRIAD / 2)
#define RED_FROM         (PERMYRIAD / 10 * 9)
#define ELLIPSIS_WIDE    L'\u2026'
#define ELLIPSIS_ASCII   L'~'
#define BLOCK_FULL       L'\u2588'
#define BLOCK_OF(eights) ((wchar_t)(BLOCK_FULL + (EIGHTHS - (eights)))) /* U+258F, an eighth, to U+2588 */
#define CELLS_MAX        512

static bool utf8, color_used;

void paint_start(bool color) {
    utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    color_used = color && has_colors();
    if (!color_used)
        return;
    start_color();
    use_default_colors();
    init_pair(PAINT_RED, COLOR_RED, -1);
    init_pair(PAINT_YELLOW, COLOR_YELLOW, -1);
    init_pair(PAINT_GREEN, COLOR_GREEN, -1);
}

bool paint_utf8(void) {
    return utf8;
}

static attr_t attribute_of(enum paint paint) {
    switch (paint) {
    case PAINT_DIM:
        return A_DIM;
    case PAINT_BOLD:
        return A_BOLD;
    case PAINT_RED:
    case PAINT_YELLOW:
        return A_BOLD | (color_used ? (attr_t)COLOR_PAIR(paint) : 0);
    case PAINT_GREEN:
        return color_used ? (attr_t)COLOR_PAIR(paint) : A_NORMAL;
    case PAINT_REVERSE:
        return A_REVERSE;
    default:
        return A_NORMAL;
    }
}

/* Our texts are UTF-8, whatever the terminal takes. @return bytes of the next character; @p cell receives it,
   or '?' for what must not reach a terminal: marks without a width could hide or turn around what is there */
static size_t next_character(const char *text, wchar_t *cell, size_t *columns) {
    size_t length = printable_length(text);
    mbstate_t state = {0};

    *columns = 1;
    *cell = L'?';
    if (length == 1)
        *cell = (wchar_t)*text;
    if (length <= 1 || !utf8)
        return length > 0 ? length : 1;
    wchar_t wide;
    if (mbrtowc(&wide, text, length, &state) == length && wcwidth(wide) > 0) {
        *cell = wide;
        *columns = (size_t)wcwidth(wide);
    }
    return length;
}

/* @return cells used; as many as fit into @p width columns, the last one an ellipsis if there are more */
static size_t to_cells(const char *text, size_t width, wchar_t cells[CELLS_MAX], size_t *used) {
    size_t count = 0, columns = 0, kept = 0, kept_columns = 0;

    while (*text != '\0' && count < CELLS_MAX - 1) {
        size_t wide;
        size_t length = next_character(text, &cells[count], &wide);
        if (columns + wide > width) {
            cells[kept] = utf8 ? ELLIPSIS_WIDE : ELLIPSIS_ASCII;
            *used = kept_columns + 1;
            return kept + 1;
        }
        text += length;
        columns += wide;
        count++;
        if (columns < width) {
            kept = count;
            kept_columns = columns;
        }
    }
    *used = columns;
    return count;
}

static void put_cells(size_t row, size_t column, enum paint paint, const wchar_t *cells, size_t count) {
    attr_t attribute = attribute_of(paint);

    attron((int)attribute);
    mvaddnwstr((int)row, (int)column, cells, (int)count);
    attroff((int)attribute);
}

size_t paint_text(size_t row, size_t column, size_t width, enum paint paint, const char *text) {
    wchar_t cells[CELLS_MAX];
    size_t used = 0;
    size_t room = column < (size_t)COLS ? (size_t)COLS - column : 0;

    if (row >= (size_t)LINES || room == 0 || width == 0)
        return 0;
    size_t count = to_cells(text, width < room ? width : room, cells, &used);
    put_cells(row, column, paint, cells, count);
    return used;
}

void paint_right(size_t row, size_t column, size_t width, enum paint paint, const char *text) {
    wchar_t cells[CELLS_MAX];
    size_t used = 0;

    if (width == 0)
        return;
    to_cells(text, width, cells, &used);
    paint_text(row, column + width - used, used, paint, text);
}

/* The last cell in eighths, where the terminal can show that; any load at all is seen. */
static size_t bar_cells(size_t width, uint32_t permyriad, wchar_t cells[CELLS_MAX]) {
    uint32_t fill = permyriad < PERMYRIAD ? permyriad : PERMYRIAD;
    size_t eighths = (width * EIGHTHS * fill + PERMYRIAD - 1) / PERMYRIAD;

    for (size_t i = 0; i < width; i++) {
        size_t here = eighths > i * EIGHTHS ? eighths - i * EIGHTHS : 0;
        if (!utf8)
            cells[i] = here > 0 ? L'#' : L'.';
        else if (here >= EIGHTHS)
            cells[i] = BLOCK_FULL;
        else
            cells[i] = here > 0 ? BLOCK_OF(here) : L' ';
    }
    return width;
}

void paint_bar(size_t row, size_t column, size_t width, uint32_t permyriad) {
    enum paint paint = PAINT_GREEN;
    wchar_t cells[CELLS_MAX];

    if (width < 3 || row >= (size_t)LINES || column + width > (size_t)COLS)
        return;
    if (permyriad >= RED_FROM)
        paint = PAINT_RED;
    else if (permyriad >= YELLOW_FROM)
        paint = PAINT_YELLOW;
    size_t inside = width - 2 < CELLS_MAX ? width - 2 : CELLS_MAX;
    put_cells(row, column, PAINT_PLAIN, L"[", 1);
    put_cells(row, column + 1, paint, cells, bar_cells(inside, permyriad, cells));
    put_cells(row, column + 1 + inside, PAINT_PLAIN, L"]", 1);
}
