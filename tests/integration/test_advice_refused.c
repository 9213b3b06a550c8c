/* SPDX-License-Identifier: MIT */
/*
 * Each sysctl that is listed as doing nothing, applied while the condition stands: the figure does not move.
 * somaxconn alone and tcp_tw_reuse in bind() are in test_advice_effect.c, beside what helps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/load/address.h"
#include "../tools/load/peers.h"
#include "effect.h"
#include "lab.h"
#include "util.h"

enum {
    RATE = 20000,
    SOCKETS = 50,
    SHORT_MSEC = 4000, /* far beyond any timer that is set here to 1 s */
};

static void test_max_syn_backlog_with_cookies(void **state) {
    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_syncookies", "1");
    lab_sysctl("net/ipv4/tcp_max_syn_backlog", "256");
    CLEANUP_FD int listener = effect_listen(1000);
    assert_true(listener >= 0);
    effect_flood(1500, RATE);
    struct sample before = effect_settled();
    lab_sysctl("net/ipv4/tcp_max_syn_backlog", "65536");
    effect_flood(1500, RATE);
    struct sample after = effect_settled();

    assert_in_range(effect_state(&before, STATE_SYN_RECV), 400, 1001); /* not 256 */
    assert_in_range(effect_state(&after, STATE_SYN_RECV), 400, 1001);
    assert_true(effect_increase(&before, &after, COUNTER_SYNCOOKIES_SENT) > 0); /* so it was full */
}

static void test_abort_on_overflow_at_a_full_syn_queue(void **state) {
    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_syncookies", "0");
    CLEANUP_FD int listener = effect_listen(128);
    assert_true(listener >= 0);
    effect_flood(1000, RATE);
    struct sample full = effect_settled();
    lab_sysctl("net/ipv4/tcp_abort_on_overflow", "1");
    effect_flood(1000, RATE);
    struct sample after = effect_settled();

    assert_in_range(effect_state(&full, STATE_SYN_RECV), 1, 129);
    assert_in_range(effect_state(&after, STATE_SYN_RECV), 1, 129);
    assert_true(effect_increase(&full, &after, COUNTER_REQ_QUEUE_FULL_DROP) >= 800); /* as before */
    assert_int_equal(effect_increase(&full, &after, COUNTER_OUT_RSTS), 0);
}

/* Shorter lives make room for a few more entries a second; what runs over is the same. */
static void test_synack_retries_with_cookies(void **state) {
    const uint64_t count = 12000, per_second = 3000;

    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_syncookies", "1");
    CLEANUP_FD int listener = effect_listen(128);
    assert_true(listener >= 0);
    struct sample start = effect_settled();
    effect_flood(count, per_second);
    struct sample usual = effect_settled();
    lab_sysctl("net/ipv4/tcp_synack_retries", "1");
    effect_flood(count, per_second);
    struct sample lowered = effect_settled();
    uint64_t sent = effect_increase(&start, &usual, COUNTER_SYNCOOKIES_SENT);
    uint64_t sent_lowered = effect_increase(&usual, &lowered, COUNTER_SYNCOOKIES_SENT);

    assert_in_range(sent, count / 10 * 9, count);
    assert_in_range(sent_lowered, count / 10 * 9, count);
    assert_int_equal(effect_increase(&start, &lowered, COUNTER_LISTEN_DROPS), 0); /* nobody is turned away */
}

static struct sockaddr_storage address_of(const char *text, uint16_t port) {
    struct sockaddr_storage address;

    assert_int_equal(address_parse(text, port, &address), 0);
    return address;
}

/* A server that closes first. */
static void make_inbound_time_wait(void) {
    struct sockaddr_storage server = address_of("127.0.0.1", EFFECT_PORT);
    struct sockaddr_storage source = address_of("127.1.0.1", 0);
    int listener = peers_time_wait_inbound(&server, &source, SOCKETS, 0);

    assert_true(listener >= 0);
    struct sample sample = effect_settled();
    assert_int_equal(effect_state(&sample, STATE_TIME_WAIT), SOCKETS);
}

/* None may be gone, and none may have lost more of its minute than has passed. */
static void check_time_wait_stays(void) {
    struct effect_timers timers = effect_timers(STATE_TIME_WAIT);

    assert_int_equal(timers.count, SOCKETS);
    assert_true(timers.shortest_msec > 45000);
    assert_in_range(timers.longest_msec, 45000, 60000);
}

static void test_fin_timeout_on_time_wait(void **state) {
    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_fin_timeout", "1"); /* also for those that come after */
    make_inbound_time_wait();
    effect_sleep(SHORT_MSEC);
    check_time_wait_stays();
}

