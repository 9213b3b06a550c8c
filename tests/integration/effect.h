/* SPDX-License-Identifier: MIT */
/* Conditions made by the test process itself, in its own namespace, and what the kernel then counts. */
#ifndef INTEGRATION_EFFECT_H
#define INTEGRATION_EFFECT_H

#include <stddef.h>
#include <stdint.h>

#include "sample.h"
#include "sock_diag.h"

#define EFFECT_SERVER "198.18.0.1" /* here; what is sent to elsewhere gets no answer */
#define EFFECT_REMOTE "192.0.2.2"  /* in the peer namespace */
#define EFFECT_PORT   8080

/** All that can be measured now. Tables are left out: their memory is gone. The test fails if a source does.
 */
struct sample effect_sample(void);

/** The same, once the counters stand still. */
struct sample effect_settled(void);

/** @return the increase of @p counter; the test fails if one is unknown. */
uint64_t effect_increase(const struct sample *before, const struct sample *after, enum counter counter);

/** @return sockets in @p state; the test fails if unknown. */
uint64_t effect_state(const struct sample *sample, enum tcp_state state);

/** How long the sockets of one state have still to go. */
struct effect_timers {
    uint32_t count;
    uint32_t shortest_msec, longest_msec;
};

/** @return the timers of the sockets in @p state. */
struct effect_timers effect_timers(enum tcp_state state);

/** @return a listening socket on EFFECT_SERVER, or -errno. */
int effect_listen(int backlog);

/** @return a listening socket on EFFECT_REMOTE in the namespace @p peer, or -errno. */
int effect_listen_there(int peer, uint16_t port);

/** Sends @p count SYNs to EFFECT_SERVER from forged addresses, @p rate per second, 0 = at once. */
void effect_flood(uint64_t count, uint64_t rate);

/** Connects to EFFECT_REMOTE. @return the descriptor or -errno */
int effect_connect(uint16_t port);

/**
 * Connects to EFFECT_REMOTE, up to @p count times, until no port is left.
 * @param fd receives the open sockets @return how many
 */
size_t effect_connect_many(uint16_t port, int *fd, size_t count);

/** Connections to EFFECT_REMOTE that end here first, at most @p count. @return how many left a TIME-WAIT */
size_t effect_churn(int listener, uint16_t port, size_t count);

void effect_close(int *fd, size_t count);

/** Lets time pass that the kernel counts. */
void effect_sleep(unsigned int msec);

#endif
