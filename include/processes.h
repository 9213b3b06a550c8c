/* SPDX-License-Identifier: MIT */
/* Socket inode -> process, through the links of /proc/PID/fd, as far as the daemon may read them. */
#ifndef SYNWAITD_PROCESSES_H
#define SYNWAITD_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "diagnose.h"

#define PROCESSES_BUDGET_USEC 50000 /* of one tick, for searching */

struct processes;

/**
 * @param proc_root "/proc", or a test's own tree; copied
 * @param budget_usec at most this long per tick; the search goes on where it stopped at the next one
 * @return the handle, or NULL with errno ENOMEM
 */
struct processes *processes_new(const char *proc_root, uint64_t budget_usec);
struct processes *processes_free(struct processes *processes);

/** Asks for a socket's process: the next search looks for it, unless it is known. 0 is ignored. */
void processes_want(struct processes *processes, uint64_t now_usec, uint64_t inode);

/**
 * Finds the process that holds a socket; of several the one with the lowest pid.
 * @param inode 0: none is looked for; @param comm as in /proc/PID/comm, bytes as they are
 * @return whether it is known; not (pid 0, comm ""): nobody holds it, not found yet, or not allowed to look
 */
bool processes_find(struct processes *processes, uint64_t now_usec, uint64_t inode, uint32_t *pid,
                    char comm[COMM_SIZE]);

#endif
