/* SPDX-License-Identifier: MIT */
/* States and rates: how many sockets there are, and what comes and goes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "paint.h"
#include "sparkline.h"
#include "top_layout.h"
#include "top_text.h"

enum { NAME_WIDTH = 12, COUNT_WIDTH = 9, AGE_WIDTH = 5, COMPACT_WIDTH = 20, COLUMNS_MAX = 512 };

#define OLD_USEC (3 * USEC_PER_SEC) /* from here on it is told how old a count is */

/* In the order of a connection's life, as far as it has one. */
static const enum tcp_state shown[TOP_STATES] = {
    STATE_LISTEN,     STATE_SYN_SENT,   STATE_SYN_RECV, STATE_ESTABLISHED, STATE_FIN_WAIT_1,
    STATE_FIN_WAIT_2, STATE_CLOSE_WAIT, STATE_LAST_ACK, STATE_CLOSING,     STATE_TIME_WAIT,
};

static void figure_text(struct figure figure, char text[24]) {
    if (figure_known(figure))
        snprintf(text, 24, "%" PRIu64, figure.value);
    else
        snprintf(text, 24, "%s", figure.status == FIGURE_ABSENT ? "-" : "unknown");
}

static void draw_figure(size_t row, size_t column, size_t width, enum paint paint, struct figure figure) {
    char text[24];

    figure_text(figure, text);
    paint_right(row, column, width, paint, text);
}

/* How old the count is, where it is not of now: the walk has its budget. */
static void draw_age(const struct top_model *model, enum tcp_state state, size_t row, size_t column) {
    struct figure age = model->view.state_age_usec[state];
    char buffer[24];
    struct text text = text_in(buffer, sizeof buffer);

    if (!figure_known(age) || age.value < OLD_USEC)
        return;
    top_age_text(age.value / USEC_PER_SEC, &text);
    paint_right(row, column, AGE_WIDTH, PAINT_DIM, buffer);
}

static void ascii_line(const struct figure *points, size_t count, struct text *text) {
    static const char level[] = "_.-=+*#";
    uint64_t most = 0;

    for (size_t i = 0; i < count; i++)
        if (figure_or(points[i], 0) > most)
            most = points[i].value;
    for (size_t i = 0; i < count; i++) {
        uint32_t share = permyriad_of(figure_or(points[i], 0), most);
        size_t at = (share * (sizeof level - 2) + PERMYRIAD - 1) / PERMYRIAD;
        text_add(text, "%c", figure_known(points[i]) ? level[at] : ' ');
    }
}

/* The newest is at the right end. */
static void draw_sparkline(const struct top_model *model, enum tcp_state state, size_t row, size_t column,
                           size_t width) {
    struct figure points[COLUMNS_MAX];
    char buffer[COLUMNS_MAX * 4];
    struct text text = text_in(buffer, sizeof buffer);
    size_t count = top_model_points(model, state, width < COLUMNS_MAX ? width : COLUMNS_MAX, points);

    if (paint_utf8())
        sparkline_format(points, count, count, true, &text);
    else
        ascii_line(points, count, &text);
    paint_right(row, column, width, PAINT_GREEN, buffer);
}

static void draw_state(const struct top_model *model, enum tcp_state state, size_t row, size_t width) {
    struct figure count = model->view.state[state];
    size_t column = NAME_WIDTH;

    paint_text(row, 0, NAME_WIDTH, PAINT_PLAIN, tcp_state_name(state));
    draw_figure(row, column, COUNT_WIDTH, figure_or(count, 0) > 0 ? PAINT_BOLD : PAINT_PLAIN, count);
    column += COUNT_WIDTH;
    draw_age(model, state, row, column);
    column += AGE_WIDTH;
    if (column + COUNT_WIDTH > width)
        return;
    draw_figure(row, column, COUNT_WIDTH, PAINT_PLAIN, top_model_peak(model, state));
    column += COUNT_WIDTH + 1;
    if (column < width)
        draw_sparkline(model, state, row, column, width - column);
}

