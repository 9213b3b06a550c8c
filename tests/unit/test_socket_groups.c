/* SPDX-License-Identifier: MIT */
#include "socket_groups.h"

#include "case.h"
#include "states_view.h"
#include "util.h"

static struct endpoint endpoint(const char *text) {
    struct endpoint parsed = {0};

    if (endpoint_parse(text, &parsed) < 0)
        fail_msg("%s", text);
    return parsed;
}

static void test_keys(void **state) {
    static const struct {
        const char *name;
        enum tcp_state state;
        const char *local, *remote;
        bool listened;
        const char *by_port, *by_peer, *by_family;
    } rows[] = {
        {"incoming", STATE_ESTABLISHED, "192.0.2.1:443", "198.51.100.7:5000", true, ":443 in", "198.51.100.7",
         "IPv4"},
        {"outgoing", STATE_TIME_WAIT, "192.0.2.1:40000", "198.51.100.7:5432", false, "to :5432 out",
         "198.51.100.7", "IPv4"},
        {"IPv6", STATE_CLOSE_WAIT, "[2001:db8::1]:443", "[2001:db8::2]:5000", true, ":443 in", "2001:db8::2",
         "IPv6"},
        {"mapped", STATE_ESTABLISHED, "192.0.2.1:443", "::ffff:198.51.100.7", true, ":443 in", "198.51.100.7",
         "IPv4"},
        {"listener", STATE_LISTEN, "[::]:443", "::", true, ":443 in", "(listening)", "IPv6"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct diag_socket socket = {
            .state = rows[i].state, .local = endpoint(rows[i].local), .remote = endpoint(rows[i].remote)};
        const struct {
            enum states_by by;
            struct group_key key;
            const char *wanted;
        } keys[] = {
            {STATES_BY_PORT, group_key_by_port(&socket, rows[i].listened), rows[i].by_port},
            {STATES_BY_PEER, group_key_by_peer(&socket), rows[i].by_peer},
            {STATES_BY_FAMILY, group_key_by_family(&socket), rows[i].by_family},
        };
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
            char text[64];
            states_view_key(keys[k].by, &keys[k].key, NULL, text, sizeof text);
            if (strcmp(text, keys[k].wanted) != 0)
                fail_msg("%s: \"%s\", not \"%s\"", rows[i].name, text, keys[k].wanted);
        }
    }
}

/* The ports and interfaces of a peer, and a bound device, are no part of the key. */
static void test_one_peer(void **state) {
    struct diag_socket one = {.remote = endpoint("198.51.100.7:1")},
                       two = {.remote = endpoint("198.51.100.7:2")};

    (void)state;
    two.remote.ifindex = 3;
    const struct group_key a = group_key_by_peer(&one), b = group_key_by_peer(&two);
    assert_memory_equal(&a, &b, sizeof a);
}

static void count_many(struct socket_groups *groups, uint32_t number, uint32_t sockets) {
    const struct group_key key = {.number = number};

    for (uint32_t i = 0; i < sockets; i++)
        socket_groups_count(groups, &key, i % 2 ? STATE_TIME_WAIT : STATE_ESTABLISHED);
}

static void test_sorted(void **state) {
    static const struct {
        uint32_t number, sockets;
    } counted[] = {{80, 5}, {443, 9}, {22, 1}, {25, 5}, {443, 2}},
      wanted[] = {{443, 11}, {25, 5}, {80, 5}, {22, 1}};
    CLEANUP_GROUPS struct socket_groups *groups = socket_groups_new(10);
    size_t count;

    (void)state;
    assert_non_null(groups);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
            count_many(groups, counted[i].number, counted[i].sockets);
        const struct socket_group *group = socket_groups_sort(groups, &count);
        assert_int_equal(count, ARRAY_SIZE(wanted));
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(group[i].key.number, wanted[i].number);
            assert_int_equal(group[i].total, wanted[i].sockets);
        }
        assert_int_equal(group[0].state[STATE_ESTABLISHED], 6);
        assert_int_equal(group[0].state[STATE_TIME_WAIT], 5);
        assert_int_equal(socket_groups_sum(groups).total, 22);
        assert_int_equal(socket_groups_others(groups)->total, 0);
        socket_groups_clear(groups);
        assert_int_equal(socket_groups_sum(groups).total, 0);
    }
}

/* No key is lost while the table grows, and none beyond its bound makes it grow. */
static void test_bounded(void **state) {
    enum { MOST = 5000, KEYS = 7000 };
    CLEANUP_GROUPS struct socket_groups *groups = socket_groups_new(MOST);
    size_t count;

    (void)state;
    assert_non_null(groups);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t key = 0; key < KEYS; key++)
            count_many(groups, key, 2);
    struct socket_group sum = socket_groups_sum(groups);
    assert_int_equal(sum.total, 4 * KEYS);
    assert_int_equal(sum.state[STATE_TIME_WAIT], 2 * KEYS);
    assert_int_equal(socket_groups_others(groups)->total, 4 * (KEYS - MOST));
    const struct socket_group *group = socket_groups_sort(groups, &count);
    assert_int_equal(count, MOST);
    for (uint32_t i = 0; i < MOST; i++) {
        assert_int_equal(group[i].key.number, i);
        assert_int_equal(group[i].total, 4);
    }
    socket_groups_clear(groups);
    assert_int_equal(socket_groups_sum(groups).total, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_one_peer),
        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
