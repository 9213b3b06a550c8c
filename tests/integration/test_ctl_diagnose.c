/* SPDX-License-Identifier: MIT */
/* synwaitctl diagnose: one look without a daemon names what is wrong, who, and of how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl_run.h"
#include "effect.h"
#include "lab.h"
#include "util.h"

#define SERVER "198.18.0.1"

enum { OLD_MSEC = 5500 }; /* a CLOSE-WAIT socket is old after 5 s */

static void start_leak(void) {
    const char *leak[] = {
        lab_program("tools/tcpload"), "leak", "--addr", SERVER, "--port", "9000", "--count", "150", NULL};

    ctl_start_load(leak);
}

static void check_output(const struct ctl_run *run) {
    assert_int_equal(run->code, 0);
    assert_string_equal(run->error, "");
    assert_null(strchr(run->output, '\033')); /* no terminal, no colour */
}

/* @return the problem called @p slug of a report; the test fails if there is none */
static const json_t *find_problem(const json_t *report, const char *slug) {
    const json_t *problem;
    size_t i;

    json_array_foreach(json_object_get(report, "problems"), i, problem) {
        const char *name = json_string_value(json_object_get(problem, "SYNWAITD_PROBLEM"));
        if (name && strcmp(name, slug) == 0)
            return problem;
    }
    fail_msg("no %s among the problems", slug);
    return NULL;
}

static void expect_field(const json_t *problem, const char *field, const char *wanted) {
    const char *value = json_string_value(json_object_get(problem, field));

    if (!value || strcmp(value, wanted) != 0)
        fail_msg("%s is %s, wanted %s", field, value ? value : "absent", wanted);
}

static void test_flood(void **state) {
    (void)state;
    lab_enter();
    ctl_start_flood("128");
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "diagnose");
    check_output(&run);
    ctl_expect(run.output, "  LISTENER ");
    ctl_expect(run.output, "\n " SERVER ":8080 ");
    ctl_expect(run.output, " 128 0 128 listen() backlog\n");
    ctl_expect(run.output, "\ncritical syn-flood\n  SYN flood on " SERVER ":8080 ");
    ctl_expect(run.output, "\n  do        1) ");
    ctl_expect(run.output, "\n  not       ");
    ctl_expect(run.output, "\n  capture   tcpdump ");
    ctl_expect_not(run.output, "As root it would");
}

static void test_json(void **state) {
    (void)state;
    lab_enter();
    ctl_start_flood("128");
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_NAMED, "diagnose", "--json");
    check_output(&run);
    json_t *report = ctl_json(&run);
    const json_t *flood = find_problem(report, "syn-flood");
    expect_field(flood, "SYNWAITD_SEVERITY", "critical");
    expect_field(flood, "SYNWAITD_LOCAL", SERVER ":8080");
    expect_field(flood, "SYNWAITD_LIMIT", "128");
    expect_field(flood, "SYNWAITD_LIMIT_SOURCE", "listen() backlog");
    expect_field(flood, "SYNWAITD_NETNS", CTL_NETNS);
    assert_int_equal(json_array_size(json_object_get(report, "problems")), 1);
    assert_string_equal(json_string_value(json_object_get(report, "netns")), CTL_NETNS);
    assert_true(json_is_true(json_object_get(report, "root")));
    const json_t *states = json_object_get(report, "states");
    assert_int_equal(json_object_size(states), 10);
    assert_int_equal(json_integer_value(json_object_get(states, "LISTEN")), 1);
    assert_in_range(json_integer_value(json_object_get(states, "SYN-RECV")), 64, 129);
    assert_true(json_is_integer(json_object_get(states, "TIME-WAIT")));
    json_decref(report);
}

