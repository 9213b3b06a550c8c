/* SPDX-License-Identifier: MIT */
/*
 * The errnos of `synwaitctl explain` that a connection ends with, provoked on the running kernel, and the
 * settings that it calls unsafe.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl.h"
#include "errnos.h"
#include "explain.h"
#include "lab.h"
#include "util.h"

enum { PORT = 5000, USER_TIMEOUT_MSEC = 500, CHUNK_BYTES = 65536, ADDRESSES = 200 };

#define PEER "192.0.2.2"

/** Both ends of one connection over loopback. */
struct pair {
    int listener, client, server;
};

static struct pair new_pair(void) {
    struct pair pair = {.listener = listen_on(LOOPBACK, PORT)};

    pair.client = connected(LOOPBACK, PORT);
    pair.server = accepted(pair.listener);
    return pair;
}

static void close_pair(const struct pair *pair) {
    close(pair->listener);
    close(pair->client);
    if (pair->server >= 0)
        close(pair->server);
}

/* A peer that closes with data unread sends a reset. */
static void reset_by_unread_data(struct pair *pair) {
    assert_int_equal(write_error(pair->client), 0);
    wait_for(pair->server, POLLIN);
    close(pair->server);
    pair->server = -1;
    wait_for(pair->client, POLLHUP);
}

static void test_reset(void **state) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    (void)state;
    lab_enter();
    struct pair pair = new_pair();
    reset_by_unread_data(&pair);
    check_error("read", read_error(pair.client), ECONNRESET, CALL_READ);
    check_error("write after it was told", write_error(pair.client), EPIPE, CALL_WRITE);
    check_error("getpeername", error_of(getpeername(pair.client, (struct sockaddr *)&address, &size)),
                ENOTCONN, CALL_GETPEERNAME);
    check_error("shutdown", error_of(shutdown(pair.client, SHUT_WR)), ENOTCONN, CALL_SHUTDOWN);
    close_pair(&pair);

    pair = new_pair();
    reset_by_unread_data(&pair);
    check_error("write", write_error(pair.client), ECONNRESET, CALL_WRITE);
    close_pair(&pair);
}

static void test_client_that_resets_before_accept(void **state) {
    (void)state;
    lab_enter();
    CLEANUP_FD int listener = listen_on(LOOPBACK, PORT);
    reset_now(connected(LOOPBACK, PORT));
    CLEANUP_FD int server = accepted(listener);
    check_error("first read", read_error(server), ECONNRESET, CALL_READ);
}

static void test_end_of_writing(void **state) {
    (void)state;
    lab_enter();
    struct pair pair = new_pair();
    close(pair.server);
    pair.server = -1;
    wait_for(pair.client, POLLIN);
    assert_int_equal(write_error(pair.client), 0); /* the peer answers with a reset */
    wait_for(pair.client, POLLHUP);
    check_error("the peer has closed", write_error(pair.client), EPIPE, CALL_WRITE);
    close_pair(&pair);

    pair = new_pair();
    assert_int_equal(shutdown(pair.client, SHUT_WR), 0);
    check_error("shut down here", write_error(pair.client), EPIPE, CALL_WRITE);
    close_pair(&pair);

    CLEANUP_FD int idle = new_socket(0);
    check_error("write, never connected", write_error(idle), EPIPE, CALL_WRITE);
    check_error("read, never connected", read_error(idle), ENOTCONN, CALL_READ);
    CLEANUP_FD int listener = listen_on(LOOPBACK, PORT);
    check_error("read, listens", read_error(listener), ENOTCONN, CALL_READ);
}

static int fill(int fd) {
    static const char chunk[CHUNK_BYTES];
    long sent;

    do
        sent = send(fd, chunk, sizeof chunk, MSG_NOSIGNAL);
    while (sent > 0);
    return error_of(sent);
}

static void test_would_block(void **state) {
    (void)state;
    lab_enter();
    struct pair pair = new_pair();
    fcntl(pair.listener, F_SETFL, O_NONBLOCK);
    fcntl(pair.client, F_SETFL, O_NONBLOCK);
    check_error("accept", error_of(accept(pair.listener, NULL, NULL)), EAGAIN, CALL_ACCEPT);
    check_error("read", read_error(pair.client), EAGAIN, CALL_READ);
    check_error("write", fill(pair.client), EAGAIN, CALL_WRITE);
    close_pair(&pair);
}

/* Needs CONFIG_INET_DIAG_DESTROY, as distributions have it. */
static void test_destroyed_from_outside(void **state) {
    (void)state;
    lab_enter();
    struct pair pair = new_pair();
    lab_shell(LAB_HERE, "ss -K -tn state established 'sport = :%d'", PORT);
    check_error("read", read_error(pair.server), ECONNABORTED, CALL_READ);
    close_pair(&pair);
}

/* A connection to the peer's namespace, over the link between them. */
static struct pair new_pair_over_link(int peer) {
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    struct pair pair;

    assert_true(here >= 0);
    assert_int_equal(setns(peer, CLONE_NEWNET), 0);
    pair.listener = listen_on(PEER, PORT);
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
    close(here);
    pair.client = connected(PEER, PORT);
    pair.server = accepted(pair.listener);
    return pair;
}

static void write_into_silence(int fd) {
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MSEC);
    assert_int_equal(write_error(fd), 0);
}

