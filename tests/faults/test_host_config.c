/* SPDX-License-Identifier: MIT */
/* What may befall the configuration, at the start and before a reload. */
#include <linux/capability.h>
#include <sys/prctl.h>

#include "host.h"

#define REFUSED  "reload failed, the running configuration stays: " CONFIG_FILE
#define RELOADED "configuration reloaded"

/* A new daemon refuses the file and says why. The one that runs goes on as before, says the same, and takes
   up the file that is there later. */
static void run_within(const struct fault *fault) {
    char start[256], refused[256];

    snprintf(start, sizeof start, CONFIG_FILE "%s", fault->told);
    snprintf(refused, sizeof refused, REFUSED "%s", fault->told);
    struct lab_child *daemon = host_daemon(DAEMON_SANITIZED);
    host_shell(fault->inject);
    const char *argv[] = {lab_program(DAEMON_SANITIZED), "--config", CONFIG_FILE, NULL};
    struct lab_child *second = lab_start(LAB_HERE, argv);
    assert_int_equal(lab_wait_exit(second, WAIT_SECONDS), 78);
    lab_wait_error(second, start, 0);
    lab_signal(daemon, SIGHUP);
    lab_wait_error(daemon, refused, WAIT_SECONDS);
    struct lab_child *pile = host_pile();
    host_wait_raised(daemon);
    host_shell("rm -rf " CONFIG_FILE);
    host_write(CONFIG_FILE, QUICK "output = { metrics = false; };\n");
    lab_signal(daemon, SIGHUP);
    lab_wait_error(daemon, RELOADED, WAIT_SECONDS);
    host_shell("! test -e " RUNTIME "/synwaitd.prom");
    lab_end_input(pile);
    host_wait_cleared(daemon);
    host_finish(daemon, 1, 1);
}

static void run(const struct fault *fault) {
    host_enter();
    run_within(fault);
}

/* Root as which the daemon runs here may read everything, other than the service's user. */
static void run_unreadable(const struct fault *fault) {
    host_enter();
    if (prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) < 0 || prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH) < 0)
        fail_msg("prctl: %s", strerror(errno));
    run_within(fault);
}

static struct fault rows[] = {
    {"configuration deleted", "rm",
     "start refused; reload refused, the old one stays; a good file is taken later", run, NULL,
     "rm " CONFIG_FILE, ": cannot be read: No such file or directory", NULL, NULL},
    {"configuration half-written", "cut after 100 bytes", "the same", run, NULL,
     "truncate -s 100 " CONFIG_FILE, ":2: ", NULL, NULL},
    {"configuration replaced by a directory", "mkdir", "the same", run, NULL,
     "rm " CONFIG_FILE "; mkdir " CONFIG_FILE, ": is a directory, allowed: a regular file", NULL, NULL},
    {"configuration replaced by a FIFO", "that nobody writes to", "the same, without waiting", run, NULL,
     "rm " CONFIG_FILE "; mkfifo " CONFIG_FILE, ": is a FIFO, allowed: a regular file", NULL, NULL},
    {"configuration replaced by a device", "a link to /dev/zero", "the same", run, NULL,
     "ln -sf /dev/zero " CONFIG_FILE, ": is a device, allowed: a regular file", NULL, NULL},
    {"configuration replaced by a link to nothing", "ln -s", "the same", run, NULL,
     "ln -sf /run/nothing " CONFIG_FILE, ": cannot be read: No such file or directory", NULL, NULL},
    {"configuration replaced by a link to itself", "ln -s", "the same", run, NULL,
     "ln -sfn synwaitd.conf " CONFIG_FILE, ": cannot be read: Too many levels of symbolic links", NULL, NULL},
    {"configuration huge", "10 GiB, sparse", "the same", run, NULL, "truncate -s 10G " CONFIG_FILE,
     ": is too large, allowed: 1 MiB", NULL, NULL},
    {"configuration one endless line", "1,000,000 brackets", "the same", run, NULL,
     "head -c 1000000 /dev/zero | tr '\\0' '(' >" CONFIG_FILE, ":1: ", NULL, NULL},
    {"configuration binary garbage", "10 kB of it", "the same", run, NULL, "cat /bin/true >" CONFIG_FILE,
     ":1: NUL byte, allowed: text", NULL, NULL},
    {"configuration unreadable", "chmod 0, and the daemon may not override that", "the same", run_unreadable,
     NULL, "chmod 0 " CONFIG_FILE, ": cannot be read: Permission denied", NULL, NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
