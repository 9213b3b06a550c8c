/* SPDX-License-Identifier: MIT */
/* What the alerts of a run must be like, kept by hand beside the stages: nothing here asks them. */
#ifndef SOAK_BOOKS_H
#define SOAK_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "pipeline.h"
#include "record.h"
#include "util.h"

/* Two changes of sysctls are told in one window of 10 s, so four in any 10 s, and one verdict. */
#define OUTCOMES_KEPT 5

/** An incident as its alerts told of it. */
struct account {
    bool open;
    bool taken_over; /* from another life of the daemon */
    uint64_t id;
    enum problem problem;
    enum problem_family family;
    struct scope scope;
    enum severity severity;
    uint64_t raised_usec, told_usec;
    uint64_t rediagnosed_usec, fell_usec; /* the last such change; 0 = none */
    uint64_t outcome_usec[OUTCOMES_KEPT]; /* the last changes that told of sysctls, a ring; 0 = none */
    size_t outcomes;
};

/** One condition of the whole host, by its numbers alone: how long it has been over and under. */
struct watch {
    uint64_t measured_usec;
    uint64_t first_over_usec;  /* since when each measurement was over; 0: the last was not */
    uint64_t first_under_usec; /* since when each was under what clears; 0: the last was not */
    uint64_t steady_usec;      /* since when nothing came between: no gap, reload, restart, lack of room */
    bool enabled;
};

struct books {
    struct account account[INCIDENTS_MAX];
    struct watch watch[CONDITION_COUNT];
    uint64_t last_id;
    uint64_t now_usec, taken_usec;
    uint64_t began_usec; /* the daemon's life, its configuration, or a time without a gap or blindness */
    /* What it came to. */
    uint64_t ticks, alerts, by_event[4], by_problem[PROBLEM_COUNT], raised_by_problem[PROBLEM_COUNT];
    uint64_t record_bytes, record_bytes_max, message_bytes_max, crowded_ticks;
};

/**
 * Looks at one tick: its alerts, their records, and what is open now.
 * @param crowded_usec since when more has been over than there is room for; 0 = it is not
 * @return whether all is as it must be; else @p why says what is not
 */
bool books_tick(struct books *books, const struct config *config, const struct sample *sample,
                const struct pipeline *pipeline, size_t alerts, uint64_t crowded_usec, struct text *why);

/** Other rules hold from now on. */
void books_begin(struct books *books);

/** Another life of the daemon goes on with what is open. */
void books_take_over(struct books *books);

/** Another boot: what was open is forgotten. */
void books_forget(struct books *books);

/** @return whether the time since the tick before counts as one interval. */
bool is_gap(const struct books *books, const struct config *config);

/** @return whether what is open is what its alerts said. */
bool books_agree(const struct books *books, const struct pipeline *pipeline, struct text *why);

/**
 * @param taken_over its incident was raised in another life, which told why, and what to do
 * @return whether the record is complete and clean (record_rules.c)
 */
bool record_is_valid(const struct record *record, const struct alert *alert, bool taken_over,
                     struct text *why);

/** @return bytes of all fields, each with its end of line. (record_rules.c) */
size_t record_bytes(const struct record *record);

/** Follows the conditions by their numbers; called before the alerts of the tick are booked. (watch.c) */
void watch_tick(struct books *books, const struct config *config, const struct sample *sample);

/** @return whether @p alert may come now by the numbers of its condition. (watch.c) */
bool watch_allows(const struct books *books, const struct config *config, const struct alert *alert,
                  struct text *why);

/** @return whether nothing is missing that must be open, and nothing open that must be over. (watch.c) */
bool watch_agrees(const struct books *books, const struct config *config, struct text *why);

#endif
