/* SPDX-License-Identifier: MIT */
/* Ephemeral ports: towards one destination, or of one source address over all of them. */
#include <stddef.h>

#include "diagnose_parts.h"

static const struct destination *find_destination(const struct sample *sample, const struct scope *scope) {
    for (size_t i = 0; i < sample->destination_count; i++) {
        const struct destination *destination = &sample->destination[i];
        if (endpoint_equal(&destination->local, &scope->local) &&
            endpoint_equal(&destination->remote, &scope->remote))
            return destination;
    }
    return NULL;
}

static enum cause conclude_destination(const struct destination *destination) {
    if (destination->close_wait * 2 > destination->ports_in_use)
        return CAUSE_PORTS_CLOSE_WAIT;
    if (destination->time_wait * 2 > destination->ports_in_use)
        return CAUSE_PORTS_TIME_WAIT;
    return CAUSE_PORTS_LIVE;
}

/* The kernel would take them over if the peer uses timestamps, which nobody tells; connect() was not seen to
   need one, or failed. */
static bool may_be_reused(const struct sample *sample, const struct destination *destination) {
    return time_wait_is_reused(sample, &destination->remote) &&
           (uint64_t)destination->reusable * 2 > destination->ports_in_use &&
           figure_or(sample->recent_increase[COUNTER_TIME_WAIT_RECYCLED], 0) == 0;
}

static void add_destination(struct finding *finding, const struct destination *destination) {
    finding_evidence(finding, "in_time_wait", FIGURE_OF(destination->time_wait));
    finding_evidence(finding, "reusable_time_wait", FIGURE_OF(destination->reusable));
    finding_evidence(finding, "in_close_wait", FIGURE_OF(destination->close_wait));
    if (destination->error > 0)
        finding_evidence(finding, "counted_too_high_by_at_most", FIGURE_OF(destination->error));
}

static void conclude(struct finding *finding, const struct sample *sample) {
    const struct destination *destination = find_destination(sample, &finding->scope);

    if (finding->scope.remote.family == ENDPOINT_NONE) {
        finding_conclude(finding, CAUSE_PORTS_BOUND_FIRST, CONFIDENCE_MEDIUM);
    } else if (!destination) {
        finding_conclude(finding, CAUSE_PORTS_TIME_WAIT, CONFIDENCE_LOW);
    } else {
        add_destination(finding, destination);
        finding_owned_by_destination(finding, destination);
        finding_conclude(finding, conclude_destination(destination),
                         may_be_reused(sample, destination) ? CONFIDENCE_LOW : CONFIDENCE_HIGH);
    }
}

/* At the rate of the last minute. */
static void add_forecast(struct finding *finding, const struct breach *breach) {
    if (!breach->trend_known || breach->growth_per_min <= 0 || !figure_known(breach->limit))
        return;
    struct figure left = figure_subtract(breach->limit, FIGURE_OF(breach->value));
    finding_evidence(finding, "growth_per_min", FIGURE_OF((uint64_t)breach->growth_per_min));
    finding_evidence(finding, "minutes_left", FIGURE_OF(left.value / (uint64_t)breach->growth_per_min));
}

static void ports(struct diagnosis *diagnosis, const struct breach *breach) {
    const struct sample *sample = diagnosis->sample;
    struct finding *finding = finding_start(diagnosis, FAMILY_PORTS, breach);

    if (!finding)
        return;
    finding->local = breach->scope.local;
    finding->peer = breach->scope.remote;
    finding_evidence(finding, "ports_in_use", FIGURE_OF(breach->value));
    finding_evidence(finding, "ephemeral_ports", breach->limit);
    add_forecast(finding, breach);
    conclude(finding, sample);
    finding_evidence(finding, "active_opens_per_sec", sample_rate(sample, COUNTER_ACTIVE_OPENS));
    finding_evidence(finding, "time_wait_reused_per_sec", sample_rate(sample, COUNTER_TIME_WAIT_RECYCLED));
    finding_evidence(finding, "tcp_tw_reuse", sample->knob[KNOB_TCP_TW_REUSE].value);
    finding_evidence(finding, "reserved_ports", sample->knob[KNOB_PORTS_RESERVED].value);
    if (finding->cause == CAUSE_PORTS_CLOSE_WAIT)
        finding->linked = FAMILY_CLOSE_WAIT;
    finding_advise(diagnosis, finding, NULL, &finding->peer, 0);
}

void diagnose_ports(struct diagnosis *diagnosis) {
    for (size_t i = 0; i < diagnosis->breach_count; i++)
        if (diagnosis->breach[i].condition == CONDITION_PORTS)
            ports(diagnosis, &diagnosis->breach[i]);
}
