/* SPDX-License-Identifier: MIT */
/* Processes that the bench starts; none outlives it. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** A process; zeroed while there is none. */
struct child {
    pid_t pid;
    int output; /* read end of its standard output; -1 if that goes nowhere */
};

/** Lines of a child's output. Zeroed but for fd. */
struct lines {
    int fd;
    size_t used, taken; /* bytes in buffer; those of the lines that have been given out */
    char buffer[32768];
};

/** synwaitd under a service manager's eyes. */
struct daemon {
    struct child child;
    int notify;          /* the socket of sd_notify(3) */
    uint64_t start_usec; /* CLOCK_MONOTONIC, before fork() */
    uint64_t ready_usec; /* when READY=1 had come */
};

/** What the daemon is started with. */
struct daemon_options {
    const char *program;
    const char *config;            /* its file; "/dev/null" is the defaults, whatever stands in /etc */
    const char *runtime_directory; /* for status and metrics; NULL: none */
    bool piped;                    /* alerts can be read from child.output */
};

/** Starts argv[0], looked for in PATH, standard output to a pipe or to nowhere. @return 0 or -errno */
int child_start(struct child *child, char *const argv[], bool piped);

/** Ends it with @p number, and waits for it. */
void child_stop(struct child *child, int number);

/**
 * Waits for the next line of output until @p end_usec of CLOCK_MONOTONIC.
 * @return the line without its newline, valid until the next call; NULL with errno: ETIMEDOUT, EPIPE at the
 * end of the output, EMSGSIZE, another
 */
char *lines_next(struct lines *lines, uint64_t end_usec);

/** Starts tcpload and waits for READY. @param ready_usec receives its time @return 0 or -errno */
int load_start(struct child *child, char *const argv[], uint64_t *ready_usec);

/** Starts it and waits for READY=1, at most 30 s; its log is shown if that does not come. @return 0 or
 * -errno; then nothing is left to stop */
int daemon_start(struct daemon *daemon, const struct daemon_options *options);

/** Takes what it has told the service manager since: it would wait for that, sooner or later. */
void daemon_listen(const struct daemon *daemon);

/** Ends it as systemd would. */
void daemon_stop(struct daemon *daemon);

/** Sleeps until @p due_usec of CLOCK_MONOTONIC. */
void sleep_until(uint64_t due_usec);

#endif
