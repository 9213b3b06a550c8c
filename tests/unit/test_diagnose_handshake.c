/* SPDX-License-Identifier: MIT */
/* Flood, burst, slow accept or loss: the rows are counter readings of real scenarios. */
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
    uint32_t half_open, fresh, old, patient, repeated, leader_votes, accept_queue;
    uint32_t silent_sec; /* since its half-opens were seen to be silent; 0: never */
    uint32_t backlog;    /* 0: 128 */
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
    {"spoofed flood, a few old ones, by chance none provably so",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 2871,
     .half_open = 129,
     .fresh = 65,
     .old = 10,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
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
    {"flood from one source, cookies on",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 2871,
     .half_open = 129,
     .fresh = 65,
     .leader_votes = 97,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_ONE_SOURCE_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"flood, less than three quarters from one source",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 2871,
     .half_open = 129,
     .fresh = 65,
     .leader_votes = 96,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"burst through one NAT or proxy",
     {CONDITION_SYN_OVERFLOW, NONE},
     .sent = 1713,
     .received = 1713,
     .opened = 2000,
     .half_open = 129,
     .fresh = 129,
     .leader_votes = 129,
     .problem = PROBLEM_SYN_BACKLOG_SMALL,
     .cause = CAUSE_BURST,
     .confidence = CONFIDENCE_HIGH},
    {"slow flood onto a short queue, full of old ones",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 9,
     .fresh = 3,
     .backlog = 8,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"few half-opens in a short queue, not full",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 7,
     .fresh = 3,
     .backlog = 8,
     .quiet = true,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_HALF_OPEN_UNCLEAR,
     .confidence = CONFIDENCE_LOW},
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
     .confidence = CONFIDENCE_LOW},
    {"what a flood has left, in the second half of its timers",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 128,
     .old = 128,
     .silent_sec = 16,
     .problem = PROBLEM_SYN_FLOOD,
     .cause = CAUSE_SPOOFED_FLOOD,
     .confidence = CONFIDENCE_MEDIUM},
    {"answers lost after a flood: sent again more often than our timer does",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 128,
     .old = 128,
     .repeated = 100,
     .silent_sec = 16,
     .problem = PROBLEM_HANDSHAKE_LOSS,
     .cause = CAUSE_LOSSY_RETURN_PATH,
     .confidence = CONFIDENCE_MEDIUM},
    {"answers lost, a minute after a flood",
     {CONDITION_SYN_RECV, NONE},
     .half_open = 128,
     .old = 128,
     .silent_sec = 60,
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

static const struct endpoint source = {.family = ENDPOINT_IPV4, .address = {203, 0, 113, 9}};

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
    *listener = listener_on(80, row->backlog ? row->backlog : 128);
    listener->half_open = row->half_open;
    listener->half_open_fresh = row->fresh;
    listener->half_open_old = row->old;
    listener->half_open_patient = row->patient;
    listener->half_open_repeated = row->repeated;
    if (row->silent_sec > 0)
        listener->silent_usec = sample.walked_usec - row->silent_sec * USEC_PER_SEC;
    listener->sources.leader = source;
    listener->sources.leader_votes = row->leader_votes;
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
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_one_source_is_named),
        cmocka_unit_test(test_two_listeners_are_two_findings),
        cmocka_unit_test(test_a_burst_asks_for_a_backlog),
        cmocka_unit_test(test_the_three_quarter_rule_asks_for_no_backlog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
