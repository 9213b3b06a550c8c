/* SPDX-License-Identifier: MIT */
#include "later.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "util.h"

struct connection *connection_watch(int epoll, int fd, uint32_t events) {
    struct connection *connection = calloc(1, sizeof *connection);
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (connection && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) {
        connection->fd = fd;
        return connection;
    }
    free(connection);
    close(fd);
    return NULL;
}

void connection_rewatch(int epoll, struct connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};

    epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

void connection_close(struct connection *connection) {
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    if (!connection->queued)
        free(connection);
}

void later_add(struct later *later, struct connection *connection, uint64_t due_usec) {
    connection->due_usec = due_usec;
    connection->queued = true;
    STAILQ_INSERT_TAIL(later, connection, next);
}

void later_run(struct later *later) {
    uint64_t now_usec = now_monotonic_usec();

    for (struct connection *first = STAILQ_FIRST(later); first && first->due_usec <= now_usec;
         first = STAILQ_FIRST(later)) {
        STAILQ_REMOVE_HEAD(later, next);
        first->queued = false;
        connection_close(first);
    }
}

uint64_t later_next(const struct later *later, uint64_t end_usec) {
    const struct connection *first = STAILQ_FIRST(later);

    return first && first->due_usec < end_usec ? first->due_usec : end_usec;
}
