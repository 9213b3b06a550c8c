/* SPDX-License-Identifier: MIT */
/* Sockets in a network namespace of a test's own. */
#ifndef SYNWAITD_TEST_NETNS_CASE_H
#define SYNWAITD_TEST_NETNS_CASE_H

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "case.h"

/** cmocka set-up: moves the test program into a fresh namespace, lo up. */
static inline int netns_setup(void **state) {
    const char *ci = getenv("CI");
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

    (void)state;
    if (geteuid() != 0) {
        print_message("SKIPPED: needs root for a network namespace\n");
        if (ci && strcmp(ci, "true") == 0)
            fail_msg("CI=true does not allow a skipped test");
        return 0;
    }
    int socket_fd = -1;
    if (unshare(CLONE_NEWNET) < 0 || (socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0 ||
        ioctl(socket_fd, SIOCSIFFLAGS, &request) < 0)
        fail_msg("network namespace: %s", strerror(errno));
    close(socket_fd);
    return 0;
}

static inline void need_root(void) {
    if (geteuid() != 0)
        skip();
}

enum { CONNECTIONS_MAX = 128 };

/** A listener on 127.0.0.1 and its connections. */
struct service {
    int listener, client[CONNECTIONS_MAX], server[CONNECTIONS_MAX];
    size_t count;
};

static inline struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline struct service serve(uint16_t port, int backlog) {
    struct service service = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in address = loopback(port);
    int one = 1;

    assert_int_equal(setsockopt(service.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(service.listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(service.listener, backlog), 0);
    return service;
}

static inline void connect_some(struct service *service, uint16_t port, size_t count) {
    struct sockaddr_in address = loopback(port);

    for (size_t i = 0; i < count; i++) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
        service->client[service->count] = client;
        service->server[service->count++] = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC);
    }
}

static inline void end(struct service *service) {
    for (size_t i = 0; i < service->count; i++) {
        if (service->client[i] >= 0)
            close(service->client[i]);
        if (service->server[i] >= 0)
            close(service->server[i]);
    }
    close(service->listener);
}

#endif
