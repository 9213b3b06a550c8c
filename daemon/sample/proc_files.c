/* SPDX-License-Identifier: MIT */
#include "proc_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const paths[PROC_FILE_COUNT] = {
    [PROC_SOCKSTAT] = "self/net/sockstat",
    [PROC_SOCKSTAT6] = "self/net/sockstat6",
    [PROC_SNMP] = "self/net/snmp",
    [PROC_NETSTAT] = "self/net/netstat",
    [PROC_CONNTRACK_COUNT] = "sys/net/netfilter/nf_conntrack_count",
};

int proc_files_init(struct proc_files *files, const char *root) {
    files->root_fd = -1;
    for (size_t i = 0; i < PROC_FILE_COUNT; i++)
        files->fd[i] = -1;
    files->root = strdup(root);
    return files->root ? 0 : -ENOMEM;
}

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void proc_files_release(struct proc_files *files) {
    for (size_t i = 0; i < PROC_FILE_COUNT; i++)
        close_fd(&files->fd[i]);
    close_fd(&files->root_fd);
    free(files->root);
    files->root = NULL;
}

int proc_files_open(struct proc_files *files, const char *path, int flags) {
    if (files->root_fd < 0)
        files->root_fd = open(files->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (files->root_fd < 0)
        return -errno;
    int fd = openat(files->root_fd, path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int proc_files_read(struct proc_files *files, enum proc_file file, char *buffer, size_t size) {
    int *fd = &files->fd[file];

    if (*fd < 0)
        *fd = proc_files_open(files, paths[file], O_RDONLY | O_NONBLOCK);
    if (*fd < 0)
        return *fd;
    /* These files are one record each, which a read from the start gives whole if it fits
       (fs/seq_file.c seq_read_iter). */
    ssize_t length;
    do
        length = pread(*fd, buffer, size, 0);
    while (length < 0 && errno == EINTR);
    if (length < 0 || (size_t)length >= size) {
        int error = length < 0 ? errno : EFBIG;
        close_fd(fd);
        return -error;
    }
    buffer[length] = '\0';
    return 0;
}

bool proc_files_have_ipv6(struct proc_files *files) {
    int fd = proc_files_open(files, "sys/net/ipv6", O_PATH);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}
