/* SPDX-License-Identifier: MIT */
/* The daemon: event loop, signals, reload, watchdog. */
#ifndef SYNWAITD_MANAGER_H
#define SYNWAITD_MANAGER_H

#include <stdint.h>

#include "config.h"

struct manager_options {
    const char *config_file; /* --config, or NULL for the search path */
    uint64_t ticks;          /* end after this many; 0 = run on */
};

/**
 * Runs until SIGTERM, SIGINT or the last tick. report_open() has been called.
 * @param config used in place; a reload replaces its content
 * @return 0, or -errno at start-up or from the event loop
 */
int manager_run(struct config *config, const struct manager_options *options);

#endif
