/* SPDX-License-Identifier: MIT */
/* Counts a dump's sockets per state, per listener and per local port, in fixed memory. */
#ifndef SYNWAITD_STATE_WALK_H
#define SYNWAITD_STATE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "close_wait_ages.h"
#include "close_wait_median.h"
#include "config.h"
#include "sample.h"
#include "sock_diag.h"

/* A Bloom filter with one hash: 1,000 sockets in it make one in 65 look old too early; full, all do. */
#define CLOSE_WAIT_SEEN_BITS 65536

#define LISTENERS_MAX 16384

/** States the walk asks for: all but LISTEN, ESTABLISHED, TIME-WAIT and CLOSED. */
#define WALK_STATE_MASK                                                                                      \
    ((1U << STATE_SYN_SENT) | (1U << STATE_SYN_RECV) | (1U << STATE_FIN_WAIT_1) | (1U << STATE_FIN_WAIT_2) | \
     (1U << STATE_CLOSE_WAIT) | (1U << STATE_LAST_ACK) | (1U << STATE_CLOSING))

/** Counts of one walk, and the listeners and ports they are filed under. */
struct state_walk {
    struct listener *listener; /* LISTENERS_MAX */
    size_t listener_count;
    struct port_figures *port; /* LISTENERS_MAX + PORT_RULES_MAX */
    size_t port_count;
    uint32_t state[STATE_COUNT];
    uint32_t full_sockets; /* neither request sockets nor minisockets: sockstat's inuse counts them */
    struct walk_detail detail;
    uint32_t synack_retries;
    bool exact_queues;  /* the listeners came with their half-open counts, which the walk leaves alone */
    uint64_t seen_usec; /* when the present set of CLOSE-WAIT sockets was begun */
    /* Sets of their cookies: the oldest, the next, the present one; of the host, and of ports with a rule of
       their own, as many of these must not make the others look old. */
    uint64_t seen[3][2][CLOSE_WAIT_SEEN_BITS / 64];
    uint64_t now_usec;              /* of the present walk */
    struct close_wait_ages ages[2]; /* likewise */
    struct close_wait_median median;
    uint64_t close_wait_median_usec; /* age, as in struct sample */
};

/** Reserves the tables, whose pages cost nothing until used. @return 0 or -ENOMEM. */
int state_walk_init(struct state_walk *walk);
void state_walk_release(struct state_walk *walk);

/**
 * Files a LISTEN socket; call state_walk_sort_listeners() after the last.
 * @param listener with members 1, and with half-open counts if exact_queues
 * @return 0 or -ENOSPC when LISTENERS_MAX are known
 */
int state_walk_add_listener(struct state_walk *walk, const struct listener *listener);

/**
 * Sorts, merges the SO_REUSEPORT groups, and carries over from @p previous, by address, what a walk has
 * counted: half-open connections too, unless exact_queues. Done again on a sorted table, it puts that back.
 */
void state_walk_sort_listeners(struct state_walk *walk, const struct listener *previous,
                               size_t previous_count);

/** Forgets the counts and lays out the port table: every listener's port and every port of a `ports` rule. */
void state_walk_begin(struct state_walk *walk, const struct config *config, uint32_t synack_retries);

/**
 * Tells the walk the time, before state_walk_begin(): a CLOSE-WAIT socket that a walk at least 5 s ago has
 * seen counts as old, at the latest after 10 s.
 */
void state_walk_set_time(struct state_walk *walk, uint64_t now_usec);

/**
 * Counts one socket. A half-open goes to the most specific listener for its local address and port.
 * @return whether it is the host's: false if its port has a rule of its own for its state
 */
bool state_walk_count(struct state_walk *walk, const struct diag_socket *socket);

/** Ends a complete walk: works out since when CLOSE-WAIT sockets are there. */
void state_walk_end(struct state_walk *walk);

/**
 * With exact_queues, once a tick when all is counted: the iterator's "young" leaves out those that have
 * acknowledged and wait for data longer than a second, although their SYN-ACK was never sent again.
 */
void state_walk_settle_queues(struct state_walk *walk);

/** @return half-open connections of all listeners. */
uint64_t state_walk_half_open(const struct state_walk *walk);

/**
 * Works out the sockets in each state of @p sample: LISTEN from @p listening, the walked ones from @p walk
 * (or NULL: unknown), ESTABLISHED and TIME-WAIT from the sample's gauges less what the walk saw of them.
 */
void state_walk_figures(const struct state_walk *walk, struct figure listening, struct sample *sample);

#endif