static void probe_silence(int fd) {
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

static void test_silent_peer(void **state) {
    (void)state;
    lab_enter();
    int peer = lab_peer_namespace();
    struct pair written = new_pair_over_link(peer);
    CLEANUP_FD int probed = connected(PEER, PORT), again = connected(PEER, PORT);
    lab_shell(peer, "ip route add blackhole 192.0.2.1");
    write_into_silence(written.client);
    write_into_silence(again);
    probe_silence(probed);
    check_error("data", read_error(written.client), ETIMEDOUT, CALL_READ);
    check_error("keepalive", read_error(probed), ETIMEDOUT, CALL_READ);
    wait_for(again, POLLHUP);
    check_error("write", write_error(again), ETIMEDOUT, CALL_WRITE);
    close_pair(&written);
    close(peer);
}

/* The kernel tells itself by ICMP that the neighbour is gone, and says so at the end. */
static void test_neighbour_that_is_gone(void **state) {
    (void)state;
    lab_enter();
    int peer = lab_peer_namespace();
    struct pair pair = new_pair_over_link(peer);
    lab_shell(LAB_HERE, "cd /proc/sys/net/ipv4/neigh/peer0; echo 1 > mcast_solicit; "
                        "echo 0 > ucast_solicit; echo 50 > retrans_time_ms");
    lab_shell(peer, "ip link set peer1 arp off");
    lab_shell(LAB_HERE, "ip neigh del " PEER " dev peer0");
    set_option(pair.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 3000);
    assert_int_equal(write_error(pair.client), 0);
    check_error("read", read_error(pair.client), EHOSTUNREACH, CALL_READ);
    close_pair(&pair);
    close(peer);
}

static void test_packet_socket(void **state) {
    (void)state;
    lab_enter();
    CLEANUP_FD int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = (int)if_nametoindex("silent1")};
    char frame[ETH_ZLEN] = {0};

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    lab_shell(LAB_HERE, "ip link set silent1 down");
    wait_for(fd, POLLERR);
    check_error("interface went down", pending_error(fd), ENETDOWN, CALL_READ);
    check_error("interface is down", error_of(send(fd, frame, sizeof frame, 0)), ENETDOWN, CALL_WRITE);
}

static void test_events_lost(void **state) {
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR};
    char buffer[CHUNK_BYTES];

    (void)state;
    lab_enter();
    CLEANUP_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    assert_true(fd >= 0);
    set_option(fd, SOL_SOCKET, SO_RCVBUF, 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    lab_shell(LAB_HERE,
              "i=1; while [ $i -le %d ]; do echo address add 10.9.0.$i/32 dev lo; i=$((i + 1)); "
              "done | ip -batch -",
              ADDRESSES);
    check_error("netlink", error_of(recv(fd, buffer, sizeof buffer, 0)), ENOBUFS, CALL_READ);
}

/* What `explain` prints of a sysctl in this namespace; released with free(). */
static char *told(const char *word) {
    char *text = NULL;
    size_t size;
    struct ctl ctl = {.page = {.stream = open_memstream(&text, &size), .width = 200}};

    assert_non_null(ctl.page.stream);
    assert_true(explained_sysctls.explain(&ctl, word, NULL));
    fclose(ctl.page.stream);
    return text;
}

static void test_unsafe_settings(void **state) {
    static const struct {
        const char *word, *path, *value, *has;
    } row[] = {
        {"tcp_syncookies", "net/ipv4/tcp_syncookies", "1", "now       1\n  unsafe if 0"},
        {"tcp_syncookies", "net/ipv4/tcp_syncookies", "0", "now       0\n  is unsafe 0"},
        {"tcp_fin_timeout", "net/ipv4/tcp_fin_timeout", "5", "is unsafe below 10"},
        {"ip_local_port_range", "net/ipv4/ip_local_port_range", "5000 60000", "is unsafe both bounds odd"},
        {"ip_local_reserved_ports", "net/ipv4/ip_local_reserved_ports", "", "(here 5000)"},
        {"ip_local_reserved_ports", "net/ipv4/ip_local_reserved_ports", "5000,5001",
         "now       5000-5001\n  unsafe if"},
        {"tcp_max_orphans", "net/ipv4/tcp_fin_timeout", "60", "not on this kernel or in this namespace"},
    };

    (void)state;
    lab_enter();
    CLEANUP_FD int listener = listen_on(LOOPBACK, PORT);
    assert_true(listener >= 0);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        if (row[i].value[0] != '\0')
            lab_sysctl(row[i].path, row[i].value);
        CLEANUP_FREE char *text = told(row[i].word);
        if (!strstr(text, row[i].has))
            fail_msg("%s: no \"%s\" in: %s", row[i].word, row[i].has, text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_reset, lab_teardown),
        cmocka_unit_test_teardown(test_client_that_resets_before_accept, lab_teardown),
        cmocka_unit_test_teardown(test_end_of_writing, lab_teardown),
        cmocka_unit_test_teardown(test_would_block, lab_teardown),
        cmocka_unit_test_teardown(test_destroyed_from_outside, lab_teardown),
        cmocka_unit_test_teardown(test_silent_peer, lab_teardown),
        cmocka_unit_test_teardown(test_neighbour_that_is_gone, lab_teardown),
        cmocka_unit_test_teardown(test_packet_socket, lab_teardown),
        cmocka_unit_test_teardown(test_events_lost, lab_teardown),
        cmocka_unit_test_teardown(test_unsafe_settings, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
