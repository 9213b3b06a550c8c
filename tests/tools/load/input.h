/* SPDX-License-Identifier: MIT */
/* What every load tool waits for: the end of standard input, or a moment of the monotonic clock. */
#ifndef LOAD_INPUT_H
#define LOAD_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * @return whether the end of standard input says: stop. So it does as a pipe, a socket or a terminal;
 *         /dev/null, a background job's, says nothing.
 */
bool input_watched(void);

/** Reads what standard input has, and throws it away. @return whether it has ended. */
bool input_ended(void);

/** @return milliseconds until @p due_usec of the monotonic clock, rounded up, for poll(); 0 if it has passed.
 */
int msec_until(uint64_t due_usec);

#endif
