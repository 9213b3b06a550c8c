/* SPDX-License-Identifier: MIT */
/*
 * Each advised sysctl, applied while its condition stands: the figure moves. Queues are judged by what they
 * never exceed: on a slow machine the kernel has dropped some half-opens again by the time they are counted.
 * tcp_syncookies, somaxconn and tcp_max_syn_backlog in a flood, which fills a queue as real clients do. Not
 * here: nf_conntrack_max, which a child namespace cannot write.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "effect.h"
#include "lab.h"
#include "util.h"

enum {
    PORTS = 100,          /* of the narrow range */
    REUSABLE_MSEC = 1500, /* tcp_tw_reuse takes over what is older than a second */
    RATE = 20000,         /* slow enough for the queue between two CPUs */
};

#define NARROW_RANGE "40000 40099"
#define WIDE_RANGE   "40000 40999"

static void test_syncookies(void **state) {
    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_syncookies", "0");
    CLEANUP_FD int listener = effect_listen(128);
    assert_true(listener >= 0);
    struct sample start = effect_settled();
    effect_flood(2000, RATE);
    struct sample dropped = effect_settled();
    lab_sysctl("net/ipv4/tcp_syncookies", "1");
    effect_flood(2000, RATE);
    struct sample answered = effect_settled();

    assert_true(effect_increase(&start, &dropped, COUNTER_REQ_QUEUE_FULL_DROP) >= 1800);
    assert_int_equal(effect_increase(&start, &dropped, COUNTER_SYNCOOKIES_SENT), 0);
    assert_int_equal(effect_increase(&dropped, &answered, COUNTER_REQ_QUEUE_FULL_DROP), 0);
    assert_int_equal(effect_increase(&dropped, &answered, COUNTER_LISTEN_DROPS), 0);
    assert_true(effect_increase(&dropped, &answered, COUNTER_SYNCOOKIES_SENT) >= 1800);
}

/* Alone it does nothing to a listener that is there; with listen() again the queue grows. */
static void test_somaxconn(void **state) {
    (void)state;
    lab_enter();
    lab_sysctl("net/core/somaxconn", "128");
    CLEANUP_FD int listener = effect_listen(1024);
    assert_true(listener >= 0);
    effect_flood(1500, RATE);
    struct sample narrow = effect_settled();
    lab_sysctl("net/core/somaxconn", "4096");
    effect_flood(1500, RATE);
    struct sample alone = effect_settled();
    assert_int_equal(listen(listener, 1024), 0);
    effect_flood(1500, RATE);
    struct sample again = effect_settled();

    assert_in_range(effect_state(&narrow, STATE_SYN_RECV), 1, 129);
    assert_in_range(effect_state(&alone, STATE_SYN_RECV), 1, 129);
    assert_in_range(effect_state(&again, STATE_SYN_RECV), 130, 1025);
}

/* With cookies off three quarters of it are for strangers, at any backlog. */
static void test_max_syn_backlog_with_cookies_off(void **state) {
    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_syncookies", "0");
    lab_sysctl("net/ipv4/tcp_max_syn_backlog", "256");
    CLEANUP_FD int listener = effect_listen(1000);
    assert_true(listener >= 0);
    effect_flood(1500, RATE);
    struct sample before = effect_settled();
    lab_sysctl("net/ipv4/tcp_max_syn_backlog", "512");
    effect_flood(1500, RATE);
    struct sample after = effect_settled();

    assert_in_range(effect_state(&before, STATE_SYN_RECV), 1, 193);
    assert_in_range(effect_state(&after, STATE_SYN_RECV), 194, 385);
}

/* @return the peer's namespace */
static int enter_with_peer(void) {
    lab_enter();
    lab_sysctl("net/ipv4/tcp_rfc1337", "1"); /* no late RST shall end a TIME-WAIT */
    return lab_peer_namespace();
}

static void test_port_range(void **state) {
    int fd[2 * PORTS];

    (void)state;
    CLEANUP_FD int peer = enter_with_peer();
    CLEANUP_FD int listener = effect_listen_there(peer, EFFECT_PORT);
    assert_true(listener >= 0);
    lab_sysctl("net/ipv4/ip_local_port_range", NARROW_RANGE);
    size_t narrow = effect_connect_many(EFFECT_PORT, fd, ARRAY_SIZE(fd));
    assert_int_equal(narrow, PORTS);
    lab_sysctl("net/ipv4/ip_local_port_range", WIDE_RANGE);
    size_t more = effect_connect_many(EFFECT_PORT, fd + narrow, PORTS);
    assert_int_equal(more, PORTS);
    effect_close(fd, narrow + more);
}

