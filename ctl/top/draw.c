/* SPDX-License-Identifier: MIT */
/* Listeners, incidents, pages, and where each part stands. */
#include "draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "paint.h"
#include "record.h"
#include "top_layout.h"
#include "top_text.h"

enum { NUMBERS_WIDTH = 12, LIMIT_WIDTH = 26, AGE_WIDTH = 5, PROBLEM_WIDTH = 20, LINE_BYTES = 1024 };

/* Columns of the table of listeners. */
struct listener_columns {
    size_t local, queue; /* widths; there are two queues */
    bool limit;
};

static struct listener_columns listener_columns_of(size_t width) {
    bool limit = width >= 120;
    size_t left = limit ? width - LIMIT_WIDTH : width;
    size_t local = left / 4 > 14 ? left / 4 : 14;

    return (struct listener_columns){.local = local, .queue = (left - local - 2) / 2, .limit = limit};
}

static void draw_queue(size_t row, size_t column, size_t width, struct figure used, struct figure limit) {
    char text[48], used_text[24] = "?", limit_text[24] = "?";
    size_t numbers = NUMBERS_WIDTH < width ? NUMBERS_WIDTH : width;

    if (figure_known(used))
        snprintf(used_text, sizeof used_text, "%" PRIu64, used.value);
    if (figure_known(limit))
        snprintf(limit_text, sizeof limit_text, "%" PRIu64, limit.value);
    snprintf(text, sizeof text, "%s/%s", used_text, limit_text);
    paint_bar(row, column, width - numbers, permyriad_of(figure_or(used, 0), figure_or(limit, 0)));
    paint_right(row, column + width - numbers, numbers, PAINT_PLAIN, text);
}

void draw_listeners(const struct top_model *model, size_t row, size_t lines, size_t width) {
    struct listener_columns columns = listener_columns_of(width);
    size_t syn = columns.local + 1, accept = syn + columns.queue + 1;

    paint_text(row, 0, columns.local, PAINT_BOLD, width < 60 ? "LISTENERS" : "LISTENERS, fullest");
    paint_right(row, syn, columns.queue, PAINT_BOLD, "SYN QUEUE");
    paint_right(row, accept, columns.queue, PAINT_BOLD, "ACCEPT QUEUE");
    if (columns.limit)
        paint_text(row, width - LIMIT_WIDTH + 1, LIMIT_WIDTH - 1, PAINT_BOLD, "LIMITED BY");
    for (size_t i = 0; i < model->view.listener_count && i + 1 < lines; i++) {
        const struct status_listener *listener = &model->view.listener[i];
        row++;
        paint_text(row, 0, columns.local, PAINT_PLAIN, listener->local);
        draw_queue(row, syn, columns.queue, listener->half_open, listener->half_open_limit);
        draw_queue(row, accept, columns.queue, FIGURE_OF(listener->accept_queue),
                   FIGURE_OF(listener->backlog));
        if (columns.limit)
            paint_text(row, width - LIMIT_WIDTH + 1, LIMIT_WIDTH - 1, PAINT_DIM, listener->limited_by);
    }
}

static enum paint severity_paint(const struct status_incident *incident) {
    return strcmp(incident->severity, severity_name(SEVERITY_CRITICAL)) == 0 ? PAINT_RED : PAINT_YELLOW;
}

static void draw_incident(const struct status_incident *incident, bool selected, size_t row, size_t width) {
    size_t severity = width < 60 ? 4 : 8, column = 0;
    char short_name[16], age[24], place[LINE_BYTES];
    struct text age_text = text_in(age, sizeof age), place_text = text_in(place, sizeof place);

    snprintf(short_name, sizeof short_name, "%.*s", (int)severity, incident->severity);
    top_age_text(incident->age_sec, &age_text);
    top_place_text(incident, &place_text);
    paint_text(row, 0, 1, PAINT_BOLD, selected ? ">" : " ");
    paint_text(row, 1, severity, severity_paint(incident), short_name);
    column = 1 + severity;
    paint_right(row, column, AGE_WIDTH, PAINT_PLAIN, age);
    column += AGE_WIDTH + 1;
    size_t problem = width - column < PROBLEM_WIDTH ? width - column : PROBLEM_WIDTH;
    paint_text(row, column, problem, selected ? PAINT_REVERSE : PAINT_PLAIN, incident->problem);
    column += problem;
    if (column >= width)
        return;
    size_t unit = incident->unit[0] != '\0' && width - column >= 40 ? (width - column) * 2 / 5 : 0;
    paint_text(row, column, width - column - unit - (unit > 0), PAINT_PLAIN, place);
    if (unit > 0)
        paint_text(row, width - unit, unit, PAINT_PLAIN, incident->unit);
}

