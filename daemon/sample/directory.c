/* SPDX-License-Identifier: MIT */
#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int directory_open(struct directory *directory, int at_fd, const char *path, int flags) {
    directory->fd = openat(at_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
    directory->is_open = directory->fd >= 0;
    directory->at = directory->filled = 0;
    return directory->is_open ? 0 : -errno;
}

const struct dirent64 *directory_next(struct directory *directory) {
    if (directory->at == directory->filled) {
        ssize_t got = getdents64(directory->fd, directory->buffer, sizeof directory->buffer);
        directory->at = 0;
        directory->filled = got > 0 ? (size_t)got : 0;
        if (got <= 0)
            return NULL;
    }
    const struct dirent64 *entry = (const struct dirent64 *)(directory->buffer + directory->at);
    directory->at += entry->d_reclen;
    return entry;
}

void directory_close(struct directory *directory) {
    if (directory->is_open)
        close(directory->fd);
    directory->is_open = false;
}
