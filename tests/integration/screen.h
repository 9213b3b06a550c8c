/* SPDX-License-Identifier: MIT */
/* A terminal's screen, as far as terminfo's vt100, ansi and xterm describe one: bytes in, lines of text out.
 */
#ifndef INTEGRATION_SCREEN_H
#define INTEGRATION_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCREEN_ROWS_MAX     60
#define SCREEN_COLUMNS_MAX  220
#define SCREEN_LINE_BYTES   (SCREEN_COLUMNS_MAX * 4 + 1)
#define SCREEN_SEQUENCE_MAX 64

struct screen_cell {
    uint32_t code;
    uint8_t color; /* foreground, 1 to 7; 0: the default */
};

struct screen {
    size_t rows, columns;
    struct screen_cell cell[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
    size_t row, column;
    size_t top, bottom; /* the scrolling region, both within */
    bool wraps_late;    /* a character in the last column wraps only when the next one comes (xenl) */
    bool wrap_pending;
    bool inserting;
    bool alternate, cursor_hidden; /* modes that a program must undo */
    uint8_t color;
    uint32_t last; /* for REP */
    size_t saved_row, saved_column;
    char sequence[SCREEN_SEQUENCE_MAX]; /* what has come of an escape sequence, or of a character */
    size_t sequence_length;
    char unknown[SCREEN_SEQUENCE_MAX]; /* the first sequence that is none of ours */
    uint64_t colored;                  /* characters that were not of the default colour, so far */
};

/** @param wraps_late as vt100 and xterm, unlike ansi */
void screen_start(struct screen *screen, size_t rows, size_t columns, bool wraps_late);

/** As a window that is made larger or smaller: what is outside is gone. */
void screen_resize(struct screen *screen, size_t rows, size_t columns);

void screen_feed(struct screen *screen, const char *bytes, size_t count);

/** Writes the line without the blanks at its end. */
void screen_line(const struct screen *screen, size_t row, char text[SCREEN_LINE_BYTES]);

/** @return the first row at or below @p from that has @p text; screen->rows if there is none. */
size_t screen_find(const struct screen *screen, size_t from, const char *text);

/** @return the colour of the first character of the first @p text on the screen; 0 if it is not there. */
unsigned int screen_color_of(const struct screen *screen, const char *text);

#endif
