/* SPDX-License-Identifier: MIT */
/* Names for cgroup ids, and processes for socket inodes: what an admin calls the owner of a socket. */
#ifndef SYNWAITD_OWNERS_H
#define SYNWAITD_OWNERS_H

#include "diagnose.h"

struct owners;

/**
 * @param proc_root "/proc", or a test's own tree
 * @param cgroup_root "/sys/fs/cgroup"; of a hybrid host its "unified" is used
 * @return the handle, or NULL with errno ENOMEM. A tree that is not there: nothing is named.
 */
struct owners *owners_new(const char *proc_root, const char *cgroup_root);
struct owners *owners_free(struct owners *owners);

/**
 * Fills in unit and the holders' units of each finding from their cgroup ids, and, where the daemon may look
 * into other processes, pid and comm from owner.inode. Bounded in time; what is known comes from a cache.
 */
void owners_name(struct owners *owners, uint64_t now_usec, struct finding *findings, size_t count);

/**
 * Writes the systemd unit, the container or the session that a cgroup path stands for, e.g. "nginx.service",
 * "docker/0123456789ab", "user@1000.service/app.service"; the last component where nothing is recognized;
 * "" for the root.
 * @param path as in /proc/PID/cgroup, from the root of the hierarchy
 */
void unit_from_cgroup_path(const char *path, char unit[UNIT_SIZE]);

#endif
