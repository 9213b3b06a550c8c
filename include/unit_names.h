/* SPDX-License-Identifier: MIT */
/* Cgroup id -> unit, for a look at all sockets: each unit once, under a number. */
#ifndef SYNWAITD_UNIT_NAMES_H
#define SYNWAITD_UNIT_NAMES_H

#include <stdint.h>

/* Numbers with a meaning of their own. */
enum {
    UNIT_NOT_TOLD, /* no cgroup, as of a minisocket, or one that is no longer there */
    UNIT_NONE,     /* in the root of the tree, which is no unit */
    UNIT_FIRST,
};

struct unit_names;

/** @param cgroup_root "/sys/fs/cgroup". @return the handle, or NULL with errno ENOMEM */
struct unit_names *unit_names_new(const char *cgroup_root);
struct unit_names *unit_names_free(struct unit_names *names);

/** @return number of the unit whose cgroup has this id. The tree is walked for ids that are new. */
uint32_t unit_names_number(struct unit_names *names, uint64_t cgroup);

/** @return its name; "" for UNIT_NONE and UNIT_NOT_TOLD. Valid until the next unit_names_number(). */
const char *unit_names_text(const struct unit_names *names, uint32_t number);

#endif
