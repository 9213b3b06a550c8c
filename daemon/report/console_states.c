/* SPDX-License-Identifier: MIT */
/* The table of states, limits and thresholds that a person sees first. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "threshold.h"
#include "util.h"
#include "view.h"

/* One line: what is counted, against what. */
struct row {
    const char *name;
    struct figure count;
    struct figure limit;
    const char *limit_name; /* or NULL */
    enum condition condition;
    bool per_listener; /* a percentage is of each listener's own limit */
};

static void print_figure(FILE *stream, struct figure figure, int width) {
    if (figure_known(figure))
        fprintf(stream, " %*" PRIu64, width, figure.value);
    else
        fprintf(stream, " %*s", width, figure.status == FIGURE_ABSENT ? "-" : "unknown");
}

static void print_threshold(FILE *stream, const struct row *row, const struct threshold_rule *rule,
                            struct threshold threshold) {
    if (!rule->enabled) {
        fprintf(stream, " %9s", "off");
        return;
    }
    if (threshold.unit == UNIT_COUNT) {
        print_figure(stream, FIGURE_OF(threshold.value), 9);
        return;
    }
    if (figure_known(row->limit)) {
        uint64_t value = permyriad_apply((uint32_t)threshold.value, row->limit.value);
        print_figure(stream, FIGURE_OF(value > rule->floor ? value : rule->floor), 9);
        return;
    }
    char percent[16];
    uint64_t hundredths = threshold.value % 100;
    int length = snprintf(percent, sizeof percent, "%" PRIu64, threshold.value / 100);
    if (hundredths > 0)
        snprintf(percent + length, sizeof percent - (size_t)length, ".%02" PRIu64, hundredths);
    fprintf(stream, " %8s%%", percent);
}

static void print_row(FILE *stream, const struct config *config, const struct row *row) {
    const struct threshold_rule *rule = &config->rule[row->condition];

    fprintf(stream, "  %-12s", row->name);
    print_figure(stream, row->count, 9);
    print_figure(stream, row->limit_name && !row->per_listener ? row->limit : FIGURE_MISSING, 9);
    print_threshold(stream, row, rule, rule->warning);
    print_threshold(stream, row, rule, rule->critical);
    if (row->limit_name)
        fprintf(stream, "  %s", row->limit_name);
    fputc('\n', stream);
}

static void print_listen(FILE *stream, struct figure count) {
    fprintf(stream, "  %-12s", tcp_state_name(STATE_LISTEN));
    print_figure(stream, count, 9);
    fprintf(stream, " %9s %9s %9s\n", "-", "-", "-");
}

static void print_state_rows(FILE *stream, const struct sample *sample, const struct config *config) {
    print_listen(stream, sample->state[STATE_LISTEN]);
    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        if (info->state == 0)
            continue;
        bool time_wait = i == CONDITION_TIME_WAIT;
        print_row(stream, config,
                  &(struct row){
                      .name = tcp_state_name(info->state),
                      .count = sample->state[info->state],
                      .limit = time_wait ? sample->knob[KNOB_TCP_MAX_TW_BUCKETS].value : FIGURE_MISSING,
                      .limit_name = info->limit,
                      .condition = (enum condition)i,
                      .per_listener = info->limit && !time_wait,
                  });
    }
}

static void print_destination(FILE *stream, const struct sample *sample, const struct config *config) {
    char name[ENDPOINT_TEXT_SIZE], text[ENDPOINT_TEXT_SIZE + 32];

    if (sample->destination_count == 0)
        return;
    endpoint_format(&sample->destination[0].remote, name);
    snprintf(text, sizeof text, "ephemeral ports, towards %s", name);
    print_row(stream, config,
              &(struct row){
                  .name = "ports",
                  .count = FIGURE_OF(sample->destination[0].ports_in_use),
                  .limit = sample_ephemeral_ports(sample),
                  .limit_name = text,
                  .condition = CONDITION_PORTS,
              });
}

/* What the host has or has not got (conntrack) is shown where it is known. */
static void print_gauge_rows(FILE *stream, const struct sample *sample, const struct config *config) {
    static const struct {
        enum condition condition;
        enum gauge gauge;
        enum knob limit;
    } gauge[] = {
        {CONDITION_ORPHANS, GAUGE_ORPHANS, KNOB_TCP_MAX_ORPHANS},
        {CONDITION_TCP_MEMORY, GAUGE_MEMORY_PAGES, KNOB_TCP_MEM_MAX},
        {CONDITION_CONNTRACK, GAUGE_CONNTRACK, KNOB_CONNTRACK_MAX},
    };

    for (size_t i = 0; i < ARRAY_SIZE(gauge); i++) {
        const struct condition_info *info = condition_info(gauge[i].condition);
        if (figure_known(sample->gauge[gauge[i].gauge]))
            print_row(stream, config,
                      &(struct row){
                          .name = info->name,
                          .count = sample->gauge[gauge[i].gauge],
                          .limit = sample->knob[gauge[i].limit].value,
                          .limit_name = info->limit,
                          .condition = gauge[i].condition,
                      });
    }
}

static void print_listener(FILE *stream, const struct sample *sample, const struct listener *listener) {
    enum limit_source source;
    struct figure limit = syn_queue_limit(sample, listener, &source);
    bool counted = sample->half_open_usec != 0;
    char local[ENDPOINT_TEXT_SIZE];

    endpoint_format(&listener->local, local);
    fprintf(stream, "  %-26s", local);
    print_figure(stream, counted ? FIGURE_OF(listener->half_open) : FIGURE_NONE, 9);
    print_figure(stream, limit, 9);
    print_figure(stream, FIGURE_OF(listener->accept_queue), 9);
    print_figure(stream, FIGURE_OF(listener->backlog), 9);
    fprintf(stream, "  %s\n", limit_source_name(source));
}

static void print_listeners(FILE *stream, const struct sample *sample, bool color) {
    const struct listener *top[VIEW_LISTENERS];

    if (!sample->listeners_known) {
        fputs("\nListeners: unknown\n", stream);
        return;
    }
    if (sample->listener_count == 0)
        return;
    size_t count = view_fullest_listeners(sample, true, top);
    fprintf(stream, "\n%s  %-26s %9s %9s %9s %9s  %s%s\n", color ? "\033[1m" : "", "LISTENER", "HALF-OPEN",
            "OF", "ACCEPT", "OF", "SYN QUEUE LIMITED BY", color ? "\033[0m" : "");
    for (size_t i = 0; i < count; i++)
        print_listener(stream, sample, top[i]);
    if (sample->listener_count > count)
        fprintf(stream, "  and %zu more\n", sample->listener_count - count);
}

void console_print_states(FILE *stream, const struct sample *sample, const struct config *config,
                          bool color) {
    fprintf(stream, "%s  %-12s %9s %9s %9s %9s  %s%s\n", color ? "\033[1m" : "", "STATE", "COUNT", "LIMIT",
            "WARNING", "CRITICAL", "LIMITED BY", color ? "\033[0m" : "");
    print_state_rows(stream, sample, config);
    print_destination(stream, sample, config);
    print_gauge_rows(stream, sample, config);
    print_listeners(stream, sample, color);
    fputc('\n', stream);
    fflush(stream);
}
