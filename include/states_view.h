/* SPDX-License-Identifier: MIT */
/* Counts of sockets by state for people and for programs. */
#ifndef SYNWAITD_STATES_VIEW_H
#define SYNWAITD_STATES_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "ctl.h"
#include "socket_groups.h"
#include "socket_names.h"

/** What a row is about. */
enum states_by {
    STATES_TOTAL,
    STATES_BY_PORT, /* the local port if something listens there, else the remote one */
    STATES_BY_PEER,
    STATES_BY_UNIT,
    STATES_BY_FAMILY,
};

/** Reads "port", "peer", "unit" or "family". @return 0 or -EINVAL */
int states_by_parse(const char *text, enum states_by *by);

/**
 * Prints one row for each state and their sum.
 * @param state_mask states that were asked for; 0: all
 * @return exit code
 */
int states_view_print_total(const struct ctl *ctl, const struct verb *verb, const struct socket_group *total,
                            uint32_t state_mask);

/**
 * Prints one row for each group, the largest first, without the states that no socket is in.
 * @param limit rows; 0: all
 * @return exit code
 */
int states_view_print_groups(const struct ctl *ctl, const struct verb *verb, enum states_by by,
                             struct socket_groups *groups, const struct socket_names *names, size_t limit);

/** Writes what a key stands for, e.g. ":443 in", "to :5432 out", "192.0.2.1", "IPv6". */
void states_view_key(enum states_by by, const struct group_key *key, const struct socket_names *names,
                     char *buffer, size_t size);

#endif
