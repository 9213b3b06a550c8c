/* SPDX-License-Identifier: MIT */
/*
 * What a tick of synwaitd costs beside the usual ways to count TCP states, on the same sockets: CPU time of a
 * tick without a walk, of a walk, of `ss -Htan` and of reading /proc/net/tcp. The namespace already holds the
 * sockets; tests/bench/run makes them.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "sampler.h"
#include "util.h"

enum { ROUNDS = 9 };

/* One round of something; @return its CPU time in microseconds, UINT64_MAX on failure. */
typedef uint64_t (*measure)(void *context);

static uint64_t timeval_usec(struct timeval time) {
    return (uint64_t)time.tv_sec * USEC_PER_SEC + (uint64_t)time.tv_usec;
}

static uint64_t thread_usec(void) {
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static int by_value(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static uint64_t median(measure once, void *context) {
    uint64_t usec[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        usec[i] = once(context);
        if (usec[i] == UINT64_MAX)
            return UINT64_MAX;
    }
    qsort(usec, ROUNDS, sizeof usec[0], by_value);
    return usec[ROUNDS / 2];
}

/* A sampler, and the configuration that decides whether its ticks walk. */
struct ticker {
    struct sampler *sampler;
    struct config config;
};

static uint64_t tick(void *context) {
    struct ticker *ticker = context;
    uint64_t begin = thread_usec();

    sampler_take(ticker->sampler, &ticker->config, false);
    return thread_usec() - begin;
}

static uint64_t run_ss(void *context) {
    struct rusage before, after;
    int status;

    (void)context;
    getrusage(RUSAGE_CHILDREN, &before);
    pid_t pid = fork();
    if (pid == 0) {
        CLEANUP_FD int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDOUT_FILENO);
        execlp("ss", "ss", "-Htan", (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return UINT64_MAX;
    getrusage(RUSAGE_CHILDREN, &after);
    return timeval_usec(after.ru_utime) + timeval_usec(after.ru_stime) - timeval_usec(before.ru_utime) -
           timeval_usec(before.ru_stime);
}

static uint64_t read_proc(void *context) {
    static char buffer[1 << 16];
    uint64_t begin = thread_usec();
    CLEANUP_FD int fd = open("/proc/net/tcp", O_RDONLY | O_CLOEXEC);
    ssize_t got;

    (void)context;
    do
        got = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);
    while (got > 0);
    return got < 0 ? UINT64_MAX : thread_usec() - begin;
}

static void print_row(const char *name, uint64_t usec, uint64_t walk_usec) {
    if (usec == UINT64_MAX)
        printf("%-24s failed\n", name);
    else
        printf("%-24s %9.3f ms %9.2f\n", name, (double)usec / 1000, (double)usec / (double)walk_usec);
}

/* Median CPU time of a tick, and whether the walks were as many as expected. */
static uint64_t measure_ticks(struct ticker *ticker, uint32_t budget_permyriad, uint64_t walks) {
    uint64_t before = sampler_info(ticker->sampler)->walks;

    ticker->config.cpu_budget_permyriad = budget_permyriad;
    ticker->config.walk_max_age_usec = 1;
    uint64_t usec = median(tick, ticker);
    if (sampler_info(ticker->sampler)->walks != before + walks)
        fprintf(stderr, "bench: not %" PRIu64 " walks\n", walks);
    return usec;
}

int main(void) {
    static struct ticker ticker;

    config_defaults(&ticker.config);
    ticker.config.rule[CONDITION_PORTS].enabled = false; /* its count is not part of every tick */
    ticker.sampler = sampler_new("/proc");
    if (!ticker.sampler)
        return EXIT_FAILURE;
    const struct sample *sample = sampler_take(ticker.sampler, &ticker.config, false);
    printf("%" PRIu64 " ESTABLISHED sockets, median of %d\n", figure_or(sample->state[STATE_ESTABLISHED], 0),
           ROUNDS);
    uint64_t walk = measure_ticks(&ticker, PERMYRIAD, ROUNDS);
    uint64_t plain = measure_ticks(&ticker, 0, 0);
    if (walk == 0)
        walk = 1;
    printf("%-24s %12s %9s\n", "", "CPU time", "ratio");
    print_row("tick without a walk", plain, walk);
    print_row("tick with a walk", walk, walk);
    print_row("ss -Htan", median(run_ss, NULL), walk);
    print_row("reading /proc/net/tcp", median(read_proc, NULL), walk);
    sampler_free(ticker.sampler);
    return EXIT_SUCCESS;
}
