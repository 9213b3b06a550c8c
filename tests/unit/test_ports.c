/* SPDX-License-Identifier: MIT */
/* Ephemeral ports: which count as taken, whose they are, and how long they last. */
#include "case.h"

#include "diagnose.h"
#include "observe.h"
#include "util.h"

static const struct endpoint here = {.family = ENDPOINT_IPV4, .address = {192, 0, 2, 1}};
static const struct endpoint there = {.family = ENDPOINT_IPV4, .address = {192, 0, 2, 9}, .port = 5432};
static const struct endpoint loopback = {.family = ENDPOINT_IPV4, .address = {127, 0, 0, 1}, .port = 5432};

/* What observe() says of ports: each scope's value, in order. */
struct seen {
    size_t count;
    struct observation observation[4];
};

static void see(const struct observation *observation, void *context) {
    struct seen *seen = context;

    assert_true(seen->count < ARRAY_SIZE(seen->observation));
    seen->observation[seen->count++] = *observation;
}

static void test_time_wait_that_is_reused_is_free(void **state) {
    static const struct {
        const char *name;
        uint64_t reuse, timestamps;
        const struct endpoint *remote;
        uint64_t recycled;
        uint32_t in_use, reusable;
        uint64_t wanted;
    } rows[] = {
        {"reuse is on and seen", 1, 1, &there, 10, 28000, 27000, 1000},
        {"reuse is on, not seen, near the limit", 1, 1, &there, 0, 28000, 27000, 28000},
        {"reuse is on, not seen, room left", 1, 1, &there, 0, 25000, 20000, 5000},
        {"reuse is off", 0, 1, &there, 10, 28000, 27000, 28000},
        {"for loopback alone, and it is not", 2, 1, &there, 10, 28000, 27000, 28000},
        {"for loopback alone, and it is", 2, 1, &loopback, 10, 28000, 27000, 1000},
        {"no timestamps", 1, 0, &there, 10, 28000, 27000, 28000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct seen seen = {0};
        struct config config;
        config_defaults(&config);
        sample.knob[KNOB_TCP_TW_REUSE].value = FIGURE_OF(rows[i].reuse);
        sample.knob[KNOB_TCP_TIMESTAMPS].value = FIGURE_OF(rows[i].timestamps);
        sample.recent_increase[COUNTER_TIME_WAIT_RECYCLED] = FIGURE_OF(rows[i].recycled);
        sample.destination[0] = (struct destination){.local = here,
                                                     .remote = *rows[i].remote,
                                                     .ports_in_use = rows[i].in_use,
                                                     .time_wait = rows[i].reusable,
                                                     .reusable = rows[i].reusable};
        sample.destination_count = 1;
        observe(&config, &sample, CONDITION_PORTS, see, &seen);
        check_row(rows[i].name, seen.count, 1);
        check_row(rows[i].name, seen.observation[0].value.value, rows[i].wanted);
    }
}

static void test_bound_ports_are_never_shared(void **state) {
    static const struct {
        const char *name;
        uint32_t sockets, ports, fullest;
        bool seen;
    } rows[] = {
        {"every socket has a port of its own", 27000, 27000, 9000, true},
        {"one in 50 is shared", 27000, 26460, 9000, true},
        {"more are shared: connect() chose them", 27000, 26400, 9000, false},
        {"one destination has most of them", 27000, 27000, 13501, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct seen seen = {0};
        struct config config;
        config_defaults(&config);
        sample.source_ports[0] = (struct source_ports){here, rows[i].sockets, rows[i].ports};
        sample.source_ports_count = 1;
        sample.destination[0] =
            (struct destination){.local = here, .remote = there, .ports_in_use = rows[i].fullest};
        sample.destination_count = 1;
        observe(&config, &sample, CONDITION_PORTS, see, &seen);
        check_row(rows[i].name, seen.count, rows[i].seen ? 2 : 1);
        if (!rows[i].seen)
            continue;
        check_row(rows[i].name, seen.observation[1].value.value, rows[i].ports);
        check_row(rows[i].name, seen.observation[1].scope.remote.family, ENDPOINT_NONE);
        assert_true(endpoint_equal(&seen.observation[1].scope.local, &here));
    }
}

static struct breach ports_breach(uint64_t value) {
    return (struct breach){.condition = CONDITION_PORTS,
                           .severity = SEVERITY_WARNING,
                           .scope = {SCOPE_DESTINATION, here, there},
                           .value = value,
                           .threshold = 22586,
                           .limit = FIGURE_OF(28232),
                           .limit_source = LIMIT_PORT_RANGE};
}

static uint64_t evidence_of(const struct finding *finding, const char *key, uint64_t missing) {
    for (size_t i = 0; i < finding->evidence_count; i++)
        if (strcmp(finding->evidence[i].key, key) == 0)
            return finding->evidence[i].value;
    return missing;
}

#define ABSENT 999999

static void test_minutes_left(void **state) {
    static const struct {
        const char *name;
        bool known;
        int64_t growth_per_min;
        uint64_t value, wanted;
    } rows[] = {
        {"two minutes and a half", true, 2000, 23232, 2},
        {"less than a minute", true, 30000, 23232, 0},
        {"none left", true, 1000, 28232, 0},
        {"not growing", true, 0, 23232, ABSENT},
        {"shrinking", true, -500, 23232, ABSENT},
        {"too early to tell", false, 0, 23232, ABSENT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct breach breach = ports_breach(rows[i].value);
        struct finding findings[FINDINGS_MAX];
        breach.trend_known = rows[i].known;
        breach.growth_per_min = rows[i].growth_per_min;
        check_row(rows[i].name, diagnose(&sample, &breach, 1, findings), 1);
        check_row(rows[i].name, evidence_of(&findings[0], "minutes_left", ABSENT), rows[i].wanted);
    }
}

/* Nobody tells whether the peers use timestamps. */
static void test_reusable_time_wait_is_a_guess(void **state) {
    static const struct {
        const char *name;
        uint64_t reuse, recycled;
        uint32_t reusable;
        enum confidence wanted;
    } rows[] = {
        {"reuse is on, and none is seen", 1, 0, 27000, CONFIDENCE_LOW},
        {"reuse is on and seen", 1, 5, 27000, CONFIDENCE_HIGH},
        {"reuse is on, too young", 1, 0, 13000, CONFIDENCE_HIGH},
        {"reuse is off", 0, 0, 27000, CONFIDENCE_HIGH},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct breach breach = ports_breach(27500);
        struct finding findings[FINDINGS_MAX];
        sample.knob[KNOB_TCP_TW_REUSE].value = FIGURE_OF(rows[i].reuse);
        sample.recent_increase[COUNTER_TIME_WAIT_RECYCLED] = FIGURE_OF(rows[i].recycled);
        sample.destination[0] = (struct destination){.local = here,
                                                     .remote = there,
                                                     .ports_in_use = 27500,
                                                     .time_wait = 27500,
                                                     .reusable = rows[i].reusable};
        sample.destination_count = 1;
        check_row(rows[i].name, diagnose(&sample, &breach, 1, findings), 1);
        check_row(rows[i].name, findings[0].confidence, rows[i].wanted);
    }
}

static void test_reserved_ports_are_part_of_the_limit(void **state) {
    struct sample sample = quiet_sample();
    struct seen seen = {0};
    struct config config;

    (void)state;
    config_defaults(&config);
    sample.destination[0] = (struct destination){.local = here, .remote = there, .ports_in_use = 1000};
    sample.destination_count = 1;
    observe(&config, &sample, CONDITION_PORTS, see, &seen);
    assert_int_equal(seen.observation[0].limit_source, LIMIT_PORT_RANGE);
    sample.knob[KNOB_PORTS_RESERVED].value = FIGURE_OF(232);
    observe(&config, &sample, CONDITION_PORTS, see, &seen);
    assert_int_equal(seen.observation[1].limit_source, LIMIT_PORTS_NOT_RESERVED);
    assert_int_equal(seen.observation[1].limit.value, 28000);
}

static void test_bound_first_has_its_own_cause(void **state) {
    struct sample sample = quiet_sample();
    struct breach breach = ports_breach(27000);
    struct finding findings[FINDINGS_MAX];

    (void)state;
    breach.scope.remote = (struct endpoint){0};
    assert_int_equal(diagnose(&sample, &breach, 1, findings), 1);
    assert_int_equal(findings[0].cause, CAUSE_PORTS_BOUND_FIRST);
    assert_int_equal(findings[0].problem, PROBLEM_PORT_EXHAUSTION);
    assert_true(endpoint_equal(&findings[0].local, &here));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_wait_that_is_reused_is_free),
        cmocka_unit_test(test_bound_ports_are_never_shared),
        cmocka_unit_test(test_minutes_left),
        cmocka_unit_test(test_reusable_time_wait_is_a_guess),
        cmocka_unit_test(test_reserved_ports_are_part_of_the_limit),
        cmocka_unit_test(test_bound_first_has_its_own_cause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
