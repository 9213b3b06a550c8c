/* SPDX-License-Identifier: MIT */
/* Connections on an epoll instance that may have to be closed a fixed time from now; those open at the end go
 * with the process. */
#ifndef LOAD_LATER_H
#define LOAD_LATER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct connection {
    int fd;            /* -1 once closed */
    bool up;           /* the handshake is done */
    bool queued;       /* in a queue, which frees it */
    uint64_t unsent;   /* bytes still to be sent */
    uint64_t due_usec; /* when the queue closes it */
    STAILQ_ENTRY(connection) next;
};

/** Connections in the order they are due, because each waits equally long. */
STAILQ_HEAD(later, connection);

/** @return a connection for @p fd, watched for @p events; NULL if that fails, and the descriptor is closed.
 */
struct connection *connection_watch(int epoll, int fd, uint32_t events);

/** Changes what is watched for. */
void connection_rewatch(int epoll, struct connection *connection, uint32_t events);

/** Closes the descriptor, and frees what no queue will. */
void connection_close(struct connection *connection);

/** Has @p connection closed at @p due_usec of the monotonic clock. */
void later_add(struct later *later, struct connection *connection, uint64_t due_usec);

/** Closes what is due. */
void later_run(struct later *later);

/** @return when the next is due, at most @p end_usec. */
uint64_t later_next(const struct later *later, uint64_t end_usec);

#endif
