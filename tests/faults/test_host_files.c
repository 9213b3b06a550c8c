/* SPDX-License-Identifier: MIT */
/* Faults of the directories that the daemon writes to, while it runs. */
#include "host.h"

#define NOT_WRITTEN RUNTIME ": status and metrics are not written: "
#define WRITTEN     RUNTIME ": status and metrics are written again"

static void check_once(const struct lab_child *daemon, const char *told) {
    CLEANUP_FREE char *error = lab_error(daemon);
    const char *first = strstr(error, told);

    if (!first || strstr(first + 1, told))
        fail_msg("not told once: %s", error);
}

/* A pile-up comes and goes during the fault. */
static void run_runtime(const struct fault *fault) {
    host_enter();
    host_shell(fault->before);
    struct lab_child *daemon = host_daemon(DAEMON_SANITIZED);
    host_wait_ticks(1);
    host_shell(fault->inject);
    if (fault->told)
        lab_wait_error(daemon, fault->told, WAIT_SECONDS);
    struct lab_child *pile = host_pile();
    host_wait_raised(daemon);
    if (fault->told)
        check_once(daemon, NOT_WRITTEN);
    host_shell(fault->repair);
    if (fault->told)
        lab_wait_error(daemon, WRITTEN, WAIT_SECONDS);
    host_wait_ticks(2);
    host_wait_status("incidents", 1);
    lab_end_input(pile);
    host_wait_cleared(daemon);
    host_shell(fault->after);
    host_finish(daemon, 1, 1);
}

/* The second is refused, whichever of the directories it shares; what the first wrote stays whole. */
static void run_two(const struct fault *fault) {
    host_enter();
    struct lab_child *first = host_daemon(DAEMON_SANITIZED);
    struct lab_child *pile = host_pile();
    host_wait_raised(first);
    const char *argv[] = {"/bin/sh", "-c", fault->inject, lab_program(DAEMON_SANITIZED), NULL};
    struct lab_child *second = lab_start(LAB_HERE, argv);
    assert_int_equal(lab_wait_exit(second, WAIT_SECONDS), 1);
    lab_wait_error(second, fault->told, WAIT_SECONDS);
    CLEANUP_FREE char *output = lab_output(second);
    assert_string_equal(output, "");
    host_wait_ticks(2);
    host_kill(first);
    struct lab_child *third = host_daemon(DAEMON_SANITIZED); /* the lock has gone with the first */
    lab_wait_error(third, "1 open incident taken over", WAIT_SECONDS);
    lab_end_input(pile);
    host_wait_cleared(third);
    host_finish(third, 0, 1);
}

#define SECOND "exec \"$0\" --log-target json --config " CONFIG_FILE

static struct fault rows[] = {
    {"runtime directory full", "its file system is filled",
     "told once, sampling goes on, written again later", run_runtime, TMPFS(RUNTIME), FILL(RUNTIME),
     NOT_WRITTEN "No space left on device", EMPTY(RUNTIME), NULL},
    {"runtime directory out of inodes", "directories until no more can be made", "the same", run_runtime,
     TMPFS(RUNTIME), INODES(RUNTIME), NOT_WRITTEN "No space left on device", EMPTY(RUNTIME), NULL},
    {"runtime directory read-only", "remounted", "the same", run_runtime, TMPFS(RUNTIME),
     "mount -o remount,ro " RUNTIME, NOT_WRITTEN "Read-only file system", "mount -o remount,rw " RUNTIME,
     NULL},
    {"runtime directory deleted", "rm -r, later mkdir", "the same", run_runtime, NULL, "rm -r " RUNTIME,
     NOT_WRITTEN "No such file or directory", "mkdir " RUNTIME, NULL},
    {"runtime directory remade", "rm -r and mkdir at once", "the new one is written to", run_runtime, NULL,
     "rm -r " RUNTIME "; mkdir " RUNTIME, NULL, NULL, "test -s " RUNTIME "/synwaitd.prom"},
    {"runtime directory replaced by a file", "rm -r, a file of its name", "told once, written again later",
     run_runtime, NULL, "rm -r " RUNTIME "; echo >" RUNTIME, NOT_WRITTEN "Not a directory",
     "rm " RUNTIME "; mkdir " RUNTIME, NULL},
    {"runtime directory replaced by a symlink", "to another directory", "written there", run_runtime, NULL,
     "mkdir /run/other; rm -r " RUNTIME "; ln -s other " RUNTIME, NULL, NULL,
     "test -s /run/other/status.json"},
    {"status file is a directory", "mkdir in its place", "told once, written again later", run_runtime, NULL,
     "mkdir " RUNTIME "/d; echo >" RUNTIME "/d/x; until mv -T " RUNTIME "/d " RUNTIME
     "/status.json; do rm -f " RUNTIME "/status.json; done",
     NOT_WRITTEN, "rm -r " RUNTIME "/status.json", NULL},
    {"status file is a symlink", "to a file of somebody else",
     "the link is replaced, the file is not touched", run_runtime, NULL,
     "echo mine >/run/victim; ln -sf /run/victim " RUNTIME "/status.json; ln -sf /run/victim " RUNTIME
     "/.status.json.tmp",
     NULL, NULL, "test \"$(cat /run/victim)\" = mine && ! test -L " RUNTIME "/status.json"},
    {"temporary file is a directory", "mkdir of its name", "told once, written again later", run_runtime,
     NULL, "until mkdir " RUNTIME "/.status.json.tmp; do :; done", NOT_WRITTEN,
     "rmdir " RUNTIME "/.status.json.tmp", NULL},
    {"status file without permission", "chmod 0", "the next one has its mode again", run_runtime, NULL,
     "chmod 0 " RUNTIME "/status.json", NULL, NULL, "test $(stat -c %a " RUNTIME "/status.json) = 644"},
    {"two daemons, one runtime directory", "a second is started", "it is refused with exit code 1", run_two,
     NULL, "RUNTIME_DIRECTORY=" RUNTIME " STATE_DIRECTORY=/run " SECOND, RUNTIME ": another synwaitd uses it",
     NULL, NULL},
    {"two daemons, one state directory", "the same", "the same", run_two, NULL,
     "RUNTIME_DIRECTORY=/run STATE_DIRECTORY=" STATE " " SECOND, STATE ": another synwaitd uses it", NULL,
     NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
