/* SPDX-License-Identifier: MIT */
/* The whole daemon: its CPU time and memory over some time, and how soon it is ready. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "child.h"
#include "series.h"
#include "util.h"
#include "view.h"

enum { SETTLE_SECONDS = 4, START_PAUSE_USEC = 200000 };

/* CPU time of the daemon in each of some seconds, looked at halfway between two ticks. @return that of the
   seconds before, in which it starts */
static uint64_t watch(const struct daemon *daemon, unsigned int seconds, struct series *cpu_nsec) {
    uint64_t due_usec = daemon->ready_usec + SETTLE_SECONDS * USEC_PER_SEC + USEC_PER_SEC / 2;

    sleep_until(due_usec);
    uint64_t start = process_nsec(daemon->child.pid), before = start;
    for (unsigned int i = 1; i <= seconds; i++) {
        sleep_until(due_usec + i * USEC_PER_SEC);
        uint64_t now = process_nsec(daemon->child.pid);
        series_add(cpu_nsec, now - before);
        before = now;
        daemon_listen(daemon);
    }
    return start;
}

static json_int_t total(const struct series *series) {
    uint64_t sum = 0;

    for (size_t i = 0; i < series->count; i++)
        sum += series->value[i];
    return (json_int_t)sum;
}

/* The file is the daemon's own proof that it sampled. */
static json_t *read_status(const char *directory) {
    char path[PATH_MAX];
    json_error_t error;

    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, directory);
    return json_load_file(path, 0, &error);
}

/* Whether it was at it all the time. */
static bool has_ticked(json_t *status, size_t seconds) {
    json_int_t ticks = json_integer_value(json_object_get(status, "ticks")) +
                       json_integer_value(json_object_get(status, "missed_ticks"));

    return ticks >= (json_int_t)seconds;
}

/* smaps_rollup is exact, VmRSS is not: proc(5). */
static json_t *describe(const struct daemon *daemon, const char *name, const char *directory,
                        uint64_t start_cpu_nsec, struct series *cpu_nsec) {
    pid_t pid = daemon->child.pid;
    uint64_t rss_kb = process_figure(pid, "smaps_rollup", "Rss");
    json_t *status = rss_kb > 0 ? read_status(directory) : NULL; /* 0: it has ended */

    if (!status || !has_ticked(status, cpu_nsec->count)) {
        json_decref(status);
        return NULL;
    }
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:I, s:o, s:O, s:O, s:O, s:I, s:I, s:I}", "part", "daemon", "name", name,
                  "start_cpu_nsec", (json_int_t)start_cpu_nsec, "cpu_nsec_total", total(cpu_nsec),
                  "cpu_nsec_per_sec", series_json(cpu_nsec), "ticks", json_object_get(status, "ticks"),
                  "missed_ticks", json_object_get(status, "missed_ticks"), "walk_age_usec",
                  json_object_get(json_object_get(status, "walk"), "age_usec"), "rss_kb", (json_int_t)rss_kb,
                  "anonymous_kb", (json_int_t)process_figure(pid, "smaps_rollup", "Anonymous"), "peak_kb",
                  (json_int_t)process_figure(pid, "status", "VmHWM"));
    json_decref(status);
    return object;
}

int bench_daemon(int argc, char **argv) {
    static struct series cpu_nsec;
    unsigned int seconds = bench_number(argc, argv, 1, ROUNDS_MAX);
    const char *directory = bench_argument(argc, argv, 2), *name = bench_argument(argc, argv, 3);
    const struct daemon_options options = {.program = bench_argument(argc, argv, 4),
                                           .config = bench_argument(argc, argv, 5),
                                           .runtime_directory = directory};
    struct daemon daemon;
    int result = daemon_start(&daemon, &options);

    if (result < 0)
        return result;
    uint64_t start_cpu_nsec = watch(&daemon, seconds, &cpu_nsec);
    result = print_json(describe(&daemon, name, directory, start_cpu_nsec, &cpu_nsec));
    daemon_stop(&daemon);
    return result;
}

int bench_ready(int argc, char **argv) {
    static struct series nsec;
    unsigned int starts = bench_number(argc, argv, 1, ROUNDS_MAX);
    const struct daemon_options options = {.program = bench_argument(argc, argv, 2), .config = "/dev/null"};
    struct daemon daemon;

    for (unsigned int i = 0; i < starts; i++) {
        int result = daemon_start(&daemon, &options);
        if (result < 0)
            return result;
        series_add(&nsec, (daemon.ready_usec - daemon.start_usec) * 1000);
        daemon_stop(&daemon);
        sleep_until(now_monotonic_usec() + START_PAUSE_USEC);
    }
    return print_json(json_pack("{s:s, s:o}", "part", "ready", "wall_nsec", series_json(&nsec)));
}
