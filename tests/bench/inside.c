/* SPDX-License-Identifier: MIT */
/* What happens inside synwaitd, called directly: CPU time of this thread alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "config.h"
#include "listener_queues.h"
#include "sampler.h"
#include "series.h"
#include "socket_sampler.h"
#include "util.h"

enum { WARM_UP = 3, SYNACK_RETRIES = 5 };

/* One round of something. @return 0 or -errno; -EAGAIN: it was something else, and does not count */
typedef int (*measured)(void *context);

static struct cost stopwatch(void) {
    return (struct cost){clock_nsec(CLOCK_THREAD_CPUTIME_ID), clock_nsec(CLOCK_MONOTONIC)};
}

/* Without an end to rounds that do not count there would be no end at all. */
static int measure(const char *name, measured once, void *context, unsigned int rounds) {
    static struct costs costs;

    for (unsigned int tries = 0; tries < 2 * rounds && costs.cpu_nsec.count < rounds; tries++) {
        struct cost begin = stopwatch();
        int result = once(context);
        struct cost end = stopwatch();
        if (result < 0 && result != -EAGAIN)
            return result;
        if (result == 0)
            costs_add(&costs, (struct cost){end.cpu_nsec - begin.cpu_nsec, end.wall_nsec - begin.wall_nsec});
    }
    if (costs.cpu_nsec.count < rounds)
        return -EAGAIN;
    costs.peak_kb = process_figure(getpid(), "status", "VmHWM");
    return print_json(costs_json(name, &costs));
}

struct ticker {
    struct sampler *sampler;
    struct config config;
};

static int take_sample(void *context) {
    struct ticker *ticker = context;
    uint64_t walks = sampler_info(ticker->sampler)->walks;

    sampler_take(ticker->sampler, &ticker->config, false);
    return sampler_info(ticker->sampler)->walks == walks ? 0 : -EAGAIN;
}

int bench_tick(int argc, char **argv) {
    static struct ticker ticker;
    unsigned int rounds = bench_number(argc, argv, 1, ROUNDS_MAX);

    config_defaults(&ticker.config);
    ticker.config.cpu_budget_permyriad =
        0; /* less than can be configured: walks when it must, at the start */
    CLEANUP_SAMPLER struct sampler *sampler = ticker.sampler = sampler_new("/proc", LISTENER_QUEUES_PATH);
    if (!sampler)
        return -errno;
    for (int i = 0; i < WARM_UP; i++)
        sampler_take(sampler, &ticker.config, false);
    return measure("tick without a walk", take_sample, &ticker, rounds);
}

static int list(void *context) {
    char reason[SOURCE_REASON_SIZE];
    struct figure listening;

    return socket_sampler_list(context, &listening, reason);
}

/* A list that was made by a dump all the same does not count. */
static int iterate(void *context) {
    int result = list(context);

    return result == 0 && !socket_sampler_queues(context)->exact ? -EAGAIN : result;
}

static int walk(void *context) {
    static struct config config;
    char reason[SOURCE_REASON_SIZE];

    if (config.interval_usec == 0)
        config_defaults(&config);
    return socket_sampler_walk(context, &config, SYNACK_RETRIES, reason);
}

/* The walk needs to know the listeners, and the first of each finds its tables' pages untouched. */
static int measure_sockets(const char *name, const char *queues_path, measured once, unsigned int rounds) {
    struct socket_sampler *sockets = socket_sampler_new(queues_path);

    if (!sockets)
        return -errno;
    int result = list(sockets);
    if (result == 0)
        result = once(sockets);
    if (result == 0)
        result = measure(name, once, sockets, rounds);
    socket_sampler_free(sockets);
    return result;
}

/* One way a process: measure() is used once. */
int bench_dump(int argc, char **argv) {
    return measure_sockets("listener queues, LISTEN dump", NULL, list,
                           bench_number(argc, argv, 1, ROUNDS_MAX));
}

int bench_iterator(int argc, char **argv) {
    return measure_sockets("listener queues, BPF iterator", LISTENER_QUEUES_PATH, iterate,
                           bench_number(argc, argv, 1, ROUNDS_MAX));
}

int bench_walk(int argc, char **argv) {
    return measure_sockets("walk", NULL, walk, bench_number(argc, argv, 1, ROUNDS_MAX));
}

static int read_whole(const char *path) {
    static char buffer[1 << 16];
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    do
        got = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);
    while (got > 0);
    return got < 0 ? -errno : 0;
}

static int read_proc(void *context) {
    (void)context;
    int result = read_whole("/proc/net/tcp");
    if (result == 0)
        result = read_whole("/proc/net/tcp6");
    return result == -ENOENT ? 0 : result; /* a kernel without IPv6 */
}

int bench_proc(int argc, char **argv) {
    return measure("reading /proc/net/tcp, tcp6", read_proc, NULL, bench_number(argc, argv, 1, ROUNDS_MAX));
}
