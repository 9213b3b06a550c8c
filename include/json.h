/* SPDX-License-Identifier: MIT */
/* Alerts as JSON lines, as `journalctl -o json` prints them: string values, the journal's names. */
#ifndef SYNWAITD_JSON_H
#define SYNWAITD_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "record.h"

/** @return the fields as an object of strings, or NULL if there is no memory: a record holds nothing but
 * UTF-8 */
json_t *json_from_record(const struct record *record);

/**
 * As json_dumps(), which leaves out a key for which its buffer cannot grow (jansson 2.14, dump.c do_dump()).
 * @return NULL if there is no memory
 */
char *json_to_text(const json_t *json, size_t flags);

/** Writes one object on one line and flushes. @return 0 or -errno. */
int json_print_record(FILE *stream, const struct record *record);

#endif
