/* SPDX-License-Identifier: MIT */
/* From breaches to problem, cause and confidence. The handshake rows are counter readings of real scenarios.
 */
#include "case.h"

#include "diagnose.h"
#include "util.h"

static struct breach breach_of(enum condition condition, uint64_t value) {
    return (struct breach){
        .condition = condition, .severity = SEVERITY_WARNING, .value = value, .threshold = 1};
}

struct simple_row {
    const char *name;
    enum condition condition;
    enum cause cause;
    uint32_t detail; /* of the kind that the row sets */
    size_t offset;   /* in struct walk_detail */
};

#define DETAIL(member) offsetof(struct walk_detail, member)
static const struct simple_row simple[] = {
    {"CLOSE-WAIT held", CONDITION_CLOSE_WAIT, CAUSE_FD_HELD, 0, DETAIL(close_wait_unaccepted)},
    {"CLOSE-WAIT half and half", CONDITION_CLOSE_WAIT, CAUSE_FD_HELD, 500, DETAIL(close_wait_unaccepted)},
    {"CLOSE-WAIT never accepted", CONDITION_CLOSE_WAIT, CAUSE_NOT_ACCEPTED, 501,
     DETAIL(close_wait_unaccepted)},
    {"FIN-WAIT-1, slow readers", CONDITION_FIN_WAIT_1, CAUSE_SLOW_READERS, 500,
     DETAIL(fin_wait_1_retransmitted)},
    {"FIN-WAIT-1, peers gone", CONDITION_FIN_WAIT_1, CAUSE_PEER_GONE, 501, DETAIL(fin_wait_1_retransmitted)},
    {"FIN-WAIT-1, zero window", CONDITION_FIN_WAIT_1, CAUSE_ZERO_WINDOW, 501, DETAIL(fin_wait_1_zero_window)},
    {"FIN-WAIT-2 orphans", CONDITION_FIN_WAIT_2, CAUSE_FIN_WAIT_2_ORPHANED, 900, DETAIL(fin_wait_2_orphan)},
    {"FIN-WAIT-2 held", CONDITION_FIN_WAIT_2, CAUSE_FIN_WAIT_2_HALF_CLOSED, 900, DETAIL(fin_wait_2_held)},
    {"LAST-ACK", CONDITION_LAST_ACK, CAUSE_FINAL_ACK_LOST, 0, DETAIL(last_ack_retransmitted)},
    {"CLOSING", CONDITION_CLOSING, CAUSE_SIMULTANEOUS_CLOSE, 0, 0},
    {"SYN-SENT", CONDITION_SYN_SENT, CAUSE_PEER_NOT_ANSWERING, 900, DETAIL(syn_sent_retransmitted)},
    {"ESTABLISHED", CONDITION_ESTABLISHED, CAUSE_MANY_ESTABLISHED, 0, 0},
    {"orphans", CONDITION_ORPHANS, CAUSE_ORPHANS, 0, 0},
    {"TCP memory", CONDITION_TCP_MEMORY, CAUSE_TCP_MEMORY, 0, 0},
    {"conntrack", CONDITION_CONNTRACK, CAUSE_CONNTRACK_TABLE, 0, 0},
    {"TIME-WAIT overflow", CONDITION_TIME_WAIT_OVERFLOW, CAUSE_TW_BUCKETS_FULL, 0, 0},
};

/* Every condition alone, with 1000 sockets: it has a problem, a cause and evidence. */
static void test_each_condition(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
        struct sample sample = quiet_sample();
        struct breach breach = breach_of(simple[i].condition, 1000);
        struct finding findings[FINDINGS_MAX];
        enum tcp_state counted = condition_info(simple[i].condition)->state;
        if (counted)
            sample.state[counted] = FIGURE_OF(1000);
        memcpy((char *)&sample.detail + simple[i].offset, &simple[i].detail, sizeof simple[i].detail);
        check_row(simple[i].name, diagnose(&sample, &breach, 1, findings), 1);
        check_row(simple[i].name, findings[0].cause, simple[i].cause);
        check_row(simple[i].name, findings[0].problem, cause_info(simple[i].cause)->problem);
        uint32_t conditions = problem_info(findings[0].problem)->conditions;
        check_row(simple[i].name, (conditions & CONDITION_BIT(simple[i].condition)) != 0, 1);
        check_row(simple[i].name, findings[0].evidence_count > 0, 1);
    }
}

