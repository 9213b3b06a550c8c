/* SPDX-License-Identifier: MIT */
/* Processes with descriptors in a tree that stands for /proc. */
#ifndef SYNWAITD_TEST_PROC_TREE_H
#define SYNWAITD_TEST_PROC_TREE_H

#include "tree.h"

static inline void add_process(const struct tree *tree, unsigned int pid, const char *comm) {
    char path[64], full[512];

    snprintf(path, sizeof path, "%u/comm", pid);
    tree_write(tree, path, comm);
    snprintf(path, sizeof path, "%u/fd", pid);
    tree_path(tree, path, full);
    assert_int_equal(mkdir(full, 0755), 0);
}

/** A descriptor; a link that is there is replaced, by nothing for a NULL target. */
static inline void add_link(const struct tree *tree, unsigned int pid, int fd, const char *target) {
    char path[64], full[512];

    snprintf(path, sizeof path, "%u/fd/%d", pid, fd);
    tree_path(tree, path, full);
    unlink(full);
    assert_int_equal(target ? symlink(target, full) : 0, 0);
}

#endif
