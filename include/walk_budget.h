/* SPDX-License-Identifier: MIT */
/* When to walk: a token bucket of CPU time, and the signs that a walk is due. Pure. */
#ifndef SYNWAITD_WALK_BUDGET_H
#define SYNWAITD_WALK_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

/** The bucket: filled with the configured share of one core, at most 60 s worth of it. Zeroed at start. */
struct walk_budget {
    bool started;
    uint64_t filled_usec; /* CLOCK_MONOTONIC */
    int64_t balance_usec; /* CPU time to spend; negative while overdrawn */
};

/** What speaks for a walk now. */
struct walk_signs {
    bool unknown;      /* there is no last walk, or it failed */
    bool jumped;       /* counters_jumped() */
    uint64_t age_usec; /* of the last walk */
    uint64_t max_age_usec;
    uint64_t cost_usec; /* CPU time of the last walk */
};

/** @return the most the bucket holds, in microseconds of CPU time. */
int64_t walk_budget_capacity(uint32_t permyriad);

/** Fills the bucket up to @p now_usec; it starts full. */
void walk_budget_fill(struct walk_budget *budget, uint64_t now_usec, uint32_t permyriad);

void walk_budget_spend(struct walk_budget *budget, uint64_t cpu_usec);

/** @return whether there is anything left to spend: what an urgent walk needs. */
bool walk_budget_positive(const struct walk_budget *budget);

/** @return how long until there is, with nothing spent in between; 0: there is now. */
uint64_t walk_budget_wait_usec(const struct walk_budget *budget, uint32_t permyriad);

/**
 * @return whether to walk: routinely while the bucket is half full, and no sooner than cost / budget after
 * the last walk, so that the other half is there for a sign; on a sign while it is not empty
 */
bool walk_due(const struct walk_budget *budget, uint32_t permyriad, const struct walk_signs *signs);

/**
 * Tells whether sockets must have changed state in numbers since the last tick: an overflow counter moved, or
 * a count or rate moved by more than 64 and more than a tenth. What is unknown is no sign.
 */
bool counters_jumped(const struct figure previous_increase[COUNTER_COUNT],
                     const struct figure increase[COUNTER_COUNT],
                     const struct figure previous_gauge[GAUGE_COUNT], const struct figure gauge[GAUGE_COUNT]);

/** @return whether a count moved by more than 64 and more than a tenth; what is unknown has not. */
bool count_jumped(struct figure before, struct figure now);

#endif
