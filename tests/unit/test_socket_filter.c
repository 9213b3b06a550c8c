/* SPDX-License-Identifier: MIT */
#include "socket_filter.h"

#include <errno.h>

#include "case.h"
#include "util.h"

static struct endpoint endpoint(const char *text) {
    struct endpoint parsed = {0};

    if (endpoint_parse(text, &parsed) < 0)
        fail_msg("%s", text);
    return parsed;
}

static void test_peer_parse(void **state) {
    static const struct {
        const char *text;
        int result;
        const char *address;
        unsigned int prefix;
    } rows[] = {
        {"192.0.2.1", 0, "192.0.2.1", 32},
        {"192.0.2.77/24", 0, "192.0.2.0", 24},
        {"192.0.2.77/25", 0, "192.0.2.0", 25},
        {"192.0.2.129/25", 0, "192.0.2.128", 25},
        {"0.0.0.0/0", 0, "0.0.0.0", 0},
        {"2001:db8::1", 0, "2001:db8::1", 128},
        {"2001:db8:ffff::1/33", 0, "2001:db8:8000::", 33},
        {"::ffff:192.0.2.77", 0, "192.0.2.77", 32},
        {"::ffff:192.0.2.77/120", 0, "192.0.2.0", 24},
        {"::ffff:192.0.2.77/24", -EINVAL, "", 0},
        {"192.0.2.1/33", -EINVAL, "", 0},
        {"2001:db8::/129", -EINVAL, "", 0},
        {"192.0.2.1/", -EINVAL, "", 0},
        {"192.0.2.1/x", -EINVAL, "", 0},
        {"192.0.2.1:80", -EINVAL, "", 0},
        {"192.0.2.1%2", -EINVAL, "", 0},
        {"192.0.2", -EINVAL, "", 0},
        {"", -EINVAL, "", 0},
        {"/8", -EINVAL, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct peer_network network = {0};
        char address[ENDPOINT_TEXT_SIZE] = "";
        if (peer_network_parse(rows[i].text, &network) != rows[i].result)
            fail_msg("\"%s\": result", rows[i].text);
        endpoint_format(&network.address, address);
        if (strcmp(address, rows[i].address) != 0)
            fail_msg("\"%s\": %s", rows[i].text, address);
        check_row(rows[i].text, network.prefix, rows[i].prefix);
    }
}

static void test_match(void **state) {
    static const struct {
        const char *name;
        uint16_t port;
        uint32_t states;
        const char *peer;
        enum tcp_state state;
        const char *local, *remote;
        bool wanted;
    } rows[] = {
        {"nothing asked", 0, 0, NULL, STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.2:999", true},
        {"local port", 80, 0, NULL, STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.2:999", true},
        {"remote port", 999, 0, NULL, STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.2:999", true},
        {"another port", 81, 0, NULL, STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.2:999", false},
        {"one of the states", 0, 1U << STATE_LISTEN | 1U << STATE_CLOSING, NULL, STATE_CLOSING, "10.0.0.1:80",
         "10.0.0.2:999", true},
        {"none of the states", 0, 1U << STATE_LISTEN | 1U << STATE_CLOSING, NULL, STATE_CLOSE_WAIT,
         "10.0.0.1:80", "10.0.0.2:999", false},
        {"in the network", 0, 0, "10.0.0.0/30", STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.3:999", true},
        {"behind the network", 0, 0, "10.0.0.0/30", STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.4:999", false},
        {"every IPv4 peer", 0, 0, "0.0.0.0/0", STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.4:999", true},
        {"IPv6 is not IPv4", 0, 0, "0.0.0.0/0", STATE_ESTABLISHED, "[::1]:80", "[::1]:999", false},
        {"IPv6 network", 0, 0, "2001:db8::/32", STATE_ESTABLISHED, "[::1]:80", "[2001:db8:f::1]:999", true},
        {"other IPv6 network", 0, 0, "2001:db8::/32", STATE_ESTABLISHED, "[::1]:80", "[2001:db9::1]:9",
         false},
        {"the local address is no peer", 0, 0, "10.0.0.1", STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.2:9",
         false},
        {"a listener has no peer", 0, 0, "0.0.0.0/0", STATE_LISTEN, "10.0.0.1:80", "0.0.0.0", false},
        {"a listener by port", 80, 0, NULL, STATE_LISTEN, "10.0.0.1:80", "0.0.0.0", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct socket_filter filter = {.port = rows[i].port, .state_mask = rows[i].states};
        const struct diag_socket socket = {
            .state = rows[i].state, .local = endpoint(rows[i].local), .remote = endpoint(rows[i].remote)};
        if (rows[i].peer)
            assert_int_equal(peer_network_parse(rows[i].peer, &filter.peer), 0);
        check_row(rows[i].name, socket_filter_match(&filter, &socket), rows[i].wanted);
        bool empty = rows[i].port == 0 && rows[i].states == 0 && !rows[i].peer;
        check_row(rows[i].name, socket_filter_is_empty(&filter), empty);
    }
}

static void test_unit(void **state) {
    static const struct {
        const char *pattern, *unit;
        bool wanted;
    } rows[] = {
        {NULL, "", true},
        {NULL, "nginx.service", true},
        {"nginx", "nginx.service", true},
        {"nginx.service", "nginx.service", true},
        {"nginx", "nginx.socket", false},
        {"nginx", "nginx2.service", false},
        {"ngin", "nginx.service", false},
        {"php*", "php8.2-fpm.service", true},
        {"*fpm", "php8.2-fpm.service", true},
        {"docker/*", "docker/0123456789ab", true},
        {"web@?", "web@1.service", true},
        {"web@?", "web@12.service", false},
        {"*", "", true},
        {"x", "", false},
        {"", ".service", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct socket_filter filter = {.unit = rows[i].pattern};
        if (socket_filter_match_unit(&filter, rows[i].unit) != rows[i].wanted)
            fail_msg("\"%s\" and \"%s\"", rows[i].pattern ? rows[i].pattern : "(none)", rows[i].unit);
        check_row(rows[i].unit, socket_filter_is_empty(&filter), rows[i].pattern == NULL);
    }
}

/* What the options write is what the filter reads; a state may be given several times. */
static void test_options(void **state) {
    struct socket_filter filter = {0};
    struct verb_option option[SOCKET_FILTER_OPTIONS];
    static const struct {
        const char *name, *text;
        int result;
    } rows[] = {
        {"port", "443", 0},        {"port", "0", -EINVAL},       {"state", "close-wait", 0},
        {"state", "TIME_WAIT", 0}, {"state", "closed", -EINVAL}, {"peer", "192.0.2.0/24", 0},
        {"peer", "host", -EINVAL}, {"unit", "ssh", 0},           {"unit", "", -EINVAL},
    };

    (void)state;
    socket_filter_options(&filter, option);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t at = 0;
        while (strcmp(option[at].name, rows[i].name) != 0)
            assert_true(++at < SOCKET_FILTER_OPTIONS);
        assert_non_null(option[at].allowed);
        if (option[at].parse(rows[i].text, option[at].target) != rows[i].result)
            fail_msg("--%s \"%s\"", rows[i].name, rows[i].text);
    }
    assert_int_equal(filter.port, 443);
    assert_int_equal(filter.state_mask, 1U << STATE_CLOSE_WAIT | 1U << STATE_TIME_WAIT);
    assert_int_equal(filter.peer.prefix, 24);
    assert_string_equal(filter.unit, "ssh");
    struct diag_request request = socket_filter_request(&filter);
    assert_int_equal(request.state_mask, filter.state_mask);
    assert_int_equal(request.either_port, 443);
    request = socket_filter_request(&(struct socket_filter){0});
    for (int i = STATE_ESTABLISHED; i < STATE_COUNT; i++)
        assert_true(request.state_mask & 1U << i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_parse),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
