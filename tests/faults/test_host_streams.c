/* SPDX-License-Identifier: MIT */
/* Standard output as the target of alerts; see also tests/e2e/streams.sh. */
#include "host.h"

#define FIFO     "/run/fifo"
#define EMPTY_MS 2000

/* Starts it with its standard output redirected. */
static struct lab_child *redirected(const char *target, const char *where) {
    char command[256];

    snprintf(command, sizeof command, "exec \"$0\" --log-target %s --config " CONFIG_FILE " %s", target,
             where);
    const char *argv[] = {"/bin/sh", "-c", command, lab_program(DAEMON_SANITIZED), NULL};
    return host_start(argv);
}

/* What could not be written is not taken for told: the next life tells it. */
static void run_full(const struct fault *fault) {
    host_enter();
    struct lab_child *pile = host_pile();
    struct lab_child *first = redirected(fault->before, fault->inject);
    assert_int_equal(lab_wait_exit(first, WAIT_SECONDS), 1);
    lab_wait_error(first, fault->told, 0);
    host_shell("! test -e " STATE_FILE);
    struct lab_child *second = host_daemon(DAEMON_SANITIZED);
    host_wait_raised(second);
    lab_end_input(pile);
    host_wait_cleared(second);
    host_finish(second, 1, 1);
}

static void read_all(int fd, char *text, size_t size, const char *wanted) {
    uint64_t end_usec = now_monotonic_usec() + WAIT_SECONDS * USEC_PER_SEC;
    size_t length = 0;

    while (length < size - 1 && now_monotonic_usec() < end_usec) {
        ssize_t got = read(fd, text + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
        text[length] = '\0';
        if (strstr(text, wanted))
            return;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    fail_msg("no %s in: %s", wanted, text);
}

/* What a daemon writes to is full, and a problem has come that it has to tell of. */
struct stuck {
    struct lab_child *daemon, *pile;
    int fifo;
};

static struct stuck get_stuck(const struct fault *fault) {
    host_enter();
    host_shell("mkfifo " FIFO);
    struct stuck stuck = {.fifo = open(FIFO, O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    assert_true(stuck.fifo >= 0);
    stuck.daemon = redirected(fault->before, fault->inject);
    host_wait_ticks(1);
    while (write(stuck.fifo, "\n", 1) == 1)
        ;
    stuck.pile = host_pile();
    nanosleep(&(struct timespec){.tv_sec = EMPTY_MS / 1000}, NULL);
    return stuck;
}

/* It waits for its reader, as any program does: what it missed is told, no alert is lost. */
static void run_unread(const struct fault *fault) {
    static char text[128 * 1024];
    struct stuck stuck = get_stuck(fault);
    CLEANUP_FD int fifo = stuck.fifo;

    read_all(fifo, text, sizeof text, "\"SYNWAITD_EVENT\":\"raised\"");
    host_wait_status("missed_ticks", 5);
    lab_end_input(stuck.pile);
    read_all(fifo, text, sizeof text, "\"SYNWAITD_EVENT\":\"cleared\"");
    lab_signal(stuck.daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(stuck.daemon, WAIT_SECONDS), 0);
}

/* Nor is a daemon held that is to end, be its log read or not. */
static void run_never_read(const struct fault *fault) {
    struct stuck stuck = get_stuck(fault);

    lab_signal(stuck.daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(stuck.daemon, WAIT_SECONDS), 1);
    struct lab_child *second = host_daemon(DAEMON_SANITIZED);
    host_wait_raised(second);
    lab_end_input(stuck.pile);
    host_wait_cleared(second);
    host_finish(second, 1, 1);
    close(stuck.fifo);
}

static struct fault rows[] = {
    {"standard output full, JSON", "/dev/full, restarted with a good one",
     "exit code 1; the next life raises it", run_full, "json", ">/dev/full",
     "standard output: an alert could not be written: No space left on device", NULL, NULL},
    {"standard output full, console", "the same", "the same", run_full, "console", ">/dev/full",
     "standard output: an alert could not be written", NULL, NULL},
    {"standard output unread", "a pipe that is full for 2 s",
     "it waits, missed ticks are told, raised and cleared once", run_unread, "json", ">" FIFO, NULL, NULL,
     NULL},
    {"standard output never read", "a pipe that is full, and SIGTERM",
     "ends with exit code 1; the next life raises it", run_never_read, "json", ">" FIFO, NULL, NULL, NULL},
    {"standard output and error never read", "the same for both", "the same", run_never_read, "console",
     ">" FIFO " 2>&1", NULL, NULL, NULL},
    {0},
};

int main(void) {
    return host_faults(rows);
}
