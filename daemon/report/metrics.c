/* SPDX-License-Identifier: MIT */
/* synwaitd.prom: the metrics file for node_exporter's textfile collector (Prometheus text format 0.0.4). */
#include <errno.h>

#include "threshold.h"
#include "util.h"
#include "view.h"

/* What stands before the number of a metric without labels, or before its labelled lines; joined by the
   compiler. */
#define HEADER(name, type, help) "# HELP synwaitd_" name " " help "\n# TYPE synwaitd_" name " " type "\n"
#define METRIC(name, type, help) HEADER(name, type, help) "synwaitd_" name " "

static void add_value(struct text *text, uint64_t value) {
    text_put_number(text, value);
    text_put(text, "\n", 1);
}

static void add_single(struct text *text, const char *metric, struct figure value) {
    if (!figure_known(value))
        return;
    text_put_string(text, metric);
    add_value(text, value.value);
}

static void add_seconds(struct text *text, const char *metric, uint64_t usec) {
    char fraction[] = ".000000\n";

    text_put_string(text, metric);
    text_put_number(text, usec / USEC_PER_SEC);
    for (size_t at = 6; at > 0; at--, usec /= 10)
        fraction[at] = (char)('0' + usec % 10);
    text_put_string(text, fraction);
}

static void add_states(struct text *text, const struct sample *sample) {
    text_put_string(text, HEADER("tcp_sockets", "gauge", "TCP sockets of this network namespace by state."));
    for (int state = 1; state < STATE_COUNT; state++) {
        if (!figure_known(sample->state[state]))
            continue;
        text_put_string(text, "synwaitd_tcp_sockets{state=\"");
        text_put_string(text, tcp_state_name((enum tcp_state)state));
        text_put_string(text, "\"} ");
        add_value(text, sample->state[state].value);
    }
}

static void add_counters(struct text *text, const struct sample *sample) {
    static const struct {
        enum counter counter;
        const char *metric;
    } shown[] = {
        {COUNTER_ACTIVE_OPENS, METRIC("active_opens_total", "counter", "Outgoing connection attempts.")},
        {COUNTER_PASSIVE_OPENS, METRIC("passive_opens_total", "counter", "Incoming connections opened.")},
        {COUNTER_SYNCOOKIES_SENT, METRIC("syncookies_sent_total", "counter", "SYN-ACKs sent with a cookie.")},
        {COUNTER_SYNCOOKIES_RECV, METRIC("syncookies_valid_total", "counter", "Valid cookies received.")},
        {COUNTER_LISTEN_OVERFLOWS,
         METRIC("listen_overflows_total", "counter", "Connections refused by a full accept queue.")},
        {COUNTER_LISTEN_DROPS,
         METRIC("listen_drops_total", "counter", "SYNs and ACKs dropped by listeners.")},
        {COUNTER_TIME_WAIT_OVERFLOW,
         METRIC("time_wait_overflows_total", "counter", "Connections closed without TIME-WAIT.")},
    };

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        add_single(text, shown[i].metric, sample->counter[shown[i].counter]);
}

enum queue { HALF_OPEN, HALF_OPEN_LIMIT, ACCEPT_QUEUE, BACKLOG, QUEUE_COUNT };

static struct figure queue_figure(const struct sample *sample, const struct listener *listener,
                                  enum queue queue) {
    enum limit_source source;

    switch (queue) {
    case HALF_OPEN:
        return sample->half_open_usec ? FIGURE_OF(listener->half_open) : FIGURE_NONE;
    case HALF_OPEN_LIMIT:
        return syn_queue_limit(sample, listener, &source);
    case ACCEPT_QUEUE:
        return FIGURE_OF(listener->accept_queue);
    default:
        return FIGURE_OF(listener->backlog);
    }
}

