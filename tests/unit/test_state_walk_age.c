/* SPDX-License-Identifier: MIT */
/* How long sockets have been there: CLOSE-WAIT by cookie, half-opens by their timer. */
#include "case.h"

#include "state_walk.h"
#include "util.h"

static struct state_walk walk;
static struct config config;

static int make_walk(void **state) {
    static const struct listener listener = {
        .local = {.family = ENDPOINT_IPV4, .port = 80}, .members = 1, .backlog = 5};

    (void)state;
    return state_walk_init(&walk) < 0 ? -1 : state_walk_add_listener(&walk, &listener);
}

static int release_walk(void **state) {
    (void)state;
    state_walk_release(&walk);
    return 0;
}

static struct diag_socket socket_in(enum tcp_state state) {
    return (struct diag_socket){.state = state,
                                .silent_msec = UINT32_MAX, /* not asked for */
                                .local = {.family = ENDPOINT_IPV4, .address = {10, 0, 0, 1}, .port = 80}};
}

/* CLOSE-WAIT is old when a walk at least 5 s before has seen the same socket. */
static void test_old_close_wait(void **state) {
    static const struct {
        const char *name;
        uint64_t at_msec, cookie;
        uint32_t old;
    } rows[] = {
        {"never seen", 1000, 1, 0},
        {"seen 4 s ago", 5000, 1, 0},
        {"another, at the end of the set", 5999, 2, 0},
        {"that one a moment later", 6000, 2, 0},
        {"the first, 5 s old", 6000, 1, 0},
        {"and 10 s old", 11000, 1, 1},
        {"the other, 5 s old", 11000, 2, 1},
        {"a third", 11000, 3, 0},
        {"not walked for an hour", 3611000, 3, 0},
        {"and once more", 3617000, 3, 1},
        {"gone for three sets", 3700000, 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct diag_socket socket = socket_in(STATE_CLOSE_WAIT);
        socket.inode = 9;
        socket.cookie = rows[i].cookie;
        state_walk_set_time(&walk, rows[i].at_msec * 1000);
        state_walk_begin(&walk, &config, 5);
        state_walk_count(&walk, &socket);
        check_row(rows[i].name, walk.detail.close_wait_old, rows[i].old);
        check_row(rows[i].name, walk.port[0].detail.close_wait_old, rows[i].old);
    }
}

/* Since when a CLOSE-WAIT socket is there: each row is a walk, with the sockets that it sees. */
static void test_close_wait_since(void **state) {
    static const struct {
        const char *name;
        bool complete;
        uint64_t at_sec;
        uint64_t on_80[2], elsewhere[2]; /* cookies; 0: none */
        uint64_t since_sec, since_on_80_sec;
    } rows[] = {
        {"none", true, 100, {0}, {0}, 0, 0},
        {"the first", true, 110, {1}, {0}, 110, 110},
        {"another port", true, 120, {1}, {2}, 110, 110},
        {"the first is gone", true, 130, {3}, {2}, 120, 130},
        {"an incomplete walk forgets none", false, 140, {0}, {4}, 0, 0},
        {"nor what it saw", true, 150, {3}, {4}, 130, 130},
        {"and that alone is left", true, 160, {0}, {4}, 140, 0},
        {"all are gone", true, 170, {0}, {0}, 0, 0},
        {"back again is new", true, 180, {1}, {0}, 180, 180},
        {"the same for an hour", true, 3780, {1, 5}, {6}, 180, 180},
        {"the younger stays", true, 3790, {5}, {6}, 3780, 3780},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        state_walk_set_time(&walk, rows[i].at_sec * USEC_PER_SEC);
        state_walk_begin(&walk, &config, 5);
        for (size_t j = 0; j < 4; j++) {
            struct diag_socket socket = socket_in(STATE_CLOSE_WAIT);
            socket.cookie = j < 2 ? rows[i].on_80[j] : rows[i].elsewhere[j - 2];
            socket.local.port = j < 2 ? 80 : 40000;
            if (socket.cookie != 0)
                state_walk_count(&walk, &socket);
        }
        if (!rows[i].complete)
            continue;
        state_walk_end(&walk);
        check_row(rows[i].name, walk.detail.close_wait_since_usec, rows[i].since_sec * USEC_PER_SEC);
        check_row(rows[i].name, walk.port[0].detail.close_wait_since_usec,
                  rows[i].since_on_80_sec * USEC_PER_SEC);
    }
}

/* Of more sockets than there are slots the first keep theirs; a socket without a slot is known since now. */
static void test_close_wait_crowd(void **state) {
    (void)state;
    for (uint64_t turn = 0; turn < 3; turn++) {
        state_walk_set_time(&walk, (5000 + turn) * USEC_PER_SEC);
        state_walk_begin(&walk, &config, 5);
        for (uint64_t cookie = 1; cookie <= 5000; cookie++) {
            struct diag_socket socket = socket_in(STATE_CLOSE_WAIT);
            socket.cookie = 1000 + cookie;
            socket.local.port = cookie <= 4000 ? 40000 : 80;
            state_walk_count(&walk, &socket);
        }
        state_walk_end(&walk);
        check_row("oldest", walk.detail.close_wait_since_usec, 5000 * USEC_PER_SEC);
        check_row("no slot", walk.port[0].detail.close_wait_since_usec, (5000 + turn) * USEC_PER_SEC);
    }
    state_walk_set_time(&walk, 5003 * USEC_PER_SEC);
    state_walk_begin(&walk, &config, 5);
    state_walk_end(&walk);
    check_row("empty", walk.detail.close_wait_since_usec, 0);
    check_row("empty", walk.port[0].detail.close_wait_since_usec, 0);
}

/* Where the walk asked how long a socket has been silent the first one knows that it is old, and since when.
 */
static void test_close_wait_silent(void **state) {
    static const struct {
        const char *name;
        uint32_t silent_msec;
        uint64_t now_msec, since_msec;
        uint32_t old;
    } rows[] = {
        {"not known", UINT32_MAX, 20000000, 20000000, 0},
        {"just now", 0, 20001000, 20001000, 0},
        {"not yet 5 s", 4999, 20002000, 19997001, 0},
        {"5 s", 5000, 20003000, 19998000, 1},
        {"an hour", 3600000, 20004000, 16404000, 1},
        {"since the host was started", 20004999, 20005000, 1, 1},
        {"longer than the clock runs", 20006000, 20006000, 20006000, 0},
        {"the longest", UINT32_MAX - 1, 20007000, 20007000, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct diag_socket socket = socket_in(STATE_CLOSE_WAIT);
        socket.cookie = 700000 + i;
        socket.silent_msec = rows[i].silent_msec;
        state_walk_set_time(&walk, rows[i].now_msec * USEC_PER_MSEC);
        state_walk_begin(&walk, &config, 5);
        state_walk_count(&walk, &socket);
        state_walk_end(&walk);
        check_row(rows[i].name, walk.detail.close_wait_old, rows[i].old);
        check_row(rows[i].name, walk.port[0].detail.close_wait_old, rows[i].old);
        check_row(rows[i].name, walk.detail.close_wait_since_usec, rows[i].since_msec * USEC_PER_MSEC);
        check_row(rows[i].name, walk.port[0].detail.close_wait_since_usec,
                  rows[i].since_msec * USEC_PER_MSEC);
    }
}

/* Of other states nothing is told: an open connection may be silent for days. */
static void test_silent_but_open(void **state) {
    struct diag_socket socket = socket_in(STATE_LAST_ACK);

    (void)state;
    socket.cookie = 800000;
    socket.silent_msec = 3600000;
    state_walk_set_time(&walk, 30000 * USEC_PER_SEC);
    state_walk_begin(&walk, &config, 5);
    state_walk_count(&walk, &socket);
    state_walk_end(&walk);
    check_row("LAST-ACK", walk.detail.close_wait_old, 0);
    check_row("LAST-ACK", walk.detail.close_wait_since_usec, 0);
}

static void test_by_our_timer_alone(void **state) {
    static const struct {
        const char *name;
        uint8_t retransmits;
        uint32_t expires_msec, old, patient, deferred;
    } rows[] = {
        {"SYN-ACK just sent", 0, 1000, 0, 0, 0},
        {"acknowledged, held for data", 0, 1001, 0, 0, 1},
        {"two resends", 2, 3999, 0, 0, 0},
        {"three, timer of 8 s", 3, 4001, 1, 1, 0},
        {"three, may be a repeat", 3, 4000, 1, 0, 0},
        {"four, timer of 16 s", 4, 8001, 1, 1, 0},
        {"four, timer of 4 s", 4, 3000, 1, 0, 0},
        {"many, client repeats", 27, 900, 1, 0, 0},
        {"absurd", 255, UINT32_MAX, 1, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        state_walk_begin(&walk, &config, 5);
        struct diag_socket socket = socket_in(STATE_SYN_RECV);
        socket.request = true;
        socket.retransmits = rows[i].retransmits;
        socket.expires_msec = rows[i].expires_msec;
        state_walk_count(&walk, &socket);
        check_row(rows[i].name, walk.listener[0].half_open_old, rows[i].old);
        check_row(rows[i].name, walk.listener[0].half_open_patient, rows[i].patient);
        check_row(rows[i].name, walk.listener[0].half_open_deferred, rows[i].deferred);
    }
}

/* The walk remembers that half-opens were silent, also while their timers do not tell. */
static void test_silence_is_remembered(void **state) {
    static const struct {
        const char *name;
        uint8_t retransmits;
        uint32_t expires_msec, at_sec, silent_sec;
    } rows[] = {
        {"too young to tell", 2, 3999, 6000, 0},
        {"may be a repeat", 3, 4000, 6001, 0},
        {"silent", 3, 4001, 6002, 6002},
        {"in the second half of the timer", 3, 4000, 6005, 6002},
        {"silent, the next timer", 4, 8001, 6010, 6010},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        state_walk_set_time(&walk, rows[i].at_sec * USEC_PER_SEC);
        state_walk_begin(&walk, &config, 5);
        struct diag_socket socket = socket_in(STATE_SYN_RECV);
        socket.request = true;
        socket.retransmits = rows[i].retransmits;
        socket.expires_msec = rows[i].expires_msec;
        state_walk_count(&walk, &socket);
        state_walk_end(&walk);
        check_row(rows[i].name, walk.listener[0].silent_usec, rows[i].silent_sec * USEC_PER_SEC);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_close_wait),        cmocka_unit_test(test_close_wait_since),
        cmocka_unit_test(test_close_wait_silent),     cmocka_unit_test(test_silent_but_open),
        cmocka_unit_test(test_close_wait_crowd),      cmocka_unit_test(test_by_our_timer_alone),
        cmocka_unit_test(test_silence_is_remembered),
    };

    return cmocka_run_group_tests(tests, make_walk, release_walk);
}
