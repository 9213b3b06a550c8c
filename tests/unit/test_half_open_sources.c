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

/* Letters are sources, in the order they come in. */
static void test_vote(void **state) {
    static const char *const source[] = {
        "192.0.2.1:1000", "192.0.2.2:1000", "[2001:db8:0:1::1]:1000",
        "[c000:201::]:1000", /* the bytes of the first, as IPv6 */
    };
    static const struct {
        const char *order, *leader;
        uint32_t lead;
    } rows[] = {
        {"", "", 0},
        {"a", "192.0.2.1", 1},
        {"aaaa", "192.0.2.1", 4},
        {"aab", "192.0.2.1", 1},
        {"abb", "192.0.2.2", 1},
        {"bbabb", "192.0.2.2", 3},
        {"abcabcc", "2001:db8:0:1::1", 1},
        {"acccc", "2001:db8:0:1::1", 3},
        {"ddda", "c000:201::", 2},
        {"abababab", "192.0.2.1", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct half_open_sources sources = {0};
        char text[ENDPOINT_TEXT_SIZE];
        for (const char *at = rows[i].order; *at != '\0'; at++) {
            struct endpoint remote = parse(source[*at - 'a']);
            half_open_sources_count(&sources, &remote);
        }
        check_row(rows[i].order, sources.leader_votes, rows[i].lead);
        check_row(rows[i].order, sources.leader.port, 0);
        endpoint_format(&sources.leader, text);
        if (strcmp(text, rows[i].leader) != 0 && rows[i].lead > 0)
            fail_msg("%s: %s, wanted %s", rows[i].order, text, rows[i].leader);
    }
}

/* The addresses of a /64 are one source, of which one is kept whole. */
static void test_prefix(void **state) {
    struct half_open_sources sources = {0};
    char text[ENDPOINT_TEXT_SIZE];

    (void)state;
    for (uint32_t n = 1; n <= 300; n++) {
        struct endpoint remote = parse("[2001:db8:0:1::]:5000");
        memcpy(remote.address + 8, &n, sizeof n);
        half_open_sources_count(&sources, &remote);
    }
    assert_int_equal(half_open_source_count(&sources), 1);
    assert_int_equal(sources.leader_votes, 300);
    endpoint_format(&sources.leader, text);
    assert_int_equal(strncmp(text, "2001:db8:0:1:", 13), 0);
    assert_int_not_equal(sources.leader.address[8], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_vote),
        cmocka_unit_test(test_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
