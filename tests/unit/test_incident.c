/* SPDX-License-Identifier: MIT */
/* Incidents over simulated time: days pass in a millisecond. */
#include "case.h"

#include "incident.h"
#include "util.h"

#define SECOND   USEC_PER_SEC
#define REMINDER (1800 * SECOND)

static struct incident_table table;
static struct alert alerts[INCIDENTS_MAX + FINDINGS_MAX];

static int reset(void **state) {
    (void)state;
    memset(&table, 0, sizeof table);
    table.next_id = 7;
    return 0;
}

static struct finding finding_of(enum cause cause, uint64_t value) {
    struct finding finding = {.family = FAMILY_HANDSHAKE,
                              .cause = cause,
                              .severity = SEVERITY_WARNING,
                              .confidence = CONFIDENCE_HIGH};

    finding.problem = cause_info(cause)->problem;
    finding.lead = (struct breach){.condition = CONDITION_SYN_RECV, .value = value, .threshold = 100};
    finding.scope.kind = SCOPE_LISTENER;
    finding.scope.local.port = 80;
    return finding;
}

static size_t update(const struct finding *findings, size_t count, uint64_t now) {
    struct sample sample = quiet_sample();

    sample.taken_usec = now;
    return incident_update(&table, findings, count, &sample, REMINDER, alerts);
}

static void test_raised_once_cleared_once(void **state) {
    struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 500);

    (void)state;
    assert_int_equal(update(NULL, 0, SECOND), 0);
    assert_int_equal(update(&finding, 1, 10 * SECOND), 1);
    assert_int_equal(alerts[0].event, EVENT_RAISED);
    assert_int_equal(alerts[0].incident_id, 7);
    finding.lead.value = 900;
    for (uint64_t i = 11; i < 600; i++)
        assert_int_equal(update(&finding, 1, i * SECOND), 0);
    finding.lead.value = 50;
    assert_int_equal(update(&finding, 1, 600 * SECOND), 0);
    assert_int_equal(update(NULL, 0, 610 * SECOND), 1);
    assert_int_equal(alerts[0].event, EVENT_CLEARED);
    assert_int_equal(alerts[0].incident_id, 7);
    assert_int_equal(alerts[0].duration_usec, 600 * SECOND);
    assert_int_equal(alerts[0].peak, 900);
    assert_int_equal(update(NULL, 0, 611 * SECOND), 0);
    finding.lead.value = 500;
    assert_int_equal(update(&finding, 1, 612 * SECOND), 1);
    assert_int_equal(alerts[0].incident_id, 8);
    assert_int_equal(table.raised[PROBLEM_SYN_FLOOD], 2);
}

/* Who was behind it is told when it is over, too: also if the name came late, or nobody is left to be seen.
 */
static void test_unit_outlives_the_problem(void **state) {
    static const struct {
        const char *name, *raised, *later;
        uint64_t value; /* later; under 100 it subsides */
        bool reminded;
        const char *cleared;
    } row[] = {
        {"named at once", "nginx.service", "nginx.service", 500, true, "nginx.service"},
        {"named later", "", "nginx.service", 500, false, "nginx.service"},
        {"nobody left", "nginx.service", "", 50, true, "nginx.service"},
        {"nobody any more", "nginx.service", "", 500, true, ""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 500);
        reset(state);
        strcpy(finding.unit, row[i].raised);
        update(&finding, 1, SECOND);
        memset(finding.unit, 0, sizeof finding.unit);
        strcpy(finding.unit, row[i].later);
        finding.lead.value = row[i].value;
        update(&finding, 1, 2 * SECOND);
        check_row(row[i].name, update(&finding, 1, row[i].reminded ? SECOND + REMINDER : 3 * SECOND),
                  row[i].reminded);
        check_row(row[i].name, update(NULL, 0, 2 * REMINDER), 1);
        check_row(row[i].name, alerts[0].event, EVENT_CLEARED);
        if (strcmp(alerts[0].finding.unit, row[i].cleared) != 0)
            fail_msg("%s: %s", row[i].name, alerts[0].finding.unit);
    }
}

static void test_severity(void **state) {
    struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 500);

    (void)state;
    update(&finding, 1, SECOND);
    finding.severity = SEVERITY_CRITICAL;
    assert_int_equal(update(&finding, 1, 2 * SECOND), 1);
    assert_int_equal(alerts[0].event, EVENT_CHANGED);
    assert_int_equal(alerts[0].finding.severity, SEVERITY_CRITICAL);
    assert_false(alerts[0].rediagnosed);
    assert_int_equal(update(&finding, 1, 3 * SECOND), 0);
}

