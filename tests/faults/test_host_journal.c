/* SPDX-License-Identifier: MIT */
/* A journald that is absent, restarted or answers with errors. That it hangs: test_host_hung. */
#include "receiver.h"

#define RAISED  "SYNWAITD_EVENT=raised\n"
#define CLEARED "SYNWAITD_EVENT=cleared\n"

static struct receiver journal;

static void enter(void) {
    host_enter();
    host_shell("mkdir -p /run/systemd/journal");
    journal.length = 0;
    journal.text[0] = '\0';
}

static struct lab_child *journal_daemon(const char *program) {
    return receiver_daemon(program, "journal");
}

/* An incident that is open, and none the less sampling goes on. */
static struct lab_child *pile_up(void) {
    struct lab_child *pile = host_pile();

    host_wait_status("incidents", 1);
    host_wait_ticks(10);
    return pile;
}

static void end(struct lab_child *daemon) {
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, WAIT_SECONDS), 0);
}

static void finish(struct lab_child *daemon, size_t raised) {
    end(daemon);
    receiver_read(&journal);
    assert_int_equal(receiver_count(&journal, RAISED), raised);
    assert_int_equal(receiver_count(&journal, CLEARED), 1);
    receiver_remove(&journal);
}

static void run_absent(const struct fault *fault) {
    (void)fault;
    enter();
    struct lab_child *daemon = journal_daemon(DAEMON_SANITIZED);
    struct lab_child *pile = pile_up();
    receiver_open(&journal, JOURNAL_SOCKET);
    receiver_wait(&journal, RAISED);
    assert_non_null(strstr(journal.text, "MESSAGE=version ")); /* from before, and in its place */
    assert_true(strstr(journal.text, "MESSAGE=version ") < strstr(journal.text, RAISED));
    lab_end_input(pile);
    receiver_wait(&journal, CLEARED);
    finish(daemon, 1);
}

/* Gone when the alert is raised: without its socket, or with one that refuses. */
static void run_restarted(const struct fault *fault) {
    enter();
    receiver_open(&journal, JOURNAL_SOCKET);
    struct lab_child *daemon = journal_daemon(DAEMON_SANITIZED);
    receiver_wait(&journal, "MESSAGE=version ");
    receiver_die(&journal);
    host_shell(fault->inject);
    struct lab_child *pile = pile_up();
    unlink(JOURNAL_SOCKET);
    receiver_open(&journal, JOURNAL_SOCKET);
    receiver_wait(&journal, RAISED);
    lab_end_input(pile);
    receiver_wait(&journal, CLEARED);
    finish(daemon, 1);
}

/* Every send fails until the alert has been raised. */
static void run_errors(const struct fault *fault) {
    bool is_lost = fault->after != NULL;

    enter();
    receiver_open(&journal, JOURNAL_SOCKET);
    volatile struct host_faults *faults = host_faulty();
    struct lab_child *daemon = journal_daemon(DAEMON_RELEASE);
    host_sound();
    receiver_wait(&journal, "MESSAGE=version ");
    faults->journal_errno = (int32_t)strtol(fault->inject, NULL, 10);
    struct lab_child *pile = pile_up();
    if (is_lost) {
        host_wait_status("alerts_dropped", 1);
        lab_wait_error(daemon, "not in the journal: ESTABLISHED pile-up", WAIT_SECONDS);
    }
    faults->journal_errno = 0;
    if (!is_lost)
        receiver_wait(&journal, RAISED);
    lab_end_input(pile);
    receiver_wait(&journal, CLEARED);
    assert_int_equal(receiver_count(&journal, "alerts_dropped=1"), is_lost);
    finish(daemon, !is_lost);
}

/* Ended while it could tell nobody: the next life does. */
static void run_untold(const struct fault *fault) {
    enter();
    receiver_open(&journal, JOURNAL_SOCKET);
    receiver_fill(&journal);
    struct lab_child *daemon = journal_daemon(DAEMON_SANITIZED);
    struct lab_child *pile = pile_up();
    if (fault->inject)
        host_kill(daemon);
    else
        end(daemon);
    receiver_read(&journal);
    assert_int_equal(receiver_count(&journal, RAISED), 0);
    daemon = journal_daemon(DAEMON_SANITIZED);
    receiver_wait(&journal, RAISED);
    lab_end_input(pile);
    receiver_wait(&journal, CLEARED);
    finish(daemon, 1);
}

/* The same for its end. */
static void run_untold_end(const struct fault *fault) {
    (void)fault;
    enter();
    receiver_open(&journal, JOURNAL_SOCKET);
    struct lab_child *daemon = journal_daemon(DAEMON_SANITIZED);
    struct lab_child *pile = pile_up();
    receiver_wait(&journal, RAISED);
    receiver_fill(&journal);
    lab_end_input(pile);
    host_wait_between("incidents", 0, 0);
    end(daemon);
    receiver_read(&journal);
    assert_int_equal(receiver_count(&journal, CLEARED), 0);
    daemon = journal_daemon(DAEMON_SANITIZED);
    receiver_wait(&journal, CLEARED);
    finish(daemon, 1);
}

#define NUMBER(errno_number) NUMBER_TEXT(errno_number)
#define NUMBER_TEXT(text)    #text

static struct fault rows[] = {
    {"journald absent from the start", "its socket is bound when the alert has been raised",
     "sampling goes on; all arrives then, in its order", run_absent, NULL, NULL, NULL, NULL, NULL},
    {"journald restarting, its socket gone", "removed before the alert, bound after it", "the same",
     run_restarted, NULL, "rm " JOURNAL_SOCKET, NULL, NULL, NULL},
    {"journald restarting, its socket dead", "ECONNREFUSED, as nobody has it open", "the same", run_restarted,
     NULL, NULL, NULL, NULL, NULL},
    {"journald answers ENOBUFS", "to each send, by LD_PRELOAD", "the same", run_errors, NULL, NUMBER(ENOBUFS),
     NULL, NULL, NULL},
    {"journald answers EPERM", "the same", "the same", run_errors, NULL, NUMBER(EPERM), NULL, NULL, NULL},
    {"journald answers EMSGSIZE", "to each send, also of a memory file, by LD_PRELOAD",
     "the alert is on standard error, counted in status.json, and told with the next", run_errors, NULL,
     NUMBER(EMSGSIZE), NULL, NULL, "lost"},
    {"stopped while journald hangs", "SIGTERM with an alert that it cannot send, started again",
     "the next life tells it: raised once, cleared once", run_untold, NULL, NULL, NULL, NULL, NULL},
    {"killed while journald hangs", "SIGKILL with an alert that it cannot send, started again", "the same",
     run_untold, NULL, "KILL", NULL, NULL, NULL},
    {"stopped while journald hangs, incident over", "SIGTERM with an end that it cannot tell, started again",
     "the next life tells it: cleared once", run_untold_end, NULL, NULL, NULL, NULL, NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
