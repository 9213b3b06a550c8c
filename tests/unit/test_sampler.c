/* SPDX-License-Identifier: MIT */
/* The sampler on a /proc of the test's own for the files, and on sockets in a network namespace of its own.
 */
#include "tree.h"

#include "listener_record.h"
#include "netns_case.h"
#include "sampler.h"
#include "util.h"

static struct tree tree;
static struct config config;

static const char netstat_names[] =
    "TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops TCPTimeWaitOverflow "
    "TCPReqQFullDoCookies TCPReqQFullDrop\n";

static int make_config(void **state) {
    (void)state;
    config = (struct config){
        .interval_usec = USEC_PER_SEC, .cpu_budget_permyriad = 100, .walk_max_age_usec = 30 * USEC_PER_SEC};
    config.rule[CONDITION_PORTS] =
        (struct threshold_rule){true, {8000, UNIT_PERMYRIAD}, {9500, UNIT_PERMYRIAD}, 10, 0, 0};
    return 0;
}

static void write_netstat(unsigned int cookies) {
    char text[512];

    snprintf(text, sizeof text, "%sTcpExt: %u 2 3 4 5 6 7\n", netstat_names, cookies);
    tree_write(&tree, "self/net/netstat", text);
}

static int make_tree(void **state) {
    tree_make(&tree);
    tree_write(&tree, "self/net/snmp", "Tcp: MaxConn ActiveOpens PassiveOpens AttemptFails\nTcp: -1 1 2 3\n");
    write_netstat(1000);
    tree_write(&tree, "self/net/sockstat", "TCP: inuse 5 orphan 1 tw 2 alloc 9 mem 3\n");
    tree_write(&tree, "self/net/sockstat6", "TCP6: inuse 4\n");
    tree_write(&tree, "sys/net/ipv6/x", "");
    tree_write(&tree, "sys/net/core/somaxconn", "4096\n");
    tree_write(&tree, "sys/net/ipv4/tcp_fin_timeout", "60\n");
    tree_write(&tree, "sys/net/ipv4/ip_local_port_range", "32768 60999\n");
    tree_write(&tree, "sys/kernel/osrelease", "5.10.0-33-amd64\n");
    return make_config(state);
}

static int remove_tree(void **state) {
    (void)state;
    tree_remove(&tree);
    return 0;
}

static void check_figure(const char *name, struct figure figure, enum figure_status status, uint64_t value) {
    check_row(name, figure.status, status);
    if (status == FIGURE_KNOWN)
        check_row(name, figure.value, value);
}

static void check_source(const struct sample *sample, enum source source, uint32_t failed_ticks,
                         bool degraded, const char *reason) {
    check_row(source_name(source), sample->source[source].failed_ticks, failed_ticks);
    check_row(source_name(source), sample->source[source].degraded, degraded);
    if (strcmp(sample->source[source].reason, reason) != 0)
        fail_msg("%s: \"%s\", wanted \"%s\"", source_name(source), sample->source[source].reason, reason);
}

static void test_files(void **state) {
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new(tree.root, NULL);

    (void)state;
    assert_non_null(sampler);
    const struct sample *sample = sampler_take(sampler, &config, false);
    assert_true(kernel_at_least(sample->kernel, 5, 10) && !kernel_at_least(sample->kernel, 5, 11));
    check_row("first span", sample->span_usec, 0);
    check_figure("first increase", sample->increase[COUNTER_SYNCOOKIES_SENT], FIGURE_UNKNOWN, 0);
    check_figure("opens", sample->counter[COUNTER_PASSIVE_OPENS], FIGURE_KNOWN, 2);
    check_figure("inuse", sample->gauge[GAUGE_INUSE], FIGURE_KNOWN, 5);
    check_figure("inuse6", sample->gauge[GAUGE_INUSE6], FIGURE_KNOWN, 4);
    check_figure("conntrack", sample->gauge[GAUGE_CONNTRACK], FIGURE_ABSENT, 0);
    check_figure("knob", sample->knob[KNOB_SOMAXCONN].value, FIGURE_KNOWN, 4096);
    assert_true(sampler_info(sampler)->ipv6);
    assert_null(sample->reserved_ports);

    uint64_t taken = sample->taken_usec;
    write_netstat(1250);
    sample = sampler_take(sampler, &config, false);
    check_row("span", sample->span_usec, sample->taken_usec - taken);
    check_figure("increase", sample->increase[COUNTER_SYNCOOKIES_SENT], FIGURE_KNOWN, 250);
    check_figure("recent", sample->recent_increase[COUNTER_SYNCOOKIES_SENT], FIGURE_KNOWN, 250);
    write_netstat(3); /* a reset is not an increase, and is over at the next tick */
    sample = sampler_take(sampler, &config, false);
    check_figure("reset", sample->increase[COUNTER_SYNCOOKIES_SENT], FIGURE_UNKNOWN, 0);
    write_netstat(8);
    sample = sampler_take(sampler, &config, false);
    check_figure("after the reset", sample->increase[COUNTER_SYNCOOKIES_SENT], FIGURE_KNOWN, 5);
    assert_int_equal(sampler_info(sampler)->ticks, 4);
}

