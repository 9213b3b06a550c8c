/* SPDX-License-Identifier: MIT */
#include "peers.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "input.h"
#include "util.h"

enum { PER_SOURCE = 20000, FIRST_PORT = 10000, BACKLOG = 1024, STANDARD_FILES = 64 };

/* A connection seen from both ends. */
struct pair {
    int client, server;
};

int peers_allow_files(uint64_t sockets) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    rlim_t need = sockets + STANDARD_FILES;
    if (limit.rlim_cur >= need)
        return 0;
    limit.rlim_cur = need;
    if (limit.rlim_max < need)
        limit.rlim_max = need;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

void peers_allow_most_files(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int peers_listen(const struct sockaddr_storage *address, int backlog) {
    int on = 1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (const struct sockaddr *)address, address_length(address)) < 0 || listen(fd, backlog) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/*
 * Every connection is from another address and port. connect() could not choose the ports: it would take one
 * again whose connection is in TIME-WAIT at the server, and that ends the TIME-WAIT.
 */
static int bind_source(int fd, const struct sockaddr_storage *source_base, uint64_t n) {
    struct sockaddr_storage source = *source_base;

    address_add(&source, (uint32_t)(n / PER_SOURCE));
    address_set_port(&source, (uint16_t)(FIRST_PORT + n % PER_SOURCE));
    return bind(fd, (const struct sockaddr *)&source, address_length(&source)) < 0 ? -errno : 0;
}

/* Connection number @p n. On error both descriptors are closed. */
static int make_pair(int listener, const struct sockaddr_storage *address,
                     const struct sockaddr_storage *source_base, uint64_t n, struct pair *pair) {
    int error = 0;
    int client = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (client < 0)
        return -errno;
    if (source_base)
        error = bind_source(client, source_base, n);
    if (error == 0 && connect(client, (const struct sockaddr *)address, address_length(address)) < 0)
        error = -errno;
    int server = error == 0 ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (error == 0 && server < 0)
        error = -errno;
    if (error < 0)
        close(client);
    else
        *pair = (struct pair){client, server};
    return error;
}

/* Reads until the other end has closed. */
static int read_to_end(int fd) {
    char byte[64];
    ssize_t got;

    do
        got = read(fd, byte, sizeof byte);
    while (got > 0 || (got < 0 && errno == EINTR));
    return got < 0 ? -errno : 0;
}

static int keep(const struct pair *pair) {
    (void)pair;
    return 0;
}

static int close_client(const struct pair *pair) {
    close(pair->client);
    return read_to_end(pair->server); /* its FIN has come: the state stands */
}

static int close_server_first(const struct pair *pair) {
    close(pair->server);
    int error = read_to_end(pair->client);
    close(pair->client);
    return error;
}

/* Sleeps until connection number @p n is due. Late means no sleep, so that the rate holds on average. */
static void wait_until_due(uint64_t start_usec, uint64_t n, uint64_t rate) {
    uint64_t due_usec = rate ? start_usec + n * USEC_PER_SEC / rate : 0;
    uint64_t now_usec = rate ? now_monotonic_usec() : 0;

    if (due_usec > now_usec) {
        struct timespec pause = {.tv_sec = (time_t)((due_usec - now_usec) / USEC_PER_SEC),
                                 .tv_nsec = (long)((due_usec - now_usec) % USEC_PER_SEC * 1000)};
        nanosleep(&pause, NULL);
    }
}

/* @param rate a second, 0 = as fast as possible. @return the listener, or -errno */
static int make_pairs(const struct sockaddr_storage *address, const struct sockaddr_storage *source_base,
                      uint64_t count, uint64_t rate, int (*then)(const struct pair *pair)) {
    int listener = peers_listen(address, BACKLOG);
    uint64_t start_usec = now_monotonic_usec();

    for (uint64_t n = 0; listener >= 0 && n < count; n++) {
        struct pair pair = {-1, -1};
        wait_until_due(start_usec, n, rate);
        int error = make_pair(listener, address, source_base, n, &pair);
        if (error == 0)
            error = then(&pair);
        if (error < 0) {
            close(listener);
            return error;
        }
    }
    return listener;
}

int peers_hold(const struct sockaddr_storage *address, const struct sockaddr_storage *source_base,
               uint64_t count, bool unlisten) {
    int listener = make_pairs(address, source_base, count, 0, keep);

    if (listener >= 0 && unlisten)
        close(listener);
    return listener;
}

int peers_leak(const struct sockaddr_storage *address, uint64_t count) {
    return make_pairs(address, NULL, count, 0, close_client);
}

int peers_time_wait_inbound(const struct sockaddr_storage *address,
                            const struct sockaddr_storage *source_base, uint64_t count, uint64_t rate) {
    return make_pairs(address, source_base, count, rate, close_server_first);
}

/* One connection that ends here first; with the peer's FIN read, TIME-WAIT stands at close(). */
static int connect_and_close(const struct sockaddr_storage *address) {
    CLEANUP_FD int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)address, address_length(address)) < 0 ||
        shutdown(fd, SHUT_WR) < 0)
        return -errno;
    return read_to_end(fd);
}

int peers_churn(const struct sockaddr_storage *address, uint64_t count, uint64_t rate, uint64_t *made) {
    uint64_t start_usec = now_monotonic_usec();

    for (*made = 0; *made < count; ++*made) {
        int error = connect_and_close(address);
        if (error < 0)
            return error;
        wait_until_due(start_usec, *made, rate);
    }
    return 0;
}

void peers_wait(unsigned int seconds) {
    uint64_t end_usec = now_monotonic_usec() + seconds * USEC_PER_SEC;
    struct pollfd input = {.fd = input_watched() ? STDIN_FILENO : -1, .events = POLLIN};

    for (int left = msec_until(end_usec); left > 0; left = msec_until(end_usec))
        if (poll(&input, 1, left) > 0 && input_ended())
            return;
}
