/* SPDX-License-Identifier: MIT */
/* Socket inodes -> processes, for many sockets at once: one pass over /proc/PID/fd. */
#ifndef SYNWAITD_HOLDERS_H
#define SYNWAITD_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnose.h"

#define HOLDERS_BUDGET_USEC      3000000 /* some 700,000 descriptors at 4 us each */
#define HOLDERS_BUDGET_LONG_USEC 30000000

struct socket_holder {
    uint64_t inode;
    uint32_t pid;         /* the lowest that has it; 0: not found */
    char comm[COMM_SIZE]; /* as in /proc/PID/comm, bytes as they are */
};

/** How far a pass came. */
struct holders_pass {
    size_t found;
    unsigned int denied; /* processes that the caller may not look into */
    bool cut;            /* the budget was used up */
};

/**
 * Fills in pid and comm.
 * @param proc_root "/proc", or a test's own tree
 * @param holder with pid 0, sorted by inode, no inode twice
 * @param budget_usec at most about this long
 * @return how it went; all 0 when there is no such tree
 */
struct holders_pass holders_find(const char *proc_root, struct socket_holder *holder, size_t count,
                                 uint64_t budget_usec);

/** @return the holder with this inode, or NULL. */
struct socket_holder *holders_get(struct socket_holder *holder, size_t count, uint64_t inode);

#endif
