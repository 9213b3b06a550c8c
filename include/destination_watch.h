/* SPDX-License-Identifier: MIT */
/* When to count the ports in use per destination, which takes a dump of every socket. Pure. */
#ifndef SYNWAITD_DESTINATION_WATCH_H
#define SYNWAITD_DESTINATION_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "condition.h"
#include "figure.h"

/** What the last count found. Zeroed when a count is not needed. */
struct destination_watch {
    bool counted;
    uint64_t counted_usec;
    uint64_t sockets;           /* then, in the whole namespace */
    uint64_t fullest;           /* ports in use towards the fullest destination */
    struct figure active_opens; /* the counter, then */
};

/** @return the fewest ports in use that are a breach of @p rule; unknown without rule or range. */
struct figure destination_warning(const struct threshold_rule *rule, struct figure ephemeral_ports);

/**
 * Tells whether to count now, given that there are sockets enough for a breach. Where the fullest was under
 * half of the warning there is no need while too few connections were opened from here for a breach: many
 * inbound ones look the same by their number alone. Else the next count waits 10 s, and then for a tenth more
 * sockets or for 30 s.
 * @param sockets now in the whole namespace; @param active_opens the counter now; @param warning ports
 */
bool destination_count_due(const struct destination_watch *watch, uint64_t now_usec, uint64_t sockets,
                           struct figure active_opens, uint64_t warning);

#endif
