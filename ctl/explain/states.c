/* SPDX-License-Identifier: MIT */
/* The states, and the diagram of all of them. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "explain_parts.h"
#include "sampler.h"
#include "state_diagram.h"
#include "state_table.h"
#include "util.h"

#define ALL_STATES "states"
#define NAME_SIZE  16

static void words(word_callback callback, void *context) {
    for (size_t i = 0; i < ARRAY_SIZE(tcp_states_in_order); i++) {
        char word[NAME_SIZE];
        struct text text = text_in(word, sizeof word);
        text_add(&text, "%s", tcp_state_name(tcp_states_in_order[i]));
        for (char *at = word; *at; at++)
            *at = (char)tolower((unsigned char)*at);
        callback(word, context);
    }
    callback(ALL_STATES, context);
}

/* What is there now. No condition is judged, so that nothing is counted on its behalf. */
static void take_counts(struct figure count[STATE_COUNT]) {
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    struct config config;

    memset(count, 0, STATE_COUNT * sizeof *count);
    config_defaults(&config);
    for (int i = 0; i < CONDITION_COUNT; i++)
        config.rule[i].enabled = false;
    if (sampler)
        memcpy(count, sampler_take(sampler, &config, false)->state, STATE_COUNT * sizeof *count);
    count[STATE_CLOSED] = FIGURE_MISSING;
}

static void print_heading(const struct page *page, enum tcp_state state, struct figure count) {
    char buffer[64];
    struct text text = text_in(buffer, sizeof buffer);

    text_add(&text, "a TCP state");
    if (figure_known(count))
        text_add(&text, ", %" PRIu64 " socket%s now", count.value, count.value == 1 ? "" : "s");
    else if (count.status == FIGURE_UNKNOWN)
        text_add(&text, ", how many sockets is unknown");
    explain_heading(page, tcp_state_name(state), buffer);
}

/* @param in the transitions that lead here; else those that lead on */
static void print_edges(const struct page *page, enum tcp_state state, bool in) {
    const char *label = in ? "from" : "to";
    size_t count;
    const struct state_edge *edge = state_edges(&count);

    for (size_t i = 0; i < count; i++) {
        char buffer[640];
        struct text text = text_in(buffer, sizeof buffer);
        if ((in ? edge[i].to : edge[i].from) != state)
            continue;
        text_add(&text, "%s: %s%s", tcp_state_name(in ? edge[i].from : edge[i].to), edge[i].event,
                 edge_remark(edge[i].kind));
        explain_labelled(page, label, buffer);
        label = "";
    }
}

static void print_problem(const struct page *page, const struct state_problem *problem) {
    const struct problem_info *info = problem_info(problem->problem);
    char buffer[1200];
    struct text text = text_in(buffer, sizeof buffer);

    fputc('\n', page->stream);
    text_add(&text, "%s: %s", info->slug, info->meaning);
    explain_labelled(page, "pile-up", buffer);
    explain_causes(page, problem->problem, problem->only);
    if (problem->only == CAUSE_NONE)
        return;
    text = text_in(buffer, sizeof buffer);
    text_add(&text, "synwaitctl explain %s", info->slug);
    explain_command(page, "more", buffer);
}

static void print_state(const struct page *page, enum tcp_state state, struct figure count) {
    const struct state_info *info = state_info(state);

    print_heading(page, state, count);
    explain_labelled(page, "meaning", info->meaning);
    explain_labelled(page, "who", info->who);
    explain_labelled(page, "waits for", info->waits);
    explain_labelled(page, "timer", info->timer);
    print_edges(page, state, true);
    print_edges(page, state, false);
    if (info->harmless)
        explain_labelled(page, "pile-up", info->harmless);
    for (size_t i = 0; i < info->problem_count; i++)
        print_problem(page, &info->problem[i]);
}

static json_t *edge_to_json(const struct state_edge *edge) {
    return json_pack("{s:s, s:s, s:s, s:b, s:b}", "from", tcp_state_name(edge->from), "to",
                     tcp_state_name(edge->to), "event", edge->event, "rfc9293", edge->kind != EDGE_LINUX,
                     "linux", edge->kind != EDGE_RFC);
}

/* @param state the transitions to and from it; 0: all */
static json_t *edges_to_json(enum tcp_state state) {
    size_t count;
    const struct state_edge *edge = state_edges(&count);
    json_t *all = json_array();

    for (size_t i = 0; i < count; i++)
        if (state == 0 || edge[i].from == state || edge[i].to == state)
            if (json_array_append_new(all, edge_to_json(&edge[i])) < 0) {
                json_decref(all);
                return NULL;
            }
    return all;
}

static json_t *problems_to_json(const struct state_info *info) {
    json_t *all = json_array();

    for (size_t i = 0; i < info->problem_count; i++) {
        const struct state_problem *problem = &info->problem[i];
        const struct problem_info *texts = problem_info(problem->problem);
        json_t *causes = explain_causes_json(problem->problem, problem->only);
        json_t *one = json_pack("{s:s, s:s}", "problem", texts->slug, "meaning", texts->meaning);
        if (json_object_update_missing_new(one, causes) < 0) {
            json_decref(one);
            one = NULL;
        }
        if (json_array_append_new(all, one) < 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

static json_t *state_to_json(enum tcp_state state, struct figure count) {
    const struct state_info *info = state_info(state);

    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s*, s:o, s:o}", "kind", "state", "word",
                     tcp_state_name(state), "count", ctl_json_figure(count), "meaning", info->meaning, "who",
                     info->who, "waits_for", info->waits, "timer", info->timer, "harmless", info->harmless,
                     "transitions", edges_to_json(state), "problems", problems_to_json(info));
}

static json_t *all_to_json(const struct figure count[STATE_COUNT]) {
    json_t *counts = json_object();

    for (size_t i = 0; i < ARRAY_SIZE(tcp_states_in_order); i++)
        if (json_object_set_new(counts, tcp_state_name(tcp_states_in_order[i]),
                                ctl_json_figure(count[tcp_states_in_order[i]])) < 0) {
            json_decref(counts);
            return NULL;
        }
    return json_pack("{s:s, s:s, s:o, s:o}", "kind", "state", "word", ALL_STATES, "counts", counts,
                     "transitions", edges_to_json(0));
}

static bool find_state(const char *word, enum tcp_state *state) {
    if (ctl_same_word(word, tcp_state_name(STATE_CLOSED))) {
        *state = STATE_CLOSED;
        return true;
    }
    return ctl_parse_state(word, state) == 0;
}

static bool explain(const struct ctl *ctl, const char *word, json_t **json) {
    bool all = ctl_same_word(word, ALL_STATES);
    struct figure count[STATE_COUNT];
    enum tcp_state state;

    if (!all && !find_state(word, &state))
        return false;
    take_counts(count);
    if (ctl->json)
        *json = all ? all_to_json(count) : state_to_json(state, count[state]);
    else if (all)
        diagram_print(&ctl->page, count, page_speaks_utf8());
    else
        print_state(&ctl->page, state, count[state]);
    return true;
}

const struct explained_kind explained_states = {.name = "state", .words = words, .explain = explain};
