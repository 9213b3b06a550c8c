/* SPDX-License-Identifier: MIT */
/* The usual ways to look at TCP states. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "child.h"
#include "series.h"
#include "util.h"

enum { START_SECONDS = 10, RETRY_USEC = 20000, SETTLE_USEC = 20000 };

static uint64_t timeval_nsec(struct timeval time) {
    return ((uint64_t)time.tv_sec * USEC_PER_SEC + (uint64_t)time.tv_usec) * 1000;
}

/* From fork() to the end. The sum of both times is the scheduler's own to the microsecond, also where the
   kernel splits it by ticks (kernel/sched/cputime.c cputime_adjust). */
static int run_once(char *const argv[], struct costs *costs) {
    uint64_t begin = clock_nsec(CLOCK_MONOTONIC);
    struct rusage usage;
    struct child child;
    int status, result = child_start(&child, argv, false);

    if (result < 0)
        return result;
    if (wait4(child.pid, &status, 0, &usage) != child.pid)
        return -errno;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return -ECHILD;
    costs_add(costs, (struct cost){timeval_nsec(usage.ru_utime) + timeval_nsec(usage.ru_stime),
                                   clock_nsec(CLOCK_MONOTONIC) - begin});
    if ((uint64_t)usage.ru_maxrss > costs->peak_kb)
        costs->peak_kb = (uint64_t)usage.ru_maxrss;
    return 0;
}

int bench_command(int argc, char **argv) {
    static struct costs costs;
    unsigned int rounds = bench_number(argc, argv, 1, ROUNDS_MAX);
    const char *name = bench_argument(argc, argv, 2);
    int result = 0;

    bench_argument(argc, argv, 3);
    for (unsigned int i = 0; i < rounds && result == 0; i++)
        result = run_once(argv + 3, &costs);
    return result < 0 ? result : print_json(costs_json(name, &costs));
}

static int connect_to(unsigned int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd < 0 ? -errno : fd;
}

/* @return whether the whole answer has the states of TCP in it; HTTP/1.0, so it ends with the connection */
static int read_metrics(int fd) {
    static char answer[1 << 16];
    size_t length = 0;
    ssize_t got;

    do {
        got = read(fd, answer + length, sizeof answer - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    answer[length] = '\0';
    if (got < 0)
        return -errno;
    return strstr(answer, "\nnode_tcp_connection_states{") ? 0 : -EPROTO;
}

static int get_metrics(unsigned int port) {
    static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
    CLEANUP_FD int fd = connect_to(port);

    if (fd < 0)
        return fd;
    if (write(fd, request, sizeof request - 1) != sizeof request - 1)
        return -EIO;
    return read_metrics(fd);
}

static int wait_listening(unsigned int port) {
    uint64_t end_usec = now_monotonic_usec() + START_SECONDS * USEC_PER_SEC;
    int fd = connect_to(port);

    while (fd == -ECONNREFUSED && now_monotonic_usec() < end_usec) {
        usleep(RETRY_USEC);
        fd = connect_to(port);
    }
    if (fd >= 0)
        close(fd);
    return fd < 0 ? fd : 0;
}

static int scrape_once(pid_t pid, unsigned int port, struct costs *costs) {
    uint64_t cpu = process_nsec(pid), begin = clock_nsec(CLOCK_MONOTONIC);
    int result = get_metrics(port);
    uint64_t end = clock_nsec(CLOCK_MONOTONIC);

    usleep(SETTLE_USEC); /* Go's other threads may still be at it */
    if (result == 0)
        costs_add(costs, (struct cost){process_nsec(pid) - cpu, end - begin});
    return result;
}

int bench_scrape(int argc, char **argv) {
    static struct costs costs;
    unsigned int rounds = bench_number(argc, argv, 1, ROUNDS_MAX);
    const char *name = bench_argument(argc, argv, 2);
    unsigned int port = bench_number(argc, argv, 3, UINT16_MAX);
    struct child child;

    bench_argument(argc, argv, 4);
    int result = child_start(&child, argv + 4, false);
    if (result < 0)
        return result;
    result = wait_listening(port);
    for (unsigned int i = 0; i < rounds && result == 0; i++)
        result = scrape_once(child.pid, port, &costs);
    costs.peak_kb = process_figure(child.pid, "status", "VmHWM");
    child_stop(&child, SIGTERM);
    return result < 0 ? result : print_json(costs_json(name, &costs));
}
