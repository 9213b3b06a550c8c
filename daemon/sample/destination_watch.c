/* SPDX-License-Identifier: MIT */
#include "destination_watch.h"

#include "util.h"

#define PAUSE_USEC     (10 * USEC_PER_SEC)
#define MAX_PAUSE_USEC (30 * USEC_PER_SEC)

struct figure destination_warning(const struct threshold_rule *rule, struct figure ephemeral_ports) {
    uint64_t warning = rule->warning.value;

    if (!rule->enabled)
        return FIGURE_NONE;
    if (rule->warning.unit == UNIT_PERMYRIAD) {
        if (!figure_known(ephemeral_ports))
            return FIGURE_NONE;
        uint64_t share = warning > UINT32_MAX ? UINT32_MAX : warning;
        warning = permyriad_apply((uint32_t)share, ephemeral_ports.value);
    }
    return FIGURE_OF(warning > rule->floor ? warning : rule->floor);
}

/* Whoever holds a port towards a destination has counted as an ActiveOpen (tcp_output.c tcp_connect), since
   the namespace began if nothing has been counted yet. */
static bool can_be_reached(const struct destination_watch *watch, struct figure active_opens,
                           uint64_t warning) {
    struct figure opened = watch->counted ? figure_increase(watch->active_opens, active_opens) : active_opens;

    return !figure_known(opened) || watch->fullest + opened.value >= warning;
}

bool destination_count_due(const struct destination_watch *watch, uint64_t now_usec, uint64_t sockets,
                           struct figure active_opens, uint64_t warning) {
    if (watch->counted && watch->fullest >= warning / 2)
        return true;
    if (!can_be_reached(watch, active_opens, warning))
        return false;
    if (!watch->counted)
        return true;
    uint64_t age = now_usec - watch->counted_usec;
    if (age < PAUSE_USEC)
        return false;
    return age >= MAX_PAUSE_USEC || sockets >= watch->sockets + watch->sockets / 10;
}
