/* SPDX-License-Identifier: MIT */
/* Open incidents kept over a restart of the daemon, within one boot. */
#ifndef SYNWAITD_STATE_FILE_H
#define SYNWAITD_STATE_FILE_H

#include "incident.h"

#define STATE_FILE_NAME "incidents.json"

/** Replaces @p directory/incidents.json atomically. @return 0 or -errno. */
int state_file_save(const char *directory, const char *boot_id, const struct incident_table *table);

/**
 * Reads what state_file_save() wrote.
 * @param now_usec CLOCK_MONOTONIC: a file from the future is not of this boot
 * @return how many incidents were taken up; 0 if there is no file or it is of another boot; -EBADMSG if it is
 * not what we wrote; another -errno if it cannot be read. @p table is unchanged unless the result is
 * positive.
 */
int state_file_load(const char *directory, const char *boot_id, uint64_t now_usec,
                    struct incident_table *table);

/** @return malloc'ed text of the file, or NULL: no memory */
char *state_file_format(const char *boot_id, const struct incident_table *table);

/**
 * Reads such a text.
 * @param table zeroed up to where an earlier one ended; worth nothing unless the result is positive
 * @return as state_file_load()
 */
int state_file_parse(const char *text, size_t length, const char *boot_id, uint64_t now_usec,
                     struct incident_table *table);

#endif
