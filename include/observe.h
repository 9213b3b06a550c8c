/* SPDX-License-Identifier: MIT */
/* The numbers that thresholds are held against, read out of a sample. Pure; used by the threshold stage. */
#ifndef SYNWAITD_OBSERVE_H
#define SYNWAITD_OBSERVE_H

#include "threshold.h"

/** One value with its scope and limit, before any judgement. */
struct observation {
    enum condition condition;
    struct scope scope;
    struct endpoint blamed;
    struct figure value;
    struct figure limit;
    enum limit_source limit_source;
    bool at_most;         /* the value may be smaller: tells only whether it is well under a threshold */
    bool drops_when_full; /* a full queue turns real clients away, however short it is */
    uint64_t measured_usec;
};

typedef void (*observe_callback)(const struct observation *observation, void *context);

/**
 * Calls back once per scope in which @p condition has a value at this tick.
 * Listeners without any load are passed over: what is not called back is for
 * observe_unnamed() to say.
 */
void observe(const struct config *config, const struct sample *sample, enum condition condition,
             observe_callback callback, void *context);

/** Fills in the most that a scope which observe() did not name can have, and of when that is. */
void observe_unnamed(const struct sample *sample, struct observation *seen);

/** @return whether what @p condition counts could be read, so that observe() names what there is. */
bool observe_is_readable(const struct sample *sample, enum condition condition);

/** @return SYNs per second that met a full SYN queue, answered by cookie or dropped. */
struct figure observe_syn_overflow(const struct sample *sample);

#endif
