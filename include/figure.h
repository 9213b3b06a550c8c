/* SPDX-License-Identifier: MIT */
/* A measured number that may be unknown. Zeroed memory is "unknown", so nothing is 0 by accident. */
#ifndef SYNWAITD_FIGURE_H
#define SYNWAITD_FIGURE_H

#include <stdbool.h>
#include <stdint.h>

enum figure_status {
    FIGURE_UNKNOWN = 0, /* should be there, could not be read */
    FIGURE_ABSENT,      /* this kernel or namespace does not have it; nothing is wrong */
    FIGURE_KNOWN,
};

struct figure {
    uint64_t value; /* meaningful only when KNOWN */
    enum figure_status status;
};

#define FIGURE_NONE    ((struct figure){0, FIGURE_UNKNOWN})
#define FIGURE_MISSING ((struct figure){0, FIGURE_ABSENT})
#define FIGURE_OF(v)   ((struct figure){(v), FIGURE_KNOWN})

bool figure_known(struct figure figure);

/** @return the value when known, otherwise @p fallback. For display only: decisions ask figure_known(). */
uint64_t figure_or(struct figure figure, uint64_t fallback);

/** @return a + b; unknown unless both are known. */
struct figure figure_add(struct figure a, struct figure b);

/** @return a - b, 0 if b is larger; unknown unless both are known. */
struct figure figure_subtract(struct figure a, struct figure b);

/**
 * Increase of a cumulative kernel counter between two readings.
 * A 32-bit counter that wrapped (previous in the last quarter, current in the first) is continued;
 * any other decrease is a reset, whose increase is not known.
 */
struct figure figure_increase(struct figure previous, struct figure current);

/** @return events per second, rounded to nearest; unknown if @p count is unknown or @p span_usec is 0. */
struct figure figure_per_second(struct figure count, uint64_t span_usec);

/** @return part / whole in permyriad (10000 = 100 %), saturated at UINT32_MAX; 0 when @p whole is 0. */
uint32_t permyriad_of(uint64_t part, uint64_t whole);

/** @return the smallest power of two that is not below @p value; at most 2^62. */
uint64_t power_of_two_from(uint64_t value);

/** @return @p permyriad of @p whole rounded up, without overflow. */
uint64_t permyriad_apply(uint32_t permyriad, uint64_t whole);

#endif
