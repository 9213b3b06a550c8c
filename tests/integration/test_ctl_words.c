/* SPDX-License-Identifier: MIT */
/*
 * The errnos of `synwaitctl explain` that come from setting up, provoked on the running kernel: each comes
 * from a call that the table lists it for. Not provoked: ENFILE (the limit is the host's), EHOSTDOWN and ICMP
 * "port unreachable" (nothing here sends such a message), ENOBUFS for want of memory, and a full accept queue
 * with tcp_abort_on_overflow.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "errnos.h"
#include "lab.h"
#include "util.h"

enum { PORT = 5000, OTHER_PORT = 5001, SOURCE_PORT = 6000 };

#define SILENT "203.0.113.9" /* by the silent link's default route */
#define PEER   "192.0.2.2"

static void test_routes(void **state) {
    static const struct {
        const char *name, *command, *address;
        int wanted;
    } row[] = {
        {"blackhole", "ip route add blackhole 10.1.0.0/16", "10.1.0.1", EINVAL},
        {"prohibit", "ip route add prohibit 10.2.0.0/16", "10.2.0.1", EACCES},
        {"unreachable", "ip route add unreachable 10.3.0.0/16", "10.3.0.1", EHOSTUNREACH},
        {"throw", "ip route add throw 10.4.0.0/16", "10.4.0.1", ENETUNREACH},
        {"blackhole rule", "ip rule add to 10.5.0.0/16 blackhole", "10.5.0.1", EINVAL},
        {"prohibit rule", "ip rule add to 10.6.0.0/16 prohibit", "10.6.0.1", EACCES},
        {"multicast", "true", "224.0.0.1", ENETUNREACH},
        {"broadcast", "true", "255.255.255.255", ENETUNREACH},
        {"neighbour",
         "cd /proc/sys/net/ipv4/neigh/silent0; echo 1 > mcast_solicit; echo 100 > retrans_time_ms",
         "198.18.0.77", EHOSTUNREACH},
        {"link down", "ip link set silent0 down", SILENT, ENETUNREACH},
    };

    (void)state;
    lab_enter();
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        CLEANUP_FD int fd = new_socket(0);
        lab_shell(LAB_HERE, "%s", row[i].command);
        check_error(row[i].name, connect_to(fd, row[i].address, PORT), row[i].wanted, CALL_CONNECT);
    }
}

/* The peer is a router that has no way on. */
static void test_errors_of_a_router(void **state) {
    static const struct {
        const char *name, *command, *address;
        int wanted;
    } row[] = {
        {"host unreachable", "ip route add unreachable 203.0.113.1", "203.0.113.1", EHOSTUNREACH},
        {"administratively prohibited", "ip route add prohibit 203.0.113.2", "203.0.113.2", EHOSTUNREACH},
        {"network unreachable", "true", "203.0.113.3", ENETUNREACH},
    };

    (void)state;
    lab_enter();
    int peer = lab_peer_namespace();
    lab_shell(peer, "cd /proc/sys/net/ipv4; echo 1 > ip_forward; echo 0 > icmp_ratelimit");
    lab_shell(LAB_HERE, "ip route add 203.0.113.0/24 via " PEER);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        CLEANUP_FD int fd = new_socket(0);
        lab_shell(peer, "%s", row[i].command);
        check_error(row[i].name, connect_to(fd, row[i].address, PORT), row[i].wanted, CALL_CONNECT);
    }
    close(peer);
}

/* IPv6 has a table of its own: what is prohibited is another error there. */
static void test_errors_of_an_ipv6_router(void **state) {
    static const struct {
        const char *name, *route, *address;
        int wanted;
    } row[] = {
        {"administratively prohibited", "prohibit", "2001:db8:9::2", EACCES},
        {"no route", "unreachable", "2001:db8:9::3", ENETUNREACH},
    };

    (void)state;
    if (access("/proc/sys/net/ipv6", F_OK) < 0)
        skip();
    lab_enter();
    CLEANUP_FD int peer = lab_peer_namespace();
    lab_shell(peer, "cd /proc/sys/net/ipv6; echo 1 > conf/all/forwarding; echo 0 > icmp/ratelimit");
    lab_shell(peer, "ip -6 addr add 2001:db8:2::2/64 dev peer1 nodad");
    lab_shell(LAB_HERE, "ip -6 addr add 2001:db8:2::1/64 dev peer0 nodad && "
                        "ip -6 route add 2001:db8:9::/64 via 2001:db8:2::2");
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        CLEANUP_FD int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        lab_shell(peer, "ip -6 route add %s %s", row[i].route, row[i].address);
        check_error(row[i].name, connect_to(fd, row[i].address, PORT), row[i].wanted, CALL_CONNECT);
    }
}

