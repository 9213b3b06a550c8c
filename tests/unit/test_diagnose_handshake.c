/* SPDX-License-Identifier: MIT */
/* Flood, burst, slow accept or loss: the rows are counter readings of real scenarios. */
#include "case.h"

#include "handshake_rows.h"
#include "share_tables.h"
#include "sock_diag.h"
#include "util.h"

static struct breach breach_of(enum condition condition, uint64_t value) {
    return (struct breach){
        .condition = condition, .severity = SEVERITY_WARNING, .value = value, .threshold = 1};
}

static const struct endpoint source = {.family = ENDPOINT_IPV4, .address = {203, 0, 113, 9}};

static struct share_tables *shares;

static int make_shares(void **state) {
    (void)state;
    shares = share_tables_new();
    return shares ? 0 : -1;
}

static int free_shares(void **state) {
    (void)state;
    shares = share_tables_free(shares);
    return 0;
}

/* So many half-opens from one source, the others from one each. */
static void count_sources(const struct handshake_row *row) {
    share_tables_reset(shares, UINT32_MAX);
    for (uint32_t i = 0; i < row->half_open; i++) {
        struct diag_socket socket = {.state = STATE_SYN_RECV, .request = true, .remote = source};
        if (i >= row->from_source) {
            socket.remote.address[0] = 100;
            memcpy(socket.remote.address + 1, &i, 3);
        }
        share_tables_count(shares, &socket, 80);
    }
}

static struct sample sample_of(const struct handshake_row *row, struct listener *listener) {
    struct sample sample = quiet_sample();
    const struct {
        enum counter counter;
        uint64_t value;
    } set[] = {
        {COUNTER_SYNCOOKIES_SENT, row->sent},       {COUNTER_SYNCOOKIES_RECV, row->received},
        {COUNTER_REQ_QUEUE_FULL_DROP, row->drop},   {COUNTER_LISTEN_DROPS, row->listen_drops},
        {COUNTER_LISTEN_OVERFLOWS, row->overflows}, {COUNTER_PASSIVE_OPENS, row->opened},
        {COUNTER_EMBRYONIC_RSTS, row->resets},      {COUNTER_ACK_SKIPPED_SYN_RECV, row->skipped},
    };

    for (size_t i = 0; i < ARRAY_SIZE(set); i++)
        sample.recent_increase[set[i].counter] = FIGURE_OF(set[i].value);
    *listener = listener_on(80, row->backlog ? row->backlog : 128);
    listener->half_open = listener->half_open_walked = row->half_open;
    listener->half_open_fresh = row->fresh;
    listener->half_open_old = row->old;
    listener->half_open_patient = row->patient;
    listener->half_open_deferred = row->deferred;
    listener->nearly_full_looks = row->looks;
    listener->half_open_repeated = row->repeated;
    if (row->silent_sec > 0)
        listener->silent_usec = sample.walked_usec - row->silent_sec * USEC_PER_SEC;
    listener->accept_queue = row->accept_queue;
    count_sources(row);
    sample.shares = shares;
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
        uint32_t conditions = problem_info(row->problem)->conditions;
        check_row(row->name, (conditions & CONDITION_BIT(findings[0].lead.condition)) != 0, 1);
        check_row(row->name, findings[0].cause, row->cause);
        check_row(row->name, findings[0].confidence, row->confidence);
        check_row(row->name, findings[0].quiet, row->quiet);
        check_row(row->name, findings[0].local.port, 80);
        check_row(row->name, findings[0].scope.kind, SCOPE_LISTENER);
    }
}

