/* SPDX-License-Identifier: MIT */
/*
 * Ports in use per (local address, remote address, remote port) in fixed memory: exact up to 1,024
 * destinations, beyond that the Space-Saving sketch (heavy_hitters.h), whose error is at most sockets /
 * 1,024.
 */
#ifndef SYNWAITD_DESTINATIONS_H
#define SYNWAITD_DESTINATIONS_H

#include <stddef.h>

#include "sample.h"
#include "sock_diag.h"

#define DESTINATION_SLOTS 1024

struct destinations;

/** @return an empty count, or NULL with errno ENOMEM. */
struct destinations *destinations_new(void);
struct destinations *destinations_free(struct destinations *destinations);
void destinations_reset(struct destinations *destinations);

/** Sets tcp_tw_reuse_delay: a TIME-WAIT older than this counts as reusable. At first 1,000 ms. */
void destinations_set_reuse_delay(struct destinations *destinations, uint32_t delay_msec);

/** Counts one outgoing socket (the caller leaves out those whose local port is a listener's). */
void destinations_count(struct destinations *destinations, const struct diag_socket *socket);

/** Copies the fullest, descending. @return how many, at most DESTINATIONS_MAX. */
size_t destinations_top(const struct destinations *destinations, struct destination top[DESTINATIONS_MAX]);

#endif
