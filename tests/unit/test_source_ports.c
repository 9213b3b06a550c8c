/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "source_ports.h"
#include "util.h"

static struct source_port_table table;
static struct source_ports top[SOURCE_PORTS_MAX];

static void count(const char *address, uint16_t first, uint16_t ports, unsigned int times) {
    struct endpoint local;

    if (endpoint_parse(address, &local) < 0)
        fail_msg("%s is no address", address);
    local.ifindex = 3;
    for (unsigned int i = 0; i < ports * times; i++) {
        local.port = (uint16_t)(first + i % ports);
        source_ports_count(&table, &local);
    }
}

static void check_source(const char *address, const struct source_ports *source, uint32_t sockets,
                         uint32_t ports) {
    char text[ENDPOINT_TEXT_SIZE];

    endpoint_format(&source->local, text);
    if (strcmp(text, address) != 0)
        fail_msg("%s, wanted %s", text, address);
    check_row(address, source->sockets, sockets);
    check_row(address, source->ports, ports);
}

static void test_counts(void **state) {
    (void)state;
    source_ports_reset(&table);
    assert_int_equal(source_ports_top(&table, top), 0);
    count("10.0.0.1", 40000, 100, 3);
    count("10.0.0.1", 40050, 100, 1);
    count("2001:db8::1", 0, 65535, 1);
    count("2001:db8::1", 65535, 1, 2);
    count("10.0.0.2", 40000, 151, 1);
    count("::ffff:10.0.0.2", 40000, 151, 1); /* mapped is IPv4 */
    assert_int_equal(source_ports_top(&table, top), 3);
    check_source("2001:db8::1", &top[0], 65537, 65536);
    check_source("10.0.0.2", &top[1], 302, 151);
    check_source("10.0.0.1", &top[2], 400, 150);
}

/* What an address held before is not held by the one that has its place next. */
static void test_reset(void **state) {
    (void)state;
    source_ports_reset(&table);
    count("10.0.0.1", 1000, 5000, 1);
    source_ports_reset(&table);
    count("10.0.0.2", 5000, 2000, 1);
    assert_int_equal(source_ports_top(&table, top), 1);
    check_source("10.0.0.2", &top[0], 2000, 2000);
}

/* The first eight; the fullest of them first, equals by address. */
static void test_many(void **state) {
    (void)state;
    source_ports_reset(&table);
    for (unsigned int i = 1; i <= 12; i++) {
        char address[32];
        snprintf(address, sizeof address, "10.0.0.%u", i);
        count(address, 40000, i < 3 ? 5 : (uint16_t)(10 * i), 1);
    }
    assert_int_equal(source_ports_top(&table, top), SOURCE_PORTS_MAX);
    check_source("10.0.0.8", &top[0], 80, 80);
    check_source("10.0.0.3", &top[5], 30, 30);
    check_source("10.0.0.1", &top[6], 5, 5);
    check_source("10.0.0.2", &top[7], 5, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
