/* SPDX-License-Identifier: MIT */
/* synwaitd.prom: the metrics file for node_exporter's textfile collector (Prometheus text format 0.0.4). */
#include <errno.h>
#include <inttypes.h>

#include "threshold.h"
#include "util.h"
#include "view.h"

#define METRICS_BYTES 16384

static void header(struct text *text, const char *name, const char *type, const char *help) {
    text_add(text, "# HELP synwaitd_%s %s\n# TYPE synwaitd_%s %s\n", name, help, name, type);
}

static void single(struct text *text, const char *name, const char *type, const char *help,
                   struct figure value) {
    if (!figure_known(value))
        return;
    header(text, name, type, help);
    text_add(text, "synwaitd_%s %" PRIu64 "\n", name, value.value);
}

static void seconds(struct text *text, const char *name, const char *type, const char *help, uint64_t usec) {
    header(text, name, type, help);
    text_add(text, "synwaitd_%s %" PRIu64 ".%06" PRIu64 "\n", name, usec / USEC_PER_SEC, usec % USEC_PER_SEC);
}

static void states(struct text *text, const struct sample *sample) {
    header(text, "tcp_sockets", "gauge", "TCP sockets of this network namespace by state.");
    for (int state = 1; state < STATE_COUNT; state++)
        if (figure_known(sample->state[state]))
            text_add(text, "synwaitd_tcp_sockets{state=\"%s\"} %" PRIu64 "\n",
                     tcp_state_name((enum tcp_state)state), sample->state[state].value);
}

static void counters(struct text *text, const struct sample *sample) {
    static const struct {
        enum counter counter;
        const char *name, *help;
    } shown[] = {
        {COUNTER_ACTIVE_OPENS, "active_opens_total", "Outgoing connection attempts."},
        {COUNTER_PASSIVE_OPENS, "passive_opens_total", "Incoming connections opened."},
        {COUNTER_SYNCOOKIES_SENT, "syncookies_sent_total", "SYN-ACKs sent with a cookie."},
        {COUNTER_SYNCOOKIES_RECV, "syncookies_valid_total", "Valid cookies received."},
        {COUNTER_LISTEN_OVERFLOWS, "listen_overflows_total", "Connections refused by a full accept queue."},
        {COUNTER_LISTEN_DROPS, "listen_drops_total", "SYNs and ACKs dropped by listeners."},
        {COUNTER_TIME_WAIT_OVERFLOW, "time_wait_overflows_total", "Connections closed without TIME-WAIT."},
    };

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        single(text, shown[i].name, "counter", shown[i].help, sample->counter[shown[i].counter]);
}

enum queue { HALF_OPEN, HALF_OPEN_LIMIT, ACCEPT_QUEUE, BACKLOG, QUEUE_COUNT };

static struct figure queue_figure(const struct sample *sample, const struct listener *listener,
                                  enum queue queue) {
    enum limit_source source;

    switch (queue) {
    case HALF_OPEN:
        return FIGURE_OF(listener->half_open);
    case HALF_OPEN_LIMIT:
        return syn_queue_limit(sample, listener, &source);
    case ACCEPT_QUEUE:
        return FIGURE_OF(listener->accept_queue);
    default:
        return FIGURE_OF(listener->backlog);
    }
}

static void listeners(struct text *text, const struct sample *sample) {
    static const char *const name[QUEUE_COUNT][2] = {
        {"listener_half_open", "Half-open connections of the fullest listeners."},
        {"listener_half_open_limit", "Their limit."},
        {"listener_accept_queue", "Connections waiting for accept() at the fullest listeners."},
        {"listener_backlog", "Their limit."},
    };
    const struct listener *fullest[VIEW_LISTENERS];
    size_t count = view_fullest_listeners(sample, false, fullest);

    for (int queue = 0; queue < QUEUE_COUNT && count > 0; queue++) {
        header(text, name[queue][0], "gauge", name[queue][1]);
        for (size_t i = 0; i < count; i++) {
            char local[ENDPOINT_TEXT_SIZE];
            struct figure value = queue_figure(sample, fullest[i], (enum queue)queue);
            endpoint_format(&fullest[i]->local, local);
            if (figure_known(value))
                text_add(text, "synwaitd_%s{local=\"%s\"} %" PRIu64 "\n", name[queue][0], local, value.value);
        }
    }
}

static unsigned int count_open(const struct incident_table *table, int problem, enum severity severity) {
    unsigned int count = 0;

    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        const struct incident *incident = &table->incident[i];
        count += incident->open && (int)incident->finding.problem == problem &&
                 incident->finding.severity == severity;
    }
    return count;
}

/* All problems, also those with none open: an alert rule needs the 0 to resolve. */
static void incidents(struct text *text, const struct incident_table *table) {
    header(text, "incidents_open", "gauge", "Open incidents by problem and severity.");
    for (int problem = 0; problem < PROBLEM_COUNT; problem++)
        for (enum severity severity = SEVERITY_WARNING; severity <= SEVERITY_CRITICAL; severity++)
            text_add(text, "synwaitd_incidents_open{problem=\"%s\",severity=\"%s\"} %u\n",
                     problem_info((enum problem)problem)->slug, severity_name(severity),
                     count_open(table, problem, severity));
}

static void own(struct text *text, const struct view *view) {
    const struct sample *sample = view->sample;
    unsigned int degraded = 0;

    for (int i = 0; i < SOURCE_COUNT; i++)
        degraded += sample->source[i].degraded;
    header(text, "build_info", "gauge", "Version of synwaitd.");
    text_add(text, "synwaitd_build_info{version=\"" SYNWAITD_VERSION "\"} 1\n");
    single(text, "sources_degraded", "gauge", "Sources that cannot be read.", FIGURE_OF(degraded));
    single(text, "ticks_total", "counter", "Samples taken.", FIGURE_OF(view->ticks));
    single(text, "missed_ticks_total", "counter", "Samples that were not taken in time.",
           FIGURE_OF(view->missed_ticks));
    single(text, "alerts_dropped_total", "counter", "Alerts lost because the journal did not take them.",
           FIGURE_OF(view->alerts_dropped));
    seconds(text, "cpu_seconds_total", "counter", "CPU time used.", view->cpu_usec);
    seconds(text, "sample_timestamp_seconds", "gauge", "When the last sample was taken.",
            view->realtime_usec);
    struct figure walk_age = view_walk_age_usec(sample);
    if (figure_known(walk_age))
        seconds(text, "walk_age_seconds", "gauge", "Age of the counts that come from walking the sockets.",
                walk_age.value);
}

int metrics_write(const char *directory, const struct view *view) {
    static char buffer[METRICS_BYTES];
    struct text text = text_in(buffer, sizeof buffer);

    states(&text, view->sample);
    counters(&text, view->sample);
    listeners(&text, view->sample);
    incidents(&text, view->incidents);
    own(&text, view);
    if (text.length + 1 >= text.size)
        return -EFBIG;
    return write_file_atomic(directory, METRICS_FILE_NAME, text.buffer, text.length, 0644);
}
