/* SPDX-License-Identifier: MIT */
/*
 * soak [--profile wild|typical] [--seed N] [--days N]: the stages of the daemon from sample to record, driven
 * through simulated days, with what must hold checked at each tick. A violation is told with the seed and
 * the tick, which reproduce it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/random_config.h"
#include "books.h"
#include "host.h"
#include "state_file.h"

#define DAY_USEC           (UINT64_C(86400) * USEC_PER_SEC)
#define HOUR_TICKS         3600
#define STORM_TICKS        40    /* of one sysctl that is switched to and fro */
#define ARMED_TICKS        600   /* before a crash, in which the incidents are saved at each alert, as ever */
#define HEAP_SLACK         65536 /* malloc counts what it keeps at hand for the next call as in use */
#define RSS_SLACK_KB       256   /* of pages that are first touched late: the stack's, stdio's */
#define STACK_BYTES        262144
#define BOOT_ID_SIZE       33
#define CONFIG_NAME        "soak.conf"
#define DIRECTORY_TEMPLATE "/tmp/synwaitd-soak-XXXXXX"

struct soak {
    enum profile profile;
    uint64_t first_seed, seed;
    uint64_t days;
    char directory[sizeof DIRECTORY_TEMPLATE], config_path[sizeof DIRECTORY_TEMPLATE + sizeof CONFIG_NAME];
    char boot_id[BOOT_ID_SIZE];
    struct config config;
    struct host host;
    struct pipeline pipeline;
    struct books books;
    uint64_t armed_ticks, storm_ticks;
    uint64_t began_usec;
    uint64_t reloads, restarts, crashes, boots, resets, gaps;
    size_t heap_bytes, rss_kb; /* after the first day */
};

static const char *const profile_name[PROFILE_COUNT] = {
    [PROFILE_WILD] = "wild",
    [PROFILE_TYPICAL] = "typical",
};

static uint64_t past_usec(const struct soak *soak) {
    return soak->host.sample.taken_usec - soak->began_usec;
}

static void clean_up(struct soak *soak) {
    char path[sizeof soak->directory + sizeof STATE_FILE_NAME];

    host_release(&soak->host);
    snprintf(path, sizeof path, "%s/" STATE_FILE_NAME, soak->directory);
    unlink(path);
    unlink(soak->config_path);
    rmdir(soak->directory);
}

static void violate(struct soak *soak, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void violate(struct soak *soak, const char *format, ...) {
    uint64_t day = past_usec(soak) / DAY_USEC;
    va_list args;

    printf("VIOLATION: tick %" PRIu64 ", day %" PRIu64 ": ", soak->books.ticks, day);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\nagain: soak --profile %s --seed %" PRIu64 " --days %" PRIu64 "\n", profile_name[soak->profile],
           soak->first_seed, day + 1);
    clean_up(soak);
    exit(EXIT_FAILURE);
}

/* Through a file, as the daemon's own: it must come back as it was. */
static void reload(struct soak *soak) {
    char error[CONFIG_ERROR_SIZE] = "";
    struct config wanted;

    if (soak->profile == PROFILE_TYPICAL || random_once_in(&soak->seed, 4)) {
        config_defaults(&wanted);
    } else {
        random_config(&soak->seed, &wanted);
        wanted.interval_usec = random_in(&soak->seed, 5, 40) * 100 * USEC_PER_MSEC;
        wanted.walk_max_age_usec = 30 * USEC_PER_SEC;
        for (size_t i = 0; i < wanted.port_count && i < LISTENERS; i++)
            wanted.port[i].port = (uint16_t)(FIRST_PORT + i);
        for (size_t i = LISTENERS; i < wanted.port_count; i++)
            wanted.port[i].port = (uint16_t)(20000 + i);
        random_rules(&soak->seed, &wanted, random_once_in(&soak->seed, 8) ? random_rule : random_likely_rule);
    }
    FILE *file = fopen(soak->config_path, "w");
    if (!file || config_dump(&wanted, file) < 0 || fclose(file) == EOF)
        violate(soak, "%s: cannot be written: %s", soak->config_path, strerror(errno));
    int result = config_load(&soak->config, soak->config_path, "", error);
    if (result < 0)
        violate(soak, "a valid configuration is refused: %s", error);
    books_begin(&soak->books);
    soak->reloads++;
}

