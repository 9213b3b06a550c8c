/* SPDX-License-Identifier: MIT */
/* What the daemon may not have: system calls, descriptors, time, its network; and hosts at the limits. */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault.h"
#include "util.h"

enum {
    LISTENERS_MANY = 10000,
    LISTENERS_TOO_MANY = 17000,
    FIRST_PORT = 10000,
    AT_A_TIME = 12,
    FILES_LAST = 50
};

static void deny_netlink(const struct fault *fault) {
    char with[512];

    fault_enter("", "");
    fault_problem();
    snprintf(with, sizeof with, "env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=%s",
             lab_program("tools/deny_netlink.so"));
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, fault_with_status(), with);
    fault_wait_degraded(daemon, fault->reason, 1, 20);
    fault_wait_ticks("status.json", 5);
    fault_end(daemon, (const struct fault_told[]){{FAULT_BLIND, 1, 0}}, 1);
}

/* It ends with a reason, or tells of the problem, or of what it cannot see. */
static void judge(struct lab_child *daemon, unsigned int files) {
    int code = lab_wait_exit(daemon, 60);
    CLEANUP_FREE char *error = lab_error(daemon);
    json_t *alerts = daemon_alerts(daemon);
    bool told =
        alerts_count(alerts, FAULT_PROBLEM, "raised") + alerts_count(alerts, FAULT_BLIND, "raised") > 0;

    json_decref(alerts);
    if (code == 0 ? !told : error[0] == '\0')
        fail_msg("%u files: exit %d, %s\nstandard error: %s", files, code, told ? "told" : "not told", error);
    lab_release(daemon);
}

static void start_with_few_files(const struct fault *fault) {
    (void)fault;
    fault_enter("", "");
    fault_problem();
    for (unsigned int files = 3; files <= FILES_LAST; files += AT_A_TIME) {
        struct lab_child *daemon[AT_A_TIME];
        for (unsigned int i = 0; i < AT_A_TIME; i++) {
            char before[64];
            snprintf(before, sizeof before, "ulimit -n %u;", files + i);
            daemon[i] = fault_start_for("--ticks 15", DAEMON_RELEASE, before, "");
        }
        for (unsigned int i = 0; i < AT_A_TIME; i++)
            judge(daemon[i], files + i);
    }
}

static void limit_files(pid_t pid, rlim_t files) {
    struct rlimit limit;

    if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) < 0)
        fail_msg("prlimit: %s", strerror(errno));
    limit.rlim_cur = files;
    if (prlimit(pid, RLIMIT_NOFILE, &limit, NULL) < 0)
        fail_msg("prlimit: %s", strerror(errno));
}

static void lower_files(const struct fault *fault) {
    fault_enter("", "");
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, fault_with_status(), "");
    lab_wait_error(daemon, "counted by", 20);
    limit_files(daemon->pid, 3);
    lab_wait_error(daemon, "status and metrics are not written: Too many open files", 20);
    lab_signal(daemon, SIGHUP);
    lab_wait_error(daemon, "reload failed, the running configuration stays", 20);
    fault_problem();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    fault_wait_degraded(daemon, fault->reason, 1, 20);
    limit_files(daemon->pid, 256);
    lab_wait_error(daemon, "status and metrics are written again", 20);
    daemon_wait_alerts(daemon, FAULT_BLIND, "cleared", 1, 20);
    fault_problem_ends();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 1}, {FAULT_BLIND, 1, 1}}, 2);
}

/* signal(7): what waits with a time-out is interrupted by SIGCONT, also where no handler is. */
static void stop_and_continue(const struct fault *fault) {
    (void)fault;
    fault_enter("", "");
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, "", "");
    lab_wait_error(daemon, "counted by", 20);
    fault_problem();
    for (int i = 0; i < 100; i++) {
        lab_signal(daemon, i % 2 == 0 ? SIGSTOP : SIGCONT);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 0}}, 1);
}

static void walk_slowly(const struct fault *fault) {
    fault_enter("", "");
    fault_switch("on", true);
    struct lab_child *daemon =
        fault_start(DAEMON_SANITIZED, fault_with_status(), fault_preload(fault->inject, "on", false));
    fault_problem();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    fault_wait_ticks("status.json", 3);
    assert_true(fault_status("status.json", "missed_ticks") > 0);
    fault_problem_ends();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 1}}, 1);
}

/* The sockets are there for as long as the test holds them; then the daemon is all that is in the namespace.
 */
static void tear_down(const struct fault *fault) {
    (void)fault;
    fault_enter("", "");
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, fault_with_status(), "");
    fault_problem();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    lab_shell(LAB_HERE, "ip link del silent0; ip link set lo down");
    fault_wait_ticks("status.json", 10);
    fault_check_told(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 0}}, 1);
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    fault_problem_ends();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "cleared", 1, 20);
    fault_wait_ticks("status.json", 10);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 1}}, 1);
}

