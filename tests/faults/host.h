/* SPDX-License-Identifier: MIT */
/* Faults of what the daemon runs on and reports to: a table of them, and a pile-up that must be told exactly
 * once. */
#ifndef SYNWAITD_TEST_HOST_H
#define SYNWAITD_TEST_HOST_H

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../integration/daemon.h"
#include "../integration/lab.h"
#include "host_faults.h"
#include "util.h"

#define HOST_TABLE "tests/faults/HOST.md"
#define ROWS_MAX   32

/* All of these are in a /run that nobody else sees. */
#define CONFIG_FILE "/run/synwaitd.conf"
#define RUNTIME     "/run/runtime"
#define STATE       "/run/state"
#define STATE_FILE  STATE "/incidents.json"
#define FAULTS_FILE "/run/faults"

#define QUICK                                                                                                \
    "sampling = { interval = \"100ms\"; cpu-budget = \"50%\"; walk-max-age = \"200ms\"; };\n"                \
    "thresholds = { established = { enabled = true; warning = 10; critical = 1000; hold = \"0s\"; "          \
    "clear = \"200ms\"; }; };\n"
/* A small file system, and what becomes of it. */
#define TMPFS(directory)                                                                                     \
    "mount -t tmpfs -o size=256k,nr_inodes=32,mode=0755 tmpfs " directory " && rm -f " directory "/*"
#define FILL(directory)   "cat /dev/zero >" directory "/fill || true"
#define INODES(directory) "i=0; while mkdir " directory "/fill$i; do i=$((i + 1)); done"
#define EMPTY(directory)  "rm -r " directory "/fill*"

#define PILE         "established-pileup"
#define WAIT_SECONDS 30

struct fault {
    const char *name;     /* a row of HOST_TABLE */
    const char *done;     /* what happens */
    const char *promised; /* what the daemon makes of it */
    void (*run)(const struct fault *fault);
    const char *before, *inject, *told, *repair,
        *after; /* where several rows have one function; NULL: nothing */
};

static inline void host_run(void **state) {
    const struct fault *fault = *state;

    print_message("  %s: %s\n", fault->done, fault->promised);
    fault->run(fault);
}

/* The table that people read has every row. */
static inline void host_is_listed(const struct fault *fault) {
    static char table[65536];
    char cell[256];

    if (read_file_at(AT_FDCWD, HOST_TABLE, table, sizeof table) < 0)
        fail_msg(HOST_TABLE ": %s", strerror(errno));
    snprintf(cell, sizeof cell, "| %s |", fault->name);
    if (!strstr(table, cell))
        fail_msg(HOST_TABLE " has no row \"%s\"", fault->name);
}

static inline void host_all_listed(void **state) {
    const struct fault *row = *state;

    for (; row->name; row++)
        host_is_listed(row);
}

/* @param row ends with one without a name */
static inline int host_faults(struct fault *row) {
    static struct CMUnitTest tests[ROWS_MAX];
    size_t count = 0;

    tests[count++] = (struct CMUnitTest){
        .name = "every row is listed", .test_func = host_all_listed, .initial_state = row};
    for (; row->name && count < ROWS_MAX; row++)
        tests[count++] = (struct CMUnitTest){
            .name = row->name, .test_func = host_run, .teardown_func = lab_teardown, .initial_state = row};
    return _cmocka_run_group_tests("faults", tests, count, NULL, NULL);
}

static inline void host_write(const char *path, const char *text) {
    CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t length = (ssize_t)strlen(text);

    if (fd < 0 || write(fd, text, (size_t)length) != length)
        fail_msg("%s: %s", path, strerror(errno));
}

/* Namespaces for the network and for mounts, and in these a /run with a configuration and both directories.
 */
static inline void host_enter(void) {
    lab_enter();
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") < 0)
        fail_msg("mount namespace: %s", strerror(errno));
    lab_shell(LAB_HERE, "mkdir " RUNTIME " " STATE);
    host_write(CONFIG_FILE, QUICK);
}

/* @param argv what is started; it gets both directories. */
static inline struct lab_child *host_start(const char *const argv[]) {
    setenv("RUNTIME_DIRECTORY", RUNTIME, 1);
    setenv("STATE_DIRECTORY", STATE, 1);
    struct lab_child *daemon = lab_start(LAB_HERE, argv);
    unsetenv("RUNTIME_DIRECTORY");
    unsetenv("STATE_DIRECTORY");
    return daemon;
}