static void save(struct soak *soak) {
    int result = state_file_save(soak->directory, soak->boot_id, &soak->pipeline.incidents);

    if (result < 0)
        violate(soak, "incidents are not saved: %s", strerror(-result));
}

/* The next life of the daemon: all that it knows is in the file. */
static void start_again(struct soak *soak, uint64_t away_usec) {
    struct pipeline *pipeline = &soak->pipeline;
    uint64_t next_id = soak->books.last_id + 1 + random_next(&soak->seed) % 1000;
    size_t open = pipeline_open_incidents(pipeline);
    char reason[512];
    struct text why = text_in(reason, sizeof reason);

    memset(pipeline, 0, sizeof *pipeline);
    pipeline->incidents.next_id = next_id;
    soak->host.sample.taken_usec += away_usec;
    host_forget(&soak->host);
    int count =
        state_file_load(soak->directory, soak->boot_id, soak->host.sample.taken_usec, &pipeline->incidents);
    if (count < 0 || (size_t)count != open)
        violate(soak, "%zu incidents were open, loaded are %d", open, count);
    pipeline_resume(pipeline, &soak->config, soak->host.sample.taken_usec);
    if (!books_agree(&soak->books, pipeline, &why))
        violate(soak, "after a restart: %s", reason);
    books_take_over(&soak->books);
}

static void restart(struct soak *soak) {
    save(soak);
    start_again(soak, random_in(&soak->seed, 1, 20) * USEC_PER_SEC);
    soak->restarts++;
}

/* What was saved at the last alert is all there is. */
static void crash(struct soak *soak) {
    start_again(soak, random_in(&soak->seed, 1, 5) * USEC_PER_SEC);
    soak->crashes++;
}

/* Of what was open in another boot nothing is known. */
static void boot(struct soak *soak) {
    snprintf(soak->boot_id, sizeof soak->boot_id, "%032" PRIx64, ++soak->boots);
    memset(&soak->pipeline.incidents, 0, sizeof soak->pipeline.incidents);
    books_forget(&soak->books);
    host_reset_counters(&soak->host);
    start_again(soak, 60 * USEC_PER_SEC);
}

static void happen_typical(struct soak *soak) {
    if (random_once_in(&soak->seed, 14 * 24 * HOUR_TICKS))
        restart(soak);
    if (random_once_in(&soak->seed, 7 * 24 * HOUR_TICKS))
        reload(soak);
    if (random_once_in(&soak->seed, 30 * 24 * HOUR_TICKS))
        host_change_knob(&soak->host);
    if (random_once_in(&soak->seed, 90 * 24 * HOUR_TICKS))
        boot(soak);
}

static void happen_wild(struct soak *soak) {
    uint64_t drawn = random_next(&soak->seed) % (4 * HOUR_TICKS);

    if (drawn == 0)
        restart(soak);
    else if (drawn == 1)
        reload(soak);
    else if (drawn == 2 && soak->armed_ticks == 0)
        soak->armed_ticks = ARMED_TICKS;
    else if (drawn == 3)
        soak->storm_ticks = STORM_TICKS;
    else if (drawn == 4)
        host_reset_counters(&soak->host), soak->resets++;
    else if (drawn < 16)
        host_change_knob(&soak->host);
    else if (drawn == 16 && random_once_in(&soak->seed, 20))
        boot(soak);
}

/* What happens between two ticks besides the load. */
static void happen(struct soak *soak) {
    if (soak->profile == PROFILE_TYPICAL) {
        happen_typical(soak);
        return;
    }
    happen_wild(soak);
    if (soak->storm_ticks > 0 && soak->storm_ticks-- > 0)
        soak->host.knob[KNOB_TCP_FIN_TIMEOUT] = FIGURE_OF(soak->storm_ticks % 2 ? 60 : 30);
    if (soak->armed_ticks == ARMED_TICKS)
        save(soak);
    if (soak->armed_ticks > 0 && --soak->armed_ticks == 0)
        crash(soak);
}