static int listen_at(uint16_t port, int backlog) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, backlog) < 0)
        fail_msg("port %u: %s", port, strerror(errno));
    return fd;
}

static int connect_to(uint16_t port) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        fail_msg("port %u: %s", port, strerror(errno));
    return fd;
}

static void open_listeners(int *listener, int count) {
    limit_files(getpid(), (rlim_t)count + 1000);
    for (int i = 0; i < count; i++)
        listener[i] = listen_at((uint16_t)(FIRST_PORT + i), 1);
}

static void close_all(const int *fd, int count) {
    for (int i = 0; i < count; i++)
        close(fd[i]);
}

/* The last of them, at port 65535, has a full queue. */
static void find_one_of_many(const struct fault *fault) {
    static int listener[LISTENERS_MANY], client[9];

    (void)fault;
    fault_enter("accept-queue = { hold = \"0s\"; clear = \"300ms\"; };", "");
    open_listeners(listener, LISTENERS_MANY);
    int last = listen_at(UINT16_MAX, (int)ARRAY_SIZE(client) - 1);
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, fault_with_status(), "");
    lab_wait_error(daemon, "counted by", 30);
    fault_wait_ticks("status.json", 3);
    assert_int_equal(fault_status("status.json", "states/LISTEN"), LISTENERS_MANY + 1);
    for (size_t i = 0; i < ARRAY_SIZE(client); i++)
        client[i] = connect_to(UINT16_MAX);
    daemon_wait_alerts(daemon, "accept-queue-full", "raised", 1, 30);
    json_t *alerts = daemon_alerts(daemon);
    assert_string_equal(alert_get(json_array_get(alerts, 0), "SYNWAITD_LOCAL"), "127.0.0.1:65535");
    json_decref(alerts);
    close(last);
    close_all(client, ARRAY_SIZE(client));
    daemon_wait_alerts(daemon, "accept-queue-full", "cleared", 1, 30);
    fault_end(daemon, (const struct fault_told[]){{"accept-queue-full", 1, 1}}, 1);
    close_all(listener, LISTENERS_MANY);
}

static void list_too_many(const struct fault *fault) {
    static int listener[LISTENERS_TOO_MANY];

    fault_enter("", "");
    open_listeners(listener, LISTENERS_TOO_MANY);
    fault_problem();
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, fault_with_status(), "");
    fault_wait_degraded(daemon, fault->reason, 1, 30);
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 30);
    assert_int_equal(fault_status("status.json", "states/LISTEN"), LISTENERS_TOO_MANY);
    close_all(listener, LISTENERS_TOO_MANY);
    daemon_wait_alerts(daemon, FAULT_BLIND, "cleared", 1, 30);
    fault_end(daemon, (const struct fault_told[]){{FAULT_BLIND, 1, 1}, {FAULT_PROBLEM, 1, 0}}, 2);
}

/* 20 connections that nobody answers: from @p local, to @p remote or as many addresses, at this port. */
static void attempt(int fd[20], uint16_t local, uint16_t remote) {
    for (unsigned int i = 0; i < 20; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(local)};
        fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        setsockopt(fd[i], SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (local != 0 && bind(fd[i], (const struct sockaddr *)&address, sizeof address) < 0)
            fail_msg("bind: %s", strerror(errno));
        address.sin_port = htons(remote);
        address.sin_addr.s_addr = htonl(0xC6336401 + (local != 0 ? i : 0));
        if (connect(fd[i], (const struct sockaddr *)&address, sizeof address) == 0 || errno != EINPROGRESS)
            fail_msg("connect: %s", strerror(errno));
    }
}

static void use_port(const struct fault *fault) {
    bool local = strcmp(fault->inject, "local") == 0;
    int fd[20];

    fault_enter("", "");
    attempt(fd, local ? UINT16_MAX : 0, local ? 443 : 0);
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, "", "");
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    json_t *alerts = daemon_alerts(daemon);
    const json_t *alert = json_array_get(alerts, 0);
    assert_int_equal(alert_number(alert, "SYNWAITD_VALUE"), 20);
    if (!local)
        assert_string_equal(alert_get(alert, "SYNWAITD_PEER"), "198.51.100.1");
    json_decref(alerts);
    close_all(fd, 20);
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 1}}, 1);
}

