/* SPDX-License-Identifier: MIT */
/* Which sysctl helps against which cause, on this kernel, with these values, now. Pure. */
#ifndef SYNWAITD_ADVICE_H
#define SYNWAITD_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cause.h"
#include "sample.h"

#define ADVICE_MAX 12

enum advice_scope { ADVICE_NAMESPACE, ADVICE_HOST };

/** What a row's rules look at besides the sample. */
struct advice_context {
    enum cause cause;
    const struct sample *sample;
    const struct listener *listener; /* the listener concerned, or NULL */
    const struct endpoint *remote;   /* the destination concerned, or NULL */
    uint64_t demand;                 /* how many the limit should hold, by the evidence; 0 unknown */
};

/** One way to help with one sysctl. */
struct advice_row {
    enum knob knob;
    const char *effect;       /* "lets connect() reuse a port whose TIME-WAIT is older than 1 s" */
    const char *side_effect;  /* what it costs, or NULL */
    const enum cause *causes; /* helped; ends with CAUSE_NONE */
    bool (*holds)(const struct advice_context *context); /* preconditions */
    uint64_t (*recommend)(const struct advice_context *context, uint64_t current);
    enum advice_scope scope;
    struct kernel_version since, until; /* 0.0 = always; until is the last that has it */
};

/** A row that applies, with its numbers. For the port range the value is the low bound. */
struct advice {
    const struct advice_row *row;
    uint64_t current;
    uint64_t recommended;
    uint64_t current_high; /* port range only: its high bound, now and advised */
    uint64_t recommended_high;
};

/**
 * Picks the rows that help now: the key exists and is writable in this namespace, the value would change, the
 * preconditions hold, the kernel is in range.
 * @return how many, at most ADVICE_MAX, in table order
 */
size_t advise(const struct advice_context *context, struct advice advice[ADVICE_MAX]);

/** @return the table, for tests and for explain; @p count receives its length. */
const struct advice_row *advice_table(size_t *count);

#endif
