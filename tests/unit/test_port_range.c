/* SPDX-License-Identifier: MIT */
/* A dump of the ports asked for alone, by the real kernel, which any user may ask. */
#include "case.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock_diag.h"
#include "util.h"

enum { OURS = 3 };
static uint16_t our_port[OURS]; /* ascending */

/* Counts our listeners in an array; others of this namespace may lie between them. */
static void count_ours(const struct diag_socket *socket, void *context) {
    uint32_t *seen = context;

    for (size_t i = 0; i < OURS; i++)
        seen[i] += socket->local.port == our_port[i];
}

static int by_port(const void *a, const void *b) {
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* It gives sockets with a local port in the range, both ends included, and no other. */
static void test_port_range(void **state) {
    enum { BELOW = -1, ABOVE = OURS };
    static const struct {
        const char *name;
        int low, high;   /* which of our ports; BELOW the first, ABOVE the last */
        uint32_t wanted; /* one bit for each of ours */
    } rows[] = {
        {"all", BELOW, ABOVE, 7},          {"from the first to the last", 0, 2, 7},
        {"the first alone", 0, 0, 1},      {"the last alone", 2, 2, 4},
        {"up to the second", BELOW, 1, 3}, {"from the second on", 1, ABOVE, 6},
    };
    int listener[OURS];

    (void)state;
    for (size_t i = 0; i < OURS; i++) {
        struct sockaddr_in6 address = {0};
        socklen_t size = sizeof address;
        listener[i] = socket(i % 2 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(listen(listener[i], 5), 0);
        assert_int_equal(getsockname(listener[i], (struct sockaddr *)&address, &size), 0);
        our_port[i] = ntohs(address.sin6_port); /* at the same place in sockaddr_in */
    }
    qsort(our_port, OURS, sizeof our_port[0], by_port);
    struct sock_diag *diag = sock_diag_open();
    assert_non_null(diag);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t seen[OURS] = {0};
        const struct diag_request request = {
            .state_mask = 1U << STATE_LISTEN,
            .local.low = rows[i].low == BELOW ? 1 : our_port[rows[i].low],
            .local.high = rows[i].high == ABOVE ? UINT16_MAX : our_port[rows[i].high],
        };
        assert_int_equal(sock_diag_dump(diag, &request, count_ours, NULL, seen), 0);
        check_row(rows[i].name, seen[0] | seen[1] << 1 | seen[2] << 2, rows[i].wanted);
    }
    sock_diag_close(diag);
    for (size_t i = 0; i < OURS; i++)
        close(listener[i]);
}

/* How many there are, all of which must have the port in the second place. */
static void count_port(const struct diag_socket *socket, void *context) {
    uint32_t *seen = context;

    seen[0]++;
    assert_true(socket->local.port == seen[1] || socket->remote.port == seen[1]);
}

/* A connection's two sockets have the port at different ends, and both are told; a listener has one end. */
static void test_either_port(void **state) {
    enum { CLIENT, LISTENER, SERVER, COUNT };
    struct sockaddr_in address[COUNT] = {0};
    static const uint32_t wanted[] = {[CLIENT] = 2, [LISTENER] = 3};
    int fd[COUNT];

    (void)state;
    fd[LISTENER] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fd[CLIENT] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(listen(fd[LISTENER], 5), 0);
    socklen_t size = sizeof address[0];
    assert_int_equal(getsockname(fd[LISTENER], (struct sockaddr *)&address[LISTENER], &size), 0);
    assert_int_equal(connect(fd[CLIENT], (struct sockaddr *)&address[LISTENER], size), 0);
    fd[SERVER] = accept4(fd[LISTENER], NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd[SERVER] >= 0);
    assert_int_equal(getsockname(fd[CLIENT], (struct sockaddr *)&address[CLIENT], &size), 0);
    struct sock_diag *diag = sock_diag_open();
    assert_non_null(diag);
    for (int i = CLIENT; i <= LISTENER; i++) {
        uint16_t port = ntohs(address[i].sin_port);
        uint32_t seen[2] = {0};
        const struct diag_request request = {
            .state_mask = 1U << STATE_LISTEN | 1U << STATE_ESTABLISHED,
            .either_port = port,
        };
        seen[1] = port;
        assert_int_equal(sock_diag_dump(diag, &request, count_port, NULL, seen), 0);
        assert_int_equal(seen[0], wanted[i]);
    }
    sock_diag_close(diag);
    for (int i = 0; i < COUNT; i++)
        close(fd[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_range),
        cmocka_unit_test(test_either_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
