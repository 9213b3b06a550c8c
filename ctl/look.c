/* SPDX-License-Identifier: MIT */
#include "look.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit.h"
#include "ctl.h"
#include "diagnose.h"
#include "listener_queues.h"
#include "netns.h"
#include "owners.h"
#include "util.h"

#define BUDGET_PERMYRIAD 5000 /* half a core for walks, for as long as we look */
#define CONFIRM_DIVISOR  4    /* a second look at a rate comes after a quarter of a second, as the daemon's */

/* What stands in a look for now is told at once. */
static void set_up(struct look *look, const struct config *config) {
    look->config = *config;
    look->config.interval_usec = USEC_PER_SEC;
    look->config.walk_max_age_usec = USEC_PER_SEC;
    look->config.cpu_budget_permyriad = BUDGET_PERMYRIAD;
    look->config.reminder_usec = 0;
    for (int i = 0; i < CONDITION_COUNT; i++) {
        look->config.rule[i].hold_usec = 0;
        for (size_t port = 0; port < look->config.port_count; port++)
            look->config.port[port].rule[i].hold_usec = 0;
    }
}

struct look *look_new(const struct config *config) {
    struct look *look = calloc(1, sizeof *look);
    char queues[PATH_MAX];

    if (!look)
        return NULL;
    set_up(look, config);
    netns_name(look->netns, sizeof look->netns);
    look->sampler = sampler_new("/proc", listener_queues_find(RUNTIME_DIRECTORY, queues));
    look->owners = owners_new("/proc", "/sys/fs/cgroup");
    look->audit = calloc(1, sizeof *look->audit);
    look->incidents = calloc(1, sizeof *look->incidents);
    look->finding = calloc(FINDINGS_MAX, sizeof *look->finding);
    look->alert = calloc(INCIDENTS_MAX + FINDINGS_MAX, sizeof *look->alert);
    if (!look->sampler || !look->owners || !look->audit || !look->incidents || !look->finding ||
        !look->alert) {
        look_free(look);
        errno = ENOMEM;
        return NULL;
    }
    sampler_ask_ages(look->sampler);
    return look;
}

struct look *look_free(struct look *look) {
    if (!look)
        return NULL;
    sampler_free(look->sampler);
    owners_free(look->owners);
    free(look->audit);
    free(look->incidents);
    free(look->finding);
    free(look->alert);
    free(look);
    return NULL;
}

void look_cleanup(struct look **look) {
    *look = look_free(*look);
}

static void take(struct look *look) {
    struct breach breach[BREACHES_MAX];

    look->sample = sampler_take(look->sampler, &look->config, look->breach_count > 0);
    look->breach_count = threshold_evaluate(&look->config, look->sample, &look->tracker, breach);
    look->finding_count = diagnose(look->sample, breach, look->breach_count, look->finding);
}

/* An incident stage that remembers nothing raises all that is wrong now, and only that. */
static void conclude(struct look *look) {
    owners_name(look->owners, look->sample->taken_usec, look->finding, look->finding_count);
    if (audit_update(look->audit, look->sample, &look->finding[look->finding_count]))
        look->finding_count++;
    *look->incidents = (struct incident_table){.next_id = 1};
    look->alert_count =
        incident_update(look->incidents, look->finding, look->finding_count, look->sample, 0, look->alert);
}

/* The files of sysctl.d are about the host's own settings, not those of another namespace. */
struct record *look_record(const struct look *look, size_t index) {
    const struct alert *alert = &look->alert[index];
    struct provenance provenance;

    if (strcmp(look->netns, "host") != 0)
        return record_from_alert(alert, look->netns);
    provenance_find("", &alert->finding, &provenance);
    return record_with_files(alert, look->netns, &provenance);
}

void look_tick(struct look *look) {
    take(look);
    conclude(look);
}

static void take_at(struct look *look, uint64_t due_usec) {
    struct timespec due = {.tv_sec = (time_t)(due_usec / USEC_PER_SEC),
                           .tv_nsec = (long)(due_usec % USEC_PER_SEC) * 1000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
        ;
    take(look);
}

/* Named at the end alone: a search for processes comes once in five seconds. */
void look_for(struct look *look, unsigned int seconds) {
    take(look);
    uint64_t due_usec = look->sample->taken_usec;

    for (unsigned int i = 0; i < seconds; i++) {
        due_usec += USEC_PER_SEC;
        take_at(look, due_usec);
    }
    if (threshold_awaits_second_look(&look->tracker))
        take_at(look, due_usec + USEC_PER_SEC / CONFIRM_DIVISOR);
    conclude(look);
}
