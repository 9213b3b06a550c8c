/* SPDX-License-Identifier: MIT */
#include "listener_queues.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener_record.h"
#include "util.h"

/* The kernel's own buffer holds 8 pages (kernel/bpf/bpf_iter.c bpf_seq_read): more than this is rare. */
#define RECORDS_PER_READ 128

static struct listener make_plain(const struct listener_record *record) {
    struct listener plain = {
        .members = 1,
        .accept_queue = record->accept_queue,
        .backlog = record->backlog,
        .half_open = record->half_open,
        .half_open_fresh = record->half_open_young,
        .uid = record->uid,
        .cgroup = record->cgroup,
        .inode = record->inode,
    };

    endpoint_set(&plain.local, record->family, record->address, record->port);
    plain.local.ifindex = record->ifindex;
    return plain;
}

int listener_queues_parse(const void *bytes, size_t length, listener_callback callback, void *context) {
    const char *at = bytes;
    struct listener_record record;

    if (length % sizeof record != 0)
        return -EBADMSG;
    for (; length > 0; length -= sizeof record, at += sizeof record) {
        memcpy(&record, at, sizeof record);
        if (record.family != AF_INET && record.family != AF_INET6)
            return -EBADMSG;
        struct listener listener = make_plain(&record);
        callback(&listener, context);
    }
    return 0;
}

int listener_queues_read(const char *path, listener_callback callback, void *context) {
    char buffer[RECORDS_PER_READ * sizeof(struct listener_record)];
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t length;
    int result = 0;

    if (fd < 0)
        return -errno;
    do {
        length = read(fd, buffer, sizeof buffer);
        if (length > 0)
            result = listener_queues_parse(buffer, (size_t)length, callback, context);
    } while (result == 0 && (length > 0 || (length < 0 && errno == EINTR)));
    /* The program ends the listing at the first socket that does not listen: EAGAIN (listener_queues.bpf.c).
       Without such a socket it ends as a file does. */
    if (length < 0 && errno != EAGAIN)
        return -errno;
    return result;
}

const char *listener_queues_find(const char *runtime_directory, char path[PATH_MAX]) {
    if (runtime_directory) {
        snprintf(path, PATH_MAX, "%s/" LISTENER_QUEUES_SHOWN, runtime_directory);
        if (access(path, F_OK) == 0)
            return path;
    }
    return LISTENER_QUEUES_PATH;
}
