/* SPDX-License-Identifier: MIT */
/* The files of /proc that are read at every tick, on descriptors kept open. */
#ifndef SYNWAITD_PROC_FILES_H
#define SYNWAITD_PROC_FILES_H

#include <stdbool.h>
#include <stddef.h>

enum proc_file {
    PROC_SOCKSTAT,
    PROC_SOCKSTAT6,
    PROC_SNMP,
    PROC_NETSTAT,
    PROC_CONNTRACK_COUNT,
    PROC_FILE_COUNT,
};

struct proc_files {
    char *root;
    int root_fd; /* O_PATH; -1 while it cannot be opened */
    int fd[PROC_FILE_COUNT];
};

/** @param root "/proc" or a test's tree; need not exist yet. @return 0 or -ENOMEM. */
int proc_files_init(struct proc_files *files, const char *root);
void proc_files_release(struct proc_files *files);

/**
 * Reads a file whole, NUL-terminated; opens it first where it is not open.
 * @return 0 or -errno: -ENOENT if there is no such file, -EFBIG if it does not fit. After an error it is
 * opened anew next time.
 */
int proc_files_read(struct proc_files *files, enum proc_file file, char *buffer, size_t size);

/** @return a new descriptor of @p path under the root, opened with @p flags, or -errno. */
int proc_files_open(struct proc_files *files, const char *path, int flags);

/** @return whether the kernel has IPv6: sys/net/ipv6 exists. */
bool proc_files_have_ipv6(struct proc_files *files);

#endif
