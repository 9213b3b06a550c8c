/* SPDX-License-Identifier: MIT */
/*
 * Whom the daemon names for leaks and floods: services in cgroups made here, on the real kernel. One daemon
 * has no privilege at all, the other is root.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroups.h"
#include "daemon.h"
#include "lab.h"
#include "util.h"

#define SERVER     "198.18.0.1"
#define SERVER6    "2001:db8:1::1"
#define CONTAINER  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEN        "nnnnnnnnnn"
#define FIFTY      TEN TEN TEN TEN TEN
#define LONG_UNIT  FIFTY FIFTY FIFTY "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.service" /* 200 bytes */
#define RULE(port) "{ port = " port "; thresholds = { close-wait = { warning = 5; }; }; }"
/* Often enough a walk that the alerts of all ports come together. */
#define CONFIG                                                                                               \
    "sampling = { cpu-budget = \"20%\"; };\n"                                                                \
    "thresholds = { close-wait = { warning = 10; critical = 1000; hold = \"1s\"; clear = \"1s\"; }; };\n"    \
    "ports = ( " RULE("8082") ", " RULE("8083") ", " RULE("8084") ", " RULE("8085") " );\n"

/* Below one directory of the test's own in the cgroup2 tree. */
static char top[256];

static int remove_directory(const char *path, const struct stat *status, int type, struct FTW *ftw) {
    (void)status;
    (void)ftw;
    return type == FTW_DP ? rmdir(path) : 0;
}

