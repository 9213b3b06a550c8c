/* SPDX-License-Identifier: MIT */
#include "proc_links.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "decimal.h"
#include "util.h"

int64_t proc_link_socket(int directory_fd, const char *link) {
    static const char prefix[] = "socket:[";
    char target[64];
    uint64_t inode;
    ssize_t length = readlinkat(directory_fd, link, target, sizeof target - 1);

    if (length < 0)
        return -errno;
    if (length <= (ssize_t)sizeof prefix || memcmp(target, prefix, sizeof prefix - 1) != 0 ||
        target[length - 1] != ']')
        return 0;
    size_t digits = (size_t)length - sizeof prefix; /* without the bracket at the end */
    /* The numbers of sockfs have 32 bits (fs/inode.c: get_next_ino()). */
    if (decimal_parse(target + sizeof prefix - 1, digits, &inode) < 0 || inode > UINT32_MAX)
        return 0;
    return (int64_t)inode;
}

void proc_read_comm(int directory_fd, const char *path, char comm[COMM_SIZE]) {
    char text[72]; /* a kernel thread's can be longer than TASK_COMM_LEN (fs/proc/array.c) */
    int length = read_file_at(directory_fd, path, text, sizeof text);

    if (length > 0 && text[length - 1] == '\n')
        text[length - 1] = '\0';
    snprintf(comm, COMM_SIZE, "%.*s", COMM_SIZE - 1, length > 0 ? text : "");
}
