/* SPDX-License-Identifier: MIT */
#include "states_view.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "diagnose.h"
#include "table.h"
#include "util.h"

#define KEY_SIZE UNIT_SIZE

static const struct {
    const char *name, *title;
} by_name[] = {
    [STATES_TOTAL] = {"", ""},
    [STATES_BY_PORT] = {"port", "PORT"},
    [STATES_BY_PEER] = {"peer", "PEER"},
    [STATES_BY_UNIT] = {"unit", "UNIT"},
    [STATES_BY_FAMILY] = {"family", "FAMILY"},
};

int states_by_parse(const char *text, enum states_by *by) {
    for (size_t i = STATES_BY_PORT; i < ARRAY_SIZE(by_name); i++)
        if (strcmp(text, by_name[i].name) == 0) {
            *by = (enum states_by)i;
            return 0;
        }
    return -EINVAL;
}

static int no_memory(const struct verb *verb) {
    ctl_error(verb, NULL, "%s", strerror(ENOMEM));
    return CTL_FAILED;
}

static bool is_asked_for(uint32_t state_mask, enum tcp_state state) {
    return state_mask == 0 || state_mask & 1U << state;
}

static int print_total_json(const struct verb *verb, const struct socket_group *total, uint32_t state_mask) {
    json_t *all = json_array();

    for (size_t i = 0; i < STATES_WITH_SOCKETS; i++)
        if (is_asked_for(state_mask, tcp_states_in_order[i]))
            json_array_append_new(all,
                                  json_pack("{s:s, s:I}", "state", tcp_state_name(tcp_states_in_order[i]),
                                            "sockets", (json_int_t)total->state[tcp_states_in_order[i]]));
    return ctl_print_json(verb, all);
}

int states_view_print_total(const struct ctl *ctl, const struct verb *verb, const struct socket_group *total,
                            uint32_t state_mask) {
    static const struct table_column column[] = {{.title = "STATE"}, {.title = "SOCKETS", .right = true}};

    if (ctl->json)
        return print_total_json(verb, total, state_mask);
    CLEANUP_TABLE struct table *table = table_new(column, ARRAY_SIZE(column));
    if (!table)
        return no_memory(verb);
    for (size_t i = 0; i < STATES_WITH_SOCKETS; i++)
        if (is_asked_for(state_mask, tcp_states_in_order[i])) {
            table_cell(table, "%s", tcp_state_name(tcp_states_in_order[i]));
            table_cell(table, "%" PRIu32, total->state[tcp_states_in_order[i]]);
        }
    table_cell(table, "total");
    table_cell(table, "%" PRIu32, total->total);
    return table_print(table, &ctl->page) < 0 ? no_memory(verb) : CTL_OK;
}

static void write_unit(struct text *text, uint32_t unit, const struct socket_names *names) {
    if (unit == UNIT_NOT_TOLD)
        text_add(text, "(not told)");
    else if (unit == UNIT_NONE)
        text_add(text, "(no unit)");
    else
        text_add(text, "%s", socket_names_text(names, unit));
}

static void write_peer(struct text *text, const struct group_key *key) {
    struct endpoint peer = {.family = key->family};
    char address[ENDPOINT_TEXT_SIZE] = "";

    memcpy(peer.address, key->address, sizeof peer.address);
    endpoint_format(&peer, address);
    text_add(text, "%s", key->family == ENDPOINT_NONE ? "(listening)" : address);
}

void states_view_key(enum states_by by, const struct group_key *key, const struct socket_names *names,
                     char *buffer, size_t size) {
    struct text text = text_in(buffer, size);

    if (by == STATES_BY_PORT)
        text_add(&text, key->outgoing ? "to :%" PRIu32 " out" : ":%" PRIu32 " in", key->number);
    else if (by == STATES_BY_PEER)
        write_peer(&text, key);
    else if (by == STATES_BY_UNIT)
        write_unit(&text, key->number, names);
    else if (by == STATES_BY_FAMILY)
        text_add(&text, "IPv%u", key->family);
}

static json_t *states_to_json(const struct socket_group *group) {
    json_t *states = json_object();

    for (size_t i = 0; i < STATES_WITH_SOCKETS; i++)
        if (group->state[tcp_states_in_order[i]] > 0)
            json_object_set_new(states, tcp_state_name(tcp_states_in_order[i]),
                                json_integer(group->state[tcp_states_in_order[i]]));
    return states;
}

static void add_key_json(json_t *object, enum states_by by, const struct group_key *key,
                         const struct socket_names *names) {
    char text[KEY_SIZE] = "";

    states_view_key(by, key, names, text, sizeof text);
    bool named = (by != STATES_BY_UNIT || key->number >= UNIT_FIRST) &&
                 (by != STATES_BY_PEER || key->family != ENDPOINT_NONE);
    if (by == STATES_BY_PORT) {
        json_object_set_new(object, "port", json_integer(key->number));
        json_object_set_new(object, "direction", json_string(key->outgoing ? "out" : "in"));
    } else {
        json_object_set_new(object, by_name[by].name, named ? ctl_json_text(text) : json_null());
    }
}

