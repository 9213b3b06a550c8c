/* SPDX-License-Identifier: MIT */
/* Time spans as in systemd.time(7). */
#ifndef SYNWAITD_TIMESPAN_H
#define SYNWAITD_TIMESPAN_H

#include <stddef.h>
#include <stdint.h>

#define TIMESPAN_TEXT_SIZE 64

/**
 * Parses "1min 30s", "500ms", "2h", "1.5s"; a number without a unit is seconds.
 * @return 0; -EINVAL if it is no time span; -ERANGE if it does not fit 64 bits of microseconds.
 */
int timespan_parse(const char *text, uint64_t *usec);

/** Writes @p usec so that timespan_parse() reads the same value: "1min 30s", "0s". */
void timespan_format(uint64_t usec, char text[TIMESPAN_TEXT_SIZE]);

#endif