static void test_time_wait_direction(void **state) {
    static const struct {
        const char *name;
        struct figure active, passive;
        enum cause wanted;
    } rows[] = {
        {"inbound", FIGURE_OF(10), FIGURE_OF(1000), CAUSE_TIME_WAIT_INBOUND},
        {"outbound", FIGURE_OF(1000), FIGURE_OF(10), CAUSE_TIME_WAIT_OUTBOUND},
        {"both", FIGURE_OF(1000), FIGURE_OF(900), CAUSE_TIME_WAIT_UNCLEAR},
        {"unknown", FIGURE_NONE, FIGURE_OF(900), CAUSE_TIME_WAIT_UNCLEAR},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct breach breach = breach_of(CONDITION_TIME_WAIT, 60000);
        struct finding findings[FINDINGS_MAX];
        sample.recent_increase[COUNTER_ACTIVE_OPENS] = rows[i].active;
        sample.recent_increase[COUNTER_PASSIVE_OPENS] = rows[i].passive;
        check_row(rows[i].name, diagnose(&sample, &breach, 1, findings), 1);
        check_row(rows[i].name, findings[0].cause, rows[i].wanted);
    }
}

static void test_time_wait_and_its_overflow_are_one(void **state) {
    struct sample sample = quiet_sample();
    struct breach breaches[2] = {breach_of(CONDITION_TIME_WAIT, 65536),
                                 breach_of(CONDITION_TIME_WAIT_OVERFLOW, 100)};
    struct finding findings[FINDINGS_MAX];

    (void)state;
    assert_int_equal(diagnose(&sample, breaches, 2, findings), 1);
    assert_int_equal(findings[0].problem, PROBLEM_TIME_WAIT_OVERFLOW);
    assert_int_equal(findings[0].lead.condition, CONDITION_TIME_WAIT_OVERFLOW);
}

static void test_ports(void **state) {
    static const struct {
        const char *name;
        uint32_t time_wait, close_wait;
        enum cause wanted;
    } rows[] = {
        {"in TIME-WAIT", 501, 0, CAUSE_PORTS_TIME_WAIT},
        {"live", 500, 500, CAUSE_PORTS_LIVE},
        {"leaked", 0, 501, CAUSE_PORTS_CLOSE_WAIT},
    };
    struct endpoint remote = {.family = ENDPOINT_IPV4, .address = {192, 0, 2, 9}, .port = 5432};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct breach breach = breach_of(CONDITION_PORTS, 1000);
        struct finding findings[FINDINGS_MAX];
        sample.destination[0] = (struct destination){.remote = remote,
                                                     .ports_in_use = 1000,
                                                     .time_wait = rows[i].time_wait,
                                                     .close_wait = rows[i].close_wait};
        sample.destination_count = 1;
        breach.scope = (struct scope){.kind = SCOPE_DESTINATION, .remote = remote};
        check_row(rows[i].name, diagnose(&sample, &breach, 1, findings), 1);
        check_row(rows[i].name, findings[0].cause, rows[i].wanted);
        check_row(rows[i].name, findings[0].peer.port, 5432);
    }
}

