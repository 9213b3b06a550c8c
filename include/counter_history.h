/* SPDX-License-Identifier: MIT */
/* Increases of the cumulative counters from tick to tick and over the last seconds. Pure. */
#ifndef SYNWAITD_COUNTER_HISTORY_H
#define SYNWAITD_COUNTER_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "sample.h"

#define HISTORY_USEC  5000000ULL
#define HISTORY_TICKS 50 /* five seconds at the shortest interval worth having, 100 ms */

struct counter_step {
    uint64_t span_usec;
    struct figure increase[COUNTER_COUNT];
};

/** Zeroed at start. */
struct counter_history {
    uint64_t taken_usec; /* of the previous counters; 0 = none */
    struct figure previous[COUNTER_COUNT];
    struct counter_step step[HISTORY_TICKS]; /* ring */
    size_t newest, count;
};

/**
 * Takes in sample->counter, read at sample->taken_usec; fills span_usec, increase, recent_increase and
 * recent_usec. A counter reset empties the history, so that what follows rests on the new count alone. A
 * counter with an unknown step within the last seconds has no recent increase.
 */
void counter_history_add(struct counter_history *history, struct sample *sample);

#endif