/* A source address bound first, as proxies do. @return the descriptor or -errno */
static int bind_source(void) {
    struct sockaddr_in source = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, "192.0.2.1", &source.sin_addr), 1);
    if (bind(fd, (const struct sockaddr *)&source, sizeof source) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

/* bind() takes no port that TIME-WAIT holds, whatever tcp_tw_reuse says; a wider range helps. */
static void test_ports_bound_first(void **state) {
    (void)state;
    CLEANUP_FD int peer = enter_with_peer();
    CLEANUP_FD int listener = effect_listen_there(peer, EFFECT_PORT);
    assert_true(listener >= 0);
    lab_sysctl("net/ipv4/ip_local_port_range", NARROW_RANGE);
    assert_int_equal(effect_churn(listener, EFFECT_PORT, PORTS), PORTS);
    lab_sysctl("net/ipv4/tcp_tw_reuse", "1");
    effect_sleep(REUSABLE_MSEC);
    assert_int_equal(bind_source(), -EADDRINUSE);
    lab_sysctl("net/ipv4/ip_local_port_range", WIDE_RANGE);
    CLEANUP_FD int fd = bind_source();
    assert_true(fd >= 0);
}

static void test_tw_reuse(void **state) {
    (void)state;
    CLEANUP_FD int peer = enter_with_peer();
    CLEANUP_FD int listener = effect_listen_there(peer, EFFECT_PORT);
    assert_true(listener >= 0);
    lab_sysctl("net/ipv4/ip_local_port_range", NARROW_RANGE);
    lab_sysctl("net/ipv4/tcp_tw_reuse", "2");
    assert_int_equal(effect_churn(listener, EFFECT_PORT, PORTS + 1), PORTS);
    effect_sleep(REUSABLE_MSEC);
    struct sample before = effect_settled();
    assert_int_equal(effect_connect(EFFECT_PORT), -EADDRNOTAVAIL); /* 2 is for loopback alone */
    lab_sysctl("net/ipv4/tcp_tw_reuse", "1");
    assert_int_equal(effect_churn(listener, EFFECT_PORT, 50), 50);
    struct sample after = effect_settled();

    assert_int_equal(effect_increase(&before, &after, COUNTER_TIME_WAIT_RECYCLED), 50);
}

/* Only a connection that used timestamps can be taken over: those made since they are on. */
static void test_timestamps(void **state) {
    const uint16_t other_port = EFFECT_PORT + 1;

    (void)state;
    CLEANUP_FD int peer = enter_with_peer();
    CLEANUP_FD int first = effect_listen_there(peer, EFFECT_PORT);
    assert_true(first >= 0);
    CLEANUP_FD int second = effect_listen_there(peer, other_port);
    assert_true(second >= 0);
    lab_sysctl("net/ipv4/ip_local_port_range", NARROW_RANGE);
    lab_sysctl("net/ipv4/tcp_tw_reuse", "1");
    lab_sysctl("net/ipv4/tcp_timestamps", "0");
    assert_int_equal(effect_churn(first, EFFECT_PORT, PORTS), PORTS);
    effect_sleep(REUSABLE_MSEC);
    struct sample before = effect_settled();
    assert_int_equal(effect_connect(EFFECT_PORT), -EADDRNOTAVAIL);
    lab_sysctl("net/ipv4/tcp_timestamps", "1");
    assert_int_equal(effect_connect(EFFECT_PORT), -EADDRNOTAVAIL); /* the old ones still have none */
    assert_int_equal(effect_churn(second, other_port, PORTS), PORTS);
    effect_sleep(REUSABLE_MSEC);
    assert_int_equal(effect_churn(second, other_port, 50), 50);
    struct sample after = effect_settled();

    assert_int_equal(effect_increase(&before, &after, COUNTER_TIME_WAIT_RECYCLED), 50);
}

static void test_max_tw_buckets(void **state) {
    (void)state;
    CLEANUP_FD int peer = enter_with_peer();
    CLEANUP_FD int listener = effect_listen_there(peer, EFFECT_PORT);
    assert_true(listener >= 0);
    lab_sysctl("net/ipv4/tcp_max_tw_buckets", "10");
    struct sample start = effect_settled();
    effect_churn(listener, EFFECT_PORT, 50);
    struct sample full = effect_settled();
    lab_sysctl("net/ipv4/tcp_max_tw_buckets", "1000");
    effect_churn(listener, EFFECT_PORT, 50);
    struct sample roomy = effect_settled();

    assert_in_range(effect_increase(&start, &full, COUNTER_TIME_WAIT_OVERFLOW), 39, 50);
    assert_int_equal(effect_increase(&full, &roomy, COUNTER_TIME_WAIT_OVERFLOW), 0);
    assert_int_equal(effect_state(&roomy, STATE_TIME_WAIT) - effect_state(&full, STATE_TIME_WAIT), 50);
}

/* Connections closed here for good that the peer keeps open. */
static void abandon(size_t count) {
    for (size_t i = 0; i < count; i++) {
        int fd = effect_connect(EFFECT_PORT);
        assert_true(fd >= 0);
        close(fd);
    }
    effect_settled();
}

/* It counts from when a socket is orphaned: what is there already keeps its minute. */
static void test_fin_timeout(void **state) {
    (void)state;
    CLEANUP_FD int peer = enter_with_peer();
    CLEANUP_FD int listener = effect_listen_there(peer, EFFECT_PORT);
    assert_true(listener >= 0);
    abandon(20);
    struct effect_timers before = effect_timers(STATE_FIN_WAIT_2);
    lab_sysctl("net/ipv4/tcp_fin_timeout", "5");
    abandon(20);
    struct effect_timers both = effect_timers(STATE_FIN_WAIT_2);
    struct effect_timers left = both;
    for (int i = 0; i < 60 && left.count > 20; i++) {
        effect_sleep(250);
        left = effect_timers(STATE_FIN_WAIT_2);
    }

    assert_int_equal(before.count, 20);
    assert_true(before.shortest_msec > 30000);
    assert_int_equal(both.count, 40);
    assert_true(both.shortest_msec <= 5000);
    assert_int_equal(left.count, 20);
    assert_true(left.shortest_msec > 30000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_syncookies, lab_teardown),
        cmocka_unit_test_teardown(test_somaxconn, lab_teardown),
        cmocka_unit_test_teardown(test_max_syn_backlog_with_cookies_off, lab_teardown),
        cmocka_unit_test_teardown(test_port_range, lab_teardown),
        cmocka_unit_test_teardown(test_ports_bound_first, lab_teardown),
        cmocka_unit_test_teardown(test_tw_reuse, lab_teardown),
        cmocka_unit_test_teardown(test_timestamps, lab_teardown),
        cmocka_unit_test_teardown(test_max_tw_buckets, lab_teardown),
        cmocka_unit_test_teardown(test_fin_timeout, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