static void on_alarm(int number) {
    (void)number;
}

/* The handshake goes on: the same socket is still connecting. */
static void check_interrupted(void) {
    CLEANUP_FD int fd = new_socket(0);
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval soon = {.it_value.tv_usec = 100000, .it_interval.tv_usec = 100000};
    struct itimerval never = {0};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    int error = connect_to(fd, SILENT, PORT);
    setitimer(ITIMER_REAL, &never, NULL);
    check_error("a signal", error, EINTR, CALL_CONNECT);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    check_error("still connecting", connect_to(fd, SILENT, PORT), EALREADY, CALL_CONNECT);
}

static void check_non_blocking(void) {
    CLEANUP_FD int waiting = new_socket(SOCK_NONBLOCK);
    CLEANUP_FD int refused = new_socket(SOCK_NONBLOCK);

    check_error("begun", connect_to(waiting, SILENT, PORT), EINPROGRESS, CALL_CONNECT);
    check_error("again", connect_to(waiting, SILENT, PORT), EALREADY, CALL_CONNECT);
    check_error("refused later", connect_to(refused, LOOPBACK, OTHER_PORT), EINPROGRESS, CALL_CONNECT);
    wait_for(refused, POLLOUT);
    check_error("SO_ERROR", pending_error(refused), ECONNREFUSED, CALL_CONNECT);
    check_error("after it was told", connect_to(refused, LOOPBACK, OTHER_PORT), ECONNABORTED, CALL_CONNECT);
}

static void test_connect(void **state) {
    struct timeval brief = {.tv_usec = 100000};

    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_syn_retries", "1");
    if (access("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", F_OK) == 0)
        lab_sysctl("net/ipv4/tcp_syn_linear_timeouts", "0");
    CLEANUP_FD int refused = new_socket(0), silent = new_socket(0), limited = new_socket(0);
    CLEANUP_FD int listener = listen_on(LOOPBACK, PORT);
    CLEANUP_FD int client = connected(LOOPBACK, PORT);
    assert_true(listener >= 0);
    assert_int_equal(setsockopt(limited, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof brief), 0);

    check_error("nothing listens", connect_to(refused, LOOPBACK, OTHER_PORT), ECONNREFUSED, CALL_CONNECT);
    check_error("no answer", connect_to(silent, SILENT, PORT), ETIMEDOUT, CALL_CONNECT);
    check_error("SO_SNDTIMEO", connect_to(limited, SILENT, PORT), EINPROGRESS, CALL_CONNECT);
    check_error("connected", connect_to(client, LOOPBACK, PORT), EISCONN, CALL_CONNECT);
    check_non_blocking();
    check_interrupted();
}

static void test_ports_run_out(void **state) {
    int fd[8], error = 0;
    size_t count = 0;

    (void)state;
    lab_enter();
    CLEANUP_FD int listener = listen_on(LOOPBACK, PORT);
    assert_true(listener >= 0);
    lab_sysctl("net/ipv4/ip_local_port_range", "40000 40003");
    for (; count < ARRAY_SIZE(fd) && error == 0; count++) {
        fd[count] = new_socket(0);
        error = connect_to(fd[count], LOOPBACK, PORT);
    }
    check_error("connect", error, EADDRNOTAVAIL, CALL_CONNECT);
    assert_int_equal(count, 4 + 1);
    while (count > 0)
        close(fd[--count]);
    for (error = 0; count < ARRAY_SIZE(fd) && error == 0; count++) {
        fd[count] = new_socket(0);
        error = bind_to(fd[count], "198.18.0.1", 0);
    }
    check_error("bind", error, EADDRINUSE, CALL_BIND);
    assert_int_equal(count, 4 + 1);
    while (count > 0)
        close(fd[--count]);
}

