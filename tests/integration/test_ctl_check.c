/* SPDX-License-Identifier: MIT */
/* synwaitctl check: one line and the exit codes of monitoring plugins, on real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ctl_run.h"
#include "lab.h"
#include "util.h"

#define SERVER "198.18.0.1"

enum { OK, WARNING, CRITICAL, UNKNOWN };

/* 20 connections that are open, both ends here, and 20 half-open ones of a listener that takes 128. */
static void make_load(void) {
    const char *hold[] = {
        lab_program("tools/tcpload"), "hold", "--addr", SERVER, "--port", "9000", "--count", "20", NULL};
    const char *server[] = {lab_program("tools/tcpload"), "listen", "--addr", SERVER, "--port", "8080", NULL};
    const char *flood[] = {lab_program("tools/tcpload"),
                           "flood",
                           "--source-base",
                           "100.64.0.1",
                           "--sources",
                           "20",
                           "--addr",
                           SERVER,
                           "--port",
                           "8080",
                           "--rate",
                           "1000",
                           "--count",
                           "20",
                           NULL};

    lab_sysctl("net/ipv4/tcp_synack_retries", "7"); /* they stay as long as the test */
    ctl_start_load(hold);
    ctl_start_load(server);
    ctl_start_load(flood);
}

/* One line, not too long, with one bar, and nothing on standard error. */
static void check_line(const struct ctl_run *run, const char *start) {
    size_t length = strlen(run->output);
    const char *bar = strchr(run->output, '|');

    if (strncmp(run->output, start, strlen(start)) != 0)
        fail_msg("%s: %s", start, run->output);
    assert_in_range(length, 1, 1000);
    assert_ptr_equal(strchr(run->output, '\n'), run->output + length - 1);
    assert_true(!bar || !strchr(bar + 1, '|'));
}