static void incidents_heading(size_t count, size_t first, size_t fit, char text[64]) {
    if (count == 0)
        snprintf(text, 64, "INCIDENTS: none open");
    else if (fit < count)
        snprintf(text, 64, "INCIDENTS: %zu open, %zu to %zu", count, first + 1, first + fit);
    else
        snprintf(text, 64, "INCIDENTS: %zu open", count);
}

void draw_incidents(const struct top_model *model, size_t selected, size_t row, size_t lines, size_t width) {
    size_t count = model->view.incident_count;
    size_t fit = lines > 0 ? lines - 1 : 0;
    size_t first = selected >= fit ? selected - fit + 1 : 0;
    char text[64];

    if (lines == 0)
        return;
    if (fit == 0 || fit > count)
        fit = fit < count ? fit : count;
    incidents_heading(count, first, fit, text);
    paint_text(row, 0, width, PAINT_BOLD, text);
    for (size_t i = 0; i < fit && first + i < count; i++)
        draw_incident(top_model_incident(model, first + i), first + i == selected, row + 1 + i, width);
}

static void draw_line(size_t row, size_t width, enum paint paint, const char *text, size_t length) {
    char line[LINE_BYTES];

    snprintf(line, sizeof line, "%.*s", (int)length, text);
    paint_text(row, 0, width, paint, line);
}

/* What does not fit is cut in the last line. */
static void draw_cause(const char *cause, size_t row, size_t lines, size_t width) {
    for (size_t i = 0; i < lines && *cause != '\0'; i++) {
        const char *next;
        size_t length = top_line_length(cause, width, &next);
        draw_line(row + i, width, PAINT_PLAIN, cause, i + 1 < lines ? length : strlen(cause));
        cause = next;
    }
}

static void draw_source(const struct top_model *model, size_t row, size_t width) {
    char buffer[LINE_BYTES];
    struct text text = text_in(buffer, sizeof buffer);

    top_source_text(model, &text);
    paint_text(row, 0, width, model->stale || model->view.degraded_count > 0 ? PAINT_YELLOW : PAINT_DIM,
               buffer);
}

/* The selected incident stays selected while others come and go. */
static size_t follow_selection(const struct top_model *model, struct top_choice *choice) {
    size_t selected = top_model_find(model, choice->selected);

    if (model->view.incident_count > 0)
        memcpy(choice->selected, top_model_incident(model, selected)->id, sizeof choice->selected);
    return selected;
}

void draw_main(const struct top_model *model, struct top_choice *choice, size_t height, size_t width) {
    size_t selected = follow_selection(model, choice);
    const struct status_view *view = &model->view;
    const char *cause = view->incident_count > 0 ? top_model_incident(model, selected)->cause : "";
    struct top_layout layout = top_layout_of(&(struct top_wish){
        .height = height,
        .states_compact = states_compact_lines(width),
        .rates = rates_lines(model, width),
        .listeners = view->listener_count,
        .incidents = view->incident_count,
        .cause = top_line_count(cause, width),
    });
    size_t row = 1;

    if (layout.source > 0)
        draw_source(model, row, width);
    row += layout.source + layout.spaced;
    draw_states(model, layout.states_full, row, layout.states, width);
    row += layout.states + layout.spaced;
    draw_rates(model, row, layout.rates, width);
    row += layout.rates + layout.spaced;
    if (layout.listeners > 0)
        draw_listeners(model, row, layout.listeners, width);
    row += layout.listeners + layout.spaced;
    draw_incidents(model, selected, row, layout.incidents, width);
    draw_cause(cause, height - 1 - layout.cause, layout.cause, width);
}

void draw_page(struct top_choice *choice, size_t height, size_t width) {
    const char *text = choice->page;
    size_t lines = top_line_count(text, width), room = height - 2, row = 1;
    size_t most = lines > room ? lines - room : 0;

    if (choice->scroll > most)
        choice->scroll = most;
    for (size_t i = 0; *text != '\0' && i < choice->scroll + room; i++) {
        const char *next;
        size_t length = top_line_length(text, width, &next);
        bool heading = length > 0 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ") == length;
        if (i >= choice->scroll)
            draw_line(row++, width, i == 0 || heading ? PAINT_BOLD : PAINT_PLAIN, text, length);
        text = next;
    }
}
