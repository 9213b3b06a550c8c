/* SPDX-License-Identifier: MIT */
/* The daemon as a whole on the real kernel: what it says of floods, leaks and exhausted ports, and what not.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon.h"
#include "incident.h"
#include "lab.h"
#include "util.h"

#define SERVER      "198.18.0.1"
#define SERVER_PORT "8080"

#define RESIDENT_MAX_KB 3500

/* Starts tcpload and waits until what it makes stands. @return the child */
static struct lab_child *load(int netns, const char *const argv[]) {
    struct lab_child *child = lab_start(netns, argv);

    lab_wait_output(child, "READY", 60);
    return child;
}

static struct lab_child *start_listener(int netns, const char *address, const char *backlog) {
    const char *argv[] = {lab_program("tools/tcpload"),
                          "listen",
                          "--addr",
                          address,
                          "--port",
                          SERVER_PORT,
                          "--backlog",
                          backlog,
                          NULL};

    return load(netns, argv);
}

/* 20,000 SYN/s from 60,000 forged addresses. */
static struct lab_child *start_flood(const char *count) {
    const char *argv[] = {lab_program("tools/tcpload"),
                          "flood",
                          "--source-base",
                          "100.64.0.1",
                          "--sources",
                          "60000",
                          "--addr",
                          SERVER,
                          "--port",
                          SERVER_PORT,
                          "--rate",
                          "20000",
                          "--count",
                          count,
                          NULL};

    return load(LAB_HERE, argv);
}

static struct lab_child *start_leak_at(const char *port, const char *count) {
    const char *argv[] = {
        lab_program("tools/tcpload"), "leak", "--addr", SERVER, "--port", port, "--count", count, NULL};

    return load(LAB_HERE, argv);
}

static struct lab_child *start_leak(const char *count) {
    return start_leak_at(SERVER_PORT, count);
}

/* Microseconds of CLOCK_MONOTONIC in tcpload's "READY usec=N". */
static uint64_t ready_usec(const struct lab_child *child) {
    CLEANUP_FREE char *output = lab_output(child);
    const char *number = strstr(output, "usec=");

    assert_non_null(number);
    return strtoull(number + strlen("usec="), NULL, 10);
}

/* What the raised alert of a flood must tell. */
static void check_flood_alert(const json_t *alert) {
    const char *sysctl = alert_get(alert, "SYNWAITD_SYSCTL");

    assert_string_equal(alert_get(alert, "SYNWAITD_LOCAL"), SERVER ":" SERVER_PORT);
    assert_string_equal(alert_get(alert, "SYNWAITD_LOCAL_PORT"), SERVER_PORT);
    assert_int_equal(alert_number(alert, "SYNWAITD_LIMIT"), 1024);
    assert_true(alert_number(alert, "SYNWAITD_VALUE") >= alert_number(alert, "SYNWAITD_THRESHOLD"));
    assert_non_null(alert_get(alert, "SYNWAITD_CAUSE"));
    assert_non_null(alert_get(alert, "SYNWAITD_ADVICE"));
    assert_true(!sysctl || !strstr(sysctl, "tcp_max_syn_backlog")); /* does nothing from Linux 4.4 on */
}

/* One incident from raised to cleared, whatever else was told in between. */
static void check_one_incident(const json_t *alerts, const char *problem) {
    const char *id = alert_get(alerts_find(alerts, problem, "raised"), "SYNWAITD_INCIDENT");

    assert_int_equal(alerts_count(alerts, NULL, "raised"), 1);
    assert_int_equal(alerts_count(alerts, NULL, "cleared"), 1);
    assert_int_equal(alerts_count(alerts, problem, "cleared"), 1);
    for (size_t i = 0; i < json_array_size(alerts); i++)
        assert_string_equal(alert_get(json_array_get(alerts, i), "SYNWAITD_INCIDENT"), id);
    assert_string_equal(alert_get(json_array_get(alerts, json_array_size(alerts) - 1), "SYNWAITD_EVENT"),
                        "cleared");
}

