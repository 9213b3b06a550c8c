/* SPDX-License-Identifier: MIT */
#include "top_model.h"

#include <stdio.h>
#include <string.h>

#include "remedy.h"
#include "threshold.h"
#include "util.h"
#include "view.h"

static struct figure *slot(struct top_history *history, enum tcp_state state, uint64_t second) {
    return &history->point[state][second % TOP_HISTORY_SEC];
}

/* Seconds that were skipped are unknown, not 0. */
static void advance(struct top_history *history, uint64_t second) {
    uint64_t from = history->end_sec + 1;

    if (history->end_sec == 0)
        history->first_sec = history->end_sec = second;
    if (second <= history->end_sec)
        return;
    if (second - from >= TOP_HISTORY_SEC)
        from = second - TOP_HISTORY_SEC + 1;
    for (; from <= second; from++)
        for (int state = 0; state < STATE_COUNT; state++)
            *slot(history, (enum tcp_state)state, from) = FIGURE_NONE;
    history->end_sec = second;
    if (history->first_sec + TOP_HISTORY_SEC <= second)
        history->first_sec = second - TOP_HISTORY_SEC + 1;
}

/* Going back, what was never written is unknown as well: memory is zeroed, and older turns are cleared. */
static bool extend_back(struct top_history *history, uint64_t second) {
    if (second == 0 || second + TOP_HISTORY_SEC <= history->end_sec || second > history->end_sec)
        return false;
    while (history->first_sec > second) {
        history->first_sec--;
        for (int state = 0; state < STATE_COUNT; state++)
            *slot(history, (enum tcp_state)state, history->first_sec) = FIGURE_NONE;
    }
    return true;
}

static void append(struct top_model *model) {
    struct top_history *history = &model->history;
    uint64_t second = model->now.monotonic_usec / USEC_PER_SEC;

    advance(history, second);
    for (int state = 1; state < STATE_COUNT; state++) {
        struct figure *point = slot(history, (enum tcp_state)state, second);
        struct figure now = model->view.state[state];
        if (!figure_known(*point) || (figure_known(now) && now.value > point->value))
            *point = now;
    }
}

static void fill_second(struct top_model *model, uint64_t second, size_t index) {
    if (!extend_back(&model->history, second))
        return;
    for (int state = 1; state < STATE_COUNT; state++) {
        struct figure *point = slot(&model->history, (enum tcp_state)state, second);
        if (!figure_known(*point))
            *point = model->view.history[state][index];
    }
}

/* The newest first. The daemon's points end at its sample; ours are of the clock that cannot be set. */
static void fill_from_file(struct top_model *model) {
    const struct status_view *view = &model->view;
    uint64_t age_usec =
        model->now.realtime_usec > view->time_usec ? model->now.realtime_usec - view->time_usec : 0;
    uint64_t step_sec = view->history_step_usec / USEC_PER_SEC;
    uint64_t now_usec = model->now.monotonic_usec;

    if (step_sec == 0 || step_sec > TOP_HISTORY_SEC || age_usec >= now_usec)
        return;
    uint64_t second = (now_usec - age_usec) / USEC_PER_SEC;
    for (size_t i = view->history_count; i > 0; i--)
        for (uint64_t k = 0; k < step_sec && second > 0; k++, second--)
            fill_second(model, second, i - 1);
}

static void reckon_cost(struct top_cost *cost, uint64_t cpu_usec, uint64_t now_usec) {
    bool restarted = cost->known && (cpu_usec < cost->from_cpu_usec || now_usec < cost->from_usec);

    if (!cost->known || restarted) {
        *cost = (struct top_cost){.known = true, .from_cpu_usec = cpu_usec, .from_usec = now_usec};
        return;
    }
    if (now_usec - cost->from_usec >= USEC_PER_SEC)
        cost->permyriad = FIGURE_OF(permyriad_of(cpu_usec - cost->from_cpu_usec, now_usec - cost->from_usec));
}

static void set_origin(struct top_model *model, enum top_origin origin, struct top_time now) {
    model->now = now;
    if (model->origin == origin)
        return;
    if (model->origin != TOP_FROM_NOTHING)
        model->switched = now;
    model->origin = origin;
    model->cost = (struct top_cost){0};
}

static bool is_critical(const struct status_incident *incident) {
    return strcmp(incident->severity, severity_name(SEVERITY_CRITICAL)) == 0;
}

static bool is_worse(const struct status_incident *a, const struct status_incident *b) {
    if (is_critical(a) != is_critical(b))
        return is_critical(a);
    return a->age_sec > b->age_sec;
}

