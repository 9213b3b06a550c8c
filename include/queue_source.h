/* SPDX-License-Identifier: MIT */
/* Whether the listener iterator is worth reading: where it fails or costs too much it is left alone. */
#ifndef SYNWAITD_QUEUE_SOURCE_H
#define SYNWAITD_QUEUE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

/** How the listeners' half-open connections are counted. Zeroed at start. */
struct queue_source {
    bool exact;                      /* at this tick by the BPF iterator; else by the walk */
    bool works;                      /* the iterator, when last tried, could be read at a fair price */
    char reason[SOURCE_REASON_SIZE]; /* why it does not; "" before the first try */
    uint32_t dear_readings;          /* in a row */
    uint64_t resume_usec;            /* CLOCK_MONOTONIC; until then it is left alone */
};

/** @return whether the iterator is to be read now. If not, exact is false. */
bool queue_source_due(struct queue_source *source, uint64_t now_usec);

/**
 * Notes one reading of @p path. What fails is tried again after a minute. What costs too much three times in
 * a row, or very much once, too, and after twice as long each time that it costs too much again: up to an
 * hour or so.
 * @param result 0 or -errno
 * @param spent_usec CPU time; @param listeners how many sockets it told of
 */
void queue_source_note(struct queue_source *source, const char *path, int result, uint64_t spent_usec,
                       uint32_t listeners, uint64_t now_usec);

#endif
