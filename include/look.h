/* SPDX-License-Identifier: MIT */
/*
 * One look at the host with the daemon's own stages, without the daemon: samples for some seconds, and what
 * is wrong at the end of them. Nothing has to last ("hold") before it is seen.
 */
#ifndef SYNWAITD_LOOK_H
#define SYNWAITD_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "incident.h"
#include "record.h"
#include "sampler.h"

/** Memory of a look; zeroed before look_open(). Large: not for the stack. */
struct look {
    struct config config; /* the caller's, but nothing is held, and a walk may take what it needs */
    struct sampler *sampler;
    struct owners *owners;
    struct threshold_tracker tracker;
    struct audit *audit;
    struct incident_table *incidents;
    struct finding *finding;
    size_t breach_count;
    size_t finding_count;
    const struct sample *sample; /* the last; valid until the next look_tick() */
    struct alert *alert;         /* the problems of the last tick, each as one that was just raised */
    size_t alert_count;
    char netns[64];
};

/** @return the memory of a look, or NULL with errno; released with look_free(). */
struct look *look_new(const struct config *config);
struct look *look_free(struct look *look);

/** Frees it when the variable leaves scope. */
#define CLEANUP_LOOK __attribute__((cleanup(look_cleanup)))
void look_cleanup(struct look **look);

/** Takes one sample and judges it; then look->sample, look->alert and look->breach stand. */
void look_tick(struct look *look);

/**
 * One tick at once, then one a second, @p seconds of them: rates need two, a flood's silence longer. A rate
 * that goes over its threshold in the last of them is looked at once more a moment later.
 */
void look_for(struct look *look, unsigned int seconds);

/** @return the record of look->alert[@p index], with the files of sysctl.d; released with free(); or NULL */
struct record *look_record(const struct look *look, size_t index);

#endif
