/* SPDX-License-Identifier: MIT */
/* Alerts and tables for a person at a terminal. */
#ifndef SYNWAITD_CONSOLE_H
#define SYNWAITD_CONSOLE_H

#include <stdbool.h>
#include <stdio.h>

#include "config.h"
#include "page.h"
#include "record.h"
#include "sample.h"

/** Prints an alert over several lines: what, cause, evidence, do, do not; of a cleared one what alone.
 * @return 0 or -errno of the stream. */
int console_print_alert(const struct page *page, const struct record *record);

/** Prints a problem as it is now: the same without time, event and id. @return 0 or -errno of the stream. */
int console_print_problem(FILE *stream, const struct record *record, bool color);

/** Prints a log line of the daemon. */
void console_print_log(FILE *stream, const struct record *record, bool color);

/** Prints every state with its count, the limit that binds and the warning threshold; then listeners' queues.
 * @return 0 or -ENOMEM
 */
int console_print_states(FILE *stream, const struct sample *sample, const struct config *config, bool color);

#endif