/* Regular, or sooner to confirm a rate, or late: ticks are missed, the host stands still, it sleeps. */
static uint64_t until_next_tick(struct soak *soak) {
    uint64_t interval = soak->config.interval_usec;
    uint64_t drawn = random_next(&soak->seed) % 100000;

    if (threshold_awaits_second_look(&soak->pipeline.tracker))
        return interval / 4;
    if (soak->profile == PROFILE_TYPICAL || drawn >= 100)
        return interval;
    soak->gaps++;
    if (drawn == 0)
        return random_in(&soak->seed, 1, 12) * HOUR_TICKS * USEC_PER_SEC;
    return interval * random_in(&soak->seed, 2, 20) + drawn;
}

/* Names as a stranger may choose them, in place of owners_name(). */
static void name_owners(struct soak *soak) {
    static const char *const names[] = {"app.service", "", "\xC3\x28 \x1B[31m\n", "\xF0\x9F\x90\x8C.service"};

    for (size_t i = 0; i < soak->pipeline.finding_count; i++) {
        struct finding *finding = &soak->pipeline.finding[i];
        if (soak->profile == PROFILE_WILD)
            snprintf(finding->unit, sizeof finding->unit, "%s", names[random_next(&soak->seed) % 4]);
        else if (finding->owner.cgroup != 0)
            snprintf(finding->unit, sizeof finding->unit, "service-%" PRIu64 ".service",
                     finding->owner.cgroup);
    }
}

/* The daemon's tick without its I/O: manager.c judge_sample(). */
static void tick(struct soak *soak) {
    struct pipeline *pipeline = &soak->pipeline;
    uint64_t crowded_usec = 0;
    char reason[512];
    struct text why = text_in(reason, sizeof reason);

    const struct sample *sample = host_sample(&soak->host, until_next_tick(soak), pipeline->breach_count > 0);
    pipeline_diagnose(pipeline, &soak->config, sample);
    name_owners(soak);
    size_t alerts = pipeline_follow(pipeline, &soak->config, sample);
    if (!episodes_crowd(&soak->host, &crowded_usec))
        crowded_usec = 0;
    if (!books_tick(&soak->books, &soak->config, sample, pipeline, alerts, crowded_usec, &why))
        violate(soak, "%s", reason);
    if (alerts > 0 && soak->armed_ticks > 0)
        save(soak);
}

