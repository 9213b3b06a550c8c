/* SPDX-License-Identifier: MIT */
/*
 * Cgroup id -> unit. The id is the inode number of the directory in the cgroup2 tree (kernel/cgroup:
 * cgroup_id() is kernfs_node.id), which the kernel never gives twice on 64 bits, and cgroup2 has no rename: a
 * name once known stays right, also when the cgroup is gone.
 */
#ifndef SYNWAITD_CGROUPS_H
#define SYNWAITD_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "diagnose.h"

#define CGROUPS_BUDGET_USEC 50000 /* of one tick, for walking the tree */

struct cgroups;

/**
 * Finds the cgroup2 tree: @p cgroup_root itself on a unified host, its "unified" on a hybrid one.
 * @return a directory for cgroups_new(), to be freed, or NULL: none there (cgroup v1 alone), or no memory
 */
char *cgroup2_directory(const char *cgroup_root);

/**
 * @param directory the top of the tree, copied; NULL: nothing is ever found
 * @param budget_usec at most this long per cgroups_walk(); what is left comes with the next one
 * @return the handle, or NULL with errno ENOMEM
 */
struct cgroups *cgroups_new(const char *directory, uint64_t budget_usec);
struct cgroups *cgroups_free(struct cgroups *cgroups);

/** Asks for an id's unit: the next walk looks for it, unless it is known. 0 is ignored. */
void cgroups_want(struct cgroups *cgroups, uint64_t now_usec, uint64_t id);

/** Walks the tree if a wanted id is missing and a walk is due. At most one step per @p now_usec. */
void cgroups_walk(struct cgroups *cgroups, uint64_t now_usec);

/** @return whether the id is known; @p unit is filled in, or "" (also for the root, which is no unit). */
bool cgroups_unit(const struct cgroups *cgroups, uint64_t id, char unit[UNIT_SIZE]);

#endif
