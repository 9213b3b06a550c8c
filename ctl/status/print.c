/* SPDX-License-Identifier: MIT */
/* What is wrong comes last, where it stays on the screen. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "sparkline.h"
#include "status_print.h"
#include "table.h"
#include "util.h"

#define SPARKLINE_MIN 10 /* columns; its title takes as many */
#define BLOCK_BYTES   3
#define PERCENT       100

/* The figures of a stale file are as old as it, and more. No age is beyond 63 bits. */
static void age_by(struct status_view *view, struct figure age_usec) {
    for (int state = 1; state < STATE_COUNT; state++)
        view->state_age_usec[state].value += age_usec.value;
    view->ports_age_usec.value += age_usec.value;
    view->walk.age_usec.value += age_usec.value;
    view->half_open.age_usec.value += age_usec.value;
    for (size_t i = 0; i < view->incident_count; i++)
        view->incident[i].age_sec += age_usec.value / USEC_PER_SEC;
    view->time_usec += age_usec.value;
}

static void print_head(const struct page *page, const struct status_view *view, struct figure age_usec,
                       bool stale) {
    char age[AGE_TEXT_SIZE], line[256];

    age_format(age_usec, age);
    snprintf(line, sizeof line, "synwaitd %s, network namespace %s, %s%s%s", view->version, view->netns,
             figure_known(age_usec) ? age : "from after now", figure_known(age_usec) ? " ago" : "",
             stale ? ": stale" : "");
    fputs(page_paint(page, stale ? PAGE_RED : PAGE_BOLD), page->stream);
    status_print_text(page, line, 0);
    fputs(page_paint(page, PAGE_RESET), page->stream);
}

/* As table_figure() shows it. */
static size_t columns_of_figure(struct figure figure) {
    char text[24];

    return figure_known(figure) ? (size_t)snprintf(text, sizeof text, "%" PRIu64, figure.value)
                                : strlen("unknown");
}

/* @return columns that the states leave for a series; 0: it does not fit */
static size_t sparkline_room(const struct page *page, const struct status_view *view) {
    size_t count = strlen("COUNT"), age = strlen("AGE");
    char text[AGE_TEXT_SIZE];

    for (size_t i = 0; i < STATES_WITH_SOCKETS; i++) {
        age_format(view->state_age_usec[tcp_states_in_order[i]], text);
        size_t wide = columns_of_figure(view->state[tcp_states_in_order[i]]), age_wide = strlen(text);
        count = wide > count ? wide : count;
        age = age_wide > age ? age_wide : age;
    }
    size_t used = strlen("  ESTABLISHED") + 2 + count + 2 + age + 2;
    size_t room = page->width > used ? page->width - used : 0;
    return room < SPARKLINE_MIN ? 0 : room < STATUS_HISTORY ? room : STATUS_HISTORY;
}

static void add_state(struct table *table, const struct status_view *view, enum tcp_state state,
                      size_t room) {
    char age[AGE_TEXT_SIZE], series[STATUS_HISTORY * BLOCK_BYTES + 1];
    struct text text = text_in(series, sizeof series);

    table_cell(table, "%s", tcp_state_name(state));
    table_figure(table, view->state[state]);
    age_format(view->state_age_usec[state], age);
    table_cell(table, "%s", age);
    sparkline_format(view->history[state], view->history_count, room, true, &text);
    table_cell(table, "%s", series);
}