static void test_flood(void **state) {
    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_synack_retries", "1"); /* half-opens live 3 s, not 63 s */
    start_listener(LAB_HERE, SERVER, "1024");
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, NULL, "28");
    lab_wait_error(daemon, "synwaitd", 10);
    struct lab_child *flood = start_flood("100000");
    daemon_wait_alerts(daemon, "syn-flood", "raised", 1, 10);
    print_message("  syn-flood raised %" PRIu64 " ms after the first SYN\n",
                  (now_monotonic_usec() - ready_usec(flood)) / USEC_PER_MSEC);
    assert_int_equal(lab_wait_exit(flood, 30), 0);
    assert_int_equal(lab_wait_exit(daemon, 60), 0);
    json_t *alerts = daemon_alerts(daemon);
    alerts_print(alerts);
    check_flood_alert(alerts_find(alerts, "syn-flood", "raised"));
    check_one_incident(alerts, "syn-flood");
    json_decref(alerts);
}

/* The line "VmRSS:" of a process, in kB. */
static unsigned long resident_kb(const struct lab_child *child) {
    char path[64], text[4096];

    snprintf(path, sizeof path, "/proc/%d/status", (int)child->pid);
    assert_true(read_file_at(AT_FDCWD, path, text, sizeof text) > 0);
    const char *line = strstr(text, "VmRSS:");
    assert_non_null(line);
    return strtoul(line + strlen("VmRSS:"), NULL, 10);
}

static void test_memory(void **state) {
    (void)state;
    lab_enter();
    start_listener(LAB_HERE, SERVER, "1024");
    setenv("RUNTIME_DIRECTORY", lab_scratch(), 1); /* status and metrics are written */
    struct lab_child *daemon = daemon_start(DAEMON_RELEASE, NULL, NULL);
    unsetenv("RUNTIME_DIRECTORY");
    lab_wait_error(daemon, "synwaitd", 10);
    struct lab_child *flood = start_flood("60000");
    daemon_wait_alerts(daemon, "syn-flood", "raised", 1, 10);
    assert_int_equal(lab_wait_exit(flood, 30), 0);
    unsigned long kb = resident_kb(daemon);
    print_message("  resident after the flood: %lu kB\n", kb);
    assert_in_range(kb, 1, RESIDENT_MAX_KB);
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, 10), 0);
}

/* A server that closes first: healthy, however many. */
static void test_time_wait_is_healthy(void **state) {
    const char *argv[] = {lab_program("tools/tcpload"),
                          "timewait-inbound",
                          "--addr",
                          "127.0.0.1",
                          "--port",
                          SERVER_PORT,
                          "--source-base",
                          "127.1.0.1",
                          "--count",
                          "60000",
                          NULL};

    (void)state;
    lab_enter();
    /* The default follows the machine's memory, up to this; less than it is told as unsafe. */
    lab_sysctl("net/ipv4/tcp_max_tw_buckets", "262144");
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, NULL, "25");
    lab_wait_error(daemon, "synwaitd", 10);
    load(LAB_HERE, argv);
    assert_int_equal(lab_wait_exit(daemon, 60), 0);
    char text[4096];
    assert_true(read_file_at(AT_FDCWD, "/proc/self/net/sockstat", text, sizeof text) > 0);
    const char *tw = strstr(text, " tw ");
    assert_non_null(tw);
    assert_true(strtoul(tw + strlen(" tw "), NULL, 10) >= 60000); /* they were there to the end */
    CLEANUP_FREE char *output = lab_output(daemon);
    assert_string_equal(output, "");
}

static void test_leak(void **state) {
    (void)state;
    lab_enter();
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, NULL, "36");
    lab_wait_error(daemon, "synwaitd", 10);
    start_leak("200");
    assert_int_equal(lab_wait_exit(daemon, 90), 0);
    json_t *alerts = daemon_alerts(daemon);
    alerts_print(alerts);
    assert_int_equal(json_array_size(alerts), 1);
    const json_t *alert = alerts_find(alerts, "close-wait-leak", "raised");
    assert_string_equal(alert_get(alert, "SYNWAITD_LOCAL_PORT"), SERVER_PORT);
    assert_string_equal(alert_get(alert, "SYNWAITD_STATE"), "CLOSE-WAIT");
    assert_int_equal(alert_number(alert, "SYNWAITD_VALUE"), 200);
    assert_int_equal(alert_number(alert, "SYNWAITD_THRESHOLD"), 100);
    assert_null(alert_get(alert, "SYNWAITD_SYSCTL"));
    assert_non_null(strstr(alert_get(alert, "MESSAGE"), SERVER_PORT));
    json_decref(alerts);
}