/* Parts of what a walk saw are measured by what it saw, not by how long the queue is now. */
static void test_queue_has_changed_since_the_walk(void **state) {
    static const struct {
        const char *row;
        uint32_t half_open, fresh;
        enum cause cause;
    } rows[] = {
        {"TCP_DEFER_ACCEPT, below the limit", 400, 400, CAUSE_DEFER_ACCEPT},
        {"answers lost on the way back, queue not half full", 600, 300, CAUSE_LOSSY_RETURN_PATH},
        {"flood from one source, cookies on", 20, 0, CAUSE_ONE_SOURCE_FLOOD},
        {"real clients over 1.5 s, cookies on", 64, 10, CAUSE_BURST},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct handshake_row *row = find_row(rows[i].row);
        struct listener listener;
        struct sample sample = sample_of(row, &listener);
        struct finding findings[FINDINGS_MAX];
        struct breach breaches[2];
        size_t count = listener_breaches(row, &listener, breaches);
        listener.half_open = rows[i].half_open;
        listener.half_open_fresh = rows[i].fresh;
        check_row(rows[i].row, diagnose(&sample, breaches, count, findings), 1);
        check_row(rows[i].row, findings[0].cause, rows[i].cause);
    }
}

static void test_one_source_is_named(void **state) {
    struct listener listener;
    struct sample sample = sample_of(find_row("flood from one source, cookies on"), &listener);
    struct finding findings[FINDINGS_MAX];
    struct breach breaches[2];
    size_t count = listener_breaches(find_row("flood from one source, cookies on"), &listener, breaches);

    (void)state;
    diagnose(&sample, breaches, count, findings);
    assert_true(endpoint_equal(&findings[0].peer, &source));
}

/* Peers are counted by port: another listener's at the same one must not be laid to this one. */
static void test_a_source_of_another_listener_is_not_named(void **state) {
    const struct handshake_row *row = find_row("spoofed flood, cookies on, for 7 s");
    const struct diag_socket socket = {.state = STATE_SYN_RECV, .request = true, .remote = source};
    struct listener listener;
    struct sample sample = sample_of(row, &listener);
    struct finding findings[FINDINGS_MAX];
    struct breach breaches[2];
    size_t count = listener_breaches(row, &listener, breaches);

    (void)state;
    for (int i = 0; i < 1000; i++)
        share_tables_count(shares, &socket, 80);
    diagnose(&sample, breaches, count, findings);
    assert_int_equal(findings[0].cause, CAUSE_SPOOFED_FLOOD);
    assert_int_equal(findings[0].peer.family, ENDPOINT_NONE);
    assert_null(finding_main_peer(&findings[0]));
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

/* With cookies off 193 of 1,000 fit: a longer backlog would change nothing. */
static void test_the_three_quarter_rule_asks_for_no_backlog(void **state) {
    static const struct {
        const char *name;
        uint32_t backlog;
        uint64_t advised;
    } rows[] = {{"the application asks for enough", 1000, 0}, {"it does not", 256, 512}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct listener listener;
        struct sample sample = sample_of(find_row("real burst, cookies off"), &listener);
        struct finding findings[FINDINGS_MAX];
        struct breach breaches[2];
        size_t count = listener_breaches(find_row("real burst, cookies off"), &listener, breaches);
        sample.knob[KNOB_TCP_SYNCOOKIES].value = FIGURE_OF(0);
        sample.knob[KNOB_TCP_MAX_SYN_BACKLOG].value = FIGURE_OF(256);
        listener.backlog = rows[i].backlog;
        breaches[0].value = 200;
        check_row(rows[i].name, diagnose(&sample, breaches, count, findings), 1);
        check_row(rows[i].name, findings[0].cause, CAUSE_BURST);
        check_row(rows[i].name, findings[0].backlog_advised, rows[i].advised);
        check_row(rows[i].name, findings[0].backlog_suffices, rows[i].advised == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue_has_changed_since_the_walk),
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_one_source_is_named),
        cmocka_unit_test(test_a_source_of_another_listener_is_not_named),
        cmocka_unit_test(test_two_listeners_are_two_findings),
        cmocka_unit_test(test_a_burst_asks_for_a_backlog),
        cmocka_unit_test(test_the_three_quarter_rule_asks_for_no_backlog),
    };

    return cmocka_run_group_tests(tests, make_shares, free_shares);
}