static void test_another_cause_must_settle(void **state) {
    struct finding flood = finding_of(CAUSE_SPOOFED_FLOOD, 500), slow = finding_of(CAUSE_SLOW_ACCEPT, 500);

    (void)state;
    update(&flood, 1, SECOND);
    for (uint64_t i = 2; i < 7; i++)
        assert_int_equal(update(&slow, 1, i * SECOND), 0);
    assert_int_equal(update(&slow, 1, 7 * SECOND), 1);
    assert_int_equal(alerts[0].event, EVENT_CHANGED);
    assert_int_equal(alerts[0].finding.problem, PROBLEM_ACCEPT_QUEUE_FULL);
    assert_true(alerts[0].rediagnosed);
    assert_int_equal(alerts[0].incident_id, 7);
}

static void test_a_wavering_cause_is_not_told(void **state) {
    struct finding flood = finding_of(CAUSE_SPOOFED_FLOOD, 500), burst = finding_of(CAUSE_BURST, 500);

    (void)state;
    update(&flood, 1, SECOND);
    for (uint64_t i = 2; i < 1000; i++)
        assert_int_equal(update(i % 4 ? &burst : &flood, 1, i * SECOND), 0);
}

static void test_a_guess_replaces_no_better_diagnosis(void **state) {
    struct finding flood = finding_of(CAUSE_SPOOFED_FLOOD, 500);
    struct finding loss = finding_of(CAUSE_LOSSY_RETURN_PATH, 500);

    (void)state;
    update(&flood, 1, SECOND);
    loss.confidence = CONFIDENCE_LOW;
    for (uint64_t i = 2; i < 60; i++)
        assert_int_equal(update(&loss, 1, i * SECOND), 0);
    loss.confidence = CONFIDENCE_MEDIUM;
    for (uint64_t i = 60; i < 65; i++)
        assert_int_equal(update(&loss, 1, i * SECOND), 0);
    assert_int_equal(update(&loss, 1, 65 * SECOND), 1);
    assert_true(alerts[0].rediagnosed);
}

static void test_a_subsiding_breach_explains_nothing(void **state) {
    struct finding flood = finding_of(CAUSE_SPOOFED_FLOOD, 500), burst = finding_of(CAUSE_BURST, 99);

    (void)state;
    update(&flood, 1, SECOND);
    for (uint64_t i = 2; i < 100; i++)
        assert_int_equal(update(&burst, 1, i * SECOND), 0);
    update(NULL, 0, 100 * SECOND);
    assert_int_equal(alerts[0].finding.cause, CAUSE_SPOOFED_FLOOD);
}

static void test_a_stale_breach_explains_nothing(void **state) {
    struct finding flood = finding_of(CAUSE_SPOOFED_FLOOD, 500), burst = finding_of(CAUSE_BURST, 500);

    (void)state;
    update(&flood, 1, SECOND);
    burst.lead.stale = true;
    for (uint64_t i = 2; i < 100; i++)
        assert_int_equal(update(&burst, 1, i * SECOND), 0);
}

static void test_severity_waits_for_an_unsettled_cause(void **state) {
    struct finding flood = finding_of(CAUSE_SPOOFED_FLOOD, 500), burst = finding_of(CAUSE_BURST, 500);

    (void)state;
    update(&flood, 1, SECOND);
    burst.severity = SEVERITY_CRITICAL;
    assert_int_equal(update(&burst, 1, 2 * SECOND), 0);
    assert_int_equal(update(&burst, 1, 6 * SECOND), 0);
    assert_int_equal(update(&burst, 1, 7 * SECOND), 1);
    assert_int_equal(alerts[0].finding.severity, SEVERITY_CRITICAL);
    assert_int_equal(alerts[0].finding.cause, CAUSE_BURST);
    burst.severity = SEVERITY_WARNING;
    burst.cause = CAUSE_SPOOFED_FLOOD;
    burst.lead.value = 99; /* subsiding: nothing new is learnt from it */
    assert_int_equal(update(&burst, 1, 8 * SECOND), 1);
    assert_int_equal(alerts[0].finding.severity, SEVERITY_WARNING);
    assert_int_equal(alerts[0].finding.cause, CAUSE_BURST);
}

static void test_a_subsiding_breach_asks_for_no_less(void **state) {
    struct finding burst = finding_of(CAUSE_BURST, 500);

    (void)state;
    burst.severity = SEVERITY_CRITICAL;
    burst.backlog_advised = 4096;
    burst.advice_count = 1;
    burst.advice[0].recommended = 4096;
    update(&burst, 1, SECOND);
    burst.severity = SEVERITY_WARNING;
    burst.backlog_advised = 512;
    burst.advice[0].recommended = 512;
    burst.lead.value = 99;
    assert_int_equal(update(&burst, 1, 2 * SECOND), 1);
    assert_int_equal(alerts[0].finding.backlog_advised, 4096);
    assert_int_equal(alerts[0].finding.advice[0].recommended, 4096);
    assert_int_equal(alerts[0].finding.lead.value, 99);
}

