/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "destinations.h"
#include "util.h"

static struct destinations *destinations;
static struct destination top[DESTINATIONS_MAX];

static int make(void **state) {
    (void)state;
    destinations = destinations_new();
    return destinations ? 0 : -1;
}

static int release(void **state) {
    (void)state;
    destinations = destinations_free(destinations);
    return destinations ? -1 : 0;
}

static struct diag_socket towards(uint32_t remote, uint16_t port, enum tcp_state socket_state) {
    struct diag_socket socket = {.state = socket_state,
                                 .local = {.family = ENDPOINT_IPV4, .port = 40000, .ifindex = 3},
                                 .remote = {.family = ENDPOINT_IPV4, .port = port}};

    socket.local.address[3] = 1;
    memcpy(socket.remote.address, &remote, sizeof remote);
    return socket;
}

static void count(uint32_t remote, uint16_t port, enum tcp_state socket_state, unsigned int times) {
    for (unsigned int i = 0; i < times; i++) {
        struct diag_socket socket = towards(remote, port, socket_state);
        socket.local.port = (uint16_t)(40000 + i); /* every port counts for the same destination */
        destinations_count(destinations, &socket);
    }
}

static void test_empty(void **state) {
    (void)state;
    destinations_reset(destinations);
    assert_int_equal(destinations_top(destinations, top), 0);
    assert_null(destinations_free(NULL));
}

static void test_states(void **state) {
    (void)state;
    destinations_reset(destinations);
    count(1, 443, STATE_TIME_WAIT, 5);
    count(1, 443, STATE_CLOSE_WAIT, 3);
    count(1, 443, STATE_ESTABLISHED, 2);
    assert_int_equal(destinations_top(destinations, top), 1);
    assert_int_equal(top[0].ports_in_use, 10);
    assert_int_equal(top[0].time_wait, 5);
    assert_int_equal(top[0].close_wait, 3);
    assert_int_equal(top[0].error, 0);
    assert_int_equal(top[0].local.port, 0);
    assert_int_equal(top[0].local.ifindex, 0);
    assert_int_equal(top[0].remote.port, 443);
}

