/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <errno.h>

#include "fixture.h"
#include "state_walk.h"
#include "util.h"

static struct state_walk walk;
static struct config config;

static int make_walk(void **state) {
    (void)state;
    return state_walk_init(&walk);
}

static int release_walk(void **state) {
    (void)state;
    state_walk_release(&walk);
    return 0;
}

static struct endpoint parse(const char *text) {
    struct endpoint endpoint;

    if (endpoint_parse(text, &endpoint) < 0)
        fail_msg("%s is no endpoint", text);
    return endpoint;
}

static void add(const char *local, uint32_t queue, uint32_t backlog, uint64_t inode) {
    const struct listener listener = {.local = parse(local),
                                      .members = 1,
                                      .accept_queue = queue,
                                      .backlog = backlog,
                                      .uid = (uint32_t)inode + 1000,
                                      .cgroup = inode + 5000,
                                      .inode = inode};

    assert_int_equal(state_walk_add_listener(&walk, &listener), 0);
}

static void start(void) {
    walk.listener_count = 0;
    walk.exact_queues = false;
    config.port_count = 0;
}

static struct diag_socket half_open(const char *local, uint8_t retransmits) {
    return (struct diag_socket){.state = STATE_SYN_RECV,
                                .local = parse(local),
                                .remote = parse("198.51.100.1:999"),
                                .request = true,
                                .retransmits = retransmits,
                                .timer = 1};
}

static void test_sorted(void **state) {
    static const char *const order[] = {"10.0.0.1:22", "[::]:22", "0.0.0.0:80", "10.0.0.1:80", "[::1]:443"};
    static const size_t shuffled[] = {3, 0, 4, 2, 1};

    (void)state;
    for (size_t count = 0; count <= ARRAY_SIZE(order); count++) {
        start();
        for (size_t i = 0; i < ARRAY_SIZE(order); i++)
            if (shuffled[i] < count)
                add(order[shuffled[i]], 0, 5, 1);
        state_walk_sort_listeners(&walk, NULL, 0);
        check_row("count", walk.listener_count, count);
        for (size_t i = 0; i < count; i++) {
            struct endpoint wanted = parse(order[i]);
            check_row(order[i], endpoint_equal(&walk.listener[i].local, &wanted), true);
        }
    }
}

/* Many, in an order that is neither. */
static void test_sorted_many(void **state) {
    (void)state;
    start();
    for (uint32_t i = 0; i < LISTENERS_MAX; i++) {
        struct listener one = {.local = {.family = ENDPOINT_IPV4, .port = (uint16_t)(i * 7919 + 1)}};
        assert_int_equal(state_walk_add_listener(&walk, &one), 0);
    }
    const struct listener more = {.local = {.family = ENDPOINT_IPV4, .port = 1}};
    assert_int_equal(state_walk_add_listener(&walk, &more), -ENOSPC);
    assert_int_equal(walk.listener_count, LISTENERS_MAX);
    state_walk_sort_listeners(&walk, NULL, 0);
    assert_int_equal(walk.listener_count, LISTENERS_MAX);
    for (size_t i = 1; i < walk.listener_count; i++)
        assert_true(endpoint_compare(&walk.listener[i - 1].local, &walk.listener[i].local) < 0);
    state_walk_begin(&walk, &config, 5);
    assert_int_equal(walk.port_count, LISTENERS_MAX);
}

