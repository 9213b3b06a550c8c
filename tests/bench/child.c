/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

enum { EXEC_FAILED = 127, LOAD_SECONDS = 30, START_SECONDS = 30, NAME_BYTES = 64 };

static int msec_until(uint64_t end_usec) {
    uint64_t now = now_monotonic_usec();
    uint64_t msec = end_usec > now ? (end_usec - now) / USEC_PER_MSEC + 1 : 0;

    return msec < INT_MAX ? (int)msec : INT_MAX;
}

void sleep_until(uint64_t due_usec) {
    struct timespec due = {.tv_sec = (time_t)(due_usec / USEC_PER_SEC),
                           .tv_nsec = (long)(due_usec % USEC_PER_SEC * 1000)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
        ;
}

/* In the child, after fork(). */
static void become(char *const argv[], int output, int log) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, STDIN_FILENO);
    dup2(output >= 0 ? output : null, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execvp(argv[0], argv);
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    _exit(EXEC_FAILED);
}

/* @param log where its standard error goes */
static int start_logged(struct child *child, char *const argv[], bool piped, int log) {
    int output[2] = {-1, -1};

    if (piped && pipe2(output, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        become(argv, output[1], log);
    int error = pid < 0 ? -errno : 0;
    if (piped)
        close(output[1]);
    if (error < 0 && piped)
        close(output[0]);
    *child = error < 0 ? (struct child){0, -1} : (struct child){pid, output[0]};
    return error;
}

int child_start(struct child *child, char *const argv[], bool piped) {
    return start_logged(child, argv, piped, STDERR_FILENO);
}

void child_stop(struct child *child, int number) {
    if (child->pid > 0) {
        kill(child->pid, number);
        waitpid(child->pid, NULL, 0);
        if (child->output >= 0)
            close(child->output);
    }
    *child = (struct child){0, -1};
}

/* @return 0 or -errno */
static int read_more(struct lines *lines, uint64_t end_usec) {
    struct pollfd input = {.fd = lines->fd, .events = POLLIN};

    memmove(lines->buffer, lines->buffer + lines->taken, lines->used - lines->taken);
    lines->used -= lines->taken;
    lines->taken = 0;
    if (lines->used == sizeof lines->buffer)
        return -EMSGSIZE;
    int ready = poll(&input, 1, msec_until(end_usec));
    if (ready <= 0)
        return ready == 0 ? -ETIMEDOUT : -errno;
    ssize_t got = read(lines->fd, lines->buffer + lines->used, sizeof lines->buffer - lines->used);
    if (got <= 0)
        return got == 0 ? -EPIPE : -errno;
    lines->used += (size_t)got;
    return 0;
}

char *lines_next(struct lines *lines, uint64_t end_usec) {
    for (;;) {
        char *line = lines->buffer + lines->taken;
        char *end = memchr(line, '\n', lines->used - lines->taken);
        if (end) {
            *end = '\0';
            lines->taken = (size_t)(end + 1 - lines->buffer);
            return line;
        }
        int result = read_more(lines, end_usec);
        if (result < 0) {
            errno = -result;
            return NULL;
        }
    }
}

int load_start(struct child *child, char *const argv[], uint64_t *ready_usec) {
    static const char mark[] = "READY usec=";
    int result = child_start(child, argv, true);

    if (result < 0)
        return result;
    struct lines lines = {.fd = child->output};
    const char *line = lines_next(&lines, now_monotonic_usec() + LOAD_SECONDS * USEC_PER_SEC);
    if (line && strncmp(line, mark, strlen(mark)) == 0) {
        *ready_usec = strtoull(line + strlen(mark), NULL, 10);
        return 0;
    }
    result = line ? -EPROTO : -errno;
    child_stop(child, SIGKILL);
    return result;
}

/* An abstract address, which belongs to the network namespace and goes with it. */
static int open_notify(char name[NAME_BYTES]) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int length = snprintf(name, NAME_BYTES, "@synwaitd-bench-%d", getpid());

    memcpy(address.sun_path, name, (size_t)length);
    address.sun_path[0] = '\0'; /* sd_notify(3) writes it as '@' */
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static int wait_ready(struct daemon *daemon) {
    uint64_t end_usec = daemon->start_usec + START_SECONDS * USEC_PER_SEC;
    char message[512];

    for (;;) {
        struct pollfd input = {.fd = daemon->notify, .events = POLLIN};
        int ready = poll(&input, 1, msec_until(end_usec));
        if (ready <= 0)
            return ready == 0 ? -ETIMEDOUT : -errno;
        ssize_t got = recv(daemon->notify, message, sizeof message - 1, 0);
        if (got < 0)
            return -errno;
        message[got] = '\0';
        if (strncmp(message, "READY=1", strlen("READY=1")) == 0)
            return 0;
    }
}

/* What it said, now that it matters. */
static void show_log(int log) {
    char text[4096];
    ssize_t got = log >= 0 ? pread(log, text, sizeof text, 0) : 0;

    if (got > 0)
        dprintf(STDERR_FILENO, "%.*s", (int)got, text);
}

int daemon_start(struct daemon *daemon, const struct daemon_options *options) {
    char *argv[] = {
        (char *)options->program, "--log-target", "json", "--config", (char *)options->config, NULL};
    CLEANUP_FD int log = memfd_create("log", MFD_CLOEXEC);
    char name[NAME_BYTES];

    daemon->notify = open_notify(name);
    if (daemon->notify < 0)
        return daemon->notify;
    setenv("NOTIFY_SOCKET", name, 1);
    if (options->runtime_directory)
        setenv("RUNTIME_DIRECTORY", options->runtime_directory, 1);
    else
        unsetenv("RUNTIME_DIRECTORY");
    daemon->start_usec = now_monotonic_usec();
    int result = start_logged(&daemon->child, argv, options->piped, log);
    unsetenv("NOTIFY_SOCKET"); /* for this child alone */
    if (result == 0)
        result = wait_ready(daemon);
    daemon->ready_usec = now_monotonic_usec();
    if (result < 0) {
        daemon_stop(daemon);
        show_log(log);
    }
    return result;
}

void daemon_listen(const struct daemon *daemon) {
    char message[512];

    while (recv(daemon->notify, message, sizeof message, MSG_DONTWAIT) > 0)
        ;
}

/* Without a listener it waits for nobody to take its last words. */
void daemon_stop(struct daemon *daemon) {
    close(daemon->notify);
    child_stop(&daemon->child, SIGTERM);
}
