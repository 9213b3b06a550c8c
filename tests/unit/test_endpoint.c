/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <arpa/inet.h>
#include <errno.h>

#include "decimal.h"
#include "endpoint.h"
#include "util.h"

static void test_format_and_parse(void **state) {
    static const struct {
        const char *name;
        int family;
        const char *address;
        uint16_t port;
        uint32_t ifindex;
        const char *text;
    } rows[] = {
        {"IPv4", AF_INET, "192.0.2.1", 80, 0, "192.0.2.1:80"},
        {"IPv4 without port", AF_INET, "192.0.2.1", 0, 0, "192.0.2.1"},
        {"IPv4 on a device", AF_INET, "0.0.0.0", 80, 7, "0.0.0.0%7:80"},
        {"IPv4 on a device without port", AF_INET, "10.0.0.1", 0, 7, "10.0.0.1%7"},
        {"IPv6", AF_INET6, "2001:db8::1", 443, 0, "[2001:db8::1]:443"},
        {"IPv6 without port", AF_INET6, "2001:db8::1", 0, 0, "2001:db8::1"},
        {"IPv6 any", AF_INET6, "::", 65535, 0, "[::]:65535"},
        {"IPv6 on a device", AF_INET6, "fe80::1", 22, 2, "[fe80::1%2]:22"},
        {"IPv6 on a device without port", AF_INET6, "fe80::1", 0, 2, "fe80::1%2"},
        {"mapped is IPv4", AF_INET6, "::ffff:198.51.100.7", 25, 0, "198.51.100.7:25"},
        {"mapped any is IPv4", AF_INET6, "::ffff:0.0.0.0", 25, 0, "0.0.0.0:25"},
        {"not quite mapped", AF_INET6, "::fffe:198.51.100.7", 25, 0, "[::fffe:c633:6407]:25"},
        {"the longest", AF_INET6, "2001:db8:1111:2222:3333:4444:5555:6666", 65535, UINT32_MAX,
         "[2001:db8:1111:2222:3333:4444:5555:6666%4294967295]:65535"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct endpoint made, parsed;
        uint8_t address[16];
        char text[ENDPOINT_TEXT_SIZE];
        check_row(rows[i].name, inet_pton(rows[i].family, rows[i].address, address), 1);
        memset(&made, 0xAA, sizeof made);
        endpoint_set(&made, rows[i].family, address, rows[i].port);
        made.ifindex = rows[i].ifindex;
        endpoint_format(&made, text);
        if (strcmp(text, rows[i].text) != 0)
            fail_msg("%s: %s, wanted %s", rows[i].name, text, rows[i].text);
        memset(&parsed, 0xAA, sizeof parsed);
        check_row(rows[i].name, endpoint_parse(text, &parsed), 0);
        check_row(rows[i].name, endpoint_equal(&made, &parsed), true);
        check_row(rows[i].name, memcmp(&made, &parsed, sizeof made), 0);
    }
}

static void test_none(void **state) {
    struct endpoint none = {.port = 80}, parsed;
    char text[ENDPOINT_TEXT_SIZE] = "x";

    (void)state;
    endpoint_format(&none, text);
    assert_string_equal(text, "");
    assert_int_equal(endpoint_parse("", &parsed), 0);
    assert_int_equal(parsed.family, ENDPOINT_NONE);
}

static void test_parse_errors(void **state) {
    static const char *const rows[] = {
        "x",
        ":",
        ":80",
        "192.0.2.1:",
        "192.0.2.1:0",
        "192.0.2.1:65536",
        "192.0.2.1:-1",
        "192.0.2.1: 80",
        "192.0.2.1:80 ",
        "192.0.2.256:80",
        "192.0.2:80",
        "192.0.2.1%:80",
        "192.0.2.1%0:80",
        "192.0.2.1%4294967296:80",
        "192.0.2.1%eth0:80",
        "[192.0.2.1]:80",
        "[::1",
        "[::1]80",
        "[::1]:",
        "[]:80",
        "[::1]:99999999999999999999999",
        "::1::2",
        "2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct endpoint endpoint = {.port = 7};
        check_row(rows[i], endpoint_parse(rows[i], &endpoint), -EINVAL);
        check_row(rows[i], endpoint.port, 7);
    }
}

static struct endpoint parse(const char *text) {
    struct endpoint endpoint;

    if (endpoint_parse(text, &endpoint) < 0)
        fail_msg("%s is no endpoint", text);
    return endpoint;
}

/* Each row comes before the next. */
static void test_order(void **state) {
    static const char *const rows[] = {
        "192.0.2.9",   "10.0.0.1:80", "10.0.0.1%3:80", "10.0.0.2:80", "192.0.2.9:80",        "[::]:80",
        "[ffff::]:80", "0.0.0.0:81",  "[::]:81",       "0.0.0.0:443", "255.255.255.255:443",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
            struct endpoint a = parse(rows[i]), b = parse(rows[j]);
            int order = endpoint_compare(&a, &b);
            int wanted = i < j ? -1 : i > j;
            if (order != wanted || endpoint_equal(&a, &b) != (i == j))
                fail_msg("%s and %s: %d, wanted %d", rows[i], rows[j], order, wanted);
        }
}

static void test_kinds(void **state) {
    static const struct {
        const char *text;
        bool wildcard, loopback;
    } rows[] = {
        {"", false, false},
        {"0.0.0.0:80", true, false},
        {"[::]:80", true, false},
        {"0.0.0.0%2:80", true, false},
        {"127.0.0.1:80", false, true},
        {"127.255.0.3:80", false, true},
        {"128.0.0.1:80", false, false},
        {"[::1]:80", false, true},
        {"[::2]:80", false, false},
        {"[7f00::]:80", false, false},
        {"0.0.0.1:80", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct endpoint endpoint = parse(rows[i].text);
        check_row(rows[i].text, endpoint_is_wildcard(&endpoint), rows[i].wildcard);
        check_row(rows[i].text, endpoint_is_loopback(&endpoint), rows[i].loopback);
    }
}

static void test_decimal(void **state) {
    static const struct {
        const char *text;
        int result;
        uint64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"007", 0, 7},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", -ERANGE, 1},
        {"99999999999999999999999999", -ERANGE, 1},
        {"", -EINVAL, 1},
        {"-1", -EINVAL, 1},
        {"+1", -EINVAL, 1},
        {" 1", -EINVAL, 1},
        {"1 ", -EINVAL, 1},
        {"0x1", -EINVAL, 1},
        {"99999999999999999999999999x", -EINVAL, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t value = 1;
        check_row(rows[i].text, decimal_parse(rows[i].text, strlen(rows[i].text), &value), rows[i].result);
        check_row(rows[i].text, value, rows[i].value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_and_parse),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_parse_errors),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_decimal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
