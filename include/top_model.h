/* SPDX-License-Identifier: MIT */
/* What `synwaitctl top` shows, wherever it comes from: the daemon's status file or samples of its own. */
#ifndef SYNWAITD_TOP_MODEL_H
#define SYNWAITD_TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figure.h"
#include "look.h"
#include "record.h"
#include "status_view.h"

#define TOP_HISTORY_SEC 300

enum top_origin { TOP_FROM_NOTHING, TOP_FROM_DAEMON, TOP_FROM_SAMPLES };

/** Two clocks, read together. */
struct top_time {
    uint64_t monotonic_usec, realtime_usec;
};

/** The highest count of each state in each second, up to and with end_sec; CLOCK_MONOTONIC. */
struct top_history {
    uint64_t end_sec, first_sec; /* both 0: empty */
    struct figure point[STATE_COUNT][TOP_HISTORY_SEC];
};

/** CPU time of who samples, to tell its share of a core. */
struct top_cost {
    bool known;
    uint64_t from_cpu_usec, from_usec;
    struct figure permyriad;
};

/** A problem seen in samples of our own, which remember nothing: since when it has been there. */
struct top_sighting {
    enum problem_family family;
    struct scope scope;
    uint64_t id, since_usec, seen_usec;
};

struct top_remedies {
    char advice[RECORD_VALUE_MAX + 1];
    char not_advised[RECORD_VALUE_MAX + 1];
};

/** Everything that is drawn. Zeroed at start. Large: not for the stack. */
struct top_model {
    enum top_origin origin;
    char path[STATUS_ERROR_SIZE];   /* of the daemon's file */
    char reason[STATUS_ERROR_SIZE]; /* why these are samples of our own; "" from the daemon */
    bool stale;                     /* that reason is a file that is not written any more */
    struct top_time switched;       /* from one origin to the other; 0: never */
    struct top_time now;            /* of the last update */
    struct status_view view;
    struct top_remedies remedies[INCIDENTS_MAX]; /* of view.incident, by index */
    size_t order[INCIDENTS_MAX];                 /* indices of view.incident, the worst first */
    struct top_history history;
    struct top_cost cost;
    struct top_sighting sighting[INCIDENTS_MAX];
    uint64_t last_id;
};

/** Takes over what the daemon has written; its history fills the seconds that nobody has seen yet. */
void top_model_take_file(struct top_model *model, const struct status_view *view, struct top_time now);

/**
 * Takes over the last tick of @p look.
 * @param cpu_usec CPU time of this process so far
 */
void top_model_take_look(struct top_model *model, const struct look *look, uint64_t cpu_usec,
                         struct top_time now);

/**
 * Tells the last seconds of @p state, oldest first, in at most @p width points of equally many seconds each:
 * the highest count in them.
 * @return how many points
 */
size_t top_model_points(const struct top_model *model, enum tcp_state state, size_t width,
                        struct figure *points);

/** @return how many seconds those are. */
uint64_t top_model_window_sec(const struct top_model *model);

/** @return the highest count in that time; unknown if none is known. */
struct figure top_model_peak(const struct top_model *model, enum tcp_state state);

/** @return where in model->order the incident with this id is; 0, the worst, if it is not there. */
size_t top_model_find(const struct top_model *model, const char *id);

/** @return the incident at @p position of model->order. */
const struct status_incident *top_model_incident(const struct top_model *model, size_t position);

#endif
