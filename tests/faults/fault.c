/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "util.h"

enum { FAULTS_MAX = 64, PATHS = 8 };

#define TABLE "tests/faults/SAMPLING.md"

static const char *scratch;
static int attempts[20]; /* 0: none */

/* All that the rows of a program are checked against. */
struct table {
    const char *program;
    const struct fault *faults;
    size_t count;
};

static void run_row(void **state) {
    const struct fault *fault = *state;

    lab_need_root();
    fault->run(fault);
}

static void test_table(void **state) {
    const struct table *table = *state;
    static char text[65536], row[1024];
    unsigned int missing = 0;

    assert_true(read_file_at(AT_FDCWD, TABLE, text, sizeof text) > 0);
    for (size_t i = 0; i < table->count; i++) {
        const struct fault *fault = &table->faults[i];
        snprintf(row, sizeof row, "| %s | %s | %s | `%s` |\n", fault->name, fault->injected, fault->promise,
                 table->program);
        if (strstr(text, row))
            continue;
        print_error("not in " TABLE ":\n%s", row);
        missing++;
    }
    assert_int_equal(missing, 0);
}

int fault_main(const char *program, const struct fault *faults, size_t count, int (*setup)(void **state)) {
    static struct CMUnitTest tests[FAULTS_MAX];
    static struct table table;

    table = (struct table){program, faults, count};
    for (size_t i = 0; i < count && i < FAULTS_MAX - 1; i++)
        tests[i] = (struct CMUnitTest){.name = faults[i].name,
                                       .test_func = run_row,
                                       .teardown_func = setup ? NULL : lab_teardown,
                                       .initial_state = (void *)&faults[i]};
    tests[count] = (struct CMUnitTest){"the table has these rows", test_table, NULL, NULL, &table};
    return _cmocka_run_group_tests(program, tests, count + 1, setup, setup ? lab_teardown : NULL);
}

const char *fault_path(const char *name) {
    static char path[PATHS][256];
    static unsigned int next;
    char *slot = path[next++ % PATHS];

    snprintf(slot, sizeof path[0], "%s/%s", scratch, name);
    return slot;
}

void fault_write(const char *name, const char *text) {
    CLEANUP_FD int fd = open(fault_path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ssize_t length = (ssize_t)strlen(text);

    if (fd < 0 || pwrite(fd, text, (size_t)length, 0) != length || ftruncate(fd, length) < 0)
        fail_msg("%s: %s", name, strerror(errno));
}

void fault_switch(const char *name, bool on) {
    if (on)
        fault_write(name, "");
    else
        assert_int_equal(unlink(fault_path(name)), 0);
}

void fault_enter(const char *rules, const char *rest) {
    static char config[2048];

    fault_problem_ends(); /* of a row that failed */
    lab_enter();
    scratch = lab_scratch();
    snprintf(config, sizeof config,
             "sampling = { interval = \"100ms\"; cpu-budget = \"100%%\"; walk-max-age = \"100ms\"; };\n"
             "thresholds = { syn-sent = { warning = 10; critical = 1000; hold = \"0s\"; clear = "
             "\"300ms\"; };\n%s };\n%s",
             rules, rest);
    fault_write("test.conf", config);
}

struct lab_child *fault_start(const char *program, const char *before, const char *with) {
    return fault_start_for("", program, before, with);
}

struct lab_child *fault_start_for(const char *ticks, const char *program, const char *before,
                                  const char *with) {
    static char command[2048];

    snprintf(command, sizeof command, "%s exec %s %s --log-target json --config %s %s", before, with,
             lab_program(program), fault_path("test.conf"), ticks);
    lab_need_file("/usr/bin/unshare");
    const char *argv[] = {"/usr/bin/unshare", "--mount", "/bin/sh", "-c", command, NULL};
    return lab_start(LAB_HERE, argv);
}

const char *fault_preload(const char *inject, const char *switch_name, bool once) {
    static char with[1024];

    snprintf(with, sizeof with,
             "env ASAN_OPTIONS=verify_asan_link_order=0 %s LD_PRELOAD=%s FAULT=%s FAULT_SWITCH=%s",
             once ? "FAULT_ONCE=1" : "", lab_program("tools/netlink_fault.so"), inject,
             fault_path(switch_name));
    return with;
}

void fault_problem(void) {
    const struct sockaddr_in peer = {.sin_family = AF_INET,
                                     .sin_port = htons(FAULT_PORT),
                                     .sin_addr.s_addr = htonl(0xC6336401)}; /* 198.51.100.1: nobody */

    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
        attempts[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(attempts[i], (const struct sockaddr *)&peer, sizeof peer) == 0 || errno != EINPROGRESS)
            fail_msg("connect: %s", strerror(errno));
    }
}