static void sort_incidents(struct top_model *model) {
    const struct status_incident *incident = model->view.incident;

    for (size_t i = 0; i < model->view.incident_count; i++) {
        size_t at = i;
        for (; at > 0 && is_worse(&incident[i], &incident[model->order[at - 1]]); at--)
            model->order[at] = model->order[at - 1];
        model->order[at] = i;
    }
}

static void write_remedies(const struct finding *finding, struct top_remedies *remedies) {
    struct text advice = text_in(remedies->advice, sizeof remedies->advice);
    struct text not_advised = text_in(remedies->not_advised, sizeof remedies->not_advised);

    advice_format(finding, NULL, &advice);
    not_advised_format(finding, &not_advised);
    text_clean(remedies->advice);
    text_clean(remedies->not_advised);
}

/* The file has names and no numbers: what it says is found again in the tables that it comes from. */
static void general_remedies(const struct status_incident *incident, struct top_remedies *remedies) {
    struct finding finding = {.problem = PROBLEM_COUNT};

    for (int i = 0; i < PROBLEM_COUNT; i++)
        if (strcmp(problem_info((enum problem)i)->slug, incident->problem) == 0)
            finding.problem = (enum problem)i;
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++)
        if (strcmp(cause_info((enum cause)i)->sentence, incident->cause) == 0)
            finding.cause = (enum cause)i;
    *remedies = (struct top_remedies){0};
    if (finding.problem != PROBLEM_COUNT && finding.cause != CAUSE_NONE)
        write_remedies(&finding, remedies);
}

void top_model_take_file(struct top_model *model, const struct status_view *view, struct top_time now) {
    set_origin(model, TOP_FROM_DAEMON, now);
    model->view = *view;
    model->reason[0] = '\0';
    model->stale = false;
    for (size_t i = 0; i < view->incident_count; i++)
        general_remedies(&view->incident[i], &model->remedies[i]);
    sort_incidents(model);
    append(model);
    fill_from_file(model);
    reckon_cost(&model->cost, view->cpu_usec, view->time_usec);
}

static void put_clean(char *target, size_t size, const char *source) {
    snprintf(target, size, "%s", source);
    text_clean(target);
}

static bool is_sighting_of(const struct top_sighting *sighting, const struct finding *finding) {
    return sighting->id != 0 && sighting->family == finding->family &&
           scope_equal(&sighting->scope, &finding->scope);
}

/* @return the sighting of @p finding, a new one in place of the one that was seen last longest ago */
static struct top_sighting *sight(struct top_model *model, const struct finding *finding) {
    struct top_sighting *oldest = &model->sighting[0];

    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        struct top_sighting *here = &model->sighting[i];
        if (is_sighting_of(here, finding))
            return here;
        if (here->seen_usec < oldest->seen_usec)
            oldest = here;
    }
    *oldest = (struct top_sighting){.family = finding->family,
                                    .scope = finding->scope,
                                    .id = ++model->last_id,
                                    .since_usec = model->now.monotonic_usec};
    return oldest;
}

static void take_incident(struct top_model *model, const struct finding *finding) {
    struct status_incident *incident = &model->view.incident[model->view.incident_count];
    struct top_sighting *sighting = sight(model, finding);

    sighting->seen_usec = model->now.monotonic_usec;
    *incident =
        (struct status_incident){.age_sec = (sighting->seen_usec - sighting->since_usec) / USEC_PER_SEC};
    incident_id_format(sighting->id, incident->id);
    put_clean(incident->problem, sizeof incident->problem, problem_info(finding->problem)->slug);
    put_clean(incident->severity, sizeof incident->severity, severity_name(finding->severity));
    endpoint_format(&finding->local, incident->local);
    peer_format(finding, incident->peer);
    put_clean(incident->unit, sizeof incident->unit, finding->unit);
    put_clean(incident->cause, sizeof incident->cause, cause_info(finding->cause)->sentence);
    write_remedies(finding, &model->remedies[model->view.incident_count++]);
}

/* What is not there any more has ended; were it to come back, it would be another incident. */
static void take_incidents(struct top_model *model, const struct look *look) {
    for (size_t i = 0; i < look->alert_count && model->view.incident_count < INCIDENTS_MAX; i++)
        take_incident(model, &look->alert[i].finding);
    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        if (model->sighting[i].seen_usec != model->now.monotonic_usec)
            model->sighting[i] = (struct top_sighting){0};
    sort_incidents(model);
}

static void take_listeners(struct status_view *view, const struct sample *sample) {
    const struct listener *fullest[VIEW_LISTENERS];
    size_t count = view_fullest_listeners(sample, true, fullest);

    for (size_t i = 0; i < count; i++) {
        struct status_listener *listener = &view->listener[i];
        enum limit_source source;
        listener->half_open_limit = syn_queue_limit(sample, fullest[i], &source);
        listener->half_open = sample->half_open_usec ? FIGURE_OF(fullest[i]->half_open) : FIGURE_NONE;
        listener->accept_queue = fullest[i]->accept_queue;
        listener->backlog = fullest[i]->backlog;
        endpoint_format(&fullest[i]->local, listener->local);
        put_clean(listener->limited_by, sizeof listener->limited_by, limit_source_name(source));
    }
    view->listener_count = count;
}

