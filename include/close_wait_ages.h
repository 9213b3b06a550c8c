/* SPDX-License-Identifier: MIT */
/* Since when CLOSE-WAIT sockets are known, in fixed memory: exact for those that have a slot. */
#ifndef SYNWAITD_CLOSE_WAIT_AGES_H
#define SYNWAITD_CLOSE_WAIT_AGES_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

#define CLOSE_WAIT_SLOTS 256

/** A socket keeps its slot until a walk does not see it; others of the same hash are not remembered. */
struct close_wait_ages {
    struct close_wait_slot {
        uint64_t cookie;
        uint64_t first_seen_usec; /* 0: the slot is empty */
        uint16_t port;
        bool seen; /* in the present walk */
    } slot[CLOSE_WAIT_SLOTS];
};

/** Begins a walk, also one that begins anew. */
void close_wait_ages_begin(struct close_wait_ages *ages);

/** Files a CLOSE-WAIT socket with its cookie and local port (host order), known since @p since_usec. */
void close_wait_ages_count(struct close_wait_ages *ages, uint64_t cookie, uint16_t port, uint64_t since_usec);

/** Ends a complete walk: sockets that it has not seen are forgotten. */
void close_wait_ages_end(struct close_wait_ages *ages);

/**
 * Lowers @p detail's and the ports' close_wait_since_usec to the earliest sighting that is known.
 * @param port, port_count sorted by port; slots of other ports count for the host alone, and those of ports
 *        with a rule of their own for the port alone
 */
void close_wait_ages_publish(const struct close_wait_ages *ages, struct walk_detail *detail,
                             struct port_figures *port, size_t port_count);

#endif
