/* SPDX-License-Identifier: MIT */
/* status.json: the daemon's present view, for synwaitctl and for people. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "threshold.h"
#include "util.h"
#include "view.h"

static json_t *number(uint64_t value) {
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *figure(struct figure figure) {
    return figure_known(figure) ? number(figure.value) : json_null();
}

static json_t *states(const struct sample *sample) {
    json_t *object = json_object();

    for (int state = 1; state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            json_object_set_new(object, tcp_state_name((enum tcp_state)state), figure(sample->state[state]));
    return object;
}

static json_t *rates(const struct sample *sample) {
    static const struct {
        const char *name;
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
    json_t *object = json_object();

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        json_object_set_new(object, shown[i].name, figure(sample_rate(sample, shown[i].counter)));
    return object;
}

static json_t *listeners(const struct sample *sample) {
    const struct listener *fullest[VIEW_LISTENERS];
    size_t count = view_fullest_listeners(sample, false, fullest);
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        char local[ENDPOINT_TEXT_SIZE];
        enum limit_source source;
        struct figure limit = syn_queue_limit(sample, fullest[i], &source);
        endpoint_format(&fullest[i]->local, local);
        json_array_append_new(
            array, json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "local", local, "half_open",
                             number(fullest[i]->half_open), "half_open_limit", figure(limit), "accept_queue",
                             number(fullest[i]->accept_queue), "backlog", number(fullest[i]->backlog),
                             "limited_by", limit_source_name(source)));
    }
    return array;
}

static json_t *incidents(const struct view *view) {
    json_t *array = json_array();

    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        const struct incident *incident = &view->incidents->incident[i];
        char id[INCIDENT_ID_SIZE], local[ENDPOINT_TEXT_SIZE], peer[PEER_TEXT_SIZE], unit[UNIT_SIZE];
        if (!incident->open)
            continue;
        incident_id_format(incident->id, id);
        endpoint_format(&incident->finding.local, local);
        peer_format(&incident->finding, peer);
        memcpy(unit, incident->finding.unit, sizeof unit);
        text_clean(unit);
        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", id, "problem",
                             problem_info(incident->finding.problem)->slug, "severity",
                             severity_name(incident->finding.severity), "local", local, "peer", peer, "unit",
                             unit, "cause", cause_info(incident->finding.cause)->sentence, "age_sec",
                             number((view->sample->taken_usec - incident->raised_usec) / USEC_PER_SEC)));
    }
    return array;
}

static json_t *degraded(const struct sample *sample) {
    json_t *object = json_object();

    for (int i = 0; i < SOURCE_COUNT; i++)
        if (sample->source[i].degraded)
            json_object_set_new(object, source_name((enum source)i), json_string(sample->source[i].reason));
    return object;
}

static json_t *build(const struct view *view) {
    const struct sample *sample = view->sample;
    struct figure walk_age = view_walk_age_usec(sample);

    return json_pack("{s:i, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", 1,
                     "version", SYNWAITD_VERSION, "time_usec", number(view->realtime_usec), "netns",
                     view->netns, "ticks", number(view->ticks), "missed_ticks", number(view->missed_ticks),
                     "cpu_usec", number(view->cpu_usec), "alerts_dropped", number(view->alerts_dropped),
                     "walk_age_usec", figure(walk_age), "states", states(sample), "rates_per_sec",
                     rates(sample), "listeners", listeners(sample), "incidents", incidents(view), "degraded",
                     degraded(sample));
}

int status_write(const char *directory, const struct view *view) {
    json_t *root = build(view);
    CLEANUP_FREE char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;

    json_decref(root);
    if (!text)
        return -ENOMEM;
    return write_file_atomic(directory, STATUS_FILE_NAME, text, strlen(text), 0644);
}
