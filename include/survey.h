/* SPDX-License-Identifier: MIT */
/* Looks at a bounded number of the sockets of one state: whose are they, and are their peers alive? */
#ifndef SYNWAITD_SURVEY_H
#define SYNWAITD_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "condition.h"
#include "sample.h"
#include "share_tables.h"
#include "sock_diag.h"

#define SURVEY_TIME_WAIT_MOST   20000
#define SURVEY_ESTABLISHED_MOST 5000 /* fewer, for each costs more: the kernel fills in its tcp_info */

/** The last survey of one state, and when it was tried. Zero: never. */
struct survey_watch {
    struct survey last;
    uint64_t tried_usec;
};

/** @return whether 30 s have passed since the last try. */
bool survey_due(const struct survey_watch *watch, uint64_t now_usec);

/**
 * @param count sockets in the state; @param limit what a percentage of @p rule is of
 * @param previous the survey of the tick before: while @p count is unknown it stays needed, or not
 * @return whether @p count reaches the warning of @p rule
 */
bool survey_needed(const struct threshold_rule *rule, struct figure count, struct figure limit,
                   const struct survey *previous);

/** Counts one socket. @param inbound its local port is a listener's */
void survey_count(struct survey *survey, const struct diag_socket *socket, bool inbound);

/**
 * Dumps sockets in @p state, TIME-WAIT or ESTABLISHED, until enough are seen, on a netlink socket of its own.
 * Of more than enough it takes a fair part, by port.
 * @param diag lends its memory
 * @param count how many there are
 * @param listening one bit per port that a listener has
 * @param shares receives whose they are, in place of what it has of @p state; nothing on failure
 * @param survey receives what was seen; zero on failure
 * @return 0, or -errno
 */
int survey_take(struct sock_diag *diag, enum tcp_state state, uint64_t count,
                const uint64_t listening[65536 / 64], struct share_tables *shares, struct survey *survey);

/**
 * @return the ports that leave about three quarters of @p most out of @p count sockets, none of them a port
 * in
 * @p listening if that is possible; every port if @p count is not above @p most
 */
struct port_slices survey_slices(uint64_t count, uint32_t most, const uint64_t listening[65536 / 64]);

#endif