/* A process that has just ended can hold its cgroup for a moment. */
static int remove_cgroups(void) {
    for (int i = 0; i < 500 && access(top, F_OK) == 0; i++) {
        nftw(top, remove_directory, 16, FTW_DEPTH | FTW_PHYS);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return access(top, F_OK) == 0 ? -1 : 0;
}

static int teardown(void **state) {
    lab_teardown(state);
    return top[0] != '\0' ? remove_cgroups() : 0;
}

static void make_top(void) {
    char *directory CLEANUP_FREE = cgroup2_directory("/sys/fs/cgroup");
    const char *ci = getenv("CI");

    lab_need_root();
    snprintf(top, sizeof top, "%s/synwaitd-t%d.slice", directory ? directory : "", (int)getpid());
    if (directory && mkdir(top, 0755) == 0)
        return;
    top[0] = '\0';
    print_message("SKIPPED: no cgroup2 tree to make cgroups in\n");
    if (ci && strcmp(ci, "true") == 0)
        fail_msg("CI=true does not allow a skipped test");
    skip();
}

static void make_cgroup(const char *name) {
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", top, name);
    for (char *slash = path + strlen(top) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    if (mkdir(path, 0755) < 0)
        fail_msg("%s: %s", path, strerror(errno));
}

/* Starts tcpload, or a link to it, in a cgroup of its own and waits until what it makes stands. */
static struct lab_child *load_as(const char *program, const char *cgroup, const char *verb,
                                 const char *address, const char *port, const char *option,
                                 const char *value) {
    char procs[1024];
    const char *argv[] = {"/bin/sh", "-c",    "echo $$ >\"$0\" && exec \"$@\"",
                          procs,     program, verb,
                          "--addr",  address, "--port",
                          port,      option,  value,
                          NULL};

    make_cgroup(cgroup);
    snprintf(procs, sizeof procs, "%s/%s/cgroup.procs", top, cgroup);
    struct lab_child *child = lab_start(LAB_HERE, argv);
    lab_wait_output(child, "READY", 30);
    return child;
}

static struct lab_child *load_in(const char *cgroup, const char *verb, const char *address, const char *port,
                                 const char *option, const char *value) {
    return load_as(lab_program("tools/tcpload"), cgroup, verb, address, port, option, value);
}

/* SYNs with forged sources, counted up from the first; IPv6 ones by /64 if @p option says so. */
static struct lab_child *flood(const char *source, const char *address, const char *port, const char *count,
                               const char *option) {
    const char *argv[] = {lab_program("tools/tcpload"),
                          "flood",
                          "--source-base",
                          source,
                          "--sources",
                          "100",
                          "--addr",
                          address,
                          "--port",
                          port,
                          "--rate",
                          "1000",
                          "--count",
                          count,
                          option,
                          NULL};

    return lab_start(LAB_HERE, argv);
}

/* The daemon as its unit runs it: another user, without a capability, unable to gain one. The descriptor is
   opened before, for the build's directory may be closed to that user; --pdeathsig anew, for a change of user
   clears it. */
static struct lab_child *start_unprivileged(const char *config) {
    static const char script[] = "exec 3<\"$0\" && exec setpriv --reuid 65534 --regid 65534 --clear-groups "
                                 "--bounding-set -all --inh-caps -all --no-new-privs --pdeathsig KILL "
                                 "/proc/self/fd/3 \"$@\"";
    const char *argv[] = {"/bin/sh",  "-c",   script, lab_program(DAEMON_SANITIZED), "--log-target", "json",
                          "--config", config, NULL};

    return lab_start(LAB_HERE, argv);
}

static void assert_without_capabilities(const struct lab_child *child) {
    char path[64], text[4096];

    snprintf(path, sizeof path, "/proc/%d/status", (int)child->pid);
    assert_true(read_file_at(AT_FDCWD, path, text, sizeof text) > 0);
    assert_non_null(strstr(text, "\nUid:\t65534\t65534\t65534\t65534\n"));
    assert_non_null(strstr(text, "\nCapEff:\t0000000000000000\n"));
    assert_non_null(strstr(text, "\nCapBnd:\t0000000000000000\n"));
}

static const char *write_config(const char *text) {
    static char path[128];
    const char *directory = lab_scratch();

    assert_int_equal(chmod(directory, 0755), 0); /* for the daemon without privileges */
    assert_int_equal(write_file_atomic(directory, "test.conf", text, strlen(text), 0644), 0);
    snprintf(path, sizeof path, "%s/test.conf", directory);
    return path;
}

/* The alert of this event that is about @p port; the test fails if there is none. */
static const json_t *alert_of(const json_t *alerts, const char *event, const char *port) {
    for (size_t i = 0; i < json_array_size(alerts); i++) {
        const json_t *alert = json_array_get(alerts, i);
        const char *local = alert_get(alert, "SYNWAITD_LOCAL_PORT");
        if (strcmp(alert_get(alert, "SYNWAITD_EVENT"), event) == 0 && local && strcmp(local, port) == 0)
            return alert;
    }
    alerts_print(alerts);
    fail_msg("no alert %s of port %s", event, port);
    return NULL;
}

static void assert_field(const json_t *alert, const char *field, const char *wanted) {
    const char *value = alert_get(alert, field);

    if (!value || strcmp(value, wanted) != 0)
        fail_msg("%s: \"%s\", not \"%s\"\n%s", field, value ? value : "(none)", wanted,
                 alert_get(alert, "MESSAGE"));
}

static void assert_part(const json_t *alert, const char *field, const char *wanted) {
    const char *value = alert_get(alert, field);

    if (!value || !strstr(value, wanted))
        fail_msg("%s: no \"%s\" in \"%s\"", field, wanted, value ? value : "(none)");
}

/* Who leaks where. The first two are judged together, over all ports that have no rule. */
static const struct leak {
    const char *name, *cgroup, *port, *count, *unit;
} leaks[] = {
    {"the bigger of two", "alpha.service", "8080", "180", "alpha.service"},
    {"the smaller", "beta.service", "8081", "20", "beta.service"},
    {"container", "docker-" CONTAINER ".scope", "8082", "8", "docker/0123456789ab"},
    {"delegated cgroup", "gamma.service/payload/7", "8083", "7", "gamma.service"},
    {"escaped name", "srv-a\\x2db.service", "8084", "6", "srv-a\\x2db.service"},
    {"200 bytes", LONG_UNIT, "8085", "5", LONG_UNIT},
};

enum { ALERTS = ARRAY_SIZE(leaks) - 1 }; /* of the first two there is one alert */

static void check_units(const json_t *alerts, const char *event) {
    for (size_t i = 0; i < ARRAY_SIZE(leaks); i++) {
        if (i == 1)
            continue;
        print_message("  %s, %s\n", event, leaks[i].name);
        assert_field(alert_of(alerts, event, leaks[i].port), "SYNWAITD_UNIT", leaks[i].unit);
    }
}

static void check_leaks(const json_t *alerts) {
    check_units(alerts, "raised");
    const json_t *two = alert_of(alerts, "raised", leaks[0].port);
    assert_part(two, "MESSAGE", "on 198.18.0.1:8080 (alpha.service, also beta.service)");
    assert_part(two, "SYNWAITD_EVIDENCE", "unit:alpha.service=180 unit:beta.service=20 ");
    assert_int_equal(alert_number(two, "SYNWAITD_VALUE"), 200);
    assert_part(alert_of(alerts, "raised", "8084"), "SYNWAITD_EVIDENCE", "unit:srv-a\\x2db.service=6 ");
    assert_part(alert_of(alerts, "raised", "8085"), "SYNWAITD_EVIDENCE", "unit:" LONG_UNIT "=5 ");
}

/* The unit is told to everybody, the process to root alone. */
static void check_processes(const json_t *root, const json_t *plain,
                            const struct lab_child *const leaking[]) {
    char pid[16];

    for (size_t i = 0; i < ARRAY_SIZE(leaks); i++) {
        if (i == 1)
            continue;
        const json_t *alert = alert_of(root, "raised", leaks[i].port);
        snprintf(pid, sizeof pid, "%d", (int)leaking[i]->pid);
        assert_field(alert, "SYNWAITD_PID", pid);
        assert_field(alert, "SYNWAITD_COMM", "tcpload");
        alert = alert_of(plain, "raised", leaks[i].port);
        assert_null(alert_get(alert, "SYNWAITD_PID"));
        assert_null(alert_get(alert, "SYNWAITD_COMM"));
    }
}

static json_t *alerts_of_stopped(struct lab_child *daemon) {
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, 10), 0);
    return daemon_alerts(daemon);
}