static void test_same_pair(void **state) {
    (void)state;
    lab_enter();
    CLEANUP_FD int listener = listen_on(LOOPBACK, PORT);
    assert_true(listener >= 0);
    CLEANUP_FD int first = new_socket(0), second = new_socket(0);
    set_option(first, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(second, SOL_SOCKET, SO_REUSEADDR, 1);
    assert_int_equal(bind_to(first, LOOPBACK, SOURCE_PORT), 0);
    assert_int_equal(bind_to(second, LOOPBACK, SOURCE_PORT), 0);
    assert_int_equal(connect_to(first, LOOPBACK, PORT), 0);
    check_error("same pair", connect_to(second, LOOPBACK, PORT), EADDRNOTAVAIL, CALL_CONNECT);
}

/* Leaves one TIME-WAIT on the port, of a socket with or without SO_REUSEADDR. */
static void leave_time_wait(uint16_t port, int reuse) {
    CLEANUP_FD int listener = new_socket(0);

    set_option(listener, SOL_SOCKET, SO_REUSEADDR, reuse);
    assert_int_equal(bind_to(listener, LOOPBACK, port), 0);
    assert_int_equal(listen(listener, 1), 0);
    CLEANUP_FD int client = connected(LOOPBACK, port);
    close(accepted(listener));
    wait_for(client, POLLIN);
}

static void test_time_wait_on_a_port(void **state) {
    static const struct {
        const char *name;
        int old, new;
        bool in_use;
    } row[] = {
        {"none has SO_REUSEADDR", 0, 0, true},
        {"the old one alone", 1, 0, true},
        {"the new one alone", 0, 1, true},
        {"both", 1, 1, false},
    };

    (void)state;
    lab_enter();
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        uint16_t port = (uint16_t)(PORT + i);
        CLEANUP_FD int fd = new_socket(0);
        leave_time_wait(port, row[i].old);
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, row[i].new);
        int error = bind_to(fd, LOOPBACK, port);
        if (row[i].in_use)
            check_error(row[i].name, error, EADDRINUSE, CALL_BIND);
        else
            assert_int_equal(error, 0);
    }
}

static void test_bind_and_listen(void **state) {
    (void)state;
    lab_enter();
    CLEANUP_FD int listener = listen_on(LOOPBACK, PORT);
    CLEANUP_FD int client = connected(LOOPBACK, PORT);
    CLEANUP_FD int foreign = new_socket(0), low = new_socket(0), idle = new_socket(0);
    CLEANUP_FD int one = new_socket(0), other = new_socket(0);
    set_option(one, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(other, SOL_SOCKET, SO_REUSEADDR, 1);
    assert_true(listener >= 0);

    check_error("in use", bind_to(foreign, LOOPBACK, PORT), EADDRINUSE, CALL_BIND);
    check_error("foreign", bind_to(foreign, SILENT, 0), EADDRNOTAVAIL, CALL_BIND);
    check_error("bound already", bind_to(client, LOOPBACK, 0), EINVAL, CALL_BIND);
    check_error("listen, connected", error_of(listen(client, 1)), EINVAL, CALL_LISTEN);
    check_error("accept, not listening", error_of(accept(idle, NULL, NULL)), EINVAL, CALL_ACCEPT);
    assert_int_equal(bind_to(one, LOOPBACK, OTHER_PORT), 0);
    assert_int_equal(bind_to(other, LOOPBACK, OTHER_PORT), 0);
    assert_int_equal(listen(one, 1), 0);
    check_error("listen, in use", error_of(listen(other, 1)), EADDRINUSE, CALL_LISTEN);
    assert_int_equal(seteuid(65534), 0);
    int error = bind_to(low, LOOPBACK, 80);
    assert_int_equal(seteuid(0), 0);
    check_error("low port", error, EACCES, CALL_BIND);
}

static void test_descriptors_run_out(void **state) {
    struct rlimit saved, none;

    (void)state;
    lab_enter();
    CLEANUP_FD int listener = listen_on(LOOPBACK, PORT);
    CLEANUP_FD int client = connected(LOOPBACK, PORT);
    assert_true(client >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = saved.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int accept_error = error_of(accept(listener, NULL, NULL));
    int socket_error = error_of(socket(AF_INET, SOCK_STREAM, 0));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
    check_error("accept", accept_error, EMFILE, CALL_ACCEPT);
    check_error("socket", socket_error, EMFILE, CALL_SOCKET);
    close(accepted(listener)); /* it has waited in the queue */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_routes, lab_teardown),
        cmocka_unit_test_teardown(test_errors_of_a_router, lab_teardown),
        cmocka_unit_test_teardown(test_errors_of_an_ipv6_router, lab_teardown),
        cmocka_unit_test_teardown(test_connect, lab_teardown),
        cmocka_unit_test_teardown(test_ports_run_out, lab_teardown),
        cmocka_unit_test_teardown(test_same_pair, lab_teardown),
        cmocka_unit_test_teardown(test_time_wait_on_a_port, lab_teardown),
        cmocka_unit_test_teardown(test_bind_and_listen, lab_teardown),
        cmocka_unit_test_teardown(test_descriptors_run_out, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
