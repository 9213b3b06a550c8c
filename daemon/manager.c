/* SPDX-License-Identifier: MIT */
#include "manager.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <syslog.h>
#include <systemd/sd-id128.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "history.h"
#include "listener_queues.h"
#include "log.h"
#include "netns.h"
#include "notify.h"
#include "owners.h"
#include "page.h"
#include "pipeline.h"
#include "record.h"
#include "resident.h"
#include "sampler.h"
#include "state_file.h"
#include "sysctl_files.h"
#include "util.h"
#include "view.h"

#define CONFIRM_DIVISOR 4 /* a second look comes after a quarter of the interval */
#define SLACK_DIVISOR   20
#define OVERLOOKED_USEC (600 * USEC_PER_SEC)
/* How long a tick waits for the journal's thread to send its alerts, and the end for all that are left. */
#define SETTLE_USEC      (50 * USEC_PER_MSEC)
#define LAST_SETTLE_USEC (2 * USEC_PER_SEC)

struct manager {
    struct config *config; /* the caller's */
    const struct manager_options *options;
    sigset_t signals; /* that end or reload it */
    bool ended;
    struct sampler *sampler;
    struct owners *owners;
    const struct sample *sample;
    struct pipeline pipeline;
    struct history history;
    char netns[64];
    char boot_id[SD_ID128_STRING_MAX];
    const char *runtime_directory;          /* for status and metrics; NULL: none */
    struct output_directory view_directory; /* the same */
    const char *state_directory;            /* for incidents; NULL: they are not kept */
    int lock[2];                            /* held on both */
    bool unsaved;                           /* the state file is older than the open incidents */
    bool state_file_failed, view_failed, reload_failed;
    bool queues_told, queues_work;
    uint64_t overlooked_usec; /* when it was last told that there is no room for more problems */
    uint64_t due_usec;        /* of the next regular tick */
    uint64_t wake_usec;       /* of the next tick, regular or not */
    uint64_t ticks, missed_ticks;
    uint64_t start_realtime_usec;
    struct notifier notifier;
};

/* A directory that systemd made for us; without systemd there is none, and nothing is kept or shown. */
static const char *given_directory(const char *variable) {
    const char *list = getenv(variable);

    return list && list[0] == '/' ? strndup(list, strcspn(list, ":")) : NULL; /* the first; kept to the end */
}

/* Two would write over each other's files and take over each other's incidents. A directory that cannot be
   opened is no reason to refuse: that is said when it is written to. */