/* Each kind of failure: its reason, degraded at the third, sound again after three good ones. */
static void test_failing_files(void **state) {
    static char large[20000];
    static const struct {
        const char *name, *path, *text, *good;
        enum source source;
        const char *reason;
    } rows[] = {
        {"netstat missing", "self/net/netstat", NULL, NULL, SOURCE_NETSTAT,
         "netstat: No such file or directory"},
        {"netstat empty", "self/net/netstat", "", NULL, SOURCE_NETSTAT, "netstat: no line \"TcpExt: \""},
        {"netstat too large", "self/net/netstat", large, NULL, SOURCE_NETSTAT, "netstat: File too large"},
        {"a column missing", "self/net/snmp", "Tcp: ActiveOpens PassiveOpens\nTcp: 1 2\n",
         "Tcp: ActiveOpens PassiveOpens AttemptFails\nTcp: 1 2 3\n", SOURCE_SNMP,
         "snmp: no column AttemptFails"},
        {"sockstat cut", "self/net/sockstat", "TCP: inu", "TCP: inuse 5 orphan 1 tw 2 alloc 9 mem 3\n",
         SOURCE_SOCKSTAT, "sockstat: no whole line \"TCP: \""},
        {"sockstat6 missing, with IPv6", "self/net/sockstat6", NULL, "TCP6: inuse 4\n", SOURCE_SOCKSTAT6,
         "sockstat6: No such file or directory"},
        {"a sysctl that is no number", "sys/net/ipv4/tcp_fin_timeout", "abc\n", "60\n", SOURCE_SYSCTL,
         "net.ipv4.tcp_fin_timeout: \"abc\" is not a number"},
    };

    (void)state;
    memset(large, 'x', sizeof large - 1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        /* Failing from the start: what is already open stays readable when its name goes. */
        tree_write(&tree, rows[i].path, rows[i].text);
        CLEANUP_SAMPLER struct sampler *sampler = sampler_new(tree.root, NULL);
        for (uint32_t tick = 1; tick <= 4; tick++)
            check_source(sampler_take(sampler, &config, false), rows[i].source, tick, tick >= 3,
                         rows[i].reason);
        if (rows[i].good)
            tree_write(&tree, rows[i].path, rows[i].good);
        else
            write_netstat(1000);
        for (uint32_t tick = 1; tick <= 4; tick++)
            check_source(sampler_take(sampler, &config, false), rows[i].source, 0, tick < 3, rows[i].reason);
    }
}

static void test_unknown_is_not_zero(void **state) {
    CLEANUP_SAMPLER struct sampler *sampler = NULL;

    (void)state;
    tree_write(&tree, "self/net/sockstat", NULL);
    tree_write(&tree, "self/net/sockstat6", NULL);
    tree_write(&tree, "self/net/netstat", NULL);
    sampler = sampler_new(tree.root, NULL);
    sampler_take(sampler, &config, false);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_figure("inuse", sample->gauge[GAUGE_INUSE], FIGURE_UNKNOWN, 0);
    check_figure("inuse6", sample->gauge[GAUGE_INUSE6], FIGURE_UNKNOWN, 0);
    check_figure("tw", sample->gauge[GAUGE_TIME_WAIT], FIGURE_UNKNOWN, 0);
    check_figure("ESTABLISHED", sample->state[STATE_ESTABLISHED], FIGURE_UNKNOWN, 0);
    check_figure("TIME-WAIT", sample->state[STATE_TIME_WAIT], FIGURE_UNKNOWN, 0);
    check_figure("cookies", sample->counter[COUNTER_SYNCOOKIES_SENT], FIGURE_UNKNOWN, 0);
    check_figure("evidence", sample->counter[COUNTER_TIMEOUTS], FIGURE_UNKNOWN, 0);
    check_figure("cookies", sample->increase[COUNTER_SYNCOOKIES_SENT], FIGURE_UNKNOWN, 0);
    check_figure("snmp is there", sample->counter[COUNTER_PASSIVE_OPENS], FIGURE_KNOWN, 2);
}