static void add_listeners(struct text *text, const struct sample *sample) {
    static const struct {
        const char *header, *start;
    } shown[QUEUE_COUNT] = {
#define QUEUE(name, help) {HEADER(name, "gauge", help), "synwaitd_" name "{local=\""}
        QUEUE("listener_half_open", "Half-open connections of the fullest listeners."),
        QUEUE("listener_half_open_limit", "Their limit."),
        QUEUE("listener_accept_queue", "Connections waiting for accept() at the fullest listeners."),
        QUEUE("listener_backlog", "Their limit."),
#undef QUEUE
    };
    const struct listener *fullest[VIEW_LISTENERS];
    size_t count = view_fullest_listeners(sample, false, fullest);

    for (int queue = 0; queue < QUEUE_COUNT && count > 0; queue++) {
        text_put_string(text, shown[queue].header);
        for (size_t i = 0; i < count; i++) {
            char local[ENDPOINT_TEXT_SIZE];
            struct figure value = queue_figure(sample, fullest[i], (enum queue)queue);
            if (!figure_known(value))
                continue;
            endpoint_format(&fullest[i]->local, local);
            text_put_string(text, shown[queue].start);
            text_put_string(text, local);
            text_put_string(text, "\"} ");
            add_value(text, value.value);
        }
    }
}

/* All problems, also those with none open: an alert rule needs the 0 to resolve. */
static void add_incidents(struct text *text, const struct incident_table *table) {
    uint64_t open[PROBLEM_COUNT][SEVERITY_CRITICAL + 1] = {0};

    for (size_t i = 0; i < table->end; i++)
        if (table->incident[i].open)
            open[table->incident[i].finding.problem][table->incident[i].finding.severity]++;
    text_put_string(text, HEADER("incidents_open", "gauge", "Open incidents by problem and severity."));
    for (int problem = 0; problem < PROBLEM_COUNT; problem++) {
        const char *slug = problem_info((enum problem)problem)->slug;
        for (enum severity severity = SEVERITY_WARNING; severity <= SEVERITY_CRITICAL; severity++) {
            text_put_string(text, "synwaitd_incidents_open{problem=\"");
            text_put_string(text, slug);
            text_put_string(text, "\",severity=\"");
            text_put_string(text, severity_name(severity));
            text_put_string(text, "\"} ");
            add_value(text, open[problem][severity]);
        }
    }
}

static void add_own(struct text *text, const struct view *view) {
    const struct sample *sample = view->sample;
    unsigned int degraded = 0;

    for (int i = 0; i < SOURCE_COUNT; i++)
        degraded += sample->source[i].degraded;
    text_put_string(text, HEADER("build_info", "gauge", "Version of synwaitd.") "synwaitd_build_info{"
                                                                                "version=\"" SYNWAITD_VERSION
                                                                                "\"} 1\n");
    add_single(text, METRIC("sources_degraded", "gauge", "Sources that cannot be read."),
               FIGURE_OF(degraded));
    add_single(text, METRIC("ticks_total", "counter", "Samples taken."), FIGURE_OF(view->ticks));
    add_single(text, METRIC("missed_ticks_total", "counter", "Samples that were not taken in time."),
               FIGURE_OF(view->missed_ticks));
    add_single(
        text, METRIC("alerts_dropped_total", "counter", "Alerts lost because the journal did not take them."),
        FIGURE_OF(view->alerts_dropped));
    add_seconds(text, METRIC("cpu_seconds_total", "counter", "CPU time used."), view->cpu_usec);
    add_seconds(text, METRIC("sample_timestamp_seconds", "gauge", "When the last sample was taken."),
                view->realtime_usec);
    add_single(text, METRIC("walks_total", "counter", "Walks over the sockets."),
               FIGURE_OF(view->sampler->walks));
    add_single(text, METRIC("walk_overdue", "gauge", "Whether a walk is due that the CPU budget puts off."),
               FIGURE_OF(view->sampler->walk_overdue));
    add_single(text,
               METRIC("half_open_exact", "gauge",
                      "Whether half-open connections are counted at each tick, by the BPF iterator."),
               FIGURE_OF(view->sampler->queues->exact));
    struct figure walk_age = view_age_usec(sample, sample->walked_usec);
    if (figure_known(walk_age))
        add_seconds(
            text,
            METRIC("walk_age_seconds", "gauge", "Age of the counts that come from walking the sockets."),
            walk_age.value);
}

int metrics_write(struct output_directory *directory, const struct view *view) {
    struct text text = text_in(view_buffer, sizeof view_buffer);

    add_states(&text, view->sample);
    add_counters(&text, view->sample);
    add_listeners(&text, view->sample);
    add_incidents(&text, view->incidents);
    add_own(&text, view);
    if (text.cut)
        return -EFBIG;
    return output_replace(directory, METRICS_FILE_NAME, text.buffer, text.length, 0644);
}
