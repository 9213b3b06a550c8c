/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "destinations.h"
#include "share_tables.h"
#include "state_walk.h"
#include "util.h"

static struct share_tables *tables;
static struct shares found;

static int make(void **state) {
    (void)state;
    tables = share_tables_new();
    return tables ? 0 : -1;
}

static int release(void **state) {
    (void)state;
    tables = share_tables_free(tables);
    return tables ? -1 : 0;
}

static struct diag_socket socket_from(const char *remote, enum tcp_state state) {
    struct diag_socket socket = {.state = state};

    if (endpoint_parse(remote, &socket.remote) < 0)
        fail_msg("%s is no endpoint", remote);
    return socket;
}

static void count(const struct diag_socket *socket, uint16_t port, uint32_t times) {
    for (uint32_t i = 0; i < times; i++)
        share_tables_count(tables, socket, port);
}

static void count_peer(const char *remote, uint16_t port, uint32_t times) {
    struct diag_socket socket = socket_from(remote, STATE_CLOSE_WAIT);

    count(&socket, port, times);
}

static void count_holder(uint64_t cgroup, uint64_t inode, uint16_t port, uint32_t times) {
    struct diag_socket socket = socket_from("192.0.2.1:999", STATE_CLOSE_WAIT);

    socket.cgroup = cgroup;
    socket.inode = inode;
    count(&socket, port, times);
}

static void find(uint16_t port) {
    shares_find(tables, STATE_CLOSE_WAIT, port, &found);
}

static void start(void) {
    share_tables_reset(tables, UINT32_MAX);
}

static void check_peers(const char *name, const struct peer_share *peer, size_t count, const char *wanted) {
    char line[256] = "", text[ENDPOINT_TEXT_SIZE];
    struct text out = text_in(line, sizeof line);

    for (size_t i = 0; i < count; i++) {
        endpoint_format(&peer[i].network, text);
        text_add(&out, "%s%s/%u=%u", i > 0 ? " " : "", text, peer[i].prefix_length, peer[i].sockets);
        check_row(name, peer[i].error, 0);
    }
    if (strcmp(line, wanted) != 0)
        fail_msg("%s: %s, wanted %s", name, line, wanted);
}

static void test_peers(void **state) {
    static const struct {
        const char *name;
        uint16_t port;
        uint32_t sockets;
        const char *address, *network;
    } rows[] = {
        {"one port", 80, 9, "198.51.100.1/32=4 198.51.100.9/32=3 192.0.2.1/32=2",
         "198.51.100.0/24=7 192.0.2.0/24=2"},
        {"another", 443, 17, "2001:db8:0:1::/64=11 192.0.2.1/32=5 198.51.100.1/32=1",
         "2001:db8:0:1::/64=11 192.0.2.0/24=5 198.51.100.0/24=1"},
        {"the host", 0, 32, "2001:db8:0:1::/64=11 192.0.2.1/32=7 203.0.113.7/32=6",
         "2001:db8:0:1::/64=11 198.51.100.0/24=8 192.0.2.0/24=7"},
        {"a port without sockets", 22, 0, "", ""},
    };

    (void)state;
    start();
    count_peer("198.51.100.1:1000", 80, 4);
    count_peer("198.51.100.9:1000", 80, 3);
    count_peer("192.0.2.1:1000", 80, 2);
    count_peer("192.0.2.1:1001", 443, 5);
    count_peer("198.51.100.1:1000", 443, 1);
    count_peer("[2001:db8:0:1::1]:1", 443, 5);
    count_peer("[2001:db8:0:1:ffff::2]:1", 443, 6); /* the same /64 */
    count_peer("203.0.113.7:443", 0, 6);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        find(rows[i].port);
        check_row(rows[i].name, found.sockets, rows[i].sockets);
        check_row(rows[i].name, found.estimate, false);
        check_peers(rows[i].name, found.address, found.address_count, rows[i].address);
        check_peers(rows[i].name, found.network, found.network_count, rows[i].network);
    }
}