static void test_no_ipv6(void **state) {
    CLEANUP_SAMPLER struct sampler *sampler = NULL;
    char path[512];

    (void)state;
    tree_write(&tree, "self/net/sockstat6", NULL);
    tree_write(&tree, "sys/net/ipv6/x", NULL);
    tree_path(&tree, "sys/net/ipv6", path);
    assert_int_equal(rmdir(path), 0);
    sampler = sampler_new(tree.root, NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_figure("inuse6", sample->gauge[GAUGE_INUSE6], FIGURE_KNOWN, 0);
    check_source(sample, SOURCE_SOCKSTAT6, 0, false, "");
    assert_false(sampler_info(sampler)->ipv6);
    tree_write(&tree, "sys/net/ipv6/x", ""); /* the module comes, but not its file */
    check_source(sampler_take(sampler, &config, false), SOURCE_SOCKSTAT6, 1, false,
                 "sockstat6: No such file or directory");
}

/* Nothing of /proc there at all: unknown, and found when it comes. */
static void test_no_proc(void **state) {
    char root[512];

    (void)state;
    tree_path(&tree, "elsewhere", root);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new(root, NULL);
    assert_non_null(sampler);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_source(sample, SOURCE_SNMP, 1, false, "snmp: No such file or directory");
    check_source(sample, SOURCE_SYSCTL, 1, false, "/proc/sys/net: No such file or directory");
    check_figure("knob", sample->knob[KNOB_SOMAXCONN].value, FIGURE_UNKNOWN, 0);
    assert_true(sample->kernel.major > 2); /* uname() knows */
    tree_write(&tree, "elsewhere/self/net/snmp", "Tcp: ActiveOpens PassiveOpens AttemptFails\nTcp: 1 2 3\n");
    sample = sampler_take(sampler, &config, false);
    check_source(sample, SOURCE_SNMP, 0, false, "snmp: No such file or directory");
    check_figure("opens", sample->counter[COUNTER_PASSIVE_OPENS], FIGURE_KNOWN, 2);
}

static void test_conntrack(void **state) {
    static const struct {
        const char *name, *text;
        enum figure_status status;
        uint64_t value;
    } rows[] = {
        {"no conntrack", NULL, FIGURE_ABSENT, 0}, {"some", "123\n", FIGURE_KNOWN, 123},
        {"more", "124\n", FIGURE_KNOWN, 124},     {"not a number", "x\n", FIGURE_UNKNOWN, 0},
        {"empty", "", FIGURE_UNKNOWN, 0},
    };
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new(tree.root, NULL);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        tree_write(&tree, "sys/net/netfilter/nf_conntrack_count", rows[i].text);
        const struct sample *sample = sampler_take(sampler, &config, false);
        check_figure(rows[i].name, sample->gauge[GAUGE_CONNTRACK], rows[i].status, rows[i].value);
    }
}

