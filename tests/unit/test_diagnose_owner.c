/* SPDX-License-Identifier: MIT */
/* Whose a finding is: which shares it asks for, and who of them is named. */
#include "case.h"

#include "diagnose_parts.h"
#include "util.h"

#define HOST     0
#define NGINX    4711
#define BACKUP   4712
#define LISTENER 99

/* What the tables hold: sockets of a state, by port or of the host. */
static struct {
    enum tcp_state state;
    uint16_t port;
    struct shares shares;
} table[4];

void __wrap_shares_find(const struct share_tables *tables, enum tcp_state state, uint16_t port,
                        struct shares *shares);

void __wrap_shares_find(const struct share_tables *tables, enum tcp_state state, uint16_t port,
                        struct shares *shares) {
    (void)tables;
    *shares = (struct shares){0};
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].shares.sockets > 0 && table[i].state == state && table[i].port == port)
            *shares = table[i].shares;
}

uint32_t __wrap_shares_sockets(const struct share_tables *tables, enum tcp_state state, uint16_t port);

uint32_t __wrap_shares_sockets(const struct share_tables *tables, enum tcp_state state, uint16_t port) {
    struct shares shares;

    __wrap_shares_find(tables, state, port, &shares);
    return shares.sockets;
}

static struct shares held(uint32_t counted, uint32_t nginx, uint32_t backup) {
    struct shares shares = {.sockets = counted, .holder_count = 2};

    shares.holder[0] = (struct holder){.cgroup = NGINX, .inode = 1, .sockets = nginx};
    shares.holder[1] = (struct holder){.cgroup = BACKUP, .inode = 2, .sockets = backup};
    return shares;
}

static struct shares nobody(uint32_t counted) {
    return (struct shares){.sockets = counted};
}

static void set_table(size_t index, enum tcp_state state, uint16_t port, struct shares shares) {
    table[index].state = state;
    table[index].port = port;
    table[index].shares = shares;
}

/* A host with one listener on port 8080, whose port has @p on_port of the sockets in @p state, all of them
 * its own. */
static struct finding diagnose_one(enum condition condition, struct scope scope, uint32_t on_port,
                                   uint32_t unaccepted) {
    static struct finding findings[FINDINGS_MAX];
    struct listener listener = listener_on(8080, 128);
    struct port_figures port = {.port = 8080};
    struct sample sample = quiet_sample();
    enum tcp_state state = condition_info(condition)->state;
    struct breach breach = {
        .condition = condition, .severity = SEVERITY_WARNING, .scope = scope, .value = 200, .threshold = 100};

    listener.cgroup = LISTENER;
    listener.inode = 9;
    sample.listener = &listener;
    sample.listener_count = 1;
    sample.port = &port;
    sample.port_count = 1;
    port.state[state] = on_port;
    listener.half_open = listener.half_open_walked = on_port;
    port.detail.close_wait_unaccepted = unaccepted;
    sample.state[state] = FIGURE_OF(200);
    sample.syn_sent = (struct destination){.cgroup = BACKUP, .inode = 3, .ports_in_use = 150};
    sample.close_wait_median_usec = 90 * USEC_PER_SEC;
    if (condition == CONDITION_SYN_RECV)
        breach.blamed = listener.local;
    assert_int_equal(diagnose(&sample, &breach, 1, findings), 1);
    return findings[0];
}

static const struct evidence *find_evidence(const struct finding *finding, const char *key) {
    for (size_t i = 0; i < finding->evidence_count; i++)
        if (strcmp(finding->evidence[i].key, key) == 0)
            return &finding->evidence[i];
    return NULL;
}

static const struct scope host = {.kind = SCOPE_HOST};
static const struct scope port_8080 = {.kind = SCOPE_PORT, .local = {.port = 8080}};

