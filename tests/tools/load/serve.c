/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "address.h"
#include "input.h"
#include "later.h"
#include "peers.h"
#include "util.h"

enum { EVENTS = 64, ACCEPT_BATCH = 64 };

struct server {
    const struct serving *serving;
    int epoll;
    int listener[SERVE_GROUP_MAX];
    unsigned int turn;         /* the listener whose turn it is, if there is an accept rate */
    uint64_t next_accept_usec; /* when the next accept() may be, if there is a rate */
    struct later later;
};

static int set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

static int set_options(int fd, const struct serving *serving) {
    int error = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);

    if (error == 0 && serving->group > 1)
        error = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (error == 0 && serving->address.ss_family == AF_INET6)
        error = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (error == 0 && serving->defer_sec > 0)
        error = set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, (int)serving->defer_sec);
    if (error == 0 && serving->keepalive)
        error = set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    return error;
}

/* @return the descriptor or -errno. What is accepted inherits the options. */
static int open_listener(const struct serving *serving) {
    const struct sockaddr_storage *address = &serving->address;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    int error = set_options(fd, serving);
    if (error == 0 && (bind(fd, (const struct sockaddr *)address, address_length(address)) < 0 ||
                       listen(fd, serving->backlog) < 0))
        error = -errno;
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

static int open_group(struct server *server) {
    for (unsigned int i = 0; i < server->serving->group; i++) {
        server->listener[i] = open_listener(server->serving);
        if (server->listener[i] < 0)
            return server->listener[i];
    }
    return 0;
}

/* A send buffer that holds it all, so that close() comes at once and the kernel has the rest to do. */
static void send_and_close(int fd, uint64_t bytes) {
    static const char data[16384];
    ssize_t sent = 0;

    set(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes < INT_MAX / 4 ? (int)bytes * 2 : INT_MAX / 2);
    for (uint64_t left = bytes; left > 0 && sent >= 0; left -= (uint64_t)sent) {
        sent = send(fd, data, left < sizeof data ? left : sizeof data, MSG_NOSIGNAL);
        if (sent < 0)
            break;
    }
    close(fd);
}

static void take_connection(struct server *server, int fd) {
    const struct serving *serving = server->serving;

    if (serving->send_bytes > 0) {
        send_and_close(fd, serving->send_bytes);
    } else if (serving->close_first) {
        close(fd);
    } else {
        if (serving->half_close)
            shutdown(fd, SHUT_WR);
        connection_watch(server->epoll, fd, EPOLLIN);
    }
}

/* @return whether there was a connection to accept. */
static bool accept_one(struct server *server, int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0)
        take_connection(server, fd);
    return fd >= 0;
}

/* What may be accepted by now. Without anybody waiting the turn is lost: the rate is never made up for. */
static void accept_at_rate(struct server *server) {
    const struct serving *serving = server->serving;
    uint64_t now_usec = now_monotonic_usec();

    while (serving->accept_rate > 0 && server->next_accept_usec <= now_usec) {
        bool accepted = false;
        for (unsigned int i = 0; i < serving->group && !accepted; i++)
            accepted = accept_one(server, server->listener[server->turn++ % serving->group]);
        server->next_accept_usec =
            (accepted ? server->next_accept_usec : now_usec) + USEC_PER_SEC / serving->accept_rate;
    }
}

/* The peer has closed, or the connection is broken. */
static void end_connection(struct server *server, struct connection *connection) {
    const struct serving *serving = server->serving;

    if (!serving->leak && serving->close_after_msec == 0) {
        connection_close(connection);
        return;
    }
    epoll_ctl(server->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    if (!serving->leak)
        later_add(&server->later, connection,
                  now_monotonic_usec() + serving->close_after_msec * USEC_PER_MSEC);
}

static void read_connection(struct server *server, struct connection *connection) {
    char data[16384];
    ssize_t got = read(connection->fd, data, sizeof data);

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        end_connection(server, connection);
}

static int watch(int epoll, int fd, void *data) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* An event of a listener points at its descriptor, one of standard input at the turn, any other at a
 * connection. */
static int watch_all(struct server *server) {
    int error = input_watched() ? watch(server->epoll, STDIN_FILENO, &server->turn) : 0;

    for (unsigned int i = 0; error == 0 && server->serving->accept_rate == 0 && i < server->serving->group;
         i++)
        error = watch(server->epoll, server->listener[i], &server->listener[i]);
    return error;
}

/* @return whether standard input has ended. */
static bool serve_event(struct server *server, void *data) {
    const int *number = data;

    if (data == &server->turn)
        return input_ended();
    if (number >= server->listener && number < server->listener + SERVE_GROUP_MAX)
        for (int i = 0; i < ACCEPT_BATCH && accept_one(server, *number); i++)
            ;
    else
        read_connection(server, data);
    return false;
}

static int serve_until(struct server *server, uint64_t end_usec) {
    for (uint64_t now_usec = 0; now_usec < end_usec; now_usec = now_monotonic_usec()) {
        struct epoll_event event[EVENTS];
        uint64_t next_usec = later_next(&server->later, end_usec);
        if (server->serving->accept_rate > 0 && server->next_accept_usec < next_usec)
            next_usec = server->next_accept_usec;
        int ready = epoll_wait(server->epoll, event, EVENTS, msec_until(next_usec));
        if (ready < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < ready; i++)
            if (serve_event(server, event[i].data.ptr))
                return 0;
        later_run(&server->later);
        accept_at_rate(server);
    }
    return 0;
}

int serve(const struct serving *serving) {
    CLEANUP_FD int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct server server = {.serving = serving, .epoll = epoll, .next_accept_usec = now_monotonic_usec()};

    STAILQ_INIT(&server.later);
    int error = epoll < 0 ? -errno : open_group(&server);
    if (error < 0)
        return error;
    if (serving->started)
        serving->started();
    if (serving->accept_none) {
        peers_wait(serving->seconds);
        return 0;
    }
    error = watch_all(&server);
    return error < 0 ? error : serve_until(&server, now_monotonic_usec() + serving->seconds * USEC_PER_SEC);
}
