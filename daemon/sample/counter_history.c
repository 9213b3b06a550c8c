/* SPDX-License-Identifier: MIT */
#include "counter_history.h"

#include <string.h>

/* A counter that was and is readable but went down, other than by a 32-bit wrap. */
static bool was_reset(const struct figure *previous, const struct figure *now,
                      const struct figure *increase) {
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        if (figure_known(previous[i]) && figure_known(now[i]) && !figure_known(increase[i]))
            return true;
    return false;
}

static void remember_step(struct counter_history *history, const struct sample *sample) {
    history->newest = (history->newest + 1) % HISTORY_TICKS;
    if (history->count < HISTORY_TICKS)
        history->count++;
    struct counter_step *step = &history->step[history->newest];
    step->span_usec = sample->span_usec;
    memcpy(step->increase, sample->increase, sizeof step->increase);
}

/* Adds up the steps that lie within the last seconds, the newest in any case. */
static void add_up(const struct counter_history *history, struct sample *sample) {
    sample->recent_usec = 0;
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        sample->recent_increase[i] = history->count > 0 ? FIGURE_OF(0) : FIGURE_NONE;
    for (size_t age = 0; age < history->count; age++) {
        const struct counter_step *step =
            &history->step[(history->newest + HISTORY_TICKS - age) % HISTORY_TICKS];
        if (age > 0 && sample->recent_usec + step->span_usec > HISTORY_USEC)
            break;
        sample->recent_usec += step->span_usec;
        for (size_t i = 0; i < COUNTER_COUNT; i++)
            sample->recent_increase[i] = figure_add(sample->recent_increase[i], step->increase[i]);
    }
}

void counter_history_add(struct counter_history *history, struct sample *sample) {
    bool first = history->taken_usec == 0;

    sample->span_usec = first ? 0 : sample->taken_usec - history->taken_usec;
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        sample->increase[i] = first ? FIGURE_NONE : figure_increase(history->previous[i], sample->counter[i]);
    if (first || was_reset(history->previous, sample->counter, sample->increase))
        history->count = 0;
    else
        remember_step(history, sample);
    add_up(history, sample);
    history->taken_usec = sample->taken_usec;
    memcpy(history->previous, sample->counter, sizeof history->previous);
}