static void test_reminders(void **state) {
    struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 500);
    size_t told = 0;

    (void)state;
    update(&finding, 1, SECOND);
    for (uint64_t i = 2; i <= 86401; i++)
        told += update(&finding, 1, i * SECOND);
    assert_int_equal(told, 48);
    assert_int_equal(alerts[0].event, EVENT_REMINDER);
    struct sample sample = quiet_sample();
    sample.taken_usec = 1000000 * SECOND;
    assert_int_equal(incident_update(&table, &finding, 1, &sample, 0, alerts), 0);
}

static void test_scopes_are_apart(void **state) {
    struct finding findings[2] = {finding_of(CAUSE_SPOOFED_FLOOD, 500), finding_of(CAUSE_SPOOFED_FLOOD, 500)};

    (void)state;
    findings[1].scope.local.port = 443;
    assert_int_equal(update(findings, 2, SECOND), 2);
    assert_int_not_equal(alerts[0].incident_id, alerts[1].incident_id);
    assert_int_equal(update(findings, 1, 2 * SECOND), 1);
    assert_int_equal(alerts[0].finding.scope.local.port, 443);
}

static void test_a_full_table_loses_nothing_for_good(void **state) {
    static struct finding findings[FINDINGS_MAX];
    size_t raised = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < FINDINGS_MAX; i++) {
            findings[i] = finding_of(CAUSE_SPOOFED_FLOOD, 500);
            findings[i].scope.local.port = (uint16_t)(round * 100 + (int)i);
        }
        /* the earlier ones are kept open by their grace */
        for (size_t i = 0; i < INCIDENTS_MAX; i++)
            table.incident[i].keep_until_usec = 100 * SECOND;
        raised += update(findings, FINDINGS_MAX, SECOND);
    }
    assert_int_equal(raised, INCIDENTS_MAX);
    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        table.incident[i].keep_until_usec = 0;
    /* those of the first round are cleared, and their places taken by the second */
    assert_int_equal(update(findings, FINDINGS_MAX, 2 * SECOND), 2 * INCIDENTS_MAX);
    assert_int_equal(table.overlooked, FINDINGS_MAX - INCIDENTS_MAX);
    update(findings, 1, 3 * SECOND);
    assert_int_equal(table.overlooked, 0);
}

static void test_a_resumed_incident_has_its_grace(void **state) {
    struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 500);

    (void)state;
    update(&finding, 1, SECOND);
    table.incident[0].keep_until_usec = 10 * SECOND;
    assert_int_equal(update(NULL, 0, 9 * SECOND), 0);
    assert_int_equal(update(NULL, 0, 10 * SECOND), 1);
}

static void test_quiet_keeps_open_and_raises_nothing(void **state) {
    struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 500), quiet = finding_of(CAUSE_BURST, 500);

    (void)state;
    quiet.quiet = true;
    assert_int_equal(update(&quiet, 1, SECOND), 0);
    update(&finding, 1, 2 * SECOND);
    for (uint64_t i = 3; i < 100; i++)
        assert_int_equal(update(&quiet, 1, i * SECOND), 0);
    assert_int_equal(update(NULL, 0, 100 * SECOND), 1);
}

static void test_a_subsiding_breach_raises_nothing(void **state) {
    struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 99);

    (void)state;
    assert_int_equal(update(&finding, 1, SECOND), 0);
}

/* A leak that fills the accept queue, or uses up ports, is one incident, whichever is seen first. */
static void test_linked_findings_are_one_incident(void **state) {
    struct finding findings[2] = {finding_of(CAUSE_SLOW_ACCEPT, 129), finding_of(CAUSE_NOT_ACCEPTED, 500)};

    (void)state;
    findings[0].local.port = findings[1].local.port = 80;
    findings[1].family = FAMILY_CLOSE_WAIT;
    findings[1].linked = FAMILY_HANDSHAKE;
    findings[1].scope = (struct scope){0};
    assert_int_equal(update(findings, 2, SECOND), 1);
    assert_int_equal(alerts[0].finding.family, FAMILY_HANDSHAKE);
    assert_int_equal(update(&findings[1], 1, 2 * SECOND), 2); /* the queue is empty, the sockets are there */
    assert_int_equal(alerts[0].event, EVENT_CLEARED);
    assert_int_equal(alerts[1].event, EVENT_RAISED);
    assert_int_equal(update(findings, 2, 3 * SECOND),
                     1); /* both open now: neither is cleared for the other */
    assert_int_equal(update(findings, 2, 4 * SECOND), 0);
    findings[0].local.port = 443;
    findings[0].scope.local.port = 443;
    reset(NULL);
    assert_int_equal(update(findings, 2, 5 * SECOND), 2); /* another port: another cause */
}

