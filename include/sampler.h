/* SPDX-License-Identifier: MIT */
/* Takes samples: decides what is due within the CPU budget, and remembers how reading went. */
#ifndef SYNWAITD_SAMPLER_H
#define SYNWAITD_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "sample.h"
#include "socket_sampler.h"

struct sampler;

/** What sampling cost and how it is done, for the log and for status. */
struct sampler_info {
    struct kernel_version kernel;
    bool one_pass;           /* the legacy request answers for both families */
    bool ipv6;               /* the kernel has IPv6 */
    uint64_t walks;          /* so far */
    uint64_t walk_cpu_usec;  /* of the last walk */
    uint64_t walk_wait_usec; /* until the budget allows the next walk; 0 = it does now */
    bool walk_overdue;       /* there should be a younger one, but the budget does not allow it */
    const struct queue_source *queues;
    uint64_t ticks;
};

/**
 * Opens the netlink socket and the files under @p proc_root, and finds out which request the kernel answers.
 * What cannot be opened is not an error: it is unknown in each sample and tried again.
 * @param proc_root "/proc", or a test's own tree
 * @param queues_path the pinned iterator over listeners, as for socket_sampler_new()
 * @return the sampler, or NULL with errno ENOMEM
 */
struct sampler *sampler_new(const char *proc_root, const char *queues_path);

struct sampler *sampler_free(struct sampler *sampler);

/** Closes the sampler when the variable leaves scope. */
#define CLEANUP_SAMPLER __attribute__((cleanup(sampler_cleanup)))
void sampler_cleanup(struct sampler **sampler);

/**
 * Takes one sample. Counters and listeners always; the walk when its budget allows, at once when counters
 * jump, and no later than walk_max_age while the budget is not overdrawn; sysctls every 10 s and when @p
 * breached; ports per destination only while the host-wide counts make the `ports` warning possible; surveys
 * of TIME-WAIT and ESTABLISHED only while they reach their warning, every 30 s.
 * @param breached the previous tick had a breach
 * @return the sample, owned by the sampler, valid until the next call
 */
const struct sample *sampler_take(struct sampler *sampler, const struct config *config, bool breached);

/**
 * Walks ask from now on how long each socket has been silent, so that the first one knows about how old the
 * CLOSE-WAIT sockets are: for one look at a host. The answers are three times as long.
 */
void sampler_ask_ages(struct sampler *sampler);

const struct sampler_info *sampler_info(const struct sampler *sampler);

#endif
