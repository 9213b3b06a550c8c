/* SPDX-License-Identifier: MIT */
/* What a tick costs, in things that can be counted: system calls, wake-ups, allocations. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon.h"
#include "journal.h"
#include "lab.h"
#include "util.h"

#define STRACE       "/usr/bin/strace"
#define CONNTRACK    "/proc/sys/net/netfilter/nf_conntrack_count"
#define TICKS        "40"
#define QUIET_MIN    20 /* of these, at least so many without a walk */
#define NAMES_MAX    64
#define WARM_UP      5
#define SYSCTL_FILES 20

/* The rule for ESTABLISHED has them looked at, and never tells. */
#define CONFIG(budget)                                                                                       \
    "sampling = { interval = \"100ms\"; cpu-budget = \"" budget "\"; walk-max-age = \"1h\"; };\n"            \
    "thresholds = { close-wait = { warning = 10; hold = \"1s\"; };\n"                                        \
    "               established = { enabled = true; warning = 5; hold = \"1h\"; }; };\n"
#define FEW_WALKS  CONFIG("0.01%") /* a few use it up */
#define MANY_WALKS CONFIG("100%")

struct calls {
    const char *name;
    unsigned int count;
};

/* The whole of a tick, with status and metrics written. A new call has to be worth its place here. */
static const struct calls tick_calls[] = {
    {"rt_sigtimedwait", 1}, /* the one wake-up */
    {"pread64", 4},         /* snmp, netstat, sockstat, sockstat6 */
    {"getrusage", 1},       /* CPU time and memory used, for both files; clocks are read in the vDSO */
    {"openat", 2},          /* status.json and synwaitd.prom: */
    {"write", 2},           {"renameat", 2}, {"close", 2},
};

/* The listeners: by a dump and its one answer, or by the iterator, whose cost is watched. It is opened anew
   each time, as it cannot be read from the start again, and its second read tells the end. */
static const struct calls dump_calls[] = {{"sendto", 1}, {"recvmsg", 1}};
static const struct calls iterator_calls[] = {{"clock_gettime", 2}, {"openat", 1}, {"read", 2}, {"close", 1}};

/* Where there is connection tracking; else the file is looked for. */
static const struct calls conntrack_calls[] = {{"pread64", 1}};
static const struct calls no_conntrack_calls[] = {{"openat", 1}};

/* A walk over no socket at all, and what it cost. */
static const struct calls walk_calls[] = {{"sendto", 1}, {"recvmsg", 1}, {"clock_gettime", 2}};

/* The calls of one tick, by name. */
struct tally {
    char name[NAMES_MAX][32];
    unsigned int count[NAMES_MAX];
    size_t names;
};

static void tally_add(struct tally *tally, const char *name, size_t length, unsigned int count) {
    size_t at = 0;

    while (at < tally->names &&
           (strlen(tally->name[at]) != length || memcmp(tally->name[at], name, length) != 0))
        at++;
    assert_true(at < NAMES_MAX && length < sizeof tally->name[at]);
    if (at == tally->names) {
        snprintf(tally->name[at], sizeof tally->name[at], "%.*s", (int)length, name);
        tally->count[tally->names++] = 0;
    }
    tally->count[at] += count;
}

static void tally_add_all(struct tally *tally, const struct calls *calls, size_t length) {
    for (size_t i = 0; i < length; i++)
        tally_add(tally, calls[i].name, strlen(calls[i].name), calls[i].count);
}

static unsigned int tally_of(const struct tally *tally, const char *name) {
    for (size_t i = 0; i < tally->names; i++)
        if (strcmp(tally->name[i], name) == 0)
            return tally->count[i];
    return 0;
}

static bool tally_equal(const struct tally *a, const struct tally *b) {
    bool equal = a->names == b->names;

    for (size_t i = 0; equal && i < a->names; i++)
        equal = tally_of(b, a->name[i]) == a->count[i];
    return equal;
}

static void tally_print(const char *title, const struct tally *tally) {
    print_message("  %s:", title);
    for (size_t i = 0; i < tally->names; i++)
        print_message(" %s %u", tally->name[i], tally->count[i]);
    print_message("\n");
}

/* Takes the calls from @p line on up to and with the next rt_sigtimedwait.
   @return the line after it, or NULL: the trace ends before */
static const char *take_tick(const char *line, struct tally *tally) {
    *tally = (struct tally){0};
    while (*line != '\0') {
        const char *name = line + strspn(line, "0123456789 "); /* after the thread's number */
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789");
        const char *end = strchr(line, '\n');
        if (!end)
            return NULL;
        if (name[length] == '(') /* not a remark of strace's own */
            tally_add(tally, name, length, 1);
        line = end + 1;
        if (strncmp(name, "rt_sigtimedwait(", 16) == 0)
            return line;
    }
    return NULL;
}

