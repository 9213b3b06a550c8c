/* SPDX-License-Identifier: MIT */
/* status.json: the daemon's present view, for synwaitctl and for people. */
#include <errno.h>
#include <string.h>

#include "json_text.h"
#include "record.h"
#include "threshold.h"
#include "view.h"

static void add_states(struct json_text *json, const struct sample *sample) {
    json_text_open_object(json, "states");
    for (int state = 1; state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            json_text_figure(json, tcp_state_name((enum tcp_state)state), sample->state[state]);
    json_text_close_object(json);
}

/* Of the states, and of the count of ports by destination, which is made only while many are in use. */
static void add_ages(struct json_text *json, const struct sample *sample) {
    json_text_open_object(json, "ages_usec");
    for (int state = 1; state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            json_text_figure(json, tcp_state_name((enum tcp_state)state),
                             view_state_age_usec(sample, (enum tcp_state)state));
    json_text_figure(json, "ports", view_age_usec(sample, sample->destinations_usec));
    json_text_close_object(json);
}

/* When it is overdue, the CPU budget is why. */
static void add_walk(struct json_text *json, const struct view *view) {
    const struct sampler_info *info = view->sampler;

    json_text_open_object(json, "walk");
    json_text_figure(json, "age_usec", view_age_usec(view->sample, view->sample->walked_usec));
    json_text_number(json, "count", info->walks);
    json_text_number(json, "cpu_usec", info->walk_cpu_usec);
    json_text_number(json, "budget_allows_in_usec", info->walk_wait_usec);
    json_text_bool(json, "overdue", info->walk_overdue);
    json_text_close_object(json);
}

static void add_half_open(struct json_text *json, const struct view *view) {
    const struct queue_source *queues = view->sampler->queues;

    json_text_open_object(json, "half_open");
    json_text_string(json, "counted_by", queues->exact ? "iterator" : "walk");
    json_text_figure(json, "age_usec", view_age_usec(view->sample, view->sample->half_open_usec));
    json_text_string(json, "iterator_fails", queues->reason);
    json_text_close_object(json);
}

static void add_rates(struct json_text *json, const struct sample *sample) {
    static const struct {
        char name[20];
        enum counter counter;
    } shown[] = {
        {"active_opens", COUNTER_ACTIVE_OPENS},
        {"passive_opens", COUNTER_PASSIVE_OPENS},
        {"cookies_sent", COUNTER_SYNCOOKIES_SENT},
        {"cookies_valid", COUNTER_SYNCOOKIES_RECV},
        {"listen_overflows", COUNTER_LISTEN_OVERFLOWS},
        {"listen_drops", COUNTER_LISTEN_DROPS},
        {"time_wait_overflows", COUNTER_TIME_WAIT_OVERFLOW},
    };

    json_text_open_object(json, "rates_per_sec");
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        json_text_figure(json, shown[i].name, sample_rate(sample, shown[i].counter));
    json_text_close_object(json);
}

static void add_listener(struct json_text *json, const struct sample *sample,
                         const struct listener *listener) {
    char local[ENDPOINT_TEXT_SIZE];
    enum limit_source source;
    struct figure limit = syn_queue_limit(sample, listener, &source);

    endpoint_format(&listener->local, local);
    json_text_open_object(json, NULL);
    json_text_string(json, "local", local);
    json_text_figure(json, "half_open",
                     sample->half_open_usec ? FIGURE_OF(listener->half_open) : FIGURE_NONE);
    json_text_figure(json, "half_open_limit", limit);
    json_text_number(json, "accept_queue", listener->accept_queue);
    json_text_number(json, "backlog", listener->backlog);
    json_text_string(json, "limited_by", limit_source_name(source));
    json_text_close_object(json);
}

static void add_listeners(struct json_text *json, const struct sample *sample) {
    const struct listener *fullest[VIEW_LISTENERS];
    size_t count = view_fullest_listeners(sample, false, fullest);

    json_text_open_array(json, "listeners");
    for (size_t i = 0; i < count; i++)
        add_listener(json, sample, fullest[i]);
    json_text_close_array(json);
}

static void add_incident(struct json_text *json, const struct incident *incident, uint64_t now_usec) {
    char id[INCIDENT_ID_SIZE], local[ENDPOINT_TEXT_SIZE], peer[PEER_TEXT_SIZE], unit[UNIT_SIZE];

    incident_id_format(incident->id, id);
    endpoint_format(&incident->finding.local, local);
    peer_format(&incident->finding, peer);
    memcpy(unit, incident->finding.unit, sizeof unit);
    text_clean(unit);
    json_text_open_object(json, NULL);
    json_text_string(json, "id", id);
    json_text_string(json, "problem", problem_info(incident->finding.problem)->slug);
    json_text_string(json, "severity", severity_name(incident->finding.severity));
    json_text_string(json, "local", local);
    json_text_string(json, "peer", peer);
    json_text_string(json, "unit", unit);
    json_text_string(json, "cause", cause_info(incident->finding.cause)->sentence);
    json_text_number(json, "age_sec", (now_usec - incident->raised_usec) / USEC_PER_SEC);
    json_text_close_object(json);
}

static void add_incidents(struct json_text *json, const struct view *view) {
    json_text_open_array(json, "incidents");
    for (size_t i = 0; i < view->incidents->end; i++)
        if (view->incidents->incident[i].open)
            add_incident(json, &view->incidents->incident[i], view->sample->taken_usec);
    json_text_close_array(json);
}

static void add_degraded(struct json_text *json, const struct sample *sample) {
    json_text_open_object(json, "degraded");
    for (int i = 0; i < SOURCE_COUNT; i++)
        if (sample->source[i].degraded)
            json_text_string(json, source_name((enum source)i), sample->source[i].reason);
    json_text_close_object(json);
}

static void build(struct json_text *json, const struct view *view) {
    const struct sample *sample = view->sample;

    json_text_open_object(json, NULL);
    json_text_number(json, "schema", STATUS_SCHEMA);
    json_text_string(json, "version", SYNWAITD_VERSION);
    json_text_number(json, "time_usec", view->realtime_usec);
    json_text_number(json, "interval_usec", view->interval_usec);
    json_text_string(json, "netns", view->netns);
    json_text_number(json, "ticks", view->ticks);
    json_text_number(json, "missed_ticks", view->missed_ticks);
    json_text_number(json, "cpu_usec", view->cpu_usec);
    json_text_number(json, "alerts_dropped", view->alerts_dropped);
    add_states(json, sample);
    add_ages(json, sample);
    add_walk(json, view);
    add_half_open(json, view);
    add_rates(json, sample);
    add_listeners(json, sample);
    add_incidents(json, view);
    add_degraded(json, sample);
    history_write(json, view->history);
    json_text_close_object(json);
}

int status_write(struct output_directory *directory, const struct view *view) {
    struct json_text json = json_text_in(view_buffer, sizeof view_buffer);

    build(&json, view);
    if (json.text.cut)
        return -EFBIG;
    return output_replace(directory, STATUS_FILE_NAME, json.text.buffer, json.text.length, 0644);
}
