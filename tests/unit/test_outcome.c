/* SPDX-License-Identifier: MIT */
/* Sysctls that change during an incident: what is told at once, a minute later, and at the end. */
#include "case.h"

#include "incident.h"
#include "util.h"

#define SECOND   USEC_PER_SEC
#define REMINDER (1800 * SECOND)

/* One host over time: each tick is a second. */
struct bench {
    struct sample sample;
    struct incident_table table;
    struct finding finding;
    struct alert alert[INCIDENTS_MAX + FINDINGS_MAX];
    size_t count;
};

static struct bench bench;

static struct finding finding_of(enum problem_family family, enum cause cause, enum condition condition) {
    struct finding finding = {
        .problem = cause_info(cause)->problem,
        .family = family,
        .cause = cause,
        .severity = SEVERITY_WARNING,
        .lead = {.condition = condition, .severity = SEVERITY_WARNING, .value = 1000, .threshold = 100},
    };

    return finding;
}

static void tick(bool found) {
    bench.sample.taken_usec += SECOND;
    bench.finding.lead.measured_usec = bench.sample.taken_usec;
    bench.count = incident_update(&bench.table, &bench.finding, found, &bench.sample, REMINDER, bench.alert);
}

static void ticks(int seconds) {
    for (int i = 0; i < seconds; i++)
        tick(true);
}

/* An incident that has been open for ten seconds. */
static void raise(enum problem_family family, enum cause cause, enum condition condition) {
    memset(&bench, 0, sizeof bench);
    bench.sample = quiet_sample();
    bench.finding = finding_of(family, cause, condition);
    tick(true);
    assert_int_equal(bench.count, 1);
    ticks(10);
    assert_int_equal(bench.count, 0);
}

static void set(enum knob knob, uint64_t value) {
    bench.sample.knob[knob].value = FIGURE_OF(value);
}

static int raise_leak(void **state) {
    (void)state;
    raise(FAMILY_CLOSE_WAIT, CAUSE_FD_HELD, CONDITION_CLOSE_WAIT);
    return 0;
}

static const struct outcome *told(const char *name, enum verdict verdict) {
    check_row(name, bench.count, 1);
    check_row(name, bench.alert[0].event, EVENT_CHANGED);
    check_row(name, bench.alert[0].rediagnosed, false);
    check_row(name, bench.alert[0].outcome.verdict, verdict);
    return &bench.alert[0].outcome;
}

static void test_told_at_once_and_a_minute_later(void **state) {
    (void)state;
    set(KNOB_TCP_FIN_TIMEOUT, 10);
    tick(true);
    const struct outcome *outcome = told("at once", VERDICT_PENDING);
    check_row("one key", outcome->changes.count, 1);
    check_row("which", outcome->changes.change[0].knob, KNOB_TCP_FIN_TIMEOUT);
    check_row("from", outcome->changes.change[0].from[0], 60);
    check_row("to", outcome->changes.change[0].to[0], 10);
    uint64_t id = bench.alert[0].incident_id;
    for (int i = 0; i < 59; i++) {
        tick(true);
        check_row("nothing for 59 s", bench.count, 0);
    }
    bench.finding.lead.value = 1005;
    tick(true);
    outcome = told("after a minute", VERDICT_NO_EFFECT);
    check_row("before", outcome->before.value.value, 1000);
    check_row("after", outcome->after.value.value, 1005);
    check_row("waited", outcome->waited_usec, 60 * SECOND);
    check_row("the same incident", bench.alert[0].incident_id, id);
    for (int i = 0; i < 600; i++) {
        tick(true);
        check_row("once", bench.count, 0);
    }
}

