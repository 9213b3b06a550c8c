/* SPDX-License-Identifier: MIT */
/* synwaitd.prom: the metrics file for node_exporter's textfile collector. */
#include <errno.h>

#include "metrics_parts.h"
#include "threshold.h"

static void add_value(struct text *text, uint64_t value) {
    text_put_number(text, value);
    text_put(text, "\n", 1);
}

static void add_seconds(struct text *text, uint64_t usec) {
    char fraction[] = ".000000\n";

    text_put_number(text, usec / USEC_PER_SEC);
    for (size_t at = 6; at > 0; at--, usec /= 10)
        fraction[at] = (char)('0' + usec % 10);
    text_put_string(text, fraction);
}

static void add_label(struct text *text, const char *start, const char *label) {
    text_put_string(text, start);
    text_put_string(text, label);
    text_put_string(text, "\"} ");
}

void metric_add(struct text *text, const char *metric, struct figure value) {
    if (!figure_known(value))
        return;
    text_put_string(text, metric);
    add_value(text, value.value);
}

void metric_add_seconds(struct text *text, const char *metric, struct figure usec) {
    if (!figure_known(usec))
        return;
    text_put_string(text, metric);
    add_seconds(text, usec.value);
}

void metric_add_labelled(struct text *text, const char *start, const char *label, struct figure value) {
    if (!figure_known(value))
        return;
    add_label(text, start, label);
    add_value(text, value.value);
}

void metric_add_labelled_seconds(struct text *text, const char *start, const char *label,
                                 struct figure usec) {
    if (!figure_known(usec))
        return;
    add_label(text, start, label);
    add_seconds(text, usec.value);
}

/* All problems, also those with none open: an alert rule needs the 0 to resolve. */
static void add_open(struct text *text, const struct incident_table *table) {
    uint64_t open[PROBLEM_COUNT][SEVERITY_CRITICAL + 1] = {0};

    for (size_t i = 0; i < table->end; i++)
        if (table->incident[i].open)
            open[table->incident[i].finding.problem][table->incident[i].finding.severity]++;
    text_put_string(text,
                    METRIC_HEADER("incidents_open", "gauge", "Open incidents by problem and severity."));
    for (int problem = 0; problem < PROBLEM_COUNT; problem++)
        for (enum severity severity = SEVERITY_WARNING; severity <= SEVERITY_CRITICAL; severity++) {
            text_put_string(text, "synwaitd_incidents_open{problem=\"");
            text_put_string(text, problem_info((enum problem)problem)->slug);
            metric_add_labelled(text, "\",severity=\"", severity_name(severity),
                                FIGURE_OF(open[problem][severity]));
        }
}

/* All problems likewise: what first appears as 1 has no increase. */
static void add_raised(struct text *text, const struct incident_table *table) {
    text_put_string(text, METRIC_HEADER("incidents_raised_total", "counter",
                                        "Incidents raised since the start, by the problem first told."));
    for (int problem = 0; problem < PROBLEM_COUNT; problem++)
        metric_add_labelled(text, "synwaitd_incidents_raised_total{problem=\"",
                            problem_info((enum problem)problem)->slug, FIGURE_OF(table->raised[problem]));
}

int metrics_write(struct output_directory *directory, const struct view *view) {
    struct text text = text_in(view_buffer, sizeof view_buffer);

    metrics_add_sockets(&text, view->sample);
    add_open(&text, view->incidents);
    add_raised(&text, view->incidents);
    metrics_add_own(&text, view);
    if (text.cut)
        return -EFBIG;
    return output_replace(directory, METRICS_FILE_NAME, text.buffer, text.length, 0644);
}
