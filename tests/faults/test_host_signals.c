/* SPDX-License-Identifier: MIT */
/* Signals when they suit least. */
#include "host.h"

enum { STORM = 1000, MANY_TIMES = 10 };

static void pause_msec(long msec) {
    nanosleep(&(struct timespec){.tv_sec = msec / 1000, .tv_nsec = msec % 1000 * 1000000}, NULL);
}

/* Enough for a dump to take a while. */
static struct lab_child *many_sockets(void) {
    const char *argv[] = {lab_program("tools/tcpload"),
                          "hold",
                          "--addr",
                          "127.0.0.2",
                          "--port",
                          "9000",
                          "--count",
                          "5000",
                          NULL};
    struct lab_child *many = lab_start(LAB_HERE, argv);

    lab_wait_output(many, "READY", WAIT_SECONDS);
    return many;
}

/* A thousand reloads in a second, while many sockets are dumped at each tick. */
static void run_storm(const struct fault *fault) {
    (void)fault;
    host_enter();
    many_sockets();
    struct lab_child *daemon = host_daemon(DAEMON_SANITIZED);
    host_wait_raised(daemon);
    long long before = host_status("ticks");
    for (int i = 0; i < STORM; i++) {
        lab_signal(daemon, SIGHUP);
        pause_msec(1);
    }
    host_wait_ticks(2);
    lab_wait_error(daemon, "configuration reloaded", WAIT_SECONDS);
    assert_true(host_status("ticks") - before >= 3);
    host_finish(daemon, 1, 0);
}

/* Of pending signals the kernel hands out the lowest number first: as long as another SIGHUP came during each
   reload, SIGTERM would never have its turn. Both wait while the daemon is stopped. */
static void run_term_in_storm(const struct fault *fault) {
    (void)fault;
    host_enter();
    struct lab_child *daemon = host_daemon(DAEMON_SANITIZED);
    lab_signal(daemon, SIGSTOP);
    lab_signal(daemon, SIGHUP);
    lab_signal(daemon, SIGTERM);
    lab_signal(daemon, SIGCONT);
    host_finish(daemon, 0, 0);
    CLEANUP_FREE char *error = lab_error(daemon);
    assert_null(strstr(error, "configuration reloaded"));
}

/* At any moment of a tick and of a reload. The next life must find the same incident. */
static void run_term(const struct fault *fault) {
    char id[32] = "";

    host_enter();
    many_sockets();
    for (int i = 0; i < MANY_TIMES; i++) {
        struct lab_child *daemon = host_daemon(DAEMON_SANITIZED);
        if (i == 0) {
            host_wait_raised(daemon);
            host_incident(daemon, "raised", id);
        } else {
            lab_wait_error(daemon, "1 open incident taken over", WAIT_SECONDS);
        }
        pause_msec(17L * i % 100);
        if (fault->inject)
            lab_signal(daemon, SIGHUP);
        host_finish(daemon, i == 0, 0);
        lab_release(daemon);
        host_shell("grep -q '\"incidents\": \\[' " STATE_FILE " && tail -c 2 " STATE_FILE " | grep -q '}'");
    }
}

/* What the daemon did not see does not count, what it missed is told. */
static void run_stopped(const struct fault *fault) {
    (void)fault;
    host_enter();
    struct lab_child *daemon = host_daemon(DAEMON_SANITIZED);
    struct lab_child *pile = host_pile();
    host_wait_raised(daemon);
    host_wait_ticks(1);
    lab_signal(daemon, SIGSTOP);
    pause_msec(5000);
    lab_signal(daemon, SIGCONT);
    host_wait_ticks(2);
    host_wait_status("missed_ticks", 30);
    lab_end_input(pile);
    host_wait_cleared(daemon);
    host_finish(daemon, 1, 1);
}

static struct fault rows[] = {
    {"SIGHUP a thousand times in a second", "while 10,000 sockets are dumped at each tick",
     "sampling goes on, raised once", run_storm, NULL, NULL, NULL, NULL, NULL},
    {"SIGTERM in a storm of SIGHUP", "both pending at once", "it ends without one more reload",
     run_term_in_storm, NULL, NULL, NULL, NULL, NULL},
    {"SIGTERM during a tick", "ten times, later each time", "exit code 0, one incident over all lives",
     run_term, NULL, NULL, NULL, NULL, NULL},
    {"SIGTERM during a reload", "right after SIGHUP", "the same", run_term, NULL, "reload", NULL, NULL, NULL},
    {"SIGSTOP for 5 s", "then SIGCONT, with an incident open",
     "missed ticks are told; raised once, cleared once", run_stopped, NULL, NULL, NULL, NULL, NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
