/* SPDX-License-Identifier: MIT */
/* An alert as KEY=value fields, schema 1: the same in the journal and in JSON. */
#ifndef SYNWAITD_RECORD_H
#define SYNWAITD_RECORD_H

#include <stddef.h>

#include "incident.h"

#define RECORD_FIELDS_MAX 40
#define RECORD_VALUE_MAX  1023 /* bytes; journald's JSON turns values over 4096 into null */

/** Fields in one block of memory; made by record_*(), released with free(). */
struct record {
    struct record *next; /* for queues */
    int priority;        /* syslog level, also in the PRIORITY field */
    size_t count;
    const char *field[RECORD_FIELDS_MAX]; /* "KEY=value", pointing into text */
    char text[];
};

/**
 * Builds the record of an alert.
 * @param netns "host" or the namespace's name
 * @return the record, or NULL with errno ENOMEM
 */
struct record *record_from_alert(const struct alert *alert, const char *netns);

/** Builds the record of a log line of the daemon itself (MESSAGE, PRIORITY, SYSLOG_IDENTIFIER). */
struct record *record_from_log(int priority, const char *message);

/** @return the value of field @p key, or NULL. */
const char *record_get(const struct record *record, const char *key);

/**
 * Writes SYNWAITD_EVIDENCE's pairs, e.g. "half_open=1025 limit=1024". @param text at least RECORD_VALUE_MAX +
 * 1
 */
void evidence_format(const struct finding *finding, char *text, size_t size);

/** Writes MESSAGE: one sentence that stands alone. */
void message_format(const struct alert *alert, char *text, size_t size);

#endif