void fault_problem_ends(void) {
    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
        if (attempts[i] > 0)
            close(attempts[i]);
        attempts[i] = 0;
    }
}

void fault_wait_degraded(struct lab_child *daemon, const char *reason, size_t count, unsigned int seconds) {
    daemon_wait_alerts(daemon, "sampling-degraded", "raised", count, seconds);
    json_t *alerts = daemon_alerts(daemon);
    const char *message = "";

    for (size_t i = 0; i < json_array_size(alerts); i++) {
        const json_t *alert = json_array_get(alerts, i);
        if (strcmp(alert_get(alert, "SYNWAITD_PROBLEM"), "sampling-degraded") == 0 &&
            strcmp(alert_get(alert, "SYNWAITD_EVENT"), "raised") == 0)
            message = alert_get(alert, "MESSAGE");
    }
    if (!strstr(message, reason))
        fail_msg("\"%s\" does not say \"%s\"", message, reason);
    json_decref(alerts);
}

void fault_check_told(const struct lab_child *daemon, const struct fault_told *told, size_t count) {
    json_t *alerts = daemon_alerts(daemon);
    size_t raised = 0, cleared = 0;
    bool right = true;

    for (size_t i = 0; i < count; i++) {
        right = right && alerts_count(alerts, told[i].problem, "raised") == told[i].raised &&
                alerts_count(alerts, told[i].problem, "cleared") == told[i].cleared;
        raised += told[i].raised;
        cleared += told[i].cleared;
    }
    if (!right || alerts_count(alerts, NULL, "raised") != raised ||
        alerts_count(alerts, NULL, "cleared") != cleared) {
        alerts_print(alerts);
        fail_msg("told more or less than it should");
    }
    json_decref(alerts);
}

void fault_end(struct lab_child *daemon, const struct fault_told *told, size_t count) {
    lab_signal(daemon, SIGTERM);
    int code = lab_wait_exit(daemon, 20);
    CLEANUP_FREE char *error = lab_error(daemon);

    if (code != 0)
        fail_msg("exit %d\nstandard error: %s", code, error);
    fault_check_told(daemon, told, count);
}

void fault_wait_ticks(const char *file, long long count) {
    long long first = fault_status(file, "ticks");
    uint64_t end_usec = now_monotonic_usec() + 20 * USEC_PER_SEC;

    while (fault_status(file, "ticks") < first + count) {
        assert_true(now_monotonic_usec() < end_usec);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

const char *fault_with_status(void) {
    static char before[256];

    snprintf(before, sizeof before, "export RUNTIME_DIRECTORY=%s;", scratch);
    return before;
}

long long fault_status(const char *file, const char *path) {
    char copy[64], *rest = copy;
    json_error_t error;

    snprintf(copy, sizeof copy, "%s", path);
    json_t *status = json_load_file(fault_path(file), 0, &error);
    const json_t *at = status;
    for (const char *key = strsep(&rest, "/"); key; key = strsep(&rest, "/"))
        at = json_object_get(at, key);
    long long number = json_is_integer(at) ? json_integer_value(at) : -1;
    json_decref(status);
    return number;
}