static void test_holders(void **state) {
    static const struct {
        const char *name;
        uint16_t port;
        uint64_t cgroup[HOLDERS_MAX], inode[HOLDERS_MAX];
        uint32_t sockets[HOLDERS_MAX];
        size_t count;
    } rows[] = {
        {"one port", 80, {7, 9}, {71, 0}, {12, 4}, 2},
        {"another", 443, {9, 0}, {91, 5}, {10, 1}, 2},
        {"the host", 0, {9, 7, 11, 12}, {91, 71, 0, 0}, {14, 12, 3, 2}, 4},
    };

    (void)state;
    start();
    count_holder(7, 0, 80, 1);
    count_holder(7, 71, 80, 10);
    count_holder(7, 72, 80, 1);
    count_holder(9, 0, 80, 4);
    count_holder(9, 91, 443, 10);
    count_holder(0, 5, 443, 1); /* a kernel that does not tell */
    count_holder(11, 0, 0, 3);
    count_holder(12, 0, 0, 2);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        find(rows[i].port);
        check_row(rows[i].name, found.holder_count, rows[i].count);
        for (size_t j = 0; j < found.holder_count; j++) {
            check_row(rows[i].name, found.holder[j].cgroup, rows[i].cgroup[j]);
            check_row(rows[i].name, found.holder[j].inode, rows[i].inode[j]);
            check_row(rows[i].name, found.holder[j].sockets, rows[i].sockets[j]);
            check_row(rows[i].name, found.holder[j].error, 0);
        }
    }
}

/* Request sockets and minisockets have peers, but carry no cgroup. */
static void test_not_full(void **state) {
    struct diag_socket request = socket_from("192.0.2.1:9", STATE_SYN_RECV);
    struct diag_socket waiting = socket_from("192.0.2.1:9", STATE_TIME_WAIT);

    (void)state;
    start();
    request.request = waiting.minisocket = true;
    count(&request, 80, 3);
    count(&waiting, 80, 4);
    shares_find(tables, STATE_SYN_RECV, 80, &found);
    assert_int_equal(found.sockets, 3);
    assert_int_equal(found.address_count, 1);
    assert_int_equal(found.holder_count, 0);
    shares_find(tables, STATE_TIME_WAIT, 80, &found);
    assert_int_equal(found.sockets, 4);
    assert_int_equal(found.holder_count, 0);
}

/* One state alone is forgotten, with its estimate. */
static void test_reset(void **state) {
    struct diag_socket waiting = socket_from("192.0.2.1:9", STATE_TIME_WAIT);

    (void)state;
    start();
    count(&waiting, 80, 4);
    count_holder(7, 1, 80, 2);
    share_tables_set_estimate(tables, STATE_TIME_WAIT, true);
    share_tables_reset(tables, WALK_STATE_MASK);
    find(0);
    assert_int_equal(found.sockets + found.address_count + found.network_count + found.holder_count, 0);
    shares_find(tables, STATE_TIME_WAIT, 80, &found);
    assert_int_equal(found.sockets, 4);
    assert_true(found.estimate);
    share_tables_reset(tables, 1U << STATE_TIME_WAIT);
    shares_find(tables, STATE_TIME_WAIT, 0, &found);
    assert_int_equal(found.sockets + found.address_count, 0);
    assert_false(found.estimate);
    shares_find(NULL, STATE_TIME_WAIT, 0, &found);
    assert_int_equal(found.sockets + found.address_count, 0);
    count_holder(8, 0, 80, 1); /* the inode of the slot's last holder is not its own */
    find(80);
    assert_int_equal(found.holder[0].inode, 0);
}

/* What the sketch promises, of a crowd with known shares: 30 % from one address, 20 % from one /24, the rest
   from addresses of their own. */
static void test_crowd(void **state) {
    enum { SOCKETS = 300000 };
    struct diag_socket socket = socket_from("10.0.0.0:9", STATE_CLOSE_WAIT);

    (void)state;
    start();
    for (uint32_t i = 0; i < SOCKETS; i++) {
        uint32_t address = i * 2654435761U; /* all different */
        memcpy(socket.remote.address, &address, 4);
        if (i % 10 < 3)
            memcpy(socket.remote.address, (uint8_t[]){203, 0, 113, 5}, 4);
        else if (i % 10 < 5)
            memcpy(socket.remote.address, (uint8_t[]){198, 51, 100, (uint8_t)(i / 10)}, 4);
        socket.cgroup = i % 4 == 0 ? 1000 + i % 3000 : 42;
        count(&socket, i % 2 ? 80 : 443, 1);
    }
    find(0);
    assert_int_equal(found.sockets, SOCKETS);
    check_row("address", found.address[0].network.address[0], 203);
    check_row("address", found.address[0].sockets >= SOCKETS / 10 * 3, true);
    check_row("address", found.address[0].sockets - found.address[0].error <= SOCKETS / 10 * 3, true);
    check_row("address", found.address[0].error <= 2 * SOCKETS / SHARE_PEERS, true); /* by port and by host */
    check_row("network", found.network[1].network.address[0], 198);
    check_row("network", found.network[1].network.address[3], 0);
    check_row("network", found.network[1].sockets >= SOCKETS / 10 * 2, true);
    check_row("network", found.network[1].sockets - found.network[1].error <= SOCKETS / 10 * 2, true);
    check_row("network", found.network[1].error <= 2 * SOCKETS / SHARE_PEERS, true);
    check_row("holder", found.holder[0].cgroup, 42);
    check_row("holder", found.holder[0].sockets >= SOCKETS / 4 * 3, true);
    check_row("holder", found.holder[0].sockets - found.holder[0].error <= SOCKETS / 4 * 3, true);
    check_row("holder", found.holder[0].error <= 2 * SOCKETS / SHARE_HOLDERS, true);
    find(80);
    assert_int_equal(found.sockets, SOCKETS / 2);
    check_row("one port", found.holder[0].sockets - found.holder[0].error <= SOCKETS / 2, true);
}

