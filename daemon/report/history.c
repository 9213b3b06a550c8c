/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <string.h>

#define UNKNOWN UINT32_MAX /* no count of sockets comes near */

static uint64_t step_of(uint64_t interval_usec) {
    uint64_t ticks = (HISTORY_STEP_USEC + interval_usec - 1) / interval_usec;

    return ticks * interval_usec;
}

static uint32_t point_of(struct figure figure) {
    if (!figure_known(figure))
        return UNKNOWN;
    return figure.value < UNKNOWN ? (uint32_t)figure.value : UNKNOWN - 1;
}

/* Ends the running step; the next knows nothing yet. */
static void close_step(struct history *history) {
    for (int state = 1; state < STATE_COUNT; state++)
        history->point[state][history->next] = point_of(history->running[state]);
    history->next = (history->next + 1) % STATUS_HISTORY;
    if (history->count < STATUS_HISTORY)
        history->count++;
    memset(history->running, 0, sizeof history->running);
}

static void render_series(struct json_text *json, const struct history *history, enum tcp_state state) {
    size_t oldest = (history->next + STATUS_HISTORY - history->count) % STATUS_HISTORY;

    json_text_open_array(json, tcp_state_name(state));
    for (size_t i = 0; i < history->count; i++) {
        uint32_t point = history->point[state][(oldest + i) % STATUS_HISTORY];
        json_text_figure(json, NULL, point == UNKNOWN ? FIGURE_NONE : FIGURE_OF(point));
    }
    json_text_close_array(json);
}

static void render(struct history *history) {
    struct json_text json = json_text_members_in(history->text, sizeof history->text, 1);

    json_text_open_object(&json, "history");
    json_text_number(&json, "step_usec", history->step_usec);
    json_text_number(&json, "points", history->count);
    json_text_open_object(&json, "series");
    for (int state = 1; state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            render_series(&json, history, (enum tcp_state)state);
    json_text_close_object(&json);
    json_text_close_object(&json);
    history->text_length = json.text.length;
}

static void start(struct history *history, uint64_t step_usec, uint64_t now_usec) {
    history->step_usec = step_usec;
    history->opened_usec = now_usec;
    history->count = history->next = 0;
    memset(history->running, 0, sizeof history->running);
    render(history);
}

/* The tick that opens the next step is the one nearest to the end of this; the steps follow the ticks, which
   come a little early or late. */
static void advance(struct history *history, uint64_t now_usec, uint64_t interval_usec) {
    uint64_t passed = (now_usec - history->opened_usec + interval_usec / 2) / history->step_usec;

    if (passed == 0)
        return;
    for (uint64_t i = 0; i < passed && i <= STATUS_HISTORY; i++)
        close_step(history);
    history->opened_usec = now_usec;
    render(history);
}

static void note(struct figure *highest, struct figure count) {
    if (figure_known(count) && (!figure_known(*highest) || count.value > highest->value))
        *highest = count;
}

void history_add(struct history *history, const struct sample *sample, uint64_t interval_usec) {
    uint64_t step_usec = step_of(interval_usec);

    if (history->step_usec != step_usec)
        start(history, step_usec, sample->taken_usec);
    else
        advance(history, sample->taken_usec, interval_usec);
    for (int state = 1; state < STATE_COUNT; state++)
        note(&history->running[state], sample->state[state]);
}

void history_write(struct json_text *json, const struct history *history) {
    if (history->text_length > 0)
        json_text_members(json, history->text, history->text_length);
}
