/* SPDX-License-Identifier: MIT */
/* The state counts of the last minutes, as status.json has them. Fixed memory, no clock. */
#ifndef SYNWAITD_HISTORY_H
#define SYNWAITD_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "json_text.h"
#include "sample.h"
#include "util.h"

#define STATUS_HISTORY     60                 /* points at most */
#define HISTORY_STEP_USEC  (5 * USEC_PER_SEC) /* or the next multiple of the interval */
#define HISTORY_TEXT_BYTES 8192

/** A ring of points. Zeroed at start. */
struct history {
    uint64_t step_usec;
    uint64_t opened_usec;               /* CLOCK_MONOTONIC of the tick that opened the running step */
    struct figure running[STATE_COUNT]; /* the highest in it so far */
    size_t count, next;
    uint32_t point[STATE_COUNT][STATUS_HISTORY]; /* of the steps that are over */
    size_t text_length;
    char text[HISTORY_TEXT_BYTES]; /* the ring as a member of the outermost object; made when a step ends */
};

/**
 * Takes the counts of a tick. A step for which there was no tick has points that are not known; with another
 * interval, which gives another step, the ring starts anew.
 */
void history_add(struct history *history, const struct sample *sample, uint64_t interval_usec);

/** Adds it to the outermost object: a copy. Nothing before the first tick. */
void history_write(struct json_text *json, const struct history *history);

#endif