static void test_port_exhaustion(void **state) {
    const char *argv[] = {lab_program("tools/tcpload"),
                          "churn",
                          "--addr",
                          "192.0.2.2",
                          "--port",
                          SERVER_PORT,
                          "--count",
                          "950",
                          NULL};

    (void)state;
    lab_enter();
    int peer = lab_peer_namespace();
    lab_sysctl("net/ipv4/ip_local_port_range", "40000 40999");
    lab_sysctl("net/ipv4/tcp_rfc1337", "1"); /* now and then the peer's late RST would end a TIME-WAIT */
    start_listener(peer, "192.0.2.2", "128");
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, NULL, "14");
    lab_wait_error(daemon, "synwaitd", 10);
    load(LAB_HERE, argv);
    assert_int_equal(lab_wait_exit(daemon, 60), 0);
    json_t *alerts = daemon_alerts(daemon);
    alerts_print(alerts);
    assert_int_equal(alerts_count(alerts, NULL, "raised"), 1);
    const json_t *alert = alerts_find(alerts, "port-exhaustion", "raised");
    assert_string_equal(alert_get(alert, "SYNWAITD_PEER"), "192.0.2.2:" SERVER_PORT);
    assert_int_equal(alert_number(alert, "SYNWAITD_LIMIT"), 1000);
    assert_int_equal(alert_number(alert, "SYNWAITD_VALUE"), 950);
    assert_non_null(alert_get(alert, "SYNWAITD_SYSCTL"));
    json_decref(alerts);
    close(peer);
}

static void test_idle_is_silent(void **state) {
    (void)state;
    lab_enter();
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, NULL, "5");
    assert_int_equal(lab_wait_exit(daemon, 30), 0);
    CLEANUP_FREE char *output = lab_output(daemon);
    assert_string_equal(output, "");
}

/* Writes the configuration file of a test. @return its path, valid until the next call */
static const char *write_config(const char *directory, const char *text) {
    static char path[128];

    snprintf(path, sizeof path, "%s/test.conf", directory);
    assert_int_equal(write_file_atomic(directory, "test.conf", text, strlen(text), 0644), 0);
    return path;
}

static void test_bad_config(void **state) {
    char place[256];

    (void)state;
    const char *config =
        write_config(lab_scratch(), "thresholds = {\n  syn-recv = {\n    warning = \"abc\";\n  };\n};\n");
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, config, "5");
    assert_int_equal(lab_wait_exit(daemon, 30), 78);
    CLEANUP_FREE char *error = lab_error(daemon);
    CLEANUP_FREE char *output = lab_output(daemon);
    snprintf(place, sizeof place, "%s:3: thresholds.syn-recv.warning: ", config);
    if (strncmp(error, place, strlen(place)) != 0)
        fail_msg("standard error: %s", error);
    assert_string_equal(output, "");
}