static void test_reusable(void **state) {
    static const struct {
        const char *name;
        enum tcp_state state;
        bool minisocket;
        uint32_t delay_msec, expires_msec, reusable;
    } rows[] = {
        {"just closed", STATE_TIME_WAIT, true, 1000, 60000, 0},
        {"exactly the delay", STATE_TIME_WAIT, true, 1000, 59000, 0},
        {"a moment more", STATE_TIME_WAIT, true, 1000, 58999, 1},
        {"about to go", STATE_TIME_WAIT, true, 1000, 0, 1},
        {"longer delay", STATE_TIME_WAIT, true, 30000, 30000, 0},
        {"longer delay, older", STATE_TIME_WAIT, true, 30000, 29999, 1},
        {"delay of its whole life", STATE_TIME_WAIT, true, 60000, 0, 0},
        {"a vendor's longer TIME-WAIT", STATE_TIME_WAIT, true, 1000, 110000, 0},
        {"FIN-WAIT-2 minisocket", STATE_FIN_WAIT_2, true, 1000, 100, 0},
        {"ESTABLISHED", STATE_ESTABLISHED, false, 1000, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct diag_socket socket = towards(1, 443, rows[i].state);
        socket.minisocket = rows[i].minisocket;
        socket.expires_msec = rows[i].expires_msec;
        destinations_reset(destinations);
        destinations_set_reuse_delay(destinations, rows[i].delay_msec);
        destinations_count(destinations, &socket);
        assert_int_equal(destinations_top(destinations, top), 1);
        check_row(rows[i].name, top[0].reusable, rows[i].reusable);
        check_row(rows[i].name, top[0].ports_in_use, 1);
    }
}

static void test_key(void **state) {
    struct diag_socket socket = towards(1, 443, STATE_ESTABLISHED);

    (void)state;
    destinations_reset(destinations);
    destinations_count(destinations, &socket);
    socket.remote.port = 80; /* another port */
    destinations_count(destinations, &socket);
    socket.local.address[3] = 2; /* another source */
    destinations_count(destinations, &socket);
    socket.remote.family = socket.local.family = ENDPOINT_IPV6; /* the same bytes as IPv6 */
    destinations_count(destinations, &socket);
    assert_int_equal(destinations_top(destinations, top), 4);
    destinations_reset(destinations);
    assert_int_equal(destinations_top(destinations, top), 0);
}

/* The fullest first, whatever the order they come in. */
static void test_top(void **state) {
    (void)state;
    for (uint32_t turn = 0; turn < 20; turn++) {
        destinations_reset(destinations);
        for (uint32_t i = 0; i < 20; i++)
            count((i + turn) % 20, 443, STATE_ESTABLISHED, (i + turn) % 20 + 1);
        assert_int_equal(destinations_top(destinations, top), DESTINATIONS_MAX);
        for (uint32_t i = 0; i < DESTINATIONS_MAX; i++)
            check_row("rank", top[i].ports_in_use, 20 - i);
    }
}

static void test_equal_ranks(void **state) {
    struct destination first[DESTINATIONS_MAX];

    (void)state;
    destinations_reset(destinations);
    for (uint32_t i = 0; i < 12; i++)
        count(i << 24, 443, STATE_ESTABLISHED, 3);
    assert_int_equal(destinations_top(destinations, first), DESTINATIONS_MAX);
    destinations_reset(destinations);
    for (uint32_t i = 12; i-- > 0;)
        count(i << 24, 443, STATE_ESTABLISHED, 3);
    assert_int_equal(destinations_top(destinations, top), DESTINATIONS_MAX);
    assert_memory_equal(first, top, sizeof top);
}

/* Exact as long as every destination has a slot. */
static void test_exact(void **state) {
    (void)state;
    destinations_reset(destinations);
    for (uint32_t i = 0; i < DESTINATION_SLOTS; i++)
        count(i, 443, STATE_ESTABLISHED, i % 7 + 1);
    count(500, 443, STATE_TIME_WAIT, 100);
    assert_int_equal(destinations_top(destinations, top), DESTINATIONS_MAX);
    assert_int_equal(top[0].ports_in_use, 100 + 500 % 7 + 1);
    for (size_t i = 0; i < DESTINATIONS_MAX; i++)
        assert_int_equal(top[i].error, 0);
}

/* Beyond that: what is counted is never too little, and too much by no more than the stated error, which in
   turn is no more than sockets / slots. */
static void test_sketch(void **state) {
    enum { HEAVY = 5, LIGHT = 20000, PER_HEAVY = 4000 };
    unsigned int total = LIGHT + HEAVY * PER_HEAVY;
    uint32_t light = 0;

    (void)state;
    destinations_reset(destinations);
    for (unsigned int i = 0; i < PER_HEAVY; i++) {
        for (uint32_t heavy = 0; heavy < HEAVY; heavy++)
            count(heavy, 443, STATE_ESTABLISHED, 1);
        for (unsigned int j = 0; j < LIGHT / PER_HEAVY; j++)
            count(1000 + light++, 80, STATE_TIME_WAIT, 1);
    }
    assert_int_equal(destinations_top(destinations, top), DESTINATIONS_MAX);
    for (size_t i = 0; i < HEAVY; i++) {
        check_row("heavy", top[i].remote.port, 443);
        check_row("not too little", top[i].ports_in_use >= PER_HEAVY, true);
        check_row("not too much", top[i].ports_in_use - top[i].error <= PER_HEAVY, true);
        check_row("bounded", top[i].error <= total / DESTINATION_SLOTS, true);
    }
    for (size_t i = HEAVY; i < DESTINATIONS_MAX; i++) {
        check_row("light", top[i].remote.port, 80);
        check_row("light", top[i].ports_in_use - top[i].error, 1);
        check_row("light", top[i].time_wait, 1);
    }
}

/* A newcomer takes the emptiest slot over, and the count with it. */
static void test_takeover(void **state) {
    (void)state;
    destinations_reset(destinations);
    for (uint32_t i = 0; i < DESTINATION_SLOTS; i++)
        count(i, 443, STATE_TIME_WAIT, i == 77 ? 2 : 3);
    count(5000, 443, STATE_CLOSE_WAIT, 10);
    assert_true(destinations_top(destinations, top) > 0);
    assert_int_equal(top[0].ports_in_use, 12);
    assert_int_equal(top[0].error, 2);
    assert_int_equal(top[0].close_wait, 10);
    assert_int_equal(top[0].time_wait, 0);
    count(77, 443, STATE_TIME_WAIT, 20); /* the displaced one is a newcomer itself */
    assert_true(destinations_top(destinations, top) > 0);
    assert_int_equal(top[0].ports_in_use, 23);
    assert_int_equal(top[0].error, 3);
}

static void test_owner(void **state) {
    static const struct {
        const char *name;
        struct {
            uint64_t cgroup, inode;
        } socket[5];
        uint64_t cgroup, inode;
    } rows[] = {
        {"nobody", {{0, 0}}, 0, 0},
        {"one", {{7, 1}}, 7, 1},
        {"the first inode", {{7, 0}, {7, 2}, {7, 3}}, 7, 2},
        {"majority at the end", {{7, 1}, {8, 2}, {8, 3}, {7, 4}, {8, 5}}, 8, 3},
        {"majority at the beginning", {{8, 1}, {8, 2}, {8, 3}, {7, 4}, {7, 5}}, 8, 1},
        {"alternating", {{8, 1}, {7, 2}, {8, 3}, {7, 4}, {8, 5}}, 8, 1},
        {"TIME-WAIT among them has no vote", {{0, 0}, {0, 0}, {0, 0}, {0, 0}, {9, 5}}, 9, 5},
        {"the new leader has none", {{7, 1}, {0, 0}, {8, 0}, {8, 0}, {8, 0}}, 8, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        destinations_reset(destinations);
        for (size_t j = 0; j < ARRAY_SIZE(rows[i].socket); j++) {
            struct diag_socket socket = towards(1, 443, STATE_ESTABLISHED);
            socket.cgroup = rows[i].socket[j].cgroup;
            socket.inode = rows[i].socket[j].inode;
            destinations_count(destinations, &socket);
        }
        assert_int_equal(destinations_top(destinations, top), 1);
        check_row(rows[i].name, top[0].ports_in_use, ARRAY_SIZE(rows[i].socket));
        check_row(rows[i].name, top[0].cgroup, rows[i].cgroup);
        check_row(rows[i].name, top[0].inode, rows[i].inode);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),  cmocka_unit_test(test_states),      cmocka_unit_test(test_key),
        cmocka_unit_test(test_top),    cmocka_unit_test(test_equal_ranks), cmocka_unit_test(test_exact),
        cmocka_unit_test(test_sketch), cmocka_unit_test(test_takeover),    cmocka_unit_test(test_reusable),
        cmocka_unit_test(test_owner),
    };

    return cmocka_run_group_tests(tests, make, release);
}
