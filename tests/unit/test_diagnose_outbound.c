/* SPDX-License-Identifier: MIT */
/* Outgoing attempts, TIME-WAIT and open connections: what a survey of the sockets themselves tells. */
#include "case.h"

#include "diagnose.h"
#include "observe.h"
#include "util.h"

static struct finding diagnose_one(const char *name, const struct sample *sample, enum condition condition,
                                   uint64_t value) {
    static struct finding findings[FINDINGS_MAX];
    struct breach breach = {
        .condition = condition, .severity = SEVERITY_WARNING, .value = value, .threshold = 1};

    check_row(name, diagnose(sample, &breach, 1, findings), 1);
    return findings[0];
}

static void test_syn_sent(void **state) {
    static const struct {
        const char *name;
        uint32_t resent, simultaneous;
        uint64_t failed, resets, opened;
        enum cause cause;
        enum confidence confidence;
        bool quiet;
    } rows[] = {
        {"dropped", 501, 0, 0, 0, 1000, CAUSE_PEER_NOT_ANSWERING, CONFIDENCE_HIGH, false},
        {"under way", 500, 0, 0, 0, 5000, CAUSE_PEER_NOT_ANSWERING, CONFIDENCE_LOW, true},
        {"refused", 0, 0, 4000, 0, 5000, CAUSE_PEER_REFUSES, CONFIDENCE_MEDIUM, false},
        {"some refused", 0, 0, 2000, 0, 5000, CAUSE_PEER_NOT_ANSWERING, CONFIDENCE_LOW, true},
        {"resets of half-opens are not ours", 0, 0, 4000, 3500, 800, CAUSE_PEER_NOT_ANSWERING, CONFIDENCE_LOW,
         true},
        {"half of them both sides at once", 900, 500, 0, 0, 1000, CAUSE_PEER_NOT_ANSWERING, CONFIDENCE_HIGH,
         false},
        {"both sides at once", 900, 501, 0, 0, 1000, CAUSE_SIMULTANEOUS_OPEN, CONFIDENCE_MEDIUM, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        sample.detail.syn_sent_retransmitted = rows[i].resent;
        sample.detail.syn_recv_simultaneous = rows[i].simultaneous;
        sample.recent_increase[COUNTER_ATTEMPT_FAILS] = FIGURE_OF(rows[i].failed);
        sample.recent_increase[COUNTER_EMBRYONIC_RSTS] = FIGURE_OF(rows[i].resets);
        sample.recent_increase[COUNTER_ACTIVE_OPENS] = FIGURE_OF(rows[i].opened);
        struct finding finding = diagnose_one(rows[i].name, &sample, CONDITION_SYN_SENT, 1000);
        check_row(rows[i].name, finding.cause, rows[i].cause);
        check_row(rows[i].name, finding.confidence, rows[i].confidence);
        check_row(rows[i].name, finding.quiet, rows[i].quiet);
    }
}

static void test_syn_sent_names_the_destination(void **state) {
    struct sample sample = quiet_sample();
    struct endpoint remote = {.family = ENDPOINT_IPV4, .address = {192, 0, 2, 9}, .port = 5432};

    (void)state;
    sample.syn_sent = (struct destination){.remote = remote, .ports_in_use = 501};
    struct finding finding = diagnose_one("most go there", &sample, CONDITION_SYN_SENT, 1000);
    assert_true(endpoint_equal(&finding.peer, &remote));
    sample.syn_sent.ports_in_use = 500;
    finding = diagnose_one("half of them", &sample, CONDITION_SYN_SENT, 1000);
    assert_int_equal(finding.peer.family, ENDPOINT_NONE);
}

static void see_value(const struct observation *observation, void *context) {
    *(uint64_t *)context = observation->value.value;
}

static void test_simultaneous_opens_count_as_attempts(void **state) {
    struct sample sample = quiet_sample();
    struct config config;
    uint64_t value = 0;

    (void)state;
    config_defaults(&config);
    sample.state[STATE_SYN_SENT] = FIGURE_OF(100);
    sample.detail.syn_recv_simultaneous = 20;
    observe(&config, &sample, CONDITION_SYN_SENT, see_value, &value);
    assert_int_equal(value, 120);
}

static void test_time_wait_survey(void **state) {
    static const struct {
        const char *name;
        uint32_t sockets, inbound;
        enum cause cause;
        enum confidence confidence;
    } rows[] = {
        {"listeners' ports", 1000, 800, CAUSE_TIME_WAIT_INBOUND, CONFIDENCE_HIGH},
        {"ports that connect() chose", 1000, 200, CAUSE_TIME_WAIT_OUTBOUND, CONFIDENCE_HIGH},
        {"both", 1000, 500, CAUSE_TIME_WAIT_UNCLEAR, CONFIDENCE_HIGH},
        {"none looked at: by what is opened now", 0, 0, CAUSE_TIME_WAIT_OUTBOUND, CONFIDENCE_MEDIUM},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        sample.recent_increase[COUNTER_ACTIVE_OPENS] = FIGURE_OF(1000);
        sample.time_wait_survey =
            (struct survey){.taken_usec = 1, .sockets = rows[i].sockets, .inbound = rows[i].inbound};
        struct finding finding = diagnose_one(rows[i].name, &sample, CONDITION_TIME_WAIT, 60000);
        check_row(rows[i].name, finding.cause, rows[i].cause);
        check_row(rows[i].name, finding.confidence, rows[i].confidence);
    }
}

/* A table that turns away 1,000 a second would have to hold a minute of them. */
static void test_time_wait_overflow_asks_for_enough(void **state) {
    static const struct {
        const char *name;
        uint64_t held, turned_away, wanted;
        uint32_t fin_wait_2;
    } rows[] = {
        {"a trickle: twice", 65536, 10, 131072, 0},
        {"1,000 a second", 65536, 1000, 131072, 0},
        {"5,000 a second", 65536, 5000, 524288, 0},
        {"1,600 a second, half of it FIN-WAIT-2", 32768, 1600, 262144, 32768},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        sample.state[STATE_TIME_WAIT] = FIGURE_OF(rows[i].held);
        sample.detail.fin_wait_2_minisocket = rows[i].fin_wait_2;
        sample.increase[COUNTER_TIME_WAIT_OVERFLOW] = FIGURE_OF(rows[i].turned_away);
        struct finding finding =
            diagnose_one(rows[i].name, &sample, CONDITION_TIME_WAIT_OVERFLOW, rows[i].turned_away);
        check_row(rows[i].name, finding.advice_count, 1);
        check_row(rows[i].name, finding.advice[0].recommended, rows[i].wanted);
    }
}

static void test_established_survey(void **state) {
    static const struct {
        const char *name;
        struct survey survey;
        enum cause cause;
    } rows[] = {
        {"idle, no timer", {.sockets = 1000, .idle = 501}, CAUSE_IDLE_WITHOUT_KEEPALIVE},
        {"half of them idle", {.sockets = 1000, .idle = 500}, CAUSE_MANY_ESTABLISHED},
        {"keepalive", {.sockets = 1000, .keepalive = 1000}, CAUSE_MANY_ESTABLISHED},
        {"peers are gone", {.sockets = 1000, .unanswered = 501, .idle = 499}, CAUSE_ESTABLISHED_UNANSWERED},
        {"not looked at", {0}, CAUSE_MANY_ESTABLISHED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        sample.established_survey = rows[i].survey;
        struct finding finding = diagnose_one(rows[i].name, &sample, CONDITION_ESTABLISHED, 100000);
        check_row(rows[i].name, finding.cause, rows[i].cause);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syn_sent),
        cmocka_unit_test(test_syn_sent_names_the_destination),
        cmocka_unit_test(test_simultaneous_opens_count_as_attempts),
        cmocka_unit_test(test_time_wait_survey),
        cmocka_unit_test(test_time_wait_overflow_asks_for_enough),
        cmocka_unit_test(test_established_survey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
