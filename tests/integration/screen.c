/* SPDX-License-Identifier: MIT */
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

enum { ESCAPE = 0x1B, TAB_WIDTH = 8, PARAMETERS_MAX = 8 };

static const struct screen_cell blank = {.code = ' '};

/* Numbers of a control sequence; what is left out is 0. */
struct parameters {
    unsigned int number[PARAMETERS_MAX];
    size_t count;
    bool is_private; /* begins with '?' */
};

static void clear_cells(struct screen *screen, size_t row, size_t from, size_t to) {
    for (size_t column = from; column < to && column < SCREEN_COLUMNS_MAX; column++)
        screen->cell[row][column] = blank;
}

static void clear_rows(struct screen *screen, size_t from, size_t to) {
    for (size_t row = from; row < to; row++)
        clear_cells(screen, row, 0, SCREEN_COLUMNS_MAX);
}

void screen_start(struct screen *screen, size_t rows, size_t columns, bool wraps_late) {
    *screen = (struct screen){.rows = rows, .columns = columns, .bottom = rows - 1, .wraps_late = wraps_late};
    clear_rows(screen, 0, SCREEN_ROWS_MAX);
}

void screen_resize(struct screen *screen, size_t rows, size_t columns) {
    for (size_t row = 0; row < SCREEN_ROWS_MAX; row++)
        clear_cells(screen, row, row < rows ? columns : 0, SCREEN_COLUMNS_MAX);
    screen->rows = rows;
    screen->columns = columns;
    screen->top = 0;
    screen->bottom = rows - 1;
    screen->row = screen->row < rows ? screen->row : rows - 1;
    screen->column = screen->column < columns ? screen->column : columns - 1;
    screen->wrap_pending = false;
}

/* Moves the rows of the region from @p from on by @p count lines, up if it is positive. */
static void scroll(struct screen *screen, size_t from, int count) {
    if (from > screen->bottom)
        return;
    for (; count > 0; count--) {
        memmove(screen->cell[from], screen->cell[from + 1], (screen->bottom - from) * sizeof screen->cell[0]);
        clear_rows(screen, screen->bottom, screen->bottom + 1);
    }
    for (; count < 0; count++) {
        memmove(screen->cell[from + 1], screen->cell[from], (screen->bottom - from) * sizeof screen->cell[0]);
        clear_rows(screen, from, from + 1);
    }
}

static void line_feed(struct screen *screen) {
    if (screen->row == screen->bottom)
        scroll(screen, screen->top, 1);
    else if (screen->row + 1 < screen->rows)
        screen->row++;
}

static void reverse_line_feed(struct screen *screen) {
    if (screen->row == screen->top)
        scroll(screen, screen->top, -1);
    else if (screen->row > 0)
        screen->row--;
}

static void go(struct screen *screen, long row, long column) {
    long last_row = (long)screen->rows - 1, last_column = (long)screen->columns - 1;

    screen->row = (size_t)(row < 0 ? 0 : row > last_row ? last_row : row);
    screen->column = (size_t)(column < 0 ? 0 : column > last_column ? last_column : column);
    screen->wrap_pending = false;
}

static void insert_cells(struct screen *screen, size_t count) {
    struct screen_cell *line = screen->cell[screen->row];

    for (; count > 0; count--) {
        memmove(&line[screen->column + 1], &line[screen->column],
                (screen->columns - screen->column - 1) * sizeof *line);
        line[screen->column] = blank;
    }
}

static void delete_cells(struct screen *screen, size_t count) {
    struct screen_cell *line = screen->cell[screen->row];

    for (; count > 0; count--) {
        memmove(&line[screen->column], &line[screen->column + 1],
                (screen->columns - screen->column - 1) * sizeof *line);
        line[screen->columns - 1] = blank;
    }
}

static void wrap(struct screen *screen) {
    screen->wrap_pending = false;
    screen->column = 0;
    line_feed(screen);
}

static void put(struct screen *screen, uint32_t code) {
    if (screen->wrap_pending)
        wrap(screen);
    if (screen->inserting)
        insert_cells(screen, 1);
    screen->cell[screen->row][screen->column] = (struct screen_cell){code, screen->color};
    screen->colored += screen->color != 0;
    screen->last = code;
    if (screen->column + 1 < screen->columns) {
        screen->column++;
        return;
    }
    screen->wrap_pending = true;
    if (!screen->wraps_late)
        wrap(screen);
}

static struct parameters read_parameters(const char *sequence) {
    struct parameters parameters = {.count = 1, .is_private = *sequence == '?'};

