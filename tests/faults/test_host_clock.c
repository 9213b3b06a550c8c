/* SPDX-License-Identifier: MIT */
/* Clocks that are set while the daemon runs or between two lives, and an end in the middle of a write. */
#include "host.h"

#define HOUR 3600

static void set_clock(volatile struct host_faults *faults, const char *clock, int64_t sec) {
    if (strcmp(clock, "realtime") == 0)
        faults->realtime_sec = sec;
    else
        faults->suspended_sec = sec;
}

/* Neither does the wall clock matter nor the time asleep: nothing is missed, nothing told twice. */
static void run_set(const struct fault *fault) {
    int64_t sec = strtoll(fault->before, NULL, 10);

    host_enter();
    volatile struct host_faults *faults = host_faulty();
    struct lab_child *daemon = host_daemon(DAEMON_RELEASE);
    host_sound();
    struct lab_child *pile = host_pile();
    host_wait_raised(daemon);
    long long missed = host_status("missed_ticks"), before = host_status("time_usec");
    set_clock(faults, fault->inject, sec);
    host_wait_ticks(5);
    if (strcmp(fault->inject, "realtime") == 0)
        assert_true(llabs(host_status("time_usec") - before - sec * 1000000) < 60 * 1000000LL);
    assert_true(host_status("missed_ticks") - missed < 60 * 10); /* a minute on a slow machine, and no hour */
    set_clock(faults, fault->inject, 0);
    lab_end_input(pile);
    host_wait_cleared(daemon);
    host_finish(daemon, 1, 1);
}

/* Hours pass between two ticks, as when a machine is stopped and saved: they are counted as missed. A
   reminder is due by then, and the pile-up is the same. */
static void run_jump(const struct fault *fault) {
    (void)fault;
    host_enter();
    volatile struct host_faults *faults = host_faulty();
    struct lab_child *daemon = host_daemon(DAEMON_RELEASE);
    host_sound();
    struct lab_child *pile = host_pile();
    host_wait_raised(daemon);
    host_wait_ticks(1);
    faults->monotonic_sec = 10 * HOUR;
    daemon_wait_alerts(daemon, PILE, "reminder", 1, WAIT_SECONDS);
    host_wait_ticks(5);
    assert_true(host_status("missed_ticks") > 9 * HOUR * 10);
    lab_end_input(pile);
    host_wait_cleared(daemon);
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, WAIT_SECONDS), 0);
    json_t *alerts = daemon_alerts(daemon);
    assert_int_equal(alerts_count(alerts, PILE, "raised"), 1);
    assert_int_equal(alerts_count(alerts, PILE, "cleared"), 1);
    assert_int_equal(json_array_size(alerts), 3);
    json_decref(alerts);
}

/* Children of this test get the offset, the test does not (time_namespaces(7)). */
static void enter_time(const char *sec) {
    char text[128];

    lab_need_file("/proc/self/ns/time");
    if (unshare(CLONE_NEWTIME) < 0)
        fail_msg("time namespace: %s", strerror(errno));
    snprintf(text, sizeof text, "monotonic %s 0\nboottime %s 0\n", sec, sec);
    host_write("/proc/self/timens_offsets", text);
}

/* The real clocks, in time namespaces: the second life is @c inject seconds later than the first. */
static void run_namespace(const struct fault *fault) {
    bool later = fault->told != NULL;

    host_enter();
    CLEANUP_FD int here = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
    if (!later)
        enter_time(fault->inject);
    struct lab_child *first = host_daemon(DAEMON_SANITIZED);
    struct lab_child *pile = host_pile();
    host_wait_raised(first);
    host_finish(first, 1, 0);
    if (later)
        enter_time(fault->inject);
    else
        assert_int_equal(setns(here, CLONE_NEWTIME), 0);
    struct lab_child *second = host_daemon(DAEMON_SANITIZED);
    if (later)
        daemon_wait_alerts(second, PILE, "reminder", 1, WAIT_SECONDS);
    else
        host_wait_raised(second);
    lab_end_input(pile);
    host_wait_cleared(second);
    lab_signal(second, SIGTERM);
    assert_int_equal(lab_wait_exit(second, WAIT_SECONDS), 0);
    json_t *alerts = daemon_alerts(second);
    alerts_print(alerts);
    assert_int_equal(json_array_size(alerts), 2);
    json_decref(alerts);
    setns(here, CLONE_NEWTIME);
}

/* Ended between writing the file and giving it its name: what stands there is whole. The alert was out by
   then, and is told once more rather than never. */
static void run_die(const struct fault *fault) {
    (void)fault;
    host_enter();
    volatile struct host_faults *faults = host_faulty();
    faults->die_before_rename = true;
    struct lab_child *first = host_daemon(DAEMON_RELEASE);
    host_sound();
    struct lab_child *pile = host_pile();
    host_wait_raised(first);
    while (waitpid(first->pid, &first->status, 0) < 0)
        ;
    first->pid = 0;
    assert_true(WIFSIGNALED(first->status));
    host_shell("test -s " STATE "/.incidents.json.tmp && ! test -e " STATE_FILE);
    faults->die_before_rename = false;
    struct lab_child *second = host_daemon(DAEMON_RELEASE);
    host_wait_raised(second);
    host_wait_ticks(1);
    host_shell("test -s " STATE_FILE " && ! test -e " STATE "/.incidents.json.tmp");
    lab_end_input(pile);
    host_wait_cleared(second);
    host_finish(second, 1, 1);
}

static struct fault rows[] = {
    {"clock set forward by ten hours", "CLOCK_REALTIME by LD_PRELOAD",
     "no tick missed; raised once, cleared once", run_set, "36000", "realtime", NULL, NULL, NULL},
    {"clock set back by ten hours", "the same", "the same", run_set, "-36000", "realtime", NULL, NULL, NULL},
    {"suspended for ten hours", "CLOCK_BOOTTIME by LD_PRELOAD", "the same", run_set, "36000", "boottime",
     NULL, NULL, NULL},
    {"ten hours between two ticks", "CLOCK_MONOTONIC by LD_PRELOAD",
     "counted as missed; a reminder, cleared once", run_jump, NULL, NULL, NULL, NULL, NULL},
    {"restarted ten hours later", "CLOCK_MONOTONIC and CLOCK_BOOTTIME by a time namespace",
     "one incident: a reminder, cleared once", run_namespace, NULL, "36000", "later", NULL, NULL},
    {"restarted ten hours earlier", "by a time namespace, so that the state file is from the future",
     "taken for another boot: raised anew, cleared once", run_namespace, NULL, "36000", NULL, NULL, NULL},
    {"SIGKILL while the state file is written", "before the rename, by LD_PRELOAD",
     "no half file; raised once more, cleared once", run_die, NULL, NULL, NULL, NULL, NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
