/* SPDX-License-Identifier: MIT */
/* A sysctl is changed in the middle of two problems: it helps the one and does nothing for the other. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon.h"
#include "lab.h"
#include "util.h"

#define SERVER     "198.18.0.1"
#define FLOOD_PORT "8080"
#define LEAK_PORT  "8081"

static void load(const char *const argv[]) {
    lab_wait_output(lab_start(LAB_HERE, argv), "READY", 60);
}

static void start_flood(void) {
    const char *listen[] = {lab_program("tools/tcpload"),
                            "listen",
                            "--addr",
                            SERVER,
                            "--port",
                            FLOOD_PORT,
                            "--backlog",
                            "256",
                            NULL};
    const char *flood[] = {lab_program("tools/tcpload"),
                           "flood",
                           "--source-base",
                           "100.64.0.1",
                           "--sources",
                           "60000",
                           "--addr",
                           SERVER,
                           "--port",
                           FLOOD_PORT,
                           "--rate",
                           "2000",
                           "--count",
                           "200000",
                           NULL};

    load(listen);
    load(flood);
}

static void start_leak(void) {
    const char *argv[] = {
        lab_program("tools/tcpload"), "leak", "--addr", SERVER, "--port", LEAK_PORT, "--count", "150", NULL};

    load(argv);
}

/* A leak takes 30 s to be one by default: the test would only wait. */
static const char *write_config(void) {
    static char path[64];
    const char text[] = "thresholds = { close-wait = { hold = \"6s\"; }; };\n";

    snprintf(path, sizeof path, "%s/synwaitd.conf", lab_scratch());
    CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return path;
}

/* The alert of @p problem that tells of an outcome: pending, or a verdict. */
static const json_t *find_outcome(const json_t *alerts, const char *problem, bool pending) {
    for (size_t i = 0; i < json_array_size(alerts); i++) {
        const json_t *alert = json_array_get(alerts, i);
        const char *outcome = alert_get(alert, "SYNWAITD_OUTCOME");
        if (outcome && strcmp(alert_get(alert, "SYNWAITD_PROBLEM"), problem) == 0 &&
            (strcmp(outcome, "pending") == 0) == pending)
            return alert;
    }
    fail_msg("no %s outcome of %s", pending ? "pending" : "final", problem);
    return NULL;
}

static void check_outcome(const json_t *alerts, const char *problem, const char *verdict) {
    const json_t *pending = find_outcome(alerts, problem, true);
    const json_t *final = find_outcome(alerts, problem, false);

    assert_string_equal(alert_get(pending, "SYNWAITD_EVENT"), "changed");
    assert_string_equal(alert_get(pending, "SYNWAITD_CHANGED"), "net.ipv4.tcp_syncookies=1");
    assert_string_equal(alert_get(pending, "SYNWAITD_CHANGED_FROM"), "net.ipv4.tcp_syncookies=0");
    assert_string_equal(alert_get(final, "SYNWAITD_OUTCOME"), verdict);
    assert_string_equal(alert_get(final, "SYNWAITD_INCIDENT"), alert_get(pending, "SYNWAITD_INCIDENT"));
}

static void test_helped_and_no_effect(void **state) {
    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_syncookies", "0");
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, write_config(), NULL);
    start_leak();
    start_flood();
    daemon_wait_alerts(daemon, "syn-flood", "raised", 1, 20);
    daemon_wait_alerts(daemon, "close-wait-leak", "raised", 1, 30);
    lab_sysctl("net/ipv4/tcp_syncookies", "1");
    daemon_wait_alerts(daemon, "close-wait-leak", "changed", 2, 90);
    daemon_wait_alerts(daemon, "syn-flood", "changed", 2, 20);
    json_t *alerts = daemon_alerts(daemon);
    alerts_print(alerts);
    check_outcome(alerts, "syn-flood", "helped");
    check_outcome(alerts, "close-wait-leak", "no-effect");
    const json_t *flood = find_outcome(alerts, "syn-flood", false);
    assert_in_range(alert_number(flood, "SYNWAITD_OUTCOME_BEFORE"), 500, 4000); /* SYNs dropped a second */
    assert_int_equal(alert_number(flood, "SYNWAITD_OUTCOME_AFTER"), 0);
    assert_int_equal(alert_number(find_outcome(alerts, "close-wait-leak", false), "SYNWAITD_OUTCOME_AFTER"),
                     150);
    json_decref(alerts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_helped_and_no_effect, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