static void test_exit_codes(void **state) {
    static const struct {
        const char *name;
        const char *argument[2];
        int exit;
        const char *output; /* what standard output begins with */
        const char *error;  /* and what standard error holds */
    } table[] = {
        {"help", {"--help"}, 0, "Usage: synwaitd", ""},
        {"version", {"--version"}, 0, "synwaitd ", ""},
        {"check of the defaults", {"--check-config"}, 0, "", ""},
        {"dump of the defaults", {"--dump-config"}, 0, "sampling", ""},
        {"unknown option", {"--nonsense"}, 2, "", "nonsense"},
        {"an argument", {"nonsense"}, 2, "", "nonsense"},
        {"option without its value", {"--config"}, 2, "", "--config"},
        {"no ticks", {"--ticks", "0"}, 2, "", "--ticks \"0\""},
        {"ticks that are no number", {"--ticks", "5x"}, 2, "", "--ticks \"5x\""},
        {"negative ticks", {"--ticks", "-1"}, 2, "", "--ticks \"-1\""},
        {"unknown target", {"--log-target", "syslog"}, 2, "", "--log-target \"syslog\""},
        {"no such file", {"--config", "/nonexistent/synwaitd.conf"}, 78, "", "/nonexistent/synwaitd.conf"},
    };
    unsigned int wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const char *argv[] = {lab_program(DAEMON_SANITIZED), table[i].argument[0], table[i].argument[1],
                              NULL};
        struct lab_child *daemon = lab_start(LAB_HERE, argv);
        int exit = lab_wait_exit(daemon, 30);
        CLEANUP_FREE char *output = lab_output(daemon);
        CLEANUP_FREE char *error = lab_error(daemon);
        if (exit == table[i].exit && strncmp(output, table[i].output, strlen(table[i].output)) == 0 &&
            strstr(error, table[i].error))
            continue;
        print_error("%s: exit %d\nstandard output: %s\nstandard error: %s\n", table[i].name, exit, output,
                    error);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

#define QUICK_LEAK                                                                                           \
    "thresholds = { close-wait = { warning = 10; critical = 1000; hold = \"1s\"; clear = \"1s\"; }; };\n"
#define NO_LEAK "thresholds = { close-wait = { enabled = false; }; };\n"

/* A leak beside the larger one of a port whose rule is off: it alone is told, with its own numbers. */
static void test_port_that_is_off(void **state) {
    (void)state;
    lab_enter();
    const char *config = write_config(lab_scratch(), QUICK_LEAK
                                      "ports = ({ port = " SERVER_PORT
                                      "; thresholds = { close-wait = { enabled = false; }; }; });\n");
    start_leak("300");
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, config, NULL);
    start_leak_at("8081", "20");
    daemon_wait_alerts(daemon, "close-wait-leak", "raised", 1, 30);
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, 10), 0);
    json_t *alerts = daemon_alerts(daemon);
    alerts_print(alerts);
    assert_int_equal(json_array_size(alerts), 1);
    const json_t *alert = alerts_find(alerts, "close-wait-leak", "raised");
    const char *evidence = alert_get(alert, "SYNWAITD_EVIDENCE");
    assert_string_equal(alert_get(alert, "SYNWAITD_LOCAL_PORT"), "8081");
    assert_int_equal(alert_number(alert, "SYNWAITD_VALUE"), 20);
    assert_non_null(strstr(evidence, "on_that_port=20 "));
    assert_non_null(strstr(evidence, "older_than_5_sec=20 "));
    assert_non_null(strstr(evidence, "held_by_application=20 "));
    json_decref(alerts);
}

static void test_reload(void **state) {
    (void)state;
    lab_enter();
    const char *directory = lab_scratch();
    const char *config = write_config(directory, NO_LEAK);
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, config, NULL);
    lab_wait_error(daemon, "synwaitd", 10);
    start_leak("20");
    write_config(directory, "alerts = { reminder = 5 };\n");
    lab_signal(daemon, SIGHUP);
    lab_wait_error(daemon, "reload failed", 10);
    lab_wait_error(daemon, "test.conf:1: alerts.reminder: ", 10);
    write_config(directory, QUICK_LEAK);
    lab_signal(daemon, SIGHUP);
    daemon_wait_alerts(daemon, "close-wait-leak", "raised", 1, 20);
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, 10), 0);
}

