/* SPDX-License-Identifier: MIT */
/* The socket of the service manager. */
#include "receiver.h"

#define CANNOT "the service manager cannot be told: "
#define AGAIN  "the service manager can be told again"

static struct receiver manager;

static void enter(void) {
    host_enter();
    manager.length = 0;
    manager.text[0] = '\0';
}

/* A whole incident while it cannot be told anything; said once. */
static void pile_up(struct lab_child *daemon) {
    struct lab_child *pile = host_pile();

    host_wait_raised(daemon);
    lab_end_input(pile);
    host_wait_cleared(daemon);
    host_wait_ticks(5);
}

static void said_once(const struct lab_child *daemon, const char *text) {
    CLEANUP_FREE char *error = lab_error(daemon);
    const char *first = strstr(error, text);

    assert_non_null(first);
    assert_null(strstr(first + 1, text));
}

static void run_gone(const struct fault *fault) {
    enter();
    struct lab_child *daemon = receiver_daemon(DAEMON_SANITIZED, "json");
    lab_wait_error(daemon, fault->told, WAIT_SECONDS);
    pile_up(daemon);
    receiver_open(&manager, NOTIFY);
    receiver_wait(&manager, "READY=1\nWATCHDOG=1\nSTATUS=0 open incidents");
    lab_wait_error(daemon, AGAIN, WAIT_SECONDS);
    host_finish(daemon, 1, 1);
    said_once(daemon, CANNOT);
    receiver_wait(&manager, "STOPPING=1");
    receiver_remove(&manager);
}

static void run_vanishing(const struct fault *fault) {
    enter();
    receiver_open(&manager, NOTIFY);
    struct lab_child *daemon = receiver_daemon(DAEMON_SANITIZED, "json");
    receiver_wait(&manager, "STATUS=0 open incidents");
    receiver_die(&manager);
    host_shell(fault->inject);
    pile_up(daemon);
    lab_wait_error(daemon, fault->told, WAIT_SECONDS);
    unlink(NOTIFY);
    receiver_open(&manager, NOTIFY);
    manager.length = 0;
    receiver_wait(&manager, "WATCHDOG=1\nSTATUS=0 open incidents");
    host_finish(daemon, 1, 1);
    said_once(daemon, CANNOT);
    receiver_remove(&manager);
}

/* READY=1 of a reload has to come all the same, and what the interval needs with it. */
static void run_full(const struct fault *fault) {
    enter();
    receiver_open(&manager, NOTIFY);
    setenv("WATCHDOG_USEC", "100000", 1);
    struct lab_child *daemon = receiver_daemon(DAEMON_SANITIZED, "json");
    unsetenv("WATCHDOG_USEC");
    receiver_wait(&manager, "READY=1\nWATCHDOG_USEC=300000\n");
    receiver_fill(&manager);
    lab_signal(daemon, SIGHUP);
    lab_wait_error(daemon, "configuration reloaded", WAIT_SECONDS);
    pile_up(daemon);
    lab_wait_error(daemon, fault->told, WAIT_SECONDS);
    receiver_read(&manager);
    manager.length = 0;
    receiver_wait(&manager, "READY=1\nWATCHDOG_USEC=300000\nWATCHDOG=1\nSTATUS=");
    host_finish(daemon, 1, 1);
    receiver_remove(&manager);
}

static struct fault rows[] = {
    {"notify socket gone at the start", "$NOTIFY_SOCKET names nothing, later it does",
     "said once; READY=1 comes when it can", run_gone, NULL, NULL, CANNOT "No such file or directory", NULL,
     NULL},
    {"notify socket vanishing", "removed, bound again later", "said once; signs of life come again",
     run_vanishing, NULL, "rm " NOTIFY, CANNOT "No such file or directory", NULL, NULL},
    {"notify socket dead", "nobody has it open, bound again later", "the same", run_vanishing, NULL, NULL,
     CANNOT "Connection refused", NULL, NULL},
    {"notify socket that nobody reads", "filled, then a reload",
     "nothing waits; READY=1 comes when there is room", run_full, NULL, NULL,
     CANNOT "Resource temporarily unavailable", NULL, NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
