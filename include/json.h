/* SPDX-License-Identifier: MIT */
/* Alerts as JSON lines, as `journalctl -o json` prints them: string values, the journal's names. */
#ifndef SYNWAITD_JSON_H
#define SYNWAITD_JSON_H

#include <stdio.h>

#include "record.h"

/** Writes one object on one line and flushes. @return 0 or -errno. */
int json_print_record(FILE *stream, const struct record *record);

#endif