/* The first life raises, the second says nothing new and clears. */
static void test_restart(void **state) {
    (void)state;
    lab_enter();
    const char *directory = lab_scratch();
    const char *config = write_config(directory, QUICK_LEAK);
    setenv("STATE_DIRECTORY", directory, 1);
    struct lab_child *leak = start_leak("20");
    struct lab_child *first = daemon_start(DAEMON_SANITIZED, config, NULL);
    daemon_wait_alerts(first, "close-wait-leak", "raised", 1, 20);
    lab_signal(first, SIGTERM);
    assert_int_equal(lab_wait_exit(first, 10), 0);
    struct lab_child *second = daemon_start(DAEMON_SANITIZED, config, "5");
    assert_int_equal(lab_wait_exit(second, 30), 0);
    CLEANUP_FREE char *silent = lab_output(second);
    assert_string_equal(silent, "");
    struct lab_child *third = daemon_start(DAEMON_SANITIZED, config, NULL);
    unsetenv("STATE_DIRECTORY");
    lab_end_input(leak);
    daemon_wait_alerts(third, "close-wait-leak", "cleared", 1, 20);
    lab_signal(third, SIGTERM);
    assert_int_equal(lab_wait_exit(third, 10), 0);
    json_t *before = daemon_alerts(first), *after = daemon_alerts(third);
    assert_int_equal(json_array_size(before), 1);
    assert_int_equal(json_array_size(after), 1);
    assert_string_equal(alert_get(json_array_get(before, 0), "SYNWAITD_INCIDENT"),
                        alert_get(json_array_get(after, 0), "SYNWAITD_INCIDENT"));
    json_decref(before);
    json_decref(after);
}

/* Problems that have nothing to do with each other are two incidents. */
static void test_two_incidents(void **state) {
    (void)state;
    lab_enter();
    const char *config = write_config(lab_scratch(), QUICK_LEAK);
    start_listener(LAB_HERE, SERVER, "1024");
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, config, NULL);
    lab_wait_error(daemon, "synwaitd", 10);
    start_flood("60000");
    start_leak_at("8081", "20");
    daemon_wait_alerts(daemon, "syn-flood", "raised", 1, 20);
    daemon_wait_alerts(daemon, "close-wait-leak", "raised", 1, 20);
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, 10), 0);
    json_t *alerts = daemon_alerts(daemon);
    assert_string_not_equal(alert_get(alerts_find(alerts, "syn-flood", "raised"), "SYNWAITD_INCIDENT"),
                            alert_get(alerts_find(alerts, "close-wait-leak", "raised"), "SYNWAITD_INCIDENT"));
    json_decref(alerts);
}

/* A listener that never accepts, and one connection in its queue; both last as long as the test's process. */
static void fill_a_queue(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
}

static void test_more_problems_than_it_has_room_for(void **state) {
    (void)state;
    lab_enter();
    const char *config =
        write_config(lab_scratch(), "sampling = { interval = \"200ms\"; };\n"
                                    "thresholds = { accept-queue = { warning = 1; critical = 1; floor = 0;\n"
                                    "    hold = \"0\"; }; };\n");
    for (uint16_t i = 0; i < INCIDENTS_MAX + 3; i++)
        fill_a_queue((uint16_t)(8000 + i));
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, config, NULL);
    lab_wait_error(daemon, "too many problems at once: 3 more", 20);
    daemon_wait_alerts(daemon, "accept-queue-full", "raised", INCIDENTS_MAX, 20);
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, 10), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_exit_codes, lab_teardown),
        cmocka_unit_test_teardown(test_bad_config, lab_teardown),
        cmocka_unit_test_teardown(test_idle_is_silent, lab_teardown),
        cmocka_unit_test_teardown(test_port_that_is_off, lab_teardown),
        cmocka_unit_test_teardown(test_reload, lab_teardown),
        cmocka_unit_test_teardown(test_restart, lab_teardown),
        cmocka_unit_test_teardown(test_two_incidents, lab_teardown),
        cmocka_unit_test_teardown(test_more_problems_than_it_has_room_for, lab_teardown),
        cmocka_unit_test_teardown(test_memory, lab_teardown),
        cmocka_unit_test_teardown(test_flood, lab_teardown),
        cmocka_unit_test_teardown(test_port_exhaustion, lab_teardown),
        cmocka_unit_test_teardown(test_time_wait_is_healthy, lab_teardown),
        cmocka_unit_test_teardown(test_leak, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