static void test_close_wait_names_the_port(void **state) {
    struct sample sample = quiet_sample();
    struct listener listener = listener_on(8080, 128);
    struct port_figures ports[2] = {{.port = 22}, {.port = 8080}};
    struct breach breach = breach_of(CONDITION_CLOSE_WAIT, 200);
    struct finding findings[FINDINGS_MAX];

    (void)state;
    sample.listener = &listener;
    sample.listener_count = 1;
    sample.port = ports;
    sample.port_count = 2;
    ports[0].state[STATE_CLOSE_WAIT] = 1;
    ports[1].state[STATE_CLOSE_WAIT] = 150;
    sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(200);
    diagnose(&sample, &breach, 1, findings);
    assert_true(endpoint_equal(&findings[0].local, &listener.local));
    assert_int_equal(findings[0].advice_count, 0);
    ports[1].state[STATE_CLOSE_WAIT] = 90; /* 109 belong to outgoing connections */
    diagnose(&sample, &breach, 1, findings);
    assert_int_equal(findings[0].local.port, 0);
}

static void test_close_wait_that_comes_and_goes(void **state) {
    static const struct {
        const char *name;
        uint64_t count;
        uint32_t old;
        bool quiet;
    } rows[] = {
        {"none is old", 151, 0, true},    {"less than half, below the threshold", 151, 75, true},
        {"half of them", 150, 75, false}, {"as many as the threshold", 1000, 100, false},
        {"subsiding", 0, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct breach breach = breach_of(CONDITION_CLOSE_WAIT, rows[i].count);
        struct finding findings[FINDINGS_MAX];
        breach.threshold = 100;
        sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(rows[i].count);
        sample.detail.close_wait_old = rows[i].old;
        check_row(rows[i].name, diagnose(&sample, &breach, 1, findings), 1);
        check_row(rows[i].name, findings[0].quiet, rows[i].quiet);
    }
}

static void test_answered_connects_are_quiet(void **state) {
    struct sample sample = quiet_sample();
    struct breach breach = breach_of(CONDITION_SYN_SENT, 500);
    struct finding findings[FINDINGS_MAX];

    (void)state;
    sample.detail.syn_sent_retransmitted = 250;
    diagnose(&sample, &breach, 1, findings);
    assert_true(findings[0].quiet);
    sample.detail.syn_sent_retransmitted = 251;
    diagnose(&sample, &breach, 1, findings);
    assert_false(findings[0].quiet);
}

static void test_one_cause_links_its_findings(void **state) {
    struct sample sample = quiet_sample();
    struct port_figures port = {.port = 80, .detail.close_wait_unaccepted = 120};
    struct breach breaches[2] = {breach_of(CONDITION_CLOSE_WAIT, 120), breach_of(CONDITION_PORTS, 1000)};
    struct finding findings[FINDINGS_MAX];

    (void)state;
    port.state[STATE_CLOSE_WAIT] = 120;
    sample.port = &port;
    sample.port_count = 1;
    sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(120);
    sample.destination[0] = (struct destination){.ports_in_use = 1000, .close_wait = 1000};
    sample.destination[0].remote = (struct endpoint){.family = ENDPOINT_IPV4, .port = 5432};
    sample.destination_count = 1;
    breaches[1].scope = (struct scope){.kind = SCOPE_DESTINATION, .remote = sample.destination[0].remote};
    assert_int_equal(diagnose(&sample, breaches, 2, findings), 2);
    assert_int_equal(findings[0].linked, FAMILY_HANDSHAKE); /* never accepted */
    assert_int_equal(findings[1].linked, FAMILY_CLOSE_WAIT);
    port.detail.close_wait_unaccepted = 0;
    diagnose(&sample, breaches, 2, findings);
    assert_int_equal(findings[0].linked, FAMILY_PORTS);
}

static void test_degraded(void **state) {
    struct sample sample = quiet_sample();
    struct finding findings[FINDINGS_MAX];

    (void)state;
    assert_int_equal(diagnose(&sample, NULL, 0, findings), 0);
    sample.source[SOURCE_WALK] = (struct source_status){3, true, "sock_diag: Operation not permitted"};
    assert_int_equal(diagnose(&sample, NULL, 0, findings), 1);
    assert_int_equal(findings[0].problem, PROBLEM_SAMPLING_DEGRADED);
    assert_string_equal(findings[0].detail, "sock_diag: Operation not permitted");
    assert_int_equal(findings[0].hazards, 1U << SOURCE_WALK);
    /* The same reason twice is said once; another one is told, and makes it another finding. */
    sample.source[SOURCE_LISTENERS] = sample.source[SOURCE_WALK];
    sample.source[SOURCE_SNMP] = (struct source_status){3, true, "snmp: Permission denied"};
    assert_int_equal(diagnose(&sample, NULL, 0, findings), 1);
    assert_string_equal(findings[0].detail, "snmp: Permission denied; sock_diag: Operation not permitted");
    assert_int_equal(findings[0].hazards, 1U << SOURCE_SNMP | 1U << SOURCE_LISTENERS | 1U << SOURCE_WALK);
}

static const struct evidence *find_evidence(const struct finding *finding, const char *key) {
    for (size_t i = 0; i < finding->evidence_count; i++)
        if (strcmp(finding->evidence[i].key, key) == 0)
            return &finding->evidence[i];
    return NULL;
}

/* How old the value is, and what a walk told besides. */
static void test_age(void **state) {
    enum { NOW = 1000000000, NO_WALK = -1 };
    static const struct {
        const char *name;
        enum condition condition;
        uint64_t measured_usec, walked_usec, age_usec;
        int walk_age_msec;
    } rows[] = {
        {"just walked", CONDITION_CLOSE_WAIT, NOW, NOW, 0, 0},
        {"the walk ended after the counters were read", CONDITION_CLOSE_WAIT, NOW + 9, NOW + 9, 0, 0},
        {"an old walk", CONDITION_CLOSE_WAIT, NOW - 25000000, NOW - 25000000, 25000000, 25000},
        {"exact queue, old walk", CONDITION_SYN_RECV, NOW, NOW - 3999, 0, 3},
        {"a rate", CONDITION_SYN_OVERFLOW, NOW, NOW - 8000000, 0, 8000},
        {"never walked", CONDITION_ACCEPT_QUEUE, NOW, 0, 0, NO_WALK},
        {"old count of destinations", CONDITION_PORTS, NOW - 9000000, NOW, 9000000, NO_WALK},
        {"a gauge", CONDITION_ORPHANS, NOW, NOW - 8000000, 0, NO_WALK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct listener listener = listener_on(80, 128);
        struct breach breach = breach_of(rows[i].condition, 1000);
        struct finding findings[FINDINGS_MAX];
        breach.measured_usec = rows[i].measured_usec;
        breach.blamed = listener.local;
        sample.listener = &listener;
        sample.listener_count = 1;
        sample.taken_usec = NOW;
        sample.walked_usec = rows[i].walked_usec;
        sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(1000);
        check_row(rows[i].name, diagnose(&sample, &breach, 1, findings), 1);
        check_row(rows[i].name, findings[0].age_usec, rows[i].age_usec);
        const struct evidence *walk = find_evidence(&findings[0], "walk_age_msec");
        check_row(rows[i].name, walk ? (int)walk->value : NO_WALK, rows[i].walk_age_msec);
    }
}

static void test_every_breach_has_room(void **state) {
    static struct breach breaches[BREACHES_MAX];
    struct sample sample = quiet_sample();
    struct finding findings[FINDINGS_MAX];

    (void)state;
    for (size_t i = 0; i < BREACHES_MAX; i++) {
        breaches[i] = breach_of(CONDITION_ACCEPT_QUEUE, 129);
        breaches[i].blamed = listener_on((uint16_t)(i + 1), 128).local;
    }
    sample.source[SOURCE_WALK].degraded = true;
    /* The last place is for audit_update(). */
    assert_int_equal(diagnose(&sample, breaches, BREACHES_MAX, findings), FINDINGS_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_condition),
        cmocka_unit_test(test_time_wait_direction),
        cmocka_unit_test(test_time_wait_and_its_overflow_are_one),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_close_wait_names_the_port),
        cmocka_unit_test(test_close_wait_that_comes_and_goes),
        cmocka_unit_test(test_answered_connects_are_quiet),
        cmocka_unit_test(test_one_cause_links_its_findings),
        cmocka_unit_test(test_degraded),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_every_breach_has_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
