/* SPDX-License-Identifier: MIT */
/* What the monitoring plugin makes of a sample: status, text, performance data. */
#include "case.h"
#include "check.h"
#include "sample_alerts.h"
#include "util.h"

static struct config config;

static void judge(const struct sample *sample, const struct alert *alert, size_t count,
                  struct check_result *result) {
    check_judge(&config, sample, alert, count, result);
}

static const char *line_of(const struct check_result *result) {
    static char line[CHECK_LINE_SIZE];

    check_line_format(result, line);
    return line;
}

static void expect(const char *row, const char *line, const char *wanted) {
    if (!strstr(line, wanted))
        fail_msg("%s: \"%s\" is missing in: %s", row, wanted, line);
}

static struct listener two_listeners[2];

static void as_it_is(struct sample *sample) {
    (void)sample;
}

static void with_listeners(struct sample *sample) {
    two_listeners[0] = listener_on(80, 1000);
    two_listeners[0].half_open = 400;
    two_listeners[0].accept_queue = 10;
    two_listeners[1] = listener_on(443, 100);
    two_listeners[1].half_open = 55;
    sample->listener = two_listeners;
    sample->listener_count = 2;
}

static void without_listeners(struct sample *sample) {
    sample->listeners_known = false;
    sample->source[SOURCE_LISTENERS].failed_ticks = 1;
    snprintf(sample->source[SOURCE_LISTENERS].reason, SOURCE_REASON_SIZE, "netlink: a | b");
}

static void without_walk(struct sample *sample) {
    for (int state = 0; state < STATE_COUNT; state++)
        sample->state[state] = FIGURE_NONE;
}

static void with_time_wait(struct sample *sample) {
    sample->state[STATE_TIME_WAIT] = FIGURE_OF(30000);
    sample->state[STATE_CLOSE_WAIT] = FIGURE_OF(10);
    sample->state[STATE_ESTABLISHED] = FIGURE_OF(812);
}

static void with_destinations(struct sample *sample) {
    sample->destination[0] =
        (struct destination){.remote = sample_endpoint("192.0.2.7:443"), .ports_in_use = 14116};
    sample->destination[1] =
        (struct destination){.remote = sample_endpoint("192.0.2.8:443"), .ports_in_use = 9};
    sample->destination_count = 2;
}

static void without_limit(struct sample *sample) {
    sample->knob[KNOB_TCP_MAX_ORPHANS].value = FIGURE_MISSING;
    sample->gauge[GAUGE_ORPHANS] = FIGURE_OF(7);
}

static void with_unreadable_limit(struct sample *sample) {
    sample->knob[KNOB_TCP_MAX_ORPHANS].value = FIGURE_NONE;
}

static void without_conntrack(struct sample *sample) {
    sample->gauge[GAUGE_CONNTRACK] = sample->knob[KNOB_CONNTRACK_MAX].value = FIGURE_MISSING;
}

static void with_rate(struct sample *sample) {
    with_listeners(sample);
    two_listeners[1].half_open = 100;
    sample->increase[COUNTER_REQ_QUEUE_FULL_COOKIES] = FIGURE_OF(50);
}

static void at_first_sample(struct sample *sample) {
    sample->span_usec = 0;
}