    for (const char *at = sequence + parameters.is_private; *at != '\0'; at++) {
        unsigned int *number = &parameters.number[parameters.count - 1];
        if (*at >= '0' && *at <= '9')
            *number = *number * 10 + (unsigned int)(*at - '0');
        else if (*at == ';' && parameters.count < PARAMETERS_MAX)
            parameters.count++;
    }
    return parameters;
}

static void note_unknown(struct screen *screen) {
    if (screen->unknown[0] == '\0')
        memcpy(screen->unknown, screen->sequence, sizeof screen->unknown);
}

static void set_attributes(struct screen *screen, const struct parameters *parameters) {
    for (size_t i = 0; i < parameters->count; i++) {
        unsigned int number = parameters->number[i];
        if (number == 0 || number == 39)
            screen->color = 0;
        else if (number >= 30 && number <= 37)
            screen->color = (uint8_t)(number - 30);
    }
}

static void set_mode(struct screen *screen, const struct parameters *parameters, bool on) {
    unsigned int mode = parameters->number[0];

    if (!parameters->is_private) {
        screen->inserting = mode == 4 ? on : screen->inserting;
        return;
    }
    if (mode == 25)
        screen->cursor_hidden = !on;
    if (mode != 1049)
        return;
    screen->alternate = on;
    clear_rows(screen, 0, SCREEN_ROWS_MAX);
}

static void erase_display(struct screen *screen, unsigned int which) {
    if (which == 0) {
        clear_cells(screen, screen->row, screen->column, SCREEN_COLUMNS_MAX);
        clear_rows(screen, screen->row + 1, SCREEN_ROWS_MAX);
    } else if (which == 1) {
        clear_rows(screen, 0, screen->row);
        clear_cells(screen, screen->row, 0, screen->column + 1);
    } else {
        clear_rows(screen, 0, SCREEN_ROWS_MAX);
    }
}

static void erase_line(struct screen *screen, unsigned int which) {
    clear_cells(screen, screen->row, which == 0 ? screen->column : 0,
                which == 1 ? screen->column + 1 : SCREEN_COLUMNS_MAX);
}

static void set_region(struct screen *screen, const struct parameters *parameters) {
    size_t top = parameters->number[0], bottom = parameters->number[1];

    screen->top = top > 0 ? top - 1 : 0;
    screen->bottom = bottom > 0 && bottom <= screen->rows ? bottom - 1 : screen->rows - 1;
    if (screen->top > screen->bottom)
        screen->top = 0; /* of a window that was larger */
    go(screen, 0, 0);
}

static void tabulate(struct screen *screen, long count) {
    long stop = (long)screen->column / TAB_WIDTH;

    if (count < 0 && screen->column % TAB_WIDTH != 0)
        stop++;
    go(screen, (long)screen->row, (stop + count) * TAB_WIDTH);
}

/* @return whether it is one of those that move the cursor */
static bool move_cursor(struct screen *screen, char final, const struct parameters *parameters) {
    long first = parameters->number[0], second = parameters->number[1], count = first > 0 ? first : 1;
    long row = (long)screen->row, column = (long)screen->column;

    switch (final) {
    case 'A':
        go(screen, row - count, column);
        return true;
    case 'B':
        go(screen, row + count, column);
        return true;
    case 'C':
        go(screen, row, column + count);
        return true;
    case 'D':
        go(screen, row, column - count);
        return true;
    case 'G':
        go(screen, row, count - 1);
        return true;
    case 'd':
        go(screen, count - 1, column);
        return true;
    case 'H':
    case 'f':
        go(screen, count - 1, second > 0 ? second - 1 : 0);
        return true;
    case 'I':
    case 'Z':
        tabulate(screen, final == 'I' ? count : -count);
        return true;
    default:
        return false;
    }
}

/* @return whether it is one of those that shift or erase what is there */
static bool edit(struct screen *screen, char final, const struct parameters *parameters) {
    unsigned int first = parameters->number[0];
    int count = first > 0 ? (int)first : 1;

    switch (final) {
    case 'J':
        erase_display(screen, first);
        return true;
    case 'K':
        erase_line(screen, first);
        return true;
    case 'L':
    case 'M':
        scroll(screen, screen->row, final == 'M' ? count : -count);
        return true;
    case 'S':
    case 'T':
        scroll(screen, screen->top, final == 'S' ? count : -count);
        return true;
    case 'P':
        delete_cells(screen, (size_t)count);
        return true;
    case '@':
        insert_cells(screen, (size_t)count);
        return true;
    case 'X':
        clear_cells(screen, screen->row, screen->column, screen->column + (size_t)count);
        return true;
    case 'b':
        for (; count > 0; count--)
            put(screen, screen->last);
        return true;
    default:
        return false;
    }
}