/* "LAST 5 MIN" */
static void name_series(const struct status_view *view, char *title, size_t size) {
    char age[AGE_TEXT_SIZE];
    uint64_t span_usec;

    if (__builtin_mul_overflow(view->history_count, view->history_step_usec, &span_usec))
        span_usec = UINT64_MAX;
    age_format(FIGURE_OF(span_usec), age);
    for (char *at = age; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    snprintf(title, size, "LAST %s", age);
}

static int print_states(const struct page *page, const struct status_view *view) {
    size_t room = view->history_count > 0 && page_speaks_utf8() ? sparkline_room(page, view) : 0;
    char title[AGE_TEXT_SIZE + 8] = "";
    const struct table_column column[] = {
        {.title = "STATE"},
        {.title = "COUNT", .right = true},
        {.title = "AGE", .right = true, .drop = 1},
        {.title = title, .drop = 2},
    };

    if (room > 0)
        name_series(view, title, sizeof title);
    CLEANUP_TABLE struct table *table = table_new(column, ARRAY_SIZE(column));
    if (!table)
        return -ENOMEM;
    for (size_t i = 0; i < STATES_WITH_SOCKETS; i++)
        add_state(table, view, tcp_states_in_order[i], room);
    return table_print(table, page);
}

static int print_rates(const struct page *page, const struct status_view *view) {
    static const struct table_column column[] = {
        {.title = "RATE", .shrinks = true},
        {.title = "PER SECOND", .right = true},
    };
    CLEANUP_TABLE struct table *table = table_new(column, ARRAY_SIZE(column));

    if (!table)
        return -ENOMEM;
    for (int i = 0; i < RATE_COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", status_rate_name((enum status_rate)i));
        for (char *at = name; (at = strchr(at, '_'));)
            *at = ' ';
        table_cell(table, "%s", name);
        table_figure(table, view->rate[i]);
    }
    fputc('\n', page->stream);
    return table_print(table, page);
}

static void add_fill(struct table *table, struct figure part, struct figure whole) {
    if (figure_known(part) && figure_known(whole))
        table_cell(table, "%" PRIu32 "%%", permyriad_of(part.value, whole.value) / PERCENT);
    else
        table_cell(table, "unknown");
}

static int print_listeners(const struct page *page, const struct status_view *view) {
    static const struct table_column column[] = {
        {.title = "LISTENER", .shrinks = true},
        {.title = "HALF-OPEN", .right = true, .drop = 1},
        {.title = "LIMIT", .right = true, .drop = 3},
        {.title = "FILL", .right = true},
        {.title = "ACCEPT", .right = true, .drop = 2},
        {.title = "BACKLOG", .right = true, .drop = 4},
        {.title = "FILL", .right = true},
        {.title = "LIMITED BY", .shrinks = true, .drop = 5},
    };
    CLEANUP_TABLE struct table *table = table_new(column, ARRAY_SIZE(column));

    if (!table)
        return -ENOMEM;
    fputc('\n', page->stream);
    if (view->listener_count == 0) {
        page_paragraph(page, "The queues of all listeners are empty.", 0);
        return 0;
    }
    for (size_t i = 0; i < view->listener_count; i++) {
        const struct status_listener *listener = &view->listener[i];
        table_cell(table, "%s", listener->local);
        table_figure(table, listener->half_open);
        table_figure(table, listener->half_open_limit);
        add_fill(table, listener->half_open, listener->half_open_limit);
        table_figure(table, FIGURE_OF(listener->accept_queue));
        table_figure(table, FIGURE_OF(listener->backlog));
        add_fill(table, FIGURE_OF(listener->accept_queue), FIGURE_OF(listener->backlog));
        table_cell(table, "%s", listener->limited_by);
    }
    return table_print(table, page);
}

/* "2026-11-27 12:40:03, 2 min" */
static void since_format(const struct status_view *view, const struct status_incident *incident, char *text,
                         size_t size) {
    uint64_t now_sec = view->time_usec / USEC_PER_SEC;
    time_t since = (time_t)(now_sec - incident->age_sec);
    uint64_t age_usec;
    char age[AGE_TEXT_SIZE], date[64] = "";
    struct tm parts;

    if (incident->age_sec <= now_sec && localtime_r(&since, &parts))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S, ", &parts);
    if (__builtin_mul_overflow(incident->age_sec, USEC_PER_SEC, &age_usec))
        age_usec = UINT64_MAX;
    age_format(FIGURE_OF(age_usec), age);
    snprintf(text, size, "%s%s", date, age);
}

static void print_filled(const struct page *page, const char *label, const char *text) {
    if (text[0] != '\0')
        status_print_field(page, label, text);
}

static void print_incident(const struct page *page, const struct status_view *view,
                           const struct status_incident *incident) {
    bool critical = strcmp(incident->severity, "critical") == 0;
    char line[128];

    snprintf(line, sizeof line, "%s %s", incident->severity, incident->problem);
    fprintf(page->stream, "\n%s", page_paint(page, critical ? PAGE_RED : PAGE_YELLOW));
    status_print_text(page, line, 0);
    fputs(page_paint(page, PAGE_RESET), page->stream);
    print_filled(page, "where", incident->local);
    print_filled(page, "peer", incident->peer);
    print_filled(page, "unit", incident->unit);
    since_format(view, incident, line, sizeof line);
    print_filled(page, "since", line);
    print_filled(page, "cause", incident->cause);
    print_filled(page, "incident", incident->id);
}

int status_print(const struct page *page, struct status_view *view, struct figure age_usec, bool stale) {
    print_head(page, view, age_usec, stale);
    if (figure_known(age_usec))
        age_by(view, age_usec);
    fputc('\n', page->stream);
    int result = print_states(page, view);
    if (result == 0)
        result = print_rates(page, view);
    if (result == 0)
        result = print_listeners(page, view);
    fputc('\n', page->stream);
    status_print_sampling(page, view);
    for (size_t i = 0; i < view->incident_count; i++)
        print_incident(page, view, &view->incident[i]);
    if (view->incident_count == 0)
        fputs("\nNo incident is open.\n", page->stream);
    return result;
}
