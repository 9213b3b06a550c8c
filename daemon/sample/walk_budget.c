/* SPDX-License-Identifier: MIT */
#include "walk_budget.h"

#include <stddef.h>

#include "util.h"

#define CAPACITY_USEC (60 * USEC_PER_SEC)
#define JUMP_MIN      64U
#define JUMP_SHARE    10U

static const enum counter overflow_counters[] = {
    COUNTER_SYNCOOKIES_SENT,  COUNTER_REQ_QUEUE_FULL_COOKIES, COUNTER_REQ_QUEUE_FULL_DROP,
    COUNTER_LISTEN_OVERFLOWS, COUNTER_LISTEN_DROPS,           COUNTER_TIME_WAIT_OVERFLOW,
};
static const enum counter rate_counters[] = {COUNTER_PASSIVE_OPENS, COUNTER_ATTEMPT_FAILS};
static const enum gauge count_gauges[] = {GAUGE_TIME_WAIT, GAUGE_INUSE, GAUGE_INUSE6};

int64_t walk_budget_capacity(uint32_t permyriad) {
    return (int64_t)(CAPACITY_USEC * permyriad / PERMYRIAD);
}

void walk_budget_fill(struct walk_budget *budget, uint64_t now_usec, uint32_t permyriad) {
    int64_t capacity = walk_budget_capacity(permyriad);
    uint64_t elapsed = budget->started && now_usec > budget->filled_usec ? now_usec - budget->filled_usec : 0;

    /* Elapsed time is bounded before it is multiplied; an overdraft of more than a day is none in practice.
     */
    if (elapsed > 86400 * USEC_PER_SEC)
        elapsed = 86400 * USEC_PER_SEC;
    budget->balance_usec += (int64_t)(elapsed * permyriad / PERMYRIAD);
    if (!budget->started || budget->balance_usec > capacity)
        budget->balance_usec = capacity;
    budget->filled_usec = now_usec;
    budget->started = true;
}

void walk_budget_spend(struct walk_budget *budget, uint64_t cpu_usec) {
    budget->balance_usec -= (int64_t)cpu_usec;
}

bool walk_budget_positive(const struct walk_budget *budget) {
    return budget->balance_usec > 0;
}

uint64_t walk_budget_wait_usec(const struct walk_budget *budget, uint32_t permyriad) {
    if (walk_budget_positive(budget))
        return 0;
    if (permyriad == 0)
        return UINT64_MAX;
    return ((uint64_t)-budget->balance_usec + 1) * PERMYRIAD / permyriad;
}

bool walk_due(const struct walk_budget *budget, uint32_t permyriad, const struct walk_signs *signs) {
    if (!walk_budget_positive(budget))
        return false;
    if (signs->unknown || signs->jumped || signs->age_usec >= signs->max_age_usec)
        return true;
    return budget->balance_usec >= walk_budget_capacity(permyriad) / 2 &&
           signs->age_usec * permyriad >= signs->cost_usec * PERMYRIAD;
}

bool count_jumped(struct figure before, struct figure now) {
    if (!figure_known(before) || !figure_known(now))
        return false;
    uint64_t distance = now.value > before.value ? now.value - before.value : before.value - now.value;
    return distance > JUMP_MIN && distance > before.value / JUMP_SHARE;
}

bool counters_jumped(const struct figure previous_increase[COUNTER_COUNT],
                     const struct figure increase[COUNTER_COUNT],
                     const struct figure previous_gauge[GAUGE_COUNT],
                     const struct figure gauge[GAUGE_COUNT]) {
    for (size_t i = 0; i < ARRAY_SIZE(overflow_counters); i++) {
        struct figure overflows = increase[overflow_counters[i]];
        if (figure_known(overflows) && overflows.value > 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(rate_counters); i++)
        if (count_jumped(previous_increase[rate_counters[i]], increase[rate_counters[i]]))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(count_gauges); i++)
        if (count_jumped(previous_gauge[count_gauges[i]], gauge[count_gauges[i]]))
            return true;
    return false;
}
