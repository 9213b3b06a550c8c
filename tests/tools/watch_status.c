/* SPDX-License-Identifier: MIT */
/*
 * watch_status DIRECTORY: reads each status.json that the daemon puts there, until SIGTERM or SIGINT; then
 * tells how many there were and the longest time between two samples, as JSON. Ahead of everything else where
 * it may: a file that it does not come to read would look like a gap.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "util.h"
#include "view.h"

enum { EXIT_USAGE = 2, EVENTS_BYTES = 4096 };

struct watched {
    uint64_t files, first_usec, last_usec, worst_gap_usec;
};

static volatile sig_atomic_t ended;

static void end(int number) {
    (void)number;
    ended = 1;
}

/* Signals come while it waits and at no other time, so none is missed. */
static void wait_for_signals(sigset_t *waiting) {
    struct sigaction action = {.sa_handler = end};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, waiting);
    sigdelset(waiting, SIGTERM);
    sigdelset(waiting, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

/* When the sample was taken; 0 if that cannot be read, as while the daemon ends. */
static uint64_t sample_time(const char *directory) {
    static const char key[] = "\"time_usec\": ";
    static char path[4096], text[VIEW_BYTES];

    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, directory);
    if (read_file_at(AT_FDCWD, path, text, sizeof text) < 0)
        return 0;
    const char *found = strstr(text, key);
    return found ? strtoull(found + strlen(key), NULL, 10) : 0;
}

static void look(struct watched *watched, const char *directory) {
    uint64_t now_usec = sample_time(directory);

    if (now_usec <= watched->last_usec)
        return;
    if (watched->files++ == 0)
        watched->first_usec = now_usec;
    else if (now_usec - watched->last_usec > watched->worst_gap_usec)
        watched->worst_gap_usec = now_usec - watched->last_usec;
    watched->last_usec = now_usec;
}

static int watch(const char *directory, struct watched *watched) {
    char events[EVENTS_BYTES];
    CLEANUP_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    struct pollfd input = {.fd = fd, .events = POLLIN};
    sigset_t waiting;

    if (fd < 0 || inotify_add_watch(fd, directory, IN_MOVED_TO) < 0)
        return -errno;
    wait_for_signals(&waiting);
    while (!ended) {
        if (ppoll(&input, 1, NULL, &waiting) < 0 && errno != EINTR)
            return -errno;
        while (read(fd, events, sizeof events) > 0)
            look(watched, directory);
    }
    return 0;
}

int main(int argc, char **argv) {
    struct watched watched = {0};

    if (argc != 2) {
        fputs("usage: watch_status DIRECTORY\n", stderr);
        return EXIT_USAGE;
    }
    sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
    int result = watch(argv[1], &watched);
    if (result < 0) {
        fprintf(stderr, "watch_status: %s: %s\n", argv[1], strerror(-result));
        return EXIT_FAILURE;
    }
    printf("{\"files\":%" PRIu64 ",\"usec\":%" PRIu64 ",\"worst_gap_usec\":%" PRIu64 "}\n", watched.files,
           watched.last_usec - watched.first_usec, watched.worst_gap_usec);
    return EXIT_SUCCESS;
}