/* How old the sockets are comes from the kernel: no need to have seen them before. */
static void test_leak(void **state) {
    (void)state;
    lab_enter();
    start_leak();
    effect_sleep(OLD_MSEC);
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "diagnose", "--seconds", "1");
    check_output(&run);
    ctl_expect(run.output, "\n CLOSE-WAIT 150 ");
    ctl_expect(run.output, "\nwarning close-wait-leak\n  CLOSE-WAIT leak on " SERVER ":9000");
    ctl_expect(run.output, " older_than_5_sec=150 ");
    ctl_expect_not(run.output, "Nothing piles up");
}

/* Sockets that were closed a moment ago are being closed by the application, for all that is known. */
static void test_young_is_no_leak(void **state) {
    (void)state;
    lab_enter();
    start_leak();
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "diagnose", "--seconds", "1");
    check_output(&run);
    ctl_expect(run.output, "\n CLOSE-WAIT 150 ");
    ctl_expect_not(run.output, "close-wait-leak");
    ctl_expect(run.output, "Nothing piles up: no threshold is exceeded.\n");
}

static void test_unprivileged(void **state) {
    (void)state;
    lab_enter();
    ctl_start_flood("128");
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_NOBODY, "diagnose", "--seconds", "1");
    check_output(&run);
    ctl_expect(run.output, "\n  SYN flood on " SERVER ":8080 ");
    ctl_expect(run.output, "\nAs root it would also tell processes of other users");
    ctl_expect_not(run.output, "(tcpload)");
    CLEANUP_CTL_RUN struct ctl_run json = CTL_RUN(CTL_NOBODY, "diagnose", "--seconds", "1", "--json");
    json_t *report = ctl_json(&json);
    assert_true(json_is_false(json_object_get(report, "root")));
    json_decref(report);
}

static void test_quiet(void **state) {
    (void)state;
    lab_enter();
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "diagnose", "--seconds", "1");
    check_output(&run);
    ctl_expect(run.output, "\nNothing piles up: no threshold is exceeded.\n");
    ctl_expect_not(run.output, "LISTENER");
}

/* Errors are told on standard error, with where to look. */
static void test_errors(void **state) {
    static const struct {
        const char *name;
        const char *argument[3];
        int code;
        const char *wanted;
    } rows[] = {
        {"no verb", {NULL}, 2, "synwaitctl: what to do is missing\nTry 'synwaitctl --help'.\n"},
        {"no such verb", {"diagnos"}, 2, "synwaitctl: \"diagnos\" is none of its verbs\nTry "},
        {"bad seconds",
         {"diagnose", "--seconds", "61"},
         2,
         "synwaitctl diagnose: --seconds \"61\": must be a whole number from 1 to 60\n"
         "Try 'synwaitctl diagnose --help'.\n"},
        {"no configuration",
         {"diagnose", "--config", "/nonexistent"},
         78,
         "synwaitctl diagnose: /nonexistent: cannot be read: No such file or directory\n"},
        {"option before the verb",
         {"--config=/nonexistent", "diagnose"},
         78,
         "synwaitctl diagnose: /nonexistent: "},
    };

    (void)state;
    lab_need_root();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP_CTL_RUN struct ctl_run run =
            ctl_run(CTL_ROOT, (const char *const[]){rows[i].argument[0], rows[i].argument[1],
                                                    rows[i].argument[2], NULL});
        if (run.code != rows[i].code || strncmp(run.error, rows[i].wanted, strlen(rows[i].wanted)) != 0)
            fail_msg("%s: exit %d: %s", rows[i].name, run.code, run.error);
        assert_string_equal(run.output, "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_flood, lab_teardown),
        cmocka_unit_test_teardown(test_json, lab_teardown),
        cmocka_unit_test_teardown(test_leak, lab_teardown),
        cmocka_unit_test_teardown(test_young_is_no_leak, lab_teardown),
        cmocka_unit_test_teardown(test_unprivileged, lab_teardown),
        cmocka_unit_test_teardown(test_quiet, lab_teardown),
        cmocka_unit_test_teardown(test_errors, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
