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

struct handshake_row {
    const char *name;
    enum condition condition[2]; /* breached; the second may be CONDITION_COUNT */
    uint64_t sent, received, drop, listen_drops, overflows, opened, resets, deferred;
    uint32_t half_open, fresh, old, patient, accept_queue;
    bool quiet;
    enum problem problem;
    enum cause cause;
    enum confidence confidence;
};

#define NONE CONDITION_COUNT
static const struct handshake_row handshakes[] = {
    {"spoofed flood, cookies on, just begun",
     {CONDITION_SYN_OVERFLOW, CONDITION_SYN_RECV},
     .sent = 2871,
     .half_open = 129,
     .fresh = 129,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"spoofed flood, cookies on, for 7 s",
     {CONDITION_SYN_OVERFLOW, CONDITION_SYN_RECV},
     .sent = 2871,
     .half_open = 129,
     .fresh = 65,
     .old = 10,
     .patient = 5,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_HIGH},
    {"spoofed flood among some clients",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 1000,
     .received = 200,
     .opened = 200,
     .half_open = 129,
     .old = 10,
     .patient = 5,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"slow flood among many clients, whose cookies all come back",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 1500,
     .received = 1500,
     .opened = 1500,
     .half_open = 121,
     .fresh = 5,
     .old = 10,
     .patient = 5,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"spoofed flood, cookies off",
     {CONDITION_SYN_OVERFLOW, NONE},
     .drop = 2871,
     .listen_drops = 2871,
     .half_open = 129,
     .old = 10,
     .patient = 5,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_HIGH},
    {"spoofed flood, cookies off, other listeners busy",
     {CONDITION_SYN_OVERFLOW, NONE},
     .drop = 2871,
     .listen_drops = 2871,
     .opened = 2000,
     .half_open = 129,
     .fresh = 60,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"spoofed flood, 3/4 rule",
     {CONDITION_SYN_OVERFLOW, NONE},
     .listen_drops = 2807,
     .half_open = 193,
     .old = 10,
     .patient = 5,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_HIGH},
    {"flood from addresses that reset, cookies",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 2000,
     .resets = 1500,
     .half_open = 100,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_ALIVE_FLOOD,
     .confidence = CONFIDENCE_HIGH},
    {"flood from addresses that reset, below the limit",
     {CONDITION_SYN_RECV, NONE},
     .resets = 3000,
     .half_open = 80,
     .fresh = 80,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_ALIVE_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"real burst, cookies on",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 1713,
     .received = 1713,
     .opened = 2000,
     .half_open = 129,
     .fresh = 129,
     .problem = PROBLEM_SYN_BACKLOG_SMALL,
     .cause = CAUSE_BURST,
     .confidence = CONFIDENCE_HIGH},
    {"real burst, cookies off",
     {CONDITION_SYN_OVERFLOW, NONE},
     .drop = 5452,
     .listen_drops = 5452,
     .opened = 1000,
     .half_open = 129,
     .fresh = 129,
     .problem = PROBLEM_SYN_BACKLOG_SMALL,
     .cause = CAUSE_BURST,
     .confidence = CONFIDENCE_MEDIUM},
    {"accept() never, nobody retries",
     {CONDITION_ACCEPT_QUEUE, NONE},
     .accept_queue = 129,
     .problem = PROBLEM_ACCEPT_QUEUE_FULL,
     .cause = CAUSE_SLOW_ACCEPT,
     .confidence = CONFIDENCE_HIGH},
    {"accept() never, clients or a flood on top",
     {CONDITION_ACCEPT_OVERFLOW, CONDITION_ACCEPT_QUEUE},
     .listen_drops = 1084,
     .overflows = 1084,
     .accept_queue = 129,
     .problem = PROBLEM_ACCEPT_QUEUE_FULL,
     .cause = CAUSE_SLOW_ACCEPT_OR_FLOOD,
     .confidence = CONFIDENCE_LOW},
    {"accept() slow",
     {CONDITION_ACCEPT_OVERFLOW, CONDITION_ACCEPT_QUEUE},
     .listen_drops = 1884,
     .overflows = 1884,
     .sent = 222,
     .received = 1448,
     .opened = 129,
     .half_open = 49,
     .accept_queue = 129,
     .problem = PROBLEM_ACCEPT_QUEUE_FULL,
     .cause = CAUSE_SLOW_ACCEPT,
     .confidence = CONFIDENCE_HIGH},
    {"no word of floods while the accept queue is full",
     {CONDITION_SYN_OVERFLOW, CONDITION_SYN_RECV},
     .sent = 2000,
     .overflows = 100,
     .half_open = 129,
     .accept_queue = 129,
     .problem = PROBLEM_ACCEPT_QUEUE_FULL,
     .cause = CAUSE_SLOW_ACCEPT_OR_FLOOD,
     .confidence = CONFIDENCE_LOW},
    {"a flood on a listener whose accept queue is nearly full",
     {CONDITION_SYN_OVERFLOW, CONDITION_ACCEPT_QUEUE},
     .sent = 2000,
     .half_open = 129,
     .old = 3,
     .patient = 1,
     .accept_queue = 112,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_HIGH},
    {"accept peaks",
     {CONDITION_ACCEPT_OVERFLOW, NONE},
     .listen_drops = 50,
     .overflows = 50,
     .opened = 3000,
     .accept_queue = 3,
     .problem = PROBLEM_ACCEPT_QUEUE_FULL,
     .cause = CAUSE_ACCEPT_BURST,
     .confidence = CONFIDENCE_MEDIUM},
    {"answers lost on the way back, queue not half full",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 60,
     .fresh = 10,
     .old = 30,
     .patient = 2,
     .problem = PROBLEM_HANDSHAKE_LOSS,
     .cause = CAUSE_LOSSY_RETURN_PATH,
     .confidence = CONFIDENCE_MEDIUM},
    {"answers lost on the way back, queue full, cookies sent",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 500,
     .half_open = 129,
     .fresh = 20,
     .old = 70,
     .problem = PROBLEM_HANDSHAKE_LOSS,
     .cause = CAUSE_LOSSY_RETURN_PATH,
     .confidence = CONFIDENCE_MEDIUM},
    {"slow flood, all of it old",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 100,
     .fresh = 5,
     .old = 90,
     .patient = 18,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"half-opens that never answer, below the limit",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 100,
     .fresh = 30,
     .opened = 500,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"many clients on a long path",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 100,
     .fresh = 95,
     .opened = 2000,
     .quiet = true,
     .problem = PROBLEM_SYN_BACKLOG_SMALL,
     .cause = CAUSE_BURST,
     .confidence = CONFIDENCE_MEDIUM},
    {"many clients on a long path, nearly too many",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 120,
     .fresh = 115,
     .opened = 2000,
     .problem = PROBLEM_SYN_BACKLOG_SMALL,
     .cause = CAUSE_BURST,
     .confidence = CONFIDENCE_MEDIUM},
    {"too early to tell",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 100,
     .fresh = 95,
     .quiet = true,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_HALF_OPEN_UNCLEAR,
     .confidence = CONFIDENCE_LOW},
    {"TCP_DEFER_ACCEPT",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 100,
     .fresh = 100,
     .deferred = 100,
     .problem = PROBLEM_SYN_BACKLOG_SMALL,
     .cause = CAUSE_DEFER_ACCEPT,
     .confidence = CONFIDENCE_MEDIUM},
    {"a flood beside a deferred listener",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 100,
     .fresh = 30,
     .deferred = 100,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
};

static struct sample sample_of(const struct handshake_row *row, struct listener *listener) {
    struct sample sample = quiet_sample();
    const struct {
        enum counter counter;
        uint64_t value;
    } set[] = {
        {COUNTER_SYNCOOKIES_SENT, row->sent},       {COUNTER_SYNCOOKIES_RECV, row->received},
        {COUNTER_REQ_QUEUE_FULL_DROP, row->drop},   {COUNTER_LISTEN_DROPS, row->listen_drops},
        {COUNTER_LISTEN_OVERFLOWS, row->overflows}, {COUNTER_PASSIVE_OPENS, row->opened},
        {COUNTER_EMBRYONIC_RSTS, row->resets},      {COUNTER_DEFER_ACCEPT_DROP, row->deferred},
    };

    for (size_t i = 0; i < ARRAY_SIZE(set); i++)
        sample.recent_increase[set[i].counter] = FIGURE_OF(set[i].value);
    *listener = listener_on(80, 128);
    listener->half_open = row->half_open;
    listener->half_open_fresh = row->fresh;
    listener->half_open_old = row->old;
    listener->half_open_patient = row->patient;
    listener->accept_queue = row->accept_queue;
    sample.listener = listener;
    sample.listener_count = 1;
    return sample;
}

static size_t listener_breaches(const struct handshake_row *row, const struct listener *listener,
                                struct breach breaches[2]) {
    size_t count = 0;

    for (size_t i = 0; i < 2 && row->condition[i] != NONE; i++) {
        struct breach breach = breach_of(row->condition[i], 100);
        breach.blamed = listener->local;
        if (!condition_info(row->condition[i])->is_rate)
            breach.scope = (struct scope){.kind = SCOPE_LISTENER, .local = listener->local};
        breaches[count++] = breach;
    }
    return count;
}

static const struct handshake_row *find_row(const char *name) {
    for (size_t i = 0; i < ARRAY_SIZE(handshakes); i++)
        if (strcmp(handshakes[i].name, name) == 0)
            return &handshakes[i];
    fail_msg("no row: %s", name);
    return NULL;
}

static void test_handshakes(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(handshakes); i++) {
        const struct handshake_row *row = &handshakes[i];
        struct listener listener;
        struct sample sample = sample_of(row, &listener);
        struct breach breaches[2];
        struct finding findings[FINDINGS_MAX];
        size_t count = listener_breaches(row, &listener, breaches);
        check_row(row->name, diagnose(&sample, breaches, count, findings), 1);
        check_row(row->name, findings[0].problem, row->problem);
        check_row(row->name, findings[0].cause, row->cause);
        check_row(row->name, findings[0].confidence, row->confidence);
        check_row(row->name, findings[0].quiet, row->quiet);
        check_row(row->name, findings[0].local.port, 80);
        check_row(row->name, findings[0].scope.kind, SCOPE_LISTENER);
    }
}