static void take_rates(struct status_view *view, const struct sample *sample) {
    static const enum counter counter[RATE_COUNT] = {
        [RATE_ACTIVE_OPENS] = COUNTER_ACTIVE_OPENS,
        [RATE_PASSIVE_OPENS] = COUNTER_PASSIVE_OPENS,
        [RATE_COOKIES_SENT] = COUNTER_SYNCOOKIES_SENT,
        [RATE_COOKIES_VALID] = COUNTER_SYNCOOKIES_RECV,
        [RATE_LISTEN_OVERFLOWS] = COUNTER_LISTEN_OVERFLOWS,
        [RATE_LISTEN_DROPS] = COUNTER_LISTEN_DROPS,
        [RATE_TIME_WAIT_OVERFLOWS] = COUNTER_TIME_WAIT_OVERFLOW,
    };

    for (int i = 0; i < RATE_COUNT; i++)
        view->rate[i] = sample_rate(sample, counter[i]);
}

static void take_degraded(struct status_view *view, const struct sample *sample) {
    for (int i = 0; i < SOURCE_COUNT; i++) {
        if (!sample->source[i].degraded)
            continue;
        struct status_degraded *degraded = &view->degraded[view->degraded_count++];
        put_clean(degraded->source, sizeof degraded->source, source_name((enum source)i));
        put_clean(degraded->reason, sizeof degraded->reason, sample->source[i].reason);
    }
}

void top_model_take_look(struct top_model *model, const struct look *look, uint64_t cpu_usec,
                         struct top_time now) {
    const struct sample *sample = look->sample;
    struct status_view *view = &model->view;

    set_origin(model, TOP_FROM_SAMPLES, now);
    memset(view, 0, sizeof *view);
    view->time_usec = now.realtime_usec;
    view->interval_usec = look->config.interval_usec;
    put_clean(view->netns, sizeof view->netns, look->netns);
    for (int state = 1; state < STATE_COUNT; state++) {
        view->state[state] = sample->state[state];
        view->state_age_usec[state] = view_state_age_usec(sample, (enum tcp_state)state);
    }
    take_rates(view, sample);
    take_listeners(view, sample);
    take_degraded(view, sample);
    take_incidents(model, look);
    append(model);
    reckon_cost(&model->cost, cpu_usec, now.monotonic_usec);
}

uint64_t top_model_window_sec(const struct top_model *model) {
    const struct top_history *history = &model->history;

    return history->end_sec == 0 ? 0 : history->end_sec - history->first_sec + 1;
}

static struct figure higher(struct figure a, struct figure b) {
    if (!figure_known(a))
        return b;
    return figure_known(b) && b.value > a.value ? b : a;
}

static struct figure highest(const struct top_history *history, enum tcp_state state, uint64_t from,
                             uint64_t to) {
    struct figure most = FIGURE_NONE;

    for (uint64_t second = from; second <= to; second++)
        most = higher(most, history->point[state][second % TOP_HISTORY_SEC]);
    return most;
}

struct figure top_model_peak(const struct top_model *model, enum tcp_state state) {
    return highest(&model->history, state, model->history.first_sec, model->history.end_sec);
}

/* Points begin at whole multiples of their seconds: so none changes but the last, as time goes on. */
size_t top_model_points(const struct top_model *model, enum tcp_state state, size_t width,
                        struct figure *points) {
    const struct top_history *history = &model->history;
    uint64_t window = top_model_window_sec(model);

    if (window == 0 || width == 0)
        return 0;
    uint64_t step = (window + width - 1) / width;
    uint64_t last = history->end_sec / step;
    uint64_t first = history->first_sec / step;
    size_t count = 0;
    if (last - first >= width)
        first = last - width + 1;
    for (uint64_t i = first; i <= last; i++) {
        uint64_t from = i * step, to = from + step - 1;
        points[count++] = highest(history, state, from > history->first_sec ? from : history->first_sec,
                                  to < history->end_sec ? to : history->end_sec);
    }
    return count;
}

size_t top_model_find(const struct top_model *model, const char *id) {
    for (size_t i = 0; i < model->view.incident_count; i++)
        if (strcmp(model->view.incident[model->order[i]].id, id) == 0)
            return i;
    return 0;
}

const struct status_incident *top_model_incident(const struct top_model *model, size_t position) {
    return &model->view.incident[model->order[position]];
}
