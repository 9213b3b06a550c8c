/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "half_open_sources.h"
#include "util.h"

static struct endpoint parse(const char *text) {
    struct endpoint endpoint;

    if (endpoint_parse(text, &endpoint) < 0)
        fail_msg("%s is no endpoint", text);
    return endpoint;
}

/* The n-th address of a block: neighbours, as a botnet's or a test's are. */
static struct endpoint nth_address(bool ipv6, uint32_t n) {
    struct endpoint endpoint = parse(ipv6 ? "[2001:db8::1]:1024" : "10.0.0.0:1024");

    for (size_t i = 0; i < 3; i++)
        endpoint.address[(ipv6 ? 7 : 3) - i] = (uint8_t)(n >> (8 * i));
    return endpoint;
}

static void test_number(void **state) {
    static const struct {
        const char *name;
        uint32_t sources, times, low, high;
    } rows[] = {
        {"none", 0, 1, 0, 0},         {"one", 1, 1, 1, 1},
        {"one, often", 1, 500, 1, 1}, {"ten", 10, 3, 9, 11},
        {"200", 200, 2, 170, 230},    {"so many that every bit is set", 60000, 1, 1500, 1700},
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
        struct half_open_sources sources = {0};
        uint32_t sockets = rows[i / 2].sources * rows[i / 2].times;
        for (uint32_t n = 0; n < sockets; n++) {
            struct endpoint remote = nth_address(i % 2, n % rows[i / 2].sources);
            remote.port = (uint16_t)n;
            half_open_sources_count(&sources, &remote);
        }
        uint32_t count = half_open_source_count(&sources);
        if (count < rows[i / 2].low || count > rows[i / 2].high)
            fail_msg("%s, IPv%d: %u", rows[i / 2].name, i % 2 ? 6 : 4, count);
    }
}

/* The addresses of a /64 are one source. */
static void test_prefix(void **state) {
    struct half_open_sources sources = {0};

    (void)state;
    for (uint32_t n = 1; n <= 300; n++) {
        struct endpoint remote = parse("[2001:db8:0:1::]:5000");
        memcpy(remote.address + 8, &n, sizeof n);
        half_open_sources_count(&sources, &remote);
    }
    assert_int_equal(half_open_source_count(&sources), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