static void draw_states_heading(const struct top_model *model, size_t row, size_t width) {
    size_t column = NAME_WIDTH + COUNT_WIDTH + AGE_WIDTH;
    char last[48];

    paint_text(row, 0, NAME_WIDTH, PAINT_BOLD, "STATE");
    paint_right(row, NAME_WIDTH, COUNT_WIDTH, PAINT_BOLD, "COUNT");
    paint_right(row, NAME_WIDTH + COUNT_WIDTH, AGE_WIDTH, PAINT_BOLD, "AGE");
    if (column + COUNT_WIDTH > width)
        return;
    paint_right(row, column, COUNT_WIDTH, PAINT_BOLD, "PEAK");
    column += COUNT_WIDTH + 1;
    snprintf(last, sizeof last, "LAST %" PRIu64 " s", top_model_window_sec(model));
    if (column < width)
        paint_right(row, column, width - column, PAINT_BOLD, last);
}

static size_t compact_columns(size_t width) {
    size_t columns = width / COMPACT_WIDTH;

    if (columns == 0)
        return 1;
    return columns < TOP_STATES ? columns : TOP_STATES;
}

size_t states_compact_lines(size_t width) {
    size_t columns = compact_columns(width);

    return (TOP_STATES + columns - 1) / columns;
}

/* Down first, then across. */
static void draw_states_compact(const struct top_model *model, size_t row, size_t lines, size_t width) {
    size_t rows = states_compact_lines(width);

    for (size_t i = 0; i < TOP_STATES; i++) {
        struct figure count = model->view.state[shown[i]];
        size_t line = i % rows, column = i / rows * COMPACT_WIDTH;
        if (line >= lines)
            continue;
        paint_text(row + line, column, NAME_WIDTH, PAINT_PLAIN, tcp_state_name(shown[i]));
        draw_figure(row + line, column + NAME_WIDTH - 1, COMPACT_WIDTH - NAME_WIDTH - 1,
                    figure_or(count, 0) > 0 ? PAINT_BOLD : PAINT_PLAIN, count);
    }
}

void draw_states(const struct top_model *model, bool full, size_t row, size_t lines, size_t width) {
    if (!full) {
        draw_states_compact(model, row, lines, width);
        return;
    }
    draw_states_heading(model, row, width);
    for (size_t i = 0; i < TOP_STATES && i + 1 < lines; i++)
        draw_state(model, shown[i], row + 1 + i, width);
}

/* What is lost comes first: it must fit into the one line that a small window has for them. */
static const enum status_rate rates_shown[RATE_COUNT] = {
    RATE_LISTEN_OVERFLOWS, RATE_LISTEN_DROPS,  RATE_ACTIVE_OPENS,        RATE_PASSIVE_OPENS,
    RATE_COOKIES_SENT,     RATE_COOKIES_VALID, RATE_TIME_WAIT_OVERFLOWS,
};

static bool is_loss(enum status_rate rate) {
    return rate == RATE_LISTEN_OVERFLOWS || rate == RATE_LISTEN_DROPS || rate == RATE_TIME_WAIT_OVERFLOWS;
}

static void rate_text(const struct top_model *model, enum status_rate rate, char text[64]) {
    char number[24];

    figure_text(model->view.rate[rate], number);
    snprintf(text, 64, "%s %s", status_rate_name(rate), number);
    for (char *at = strchr(text, '_'); at; at = strchr(at, '_'))
        *at = ' ';
}

/* Puts the rates one after the other, as many on a line as fit. @return lines; drawn are @p lines of them */
static size_t place_rates(const struct top_model *model, size_t row, size_t lines, size_t width) {
    static const char heading[] = "PER SECOND";
    size_t line = 0, column = sizeof heading;

    if (lines > 0)
        paint_text(row, 0, width, PAINT_BOLD, heading);
    for (int i = 0; i < RATE_COUNT; i++) {
        bool bad = is_loss(rates_shown[i]) && figure_or(model->view.rate[rates_shown[i]], 0) > 0;
        char text[64];
        rate_text(model, rates_shown[i], text);
        size_t length = strlen(text);
        if (column > 1 && column + 1 + length > width) {
            line++;
            column = 1;
        }
        if (line < lines)
            paint_text(row + line, column + 1, width - column - 1, bad ? PAINT_YELLOW : PAINT_PLAIN, text);
        column += length + 2;
    }
    return line + 1;
}

size_t rates_lines(const struct top_model *model, size_t width) {
    return place_rates(model, 0, 0, width);
}

void draw_rates(const struct top_model *model, size_t row, size_t lines, size_t width) {
    place_rates(model, row, lines, width);
}
