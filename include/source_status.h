/* SPDX-License-Identifier: MIT */
/* How reading the sources of figures goes: reasons of failures, and when a source counts as degraded. */
#ifndef SYNWAITD_SOURCE_STATUS_H
#define SYNWAITD_SOURCE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

#define SOURCE_DEGRADED_TICKS 3

/** Writes a reason, printable ASCII, unless there is one already: the first complaint stays. */
void source_reason(char reason[SOURCE_REASON_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Notes one reading: degraded after three failures in a row, sound again after three good readings in a row.
 * @param good_ticks good readings in a row while degraded; the caller keeps it
 * @param result 0, or -errno with @p reason
 */
void source_status_update(struct source_status *status, uint32_t *good_ticks, int result, const char *reason);

#endif
