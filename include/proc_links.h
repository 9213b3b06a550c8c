/* SPDX-License-Identifier: MIT */
/* What /proc tells of the sockets of one process, for both who look for a few and who look for all. */
#ifndef SYNWAITD_PROC_LINKS_H
#define SYNWAITD_PROC_LINKS_H

#include <stdint.h>

#include "diagnose.h"

/**
 * @param link within @p directory_fd: a name in /proc/PID/fd
 * @return the inode of the socket that it leads to, 0 if it is something else; or -errno
 */
int64_t proc_link_socket(int directory_fd, const char *link);

/** Reads the name of a process: @p path leads to its comm. "" if it cannot be read. Bytes are as they are. */
void proc_read_comm(int directory_fd, const char *path, char comm[COMM_SIZE]);

#endif