static void test_kernel_versions(void **state) {
    static const struct {
        const char *release;
        uint32_t major, minor;
    } rows[] = {
        {"6.18.44\n", 6, 18}, {"3.10.0-1160.el7.x86_64\n", 3, 10},
        {"4.4-rc1\n", 4, 4},  {"4.19\n", 4, 19},
        {"6\n", 0, 0},        {"x.y\n", 0, 0},
        {"6.x\n", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        tree_write(&tree, "sys/kernel/osrelease", rows[i].release);
        CLEANUP_SAMPLER struct sampler *sampler = sampler_new(tree.root, NULL);
        const struct sample *sample = sampler_take(sampler, &config, false);
        check_row(rows[i].release, sample->kernel.major, rows[i].major);
        check_row(rows[i].release, sample->kernel.minor, rows[i].minor);
    }
}

/* Every 10 s, which a test does not wait for, and at a breach. */
static void test_knobs_at_breach(void **state) {
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new(tree.root, NULL);

    (void)state;
    const struct sample *sample = sampler_take(sampler, &config, false);
    tree_write(&tree, "sys/net/core/somaxconn", "128\n");
    sample = sampler_take(sampler, &config, false);
    check_figure("not yet", sample->knob[KNOB_SOMAXCONN].value, FIGURE_KNOWN, 4096);
    sample = sampler_take(sampler, &config, true);
    check_figure("at a breach", sample->knob[KNOB_SOMAXCONN].value, FIGURE_KNOWN, 128);
}

/* From here on: sockets in a namespace of the test's own. */

static int enter_namespace(void **state) {
    make_config(state);
    return netns_setup(state);
}

static void check_state(const struct sample *sample, enum tcp_state tcp_state, uint64_t value) {
    check_figure(tcp_state_name(tcp_state), sample->state[tcp_state], FIGURE_KNOWN, value);
}

static void test_states(void **state) {
    (void)state;
    need_root();
    config.cpu_budget_permyriad = PERMYRIAD; /* the second walk comes as soon as it is asked for */
    struct service service = serve(8001, 16);
    connect_some(&service, 8001, 6);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    assert_true(sample->walked);
    check_row("half-open age", sample->half_open_usec, sample->walked_usec);
    check_state(sample, STATE_LISTEN, 1);
    check_state(sample, STATE_ESTABLISHED, 12);
    check_state(sample, STATE_CLOSE_WAIT, 0);
    check_state(sample, STATE_TIME_WAIT, 0);

    for (size_t i = 0; i < 3; i++) { /* FIN-WAIT-2 minisockets; CLOSE-WAIT */
        close(service.client[i]);
        service.client[i] = -1;
    }
    shutdown(service.client[3], SHUT_WR); /* FIN-WAIT-2 held; CLOSE-WAIT */
    close(service.client[4]);             /* TIME-WAIT */
    close(service.server[4]);
    service.client[4] = service.server[4] = -1;
    usleep(100000); /* the delayed ACKs of the FINs */
    sample = sampler_take(sampler, &config, false);
    check_state(sample, STATE_CLOSE_WAIT, 4);
    check_state(sample, STATE_FIN_WAIT_2, 4);
    check_state(sample, STATE_ESTABLISHED, 2);
    check_figure("tw", sample->gauge[GAUGE_TIME_WAIT], FIGURE_KNOWN, 4);
    check_state(sample, STATE_TIME_WAIT, 1);
    check_row("minisockets", sample->detail.fin_wait_2_minisocket, 3);
    const struct port_figures *port = sample_find_port(sample, 8001);
    assert_non_null(port);
    check_row("port", port->state[STATE_CLOSE_WAIT], 4);
    for (int source = 0; source < SOURCE_COUNT; source++)
        check_source(sample, (enum source)source, 0, false, "");
    end(&service);
}

/* Some good records, and then what is none: the listeners are those of the dump, and no more. */
static void test_broken_iterator(void **state) {
    struct listener_record record = {.family = AF_INET, .port = 9};
    char path[512];

    (void)state;
    need_root();
    tree_make(&tree);
    tree_path(&tree, "queues", path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fwrite(&record, sizeof record, 1, file);
    fwrite(&record, sizeof record / 2, 1, file);
    fclose(file);
    struct service service = serve(8001, 16);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", path);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_row("listeners", sample->listener_count, 1);
    check_state(sample, STATE_LISTEN, 1);
    assert_false(sampler_info(sampler)->queues->exact);
    assert_non_null(strstr(sampler_info(sampler)->queues->reason, "Bad message"));
    end(&service);
    tree_remove(&tree);
}

static void test_accept_queue(void **state) {
    struct sockaddr_in address = loopback(8002);
    int client[3];

    (void)state;
    need_root();
    struct service service = serve(8002, 5);
    for (size_t i = 0; i < ARRAY_SIZE(client); i++) {
        client[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(client[i], (const struct sockaddr *)&address, sizeof address), 0);
    }
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    assert_true(sample->listeners_known);
    assert_int_equal(sample->listener_count, 1);
    check_row("accept queue", sample->listener[0].accept_queue, 3);
    check_row("backlog", sample->listener[0].backlog, 5);
    for (size_t i = 0; i < ARRAY_SIZE(client); i++)
        close(client[i]);
    end(&service);
}

/* Without a budget only the first tick walks; its figures stand, and the listeners are fresh all the same. */
static void test_no_budget(void **state) {
    (void)state;
    need_root();
    config.cpu_budget_permyriad = 0;
    struct service service = serve(8003, 5);
    connect_some(&service, 8003, 2);
    close(service.client[0]);
    service.client[0] = -1;
    usleep(100000);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    uint64_t walked = sample->walked_usec;
    assert_true(sample->walked);
    check_state(sample, STATE_CLOSE_WAIT, 1);
    close(service.server[0]);
    service.server[0] = -1;
    struct service other = serve(8004, 5);
    sample = sampler_take(sampler, &config, false);
    assert_false(sample->walked);
    check_row("walked", sample->walked_usec, walked);
    check_state(sample, STATE_CLOSE_WAIT, 1);
    check_state(sample, STATE_LISTEN, 2);
    assert_int_equal(sampler_info(sampler)->walks, 1);
    assert_false(sampler_info(sampler)->walk_overdue);
    config.walk_max_age_usec = 1;
    sample = sampler_take(sampler, &config, false);
    assert_false(sample->walked);
    assert_true(sampler_info(sampler)->walk_overdue);
    assert_true(sampler_info(sampler)->walk_wait_usec > 0);
    config.cpu_budget_permyriad = 10000;
    config.walk_max_age_usec = 0; /* old at once, and the bucket begins to fill */
    for (int tries = 0; !sample->walked && tries < 100; tries++) {
        usleep(50000);
        sample = sampler_take(sampler, &config, false);
    }
    assert_true(sample->walked);
    assert_false(sampler_info(sampler)->walk_overdue);
    check_state(sample, STATE_CLOSE_WAIT, 0);
    end(&service);
    end(&other);
}

static void write_range(const char *range) {
    int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, range, strlen(range)) < 0)
        fail_msg("ip_local_port_range: %s", strerror(errno));
    close(fd);
}

