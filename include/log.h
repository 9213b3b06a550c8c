/* SPDX-License-Identifier: MIT */
/* Where alerts and the daemon's own log lines go. */
#ifndef SYNWAITD_LOG_H
#define SYNWAITD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

enum log_target { LOG_TARGET_AUTO, LOG_TARGET_JOURNAL, LOG_TARGET_CONSOLE, LOG_TARGET_JSON };

/** @return the target called @p name, or -1. */
int log_target_from_name(const char *name);

/**
 * Opens the @p wanted target. AUTO is the journal when $JOURNAL_STREAM names standard error's device and
 * inode, else the console. The journal gets a writer thread with a queue of 256 records, so that a hung
 * journald delays nobody.
 * @return 0 or -errno
 */
int report_open(enum log_target wanted);

/** @return the target in use (AUTO resolved). */
enum log_target report_target(void);

/**
 * Sends an alert's record to the target and takes ownership of it. Never blocks on journald.
 * @param record NULL: there was no memory for it
 * @return 0, or -ENOMEM: it was not told, which the log has, and may be tried again
 */
int report_alert(struct record *record);

/** A line of the daemon itself: to the journal, else, or without memory, to standard error. @param priority
 * syslog level 0..7 */
void report_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Waits at most @p timeout_usec until nobody has to be told an alert any more.
 * @return whether that is so; at once, and always, where alerts do not go to the journal
 */
bool report_settle(uint64_t timeout_usec);

/** @return alerts lost so far because the queue was full. */
uint64_t report_dropped(void);

/** @return whether standard output has refused an alert: nobody would see the next one either. */
bool report_failed(void);

/** Waits at most @p timeout_usec for the queue to empty, then releases everything. */
void report_close(uint64_t timeout_usec);

#endif
