/* SPDX-License-Identifier: MIT */
/* The name of the network namespace this process is in. */
#ifndef SYNWAITD_NETNS_H
#define SYNWAITD_NETNS_H

#include <stddef.h>

/**
 * Writes "host" for pid 1's namespace, the name under /run/netns where there is one, else "net:[INODE]".
 * Where pid 1's cannot be read (a sandbox), an unnamed namespace counts as the host's.
 */
void netns_name(char *text, size_t size);

#endif
