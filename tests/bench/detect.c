/* SPDX-License-Identifier: MIT */
/* How long after the first SYN of a flood the alert comes. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "child.h"
#include "series.h"
#include "util.h"

enum {
    FLOODERS_MAX = 16,
    RUNS_MAX = 1000,
    RATE_MAX = 1000000,
    ALERT_SECONDS = 30,
    TICKS_BEFORE_USEC = 2200000, /* two ticks, and some time for them */
    PAUSE_USEC = 300000,
};

struct detection {
    unsigned int runs, flooders;
    char *rate;
    struct daemon_options daemon;
    char *tcpload;
    struct series latency_nsec;
    struct series busy_permyriad; /* of all cores, from the first SYN to the alert */
};

/* Counted in ticks of the clock by the kernel: what all cores did so far. */
struct core_time {
    uint64_t idle, all;
};

static struct core_time core_time(void) {
    struct core_time time = {0};
    CLEANUP_FILE FILE *stream = fopen("/proc/stat", "re");
    char line[256];

    if (!stream || !fgets(line, sizeof line, stream))
        return time;
    char *rest = line + strcspn(line, " ");
    for (int field = 0; field < 8; field++) { /* user nice system idle iowait irq softirq steal */
        uint64_t value = strtoull(rest, &rest, 10);
        time.all += value;
        if (field == 3 || field == 4)
            time.idle += value;
    }
    return time;
}

static int start_flooder(const struct detection *detection, unsigned int n, struct child *child,
                         uint64_t *first_syn_usec) {
    char base[32];
    char *argv[] = {detection->tcpload,
                    "flood",
                    "--source-base",
                    base,
                    "--sources",
                    "60000",
                    "--addr",
                    "198.18.0.1",
                    "--port",
                    "80",
                    "--rate",
                    detection->rate,
                    "--count",
                    "50000000",
                    NULL};
    uint64_t ready_usec;

    snprintf(base, sizeof base, "100.%u.0.1", 64 + n);
    int result = load_start(child, argv, &ready_usec);
    if (result == 0 && ready_usec < *first_syn_usec)
        *first_syn_usec = ready_usec;
    return result;
}

/* @return whether the line is the alert; it may tell of other things first. */
static bool is_raised_flood(const char *line) {
    json_t *alert = json_loads(line, 0, NULL);
    const char *problem = json_string_value(json_object_get(alert, "SYNWAITD_PROBLEM"));
    const char *event = json_string_value(json_object_get(alert, "SYNWAITD_EVENT"));
    bool found = problem && event && strcmp(problem, "syn-flood") == 0 && strcmp(event, "raised") == 0;

    json_decref(alert);
    return found;
}

/* @return 0 or -errno; @p usec receives when the alert had come */
static int wait_alert(const struct daemon *daemon, uint64_t *usec) {
    static struct lines lines;
    uint64_t end_usec = now_monotonic_usec() + ALERT_SECONDS * USEC_PER_SEC;

    lines.fd = daemon->child.output;
    lines.used = lines.taken = 0;
    for (;;) {
        const char *line = lines_next(&lines, end_usec);
        *usec = now_monotonic_usec();
        if (!line)
            return -errno;
        if (is_raised_flood(line))
            return 0;
    }
}

static int flood(struct detection *detection, const struct daemon *daemon) {
    struct child flooder[FLOODERS_MAX] = {0};
    uint64_t first_syn_usec = UINT64_MAX, alert_usec = 0;
    struct core_time before = core_time();
    unsigned int started = 0;
    int result = 0;

    while (result == 0 && started < detection->flooders) {
        result = start_flooder(detection, started, &flooder[started], &first_syn_usec);
        started += result == 0;
    }
    if (result == 0)
        result = wait_alert(daemon, &alert_usec);
    struct core_time after = core_time();
    for (unsigned int i = 0; i < started; i++)
        child_stop(&flooder[i], SIGKILL);
    if (result < 0)
        return result;
    series_add(&detection->latency_nsec, (alert_usec - first_syn_usec) * 1000);
    if (after.all > before.all)
        series_add(&detection->busy_permyriad,
                   PERMYRIAD - (after.idle - before.idle) * PERMYRIAD / (after.all - before.all));
    return 0;
}

/* A fresh listener and a fresh daemon, so that no run sees anything of the one before. The floods begin all
   over the second between two ticks: in each run at a random place of its own part of it. */
static int run_once(struct detection *detection, unsigned int n) {
    char *listen[] = {detection->tcpload, "listen", "--addr",   "198.18.0.1", "--port", "80",
                      "--backlog",        "1024",   "--accept", "none",       NULL};
    uint64_t part_usec = USEC_PER_SEC / detection->runs, ready_usec;
    struct child listener;
    struct daemon daemon;
    int result = load_start(&listener, listen, &ready_usec);

    if (result < 0)
        return result;
    result = daemon_start(&daemon, &detection->daemon);
    if (result == 0) {
        sleep_until(daemon.ready_usec + TICKS_BEFORE_USEC + n * part_usec + random_seed() % part_usec);
        result = flood(detection, &daemon);
        daemon_stop(&daemon);
    }
    child_stop(&listener, SIGKILL);
    sleep_until(now_monotonic_usec() + PAUSE_USEC);
    return result;
}

int bench_detect(int argc, char **argv) {
    static struct detection detection;
    const char *name = bench_argument(argc, argv, 4);
    int result = 0;

    detection.runs = bench_number(argc, argv, 1, RUNS_MAX);
    detection.flooders = bench_number(argc, argv, 2, FLOODERS_MAX);
    detection.rate = bench_argument(argc, argv, 3);
    detection.daemon = (struct daemon_options){
        .program = bench_argument(argc, argv, 5), .config = "/dev/null", .piped = true};
    detection.tcpload = bench_argument(argc, argv, 6);
    bench_number(argc, argv, 3, RATE_MAX);
    for (unsigned int i = 0; i < detection.runs && result == 0; i++)
        result = run_once(&detection, i);
    if (result < 0)
        return result;
    return print_json(json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "part", "detection", "name", name,
                                "flooders", (json_int_t)detection.flooders, "rate_each",
                                (json_int_t)bench_number(argc, argv, 3, RATE_MAX), "wall_nsec",
                                series_json(&detection.latency_nsec), "busy_permyriad",
                                series_json(&detection.busy_permyriad)));
}