static int lock_directories(struct manager *manager) {
    const char *const path[] = {manager->state_directory, manager->runtime_directory};
    const char *locked = "";
    int result = 0;

    for (size_t i = 0; i < ARRAY_SIZE(path); i++) {
        manager->lock[i] = -1;
        if (!path[i] || strcmp(path[i], locked) == 0)
            continue;
        locked = path[i];
        manager->lock[i] = open(path[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (manager->lock[i] < 0 || flock(manager->lock[i], LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            continue;
        report_log(LOG_ERR, "%s: another synwaitd uses it", path[i]);
        result = -EBUSY;
    }
    return result;
}

/* Files of a switched-off output must not be taken for fresh ones. */
static void remove_stale_views(const struct manager *manager) {
    char path[PATH_MAX];

    if (!manager->runtime_directory)
        return;
    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, manager->runtime_directory);
    if (!manager->config->status)
        unlink(path);
    snprintf(path, sizeof path, "%s/" METRICS_FILE_NAME, manager->runtime_directory);
    if (!manager->config->metrics)
        unlink(path);
}

/* Neither once an alert could not be written, nor before the journal has it: the next start, be it after a
   SIGKILL, must not take it for told. */
static void save_incidents(struct manager *manager, uint64_t patience_usec) {
    if (!manager->state_directory || report_failed())
        return;
    manager->unsaved = true;
    if (!report_settle(patience_usec))
        return;
    int result = state_file_save(manager->state_directory, manager->boot_id, &manager->pipeline.incidents);
    if (result < 0 && !manager->state_file_failed)
        report_log(LOG_WARNING, "%s/" STATE_FILE_NAME ": %s: open incidents would not outlive a restart",
                   manager->state_directory, strerror(-result));
    else if (result == 0 && manager->state_file_failed)
        report_log(LOG_INFO, "%s/" STATE_FILE_NAME ": written again", manager->state_directory);
    manager->unsaved = manager->state_file_failed = result < 0;
}

static void resume_incidents(struct manager *manager) {
    uint64_t now = now_monotonic_usec();

    if (!manager->state_directory)
        return;
    int count =
        state_file_load(manager->state_directory, manager->boot_id, now, &manager->pipeline.incidents);
    if (count < 0)
        report_log(LOG_WARNING, "%s/" STATE_FILE_NAME ": %s: open incidents are forgotten",
                   manager->state_directory, strerror(-count));
    pipeline_resume(&manager->pipeline, manager->config, now);
    if (count > 0)
        report_log(LOG_INFO, "%d open incident%s taken over", count, count == 1 ? "" : "s");
}

/* The files of sysctl.d are about the host's own settings, not those of another namespace. */
static struct record *make_record(const struct manager *manager, const struct alert *alert) {
    struct provenance provenance;

    if (strcmp(manager->netns, "host") != 0)
        return record_from_alert(alert, manager->netns);
    provenance_find("", &alert->finding, &provenance);
    return record_with_files(alert, manager->netns, &provenance);
}

static void send_alerts(struct manager *manager, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (report_alert(make_record(manager, &manager->pipeline.alert[i])) < 0)
            incident_untell(&manager->pipeline.incidents, &manager->pipeline.alert[i]);
    if (count > 0 || manager->unsaved)
        save_incidents(manager, manager->unsaved ? 0 : SETTLE_USEC);
}

static void add_state(struct text *text, const struct sample *sample, enum tcp_state state) {
    text_add(text, ", %s ", tcp_state_name(state));
    if (figure_known(sample->state[state]))
        text_add(text, "%" PRIu64, sample->state[state].value);
    else
        text_add(text, "unknown");
}

/* What an admin would take for present counts is not. */
static void add_overdue(struct text *text, const struct manager *manager) {
    struct figure age = view_age_usec(manager->sample, manager->sample->walked_usec);

    if (!sampler_info(manager->sampler)->walk_overdue)
        return;
    if (figure_known(age))
        text_add(text, "; counts are %" PRIu64 " s old: sampling.cpu-budget", age.value / USEC_PER_SEC);
    else
        text_add(text, "; not counted yet: sampling.cpu-budget");
}

/* A sample in which nothing could be read is no proof of life: a fresh start may see again. */
static bool can_see(const struct sample *sample) {
    for (int i = 0; i < SOURCE_COUNT; i++)
        if (sample->source[i].failed_ticks == 0 && i != SOURCE_DESTINATIONS)
            return true;
    return false;
}

/* systemd's status line, and the watchdog's proof that a sample was taken and judged. */
static void notify(struct manager *manager, bool changed) {
    const struct sample *sample = manager->sample;

    if (!changed && !notify_status_is_due(&manager->notifier, sample->taken_usec))
        return;
    char buffer[256];
    struct text text = text_in(buffer, sizeof buffer);
    size_t open = pipeline_open_incidents(&manager->pipeline);
    text_add(&text, "%zu open incident%s", open, open == 1 ? "" : "s");
    add_state(&text, sample, STATE_ESTABLISHED);
    add_state(&text, sample, STATE_SYN_RECV);
    add_state(&text, sample, STATE_CLOSE_WAIT);
    add_state(&text, sample, STATE_TIME_WAIT);
    add_overdue(&text, manager);
    notify_status(&manager->notifier, can_see(sample), text.buffer, sample->taken_usec);
}

static uint64_t usec_of(struct timeval time) {
    return (uint64_t)time.tv_sec * USEC_PER_SEC + (uint64_t)time.tv_usec;
}

/* The files that others read. A failure is told once, and once more when it is over. */
static void publish(struct manager *manager) {
    if (!manager->runtime_directory)
        return;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used); /* cannot fail */
    struct view view = {
        .sample = manager->sample,
        .incidents = &manager->pipeline.incidents,
        .sampler = sampler_info(manager->sampler),
        .history = &manager->history,
        .netns = manager->netns,
        .interval_usec = manager->config->interval_usec,
        .realtime_usec = clock_usec(CLOCK_REALTIME),
        .start_realtime_usec = manager->start_realtime_usec,
        .cpu_usec = usec_of(used.ru_utime) + usec_of(used.ru_stime),
        .resident_max_bytes = (uint64_t)used.ru_maxrss * 1024,
        .configuration_valid = !manager->reload_failed,
        .ticks = manager->ticks,
        .missed_ticks = manager->missed_ticks,
        .alerts_dropped = report_dropped(),
    };
    int result = 0;

    if (manager->config->status) {
        history_add(&manager->history, manager->sample, manager->config->interval_usec);
        result = status_write(&manager->view_directory, &view);
    }
    if (manager->config->metrics && result == 0)
        result = metrics_write(&manager->view_directory, &view);
    if (result < 0 && !manager->view_failed)
        report_log(LOG_WARNING, "%s: status and metrics are not written: %s", manager->runtime_directory,
                   strerror(-result));
    else if (result == 0 && manager->view_failed)
        report_log(LOG_INFO, "%s: status and metrics are written again", manager->runtime_directory);
    manager->view_failed = result < 0;
}

static void take_sample(struct manager *manager) {
    manager->sample = sampler_take(manager->sampler, manager->config, manager->pipeline.breach_count > 0);
}

/* A problem without an alert must not pass unsaid; nor may the saying become a flood. */
static void tell_overlooked(struct manager *manager) {
    size_t overlooked = pipeline_overlooked(&manager->pipeline);
    uint64_t now = manager->sample->taken_usec;

    if (overlooked == 0 ||
        (manager->overlooked_usec != 0 && now - manager->overlooked_usec < OVERLOOKED_USEC))
        return;
    report_log(LOG_WARNING, "too many problems at once: %zu more are told only when others are over",
               overlooked);
    manager->overlooked_usec = now;
}

static void judge_sample(struct manager *manager) {
    struct pipeline *pipeline = &manager->pipeline;

    pipeline_diagnose(pipeline, manager->config, manager->sample);
    owners_name(manager->owners, manager->sample->taken_usec, pipeline->finding, pipeline->finding_count);
    size_t alerts = pipeline_follow(pipeline, manager->config, manager->sample);
    send_alerts(manager, alerts);
    tell_overlooked(manager);
    publish(manager);
    notify(manager, alerts > 0);
}

/* The next regular tick, unless a rate just went over its threshold and wants a second look sooner. */
static void schedule(struct manager *manager) {
    manager->wake_usec = manager->due_usec;
    if (!threshold_awaits_second_look(&manager->pipeline.tracker))
        return;
    uint64_t soon = now_monotonic_usec() + manager->config->interval_usec / CONFIRM_DIVISOR;
    if (soon < manager->wake_usec)
        manager->wake_usec = soon;
}

/* Told at the start and when it changes: what half-open counts rest on, and why. */
static void tell_queues(struct manager *manager) {
    const struct queue_source *queues = sampler_info(manager->sampler)->queues;

    if (manager->queues_told && manager->queues_work == queues->works)
        return;
    if (queues->works)
        report_log(LOG_INFO, "half-open connections are counted at each tick, by the BPF iterator");
    else
        report_log(LOG_INFO, "half-open connections are counted by the walk alone, see synwaitd-bpf(8): %s",
                   queues->reason);
    manager->queues_told = true;
    manager->queues_work = queues->works;
}

/* On the console the first sample is shown whole. */
static void show_first(const struct manager *manager) {
    if (report_target() != LOG_TARGET_CONSOLE || sampler_info(manager->sampler)->ticks != 1)
        return;
    int result = console_print_states(stdout, manager->sample, manager->config, page_wants_color(stdout));
    if (result < 0)
        report_log(LOG_WARNING, "the table of states is not shown: %s", strerror(-result));
}

/* Lets the kernel put the tick together with what else wakes the machine. */
static void allow_slack(const struct manager *manager) {
    prctl(PR_SET_TIMERSLACK, manager->config->interval_usec * 1000 / SLACK_DIVISOR);
}

static int tick(struct manager *manager) {
    uint64_t interval = manager->config->interval_usec;

    take_sample(manager);
    tell_queues(manager);
    show_first(manager);
    judge_sample(manager);
    if (report_failed())
        return -EIO;
    uint64_t now = now_monotonic_usec();
    if (now >= manager->due_usec) {
        uint64_t missed = (now - manager->due_usec) / interval;
        manager->ticks++;
        manager->missed_ticks += missed;
        manager->due_usec += (missed + 1) * interval;
    }
    manager->ended = manager->options->ticks > 0 && manager->ticks >= manager->options->ticks;
    schedule(manager);
    return 0;
}

static void reload(struct manager *manager) {
    char error[CONFIG_ERROR_SIZE];

    notify_reloading(&manager->notifier, now_monotonic_usec());
    manager->reload_failed = config_load(manager->config, manager->options->config_file, "", error) < 0;
    if (manager->reload_failed) {
        report_log(LOG_ERR, "reload failed, the running configuration stays: %s", error);
    } else {
        /* Never later than it was: reloads in a row must not put off sampling. */
        uint64_t next = now_monotonic_usec() + manager->config->interval_usec;
        manager->due_usec = next < manager->due_usec ? next : manager->due_usec;
        allow_slack(manager);
        notify_fit_watchdog(&manager->notifier, manager->config->interval_usec);
        remove_stale_views(manager);
        output_directory_close(&manager->view_directory); /* another may stand at its path by now */
        report_log(LOG_INFO, "configuration reloaded");
    }
    notify_ready(&manager->notifier);
    resident_give_back();
    schedule(manager);
}

static int block_signals(struct manager *manager) {
    sigemptyset(&manager->signals);
    sigaddset(&manager->signals, SIGTERM);
    sigaddset(&manager->signals, SIGINT);
    sigaddset(&manager->signals, SIGHUP);
    return sigprocmask(SIG_BLOCK, &manager->signals, NULL) < 0 ? -errno : 0;
}

/* The kernel hands out the lowest number first: a storm of SIGHUP would keep the others waiting for ever. */
static int end_before_reload(int number) {
    sigset_t pending;

    if (number != SIGHUP || sigpending(&pending) < 0)
        return number;
    return sigismember(&pending, SIGTERM) ? SIGTERM : sigismember(&pending, SIGINT) ? SIGINT : number;
}

/* One system call: a timer of its own and a descriptor for signals would take a setting, a wait and a read.
   @return the signal, 0 when it is @p now_usec's time or for no reason, or -errno */
static int wait_for_signal(const struct manager *manager, uint64_t now_usec) {
    uint64_t left = manager->wake_usec - now_usec;
    struct timespec timeout = {.tv_sec = (time_t)(left / USEC_PER_SEC),
                               .tv_nsec = (long)(left % USEC_PER_SEC) * 1000};
    int number = sigtimedwait(&manager->signals, NULL, &timeout);

    if (number > 0)
        return end_before_reload(number);
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static void handle(struct manager *manager, int number) {
    if (number == SIGHUP) {
        reload(manager);
        return;
    }
    report_log(LOG_INFO, "stopping on signal %d", number);
    manager->ended = true;
}

/* A tick that is due comes before a signal, so that reloads in a row do not put off sampling. */
static int loop(struct manager *manager) {
    int result = 0;

    while (result >= 0 && !manager->ended) {
        uint64_t now = now_monotonic_usec();
        if (now >= manager->wake_usec)
            result = tick(manager);
        else if ((result = wait_for_signal(manager, now)) > 0)
            handle(manager, result);
    }
    return result;
}

static void greet(const struct manager *manager) {
    const struct sampler_info *info = sampler_info(manager->sampler);

    report_log(LOG_INFO,
               "version " SYNWAITD_VERSION " on kernel %u.%u, network namespace %s, sock_diag: %s, IPv6 %s, "
               "interval %" PRIu64 " ms",
               info->kernel.major, info->kernel.minor, manager->netns,
               info->one_pass ? "one pass for both families" : "one pass per family",
               info->ipv6 ? "on" : "off", manager->config->interval_usec / USEC_PER_MSEC);
}

static int start(struct manager *manager) {
    char queues[PATH_MAX];
    sd_id128_t id = SD_ID128_NULL;

    manager->start_realtime_usec = clock_usec(CLOCK_REALTIME);
    netns_name(manager->netns, sizeof manager->netns);
    manager->runtime_directory = given_directory("RUNTIME_DIRECTORY");
    manager->view_directory = output_directory_at(manager->runtime_directory);
    /* With DynamicUser= a preserved runtime directory is hidden in /run/private, so that nobody could read
       the status file: what outlives a restart goes to the state directory. */
    manager->state_directory = given_directory("STATE_DIRECTORY");
    if (!manager->state_directory)
        manager->state_directory = manager->runtime_directory;
    int result = lock_directories(manager);
    if (result < 0)
        return result;
    result = sd_id128_get_boot(&id);
    if (result < 0) {
        /* It tells whether what was kept is of this boot; nothing else needs it. */
        report_log(LOG_WARNING, "the id of this boot: %s: open incidents will not outlive a restart",
                   strerror(-result));
        manager->state_directory = NULL;
    }
    sd_id128_to_string(id, manager->boot_id);
    result = sd_id128_randomize(&id);
    if (result < 0)
        return result;
    memcpy(&manager->pipeline.incidents.next_id, id.bytes, sizeof manager->pipeline.incidents.next_id);
    manager->sampler = sampler_new("/proc", listener_queues_find(manager->runtime_directory, queues));
    if (!manager->sampler)
        return -errno;
    manager->owners = owners_new("/proc", "/sys/fs/cgroup");
    if (!manager->owners)
        return -errno;
    result = block_signals(manager);
    if (result < 0)
        return result;
    manager->due_usec = now_monotonic_usec() + manager->config->interval_usec;
    allow_slack(manager);
    notify_fit_watchdog(&manager->notifier, manager->config->interval_usec);
    remove_stale_views(manager);
    resume_incidents(manager);
    greet(manager);
    /* The first sample comes at once (wake_usec is 0), but not before we are ready: with a million sockets
       its walk takes a while. */
    notify_ready(&manager->notifier);
    resident_give_back();
    return 0;
}

static void stop(struct manager *manager) {
    notify_stopping(&manager->notifier);
    report_settle(LAST_SETTLE_USEC);
    if (manager->sample) /* otherwise those of the previous life have not been taken over */
        save_incidents(manager, 0);
    sampler_free(manager->sampler);
    owners_free(manager->owners);
    output_directory_close(&manager->view_directory);
    cleanup_fd(&manager->lock[0]);
    cleanup_fd(&manager->lock[1]);
}

int manager_run(struct config *config, const struct manager_options *options) {
    static struct manager manager; /* large, and there is one */

    manager.config = config;
    manager.options = options;
    int result = start(&manager);
    if (result >= 0)
        result = loop(&manager);
    stop(&manager);
    return result < 0 ? result : 0;
}
