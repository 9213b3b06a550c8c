/* SPDX-License-Identifier: MIT */
#include "pipeline.h"

#define KEEP_INTERVALS 5 /* within which what an incident rests on is measured again after a restart */

void pipeline_resume(struct pipeline *pipeline, const struct config *config, uint64_t now_usec) {
    for (size_t i = 0; i < pipeline->incidents.end; i++) {
        struct incident *incident = &pipeline->incidents.incident[i];
        if (!incident->open)
            continue;
        incident->keep_until_usec = now_usec + KEEP_INTERVALS * config->interval_usec;
        if (incident->finding.lead.condition < CONDITION_COUNT)
            threshold_resume(&pipeline->tracker, &incident->finding.lead);
    }
}

void pipeline_diagnose(struct pipeline *pipeline, const struct config *config, const struct sample *sample) {
    pipeline->breach_count = threshold_evaluate(config, sample, &pipeline->tracker, pipeline->breach);
    pipeline->finding_count = diagnose(sample, pipeline->breach, pipeline->breach_count, pipeline->finding);
}

size_t pipeline_follow(struct pipeline *pipeline, const struct config *config, const struct sample *sample) {
    size_t count = pipeline->finding_count;

    if (audit_update(&pipeline->audit, sample, &pipeline->finding[count]))
        count++;
    return incident_update(&pipeline->incidents, pipeline->finding, count, sample, config->reminder_usec,
                           pipeline->alert);
}

size_t pipeline_open_incidents(const struct pipeline *pipeline) {
    size_t count = 0;

    for (size_t i = 0; i < pipeline->incidents.end; i++)
        count += pipeline->incidents.incident[i].open;
    return count;
}

size_t pipeline_overlooked(const struct pipeline *pipeline) {
    return pipeline->tracker.overlooked + pipeline->incidents.overlooked;
}
