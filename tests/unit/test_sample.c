/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "sample.h"
#include "util.h"

static struct sample sample;

#define KNOWN(v)                                                                                             \
    { (v), FIGURE_KNOWN }
#define UNKNOWN                                                                                              \
    { 0, FIGURE_UNKNOWN }
#define ABSENT                                                                                               \
    { 0, FIGURE_ABSENT }

static void test_ephemeral_ports(void **state) {
    static const struct {
        const char *name;
        struct figure low, high, reserved, ports;
    } rows[] = {
        {"defaults", KNOWN(32768), KNOWN(60999), KNOWN(0), KNOWN(28232)},
        {"some reserved", KNOWN(1024), KNOWN(65535), KNOWN(12), KNOWN(64500)},
        {"one port", KNOWN(5000), KNOWN(5000), KNOWN(0), KNOWN(1)},
        {"all reserved", KNOWN(5000), KNOWN(5001), KNOWN(2), KNOWN(0)},
        {"no reserved ports on this kernel", KNOWN(5000), KNOWN(5001), ABSENT, KNOWN(2)},
        {"reserved unreadable", KNOWN(5000), KNOWN(5001), UNKNOWN, UNKNOWN},
        {"low unreadable", UNKNOWN, KNOWN(5001), KNOWN(0), UNKNOWN},
        {"high unreadable", KNOWN(5000), UNKNOWN, KNOWN(0), UNKNOWN},
        {"upside down", KNOWN(5001), KNOWN(5000), KNOWN(0), UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        sample.knob[KNOB_PORT_RANGE_LOW].value = rows[i].low;
        sample.knob[KNOB_PORT_RANGE_HIGH].value = rows[i].high;
        sample.knob[KNOB_PORTS_RESERVED].value = rows[i].reserved;
        struct figure ports = sample_ephemeral_ports(&sample);
        check_row(rows[i].name, ports.status, rows[i].ports.status);
        check_row(rows[i].name, figure_or(ports, 0), rows[i].ports.value);
    }
}

/* As many bits as that many sources set on average: 256 (1 - (255/256)^n). */
static void test_half_open_source_count(void **state) {
    static const struct {
        const char *name;
        unsigned int bits, low, high;
    } rows[] = {
        {"none", 0, 0, 0},         {"one", 1, 1, 1},
        {"two", 2, 2, 2},          {"10", 10, 10, 11},
        {"50", 45, 48, 52},        {"200", 139, 190, 210},
        {"600", 231, 560, 640},    {"one bit left", 255, 1200, 1400},
        {"full", 256, 1500, 1700},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct half_open_sources sources = {0};
        for (unsigned int bit = 0; bit < rows[i].bits; bit++)
            sources.seen[bit / 64] |= 1ULL << (bit % 64);
        uint32_t count = half_open_source_count(&sources);
        if (count < rows[i].low || count > rows[i].high)
            fail_msg("%s: %u, wanted %u to %u", rows[i].name, count, rows[i].low, rows[i].high);
    }
}

static void test_rate(void **state) {
    (void)state;
    sample.increase[COUNTER_SYNCOOKIES_SENT] = FIGURE_OF(100);
    sample.span_usec = 2000000;
    assert_int_equal(figure_or(sample_rate(&sample, COUNTER_SYNCOOKIES_SENT), 0), 50);
    sample.span_usec = 0;
    assert_false(figure_known(sample_rate(&sample, COUNTER_SYNCOOKIES_SENT)));
}

/* Every size up to 9, every element and every gap. */
static void test_find_port(void **state) {
    struct port_figures ports[9];

    (void)state;
    for (uint16_t i = 0; i < ARRAY_SIZE(ports); i++)
        ports[i] = (struct port_figures){.port = (uint16_t)(10 * i + 10)};
    sample.port = ports;
    for (size_t count = 0; count <= ARRAY_SIZE(ports); count++) {
        sample.port_count = count;
        for (uint16_t port = 0; port < 110; port++) {
            const struct port_figures *found = sample_find_port(&sample, port);
            bool wanted = port % 10 == 0 && port >= 10 && port <= count * 10;
            if (wanted ? found != &ports[port / 10 - 1] : found != NULL)
                fail_msg("port %u of %zu", port, count);
        }
    }
}

static void test_find_listener(void **state) {
    static const char *const texts[] = {"0.0.0.0:22", "[::]:22", "127.0.0.1:80", "127.0.0.1%2:80",
                                        "[::1]:80"};
    struct listener listeners[ARRAY_SIZE(texts)] = {0};
    struct endpoint other;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_int_equal(endpoint_parse(texts[i], &listeners[i].local), 0);
    sample.listener = listeners;
    for (sample.listener_count = 0; sample.listener_count <= ARRAY_SIZE(texts); sample.listener_count++)
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
            assert_ptr_equal(sample_find_listener(&sample, &listeners[i].local),
                             i < sample.listener_count ? &listeners[i] : NULL);
    sample.listener_count = ARRAY_SIZE(texts);
    assert_int_equal(endpoint_parse("127.0.0.1%3:80", &other), 0);
    assert_null(sample_find_listener(&sample, &other));
}

static void test_kernel_at_least(void **state) {
    static const struct {
        struct kernel_version kernel;
        uint32_t major, minor;
        bool wanted;
    } rows[] = {
        {{6, 18}, 6, 18, true}, {{6, 18}, 6, 19, false}, {{6, 18}, 4, 19, true}, {{4, 4}, 4, 4, true},
        {{4, 3}, 4, 4, false},  {{3, 10}, 4, 0, false},  {{10, 0}, 6, 18, true}, {{0, 0}, 0, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(kernel_at_least(rows[i].kernel, rows[i].major, rows[i].minor), rows[i].wanted);
}

static void test_names(void **state) {
    (void)state;
    for (int i = 0; i < KNOB_COUNT; i++) {
        assert_non_null(knob_name((enum knob)i));
        assert_int_equal(strncmp(knob_name((enum knob)i), "net.", 4), 0);
    }
    for (int i = 0; i < SOURCE_COUNT; i++)
        assert_non_null(source_name((enum source)i));
    assert_string_equal(knob_name(KNOB_TCP_SYNCOOKIES), "net.ipv4.tcp_syncookies");
    assert_string_equal(knob_name(KNOB_CONNTRACK_MAX), "net.netfilter.nf_conntrack_max");
    assert_string_equal(source_name(SOURCE_NETSTAT), "/proc/net/netstat");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ephemeral_ports),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_find_port),
        cmocka_unit_test(test_find_listener),
        cmocka_unit_test(test_kernel_at_least),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_half_open_source_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
