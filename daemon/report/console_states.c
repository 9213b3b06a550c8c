/* SPDX-License-Identifier: MIT */
/* The table of states, limits and thresholds that a person sees first. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "page.h"
#include "table.h"
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

static void add_percent(struct table *table, uint64_t permyriad) {
    uint64_t hundredths = permyriad % 100;

    if (hundredths > 0)
        table_cell(table, "%" PRIu64 ".%02" PRIu64 "%%", permyriad / 100, hundredths);
    else
        table_cell(table, "%" PRIu64 "%%", permyriad / 100);
}

static void add_threshold(struct table *table, const struct row *row, const struct threshold_rule *rule,
                          struct threshold threshold) {
    if (!rule->enabled) {
        table_cell(table, "off");
    } else if (threshold.unit == UNIT_COUNT) {
        table_figure(table, FIGURE_OF(threshold.value));
    } else if (figure_known(row->limit)) {
        uint64_t value = permyriad_apply((uint32_t)threshold.value, row->limit.value);
        table_figure(table, FIGURE_OF(value > rule->floor ? value : rule->floor));
    } else {
        add_percent(table, threshold.value);
    }
}

static void add_row(struct table *table, const struct config *config, const struct row *row) {
    const struct threshold_rule *rule = &config->rule[row->condition];

    table_cell(table, "%s", row->name);
    table_figure(table, row->count);
    table_figure(table, row->limit_name && !row->per_listener ? row->limit : FIGURE_MISSING);
    add_threshold(table, row, rule, rule->warning);
    add_threshold(table, row, rule, rule->critical);
    table_cell(table, "%s", row->limit_name ? row->limit_name : "");
}

static void add_listen(struct table *table, struct figure count) {
    table_cell(table, "%s", tcp_state_name(STATE_LISTEN));
    table_figure(table, count);
    for (int i = 0; i < 3; i++)
        table_cell(table, "-");
    table_cell(table, "%s", "");
}

static void add_state_rows(struct table *table, const struct sample *sample, const struct config *config) {
    add_listen(table, sample->state[STATE_LISTEN]);
    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        if (info->state == 0)
            continue;
        bool time_wait = i == CONDITION_TIME_WAIT;
        add_row(table, config,
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

static void add_destination(struct table *table, const struct sample *sample, const struct config *config) {
    char name[ENDPOINT_TEXT_SIZE], text[ENDPOINT_TEXT_SIZE + 32];

    if (sample->destination_count == 0)
        return;
    endpoint_format(&sample->destination[0].remote, name);
    snprintf(text, sizeof text, "ephemeral ports, towards %s", name);
    add_row(table, config,
            &(struct row){
                .name = "ports",
                .count = FIGURE_OF(sample->destination[0].ports_in_use),
                .limit = sample_ephemeral_ports(sample),
                .limit_name = text,
                .condition = CONDITION_PORTS,
            });
}

/* What the host has or has not got (conntrack) is shown where it is known. */
static void add_gauge_rows(struct table *table, const struct sample *sample, const struct config *config) {
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
            add_row(table, config,
                    &(struct row){
                        .name = info->name,
                        .count = sample->gauge[gauge[i].gauge],
                        .limit = sample->knob[gauge[i].limit].value,
                        .limit_name = info->limit,
                        .condition = gauge[i].condition,
                    });
    }
}

static void add_listener(struct table *table, const struct sample *sample, const struct listener *listener) {
    enum limit_source source;
    struct figure limit = syn_queue_limit(sample, listener, &source);
    bool counted = sample->half_open_usec != 0;
    char local[ENDPOINT_TEXT_SIZE];

    endpoint_format(&listener->local, local);
    table_cell(table, "%s", local);
    table_figure(table, counted ? FIGURE_OF(listener->half_open) : FIGURE_NONE);
    table_figure(table, limit);
    table_figure(table, FIGURE_OF(listener->accept_queue));
    table_figure(table, FIGURE_OF(listener->backlog));
    table_cell(table, "%s", limit_source_name(source));
}

static int print_listeners(const struct page *page, const struct sample *sample) {
    static const struct table_column column[] = {
        {.title = "LISTENER", .shrinks = true},
        {.title = "HALF-OPEN", .right = true},
        {.title = "OF", .right = true, .drop = 3},
        {.title = "ACCEPT", .right = true},
        {.title = "OF", .right = true, .drop = 2},
        {.title = "SYN QUEUE LIMITED BY", .drop = 4, .shrinks = true},
    };
    const struct listener *top[VIEW_LISTENERS];

    if (!sample->listeners_known) {
        fputs("\nListeners: unknown\n", page->stream);
        return 0;
    }
    if (sample->listener_count == 0)
        return 0;
    CLEANUP_TABLE struct table *table = table_new(column, ARRAY_SIZE(column));
    if (!table)
        return -ENOMEM;
    size_t count = view_fullest_listeners(sample, true, top);
    for (size_t i = 0; i < count; i++)
        add_listener(table, sample, top[i]);
    fputc('\n', page->stream);
    int result = table_print(table, page);
    if (sample->listener_count > count)
        fprintf(page->stream, "  and %zu more\n", sample->listener_count - count);
    return result;
}

static int print_counts(const struct page *page, const struct sample *sample, const struct config *config) {
    static const struct table_column column[] = {
        {.title = "STATE"},
        {.title = "COUNT", .right = true},
        {.title = "LIMIT", .right = true, .drop = 1},
        {.title = "WARNING", .right = true, .drop = 2},
        {.title = "CRITICAL", .right = true, .drop = 3},
        {.title = "LIMITED BY", .drop = 4, .shrinks = true},
    };
    CLEANUP_TABLE struct table *table = table_new(column, ARRAY_SIZE(column));

    if (!table)
        return -ENOMEM;
    add_state_rows(table, sample, config);
    add_destination(table, sample, config);
    add_gauge_rows(table, sample, config);
    return table_print(table, page);
}

int console_print_states(FILE *stream, const struct sample *sample, const struct config *config, bool color) {
    struct page page = page_on(stream, color);
    int result = print_counts(&page, sample, config);

    if (result == 0)
        result = print_listeners(&page, sample);
    fputc('\n', stream);
    fflush(stream);
    return result;
}