static inline void host_shell(const char *command) {
    if (command)
        lab_shell(LAB_HERE, "%s", command);
}

/* The daemon, once it can take signals. */
static inline struct lab_child *host_daemon(const char *program) {
    const char *argv[] = {lab_program(program), "--log-target", "json", "--config", CONFIG_FILE, NULL};
    struct lab_child *daemon = host_start(argv);

    lab_wait_error(daemon, "network namespace", WAIT_SECONDS);
    return daemon;
}

/* What daemons are made to see, for the test to write to, from here to host_sound(). */
static inline volatile struct host_faults *host_faulty(void) {
    CLEANUP_FD int fd = open(FAULTS_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, sizeof(struct host_faults)) < 0)
        fail_msg(FAULTS_FILE ": %s", strerror(errno));
    void *page = mmap(NULL, sizeof(struct host_faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    setenv("HOST_FAULTS", FAULTS_FILE, 1);
    setenv("LD_PRELOAD", lab_program("tools/host.so"), 1);
    return page;
}

static inline void host_sound(void) {
    unsetenv("LD_PRELOAD");
    unsetenv("HOST_FAULTS");
}

static inline struct lab_child *host_pile(void) {
    const char *argv[] = {
        lab_program("tools/tcpload"), "hold", "--addr", "127.0.0.1", "--port", "8080", "--count", "20", NULL};
    struct lab_child *pile = lab_start(LAB_HERE, argv);

    lab_wait_output(pile, "READY", WAIT_SECONDS);
    return pile;
}

static inline void host_wait_raised(struct lab_child *daemon) {
    daemon_wait_alerts(daemon, PILE, "raised", 1, WAIT_SECONDS);
}

static inline void host_wait_cleared(struct lab_child *daemon) {
    daemon_wait_alerts(daemon, PILE, "cleared", 1, WAIT_SECONDS);
}

/* Ends it, and looks at all that it has told. */
static inline void host_finish(struct lab_child *daemon, size_t raised, size_t cleared) {
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, WAIT_SECONDS), 0);
    json_t *alerts = daemon_alerts(daemon);
    alerts_print(alerts);
    assert_int_equal(alerts_count(alerts, PILE, "raised"), raised);
    assert_int_equal(alerts_count(alerts, PILE, "cleared"), cleared);
    assert_int_equal(json_array_size(alerts), raised + cleared);
    json_decref(alerts);
}

static inline void host_kill(struct lab_child *daemon) {
    lab_signal(daemon, SIGKILL);
    while (daemon->pid > 0 && kill(daemon->pid, 0) == 0 && waitpid(daemon->pid, &daemon->status, 0) < 0)
        ;
    daemon->pid = 0;
}

/* The incident of the first alert with this event. */
static inline void host_incident(const struct lab_child *daemon, const char *event, char id[32]) {
    json_t *alerts = daemon_alerts(daemon);

    snprintf(id, 32, "%s", alert_get(alerts_find(alerts, PILE, event), "SYNWAITD_INCIDENT"));
    json_decref(alerts);
}

/* @return a number of status.json, or -1 while there is none */
static inline long long host_status(const char *key) {
    json_t *status = json_load_file(RUNTIME "/status.json", 0, NULL);
    const json_t *value = json_object_get(status, key);
    long long number = json_is_integer(value) ? (long long)json_integer_value(value)
                       : json_is_array(value) ? (long long)json_array_size(value)
                                              : -1;

    json_decref(status);
    return number;
}

/* Waits until status.json says a number from @p least to @p most. */
static inline void host_wait_between(const char *key, long long least, long long most) {
    uint64_t end_usec = now_monotonic_usec() + WAIT_SECONDS * USEC_PER_SEC;

    for (long long now; (now = host_status(key)) < least || now > most;) {
        if (now_monotonic_usec() > end_usec)
            fail_msg("%s is %lld, not %lld to %lld", key, now, least, most);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

static inline void host_wait_status(const char *key, long long least) {
    host_wait_between(key, least, LLONG_MAX);
}

/* Sampling goes on. */
static inline void host_wait_ticks(long long more) {
    host_wait_status("ticks", 0);
    host_wait_status("ticks", host_status("ticks") + more);
}

#endif
