/* SPDX-License-Identifier: MIT */
/* The journal sink: a bounded queue and one writer thread, so that a hung journald never delays a sample. */
#ifndef SYNWAITD_JOURNAL_H
#define SYNWAITD_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#define JOURNAL_QUEUE_MAX   256
#define JOURNAL_SOCKET_PATH "/run/systemd/journal/socket"

/** @return whether standard error is connected to the journal ($JOURNAL_STREAM, systemd.exec(5)). */
bool journal_is_stderr(void);

/** Starts the writer thread. @return 0 or -errno; -EBUSY if it is open. */
int journal_open(void);

/**
 * Queues @p record and takes ownership; never blocks on journald. A full queue drops the oldest log line, be
 * it @p record itself, else the oldest alert. How many alerts were dropped is noted in the next alert.
 */
void journal_send(struct record *record);

/** @return alerts dropped since journal_open(). */
uint64_t journal_dropped(void);

/** Waits at most @p timeout_usec until no alert is left to send. @return whether none is. */
bool journal_settle(uint64_t timeout_usec);

/**
 * Waits at most @p timeout_usec for the queue to empty, stops the writer; what is left is said on standard
 * error, unless that is the journal as well.
 */
void journal_close(uint64_t timeout_usec);

#endif