static void test_verdicts(void **state) {
    static const struct {
        const char *name;
        uint64_t before, limit_before, after, limit_after; /* limit 0: none */
        enum verdict wanted;
    } rows[] = {
        {"80 %", 1000, 0, 800, 0, VERDICT_HELPED},
        {"a little more", 1000, 0, 801, 0, VERDICT_NO_EFFECT},
        {"the same", 1000, 0, 1000, 0, VERDICT_NO_EFFECT},
        {"a little less than 120 %", 1000, 0, 1199, 0, VERDICT_NO_EFFECT},
        {"120 %", 1000, 0, 1200, 0, VERDICT_WORSE},
        {"nothing left", 1000, 0, 0, 0, VERDICT_HELPED},
        {"a wider range, as many ports", 27900, 28232, 27950, 55536, VERDICT_HELPED},
        {"a wider range, filled too", 27900, 28232, 55000, 55536, VERDICT_NO_EFFECT},
        {"a narrower range", 20000, 28232, 20000, 15000, VERDICT_WORSE},
        {"the same limit: as many as were", 1000, 1000000, 800, 1000000, VERDICT_HELPED},
        {"a limit that is new", 1000, 0, 1000, 10, VERDICT_NO_EFFECT},
        {"of 0, the floor", 0, 0, 10, 0, VERDICT_NO_EFFECT},
        {"of 0, over it", 0, 0, 11, 0, VERDICT_WORSE},
        {"beyond 32 bit", 1ULL << 60, 0, 1ULL << 61, 0, VERDICT_WORSE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        raise(FAMILY_PORTS, CAUSE_PORTS_TIME_WAIT, CONDITION_PORTS);
        struct breach *lead = &bench.finding.lead;
        lead->value = rows[i].before;
        lead->limit = rows[i].limit_before ? FIGURE_OF(rows[i].limit_before) : FIGURE_NONE;
        tick(true);
        lead->value = rows[i].after;
        lead->limit = rows[i].limit_after ? FIGURE_OF(rows[i].limit_after) : FIGURE_NONE;
        set(KNOB_PORT_RANGE_LOW, 10000);
        tick(true);
        told(rows[i].name, VERDICT_PENDING);
        ticks(60);
        const struct outcome *outcome = told(rows[i].name, rows[i].wanted);
        check_row(rows[i].name, outcome->before.value.value, rows[i].before);
        check_row(rows[i].name, outcome->before.limit.value, rows[i].limit_before);
        check_row(rows[i].name, outcome->after.value.value, rows[i].after);
    }
}

/* The limit beside a rate is that of the queue it runs over: no share of it means anything. */
static void test_rates_are_compared_as_such(void **state) {
    (void)state;
    raise(FAMILY_TIME_WAIT, CAUSE_TW_BUCKETS_FULL, CONDITION_TIME_WAIT_OVERFLOW);
    bench.finding.lead.limit = FIGURE_OF(1000);
    tick(true);
    bench.finding.lead.limit = FIGURE_OF(2000);
    set(KNOB_TCP_MAX_TW_BUCKETS, 2000);
    tick(true);
    ticks(60);
    told("twice the table, as many lost", VERDICT_NO_EFFECT);
}

/* Per second, out of 5 s. */
static void drop_syns(uint64_t per_sec) {
    bench.sample.recent_increase[COUNTER_LISTEN_DROPS] = FIGURE_OF(per_sec * 5 + 35);
    bench.sample.recent_increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(35);
    bench.sample.recent_increase[COUNTER_REQ_QUEUE_FULL_DROP] = FIGURE_OF(per_sec);
}

static void test_syn_drops(void **state) {
    static const struct {
        const char *name;
        enum condition condition;
        enum knob knob;
        uint64_t before, after;
        bool drops;
        enum verdict wanted;
    } rows[] = {
        {"cookies on", CONDITION_SYN_RECV, KNOB_TCP_SYNCOOKIES, 4000, 0, true, VERDICT_HELPED},
        {"cookies off", CONDITION_SYN_OVERFLOW, KNOB_TCP_SYNCOOKIES, 0, 4000, true, VERDICT_WORSE},
        {"0 and 10", CONDITION_SYN_OVERFLOW, KNOB_TCP_MAX_SYN_BACKLOG, 0, 10, true, VERDICT_NO_EFFECT},
        {"longer backlog", CONDITION_SYN_RECV, KNOB_TCP_MAX_SYN_BACKLOG, 500, 450, true, VERDICT_NO_EFFECT},
        {"fewer retries", CONDITION_SYN_RECV, KNOB_TCP_SYNACK_RETRIES, 500, 300, true, VERDICT_HELPED},
        {"another key", CONDITION_SYN_RECV, KNOB_TCP_FIN_TIMEOUT, 500, 0, false, VERDICT_NO_EFFECT},
        {"led by the accept queue", CONDITION_ACCEPT_QUEUE, KNOB_TCP_SYNCOOKIES, 500, 0, false,
         VERDICT_NO_EFFECT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        raise(FAMILY_HANDSHAKE, CAUSE_SPOOFED_FLOOD, rows[i].condition);
        drop_syns(rows[i].before);
        tick(true);
        drop_syns(rows[i].after);
        set(rows[i].knob, 7);
        tick(true);
        told(rows[i].name, VERDICT_PENDING);
        ticks(60);
        const struct outcome *outcome = told(rows[i].name, rows[i].wanted);
        check_row(rows[i].name, outcome->drops, rows[i].drops);
        check_row(rows[i].name, outcome->before.value.value, rows[i].drops ? rows[i].before : 1000);
        check_row(rows[i].name, outcome->after.value.value, rows[i].drops ? rows[i].after : 1000);
    }
}

static void test_a_full_queue_counts_once(void **state) {
    struct sample sample = quiet_sample();

    (void)state;
    sample.recent_increase[COUNTER_LISTEN_DROPS] = FIGURE_OF(500);
    sample.recent_increase[COUNTER_REQ_QUEUE_FULL_DROP] = FIGURE_OF(500);
    check_row("both counters", outcome_syn_drops(&sample).value, 100);
    sample.recent_increase[COUNTER_LISTEN_DROPS] = FIGURE_NONE;
    check_row("one known", outcome_syn_drops(&sample).value, 100);
    sample.recent_increase[COUNTER_REQ_QUEUE_FULL_DROP] = FIGURE_NONE;
    check_row("none known", outcome_syn_drops(&sample).status, FIGURE_UNKNOWN);
}

static void test_which_keys(void **state) {
    static const struct {
        const char *name;
        struct {
            enum knob knob;
            struct figure value;
        } set[6];
        size_t count;
        enum knob first;
    } rows[] = {
        {"none", {{KNOB_SOMAXCONN, {4096, FIGURE_KNOWN}}}, 0, KNOB_SOMAXCONN},
        {"both ends of the range",
         {{KNOB_PORT_RANGE_LOW, {1024, FIGURE_KNOWN}}, {KNOB_PORT_RANGE_HIGH, {65535, FIGURE_KNOWN}}},
         1,
         KNOB_PORT_RANGE_LOW},
        {"one end", {{KNOB_PORT_RANGE_HIGH, {65535, FIGURE_KNOWN}}}, 1, KNOB_PORT_RANGE_LOW},
        {"a range, and what of it is reserved",
         {{KNOB_PORT_RANGE_HIGH, {65535, FIGURE_KNOWN}}, {KNOB_PORTS_RESERVED, {9, FIGURE_KNOWN}}},
         1,
         KNOB_PORT_RANGE_LOW},
        {"reserved", {{KNOB_PORTS_RESERVED, {9, FIGURE_KNOWN}}}, 1, KNOB_PORTS_RESERVED},
        {"unreadable", {{KNOB_SOMAXCONN, {0, FIGURE_UNKNOWN}}}, 0, KNOB_SOMAXCONN},
        {"a module came", {{KNOB_TCP_TW_RECYCLE, {1, FIGURE_KNOWN}}}, 0, KNOB_SOMAXCONN},
        {"six at once",
         {{KNOB_SOMAXCONN, {1, FIGURE_KNOWN}},
          {KNOB_TCP_SYNCOOKIES, {2, FIGURE_KNOWN}},
          {KNOB_TCP_MAX_SYN_BACKLOG, {3, FIGURE_KNOWN}},
          {KNOB_TCP_SYNACK_RETRIES, {4, FIGURE_KNOWN}},
          {KNOB_TCP_SYN_RETRIES, {5, FIGURE_KNOWN}},
          {KNOB_TCP_ABORT_ON_OVERFLOW, {6, FIGURE_KNOWN}}},
         6,
         KNOB_SOMAXCONN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct figure known[KNOB_COUNT] = {0};
        check_row("the first sample", knob_changes_find(known, &sample).count, 0);
        for (size_t j = 0; j < ARRAY_SIZE(rows[i].set); j++)
            if (j == 0 || rows[i].set[j].value.status != FIGURE_UNKNOWN)
                sample.knob[rows[i].set[j].knob].value = rows[i].set[j].value;
        struct knob_changes changes = knob_changes_find(known, &sample);
        check_row(rows[i].name, changes.count, rows[i].count);
        if (changes.count > 0)
            check_row(rows[i].name, changes.change[0].knob, rows[i].first);
        check_row("told once", knob_changes_find(known, &sample).count, 0);
    }
}

/* As sysctl --system does, and a rollback of it. */
static void test_many_keys_and_back(void **state) {
    static const struct {
        enum knob knob;
        uint64_t value;
    } key[] = {
        {KNOB_TCP_FIN_TIMEOUT, 10}, {KNOB_TCP_TW_REUSE, 1},       {KNOB_SOMAXCONN, 8192},
        {KNOB_TCP_SYN_RETRIES, 2},  {KNOB_TCP_SYNACK_RETRIES, 2}, {KNOB_TCP_KEEPALIVE_TIME, 600},
    };
    uint64_t old[ARRAY_SIZE(key)];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
        old[i] = bench.sample.knob[key[i].knob].value.value;
        set(key[i].knob, key[i].value);
    }
    tick(true);
    check_row("all told", told("changed", VERDICT_PENDING)->changes.count, ARRAY_SIZE(key));
    ticks(10);
    for (size_t i = 0; i < ARRAY_SIZE(key); i++)
        set(key[i].knob, old[i]);
    tick(true);
    told("taken back", VERDICT_NONE);
    for (int i = 0; i < 200; i++) {
        tick(true);
        check_row("nothing to judge", bench.count, 0);
    }
}

static void test_unreadable_for_a_while(void **state) {
    (void)state;
    bench.sample.knob[KNOB_TCP_FIN_TIMEOUT].value = FIGURE_NONE;
    tick(true);
    check_row("unreadable", bench.count, 0);
    set(KNOB_TCP_FIN_TIMEOUT, 60);
    tick(true);
    check_row("as before", bench.count, 0);
    bench.sample.knob[KNOB_TCP_FIN_TIMEOUT].value = FIGURE_NONE;
    tick(true);
    set(KNOB_TCP_FIN_TIMEOUT, 61);
    tick(true);
    told("changed meanwhile", VERDICT_PENDING);
}

static void test_a_further_change_restarts_the_minute(void **state) {
    (void)state;
    set(KNOB_TCP_FIN_TIMEOUT, 10);
    tick(true);
    bench.finding.lead.value = 700;
    ticks(50);
    set(KNOB_TCP_FIN_TIMEOUT, 20);
    set(KNOB_TCP_TW_REUSE, 1);
    tick(true);
    const struct outcome *outcome = told("further", VERDICT_PENDING);
    check_row("only what is new", outcome->changes.count, 2);
    check_row("from the last value", outcome->changes.change[1].from[0], 10);
    for (int i = 0; i < 59; i++) {
        tick(true);
        check_row("the minute anew", bench.count, 0);
    }
    tick(true);
    outcome = told("together", VERDICT_HELPED);
    check_row("both keys", outcome->changes.count, 2);
    check_row("from the first value", outcome->changes.change[0].from[0], 60);
    check_row("to the last", outcome->changes.change[0].to[0], 20);
    check_row("the first figure", outcome->before.value.value, 1000);
    set(KNOB_TCP_TW_REUSE, 0);
    tick(true);
    outcome = told("after the verdict", VERDICT_PENDING);
    check_row("a new comparison", outcome->before.value.value, 700);
}

static void test_taken_back(void **state) {
    (void)state;
    set(KNOB_TCP_FIN_TIMEOUT, 10);
    tick(true);
    ticks(20);
    set(KNOB_TCP_FIN_TIMEOUT, 60);
    tick(true);
    check_row("is told", told("taken back", VERDICT_NONE)->changes.change[0].from[0], 10);
    for (int i = 0; i < 600; i++) {
        tick(true);
        check_row("and has no effect to tell", bench.count, 0);
    }
}

static void test_waits_for_a_figure(void **state) {
    (void)state;
    set(KNOB_TCP_FIN_TIMEOUT, 10);
    tick(true);
    bench.finding.lead.stale = true;
    ticks(70);
    check_row("stale", bench.count, 0);
    bench.finding.lead.stale = false;
    tick(true);
    check_row("measured again", told("then", VERDICT_NO_EFFECT)->waited_usec, 71 * SECOND);

    raise_leak(NULL);
    set(KNOB_TCP_FIN_TIMEOUT, 10);
    tick(true);
    bench.finding.lead.condition = CONDITION_LAST_ACK;
    ticks(119);
    check_row("another figure leads", bench.count, 0);
    tick(true);
    told("given up", VERDICT_UNKNOWN);
}

/* A walk of before the change says nothing about it. */
static void test_an_old_walk_is_no_effect(void **state) {
    (void)state;
    set(KNOB_TCP_FIN_TIMEOUT, 10);
    tick(true);
    uint64_t old = bench.sample.taken_usec - SECOND;
    for (int i = 0; i < 70; i++) {
        bench.sample.taken_usec += SECOND;
        bench.finding.lead.measured_usec = old;
        bench.count = incident_update(&bench.table, &bench.finding, 1, &bench.sample, REMINDER, bench.alert);
        check_row("not measured since", bench.count, 0);
    }
    tick(true);
    told("measured", VERDICT_NO_EFFECT);
}

static void test_a_diagnosis_settles_meanwhile(void **state) {
    (void)state;
    bench.finding.cause = CAUSE_NOT_ACCEPTED;
    ticks(3);
    set(KNOB_TCP_FIN_TIMEOUT, 10);
    tick(true);
    told("the change", VERDICT_PENDING);
    check_row("the cause told before", bench.alert[0].finding.cause, CAUSE_FD_HELD);
    tick(true);
    check_row("5 s not yet over", bench.count, 0);
    tick(true);
    check_row("the other cause", bench.alert[0].finding.cause, CAUSE_NOT_ACCEPTED);
    check_row("is told in time", bench.alert[0].rediagnosed, true);
    check_row("by itself", bench.alert[0].outcome.verdict, VERDICT_NONE);
}

static void test_not_for_findings_without_a_number(void **state) {
    static const struct {
        const char *name;
        enum problem_family family;
        enum cause cause;
    } rows[] = {
        {"sampling", FAMILY_SAMPLING, CAUSE_CANNOT_SAMPLE},
        {"unsafe-sysctl", FAMILY_SYSCTL, CAUSE_UNSAFE_SYSCTL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        raise(rows[i].family, rows[i].cause, CONDITION_COUNT);
        set(KNOB_TCP_FIN_TIMEOUT, 10);
        for (int second = 0; second < 100; second++) {
            tick(true);
            check_row(rows[i].name, bench.count, 0);
        }
        tick(false);
        check_row(rows[i].name, bench.alert[0].ending, ENDING_UNKNOWN);
    }
}

static void test_hazards(void **state) {
    (void)state;
    raise(FAMILY_SYSCTL, CAUSE_UNSAFE_SYSCTL, CONDITION_COUNT);
    for (int i = 0; i < 86400; i++) {
        tick(true);
        check_row("no reminders", bench.count, 0);
    }
    bench.finding.hazards = 4;
    ticks(5);
    check_row("another hazard settles", bench.count, 0);
    tick(true);
    check_row("is told", bench.count, 1);
    check_row("as changed", bench.alert[0].event, EVENT_CHANGED);
    check_row("in kind", bench.alert[0].rediagnosed, true);
    check_row("which", bench.alert[0].finding.hazards, 4);
    ticks(60);
    check_row("once", bench.count, 0);
}

/* A key that something switches to and fro every second: two are told, then one in ten seconds. */
static void test_to_and_fro(void **state) {
    size_t told_in[3] = {0};

    (void)state;
    for (int second = 0; second < 30; second++) {
        set(KNOB_TCP_FIN_TIMEOUT, second % 2 ? 60 : 10);
        tick(true);
        told_in[second / 10] += bench.count;
    }
    check_row("first ten seconds", told_in[0], 2);
    check_row("the next", told_in[1] <= 2, 1);
    check_row("and the next", told_in[2] <= 2, 1);
}

/* What was held back is told when the ten seconds are over, all of it. */
static void test_held_back(void **state) {
    (void)state;
    set(KNOB_TCP_FIN_TIMEOUT, 10);
    tick(true);
    set(KNOB_TCP_TW_REUSE, 1);
    tick(true);
    set(KNOB_TCP_SYN_RETRIES, 3);
    tick(true);
    check_row("the third", bench.count, 0);
    for (int i = 0; i < 7; i++) {
        tick(true);
        check_row("not yet", bench.count, 0);
    }
    tick(true);
    const struct outcome *outcome = told("ten seconds later", VERDICT_PENDING);
    check_row("all of them", outcome->changes.count, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_told_at_once_and_a_minute_later, raise_leak),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_rates_are_compared_as_such),
        cmocka_unit_test(test_syn_drops),
        cmocka_unit_test(test_a_full_queue_counts_once),
        cmocka_unit_test(test_which_keys),
        cmocka_unit_test_setup(test_many_keys_and_back, raise_leak),
        cmocka_unit_test_setup(test_unreadable_for_a_while, raise_leak),
        cmocka_unit_test_setup(test_a_further_change_restarts_the_minute, raise_leak),
        cmocka_unit_test_setup(test_taken_back, raise_leak),
        cmocka_unit_test_setup(test_to_and_fro, raise_leak),
        cmocka_unit_test_setup(test_held_back, raise_leak),
        cmocka_unit_test_setup(test_waits_for_a_figure, raise_leak),
        cmocka_unit_test_setup(test_an_old_walk_is_no_effect, raise_leak),
        cmocka_unit_test_setup(test_a_diagnosis_settles_meanwhile, raise_leak),
        cmocka_unit_test(test_not_for_findings_without_a_number),
        cmocka_unit_test(test_hazards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
