/* SPDX-License-Identifier: MIT */
#include "source_status.h"

#include <stdarg.h>
#include <stdio.h>

void source_reason(char reason[SOURCE_REASON_SIZE], const char *format, ...) {
    va_list args;

    if (reason[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(reason, SOURCE_REASON_SIZE, format, args);
    va_end(args);
    for (char *c = reason; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

void source_status_update(struct source_status *status, uint32_t *good_ticks, int result,
                          const char *reason) {
    if (result < 0) {
        *good_ticks = 0;
        if (status->failed_ticks < UINT32_MAX)
            status->failed_ticks++;
        if (status->failed_ticks >= SOURCE_DEGRADED_TICKS)
            status->degraded = true;
        snprintf(status->reason, sizeof status->reason, "%s", reason);
        return;
    }
    status->failed_ticks = 0;
    if (!status->degraded)
        return;
    if (++*good_ticks >= SOURCE_DEGRADED_TICKS) {
        status->degraded = false;
        *good_ticks = 0;
    }
}
