/* SPDX-License-Identifier: MIT */
/*
 * What synwaitd costs beside the usual ways to look at TCP states, on the same sockets, in CPU time. The
 * namespace already holds the sockets; tests/bench/run makes them.
 *   bench ticks     a tick without a walk, one with a walk, `ss -Htan`, reading /proc/net/tcp
 *   bench owners    a walk that counts peers and owners of CLOSE-WAIT, naming them, `ss -Htanp`,
 * /proc/net/tcp bench memory    peak memory of the same walk and naming, in kB, and nothing else
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
#include "owners.h"
#include "proc_files.h"
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

/* @param context arguments of the command, which is looked for in PATH */
static uint64_t run_command(void *context) {
    struct rusage before, after;
    char **argv = context;
    int status;

    getrusage(RUSAGE_CHILDREN, &before);
    pid_t pid = fork();
    if (pid == 0) {
        CLEANUP_FD int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDOUT_FILENO);
        execvp(argv[0], argv);
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
        printf("%-34s failed\n", name);
    else
        printf("%-34s %9.3f ms %9.2f\n", name, (double)usec / 1000, (double)usec / (double)walk_usec);
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

static void bench_ticks(struct ticker *ticker, const struct sample *sample) {
    char *ss[] = {"ss", "-Htan", NULL};

    printf("%" PRIu64 " ESTABLISHED sockets, median of %d\n", figure_or(sample->state[STATE_ESTABLISHED], 0),
           ROUNDS);
    uint64_t walk = measure_ticks(ticker, PERMYRIAD, ROUNDS);
    uint64_t plain = measure_ticks(ticker, 0, 0);
    if (walk == 0)
        walk = 1;
    printf("%-34s %12s %9s\n", "", "CPU time", "ratio");
    print_row("tick without a walk", plain, walk);
    print_row("tick with a walk", walk, walk);
    print_row("ss -Htan", median(run_command, ss), walk);
    print_row("reading /proc/net/tcp", median(read_proc, NULL), walk);
}

/* What is asked once the sockets are counted. */
struct naming {
    const struct share_tables *tables;
    bool processes; /* with the process that holds one of the sockets, which root alone may look for */
    struct finding finding;
};

/* Shares of the whole host and the names of their owners, none of which is known yet: one tick's part. */
static uint64_t name_owners(void *context) {
    struct naming *naming = context;
    struct finding *finding = &naming->finding;
    uint64_t begin = thread_usec();
    struct owners *owners = owners_new("/proc", "/sys/fs/cgroup");

    if (!owners)
        return UINT64_MAX;
    *finding = (struct finding){0};
    shares_find(naming->tables, STATE_CLOSE_WAIT, 0, &finding->shares);
    finding->owner = finding->shares.holder[0];
    if (!naming->processes)
        finding->owner.inode = 0;
    owners_name(owners, USEC_PER_SEC, finding);
    owners_free(owners);
    return thread_usec() - begin;
}

static void print_owners(const struct finding *finding) {
    const struct shares *shares = &finding->shares;

    for (size_t i = 0; i < shares->holder_count; i++)
        printf("%s%s %" PRIu32, i > 0 ? ", " : "owners: ",
               finding->holder_unit[i][0] != '\0' ? finding->holder_unit[i] : "(unknown)",
               shares->holder[i].sockets);
    printf("; counts of peers are too high by at most %" PRIu32 "\n",
           shares->address_count > 0 ? shares->address[0].error : 0);
}

/* @return 0 if it cannot be read */
static unsigned long peak_memory_kb(void) {
    char text[4096];
    const char *line =
        read_file_at(AT_FDCWD, "/proc/self/status", text, sizeof text) > 0 ? strstr(text, "VmHWM:") : NULL;

    return line ? strtoul(line + strlen("VmHWM:"), NULL, 10) : 0;
}

static void bench_owners(struct ticker *ticker, const struct sample *sample, bool memory_only) {
    char *ss[] = {"ss", "-Htanp", "state", "close-wait", NULL};
    struct naming naming = {.tables = sample->shares};
    uint64_t sockets = figure_or(sample->state[STATE_CLOSE_WAIT], 0);
    uint64_t walk = measure_ticks(ticker, PERMYRIAD, ROUNDS);
    uint64_t units = median(name_owners, &naming);
    naming.processes = true;
    uint64_t processes = median(name_owners, &naming);

    if (memory_only) {
        printf("%lu\n", peak_memory_kb());
        return;
    }
    printf("%" PRIu64 " CLOSE-WAIT sockets, median of %d, peak memory %lu kB\n", sockets, ROUNDS,
           peak_memory_kb());
    print_owners(&naming.finding);
    if (walk == 0)
        walk = 1;
    printf("%-34s %12s %9s\n", "", "CPU time", "ratio");
    print_row("tick with a walk and attribution", walk, walk);
    printf("%-34s %9.0f ns\n", "  of that per socket",
           sockets > 0 ? (double)walk * 1000 / (double)sockets : 0);
    print_row("shares and names of units", units, walk);
    print_row("the same and a step to the process", processes, walk);
    print_row("ss -Htanp state close-wait, once", run_command(ss), walk); /* takes a minute */
    print_row("reading /proc/net/tcp", median(read_proc, NULL), walk);
}

int main(int argc, char **argv) {
    static struct ticker ticker;
    const char *what = argc == 2 ? argv[1] : "";

    config_defaults(&ticker.config);
    ticker.config.rule[CONDITION_PORTS].enabled = false; /* its count is not part of every tick */
    ticker.sampler = sampler_new("/proc", NULL);
    if (!ticker.sampler)
        return EXIT_FAILURE;
    const struct sample *sample = sampler_take(ticker.sampler, &ticker.config, false);
    if (strcmp(what, "ticks") == 0)
        bench_ticks(&ticker, sample);
    else
        bench_owners(&ticker, sample, strcmp(what, "memory") == 0);
    sampler_free(ticker.sampler);
    return EXIT_SUCCESS;
}