static void test_destinations(void **state) {
    (void)state;
    need_root();
    write_range("40000 40099");
    struct service service = serve(8005, 100);
    /* The sockets of this one are inbound, though its port is in the range. */
    struct service within = serve(40050, 5);
    connect_some(&service, 8005, 39); /* 78 sockets: under 80 */
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_row("not needed", sample->destinations_usec, 0);
    check_row("not needed", sample->destination_count, 0);
    check_row("not needed", sample->source_ports_count, 0);

    connect_some(&service, 8005, 46);
    close(service.client[0]); /* CLOSE-WAIT of the server, which is inbound */
    close(service.server[1]); /* CLOSE-WAIT of the client */
    service.client[0] = service.server[1] = -1;
    connect_some(&within, 40050, 3);
    usleep(100000);
    sample = sampler_take(sampler, &config, false);
    assert_true(sample->destinations_usec > 0);
    check_row("destinations", sample->destination_count, 2);
    check_row("second", sample->destination[1].remote.port, 40050);
    check_row("second", sample->destination[1].ports_in_use, 3);
    check_row("ports", sample->destination[0].ports_in_use, 85);
    check_row("CLOSE-WAIT", sample->destination[0].close_wait, 1);
    check_row("remote", sample->destination[0].remote.port, 8005);
    check_row("error", sample->destination[0].error, 0);
    check_row("sources", sample->source_ports_count, 1);
    check_row("sockets", sample->source_ports[0].sockets, 88);
    /* The kernel may have given the second destination ports that the first has, too. */
    check_row("ports", sample->source_ports[0].ports >= 85 && sample->source_ports[0].ports <= 88, true);

    uint64_t counted = sample->destinations_usec;
    config.rule[CONDITION_PORTS].enabled = false;
    sample = sampler_take(sampler, &config, false);
    check_row("switched off", sample->destination_count, 0);
    check_row("switched off", sample->source_ports_count, 0);
    check_row("as of now", sample->destinations_usec > counted, true);
    end(&service);
    end(&within);
    write_range("32768 60999");
}

/* Everything that this kernel is asked for is there. */
static void test_real_files(void **state) {
    (void)state;
    need_root();
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    for (int i = 0; i < COUNTER_COUNT; i++)
        if (sample->counter[i].status == FIGURE_UNKNOWN)
            fail_msg("counter %d is unknown", i);
    check_figure("ports", sample_ephemeral_ports(sample), FIGURE_KNOWN, 28232);
    assert_true(sampler_info(sampler)->one_pass);
    assert_non_null(sample->reserved_ports);
    assert_int_not_equal(sample->knob[KNOB_TCP_EHASH_ENTRIES].value.status, FIGURE_UNKNOWN);
    assert_true(sample->kernel.major >= 3);
}

#define IN_TREE(test)  cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)
#define IN_NETNS(test) cmocka_unit_test_setup(test, enter_namespace)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_TREE(test_files),
        IN_TREE(test_failing_files),
        IN_TREE(test_unknown_is_not_zero),
        IN_TREE(test_no_ipv6),
        IN_TREE(test_no_proc),
        IN_TREE(test_conntrack),
        IN_TREE(test_kernel_versions),
        IN_TREE(test_knobs_at_breach),
        IN_NETNS(test_states),
        IN_NETNS(test_broken_iterator),
        IN_NETNS(test_accept_queue),
        IN_NETNS(test_no_budget),
        IN_NETNS(test_destinations),
        IN_NETNS(test_real_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