static void test_two_listeners_are_two_findings(void **state) {
    struct sample sample = quiet_sample();
    struct listener listeners[2] = {listener_on(80, 128), listener_on(443, 128)};
    struct finding findings[FINDINGS_MAX];
    struct breach breaches[3] = {breach_of(CONDITION_SYN_RECV, 129), breach_of(CONDITION_SYN_OVERFLOW, 1000),
                                 breach_of(CONDITION_ACCEPT_QUEUE, 129)};

    (void)state;
    sample.recent_increase[COUNTER_SYNCOOKIES_SENT] = FIGURE_OF(5000);
    listeners[0].half_open = 129;
    listeners[1].accept_queue = 129;
    sample.listener = listeners;
    sample.listener_count = 2;
    breaches[0].blamed = breaches[1].blamed = listeners[0].local;
    breaches[1].severity = SEVERITY_CRITICAL;
    breaches[2].blamed = listeners[1].local;
    assert_int_equal(diagnose(&sample, breaches, 3, findings), 2);
    assert_int_equal(findings[0].problem, PROBLEM_SYN_FLOOD);
    assert_int_equal(findings[0].severity, SEVERITY_CRITICAL);
    assert_int_equal(findings[0].lead.condition, CONDITION_SYN_OVERFLOW);
    assert_int_equal(findings[1].problem, PROBLEM_ACCEPT_QUEUE_FULL);
    assert_int_equal(findings[1].local.port, 443);
}