static const char *write_config(const char *directory, const char *text) {
    static char path[128];

    snprintf(path, sizeof path, "%s/test.conf", directory);
    assert_int_equal(write_file_atomic(directory, "test.conf", text, strlen(text), 0600), 0);
    return path;
}

/* @return the whole file, NUL-terminated */
static char *read_whole(const char *path) {
    const size_t size = 4 * 1024 * 1024;
    char *text = malloc(size);

    assert_non_null(text);
    if (read_file_at(AT_FDCWD, path, text, size) < 0)
        fail_msg("%s: %s", path, strerror(errno));
    return text;
}

/* A datagram socket at @p path that takes what is sent to it. */
static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* A journal that takes what is sent, so that the thread that writes to it has nothing left to do. */
static int fake_journal(void) {
    assert_int_equal(unshare(CLONE_NEWNS), 0);
    assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    assert_int_equal(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
    lab_shell(LAB_HERE, "mkdir -p /run/systemd/journal");
    return listen_at(JOURNAL_SOCKET_PATH);
}

/* One that looked at the sysctls, as one in ten seconds does; several, as a long walk kept the next waiting;
 * or one beside which the journal's thread sent a line, as that of the start, which a busy machine delays.
 */
static bool is_special(const struct tally *tick) {
    return tally_of(tick, "pread64") > SYSCTL_FILES || tally_of(tick, "recvmsg") > 2 ||
           tally_of(tick, "sendmsg") > 0;
}

/* Every tick is the table, or the table with a walk. */
static void judge_ticks(const char *trace, const struct calls *listener_calls, size_t length) {
    struct tally quiet = {0}, tick;
    unsigned int ticks = 0, quiet_ticks = 0;
    bool conntrack = access(CONNTRACK, F_OK) == 0;

    tally_add_all(&quiet, tick_calls, ARRAY_SIZE(tick_calls));
    tally_add_all(&quiet, listener_calls, length);
    if (conntrack)
        tally_add_all(&quiet, conntrack_calls, ARRAY_SIZE(conntrack_calls));
    else
        tally_add_all(&quiet, no_conntrack_calls, ARRAY_SIZE(no_conntrack_calls));
    struct tally walking = quiet;
    tally_add_all(&walking, walk_calls, ARRAY_SIZE(walk_calls));
    const char *line = take_tick(trace, &tick); /* the start */
    while (line && (line = take_tick(line, &tick))) {
        ticks++;
        bool is_quiet = tally_equal(&tick, &quiet);
        quiet_ticks += is_quiet;
        if (is_quiet || tally_equal(&tick, &walking) || is_special(&tick))
            continue;
        tally_print("wanted", &quiet);
        tally_print("wanted with a walk", &walking);
        tally_print("tick", &tick);
        fail_msg("tick %u", ticks);
    }
    tally_print("each tick", &quiet);
    print_message("  %u ticks between two waits, %u of them without a walk\n", ticks, quiet_ticks);
    assert_true(quiet_ticks >= QUIET_MIN);
}

static void count_system_calls(const struct calls *listener_calls, size_t length) {
    char trace[128];

    lab_need_file(STRACE);
    lab_need_file("/proc/net/sockstat6");
    int journal = fake_journal();
    const char *directory = lab_scratch();
    snprintf(trace, sizeof trace, "%s/trace", directory);
    const char *argv[] = {STRACE,
                          "-f",
                          "-qq",
                          "-o",
                          trace,
                          lab_program(DAEMON_RELEASE),
                          "--config",
                          write_config(directory, FEW_WALKS),
                          "--log-target",
                          "journal",
                          "--ticks",
                          TICKS,
                          NULL};
    setenv("RUNTIME_DIRECTORY", directory, 1);
    struct lab_child *daemon = lab_start(LAB_HERE, argv);
    unsetenv("RUNTIME_DIRECTORY");
    assert_int_equal(lab_wait_exit(daemon, 60), 0);
    CLEANUP_FREE char *text = read_whole(trace);
    judge_ticks(text, listener_calls, length);
    close(journal);
}

static void test_system_calls(void **state) {
    (void)state;
    lab_enter();
    count_system_calls(dump_calls, ARRAY_SIZE(dump_calls));
}

/* The daemon with the counter in it, a service manager that listens, and files to write. */
static struct lab_child *start_counted(const char *directory, const char *config, const char *ticks) {
    char path[128];

    snprintf(path, sizeof path, "%s/allocations", directory);
    setenv("ALLOCATIONS_FILE", path, 1);
    snprintf(path, sizeof path, "%s/notify", directory);
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("RUNTIME_DIRECTORY", directory, 1);
    setenv("LD_PRELOAD", lab_program("tools/count_allocations.so"), 1);
    struct lab_child *daemon = daemon_start(DAEMON_RELEASE, write_config(directory, config), ticks);
    unsetenv("LD_PRELOAD");
    unsetenv("RUNTIME_DIRECTORY");
    unsetenv("NOTIFY_SOCKET");
    unsetenv("ALLOCATIONS_FILE");
    return daemon;
}

/* @return how many ticks have been counted; each after the first @p skip must have allocated nothing */
static unsigned int count_ticks(const char *directory, unsigned int skip) {
    char path[128];
    unsigned int ticks = 0;

    snprintf(path, sizeof path, "%s/allocations", directory);
    CLEANUP_FREE char *text = read_whole(path);
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        unsigned long allocations = strtoul(line, NULL, 10);
        if (ticks++ >= skip && allocations > 0)
            fail_msg("tick %u: %lu allocations", ticks - 1, allocations);
    }
    return ticks;
}

