/* SPDX-License-Identifier: MIT */
/* How long sockets have been there: CLOSE-WAIT by cookie, half-opens by their timer. */
#include "case.h"

#include "state_walk.h"
#include "util.h"

static struct state_walk walk;
static struct config config;

static int make_walk(void **state) {
    static const struct diag_socket socket = {
        .state = STATE_LISTEN, .local = {.family = ENDPOINT_IPV4, .port = 80}, .send_queue = 5, .inode = 1};

    (void)state;
    return state_walk_init(&walk) < 0 ? -1 : state_walk_add_listener(&walk, &socket);
}

static int release_walk(void **state) {
    (void)state;
    state_walk_release(&walk);
    return 0;
}

static struct diag_socket socket_in(enum tcp_state state) {
    return (struct diag_socket){.state = state,
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
        check_row(rows[i].name, walk.port[0].close_wait_old, rows[i].old);
    }
}

static void test_by_our_timer_alone(void **state) {
    static const struct {
        const char *name;
        uint8_t retransmits;
        uint32_t expires_msec, old, patient;
    } rows[] = {
        {"two resends", 2, 3999, 0, 0},
        {"three, timer of 8 s", 3, 4001, 1, 1},
        {"three, may be a repeat", 3, 4000, 1, 0},
        {"four, timer of 16 s", 4, 8001, 1, 1},
        {"four, timer of 4 s", 4, 3000, 1, 0},
        {"many, client repeats", 27, 900, 1, 0},
        {"absurd", 255, UINT32_MAX, 1, 0},
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
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_close_wait),
        cmocka_unit_test(test_by_our_timer_alone),
    };

    return cmocka_run_group_tests(tests, make_walk, release_walk);
}