static const struct {
    const char *name;
    void (*change)(struct sample *sample);
    enum check_status status;
    const char *wanted;
} figures[] = {
    {"quiet", as_it_is, CHECK_OK,
     "SYNWAITD OK - no problem in 16 conditions, all at 0; 0 established | 'syn-sent'="},
    {"a count", as_it_is, CHECK_OK, " 'close-wait'=0;100;1000;0; "},
    {"a rate", as_it_is, CHECK_OK, " 'accept-overflow'=0;10;100;0; "},
    {"a share", as_it_is, CHECK_OK, " 'tcp-memory'=0;1950;2700;0;3000 "},
    {"never below the floor", as_it_is, CHECK_OK, " 'conntrack'=0;209716;249037;0;262144"},
    {"what is off is left out", as_it_is, CHECK_OK, " 'syn-recv'=0;;;0; 'fin-wait-1'="},
    {"no queue is filled", as_it_is, CHECK_OK, " 'accept-queue'=0;;;0; "},
    {"no ports are counted", as_it_is, CHECK_OK, " 'ports'=U;22586;26821;0;28232 "},
    {"the fullest listener, not the one with most", with_listeners, CHECK_OK, " 'syn-recv'=55;64;90;0;100 "},
    {"each queue for itself", with_listeners, CHECK_OK, " 'accept-queue'=10;800;1000;0;1000 "},
    {"the nearest to its warning", with_listeners, CHECK_OK,
     ", nearest to its warning: syn-recv 55 of 100 (warning 64); "},
    {"the fullest destination", with_destinations, CHECK_OK, " 'ports'=14116;22586;26821;0;28232 "},
    {"nearest", with_time_wait, CHECK_OK,
     ", nearest to its warning: time-wait 30000 of 65536 (warning 52429); 812 established | "},
    {"a limit that is not there", without_limit, CHECK_OK, " 'orphans'=7;;;0; "},
    {"a limit that cannot be read", with_unreadable_limit, CHECK_UNKNOWN,
     "SYNWAITD UNKNOWN - cannot see orphans | "},
    {"no conntrack", without_conntrack, CHECK_OK, " 'tcp-memory'=0;1950;2700;0;3000"},
    {"a rate has no limit", with_rate, CHECK_OK, " 'syn-overflow'=50;100;1000;0; "},
    {"no listeners", without_listeners, CHECK_UNKNOWN,
     "SYNWAITD UNKNOWN - cannot see syn-recv, accept-queue: netlink: a / b | "},
    {"no walk", without_walk, CHECK_UNKNOWN,
     "SYNWAITD UNKNOWN - cannot see syn-sent, syn-recv, fin-wait-1, "},
    {"unknown is not 0", without_walk, CHECK_UNKNOWN, " 'close-wait'=U;100;1000;0; "},
    {"no rates yet", at_first_sample, CHECK_UNKNOWN,
     "cannot see syn-overflow, accept-overflow, time-wait-overflow | "},
};

static void test_figures(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
        struct sample sample = quiet_sample();
        struct check_result result;
        config_defaults(&config);
        figures[i].change(&sample);
        judge(&sample, NULL, 0, &result);
        check_row(figures[i].name, result.status, figures[i].status);
        expect(figures[i].name, line_of(&result), figures[i].wanted);
    }
    struct sample sample = quiet_sample();
    struct check_result result;
    without_conntrack(&sample);
    judge(&sample, NULL, 0, &result);
    assert_null(strstr(line_of(&result), "conntrack"));
}

static void test_floor(void **state) {
    struct sample sample = quiet_sample();
    struct check_result result;

    (void)state;
    config_defaults(&config);
    sample.knob[KNOB_TCP_MAX_TW_BUCKETS].value = FIGURE_OF(500);
    judge(&sample, NULL, 0, &result);
    expect("time-wait", line_of(&result), " 'time-wait'=0;1000;1000;0;500 ");
}