static void add_counts_json(json_t *object, const struct socket_group *group) {
    json_object_set_new(object, "total", json_integer(group->total));
    json_object_set_new(object, "states", states_to_json(group));
}

/* What the rows shown leave out. */
struct rest {
    struct socket_group sum;
    size_t keys;     /* beyond the limit */
    uint32_t others; /* sockets whose keys were not kept */
};

static struct rest rest_of(const struct socket_groups *groups, const struct socket_group *group, size_t shown,
                           size_t count) {
    const struct socket_group *others = socket_groups_others(groups);
    struct rest rest = {.sum = *others, .keys = count - shown, .others = others->total};

    for (size_t i = shown; i < count; i++)
        socket_group_add(&rest.sum, &group[i]);
    return rest;
}

static int print_json(const struct verb *verb, enum states_by by, const struct socket_group *group,
                      size_t shown, const struct socket_names *names, const struct rest *rest) {
    json_t *all = json_array();

    for (size_t i = 0; i < shown; i++) {
        json_t *object = json_object();
        add_key_json(object, by, &group[i].key, names);
        add_counts_json(object, &group[i]);
        json_array_append_new(all, object);
    }
    if (rest->sum.total > 0) {
        json_t *object = json_pack("{s:b, s:I, s:I}", "rest", 1, "keys", (json_int_t)rest->keys,
                                   "sockets_of_keys_not_kept", (json_int_t)rest->others);
        add_counts_json(object, &rest->sum);
        json_array_append_new(all, object);
    }
    return ctl_print_json(verb, all);
}

/* Key, total, and the states that any socket is in; where there is no room, the ones with the most stay. */
static size_t choose_columns(enum states_by by, const struct socket_group *sum,
                             struct table_column column[TABLE_COLUMNS_MAX],
                             enum tcp_state shown[STATE_COUNT]) {
    size_t count = 0;

    column[0] = (struct table_column){.title = by_name[by].title, .shrinks = true};
    column[1] = (struct table_column){.title = "TOTAL", .right = true};
    for (size_t i = 0; i < STATES_WITH_SOCKETS; i++) {
        unsigned int larger = 1;
        if (sum->state[tcp_states_in_order[i]] == 0)
            continue;
        for (size_t other = 0; other < STATES_WITH_SOCKETS; other++) {
            bool before =
                other < i && sum->state[tcp_states_in_order[other]] == sum->state[tcp_states_in_order[i]];
            larger += before || sum->state[tcp_states_in_order[other]] > sum->state[tcp_states_in_order[i]];
        }
        column[2 + count] = (struct table_column){
            .title = tcp_state_name(tcp_states_in_order[i]), .right = true, .drop = larger};
        shown[count++] = tcp_states_in_order[i];
    }
    return count;
}

static void print_rest(const struct page *page, const struct rest *rest) {
    if (rest->keys > 0)
        fprintf(page->stream, "and %zu more with %" PRIu32 " sockets; --limit 0 shows all\n", rest->keys,
                rest->sum.total - rest->others);
    if (rest->others > 0)
        fprintf(page->stream, "and %" PRIu32 " sockets of others: only the first %d were told apart\n",
                rest->others, SOCKET_GROUPS_MAX);
}

static void add_row(struct table *table, const struct socket_group *group, const char *key,
                    const enum tcp_state shown[STATE_COUNT], size_t states) {
    table_cell(table, "%s", key);
    table_cell(table, "%" PRIu32, group->total);
    for (size_t i = 0; i < states; i++)
        table_cell(table, "%" PRIu32, group->state[shown[i]]);
}

int states_view_print_groups(const struct ctl *ctl, const struct verb *verb, enum states_by by,
                             struct socket_groups *groups, const struct socket_names *names, size_t limit) {
    struct table_column column[TABLE_COLUMNS_MAX];
    enum tcp_state shown[STATE_COUNT];
    const struct socket_group sum = socket_groups_sum(groups);
    char key[KEY_SIZE] = "";
    size_t count;
    const struct socket_group *group = socket_groups_sort(groups, &count);
    size_t rows = limit > 0 && limit < count ? limit : count;
    const struct rest rest = rest_of(groups, group, rows, count);

    if (ctl->json)
        return print_json(verb, by, group, rows, names, &rest);
    size_t states = choose_columns(by, &sum, column, shown);
    CLEANUP_TABLE struct table *table = table_new(column, 2 + states);
    if (!table)
        return no_memory(verb);
    for (size_t i = 0; i < rows; i++) {
        states_view_key(by, &group[i].key, names, key, sizeof key);
        add_row(table, &group[i], key, shown, states);
    }
    if (count > 1)
        add_row(table, &sum, "total", shown, states);
    if (table_print(table, &ctl->page) < 0)
        return no_memory(verb);
    print_rest(&ctl->page, &rest);
    return CTL_OK;
}
