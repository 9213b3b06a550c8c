/* SPDX-License-Identifier: MIT */
#include "clients.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "address.h"
#include "input.h"
#include "later.h"
#include "util.h"

enum { EVENTS = 256, START_BATCH = 1024 };

struct run {
    const struct clients *clients;
    struct clients_result *result;
    int epoll;
    uint64_t made, start_usec;
    struct later later;
};

static struct sockaddr_storage nth_destination(const struct clients *clients, uint64_t n) {
    struct sockaddr_storage address = clients->destination;
    uint64_t port = address_port(&address) + n / clients->destinations % clients->ports;

    address_add(&address, (uint32_t)(n % clients->destinations));
    address_set_port(&address, (uint16_t)port);
    return address;
}

/* A source address asks for a bind(). Without bind_first it leaves the port to connect(), as no bind() would.
 */
static int bind_source(int fd, const struct clients *clients, uint64_t n) {
    struct sockaddr_storage source = clients->source_base;
    int on = 1;

    if (source.ss_family == AF_UNSPEC && !clients->bind_first)
        return 0;
    if (source.ss_family == AF_UNSPEC)
        source.ss_family = clients->destination.ss_family;
    else
        address_add(&source, (uint32_t)(n % clients->sources));
    if ((!clients->bind_first || clients->no_port) &&
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0)
        return -errno;
    return bind(fd, (const struct sockaddr *)&source, address_length(&source)) < 0 ? -errno : 0;
}

static void count_failure(struct clients_result *result, int error) {
    if (error == -ECONNREFUSED)
        result->refused++;
    else if (error == -ETIMEDOUT)
        result->timeout++;
    else if (error == -EADDRNOTAVAIL || error == -EADDRINUSE)
        result->exhausted++;
    else
        result->failed++;
}

/* @return the descriptor of a connection under way, or -errno. */
static int start_connect(const struct clients *clients, uint64_t n) {
    struct sockaddr_storage destination = nth_destination(clients, n);
    int on = clients->keepalive;
    int fd = socket(destination.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    int error = setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0 ? -errno : 0;
    if (error == 0)
        error = bind_source(fd, clients, n);
    if (error == 0 && connect(fd, (const struct sockaddr *)&destination, address_length(&destination)) < 0 &&
        errno != EINPROGRESS)
        error = -errno;
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

static void start_one(struct run *run) {
    int fd = start_connect(run->clients, run->made++);

    if (fd < 0) {
        count_failure(run->result, fd);
        return;
    }
    struct connection *connection = connection_watch(run->epoll, fd, EPOLLOUT);
    if (!connection)
        run->result->failed++;
    else
        connection->unsent = run->clients->send_bytes;
}

static bool all_made(const struct run *run) {
    return run->clients->count > 0 && run->made == run->clients->count;
}

static uint64_t due_usec(const struct run *run) {
    uint64_t rate = run->clients->rate;

    return run->start_usec + (rate > 0 ? run->made * USEC_PER_SEC / rate : 0);
}

/* Starts what is due; a batch at a time, so that events are not left waiting. */
static void start_due(struct run *run) {
    uint64_t now_usec = now_monotonic_usec();

    for (int i = 0; i < START_BATCH && !all_made(run) && due_usec(run) <= now_usec; i++) {
        start_one(run);
        if (all_made(run) && run->clients->started)
            run->clients->started();
    }
}

/* Sends what the socket takes. */
static void send_some(struct run *run, struct connection *connection) {
    static const char data[16384];
    uint64_t size = connection->unsent < sizeof data ? connection->unsent : sizeof data;
    ssize_t sent = size > 0 ? send(connection->fd, data, size, MSG_NOSIGNAL) : 0;

    if (sent > 0)
        connection->unsent -= (uint64_t)sent;
    uint32_t events =
        (run->clients->read ? (uint32_t)EPOLLIN : 0) | (connection->unsent ? (uint32_t)EPOLLOUT : 0);
    connection_rewatch(run->epoll, connection, events);
}

static void finish_connect(struct run *run, struct connection *connection) {
    int error = 0;
    socklen_t size = sizeof error;

    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        count_failure(run->result, -error);
        connection_close(connection);
        return;
    }
    run->result->connected++;
    connection->up = true;
    if (run->clients->lifetime_msec > 0)
        later_add(&run->later, connection,
                  now_monotonic_usec() + run->clients->lifetime_msec * USEC_PER_MSEC);
    send_some(run, connection);
}

/* @return false if the connection is over for the peer. */
static bool read_some(const struct connection *connection) {
    char data[16384];
    ssize_t got = read(connection->fd, data, sizeof data);

    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void handle(struct run *run, struct connection *connection, uint32_t events) {
    if (!connection->up) {
        finish_connect(run, connection);
    } else if (events & (EPOLLERR | EPOLLHUP)) {
        connection_close(connection);
    } else if ((events & EPOLLIN) && !read_some(connection)) {
        if (run->clients->lifetime_msec > 0)
            connection_close(connection);
        else
            connection_rewatch(run->epoll, connection, 0);
    } else if (events & EPOLLOUT) {
        send_some(run, connection);
    }
}

static int run_until(struct run *run, uint64_t end_usec) {
    for (uint64_t now_usec = 0; now_usec < end_usec; now_usec = now_monotonic_usec()) {
        struct epoll_event event[EVENTS];
        uint64_t next_usec = later_next(&run->later, end_usec);
        if (!all_made(run) && due_usec(run) < next_usec)
            next_usec = due_usec(run);
        int ready = epoll_wait(run->epoll, event, EVENTS, msec_until(next_usec));
        if (ready < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < ready; i++) {
            if (event[i].data.ptr)
                handle(run, event[i].data.ptr, event[i].events);
            else if (input_ended())
                return 0;
        }
        later_run(&run->later);
        start_due(run);
    }
    return 0;
}

int clients_run(const struct clients *clients, struct clients_result *result) {
    CLEANUP_FD int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct run run = {
        .clients = clients, .result = result, .epoll = epoll, .start_usec = now_monotonic_usec()};
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};

    *result = (struct clients_result){0};
    STAILQ_INIT(&run.later);
    if (epoll < 0 || (input_watched() && epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) < 0))
        return -errno;
    if (clients->count == 0 && clients->started)
        clients->started();
    return run_until(&run, run.start_usec + clients->seconds * USEC_PER_SEC);
}