/* A port with a rule of its own counts where it is fuller than all others together. */
static void test_port_rules(void **state) {
    static const struct {
        const char *name;
        uint32_t of_port, of_all;
        bool enabled;
        const char *wanted;
    } rows[] = {
        {"the port is fuller", 15, 40, true, " 'close-wait'=15;20;1000;0; "},
        {"the others are", 2, 92, true, " 'close-wait'=90;100;1000;0; "},
        {"off for the port", 15, 40, false, " 'close-wait'=25;100;1000;0; "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct port_figures port = {.port = 443};
        struct sample sample = quiet_sample();
        struct check_result result;
        config_defaults(&config);
        config.port_count = 1;
        config.port[0].port = 443;
        config.port[0].overrides[CONDITION_CLOSE_WAIT] = true;
        config.port[0].rule[CONDITION_CLOSE_WAIT] = config.rule[CONDITION_CLOSE_WAIT];
        config.port[0].rule[CONDITION_CLOSE_WAIT].warning.value = 20;
        config.port[0].rule[CONDITION_CLOSE_WAIT].enabled = rows[i].enabled;
        port.state[STATE_CLOSE_WAIT] = rows[i].of_port;
        sample.port = &port;
        sample.port_count = 1;
        sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(rows[i].of_all);
        judge(&sample, NULL, 0, &result);
        expect(rows[i].name, line_of(&result), rows[i].wanted);
    }
}

static struct alert with_text(struct alert alert, const char *unit) {
    snprintf(alert.finding.unit, sizeof alert.finding.unit, "%s", unit);
    return alert;
}

static void test_problems(void **state) {
    const struct {
        const char *name;
        struct alert alert[4];
        size_t count;
        enum check_status status;
        const char *wanted;
    } rows[] = {
        {"critical",
         {sample_flood()},
         1,
         CHECK_CRITICAL,
         "SYNWAITD CRITICAL - SYN flood on 192.0.2.10:80: 1025"},
        {"warning",
         {sample_leak()},
         1,
         CHECK_WARNING,
         "SYNWAITD WARNING - CLOSE-WAIT leak on port 8080: 200"},
        {"the worst, and one more",
         {sample_leak(), sample_flood()},
         2,
         CHECK_CRITICAL,
         " And 1 more problem. |"},
        {"the worst leads", {sample_leak(), sample_flood()}, 2, CHECK_CRITICAL, "CRITICAL - SYN flood on"},
        {"and two more",
         {sample_leak(), sample_ports(), sample_leak()},
         3,
         CHECK_CRITICAL,
         " And 2 more problems. |"},
        {"unsafe settings do not count", {sample_unsafe()}, 1, CHECK_OK, "SYNWAITD OK - no problem in 16"},
        {"cannot sample",
         {sample_degraded()},
         1,
         CHECK_UNKNOWN,
         "/proc/net/netstat: No such file or directory"},
        {"a problem outranks that",
         {sample_degraded(), sample_leak(), sample_unsafe()},
         3,
         CHECK_WARNING,
         "SYNWAITD WARNING - CLOSE-WAIT leak"},
        {"no control characters, no bar",
         {with_text(sample_leak(), "a|b\033\n.service")},
         1,
         CHECK_WARNING,
         "CLOSE-WAIT leak on port 8080 (a/b??.service): 200"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct check_result result;
        config_defaults(&config);
        judge(&sample, rows[i].alert, rows[i].count, &result);
        check_row(rows[i].name, result.status, rows[i].status);
        expect(rows[i].name, line_of(&result), rows[i].wanted);
    }
}

/* The longest text and the largest numbers: the line keeps within its size, and no figure is cut. */
static void test_long_line(void **state) {
    struct check_result result = {.status = CHECK_CRITICAL, .figure_count = CONDITION_COUNT};

    (void)state;
    memset(result.text, 'x', sizeof result.text - 1);
    for (size_t i = 0; i < CONDITION_COUNT; i++)
        result.figure[i] =
            (struct check_figure){(enum condition)i, FIGURE_OF(UINT64_MAX), FIGURE_OF(UINT64_MAX),
                                  FIGURE_OF(UINT64_MAX), FIGURE_OF(UINT64_MAX)};
    const char *line = line_of(&result);
    assert_in_range(strlen(line), 900, CHECK_LINE_SIZE - 1);
    const char *bar = strchr(line, '|');
    assert_in_range(bar - line, 150, 260);
    expect("cut", line, "xxx\xE2\x80\xA6 | 'syn-sent'=18446744073709551615;");
    assert_string_equal(line + strlen(line) - strlen(";18446744073709551615"), ";18446744073709551615");
    for (size_t i = 0; i < CONDITION_COUNT; i++)
        result.figure[i].value = result.figure[i].warning = result.figure[i].critical =
            result.figure[i].limit = FIGURE_OF(1);
    expect("all of them", line_of(&result), " 'conntrack'=1;1;1;0;1");
    assert_in_range(strlen(line), 900, CHECK_LINE_SIZE - 1);
}

static void test_failed(void **state) {
    struct check_result result;

    (void)state;
    check_fail(&result, "/etc/x.conf:1: a|b\n");
    assert_string_equal(line_of(&result), "SYNWAITD UNKNOWN - /etc/x.conf:1: a/b?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),  cmocka_unit_test(test_floor),     cmocka_unit_test(test_port_rules),
        cmocka_unit_test(test_problems), cmocka_unit_test(test_long_line), cmocka_unit_test(test_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
