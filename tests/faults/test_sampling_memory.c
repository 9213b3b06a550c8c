/* SPDX-License-Identifier: MIT */
/* Memory that is not there, for the release daemon: at each allocation in turn, and none at all for a while.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "fault.h"
#include "util.h"

enum { AT_A_TIME = 12, ALLOCATIONS_MAX = 2000, EXIT_CONFIG = 78 };

#define FAILED "ALLOCATION FAILED"

/* What the runs came to, to be read in the log of a run. */
struct outcomes {
    unsigned int runs, carried_on, gave_up;
};

/* Each with a directory of its own: what one leaves behind is not the next one's. */
static struct lab_child *start(unsigned int number, const char *all) {
    const char *argv[] = {lab_program(DAEMON_RELEASE), "--log-target", "json", "--config",
                          fault_path("test.conf"),     "--ticks",      "2",    NULL};
    char text[32];

    snprintf(text, sizeof text, "run-%u", number);
    assert_int_equal(mkdir(fault_path(text), 0700), 0);
    setenv("RUNTIME_DIRECTORY", fault_path(text), 1);
    snprintf(text, sizeof text, "%u", number);
    setenv("FAIL_ALLOCATION", text, 1);
    setenv("LD_PRELOAD", lab_program("tools/fail_allocation.so"), 1);
    if (all)
        setenv(all, "1", 1);
    struct lab_child *daemon = lab_start(LAB_HERE, argv);
    unsetenv("RUNTIME_DIRECTORY");
    unsetenv("LD_PRELOAD");
    unsetenv("FAIL_ALL");
    return daemon;
}

/* From here on it is told at the first tick, for as long as the kernel tries: some two minutes. */
static void wait_for_problem(void) {
    fault_problem_ends();
    fault_problem();
    struct lab_child *daemon = fault_start(DAEMON_RELEASE, "", "");
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 0}}, 1);
}

/* Either it carries on and tells of the problem, or it ends with a reason, before it has told anything. */
static void judge(struct lab_child *daemon, unsigned int number, struct outcomes *outcomes) {
    int code = lab_wait_exit(daemon, 60); /* fails if it was a signal */
    CLEANUP_FREE char *error = lab_error(daemon);
    json_t *alerts = daemon_alerts(daemon);
    bool told = alerts_count(alerts, FAULT_PROBLEM, "raised") == 1 && json_array_size(alerts) == 1;
    const char *after = strstr(error, FAILED);

    outcomes->runs++;
    outcomes->carried_on += code == 0;
    outcomes->gave_up += code != 0;
    json_decref(alerts);
    if (code == 0 ? told || strstr(error, "an alert could not be written: ")
                  : (code == 1 || code == EXIT_CONFIG) && after && strstr(error, strerror(ENOMEM)))
        return;
    fail_msg("allocation %u: exit %d, alert %stold\nstandard error: %s", number, code, told ? "" : "not ",
             error);
}

/* Several at a time, until the last has come through without so many allocations. */
static void fail_in_turn(const struct fault *fault) {
    struct outcomes outcomes = {0};
    unsigned int step = fault->inject ? 3 : 1; /* those in between do the same */
    bool reached = true;

    fault_enter("", "");
    for (unsigned int first = 1; reached; first += AT_A_TIME * step) {
        struct lab_child *daemon[AT_A_TIME];
        if (outcomes.runs % (10 * AT_A_TIME) == 0)
            wait_for_problem();
        assert_true(first < ALLOCATIONS_MAX);
        for (unsigned int i = 0; i < AT_A_TIME; i++)
            daemon[i] = start(first + i * step, fault->inject);
        for (unsigned int i = 0; i < AT_A_TIME; i++) {
            judge(daemon[i], first + i * step, &outcomes);
            CLEANUP_FREE char *error = lab_error(daemon[i]);
            reached = strstr(error, FAILED) != NULL;
            lab_release(daemon[i]);
        }
    }
    print_message("  %u runs: %u carried on, %u ended with a reason\n", outcomes.runs, outcomes.carried_on,
                  outcomes.gave_up);
    assert_true(outcomes.carried_on > 0 && outcomes.gave_up > 0);
}

static void limit_data(const struct lab_child *daemon, rlim_t bytes) {
    const struct rlimit limit = {bytes, RLIM_INFINITY};

    if (prlimit(daemon->pid, RLIMIT_DATA, &limit, NULL) < 0)
        fail_msg("prlimit: %s", strerror(errno));
}

/* For real: neither brk() nor mmap() gives a page. */
static void run_out(const struct fault *fault) {
    (void)fault;
    fault_enter("", "");
    struct lab_child *daemon = fault_start(DAEMON_RELEASE, fault_with_status(), "");
    lab_wait_error(daemon, "counted by", 20);
    limit_data(daemon, 4096);
    fault_problem();
    for (int i = 0; i < 20; i++) {
        lab_signal(daemon, SIGHUP);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    lab_wait_error(daemon, "reload failed, the running configuration stays", 20);
    limit_data(daemon, RLIM_INFINITY);
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    lab_signal(daemon, SIGHUP);
    lab_wait_error(daemon, "configuration reloaded", 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 0}}, 1);
}

#define IN_TURN                                                                                              \
    "ends with exit 1 or 78 and says why, or runs on and tells the alert, or that it could not yet"

static const struct fault table[] = {
    {"one allocation fails, each in turn", "preload: malloc and the like, but for libconfig's own", IN_TURN,
     fail_in_turn, NULL, NULL},
    {"every allocation fails from one on", "preload, as above, from each third in turn", IN_TURN,
     fail_in_turn, "FAIL_ALL", NULL},
    {"memory runs out while running", "RLIMIT_DATA lowered under what is used, and SIGHUP 20 times",
     "a reload is refused and says so; the alert comes when there is memory at the latest, once", run_out,
     NULL, NULL},
};

int main(void) {
    return fault_main("test_sampling_memory", table, ARRAY_SIZE(table), NULL);
}
