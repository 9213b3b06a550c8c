/* SPDX-License-Identifier: MIT */
/* The view with the file's own keys. What an old file does not tell is null. */
#include "ctl.h"
#include "status_print.h"

/* Nothing in the view is larger. */
static json_int_t number(uint64_t value) {
    return (json_int_t)value;
}

/* Adds a value, or gives up the object when there is no memory. @return the object or NULL */
static json_t *with(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value) == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *appended(json_t *array, json_t *value) {
    if (json_array_append_new(array, value) == 0)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *states_to_json(const struct figure figure[STATE_COUNT]) {
    json_t *object = json_object();

    for (int state = 1; object && state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            object = with(object, tcp_state_name((enum tcp_state)state), ctl_json_figure(figure[state]));
    return object;
}

static json_t *ages_to_json(const struct status_view *view) {
    json_t *object = states_to_json(view->state_age_usec);

    return object ? with(object, "ports", ctl_json_figure(view->ports_age_usec)) : NULL;
}

static json_t *walk_to_json(const struct status_view *view) {
    if (!view->walk.known)
        return json_null();
    return json_pack("{s:o, s:I, s:I, s:I, s:b}", "age_usec", ctl_json_figure(view->walk.age_usec), "count",
                     number(view->walk.count), "cpu_usec", number(view->walk.cpu_usec),
                     "budget_allows_in_usec", number(view->walk.budget_allows_in_usec), "overdue",
                     view->walk.overdue);
}

static json_t *half_open_to_json(const struct status_view *view) {
    if (!view->half_open.known)
        return json_null();
    return json_pack("{s:s, s:o, s:s}", "counted_by", view->half_open.by_iterator ? "iterator" : "walk",
                     "age_usec", ctl_json_figure(view->half_open.age_usec), "iterator_fails",
                     view->half_open.iterator_fails);
}

static json_t *rates_to_json(const struct status_view *view) {
    json_t *object = json_object();

    for (int i = 0; object && i < RATE_COUNT; i++)
        object = with(object, status_rate_name((enum status_rate)i), ctl_json_figure(view->rate[i]));
    return object;
}

static json_t *listener_to_json(const struct status_listener *listener) {
    return json_pack("{s:s, s:o, s:o, s:I, s:I, s:s}", "local", listener->local, "half_open",
                     ctl_json_figure(listener->half_open), "half_open_limit",
                     ctl_json_figure(listener->half_open_limit), "accept_queue",
                     number(listener->accept_queue), "backlog", number(listener->backlog), "limited_by",
                     listener->limited_by);
}

static json_t *listeners_to_json(const struct status_view *view) {
    json_t *array = json_array();

    for (size_t i = 0; array && i < view->listener_count; i++)
        array = appended(array, listener_to_json(&view->listener[i]));
    return array;
}

static json_t *incident_to_json(const struct status_incident *incident) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "id", incident->id, "problem",
                     incident->problem, "severity", incident->severity, "local", incident->local, "peer",
                     incident->peer, "unit", incident->unit, "cause", incident->cause, "age_sec",
                     number(incident->age_sec));
}

static json_t *incidents_to_json(const struct status_view *view) {
    json_t *array = json_array();

    for (size_t i = 0; array && i < view->incident_count; i++)
        array = appended(array, incident_to_json(&view->incident[i]));
    return array;
}

static json_t *degraded_to_json(const struct status_view *view) {
    json_t *object = json_object();

    for (size_t i = 0; object && i < view->degraded_count; i++)
        object = with(object, view->degraded[i].source, json_string(view->degraded[i].reason));
    return object;
}

static json_t *points_to_json(const struct figure *point, size_t count) {
    json_t *array = json_array();

    for (size_t i = 0; array && i < count; i++)
        array = appended(array, ctl_json_figure(point[i]));
    return array;
}

static json_t *series_to_json(const struct status_view *view) {
    json_t *object = json_object();

    for (int state = 1; object && state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            object = with(object, tcp_state_name((enum tcp_state)state),
                          points_to_json(view->history[state], view->history_count));
    return object;
}

static json_t *history_to_json(const struct status_view *view) {
    if (view->history_step_usec == 0)
        return json_null();
    return json_pack("{s:I, s:I, s:o}", "step_usec", number(view->history_step_usec), "points",
                     number(view->history_count), "series", series_to_json(view));
}

static json_t *interval_to_json(const struct status_view *view) {
    return view->interval_usec == 0 ? json_null() : json_integer(number(view->interval_usec));
}

json_t *status_to_json(const struct status_view *view, struct figure age_usec, bool stale) {
    return json_pack("{s:b, s:o, s:i, s:s, s:I, s:o, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, "
                     "s:o, s:o, s:o}",
                     "stale", stale, "age_usec", ctl_json_figure(age_usec), "schema", STATUS_SCHEMA,
                     "version", view->version, "time_usec", number(view->time_usec), "interval_usec",
                     interval_to_json(view), "netns", view->netns, "ticks", number(view->ticks),
                     "missed_ticks", number(view->missed_ticks), "cpu_usec", number(view->cpu_usec),
                     "alerts_dropped", number(view->alerts_dropped), "states", states_to_json(view->state),
                     "ages_usec", ages_to_json(view), "walk", walk_to_json(view), "half_open",
                     half_open_to_json(view), "rates_per_sec", rates_to_json(view), "listeners",
                     listeners_to_json(view), "incidents", incidents_to_json(view), "degraded",
                     degraded_to_json(view), "history", history_to_json(view));
}
