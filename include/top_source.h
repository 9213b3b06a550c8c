/* SPDX-License-Identifier: MIT */
/* Where `synwaitctl top` has its figures from: the daemon's file while it is fresh, else its own samples. */
#ifndef SYNWAITD_TOP_SOURCE_H
#define SYNWAITD_TOP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "look.h"
#include "status_view.h"
#include "top_model.h"

/** Memory of the source; zeroed, but for path and config. Closed with top_source_close(). */
struct top_source {
    const char *path; /* asked for with --file; NULL: the daemon's own, if it is of this namespace */
    const struct config *config;
    struct status_view *file; /* as last read */
    struct look *look;        /* NULL while the daemon tells */
    uint64_t looked_usec;     /* CLOCK_MONOTONIC of its last tick */
    char netns[64];
};

/**
 * Brings @p model up to date: from the file where it is fresh, else with a tick of a look, once a second.
 * @return 0 or -ENOMEM
 */
int top_source_update(struct top_source *source, struct top_model *model, struct top_time now);

void top_source_close(struct top_source *source);

/** @return both clocks now. */
struct top_time top_time_now(void);

#endif