/* Without pages of files: the program's own are read in as they are needed. */
static size_t resident_kb(void) {
    char text[256], *rest = text;

    if (read_file_at(AT_FDCWD, "/proc/self/statm", text, sizeof text) < 0)
        return 0;
    strtoul(rest, &rest, 10); /* the whole size */
    unsigned long resident = strtoul(rest, &rest, 10), shared = strtoul(rest, &rest, 10);
    return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* After each day it takes what it took after the first. */
static void check_memory(struct soak *soak) {
    malloc_trim(0); /* as the daemon does after a reload */
    size_t heap = mallinfo2().uordblks, rss = resident_kb();

    if (soak->heap_bytes == 0) {
        soak->heap_bytes = heap;
        soak->rss_kb = rss;
        return;
    }
    if (heap > soak->heap_bytes + HEAP_SLACK || rss > soak->rss_kb + RSS_SLACK_KB)
        violate(soak, "memory grows: heap %zu then %zu bytes, resident %zu then %zu KB", soak->heap_bytes,
                heap, soak->rss_kb, rss);
}

static void run(struct soak *soak) {
    uint64_t day = 1;

    while (day <= soak->days) {
        happen(soak);
        tick(soak);
        if (past_usec(soak) < day * DAY_USEC)
            continue;
        check_memory(soak);
        day = past_usec(soak) / DAY_USEC + 1;
    }
}

/* All pages are touched now: what is used late is no growth. */
static void touch_memory(struct soak *soak) {
    volatile char stack[STACK_BYTES];

    for (size_t i = 0; i < sizeof stack; i++)
        stack[i] = 1;
    memset(&soak->pipeline, 0xFF, sizeof soak->pipeline);
    memset(&soak->pipeline, 0, sizeof soak->pipeline);
}

static int prepare(struct soak *soak) {
    touch_memory(soak);
    strcpy(soak->directory, DIRECTORY_TEMPLATE);
    if (!mkdtemp(soak->directory))
        return -errno;
    snprintf(soak->config_path, sizeof soak->config_path, "%s/" CONFIG_NAME, soak->directory);
    snprintf(soak->boot_id, sizeof soak->boot_id, "%032d", 0);
    soak->seed = soak->first_seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    soak->pipeline.incidents.next_id = 1;
    config_defaults(&soak->config);
    int result = host_init(&soak->host, soak->profile, random_next(&soak->seed));
    soak->began_usec = soak->host.sample.taken_usec;
    return result;
}

static void print_figures(const struct soak *soak) {
    const struct books *books = &soak->books;
    double days = (double)past_usec(soak) / (double)DAY_USEC;

    printf("%s, seed %" PRIu64 ": %.0f days, %" PRIu64 " ticks; %" PRIu64 " reloads, %" PRIu64
           " restarts, %" PRIu64 " crashes, %" PRIu64 " boots, %" PRIu64 " counter resets, %" PRIu64
           " gaps\n",
           profile_name[soak->profile], soak->first_seed, days, books->ticks, soak->reloads, soak->restarts,
           soak->crashes, soak->boots, soak->resets, soak->gaps);
    printf("  %" PRIu64 " incidents, %" PRIu64 " changed, %" PRIu64 " reminders, %" PRIu64
           " cleared, %" PRIu64 " ticks with a full table\n",
           books->by_event[EVENT_RAISED], books->by_event[EVENT_CHANGED], books->by_event[EVENT_REMINDER],
           books->by_event[EVENT_CLEARED], books->crowded_ticks);
    printf("  %" PRIu64 " alerts, %.2f a day; bytes of a record: %.0f on average, %" PRIu64
           " at most; of MESSAGE %" PRIu64 " at most\n",
           books->alerts, (double)books->alerts / days,
           books->alerts ? (double)books->record_bytes / (double)books->alerts : 0, books->record_bytes_max,
           books->message_bytes_max);
    printf("  memory: heap %zu bytes, resident %zu KB\n ", soak->heap_bytes, resident_kb());
    for (int i = 0; i < PROBLEM_COUNT; i++)
        if (books->by_problem[i] > 0)
            printf(" %s %" PRIu64 "/%" PRIu64, problem_info((enum problem)i)->slug,
                   books->raised_by_problem[i], books->by_problem[i]);
    printf(" (incidents/alerts)\n");
}

static bool take_number(const char *text, uint64_t *number) {
    char *end;

    *number = strtoull(text, &end, 10);
    return *end == '\0' && *number > 0;
}

static bool take_options(int argc, char **argv, struct soak *soak) {
    static const struct option options[] = {
        {"profile", required_argument, NULL, 'p'},
        {"seed", required_argument, NULL, 's'},
        {"days", required_argument, NULL, 'd'},
        {0},
    };
    bool right = true;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'p' && strcmp(optarg, profile_name[PROFILE_TYPICAL]) == 0)
            soak->profile = PROFILE_TYPICAL;
        else if (option == 'p')
            right &= strcmp(optarg, profile_name[PROFILE_WILD]) == 0;
        else
            right &= option != '?' && take_number(optarg, option == 's' ? &soak->first_seed : &soak->days);
    }
    return right && optind == argc;
}

int main(int argc, char **argv) {
    static struct soak soak = {.first_seed = 1, .days = 365};

    if (!take_options(argc, argv, &soak)) {
        fprintf(stderr, "usage: soak [--profile wild|typical] [--seed N] [--days N]\n");
        return 2;
    }
    int result = prepare(&soak);
    if (result < 0) {
        fprintf(stderr, "soak: %s\n", strerror(-result));
        return EXIT_FAILURE;
    }
    run(&soak);
    print_figures(&soak);
    clean_up(&soak);
    return EXIT_SUCCESS;
}
