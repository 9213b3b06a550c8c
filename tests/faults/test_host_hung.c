/* SPDX-License-Identifier: MIT */
/* Journald and the service manager that do not read what they are sent, for a minute. */
#include "receiver.h"

#define RAISED  "SYNWAITD_EVENT=raised\n"
#define CLEARED "SYNWAITD_EVENT=cleared\n"
#define MINUTE  60

static struct receiver journal, manager;

/* Nothing that it was told is lost, and the first it hears is that the daemon is ready. */
static void run_minute(const struct fault *fault) {
    uint64_t end_usec = now_monotonic_usec() + MINUTE * USEC_PER_SEC;

    (void)fault;
    host_enter();
    host_shell("mkdir -p /run/systemd/journal");
    receiver_open(&journal, JOURNAL_SOCKET);
    receiver_open(&manager, NOTIFY);
    receiver_fill(&journal);
    receiver_fill(&manager);
    struct lab_child *daemon = receiver_daemon(DAEMON_SANITIZED, "journal");
    struct lab_child *pile = host_pile();
    host_wait_status("incidents", 1);
    while (now_monotonic_usec() < end_usec)
        host_wait_ticks(10);
    lab_end_input(pile);
    host_wait_ticks(10);
    assert_int_equal(host_status("alerts_dropped"), 0);
    receiver_wait(&journal, CLEARED);
    receiver_wait(&manager, "READY=1\nWATCHDOG=1\nSTATUS=");
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, WAIT_SECONDS), 0);
    receiver_read(&journal);
    assert_int_equal(receiver_count(&journal, RAISED), 1);
    assert_int_equal(receiver_count(&journal, CLEARED), 1);
    assert_int_equal(receiver_count(&journal, "MESSAGE=the service manager cannot be told"), 1);
    receiver_remove(&journal);
    receiver_remove(&manager);
}

static struct fault rows[] = {
    {"journald and the service manager hung for 60 s",
     "their sockets are full and nobody reads, with an alert in it",
     "sampling goes on, no alert is lost, READY=1 is told later", run_minute, NULL, NULL, NULL, NULL, NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
