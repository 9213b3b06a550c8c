/* SPDX-License-Identifier: MIT */
/* Measurements of one thing, many times, and what the bench prints of them. */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ROUNDS_MAX 1000

struct series {
    uint64_t value[ROUNDS_MAX];
    size_t count;
};

/** What one round of something took. */
struct cost {
    uint64_t cpu_nsec, wall_nsec;
};

/** Rounds of one thing. */
struct costs {
    struct series cpu_nsec, wall_nsec;
    uint64_t peak_kb; /* of memory, of the process that does it */
};

/** Adds a value; after ROUNDS_MAX it is lost. */
void series_add(struct series *series, uint64_t value);

/**
 * @return the smallest value that at least @p percent of all reach or stay under (nearest rank), sorting the
 * series; 0 without any
 */
uint64_t series_percentile(struct series *series, unsigned int percent);

/** @return a new object: count, min, q1, median, q3, p99, max. */
json_t *series_json(struct series *series);

void costs_add(struct costs *costs, struct cost cost);

/** @return a new object: part "cost", @p name, cpu_nsec, wall_nsec, peak_kb. */
json_t *costs_json(const char *name, struct costs *costs);

/** Prints the object on one line and releases it. @return 0 or -errno; -ENODATA if it is NULL */
int print_json(json_t *object);

/** @return @p clock now, in nanoseconds. */
uint64_t clock_nsec(clockid_t clock);

/**
 * @return CPU time of all threads of process @p pid so far in nanoseconds, exact at any time it sleeps: the
 * scheduler's own sum, not the ticks that /proc/PID/stat rounds to; 0 if it is gone
 */
uint64_t process_nsec(pid_t pid);

/** @return the number behind "KEY:" in /proc/@p pid/@p file, kB as a rule; 0 if it cannot be read. */
uint64_t process_figure(pid_t pid, const char *file, const char *key);

#endif