static void test_groups(void **state) {
    static const struct {
        const char *name;
        struct {
            uint32_t queue, backlog;
        } member[3]; /* with inodes 1, 2, 3 */
        size_t members;
        uint64_t fullest;
    } rows[] = {
        {"alone", {{3, 8}}, 1, 1},
        {"the first is fuller", {{3, 8}, {2, 8}}, 2, 1},
        {"the second is fuller", {{2, 8}, {3, 8}}, 2, 2},
        {"by share, not by number", {{10, 100}, {5, 8}, {0, 8}}, 3, 2},
        {"equal share, longer queue", {{1, 4}, {2, 8}}, 2, 2},
        {"all equal: the oldest", {{1, 4}, {1, 4}, {1, 4}}, 3, 1},
        {"all empty: the oldest", {{0, 4}, {0, 4}}, 2, 1},
        {"backlog 0 with a waiting one", {{3, 4}, {1, 0}}, 2, 2},
        {"the last of three", {{1, 4}, {2, 4}, {5, 4}}, 3, 3},
        {"large numbers", {{2000000000, 4000000000U}, {2100000000, 4000000000U}}, 2, 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        start();
        add("0.0.0.0:81", 1, 1, 99); /* a neighbour stays on its own */
        for (size_t j = 0; j < rows[i].members; j++)
            add("0.0.0.0:80", rows[i].member[j].queue, rows[i].member[j].backlog, j + 1);
        add("0.0.0.0%2:80", 1, 1, 98); /* bound to a device: another address */
        state_walk_sort_listeners(&walk, NULL, 0);
        check_row(rows[i].name, walk.listener_count, 3);
        const struct listener *group = &walk.listener[0];
        check_row(rows[i].name, group->members, rows[i].members);
        check_row(rows[i].name, group->inode, rows[i].fullest);
        check_row(rows[i].name, group->uid, rows[i].fullest + 1000);
        check_row(rows[i].name, group->cgroup, rows[i].fullest + 5000);
        check_row(rows[i].name, group->accept_queue, rows[i].member[rows[i].fullest - 1].queue);
        check_row(rows[i].name, group->backlog, rows[i].member[rows[i].fullest - 1].backlog);
    }
}

static void test_carried_over(void **state) {
    const struct listener previous[] = {
        {.local = parse("0.0.0.0:22"), .half_open = 1},
        {.local = parse("0.0.0.0:80"), .half_open = 20, .half_open_fresh = 10, .half_open_repeated = 5},
        {.local = parse("[::]:80"), .half_open = 3, .sources = {.seen = {5}}},
        {.local = parse("0.0.0.0:443"), .half_open = 4},
    };
    static const struct {
        const char *local;
        uint32_t half_open;
    } rows[] = {
        {"0.0.0.0:21", 0}, {"0.0.0.0:80", 20}, {"10.0.0.1:80", 0}, {"[::]:80", 3}, {"0.0.0.0:8080", 0},
    };

    (void)state;
    start();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        add(rows[i].local, 0, 5, 1);
    state_walk_sort_listeners(&walk, previous, ARRAY_SIZE(previous));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_row(rows[i].local, walk.listener[i].half_open, rows[i].half_open);
    check_row("fresh", walk.listener[1].half_open_fresh, 10);
    check_row("repeated", walk.listener[1].half_open_repeated, 5);
    check_row("sources", walk.listener[3].sources.seen[0], 5);
    check_row("sources", walk.listener[3].sources.seen[0], 5);
    /* A walk begins at 0; done again on the sorted table, sorting brings the previous counts back. */
    state_walk_begin(&walk, &config, 5);
    check_row("begun", walk.listener[1].half_open, 0);
    check_row("begun", walk.listener[3].sources.seen[0], 0);
    state_walk_sort_listeners(&walk, previous, ARRAY_SIZE(previous));
    check_row("again", walk.listener[1].half_open, 20);
    check_row("again", walk.listener[1].members, 1);
    state_walk_sort_listeners(&walk, NULL, 0);
    check_row("forgotten", walk.listener[1].half_open, 0);
}

static void test_ports_laid_out(void **state) {
    static const struct {
        const char *name;
        uint16_t listeners[4], rules[4], ports[8];
        size_t listener_count, rule_count, port_count;
        uint64_t ruled; /* a bit for each of ports */
    } rows[] = {
        {"none", {0}, {0}, {0}, 0, 0, 0, 0},
        {"listeners", {22, 80}, {0}, {22, 80}, 2, 0, 2, 0},
        {"rules", {0}, {22, 80}, {22, 80}, 0, 2, 2, 3},
        {"merged", {22, 443}, {80, 8080}, {22, 80, 443, 8080}, 2, 2, 4, 2 + 8},
        {"the same", {22, 80}, {22, 80}, {22, 80}, 2, 2, 2, 3},
        {"two listeners on one port", {22, 22, 80}, {22}, {22, 80}, 3, 1, 2, 1},
        {"rule above all", {22}, {65535}, {22, 65535}, 1, 1, 2, 2},
        {"rule below all", {22}, {1}, {1, 22}, 1, 1, 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        start();
        for (size_t j = 0; j < rows[i].listener_count; j++) {
            struct listener one = {.local = {.family = ENDPOINT_IPV4, .port = rows[i].listeners[j]}};
            one.local.address[3] = (uint8_t)j;
            assert_int_equal(state_walk_add_listener(&walk, &one), 0);
        }
        state_walk_sort_listeners(&walk, NULL, 0);
        config.port_count = rows[i].rule_count;
        for (size_t j = 0; j < rows[i].rule_count; j++)
            config.port[j] = (struct port_rule){
                .port = rows[i].rules[j],
                .overrides = {[CONDITION_SYN_RECV] = true, [CONDITION_LAST_ACK] = true},
            };
        state_walk_begin(&walk, &config, 5);
        check_row(rows[i].name, walk.port_count, rows[i].port_count);
        for (size_t j = 0; j < walk.port_count; j++)
            check_row(rows[i].name, walk.port[j].port, rows[i].ports[j]);
        for (size_t j = 0; j < walk.port_count; j++)
            check_row(rows[i].name, walk.port[j].ruled_states,
                      (rows[i].ruled >> j & 1)
                          << STATE_LAST_ACK); /* of half-opens every listener is judged */
    }
}

static void test_half_open_owner(void **state) {
    static const char *const listeners[] = {
        "10.0.0.1:80", "0.0.0.0:80", "[::]:80",       "0.0.0.0%3:80", "[2001:db8::1]:80", "[::]:81",
        "0.0.0.0:82",  "[::]:82",    "10.0.0.1%3:83", "[fe80::1]:84", "[::]:84",          "[::%3]:85",
    };
    static const struct {
        const char *name, *local, *owner;
    } rows[] = {
        {"its own address", "10.0.0.1:80", "10.0.0.1:80"},
        {"IPv4 wildcard", "10.0.0.2:80", "0.0.0.0:80"},
        {"IPv4 wildcard on the device", "10.0.0.2%3:80", "0.0.0.0%3:80"},
        {"IPv4 wildcard on another device", "10.0.0.2%4:80", "0.0.0.0:80"},
        {"own address before the device's wildcard", "10.0.0.1%3:80", "10.0.0.1:80"},
        {"IPv6 address", "[2001:db8::1]:80", "[2001:db8::1]:80"},
        {"IPv6 wildcard", "[2001:db8::2]:80", "[::]:80"},
        {"IPv6 does not go to IPv4", "[2001:db8::2]:82", "[::]:82"},
        {"dual stack", "10.0.0.2:81", "[::]:81"},
        {"IPv4 wildcard before dual stack", "10.0.0.2:82", "0.0.0.0:82"},
        {"bound to the device", "10.0.0.1%3:83", "10.0.0.1%3:83"},
        {"bound to another device", "10.0.0.1%4:83", NULL},
        {"link-local, listener on any device", "[fe80::1%2]:84", "[fe80::1]:84"},
        {"link-local wildcard", "[fe80::2%2]:84", "[::]:84"},
        {"dual stack on the device", "10.0.0.1%3:85", "[::%3]:85"},
        {"no such port", "10.0.0.1:86", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        start();
        for (size_t j = 0; j < ARRAY_SIZE(listeners); j++)
            add(listeners[j], 0, 5, 1);
        state_walk_sort_listeners(&walk, NULL, 0);
        state_walk_begin(&walk, &config, 5);
        struct diag_socket socket = half_open(rows[i].local, 0);
        state_walk_count(&walk, &socket);
        struct endpoint wanted = parse(rows[i].owner ? rows[i].owner : "");
        for (size_t j = 0; j < walk.listener_count; j++) {
            bool owner = rows[i].owner && endpoint_equal(&walk.listener[j].local, &wanted);
            check_row(rows[i].name, walk.listener[j].half_open, owner);
            check_row(rows[i].name, half_open_source_count(&walk.listener[j].sources), owner);
        }
        check_row(rows[i].name, walk.state[STATE_SYN_RECV], 1);
        check_row(rows[i].name, walk.full_sockets, 0);
    }
}

static void test_half_open_retries(void **state) {
    static const struct {
        const char *name;
        uint32_t synack_retries;
        uint8_t retransmits;
        uint32_t fresh, repeated;
    } rows[] = {
        {"never sent again", 5, 0, 1, 0},    {"sent again", 5, 1, 0, 0},
        {"as often as allowed", 5, 5, 0, 0}, {"more often than allowed", 5, 6, 0, 1},
        {"no retries allowed", 0, 1, 0, 1},  {"allowance unknown", UINT32_MAX, 255, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        start();
        add("0.0.0.0:80", 0, 5, 1);
        state_walk_begin(&walk, &config, rows[i].synack_retries);
        struct diag_socket socket = half_open("10.0.0.1:80", rows[i].retransmits);
        state_walk_count(&walk, &socket);
        check_row(rows[i].name, walk.listener[0].half_open, 1);
        check_row(rows[i].name, walk.listener[0].half_open_fresh, rows[i].fresh);
        check_row(rows[i].name, walk.listener[0].half_open_repeated, rows[i].repeated);
    }
}

#define DETAIL(member) offsetof(struct walk_detail, member)
#define NO_DETAIL      sizeof(struct walk_detail)

/* Each socket moves at most one of the details, of the host and of its port; a minisocket one more. */
static void test_details(void **state) {
    static const struct {
        const char *name;
        enum tcp_state state;
        uint64_t inode;
        uint8_t timer, retransmits;
        bool minisocket;
        size_t detail;
        uint32_t full;
    } rows[] = {
        {"simultaneous open", STATE_SYN_RECV, 9, 1, 0, false, DETAIL(syn_recv_simultaneous), 1},
        {"Fast Open child", STATE_SYN_RECV, 0, 1, 0, false, NO_DETAIL, 1},
        {"SYN-SENT", STATE_SYN_SENT, 9, 1, 0, false, NO_DETAIL, 1},
        {"SYN-SENT again", STATE_SYN_SENT, 9, 1, 1, false, DETAIL(syn_sent_retransmitted), 1},
        {"FIN-WAIT-1", STATE_FIN_WAIT_1, 9, 1, 0, false, NO_DETAIL, 1},
        {"FIN-WAIT-1 again", STATE_FIN_WAIT_1, 9, 1, 1, false, DETAIL(fin_wait_1_retransmitted), 1},
        {"FIN-WAIT-1 zero window", STATE_FIN_WAIT_1, 9, 4, 0, false, DETAIL(fin_wait_1_zero_window), 1},
        {"FIN-WAIT-1 orphan", STATE_FIN_WAIT_1, 0, 1, 0, false, DETAIL(fin_wait_1_orphan), 1},
        {"FIN-WAIT-2 minisocket", STATE_FIN_WAIT_2, 0, 3, 0, true, DETAIL(fin_wait_2_orphan), 0},
        {"FIN-WAIT-2 orphan", STATE_FIN_WAIT_2, 0, 2, 0, false, DETAIL(fin_wait_2_orphan), 1},
        {"FIN-WAIT-2 held", STATE_FIN_WAIT_2, 9, 0, 0, false, DETAIL(fin_wait_2_held), 1},
        {"FIN-WAIT-2 held with keepalive", STATE_FIN_WAIT_2, 9, 2, 0, false, DETAIL(fin_wait_2_held), 1},
        {"CLOSE-WAIT held", STATE_CLOSE_WAIT, 9, 0, 0, false, NO_DETAIL, 1},
        {"CLOSE-WAIT not accepted", STATE_CLOSE_WAIT, 0, 0, 0, false, DETAIL(close_wait_unaccepted), 1},
        {"LAST-ACK", STATE_LAST_ACK, 0, 1, 0, false, NO_DETAIL, 1},
        {"LAST-ACK again", STATE_LAST_ACK, 0, 1, 3, false, DETAIL(last_ack_retransmitted), 1},
        {"CLOSING", STATE_CLOSING, 0, 1, 3, false, NO_DETAIL, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct diag_socket socket = {.state = rows[i].state,
                                     .local = parse("10.0.0.1:80"),
                                     .inode = rows[i].inode,
                                     .timer = rows[i].timer,
                                     .retransmits = rows[i].retransmits,
                                     .minisocket = rows[i].minisocket};
        uint32_t details[sizeof(struct walk_detail) / sizeof(uint32_t)];
        start();
        add("0.0.0.0:80", 0, 5, 1);
        state_walk_begin(&walk, &config, 5);
        state_walk_count(&walk, &socket);
        memcpy(details, &walk.detail, sizeof details);
        for (size_t j = 0; j < ARRAY_SIZE(details); j++)
            check_row(rows[i].name, details[j],
                      j * sizeof(uint32_t) == rows[i].detail ||
                          (rows[i].minisocket && j * sizeof(uint32_t) == DETAIL(fin_wait_2_minisocket)));
        for (int s = 0; s < STATE_COUNT; s++) {
            check_row(rows[i].name, walk.state[s], s == (int)rows[i].state);
            check_row(rows[i].name, walk.port[0].state[s], s == (int)rows[i].state);
        }
        check_row(rows[i].name, walk.full_sockets, rows[i].full);
        walk.detail.fin_wait_2_minisocket = 0;
        check_row(rows[i].name, memcmp(&walk.port[0].detail, &walk.detail, sizeof walk.detail), 0);
        check_row(rows[i].name, walk.listener[0].half_open, 0);
    }
}

static void test_foreign_port(void **state) {
    struct diag_socket socket = {.state = STATE_CLOSE_WAIT, .local = parse("10.0.0.1:40000")};

    (void)state;
    start();
    add("0.0.0.0:80", 0, 5, 1);
    state_walk_begin(&walk, &config, 5);
    state_walk_count(&walk, &socket);
    assert_int_equal(walk.state[STATE_CLOSE_WAIT], 1);
    assert_int_equal(walk.port_count, 1);
    assert_int_equal(walk.port[0].state[STATE_CLOSE_WAIT], 0);
}

static void count(const struct diag_socket *socket, void *context) {
    (void)context;
    state_walk_count(&walk, socket);
}

static void file_listener(const struct diag_socket *socket, void *context) {
    const struct listener listener = {.local = socket->local,
                                      .members = 1,
                                      .accept_queue = socket->receive_queue,
                                      .backlog = socket->send_queue};

    (void)context;
    assert_int_equal(state_walk_add_listener(&walk, &listener), 0);
}

static void replay(const char *name, diag_callback callback) {
    static _Alignas(8) char bytes[65536], datagram[32768];
    size_t total = read_fixture(name, bytes, sizeof bytes);
    uint32_t length;

    for (size_t at = 0; at < total; at += length) {
        memcpy(&length, bytes + at, sizeof length);
        at += sizeof length;
        memcpy(datagram, bytes + at, length);
        assert_true(sock_diag_parse(datagram, length, 0x5359, callback, NULL) >= 0);
    }
}

/* The recorded sockets, held against what tests/tools/record_diag.c makes. */
static void test_recording(void **state) {
    static const struct {
        const char *local;
        uint32_t members, queue, backlog, half_open;
    } rows[] = {
        {"127.0.0.1:8001", 1, 0, 16, 0}, {"[::]:8002", 1, 0, 16, 0},     {"[::1]:8003", 1, 0, 16, 0},
        {"127.0.0.1:8004", 2, 1, 8, 0},  {"127.0.0.1:8005", 1, 1, 0, 0}, {"[::]:8006", 1, 0, 16, 4},
    };

    (void)state;
    start();
    replay("diag_listen.bin", file_listener);
    state_walk_sort_listeners(&walk, NULL, 0);
    state_walk_begin(&walk, &config, 5);
    replay("diag_walk.bin", count);
    check_row("listeners", walk.listener_count, ARRAY_SIZE(rows));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct endpoint local = parse(rows[i].local);
        check_row(rows[i].local, endpoint_equal(&walk.listener[i].local, &local), true);
        check_row(rows[i].local, walk.listener[i].members, rows[i].members);
        check_row(rows[i].local, walk.listener[i].accept_queue, rows[i].queue);
        check_row(rows[i].local, walk.listener[i].backlog, rows[i].backlog);
        check_row(rows[i].local, walk.listener[i].half_open, rows[i].half_open);
    }
    const struct walk_detail *detail = &walk.detail;
    check_row("simultaneous", detail->syn_recv_simultaneous, 0);
    check_row("retransmitted SYNs", detail->syn_sent_retransmitted, 2);
    check_row("zero window", detail->fin_wait_1_zero_window, 2);
    check_row("FIN-WAIT-1 orphan", detail->fin_wait_1_orphan, 1);
    check_row("FIN-WAIT-2 minisockets", detail->fin_wait_2_minisocket, 2);
    check_row("FIN-WAIT-2 orphan", detail->fin_wait_2_orphan, 1 + 2);
    check_row("FIN-WAIT-2 held", detail->fin_wait_2_held, 3);
    check_row("not accepted", detail->close_wait_unaccepted, 1);
    check_row("full sockets", walk.full_sockets, 20 - 4 - 2);
    check_row("port 8001", walk.port[0].state[STATE_CLOSE_WAIT], 2);
    check_row("port 8004", walk.port[3].detail.close_wait_unaccepted, 1);
}

static void check_figure(const char *name, struct figure got, struct figure wanted) {
    check_row(name, got.status, wanted.status);
    check_row(name, figure_or(got, 0), figure_or(wanted, 0));
}

#define KNOWN(v)                                                                                             \
    { (v), FIGURE_KNOWN }
#define UNKNOWN                                                                                              \
    { 0, FIGURE_UNKNOWN }

static void test_figures(void **state) {
    static const struct {
        const char *name;
        bool walked;
        struct figure inuse, inuse6, time_wait, listening;
        uint32_t full, minisockets;
        struct figure established, waiting;
    } rows[] = {
        {"all known", true, KNOWN(10), KNOWN(4), KNOWN(7), KNOWN(3), 2, 5, KNOWN(9), KNOWN(2)},
        {"nothing", true, KNOWN(0), KNOWN(0), KNOWN(0), KNOWN(0), 0, 0, KNOWN(0), KNOWN(0)},
        {"the walk came later", true, KNOWN(1), KNOWN(0), KNOWN(1), KNOWN(1), 5, 5, KNOWN(0), KNOWN(0)},
        {"no walk", false, KNOWN(10), KNOWN(4), KNOWN(7), KNOWN(3), 2, 5, UNKNOWN, UNKNOWN},
        {"no sockstat6", true, KNOWN(10), UNKNOWN, KNOWN(7), KNOWN(3), 2, 5, UNKNOWN, KNOWN(2)},
        {"no sockstat", true, UNKNOWN, KNOWN(4), UNKNOWN, KNOWN(3), 2, 5, UNKNOWN, UNKNOWN},
        {"no listeners", true, KNOWN(10), KNOWN(4), KNOWN(7), UNKNOWN, 2, 5, UNKNOWN, KNOWN(2)},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = {0};
        start();
        state_walk_begin(&walk, &config, 5);
        walk.full_sockets = rows[i].full;
        walk.detail.fin_wait_2_minisocket = rows[i].minisockets;
        walk.state[STATE_CLOSE_WAIT] = 6;
        sample.gauge[GAUGE_INUSE] = rows[i].inuse;
        sample.gauge[GAUGE_INUSE6] = rows[i].inuse6;
        sample.gauge[GAUGE_TIME_WAIT] = rows[i].time_wait;
        state_walk_figures(rows[i].walked ? &walk : NULL, rows[i].listening, &sample);
        check_figure(rows[i].name, sample.state[STATE_LISTEN], rows[i].listening);
        check_figure(rows[i].name, sample.state[STATE_ESTABLISHED], rows[i].established);
        check_figure(rows[i].name, sample.state[STATE_TIME_WAIT], rows[i].waiting);
        check_figure(rows[i].name, sample.state[STATE_CLOSE_WAIT],
                     rows[i].walked ? FIGURE_OF(6) : FIGURE_NONE);
        check_figure(rows[i].name, sample.state[STATE_CLOSING], rows[i].walked ? FIGURE_OF(0) : FIGURE_NONE);
        check_figure(rows[i].name, sample.state[STATE_CLOSED], FIGURE_MISSING);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_sorted_many),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_carried_over),
        cmocka_unit_test(test_ports_laid_out),
        cmocka_unit_test(test_half_open_owner),
        cmocka_unit_test(test_half_open_retries),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_foreign_port),
        cmocka_unit_test(test_recording),
        cmocka_unit_test(test_figures),
    };

    return cmocka_run_group_tests(tests, make_walk, release_walk);
}