static const struct {
    const char *name;
    const char *argument[4]; /* after --seconds 1 */
    int code;
    const char *start, *wanted; /* within the line */
} rows[] = {
    {"defaults",
     {NULL},
     OK,
     "SYNWAITD OK - no problem in 16 conditions, nearest to its warning: syn-recv 20 of 128 (warning 64)",
     "; 40 established | "},
    {"fullest listener", {NULL}, OK, "SYNWAITD OK - ", " 'syn-recv'=20;64;116;0;128 "},
    {"a state", {NULL}, OK, "SYNWAITD OK - ", " 'close-wait'=0;100;1000;0; "},
    {"ports are not counted while few are in use",
     {NULL},
     OK,
     "SYNWAITD OK - ",
     " 'ports'=U;22586;26821;0;28232"},
    {"enabled by a threshold",
     {"-w", "established=41"},
     OK,
     "SYNWAITD OK - no problem in 17 conditions",
     " 'established'=40;41;500000;0; "},
    {"at the warning",
     {"-w", "established=40"},
     WARNING,
     "SYNWAITD WARNING - ESTABLISHED pile-up towards " SERVER
     " (100 %): 40 established connections, threshold 40",
     " 'established'=40;40;500000;0; "},
    {"at the critical",
     {"-wsyn-recv=5", "--critical", "syn-recv=20"},
     CRITICAL,
     "SYNWAITD CRITICAL - ",
     " on " SERVER ":8080"},
    {"two problems",
     {"-westablished=5", "-wsyn-recv=2", "-csyn-recv=3"},
     CRITICAL,
     "SYNWAITD CRITICAL - ",
     " And 1 more problem. | "},
    {"one condition",
     {"--condition", "close-wait"},
     OK,
     "SYNWAITD OK - no problem in 1 condition, all at 0; 40 established | 'close-wait'=0;100;1000;0;\n",
     ""},
    {"another is not judged",
     {"--condition", "close-wait", "--condition", "fin-wait-2"},
     OK,
     "SYNWAITD OK - no problem in 2 conditions",
     ""},
    {"unknown condition",
     {"-w", "close_wait=5"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - -w \"close_wait=5\": unknown condition, allowed: syn-sent, ",
     ", conntrack\n"},
    {"unknown condition named",
     {"--condition", "x|\n"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - --condition \"x/?\": unknown condition, allowed: ",
     ""},
    {"no value",
     {"-c", "close-wait"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - -c \"close-wait\": must be CONDITION=VALUE\n",
     ""},
    {"bad value",
     {"-w", "syn-recv=much"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - -w \"syn-recv=much\": \"much\" is no count and no percentage, allowed: ",
     ""},
    {"a percentage of nothing",
     {"-w", "close-wait=5%"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - -w ",
     " but close-wait has no limit "},
    {"above the critical",
     {"-w", "close-wait=5000"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - close-wait: warning 5000 is above critical 1000, allowed: warning up to critical\n",
     ""},
    {"off",
     {"--condition", "established"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - --condition \"established\": is off in the configuration: ",
     ""},
    {"no configuration",
     {"--config", "/nonexistent"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - /nonexistent: cannot be read: No such file or directory\n",
     ""},
    {"unknown option",
     {"--all"},
     UNKNOWN,
     "SYNWAITD UNKNOWN - wrong usage, see 'synwaitctl check --help'\n",
     ""},
    {"seconds", {"--seconds", "0"}, UNKNOWN, "SYNWAITD UNKNOWN - wrong usage, ", ""},
    {"an argument", {"now"}, UNKNOWN, "SYNWAITD UNKNOWN - wrong usage, ", ""},
};

static void test_lines(void **state) {
    (void)state;
    lab_enter();
    make_load();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *const *argument = rows[i].argument;
        CLEANUP_CTL_RUN struct ctl_run run =
            CTL_RUN(CTL_ROOT, "check", "--seconds", "1", argument[0], argument[1], argument[2], argument[3]);
        if (run.code != rows[i].code)
            fail_msg("%s: exit %d: %s%s", rows[i].name, run.code, run.output, run.error);
        check_line(&run, rows[i].start);
        ctl_expect(run.output, rows[i].wanted);
    }
}

/* A rate goes over its threshold in the last second, and is confirmed by a second look. */
static void test_rate(void **state) {
    (void)state;
    lab_enter();
    ctl_start_flood("16");
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "check", "--condition", "syn-overflow");
    check_line(&run, "SYNWAITD CRITICAL - SYN flood");
    assert_int_equal(run.code, CRITICAL);
}

/* Where the kernel's answers cannot be read nothing is well. */
static void test_cannot_see(void **state) {
    const char *argv[] = {"/bin/sh", "-c",
                          "exec unshare -m sh -c 'mount -t tmpfs lab /proc && exec \"$0\" check' \"$0\"",
                          lab_program("synwaitctl"), NULL}; /* sanitizers need /proc themselves */

    (void)state;
    lab_enter();
    struct lab_child *child = lab_start(LAB_HERE, argv);
    int code = lab_wait_exit(child, 30);
    CLEANUP_FREE char *output = lab_output(child);
    assert_int_equal(code, UNKNOWN);
    ctl_expect(output, "SYNWAITD UNKNOWN - cannot see ");
    ctl_expect(output, "syn-overflow");
    ctl_expect(output, " 'syn-overflow'=U;100;1000;0;");
}

static void test_json(void **state) {
    const char *status;
    int code, value, warning, critical;

    (void)state;
    lab_enter();
    make_load();
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "check", "--json", "-w", "established=40");
    assert_int_equal(run.code, WARNING);
    json_t *json = ctl_json(&run);
    assert_int_equal(json_unpack(json, "{s:s, s:i, s:{s:{s:i, s:i, s:i, s:n}}}", "status", &status, "code",
                                 &code, "conditions", "established", "value", &value, "warning", &warning,
                                 "critical", &critical, "limit"),
                     0);
    assert_string_equal(status, "WARNING");
    assert_int_equal(code, WARNING);
    assert_int_equal(value, 40);
    assert_int_equal(warning, 40);
    assert_int_equal(critical, 500000);
    json_decref(json);
}

static void test_unprivileged(void **state) {
    (void)state;
    lab_enter();
    make_load();
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_NOBODY, "check", "-w", "established=40");
    assert_int_equal(run.code, WARNING);
    check_line(&run, "SYNWAITD WARNING - ESTABLISHED pile-up");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_lines, lab_teardown),
        cmocka_unit_test_teardown(test_rate, lab_teardown),
        cmocka_unit_test_teardown(test_cannot_see, lab_teardown),
        cmocka_unit_test_teardown(test_json, lab_teardown),
        cmocka_unit_test_teardown(test_unprivileged, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
