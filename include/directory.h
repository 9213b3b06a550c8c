/* SPDX-License-Identifier: MIT */
/* Reads a directory entry by entry in memory of the caller's: opendir() allocates 32 KiB each time. */
#ifndef SYNWAITD_DIRECTORY_H
#define SYNWAITD_DIRECTORY_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#define DIRECTORY_BYTES 4096 /* some hundred entries in a system call */

struct directory {
    int fd;
    bool is_open;
    size_t at, filled; /* of buffer */
    _Alignas(struct dirent64) char buffer[DIRECTORY_BYTES];
};

/**
 * Opens the directory @p path, relative to @p at_fd or AT_FDCWD.
 * @param flags beside O_RDONLY | O_DIRECTORY | O_CLOEXEC
 * @return 0 or -errno
 */
int directory_open(struct directory *directory, int at_fd, const char *path, int flags);

/** @return the next entry, valid until the next call; NULL at the end, or when it cannot be read. */
const struct dirent64 *directory_next(struct directory *directory);

/** Closes it if it is open. */
void directory_close(struct directory *directory);

#endif
