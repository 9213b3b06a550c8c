/* SPDX-License-Identifier: MIT */
#include "top_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "netns.h"
#include "util.h"

#define DEFAULT_PATH     RUNTIME_DIRECTORY "/" STATUS_FILE_NAME
#define BUDGET_PERMYRIAD 1000 /* of a core for walks: it looks for as long as somebody watches */
#define SLACK_USEC       (USEC_PER_SEC / 20) /* a tick may come this much early */

struct top_time top_time_now(void) {
    return (struct top_time){now_monotonic_usec(), clock_usec(CLOCK_REALTIME)};
}

static void add_staleness(struct text *reason, const char *path, uint64_t then_usec, uint64_t now_usec) {
    if (then_usec > now_usec)
        text_add(reason, "%s: stale: it is of a time to come", path);
    else
        text_add(reason, "%s: stale, %" PRIu64 " s old: the daemon has stopped", path,
                 (now_usec - then_usec) / USEC_PER_SEC);
}

/* @return whether the daemon's file is to be shown; if not, the model has the reason */
static bool read_file(struct top_source *source, struct top_model *model, struct top_time now) {
    struct text reason = text_in(model->reason, sizeof model->reason);
    const struct status_view *file = source->file;
    char error[STATUS_ERROR_SIZE];
    int result = status_view_read(model->path, source->file, error);

    model->stale = result == 0 && status_view_is_stale(file, now.realtime_usec);
    if (result < 0) {
        text_add(&reason, "%s", error);
        return false;
    }
    if (model->stale) {
        add_staleness(&reason, model->path, file->time_usec, now.realtime_usec);
        return false;
    }
    if (!source->path && strcmp(file->netns, source->netns) != 0) {
        text_add(&reason, "%s: of network namespace %s, this is %s", model->path, file->netns, source->netns);
        return false;
    }
    return true;
}

static int look_now(struct top_source *source, struct top_model *model, struct top_time now) {
    if (!source->look) {
        source->look = look_new(source->config);
        if (!source->look)
            return -ENOMEM;
        source->look->config.cpu_budget_permyriad = BUDGET_PERMYRIAD;
    } else if (now.monotonic_usec - source->looked_usec + SLACK_USEC < USEC_PER_SEC) {
        model->now = now;
        return 0;
    }
    look_tick(source->look);
    source->looked_usec = now.monotonic_usec;
    top_model_take_look(model, source->look, clock_usec(CLOCK_PROCESS_CPUTIME_ID), now);
    return 0;
}

static int open_source(struct top_source *source, struct top_model *model) {
    source->file = calloc(1, sizeof *source->file);
    if (!source->file)
        return -ENOMEM;
    netns_name(source->netns, sizeof source->netns);
    snprintf(model->path, sizeof model->path, "%s", source->path ? source->path : DEFAULT_PATH);
    return 0;
}

int top_source_update(struct top_source *source, struct top_model *model, struct top_time now) {
    int result = source->file ? 0 : open_source(source, model);

    if (result < 0)
        return result;
    if (!read_file(source, model, now))
        return look_now(source, model, now);
    source->look = look_free(source->look);
    top_model_take_file(model, source->file, now);
    return 0;
}

void top_source_close(struct top_source *source) {
    source->look = look_free(source->look);
    free(source->file);
    source->file = NULL;
}
