/* SPDX-License-Identifier: MIT */
/* The daemon's view as read back from status.json (synwaitd-status(5)). Everything in it is checked and
 * clean. */
#ifndef SYNWAITD_STATUS_VIEW_H
#define SYNWAITD_STATUS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "figure.h"
#include "history.h"
#include "incident.h"
#include "record.h"
#include "sample.h"
#include "tcp_state.h"
#include "view.h"

#define STATUS_ERROR_SIZE 256

/** Rates that the file has, events per second. */
enum status_rate {
    RATE_ACTIVE_OPENS,
    RATE_PASSIVE_OPENS,
    RATE_COOKIES_SENT,
    RATE_COOKIES_VALID,
    RATE_LISTEN_OVERFLOWS,
    RATE_LISTEN_DROPS,
    RATE_TIME_WAIT_OVERFLOWS,
    RATE_COUNT,
};

struct status_listener {
    char local[ENDPOINT_TEXT_SIZE];
    struct figure half_open, half_open_limit;
    uint64_t accept_queue, backlog;
    char limited_by[64];
};

struct status_incident {
    char id[INCIDENT_ID_SIZE];
    char problem[32];
    char severity[16];
    char local[ENDPOINT_TEXT_SIZE];
    char peer[PEER_TEXT_SIZE];
    char unit[UNIT_SIZE];
    char cause[RECORD_VALUE_MAX + 1];
    uint64_t age_sec;
};

struct status_degraded {
    char source[64];
    char reason[SOURCE_REASON_SIZE];
};

struct status_view {
    char version[32], netns[64];
    uint64_t time_usec;     /* CLOCK_REALTIME of the sample */
    uint64_t interval_usec; /* 0: a file from before it was told */
    uint64_t ticks, missed_ticks, cpu_usec, alerts_dropped;
    struct figure state[STATE_COUNT];
    struct figure state_age_usec[STATE_COUNT];
    struct figure ports_age_usec;
    struct {
        bool known; /* a file from before it was told has nothing here */
        struct figure age_usec;
        uint64_t count, cpu_usec, budget_allows_in_usec;
        bool overdue;
    } walk;
    struct {
        bool known; /* likewise */
        bool by_iterator;
        struct figure age_usec;
        char iterator_fails[SOURCE_REASON_SIZE];
    } half_open;
    struct figure rate[RATE_COUNT];
    struct status_listener listener[VIEW_LISTENERS];
    size_t listener_count;
    struct status_incident incident[INCIDENTS_MAX];
    size_t incident_count;
    struct status_degraded degraded[SOURCE_COUNT];
    size_t degraded_count;
    uint64_t history_step_usec;                         /* 0: no history */
    size_t history_count;                               /* points, the oldest first */
    struct figure history[STATE_COUNT][STATUS_HISTORY]; /* the highest count within each step */
};

/**
 * Reads and checks the file.
 * @param path e.g. RUNTIME_DIRECTORY "/" STATUS_FILE_NAME
 * @param error receives "PATH: what is wrong", one clean line
 * @return 0; -ENOENT: no such file; -EBADMSG: it is not what we write; another -errno: it cannot be read
 */
int status_view_read(const char *path, struct status_view *view, char error[STATUS_ERROR_SIZE]);

/** Checks what has been read of a file already; @p path is for the error alone. @return 0 or -EBADMSG */
int status_view_parse(const char *path, const char *bytes, size_t length, struct status_view *view,
                      char error[STATUS_ERROR_SIZE]);

/** @return whether the view is older than three intervals (at least 3 s) at @p realtime_usec, or from after
 * it. */
bool status_view_is_stale(const struct status_view *view, uint64_t realtime_usec);

/** @return name of the rate in the file, e.g. "active_opens" */
const char *status_rate_name(enum status_rate rate);

#endif