static void test_a_burst_asks_for_a_backlog(void **state) {
    struct listener listener;
    struct sample sample = sample_of(find_row("real burst, cookies on"), &listener);
    struct finding findings[FINDINGS_MAX];
    struct breach breaches[2];
    size_t count = listener_breaches(find_row("real burst, cookies on"), &listener, breaches);

    (void)state;
    breaches[0].value = 1713;
    diagnose(&sample, breaches, count, findings);
    assert_int_equal(findings[0].cause, CAUSE_BURST);
    assert_int_equal(findings[0].backlog_advised, 2048);
    assert_int_equal(findings[0].advice_count, 0); /* the application's backlog binds, not somaxconn */
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
    {"FIN-WAIT-2 minisockets", CONDITION_FIN_WAIT_2, CAUSE_FIN_WAIT_2_ORPHANED, 900,
     DETAIL(fin_wait_2_minisocket)},
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
    struct port_figures port = {.port = 80, .close_wait_unaccepted = 120};
    struct breach breaches[2] = {breach_of(CONDITION_CLOSE_WAIT, 120), breach_of(CONDITION_PORTS, 1000)};
    struct finding findings[FINDINGS_MAX];

    (void)state;
    port.state[STATE_CLOSE_WAIT] = 120;
    sample.port = &port;
    sample.port_count = 1;
    sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(120);
    sample.destination[0] = (struct destination){.ports_in_use = 1000, .close_wait = 1000};
    sample.destination[0].remote.port = 5432;
    sample.destination_count = 1;
    breaches[1].scope = (struct scope){.kind = SCOPE_DESTINATION, .remote = sample.destination[0].remote};
    assert_int_equal(diagnose(&sample, breaches, 2, findings), 2);
    assert_int_equal(findings[0].linked, FAMILY_HANDSHAKE); /* never accepted */
    assert_int_equal(findings[1].linked, FAMILY_CLOSE_WAIT);
    port.close_wait_unaccepted = 0;
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
    assert_int_equal(diagnose(&sample, breaches, BREACHES_MAX, findings), FINDINGS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_two_listeners_are_two_findings),
        cmocka_unit_test(test_a_burst_asks_for_a_backlog),
        cmocka_unit_test(test_each_condition),
        cmocka_unit_test(test_time_wait_direction),
        cmocka_unit_test(test_time_wait_and_its_overflow_are_one),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_close_wait_names_the_port),
        cmocka_unit_test(test_close_wait_that_comes_and_goes),
        cmocka_unit_test(test_answered_connects_are_quiet),
        cmocka_unit_test(test_one_cause_links_its_findings),
        cmocka_unit_test(test_degraded),
        cmocka_unit_test(test_every_breach_has_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