static void test_leaks(void **state) {
    struct lab_child *leaking[ARRAY_SIZE(leaks)];

    (void)state;
    make_top();
    lab_enter();
    const char *config = write_config(CONFIG);
    for (size_t i = 0; i < ARRAY_SIZE(leaks); i++)
        leaking[i] = load_in(leaks[i].cgroup, "leak", SERVER, leaks[i].port, "--count", leaks[i].count);
    struct lab_child *plain = start_unprivileged(config);
    struct lab_child *root = daemon_start(DAEMON_SANITIZED, config, NULL);
    lab_wait_error(plain, "synwaitd", 10);
    assert_without_capabilities(plain);
    daemon_wait_alerts(plain, "close-wait-leak", "raised", ALERTS, 30);
    daemon_wait_alerts(root, "close-wait-leak", "raised", ALERTS, 30);
    json_t *by_root = daemon_alerts(root), *by_plain = daemon_alerts(plain);
    check_leaks(by_plain);
    check_leaks(by_root);
    check_processes(by_root, by_plain, (const struct lab_child *const *)leaking);
    json_decref(by_root);
    json_decref(by_plain);
    /* The services end and their cgroups go: whose the leak was is still known. */
    for (size_t i = 0; i < ARRAY_SIZE(leaks); i++)
        lab_signal(leaking[i], SIGKILL);
    assert_int_equal(remove_cgroups(), 0);
    daemon_wait_alerts(plain, "close-wait-leak", "cleared", ALERTS, 30);
    alerts_print(by_plain = alerts_of_stopped(plain));
    check_units(by_plain, "cleared");
    json_decref(by_plain);
    json_decref(alerts_of_stopped(root));
}

/* Of the queue's 1,024 places the first 100 go to other networks; what comes then is of one. */
static const struct target {
    const char *cgroup, *address, *port;
    const char *network, *from_network, *others;
} targets[] = {
    {"web.service", SERVER, "8080", "10.9.0.0/24", "10.9.0.1", "172.16.0.1"},
    {"web6.service", SERVER6, "8443", "2001:db8:9::/64", "2001:db8:9::1", "2001:db8:7::1"},
};

static void check_flood(const struct target *target, const json_t *alerts) {
    const json_t *alert = alert_of(alerts, "raised", target->port);
    char place[128];

    assert_field(alert, "SYNWAITD_PEER", target->network);
    assert_field(alert, "SYNWAITD_UNIT", target->cgroup);
    snprintf(place, sizeof place, " from %s (", target->network);
    assert_part(alert, "MESSAGE", place);
    unsigned long percent = strtoul(strstr(alert_get(alert, "MESSAGE"), place) + strlen(place), NULL, 10);
    assert_in_range(percent, 80, 91); /* 924 of 1,024; a sketch's count may be too low by its error */
    snprintf(place, sizeof place, "peer:%s=", target->network);
    assert_part(alert, "SYNWAITD_EVIDENCE", place);
}

