/* SPDX-License-Identifier: MIT */
/* Open incidents over restarts, kills and damage to the file that keeps them. */
#include "host.h"

#define NOT_KEPT(reason) STATE_FILE ": " reason ": open incidents would not outlive a restart"
#define KEPT             STATE_FILE ": written again"
#define TAKEN_OVER       "1 open incident taken over"
#define FORGOTTEN        ": open incidents are forgotten"
#define CHANGE(edit)     "sed -i '" edit "' " STATE_FILE

/* What could not be kept when it was raised is kept as soon as it can be: a kill then forgets nothing. */
static void run_state(const struct fault *fault) {
    char raised[32], cleared[32];

    host_enter();
    host_shell(fault->before);
    struct lab_child *first = host_daemon(DAEMON_SANITIZED);
    host_shell(fault->inject);
    struct lab_child *pile = host_pile();
    host_wait_raised(first);
    if (fault->told) {
        lab_wait_error(first, fault->told, WAIT_SECONDS);
        host_shell(fault->repair);
        lab_wait_error(first, KEPT, WAIT_SECONDS);
    }
    host_wait_ticks(1); /* the file is written after the alert */
    host_incident(first, "raised", raised);
    host_kill(first);
    host_shell(fault->after);
    struct lab_child *second = host_daemon(DAEMON_SANITIZED);
    lab_wait_error(second, "1 open incident taken over", WAIT_SECONDS);
    host_wait_ticks(8); /* longer than a resumed incident has grace */
    lab_end_input(pile);
    host_wait_cleared(second);
    host_finish(second, 0, 1);
    host_incident(second, "cleared", cleared);
    assert_string_equal(raised, cleared);
}

/* A second life that knows what the first has told. */
static void run_restart(const struct fault *fault) {
    char raised[32], cleared[32];

    host_enter();
    struct lab_child *first = host_daemon(DAEMON_SANITIZED);
    struct lab_child *pile = host_pile();
    host_wait_raised(first);
    host_incident(first, "raised", raised);
    if (strcmp(fault->inject, "kill") == 0) {
        host_wait_ticks(1);
        host_kill(first);
    } else {
        host_finish(first, 1, 0);
    }
    struct lab_child *second = host_daemon(DAEMON_SANITIZED);
    lab_wait_error(second, TAKEN_OVER, WAIT_SECONDS);
    host_wait_ticks(8);
    lab_end_input(pile);
    host_wait_cleared(second);
    host_incident(second, "cleared", cleared);
    assert_string_equal(raised, cleared);
    host_finish(second, 0, 1);
}

/* The file is damaged between two lives: the second knows nothing, says so, and raises once and clears once.
 */
static void run_damaged(const struct fault *fault) {
    host_enter();
    struct lab_child *first = host_daemon(DAEMON_SANITIZED);
    struct lab_child *pile = host_pile();
    host_wait_raised(first);
    host_finish(first, 1, 0);
    host_shell(fault->inject);
    struct lab_child *second = host_daemon(DAEMON_SANITIZED);
    host_wait_raised(second);
    if (fault->told)
        lab_wait_error(second, fault->told, WAIT_SECONDS);
    CLEANUP_FREE char *error = lab_error(second);
    assert_null(strstr(error, TAKEN_OVER));
    assert_true(fault->told || !strstr(error, STATE_FILE));
    lab_end_input(pile);
    host_wait_cleared(second);
    host_finish(second, 1, 1);
}

static struct fault rows[] = {
    {"state directory full", "filled before the alert, with room after it",
     "kept then, not with the next alert", run_state, TMPFS(STATE), FILL(STATE),
     NOT_KEPT("No space left on device"), EMPTY(STATE), NULL},
    {"state directory out of inodes", "directories until no more can be made", "the same", run_state,
     TMPFS(STATE), INODES(STATE), NOT_KEPT("No space left on device"), EMPTY(STATE), NULL},
    {"state directory read-only", "remounted before the alert", "the same", run_state, TMPFS(STATE),
     "mount -o remount,ro " STATE, NOT_KEPT("Read-only file system"), "mount -o remount,rw " STATE, NULL},
    {"state directory deleted", "before the alert, remade after it", "the same", run_state, NULL,
     "rm -r " STATE, NOT_KEPT("No such file or directory"), "mkdir " STATE, NULL},
    {"state file is a directory", "mkdir in its place", "the same", run_state, NULL,
     "mkdir -p " STATE_FILE "/d", NOT_KEPT("Is a directory"), "rm -r " STATE_FILE, NULL},
    {"state file is a symlink", "to a file of somebody else", "the link is replaced, the file is not touched",
     run_state, NULL, "echo mine >/run/victim; ln -s /run/victim " STATE_FILE, NULL, NULL,
     "test \"$(cat /run/victim)\" = mine && ! test -L " STATE_FILE},
    {"restart in the middle of an incident", "SIGTERM, started again",
     "one incident: raised once, cleared once", run_restart, NULL, "end", NULL, NULL, NULL},
    {"SIGKILL in the middle of an incident", "SIGKILL, started again",
     "one incident: raised once, cleared once", run_restart, NULL, "kill", NULL, NULL, NULL},
    {"state file gone", "removed between two lives", "nothing to tell; raised anew, once", run_damaged, NULL,
     "rm " STATE_FILE, NULL, NULL, NULL},
    {"state file empty", "truncated to nothing", "told; raised anew, once", run_damaged, NULL,
     ": >" STATE_FILE, FORGOTTEN, NULL, NULL},
    {"state file cut", "to 300 bytes", "the same", run_damaged, NULL, "truncate -s 300 " STATE_FILE,
     FORGOTTEN, NULL, NULL},
    {"state file garbage", "4096 random bytes", "the same", run_damaged, NULL,
     "head -c 4096 /dev/urandom >" STATE_FILE, FORGOTTEN, NULL, NULL},
    {"state file huge", "100 MiB", "the same", run_damaged, NULL, "truncate -s 100M " STATE_FILE, FORGOTTEN,
     NULL, NULL},
    {"state file foreign", "somebody else's JSON", "the same", run_damaged, NULL,
     "echo '{\"name\": \"value\"}' >" STATE_FILE, FORGOTTEN, NULL, NULL},
    {"state file of a future version", "another schema number", "the same", run_damaged, NULL,
     CHANGE("s/\"schema\": 1/\"schema\": 2/"), FORGOTTEN, NULL, NULL},
    {"state file with a new key", "that this version does not know", "the same", run_damaged, NULL,
     CHANGE("s/\"schema\": 1/\"schema\": 1, \"new\": 1/"), FORGOTTEN, NULL, NULL},
    {"state file of another boot", "another boot id", "nothing to tell; raised anew, once", run_damaged, NULL,
     CHANGE("s/\"boot_id\": \"[0-9a-f]*/\"boot_id\": \"0123456789abcdef0123456789abcdef/"), NULL, NULL, NULL},
    {"state file replaced by a FIFO", "that nobody writes to", "not waited for; told; raised anew, once",
     run_damaged, NULL, "rm " STATE_FILE "; mkfifo " STATE_FILE, FORGOTTEN, NULL, NULL},
    {"state file replaced by a device", "a link to /dev/zero", "told; raised anew, once", run_damaged, NULL,
     "ln -sf /dev/zero " STATE_FILE, FORGOTTEN, NULL, NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
