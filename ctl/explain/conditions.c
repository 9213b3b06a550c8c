/* SPDX-License-Identifier: MIT */
/* What has a threshold, and the thresholds in force. */
#include <stdlib.h>

#include "config_keys.h"
#include "explain.h"
#include "explain_parts.h"
#include "problem.h"
#include "util.h"

#define TEXT_SIZE 1024

static void words(word_callback callback, void *context) {
    for (int i = 0; i < CONDITION_COUNT; i++)
        callback(condition_info((enum condition)i)->name, context);
}

/* As a file has it: enabled=true; warning=100; and so on */
static void format_rule(const struct threshold_rule *rule, struct text *text) {
    const struct config_key *key = config_rule_keys();

    for (size_t i = 0; i < RULE_KEY_COUNT; i++) {
        char value[KEY_TEXT_SIZE];
        config_key_format(&key[i], rule, value);
        text_add(text, "%s%s=%s;", i > 0 ? " " : "", key[i].name, value);
    }
}

static void print_rule(const struct page *page, const char *label, uint16_t port,
                       const struct threshold_rule *rule) {
    char buffer[TEXT_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    if (port != 0)
        text_add(&text, "for port %u: ", port);
    format_rule(rule, &text);
    explain_labelled(page, label, buffer);
}

/* A mistake in the configuration does not keep the rest from being told. */
static void print_in_force(const struct ctl *ctl, enum condition condition) {
    char error[CONFIG_ERROR_SIZE];
    struct config config;

    if (config_load(&config, ctl->config_file, "", error) < 0) {
        explain_labelled(&ctl->page, "in force", "unknown, as the configuration cannot be used:");
        explain_command(&ctl->page, "", error);
        return;
    }
    print_rule(&ctl->page, "in force", 0, &config.rule[condition]);
    for (size_t i = 0; i < config.port_count; i++)
        if (config.port[i].overrides[condition])
            print_rule(&ctl->page, "", config.port[i].port, &config.port[i].rule[condition]);
}

static void print_problems(const struct page *page, enum condition condition) {
    const char *label = "leads to";

    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        char buffer[TEXT_SIZE];
        struct text text = text_in(buffer, sizeof buffer);
        if ((info->conditions & CONDITION_BIT(condition)) == 0)
            continue;
        text_add(&text, "%s (%s)", info->slug, info->title);
        explain_labelled(page, label, buffer);
        label = "";
    }
}

static void print_condition(const struct ctl *ctl, enum condition condition) {
    const struct condition_info *info = condition_info(condition);
    const struct page *page = &ctl->page;
    char buffer[TEXT_SIZE];
    struct text key = text_in(buffer, sizeof buffer);

    explain_heading(page, info->name, "a condition with a threshold");
    explain_labelled(page, "counts", info->meaning);
    explain_labelled(page, "unit", info->unit);
    explain_labelled(page, "% of", info->limit ? info->limit : "nothing: it has no limit");
    print_rule(page, "default", 0, &info->defaults);
    print_in_force(ctl, condition);
    print_problems(page, condition);
    text_add(&key, "thresholds.%s in synwaitd.conf(5)%s", info->name,
             info->per_port ? ", and the same in a group of ports for one local port" : "");
    explain_labelled(page, "key", buffer);
}

static json_t *rule_to_json(const struct threshold_rule *rule) {
    const struct config_key *key = config_rule_keys();
    json_t *json = json_object();

    for (size_t i = 0; i < RULE_KEY_COUNT; i++) {
        char value[KEY_TEXT_SIZE];
        config_key_format(&key[i], rule, value);
        /* A number or a boolean is valid JSON as it stands, and so is a string in quotes. */
        json_t *parsed = json_loads(value, JSON_DECODE_ANY, NULL);
        if (json_object_set_new(json, key[i].name, parsed) < 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static json_t *ports_to_json(const struct config *config, enum condition condition) {
    json_t *all = json_array();

    for (size_t i = 0; i < config->port_count; i++) {
        if (!config->port[i].overrides[condition])
            continue;
        json_t *one = json_pack("{s:i, s:o}", "port", config->port[i].port, "rule",
                                rule_to_json(&config->port[i].rule[condition]));
        if (json_array_append_new(all, one) < 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

static json_t *in_force_to_json(const struct ctl *ctl, enum condition condition) {
    char error[CONFIG_ERROR_SIZE];
    struct config config;

    if (config_load(&config, ctl->config_file, "", error) < 0)
        return json_pack("{s:n, s:o}", "in_force", "config_error", ctl_json_text(error));
    return json_pack("{s:o, s:o}", "in_force", rule_to_json(&config.rule[condition]), "in_force_on_ports",
                     ports_to_json(&config, condition));
}

static json_t *problems_to_json(enum condition condition) {
    json_t *all = json_array();

    for (int i = 0; i < PROBLEM_COUNT; i++)
        if ((problem_info((enum problem)i)->conditions & CONDITION_BIT(condition)) != 0)
            explain_append(&all, problem_info((enum problem)i)->slug);
    return all;
}

static json_t *condition_to_json(const struct ctl *ctl, enum condition condition) {
    const struct condition_info *info = condition_info(condition);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:b, s:o, s:o}", "kind", "condition", "word",
                             info->name, "counts", info->meaning, "unit", info->unit, "percent_of",
                             info->limit, "per_port", info->per_port, "default",
                             rule_to_json(&info->defaults), "problems", problems_to_json(condition));

    if (json_object_update_missing_new(json, in_force_to_json(ctl, condition)) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static bool explain(const struct ctl *ctl, const char *word, json_t **json) {
    for (int i = 0; i < CONDITION_COUNT; i++) {
        if (!ctl_same_word(word, condition_info((enum condition)i)->name))
            continue;
        if (ctl->json)
            *json = condition_to_json(ctl, (enum condition)i);
        else
            print_condition(ctl, (enum condition)i);
        return true;
    }
    return false;
}

const struct explained_kind explained_conditions = {.name = "condition", .words = words, .explain = explain};