static void test_floods(void **state) {
    (void)state;
    make_top();
    lab_enter();
    struct lab_child *flooding[ARRAY_SIZE(targets)];
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const struct target *target = &targets[i];
        load_in(target->cgroup, "listen", target->address, target->port, "--backlog", "1024");
        struct lab_child *others = flood(target->others, target->address, target->port, "100", "--subnets");
        assert_int_equal(lab_wait_exit(others, 10), 0);
        flooding[i] = flood(target->from_network, target->address, target->port, "12000", NULL);
    }
    struct lab_child *daemon = start_unprivileged("/dev/null");
    daemon_wait_alerts(daemon, "syn-flood", "raised", ARRAY_SIZE(targets), 20);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
        lab_signal(flooding[i], SIGKILL);
    json_t *alerts = alerts_of_stopped(daemon);
    alerts_print(alerts);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
        check_flood(&targets[i], alerts);
    json_decref(alerts);
}

/* What a local user may call a program and, where a part of the tree is delegated to them, a cgroup. The
   kernel takes no newline in a cgroup's name (kernel/cgroup/cgroup.c: cgroup_mkdir()). */
#define EVIL_COMM                                                                                            \
    "\x1B[J\n\xE2\x80\xAE\xE2\x80\xAC"                                                                       \
    "A=1"
#define EVIL_UNIT "e\x1B[2J\xE2\x80\xAE\xE2\x80\xAC\xC2\x9B. First: P=0.service"
#define SEEN_COMM "?[J???????A=1"
#define SEEN_UNIT "e?[2J????????._First:_P=0.service"

/* A link beside the configuration. */
static const char *evil_program(const char *config) {
    static char path[128];

    snprintf(path, sizeof path, "%.*s/" EVIL_COMM, (int)(strrchr(config, '/') - config), config);
    assert_int_equal(symlink(lab_program("tools/tcpload"), path), 0);
    return path;
}

static void assert_printable(const char *what, const char *text) {
    for (size_t bytes; *text; text += bytes) {
        bytes = *text == '\n' ? 1 : printable_length(text);
        if (bytes == 0)
            fail_msg("%s: byte %02x before \"%s\"", what, (unsigned char)*text, text + 1);
    }
}

static void check_evil_alert(const json_t *alert, const struct lab_child *leaking) {
    const char *key;
    json_t *value;
    char pid[16];

    snprintf(pid, sizeof pid, "%d", (int)leaking->pid);
    json_object_foreach((json_t *)alert, key, value) {
        assert_printable(key, json_string_value(value));
        assert_null(strchr(json_string_value(value), '\n'));
    }
    assert_field(alert, "SYNWAITD_UNIT", SEEN_UNIT);
    assert_field(alert, "SYNWAITD_COMM", SEEN_COMM);
    assert_field(alert, "SYNWAITD_PID", pid);
    assert_field(alert, "PRIORITY", "4");
    assert_part(alert, "MESSAGE", " on 198.18.0.1:8080 (" SEEN_UNIT "): 12 sockets in CLOSE-WAIT");
    assert_part(alert, "SYNWAITD_EVIDENCE", " unit:e?[2J????????._First:_P?0.service=12 ");
}

static void test_hostile_names(void **state) {
    const char *console_argv[] = {
        lab_program(DAEMON_SANITIZED), "--log-target", "console", "--config", write_config(CONFIG), NULL};

    (void)state;
    make_top();
    lab_enter();
    struct lab_child *leaking =
        load_as(evil_program(console_argv[4]), EVIL_UNIT, "leak", SERVER, "8080", "--count", "12");
    struct lab_child *console = lab_start(LAB_HERE, console_argv);
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, console_argv[4], NULL);
    daemon_wait_alerts(daemon, "close-wait-leak", "raised", 1, 30);
    lab_wait_output(console, "raised warning close-wait-leak", 30);
    lab_signal(console, SIGTERM);
    assert_int_equal(lab_wait_exit(console, 10), 0);
    json_t *alerts = alerts_of_stopped(daemon);
    check_evil_alert(alert_of(alerts, "raised", "8080"), leaking);
    json_decref(alerts);
    char *printed CLEANUP_FREE = lab_output(console);
    assert_printable("console", printed);
    assert_non_null(strstr(printed, "owner     " SEEN_UNIT ", pid "));
    assert_non_null(strstr(printed, " (" SEEN_COMM ")\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_leaks, teardown),
        cmocka_unit_test_teardown(test_floods, teardown),
        cmocka_unit_test_teardown(test_hostile_names, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