static void test_owner(void **state) {
    const struct {
        const char *name;
        enum condition condition;
        struct scope scope;
        uint32_t on_port, unaccepted;
        enum tcp_state counted;
        struct shares at_port, at_host;
        uint64_t owner;
        uint32_t counted_in_evidence;
        uint64_t backlog; /* 0: not told */
    } rows[] = {
        {"all of one", CONDITION_CLOSE_WAIT, port_8080, 200, 0, STATE_CLOSE_WAIT, held(200, 180, 20),
         nobody(0), NGINX, 200, 128},
        {"just more than half", CONDITION_CLOSE_WAIT, port_8080, 200, 0, STATE_CLOSE_WAIT, held(200, 101, 99),
         nobody(0), NGINX, 200, 128},
        {"half is no majority", CONDITION_CLOSE_WAIT, port_8080, 200, 0, STATE_CLOSE_WAIT,
         held(200, 100, 100), nobody(0), 0, 200, 128},
        {"of the port, shares of the host", CONDITION_CLOSE_WAIT, host, 120, 0, STATE_CLOSE_WAIT,
         held(120, 120, 0), held(200, 120, 80), NGINX, 200, 128},
        {"the port has but half of the host's, and so have its units", CONDITION_CLOSE_WAIT, host, 100, 0,
         STATE_CLOSE_WAIT, held(100, 100, 0), held(200, 100, 100), 0, 200, 128},
        {"the port has half of the host's, the unit more", CONDITION_CLOSE_WAIT, host, 100, 0,
         STATE_CLOSE_WAIT, held(100, 60, 40), held(200, 80, 120), BACKUP, 200, 128},
        {"outgoing", CONDITION_CLOSE_WAIT, host, 10, 0, STATE_CLOSE_WAIT, held(10, 10, 0), held(200, 30, 150),
         BACKUP, 200, 0},
        {"never accepted", CONDITION_CLOSE_WAIT, port_8080, 200, 150, STATE_CLOSE_WAIT, held(200, 180, 20),
         nobody(0), LISTENER, 200, 128},
        {"FIN-WAIT-1", CONDITION_FIN_WAIT_1, host, 200, 0, STATE_FIN_WAIT_1, held(200, 180, 20),
         held(200, 180, 20), NGINX, 200, 128},
        {"FIN-WAIT-2, minisockets", CONDITION_FIN_WAIT_2, host, 200, 0, STATE_FIN_WAIT_2, held(200, 20, 20),
         held(200, 20, 20), LISTENER, 200, 128},
        {"LAST-ACK", CONDITION_LAST_ACK, host, 200, 0, STATE_LAST_ACK, held(200, 180, 20), held(200, 180, 20),
         NGINX, 200, 128},
        {"CLOSING", CONDITION_CLOSING, host, 200, 0, STATE_CLOSING, held(200, 180, 20), held(200, 180, 20),
         NGINX, 200, 128},
        {"half-open: the listener", CONDITION_SYN_RECV, host, 200, 0, STATE_SYN_RECV, nobody(200),
         nobody(300), LISTENER, 200, 128},
        {"half-open: three quarters of its port's", CONDITION_SYN_RECV, host, 150, 0, STATE_SYN_RECV,
         nobody(200), nobody(300), LISTENER, 200, 128},
        {"half-open: more at another listener of its port", CONDITION_SYN_RECV, host, 149, 0, STATE_SYN_RECV,
         nobody(200), nobody(300), LISTENER, 0, 128},
        {"TIME-WAIT of a service", CONDITION_TIME_WAIT, host, 0, 0, STATE_TIME_WAIT, nobody(150), nobody(200),
         LISTENER, 200, 128},
        {"TIME-WAIT of clients", CONDITION_TIME_WAIT, host, 0, 0, STATE_TIME_WAIT, nobody(100), nobody(200),
         0, 200, 0},
        {"SYN-SENT", CONDITION_SYN_SENT, host, 0, 0, STATE_SYN_SENT, nobody(0), held(200, 180, 20), NGINX,
         200, 0},
        {"SYN-SENT, by its destination", CONDITION_SYN_SENT, host, 0, 0, STATE_SYN_SENT, nobody(0), nobody(0),
         BACKUP, 0, 0},
        {"ESTABLISHED", CONDITION_ESTABLISHED, host, 0, 0, STATE_ESTABLISHED, nobody(0), held(200, 180, 20),
         NGINX, 200, 0},
        {"shares of another state", CONDITION_LAST_ACK, host, 0, 0, STATE_CLOSE_WAIT, held(200, 180, 20),
         held(200, 180, 20), 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        set_table(0, rows[i].counted, 8080, rows[i].at_port);
        set_table(1, rows[i].counted, HOST, rows[i].at_host);
        struct finding finding =
            diagnose_one(rows[i].condition, rows[i].scope, rows[i].on_port, rows[i].unaccepted);
        const struct evidence *backlog = find_evidence(&finding, "backlog");
        check_row(rows[i].name, finding.owner.cgroup, rows[i].owner);
        check_row(rows[i].name, finding.owner.inode != 0, rows[i].owner != 0);
        check_row(rows[i].name, finding.shares.sockets, rows[i].counted_in_evidence);
        check_row(rows[i].name, backlog ? backlog->value : 0, rows[i].backlog);
        check_row(rows[i].name, finding.local.port, rows[i].backlog ? 8080 : 0);
    }
    set_table(0, STATE_CLOSED, HOST, nobody(0));
    set_table(1, STATE_CLOSED, HOST, nobody(0));
}

static void test_ports_are_their_clients(void **state) {
    struct sample sample = quiet_sample();
    struct endpoint remote = {.family = ENDPOINT_IPV4, .address = {192, 0, 2, 9}, .port = 5432};
    struct breach breach = {.condition = CONDITION_PORTS,
                            .severity = SEVERITY_WARNING,
                            .scope = {.kind = SCOPE_DESTINATION, .remote = remote},
                            .value = 1000,
                            .threshold = 900};
    static struct finding findings[FINDINGS_MAX];

    (void)state;
    sample.destination[0] =
        (struct destination){.remote = remote, .ports_in_use = 1000, .cgroup = BACKUP, .inode = 5};
    sample.destination_count = 1;
    assert_int_equal(diagnose(&sample, &breach, 1, findings), 1);
    assert_int_equal(findings[0].owner.cgroup, BACKUP);
    assert_int_equal(findings[0].owner.inode, 5);
}

/* After a failed walk the tables are old. */
static void test_failed_walk(void **state) {
    struct sample sample = quiet_sample();
    struct breach breach = {.condition = CONDITION_CLOSE_WAIT,
                            .severity = SEVERITY_WARNING,
                            .scope = port_8080,
                            .value = 200,
                            .threshold = 100,
                            .stale = true};
    static struct finding findings[FINDINGS_MAX];

    (void)state;
    set_table(0, STATE_CLOSE_WAIT, 8080, held(200, 180, 20));
    sample.state[STATE_CLOSE_WAIT] = FIGURE_NONE;
    assert_int_equal(diagnose(&sample, &breach, 1, findings), 1);
    assert_int_equal(findings[0].owner.cgroup, 0);
    assert_int_equal(findings[0].shares.sockets, 0);
}

/* It is of the whole host. */
static void test_median_age(void **state) {
    struct finding of_host = diagnose_one(CONDITION_CLOSE_WAIT, host, 200, 0);
    struct finding of_port = diagnose_one(CONDITION_CLOSE_WAIT, port_8080, 200, 0);

    (void)state;
    assert_non_null(find_evidence(&of_host, "median_sec"));
    assert_int_equal(find_evidence(&of_host, "median_sec")->value, 90);
    assert_null(find_evidence(&of_port, "median_sec"));
}

static void test_main_peer(void **state) {
    static const struct {
        const char *name;
        enum problem_family family;
        uint32_t counted, address, address_error, network, network_error;
        int wanted; /* prefix length; 0: nobody */
    } rows[] = {
        {"one address", FAMILY_CLOSE_WAIT, 200, 101, 0, 180, 0, 32},
        {"a network", FAMILY_CLOSE_WAIT, 200, 100, 0, 101, 0, 24},
        {"half is no majority", FAMILY_CLOSE_WAIT, 200, 100, 0, 100, 0, 0},
        {"but for the error", FAMILY_CLOSE_WAIT, 200, 120, 20, 101, 1, 0},
        {"in spite of the error", FAMILY_CLOSE_WAIT, 200, 120, 19, 120, 0, 32},
        {"half-open", FAMILY_HANDSHAKE, 16, 16, 0, 16, 0, 32},
        {"half-open, too few", FAMILY_HANDSHAKE, 15, 15, 0, 15, 0, 0},
        {"nothing counted", FAMILY_CLOSE_WAIT, 0, 1, 0, 1, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct finding finding = {.family = rows[i].family, .shares = nobody(rows[i].counted)};
        finding.shares.address_count = finding.shares.network_count = 1;
        finding.shares.address[0] = (struct peer_share){
            .prefix_length = 32, .sockets = rows[i].address, .error = rows[i].address_error};
        finding.shares.network[0] = (struct peer_share){
            .prefix_length = 24, .sockets = rows[i].network, .error = rows[i].network_error};
        const struct peer_share *main_peer = finding_main_peer(&finding);
        check_row(rows[i].name, main_peer ? main_peer->prefix_length : 0, rows[i].wanted);
    }
}

/* 0.0.0.0 and [::], as many services listen: one owner, unless they are two services. */
static void test_two_listeners_of_one_service(void **state) {
    static const struct {
        const char *name;
        uint64_t second, wanted;
    } rows[] = {{"of one service", LISTENER, LISTENER}, {"of two", BACKUP, 0}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct listener listeners[2] = {listener_on(8080, 128), listener_on(8080, 128)};
        struct finding finding = {0};
        listeners[0].cgroup = LISTENER;
        listeners[1].cgroup = rows[i].second;
        sample.listener = listeners;
        sample.listener_count = 2;
        finding_owned_by_port(&sample, &finding, 8080);
        check_row(rows[i].name, finding.owner.cgroup, rows[i].wanted);
        finding = (struct finding){0};
        finding_owned_by_port(&sample, &finding, 8081);
        check_row(rows[i].name, finding.owner.cgroup, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_listeners_of_one_service),
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_ports_are_their_clients),
        cmocka_unit_test(test_median_age),
        cmocka_unit_test(test_failed_walk),
        cmocka_unit_test(test_main_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