static void control_sequence(struct screen *screen, char final) {
    struct parameters parameters = read_parameters(screen->sequence + 2);

    if (move_cursor(screen, final, &parameters) || edit(screen, final, &parameters))
        return;
    switch (final) {
    case 'm':
        set_attributes(screen, &parameters);
        break;
    case 'r':
        set_region(screen, &parameters);
        break;
    case 'h':
    case 'l':
        set_mode(screen, &parameters, final == 'h');
        break;
    case 't': /* xterm: keeps the title */
        break;
    default:
        note_unknown(screen);
    }
}

static void save_cursor(struct screen *screen) {
    screen->saved_row = screen->row;
    screen->saved_column = screen->column;
}

/* The second character of a sequence without parameters. */
static void escape_sequence(struct screen *screen, char final) {
    switch (final) {
    case '7':
        save_cursor(screen);
        break;
    case '8':
        go(screen, (long)screen->saved_row, (long)screen->saved_column);
        break;
    case 'M':
        reverse_line_feed(screen);
        break;
    case 'D':
        line_feed(screen);
        break;
    case '=':
    case '>': /* the keypad's modes */
        break;
    default:
        note_unknown(screen);
    }
}

/* @return whether the sequence has ended with this byte */
static bool take_escape(struct screen *screen, char byte) {
    size_t length = screen->sequence_length;

    if (length == 2 && (byte == '[' || byte == '(' || byte == ')'))
        return false;
    if (length == 2) {
        escape_sequence(screen, byte);
        return true;
    }
    if (screen->sequence[1] != '[')
        return true; /* a character set: ASCII and line drawing, which we do not use */
    if (byte < '@' || byte > '~')
        return length + 1 == SCREEN_SEQUENCE_MAX;
    control_sequence(screen, byte);
    return true;
}

static size_t character_length(char lead) {
    unsigned char byte = (unsigned char)lead;

    return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

/* @return whether the character has ended with this byte */
static bool take_character(struct screen *screen) {
    size_t length = character_length(screen->sequence[0]);
    unsigned char lead = (unsigned char)screen->sequence[0];
    uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));

    if (screen->sequence_length < length)
        return false;
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)screen->sequence[i] & 0x3FU);
    put(screen, code);
    return true;
}

static void take_control(struct screen *screen, char byte) {
    switch (byte) {
    case '\r':
        go(screen, (long)screen->row, 0);
        break;
    case '\n':
        line_feed(screen);
        break;
    case '\b':
        go(screen, (long)screen->row, (long)screen->column - 1);
        break;
    case '\t':
        tabulate(screen, 1);
        break;
    default: /* padding, bell, shift in and out */
        break;
    }
}

void screen_feed(struct screen *screen, const char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool control = (unsigned char)bytes[i] < ' ' && bytes[i] != ESCAPE;
        if (screen->sequence_length == 0 && control) {
            take_control(screen, bytes[i]);
            continue;
        }
        screen->sequence[screen->sequence_length++] = bytes[i];
        screen->sequence[screen->sequence_length] = '\0';
        bool escape = screen->sequence[0] == ESCAPE;
        if (escape && screen->sequence_length == 1)
            continue;
        if (escape ? take_escape(screen, bytes[i]) : take_character(screen))
            screen->sequence_length = 0;
    }
}

static size_t encode(uint32_t code, char *text) {
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        text[0] = (char)(0xC0 | code >> 6);
        text[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    text[0] = (char)(0xE0 | code >> 12);
    text[1] = (char)(0x80 | (code >> 6 & 0x3F));
    text[2] = (char)(0x80 | (code & 0x3F));
    return 3;
}

void screen_line(const struct screen *screen, size_t row, char text[SCREEN_LINE_BYTES]) {
    size_t length = 0, end = 0;

    for (size_t column = 0; column < screen->columns; column++) {
        length += encode(screen->cell[row][column].code, text + length);
        if (screen->cell[row][column].code != ' ')
            end = length;
    }
    text[end] = '\0';
}

size_t screen_find(const struct screen *screen, size_t from, const char *text) {
    char line[SCREEN_LINE_BYTES];
    size_t row = from;

    for (; row < screen->rows; row++) {
        screen_line(screen, row, line);
        if (strstr(line, text))
            break;
    }
    return row;
}

unsigned int screen_color_of(const struct screen *screen, const char *text) {
    size_t row = screen_find(screen, 0, text);
    char line[SCREEN_LINE_BYTES];

    if (row == screen->rows)
        return 0;
    screen_line(screen, row, line);
    return screen->cell[row][page_columns(line, (size_t)(strstr(line, text) - line))].color;
}
