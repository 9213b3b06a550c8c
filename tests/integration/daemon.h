/* SPDX-License-Identifier: MIT */
/* The daemon under test, run with --log-target json, and the alerts it printed. */
#ifndef INTEGRATION_DAEMON_H
#define INTEGRATION_DAEMON_H

#include <jansson.h>
#include <stddef.h>

#include "lab.h"

#define DAEMON_SANITIZED "test/synwaitd"
#define DAEMON_RELEASE   "synwaitd"

/**
 * Starts @p program of this build in this namespace.
 * @param config file, or NULL for the shipped defaults
 * @param ticks after which it ends by itself; NULL: runs on
 */
struct lab_child *daemon_start(const char *program, const char *config, const char *ticks);

/** Waits until @p count alerts of @p problem and @p event (NULL: any) are out. */
void daemon_wait_alerts(struct lab_child *daemon, const char *problem, const char *event, size_t count,
                        unsigned int seconds);

/** @return the alerts printed so far, an array; every line must be a JSON object. Released with json_decref.
 */
json_t *daemon_alerts(const struct lab_child *daemon);

/** @return how many of @p alerts are of @p problem and @p event; NULL means any. */
size_t alerts_count(const json_t *alerts, const char *problem, const char *event);

/** @return the first alert of @p problem and @p event; the test fails if there is none. */
const json_t *alerts_find(const json_t *alerts, const char *problem, const char *event);

/** @return the value of a field, NULL without it. */
const char *alert_get(const json_t *alert, const char *field);

/** @return the number in a field; the test fails if it is none. */
unsigned long alert_number(const json_t *alert, const char *field);

/** Prints the alerts' messages, to be read in the log of a run. */
void alerts_print(const json_t *alerts);

#endif