/* @return how many have been sent to @p fd */
static unsigned int count_datagrams(int fd) {
    char buffer[512];
    unsigned int count = 0;

    while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
        count++;
    return count;
}

/* Long enough that the sysctls are read again, and the status line is sent again. */
static void test_allocations_when_quiet(void **state) {
    char path[128];

    (void)state;
    lab_enter();
    const char *directory = lab_scratch();
    snprintf(path, sizeof path, "%s/notify", directory);
    int notify = listen_at(path);
    struct lab_child *daemon = start_counted(directory, FEW_WALKS, "115");
    assert_int_equal(lab_wait_exit(daemon, 60), 0);
    unsigned int ticks = count_ticks(directory, WARM_UP);
    print_message("  %u ticks, no allocation after %d\n", ticks, WARM_UP);
    assert_true(ticks > 100);
    assert_true(count_datagrams(notify) >= 4); /* the status line twice, READY=1, STOPPING=1 */
    close(notify);
}

/* Waits until @p more ticks have been counted. @return how many there are then */
static unsigned int pass_ticks(const char *directory, unsigned int more) {
    unsigned int wanted = count_ticks(directory, UINT32_MAX) + more;

    for (int i = 0; i < 1200 && count_ticks(directory, UINT32_MAX) < wanted; i++)
        usleep(50000);
    assert_true(count_ticks(directory, UINT32_MAX) >= wanted);
    return wanted;
}

static void start_load(const char *mode, const char *port, const char *count) {
    const char *argv[] = {
        lab_program("tools/tcpload"), mode, "--addr", "127.0.0.1", "--port", port, "--count", count, NULL};
    struct lab_child *child = lab_start(LAB_HERE, argv);

    lab_wait_output(child, "READY", 60);
}

static void test_system_calls_with_iterator(void **state) {
    (void)state;
    lab_enter_own_table(LAB_SMALL_TABLE);
    lab_mount_bpffs("mode=0700");
    lab_run_loader("load");
    start_load("hold", "8081", "20"); /* a listener, and sockets that do not listen */
    count_system_calls(iterator_calls, ARRAY_SIZE(iterator_calls));
}

/* The leak is walked, its owner named; then the established are looked at, which nobody is told. */
static void test_allocations_in_an_incident(void **state) {
    (void)state;
    lab_enter();
    const char *directory = lab_scratch();
    start_load("leak", "8080", "200");
    struct lab_child *daemon = start_counted(directory, MANY_WALKS, NULL);
    daemon_wait_alerts(daemon, "close-wait-leak", "raised", 1, 60);
    unsigned int raised = pass_ticks(directory, 2);
    pass_ticks(directory, 10);
    start_load("hold", "8081", "20");
    pass_ticks(directory, 60);
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, 10), 0);
    unsigned int ticks = count_ticks(directory, raised);
    print_message("  %u ticks, no allocation after %u\n", ticks, raised);
    json_t *alerts = daemon_alerts(daemon);
    assert_int_equal(json_array_size(alerts), 1);
    json_decref(alerts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_system_calls, lab_teardown),
        cmocka_unit_test_teardown(test_system_calls_with_iterator, lab_teardown),
        cmocka_unit_test_teardown(test_allocations_when_quiet, lab_teardown),
        cmocka_unit_test_teardown(test_allocations_in_an_incident, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