static void test_cleared_tells_of_the_worst(void **state) {
    struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 500);

    (void)state;
    finding.lead.condition = CONDITION_SYN_OVERFLOW;
    update(&finding, 1, SECOND);
    finding.lead.value = 20000;
    update(&finding, 1, 2 * SECOND);
    finding.lead.condition = CONDITION_SYN_RECV;
    finding.lead.value = 512;
    finding.severity = SEVERITY_CRITICAL;
    assert_int_equal(update(&finding, 1, 3 * SECOND), 1);
    assert_int_equal(alerts[0].finding.lead.condition, CONDITION_SYN_RECV);
    assert_int_equal(update(NULL, 0, 4 * SECOND), 1);
    assert_int_equal(alerts[0].peak, 20000);
    assert_int_equal(alerts[0].finding.lead.condition, CONDITION_SYN_OVERFLOW);
    assert_int_equal(alerts[0].finding.lead.value, 20000);
}

static void test_id_text(void **state) {
    char text[INCIDENT_ID_SIZE];

    (void)state;
    incident_id_format(0xabcdef0123456789ULL, text);
    assert_string_equal(text, "abcdef0123456789");
    incident_id_format(1, text);
    assert_string_equal(text, "0000000000000001");
}

/* For want of memory: it comes at the next tick. */
static void test_untold_is_told_again(void **state) {
    struct finding finding = finding_of(CAUSE_SPOOFED_FLOOD, 500);

    (void)state;
    assert_int_equal(update(&finding, 1, SECOND), 1);
    incident_untell(&table, &alerts[0]);
    assert_int_equal(update(&finding, 1, 2 * SECOND), 1);
    assert_int_equal(alerts[0].event, EVENT_RAISED);
    assert_int_equal(update(&finding, 1, 3 * SECOND), 0);
    assert_int_equal(update(NULL, 0, 4 * SECOND), 1);
    incident_untell(&table, &alerts[0]);
    assert_int_equal(update(NULL, 0, 5 * SECOND), 1);
    assert_int_equal(alerts[0].event, EVENT_CLEARED);
    assert_int_equal(update(NULL, 0, 6 * SECOND), 0);
}

/* The one that was raised beside it has not taken its place. */
static void test_an_end_is_taken_back_beside_a_beginning(void **state) {
    struct finding one = finding_of(CAUSE_SPOOFED_FLOOD, 500);
    struct finding other = one;

    (void)state;
    other.scope.local.port = 81;
    assert_int_equal(update(&one, 1, SECOND), 1);
    assert_int_equal(update(&other, 1, 2 * SECOND), 2);
    assert_int_equal(alerts[0].event, EVENT_CLEARED);
    struct alert raised = alerts[1];
    assert_int_equal(raised.event, EVENT_RAISED);
    incident_untell(&table, &alerts[0]);
    assert_int_equal(update(&other, 1, 3 * SECOND), 1);
    assert_int_equal(alerts[0].event, EVENT_CLEARED);
    assert_int_equal(table.raised[raised.finding.problem], 2);
    incident_untell(&table, &raised);
    assert_int_equal(table.raised[raised.finding.problem], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_raised_once_cleared_once, reset),
        cmocka_unit_test_setup(test_unit_outlives_the_problem, reset),
        cmocka_unit_test_setup(test_severity, reset),
        cmocka_unit_test_setup(test_another_cause_must_settle, reset),
        cmocka_unit_test_setup(test_a_wavering_cause_is_not_told, reset),
        cmocka_unit_test_setup(test_a_guess_replaces_no_better_diagnosis, reset),
        cmocka_unit_test_setup(test_a_subsiding_breach_explains_nothing, reset),
        cmocka_unit_test_setup(test_a_stale_breach_explains_nothing, reset),
        cmocka_unit_test_setup(test_severity_waits_for_an_unsettled_cause, reset),
        cmocka_unit_test_setup(test_a_subsiding_breach_asks_for_no_less, reset),
        cmocka_unit_test_setup(test_reminders, reset),
        cmocka_unit_test_setup(test_scopes_are_apart, reset),
        cmocka_unit_test_setup(test_a_full_table_loses_nothing_for_good, reset),
        cmocka_unit_test_setup(test_a_resumed_incident_has_its_grace, reset),
        cmocka_unit_test_setup(test_quiet_keeps_open_and_raises_nothing, reset),
        cmocka_unit_test_setup(test_a_subsiding_breach_raises_nothing, reset),
        cmocka_unit_test_setup(test_linked_findings_are_one_incident, reset),
        cmocka_unit_test_setup(test_cleared_tells_of_the_worst, reset),
        cmocka_unit_test_setup(test_untold_is_told_again, reset),
        cmocka_unit_test_setup(test_an_end_is_taken_back_beside_a_beginning, reset),
        cmocka_unit_test(test_id_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
