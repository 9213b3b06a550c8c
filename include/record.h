/* SPDX-License-Identifier: MIT */
/* An alert as KEY=value fields, schema 1: the same in the journal and in JSON. */
#ifndef SYNWAITD_RECORD_H
#define SYNWAITD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "incident.h"
#include "sysctl_files.h"
#include "util.h"

#define RECORD_FIELDS_MAX 40
#define RECORD_KEY_MAX    64 /* bytes, sd_journal_send(3) */
#define PEER_TEXT_SIZE    (ENDPOINT_TEXT_SIZE + 4)
#define RECORD_VALUE_MAX  1023 /* bytes; journald's JSON turns values over 4096 into null */

/**
 * Fields in one block of memory; made by record_*(), released with free().
 * Every value is one line that text_clean() has cleaned. A value that is too
 * long ends with "..." as one character (U+2026), or, where it is a list of pairs, after its last whole pair.
 */
struct record {
    struct record *next;     /* for queues */
    int priority;            /* syslog level, also in the PRIORITY field */
    bool is_alert;           /* not a log line of the daemon */
    uint64_t alerts_dropped; /* what record_add_dropped() noted here */
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

/** As record_from_alert(), and tells which files set the advised sysctls (NULL: not looked up). */
struct record *record_with_files(const struct alert *alert, const char *netns,
                                 const struct provenance *provenance);

/** Builds the record of a log line of the daemon itself (MESSAGE, PRIORITY, SYSLOG_IDENTIFIER). */
struct record *record_from_log(int priority, const char *message);

/** @return the value of field @p key, or NULL. */
const char *record_get(const struct record *record, const char *key);

/**
 * Notes in SYNWAITD_EVIDENCE how many alerts before this one were lost, as alerts_dropped=N.
 * @return the record that replaces @p record, which is released; @p record itself if there is no memory
 */
struct record *record_add_dropped(struct record *record, uint64_t alerts);

/**
 * Adds @p value; one longer than @p limit bytes is cut at a whole character and ends with U+2026.
 * @param limit 3 to RECORD_VALUE_MAX
 */
void text_add_at_most(struct text *text, const char *value, size_t limit);

/** Writes SYNWAITD_PEER: "10.9.0.7", "10.9.0.0/24", "[2001:db8::1]:443"; "" where no peer stands out. */
void peer_format(const struct finding *finding, char text[PEER_TEXT_SIZE]);

/** Writes the address, or the network as "10.9.0.0/24". */
void peer_share_format(const struct peer_share *share, char text[PEER_TEXT_SIZE]);

/**
 * Writes SYNWAITD_EVIDENCE's pairs, e.g. "half_open=1025 limit=1024", then the shares, e.g.
 * "unit:nginx.service=180 peer:10.9.0.0/24=1004 counted=1024"; what does not fit is left out by whole pairs.
 * @param text at least RECORD_VALUE_MAX + 1
 */
void evidence_format(const struct finding *finding, char *text, size_t size);

/** Writes what MESSAGE starts with: the problem's title and where it is, cleaned. */
void place_format(const struct finding *finding, char *text, size_t size);

/** Writes MESSAGE: one sentence that stands alone, under 400 bytes. */
void message_format(const struct alert *alert, char *text, size_t size);

#endif
