/* SPDX-License-Identifier: MIT */
/* Entries in the connection-tracking table of this network namespace. Needs CAP_NET_ADMIN. */
#ifndef LOAD_CONNTRACK_H
#define LOAD_CONNTRACK_H

#include <stdint.h>

/**
 * Creates entries of established TCP connections that do not exist; they expire after 300 s.
 * @return 0; -EOPNOTSUPP if the kernel has no ctnetlink; another -errno
 */
int conntrack_create(uint64_t count);

/** Deletes what conntrack_create() has made. @return 0 or -errno. */
int conntrack_delete(uint64_t count);

#endif
