/* SPDX-License-Identifier: MIT */
/* The metrics of the daemon itself: whether to believe the others, and what it costs. */
#include "metrics_parts.h"

static void add_sources(struct text *text, const struct sample *sample) {
    unsigned int degraded = 0;

    for (int i = 0; i < SOURCE_COUNT; i++)
        degraded += sample->source[i].degraded;
    metric_add(text, METRIC("sources_degraded", "gauge", "Sources that cannot be read."),
               FIGURE_OF(degraded));
    text_put_string(text, METRIC_HEADER("source_degraded", "gauge",
                                        "Whether the source could not be read for three ticks or more."));
    for (int i = 0; i < SOURCE_COUNT; i++)
        metric_add_labelled(text, "synwaitd_source_degraded{source=\"", source_name((enum source)i),
                            FIGURE_OF(sample->source[i].degraded));
}

static void add_walk(struct text *text, const struct view *view) {
    metric_add(text, METRIC("walks_total", "counter", "Walks over the sockets."),
               FIGURE_OF(view->sampler->walks));
    metric_add(text, METRIC("walk_overdue", "gauge", "Whether a walk is due that the CPU budget puts off."),
               FIGURE_OF(view->sampler->walk_overdue));
    metric_add(text,
               METRIC("half_open_exact", "gauge",
                      "Whether half-open connections are counted at each tick, by the BPF iterator."),
               FIGURE_OF(view->sampler->queues->exact));
    metric_add_seconds(
        text, METRIC("walk_age_seconds", "gauge", "Age of the counts that come from walking the sockets."),
        view_age_usec(view->sample, view->sample->walked_usec));
}

static void add_process(struct text *text, const struct view *view) {
    text_put_string(text, METRIC_HEADER("build_info", "gauge", "Version of synwaitd."));
    metric_add_labelled(text, "synwaitd_build_info{version=\"", SYNWAITD_VERSION, FIGURE_OF(1));
    metric_add_seconds(text, METRIC("start_timestamp_seconds", "gauge", "When the daemon started."),
                       FIGURE_OF(view->start_realtime_usec));
    metric_add(text,
               METRIC("configuration_valid", "gauge",
                      "Whether the configuration could be read when it was last asked for."),
               FIGURE_OF(view->configuration_valid));
    metric_add_seconds(text, METRIC("interval_seconds", "gauge", "The configured sampling interval."),
                       FIGURE_OF(view->interval_usec));
    metric_add_seconds(text, METRIC("cpu_seconds_total", "counter", "CPU time used."),
                       FIGURE_OF(view->cpu_usec));
    metric_add(
        text, METRIC("resident_memory_max_bytes", "gauge", "The largest resident set of the process so far."),
        FIGURE_OF(view->resident_max_bytes));
}

static void add_ticks(struct text *text, const struct view *view) {
    metric_add(text, METRIC("ticks_total", "counter", "Regular ticks so far."), FIGURE_OF(view->ticks));
    metric_add(text,
               METRIC("missed_ticks_total", "counter",
                      "Ticks that were left out because the one before took too long."),
               FIGURE_OF(view->missed_ticks));
    metric_add(
        text, METRIC("alerts_dropped_total", "counter", "Alerts lost because the journal did not take them."),
        FIGURE_OF(view->alerts_dropped));
    metric_add_seconds(text, METRIC("sample_timestamp_seconds", "gauge", "When the last sample was taken."),
                       FIGURE_OF(view->realtime_usec));
}

void metrics_add_own(struct text *text, const struct view *view) {
    add_process(text, view);
    add_sources(text, view->sample);
    add_ticks(text, view);
    add_walk(text, view);
}