/* Of two listeners with a queue that is half full, one has a rule. */
static void rule_port_65535(const struct fault *fault) {
    int listener[2], client[12];

    fault_enter("", fault->inject);
    for (int i = 0; i < 2; i++)
        listener[i] = listen_at((uint16_t)(UINT16_MAX - i), 10);
    for (int i = 0; i < 12; i++)
        client[i] = connect_to((uint16_t)(UINT16_MAX - i % 2));
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, fault_with_status(), "");
    daemon_wait_alerts(daemon, "accept-queue-full", "raised", 1, 20);
    json_t *alerts = daemon_alerts(daemon);
    assert_string_equal(alert_get(json_array_get(alerts, 0), "SYNWAITD_LOCAL_PORT"), "65535");
    json_decref(alerts);
    close_all(listener, 2);
    close_all(client, 12);
    daemon_wait_alerts(daemon, "accept-queue-full", "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{"accept-queue-full", 1, 1}}, 1);
}

static void refuse_port_0(const struct fault *fault) {
    (void)fault;
    fault_enter("", "ports = ( { port = 0; thresholds = { syn-sent = { warning = 15; }; }; } );");
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, "", "");
    assert_int_equal(lab_wait_exit(daemon, 20), 78);
    CLEANUP_FREE char *error = lab_error(daemon);
    assert_non_null(strstr(error, "ports[0].port: "));
    assert_non_null(strstr(error, "1 to 65535"));
}

static void end_range_at_65535(const struct fault *fault) {
    (void)fault;
    fault_enter("ports = { warning = \"80%\"; floor = 5; hold = \"0s\"; clear = \"300ms\"; };", "");
    lab_sysctl("net/ipv4/ip_local_port_range", "65512 65535");
    fault_problem();
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, "", "");
    daemon_wait_alerts(daemon, "port-exhaustion", "raised", 1, 20);
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    json_t *alerts = daemon_alerts(daemon);
    const json_t *alert = alerts_find(alerts, "port-exhaustion", "raised");
    assert_int_equal(alert_number(alert, "SYNWAITD_VALUE"), 20);
    assert_int_equal(alert_number(alert, "SYNWAITD_LIMIT"), 24);
    json_decref(alerts);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 0}, {"port-exhaustion", 1, 0}}, 2);
}

#define RULE_65535                                                                                           \
    "ports = ( { port = 65535; thresholds = { accept-queue = { warning = \"50%\"; hold = \"0s\"; clear = "   \
    "\"300ms\"; }; }; } );"
#define SEEN "not degraded; the alert comes and goes"

static const struct fault table[] = {
    {"EPERM for netlink", "a seccomp filter for socket(AF_NETLINK)",
     "degraded after 3 ticks and says so; runs on, nothing false is told", deny_netlink, NULL,
     "sock_diag: Operation not permitted"},
    {"descriptors exhausted at the start", "RLIMIT_NOFILE of 3 to 50, each in turn",
     "ends with a reason, or runs and tells the alert or that it cannot see", start_with_few_files, NULL,
     NULL},
    {"descriptors exhausted while running", "RLIMIT_NOFILE lowered to 3 by prlimit, and SIGHUP",
     "alerts come and go; degraded for what it cannot open anew, until it can; files not written are logged",
     lower_files, NULL, "Too many open files"},
    {"stopped and continued", "SIGSTOP and SIGCONT 50 times: EINTR for real", "not degraded; the alert comes",
     stop_and_continue, NULL, NULL},
    {"walk longer than the interval", "preload: each answer takes 250 ms, the interval is 100 ms",
     "the alert comes and goes; missed ticks are counted", walk_slowly, "slow", NULL},
    {"network namespace torn down", "its links deleted, then every other process leaves it",
     "an open alert stays open while the sockets are there; no false one; runs on", tear_down, NULL, NULL},
    {"10,000 listeners", "in the namespace, the last one's queue full",
     "counted exactly; that one is told, no other", find_one_of_many, NULL, NULL},
    {"more listeners than the table holds", "17,000", "degraded and says so; counted; other alerts come",
     list_too_many, NULL, "more than 16384 listeners"},
    {"connections from port 65535", "20 to as many addresses, all bound to it", SEEN, use_port, "local",
     NULL},
    {"connections to port 0", "20 to one address", SEEN, use_port, "remote", NULL},
    {"a rule for port 65535", "listeners at 65535 and 65534 with half-full queues, a rule for the first",
     "its alert comes and goes, no other", rule_port_65535, RULE_65535, NULL},
    {"a rule for port 0", "ports = ( { port = 0; ... } )", "exit 78 and the range that is allowed",
     refuse_port_0, NULL, NULL},
    {"port range up to 65535", "ip_local_port_range 65512 65535, 20 in use",
     "port-exhaustion with the right value and limit", end_range_at_65535, NULL, NULL},
};

int main(void) {
    return fault_main("test_sampling_limits", table, ARRAY_SIZE(table), NULL);
}
