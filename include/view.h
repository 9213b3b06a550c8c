/* SPDX-License-Identifier: MIT */
/* What the daemon shows of itself to others: status.json and the metrics file. */
#ifndef SYNWAITD_VIEW_H
#define SYNWAITD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "history.h"
#include "incident.h"
#include "sample.h"
#include "sampler.h"
#include "util.h"

#define STATUS_FILE_NAME  "status.json"
#define METRICS_FILE_NAME "synwaitd.prom"
#define STATUS_SCHEMA     1
#define VIEW_LISTENERS    10
/* Of the metrics file; the second bounds what a host costs the one who collects. */
#define METRICS_DESTINATIONS 5
#define METRICS_SERIES_MAX   162
#define VIEW_BYTES           (128 * 1024)

/** Where the files are put together, one after the other; only what they fill of it becomes resident. */
extern char view_buffer[VIEW_BYTES];

/** Everything that is shown; the pointers are borrowed. */
struct view {
    const struct sample *sample;
    const struct incident_table *incidents;
    const struct sampler_info *sampler;
    const struct history *history;
    const char *netns;
    uint64_t interval_usec;
    uint64_t realtime_usec; /* CLOCK_REALTIME of the sample, since 1970 */
    uint64_t start_realtime_usec;
    uint64_t cpu_usec;           /* CPU time of the process so far */
    uint64_t resident_max_bytes; /* as getrusage(2) has it, which counts what ran before exec(), too */
    bool configuration_valid;    /* as it was last read; if not, the one before is in force */
    uint64_t ticks, missed_ticks;
    uint64_t alerts_dropped;
};

/**
 * Finds the listeners with the fullest queue (SYN or accept), fullest first.
 * @param with_empty also those whose queues are both empty
 * @param fullest receives at most VIEW_LISTENERS pointers into the sample
 * @return how many
 */
size_t view_fullest_listeners(const struct sample *sample, bool with_empty,
                              const struct listener *fullest[VIEW_LISTENERS]);

/** @return sample_age_usec(); unknown if nothing has been measured yet (0) */
struct figure view_age_usec(const struct sample *sample, uint64_t measured_usec);

/** @return age of sample->state[state]: where it rests on the walk and on counters, that of the walk. */
struct figure view_state_age_usec(const struct sample *sample, enum tcp_state state);

/** Replaces @p directory/status.json. @return 0 or -errno; -EFBIG if it is larger than VIEW_BYTES. */
int status_write(struct output_directory *directory, const struct view *view);

/**
 * Replaces @p directory/synwaitd.prom, in the Prometheus text format: at most METRICS_SERIES_MAX series.
 * @return likewise.
 */
int metrics_write(struct output_directory *directory, const struct view *view);

#endif
