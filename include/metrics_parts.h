/* SPDX-License-Identifier: MIT */
/*
 * The parts of the metrics file. Prometheus text format 0.0.4, the only one that node_exporter's textfile
 * collector takes: OpenMetrics has other rules for the names of counters, and an end marker that is a mistake
 * here.
 */
#ifndef SYNWAITD_METRICS_PARTS_H
#define SYNWAITD_METRICS_PARTS_H

#include <stdint.h>

#include "figure.h"
#include "util.h"
#include "view.h"

/* What stands before the labelled lines of a metric, and before the number of one without labels; joined by
   the compiler. */
#define METRIC_HEADER(name, type, help)                                                                      \
    "# HELP synwaitd_" name " " help "\n# TYPE synwaitd_" name " " type "\n"
#define METRIC(name, type, help) METRIC_HEADER(name, type, help) "synwaitd_" name " "

/** Adds a METRIC() and its value; nothing if that is unknown. */
void metric_add(struct text *text, const char *metric, struct figure value);

/** Adds a METRIC() in seconds, of microseconds; nothing if they are unknown. */
void metric_add_seconds(struct text *text, const char *metric, struct figure usec);

/**
 * Adds one line of a metric whose METRIC_HEADER() stands before; nothing if the value is unknown.
 * @param start up to the label's value, e.g. "synwaitd_tcp_sockets{state=\""
 * @param label its value: text of ours or an endpoint's, in which nothing has to be escaped
 */
void metric_add_labelled(struct text *text, const char *start, const char *label, struct figure value);

/** The same with a value in microseconds, in seconds. */
void metric_add_labelled_seconds(struct text *text, const char *start, const char *label, struct figure usec);

/** States, the kernel's counters, the fullest listeners and destinations, and limits. */
void metrics_add_sockets(struct text *text, const struct sample *sample);

/** The daemon itself. */
void metrics_add_own(struct text *text, const struct view *view);

#endif
