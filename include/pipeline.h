/* SPDX-License-Identifier: MIT */
/* The pure stages in their order, and what they remember between ticks. */
#ifndef SYNWAITD_PIPELINE_H
#define SYNWAITD_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include "audit.h"
#include "config.h"
#include "diagnose.h"
#include "incident.h"
#include "sample.h"
#include "threshold.h"

/** Zeroed, then incidents.next_id set to any number not used before. Caller-owned. */
struct pipeline {
    struct threshold_tracker tracker;
    struct audit audit;
    struct incident_table incidents;
    struct breach breach[BREACHES_MAX];
    size_t breach_count; /* at the last tick */
    struct finding finding[FINDINGS_MAX];
    size_t finding_count; /* of pipeline_diagnose() */
    struct alert alert[INCIDENTS_MAX + FINDINGS_MAX];
};

/** Goes on with the incidents that were just loaded: they are not raised again, nor cleared unjudged. */
void pipeline_resume(struct pipeline *pipeline, const struct config *config, uint64_t now_usec);

/** Thresholds and diagnosis: fills in breach[] and finding[], whose owners may be named then. */
void pipeline_diagnose(struct pipeline *pipeline, const struct config *config, const struct sample *sample);

/** Audit and incidents, after pipeline_diagnose() with the same sample. @return how many are in alert[] */
size_t pipeline_follow(struct pipeline *pipeline, const struct config *config, const struct sample *sample);

/** @return how many incidents are open */
size_t pipeline_open_incidents(const struct pipeline *pipeline);

/** @return how many problems the last tick left out for want of room; told as soon as others are over */
size_t pipeline_overlooked(const struct pipeline *pipeline);

#endif