/* Of the host: ports do not share in the memory of whoever has sockets at all of them. */
static void test_many_ports(void **state) {
    enum { PORTS = 300, SOCKETS = 6000 };

    (void)state;
    start();
    for (uint32_t i = 0; i < SOCKETS; i++) {
        struct diag_socket socket = socket_from("203.0.113.5:9", STATE_CLOSE_WAIT);
        uint32_t address = i * 2654435761U; /* all different */
        if (i % 3 > 0)
            memcpy(socket.remote.address, &address, 4);
        socket.cgroup = 42;
        socket.inode = 7;
        count(&socket, (uint16_t)(9000 + i * 7 % PORTS), 1);
    }
    find(0);
    check_row("unit", found.holder[0].cgroup, 42);
    check_row("unit", found.holder[0].inode, 7);
    check_row("unit", found.holder[0].sockets, SOCKETS);
    check_row("unit", found.holder[0].error, 0);
    check_row("address", found.address[0].network.address[0], 203);
    check_row("address", found.address[0].sockets >= SOCKETS / 3, true);
    check_row("address", found.address[0].sockets - found.address[0].error <= SOCKETS / 3, true);
    check_row("address", found.address[0].error <= 2 * SOCKETS / SHARE_PEERS, true);
}

static unsigned int allocations;

/* AddressSanitizer calls these; not every compiler installs its allocator_interface.h. */
void __sanitizer_malloc_hook(const volatile void *memory, size_t size);
void __sanitizer_free_hook(const volatile void *memory);

void __sanitizer_malloc_hook(const volatile void *memory, size_t size) {
    (void)memory;
    (void)size;
    allocations++;
}

void __sanitizer_free_hook(const volatile void *memory) {
    (void)memory;
}

/* Whatever the number of sockets: counting them and asking for their shares takes no memory. */
static void test_no_allocation(void **state) {
    static struct state_walk walk;
    static const struct config config;
    struct destinations *destinations = destinations_new();
    struct destination top[DESTINATIONS_MAX];
    struct diag_socket socket = {.remote = {.family = ENDPOINT_IPV4}};

    (void)state;
    assert_non_null(destinations);
    assert_int_equal(state_walk_init(&walk), 0);
    state_walk_begin(&walk, &config, 5);
    start();
    assert_true(allocations > 0); /* the hook is one */
    allocations = 0;
    for (uint32_t i = 0; i < 300000; i++) {
        socket.state = i % 2 ? STATE_CLOSE_WAIT : STATE_SYN_SENT;
        socket.cookie = socket.cgroup = socket.inode = i;
        memcpy(socket.remote.address, &i, sizeof i);
        state_walk_count(&walk, &socket);
        share_tables_count(tables, &socket, (uint16_t)i);
        destinations_count(destinations, &socket);
    }
    state_walk_end(&walk);
    destinations_top(destinations, top);
    find(0);
    assert_int_equal(allocations, 0);
    destinations_free(destinations);
    state_walk_release(&walk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers),      cmocka_unit_test(test_holders),
        cmocka_unit_test(test_not_full),   cmocka_unit_test(test_reset),
        cmocka_unit_test(test_crowd),      cmocka_unit_test(test_no_allocation),
        cmocka_unit_test(test_many_ports),
    };

    return cmocka_run_group_tests(tests, make, release);
}
