/* SPDX-License-Identifier: MIT */
/* What a sampler gets from sock_diag: listeners, the state walk, ports per destination. */
#ifndef SYNWAITD_SOCKET_SAMPLER_H
#define SYNWAITD_SOCKET_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "queue_source.h"
#include "sample.h"
#include "state_walk.h"

struct socket_sampler;

/**
 * @param queues_path the pinned iterator over listeners (listener_queues.h); NULL: there is none
 * @return the handle, or NULL with errno ENOMEM. A socket that cannot be opened is tried again.
 */
struct socket_sampler *socket_sampler_new(const char *queues_path);
struct socket_sampler *socket_sampler_free(struct socket_sampler *sampler);

/** sampler_ask_ages() */
void socket_sampler_ask_ages(struct socket_sampler *sampler);

/** @return whether one dump answers for both families; false while that is not known. */
bool socket_sampler_one_pass(const struct socket_sampler *sampler);

/** @return of the last walk, where most SYN-SENT sockets go; none seen, or the walk failed: all 0. */
struct destination socket_sampler_syn_sent(const struct socket_sampler *sampler);

/** @return whose the sockets are: of the last walk, and of the last survey of a state; empty if that failed.
 */
const struct share_tables *socket_sampler_shares(const struct socket_sampler *sampler);

/** @return the tables as they stand: listeners of the last good dump, counts of the last walk. */
const struct state_walk *socket_sampler_tables(const struct socket_sampler *sampler);

/** @return how the last list was made. */
const struct queue_source *socket_sampler_queues(const struct socket_sampler *sampler);

/**
 * Lists the listeners anew: from the iterator, with their half-open connections, or else by a dump, with
 * these carried over. queue_source.h says when the iterator is left alone.
 * @param listening receives the number of LISTEN sockets, also with -ENOSPC
 * @return 0; -ENOSPC if there are more than LISTENERS_MAX, the table then holds the first of them; another
 * -errno, the table is then unchanged; @p reason says what is wrong
 */
int socket_sampler_list(struct socket_sampler *sampler, struct figure *listening,
                        char reason[SOURCE_REASON_SIZE]);

/**
 * Walks the sockets and counts them in the tables. On failure the half-open counts are as before it, and the
 * other counts are zero.
 */
int socket_sampler_walk(struct socket_sampler *sampler, const struct config *config, uint32_t synack_retries,
                        char reason[SOURCE_REASON_SIZE]);

/** Once a tick, after the last walk of it: state_walk_settle_queues(). */
void socket_sampler_settle_queues(struct socket_sampler *sampler);

/**
 * Looks at some of the sockets in @p state, TIME-WAIT or ESTABLISHED.
 * @param count how many there are
 * @param survey receives what was seen; zero on failure
 * @return 0, or -errno
 */
int socket_sampler_survey(struct socket_sampler *sampler, enum tcp_state state, uint64_t count,
                          struct survey *survey);

/** Forgets whose the sockets in @p state, TIME-WAIT or ESTABLISHED, are. */
void socket_sampler_forget_survey(struct socket_sampler *sampler, enum tcp_state state);

/**
 * Counts the ports in use per destination and per local address.
 * @param range which local ports are outgoing: those of these that no listener has
 * @param reuse_delay_msec tcp_tw_reuse_delay
 * @param sample receives both lists; unchanged on failure
 * @return 0, or -errno with @p reason
 */
int socket_sampler_count_destinations(struct socket_sampler *sampler, struct port_range range,
                                      uint32_t reuse_delay_msec, struct sample *sample,
                                      char reason[SOURCE_REASON_SIZE]);

#endif