static void test_tw_reuse_on_inbound_time_wait(void **state) {
    (void)state;
    lab_enter();
    make_inbound_time_wait();
    struct sample before = effect_settled();
    lab_sysctl("net/ipv4/tcp_tw_reuse", "1");
    effect_sleep(SHORT_MSEC);
    struct sample after = effect_settled();
    check_time_wait_stays();
    assert_int_equal(effect_increase(&before, &after, COUNTER_TIME_WAIT_RECYCLED), 0);
}

static void test_lower_max_tw_buckets(void **state) {
    (void)state;
    lab_enter();
    make_inbound_time_wait();
    lab_sysctl("net/ipv4/tcp_max_tw_buckets", "5");
    effect_sleep(SHORT_MSEC);
    check_time_wait_stays();
}

/* The application holds what the peers have closed: no timer, no key. */
static void test_nothing_cures_close_wait(void **state) {
    static const char *const keys[][2] = {
        {"net/ipv4/tcp_fin_timeout", "1"},       {"net/ipv4/tcp_tw_reuse", "1"},
        {"net/ipv4/tcp_keepalive_time", "1"},    {"net/ipv4/tcp_keepalive_intvl", "1"},
        {"net/ipv4/tcp_keepalive_probes", "1"},  {"net/ipv4/tcp_max_tw_buckets", "1000000"},
        {"net/ipv4/tcp_abort_on_overflow", "1"}, {"net/ipv4/tcp_retries2", "1"},
        {"net/ipv4/tcp_orphan_retries", "1"},
    };

    (void)state;
    lab_enter();
    struct sockaddr_storage server = address_of(EFFECT_SERVER, EFFECT_PORT);
    assert_true(peers_leak(&server, SOCKETS) >= 0);
    struct sample before = effect_settled();
    assert_int_equal(effect_state(&before, STATE_CLOSE_WAIT), SOCKETS);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        lab_sysctl(keys[i][0], keys[i][1]);
    effect_sleep(SHORT_MSEC);
    struct sample after = effect_settled();

    assert_int_equal(effect_state(&after, STATE_CLOSE_WAIT), SOCKETS);
    assert_int_equal(after.detail.close_wait_unaccepted, 0);
}

/* Waits until no more than @p count are ESTABLISHED. */
static void wait_established(uint64_t count) {
    struct sample sample = effect_sample();

    for (int i = 0; i < 60 && effect_state(&sample, STATE_ESTABLISHED) > count; i++) {
        effect_sleep(250);
        sample = effect_sample();
    }
    assert_int_equal(effect_state(&sample, STATE_ESTABLISHED), count);
}

/* The peers are gone without a word; keepalive notices only where the application asks for it. */
static void test_keepalive_on_idle_connections(void **state) {
    const int on = 1;
    int fd[2 * SOCKETS];

    (void)state;
    lab_enter();
    CLEANUP_FD int peer = lab_peer_namespace();
    CLEANUP_FD int listener = effect_listen_there(peer, EFFECT_PORT);
    assert_true(listener >= 0);
    assert_int_equal(effect_connect_many(EFFECT_PORT, fd, ARRAY_SIZE(fd)), ARRAY_SIZE(fd));
    lab_shell(peer, "ip link set peer1 down");
    lab_sysctl("net/ipv4/tcp_keepalive_time", "1");
    lab_sysctl("net/ipv4/tcp_keepalive_intvl", "1");
    lab_sysctl("net/ipv4/tcp_keepalive_probes", "1");
    for (size_t i = 0; i < SOCKETS; i++)
        assert_int_equal(setsockopt(fd[i], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on), 0);
    wait_established(SOCKETS);
    effect_sleep(SHORT_MSEC);
    wait_established(SOCKETS);
    effect_close(fd, ARRAY_SIZE(fd));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_max_syn_backlog_with_cookies, lab_teardown),
        cmocka_unit_test_teardown(test_abort_on_overflow_at_a_full_syn_queue, lab_teardown),
        cmocka_unit_test_teardown(test_synack_retries_with_cookies, lab_teardown),
        cmocka_unit_test_teardown(test_fin_timeout_on_time_wait, lab_teardown),
        cmocka_unit_test_teardown(test_tw_reuse_on_inbound_time_wait, lab_teardown),
        cmocka_unit_test_teardown(test_lower_max_tw_buckets, lab_teardown),
        cmocka_unit_test_teardown(test_nothing_cures_close_wait, lab_teardown),
        cmocka_unit_test_teardown(test_keepalive_on_idle_connections, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
