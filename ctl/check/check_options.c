/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "config_keys.h"
#include "record.h"
#include "util.h"

#define NAME_SIZE 32 /* longer than any condition's */

static int unknown_condition(struct text *error) {
    text_add(error, "unknown condition, allowed: ");
    for (int i = 0; i < CONDITION_COUNT; i++)
        text_add(error, "%s%s", i > 0 ? ", " : "", condition_info((enum condition)i)->name);
    return -EINVAL;
}

/* @param argument "CONDITION=VALUE" @return the condition, or -EINVAL with an error */
static int split(const char *argument, const char **value, struct text *error) {
    const char *equals = strchr(argument, '=');
    char name_text[NAME_SIZE];
    struct text name = text_in(name_text, sizeof name_text);

    if (!equals) {
        text_add(error, "must be CONDITION=VALUE");
        return -EINVAL;
    }
    text_add(&name, "%.*s", (int)(equals - argument), argument);
    *value = equals + 1;
    int condition = name.cut ? -1 : condition_from_name(name_text);
    return condition < 0 ? unknown_condition(error) : condition;
}

static void quote(struct text *error, const char *option, const char *argument) {
    text_add(error, "%s \"", option);
    text_add_at_most(error, argument, 60);
    text_add(error, "\": ");
}

static int apply_one(struct config *config, int key_index, const char *argument, struct text *error) {
    const struct config_key *key = &config_rule_keys()[key_index];
    const char *value = "";

    quote(error, key_index == RULE_WARNING ? "-w" : "-c", argument);
    int condition = split(argument, &value, error);
    if (condition < 0)
        return condition;
    struct threshold_rule *rule = &config->rule[condition];
    int result = config_key_set_text(key, value, condition_info((enum condition)condition), rule, error);
    if (result < 0)
        return result;
    const struct threshold *set = key_index == RULE_WARNING ? &rule->warning : &rule->critical;
    rule->enabled = true;
    if (set->unit == UNIT_COUNT && rule->floor > set->value)
        rule->floor = set->value;
    return 0;
}

static int apply_all(struct config *config, int key_index, const struct check_given *given,
                     char error[CONFIG_ERROR_SIZE]) {
    int result = 0;

    for (size_t i = 0; i < given->count && result == 0; i++) {
        struct text text = text_in(error, CONFIG_ERROR_SIZE);
        result = apply_one(config, key_index, given->argument[i], &text);
    }
    return result;
}

/* The configuration's own have been checked; together with the given ones they may clash. */
static int check_order(const struct config *config, char error[CONFIG_ERROR_SIZE]) {
    const struct config_key *key = config_rule_keys();
    char warning[KEY_TEXT_SIZE], critical[KEY_TEXT_SIZE];
    struct text text = text_in(error, CONFIG_ERROR_SIZE);

    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct threshold_rule *rule = &config->rule[i];
        bool one_unit = rule->warning.unit == rule->critical.unit;
        if (one_unit && rule->warning.value <= rule->critical.value)
            continue;
        config_key_format(&key[RULE_WARNING], rule, warning);
        config_key_format(&key[RULE_CRITICAL], rule, critical);
        text_add(&text, "%s: warning %s %s critical %s, allowed: %s", condition_info((enum condition)i)->name,
                 warning, one_unit ? "is above" : "is not of the same unit as", critical,
                 one_unit ? "warning up to critical" : "both counts or both percentages");
        return -EINVAL;
    }
    return 0;
}

static void turn_off(struct config *config, int condition) {
    config->rule[condition].enabled = false;
    for (size_t i = 0; i < config->port_count; i++)
        config->port[i].rule[condition].enabled = false;
}

static bool is_judged(const struct config *config, int condition) {
    bool judged = config->rule[condition].enabled;

    for (size_t i = 0; i < config->port_count; i++)
        judged = judged || (config->port[i].overrides[condition] && config->port[i].rule[condition].enabled);
    return judged;
}

/* What is asked for by name and would not be judged must not look as if it were well. */
static int name_conditions(const struct config *config, const struct check_given *given,
                           bool named[CONDITION_COUNT], struct text *error) {
    for (size_t i = 0; i < given->count; i++) {
        int condition = condition_from_name(given->argument[i]);
        if (condition >= 0 && is_judged(config, condition)) {
            named[condition] = true;
            continue;
        }
        quote(error, "--condition", given->argument[i]);
        if (condition < 0)
            return unknown_condition(error);
        text_add(error, "is off in the configuration: give it thresholds with -w and -c");
        return -EINVAL;
    }
    return 0;
}

/* Nor must a threshold be given in vain. */
static int check_given_are_named(const struct check_given *given, const bool named[CONDITION_COUNT],
                                 struct text *error) {
    for (size_t i = 0; i < given->count; i++) {
        const char *value;
        int condition = split(given->argument[i], &value, error);
        if (condition >= 0 && named[condition])
            continue;
        text_add(error, "\"%s\" has a threshold, but is not among the conditions named",
                 condition_info((enum condition)condition)->name);
        return -EINVAL;
    }
    return 0;
}

static int restrict_to(const struct check_options *options, struct config *config,
                       char error[CONFIG_ERROR_SIZE]) {
    bool named[CONDITION_COUNT] = {false};
    struct text text = text_in(error, CONFIG_ERROR_SIZE);

    if (options->condition.count == 0)
        return 0;
    int result = name_conditions(config, &options->condition, named, &text);
    if (result == 0)
        result = check_given_are_named(&options->warning, named, &text);
    if (result == 0)
        result = check_given_are_named(&options->critical, named, &text);
    for (int i = 0; i < CONDITION_COUNT && result == 0; i++)
        if (!named[i])
            turn_off(config, i);
    return result;
}

int check_options_apply(const struct check_options *options, struct config *config,
                        char error[CONFIG_ERROR_SIZE]) {
    error[0] = '\0';
    int result = apply_all(config, RULE_WARNING, &options->warning, error);
    if (result == 0)
        result = apply_all(config, RULE_CRITICAL, &options->critical, error);
    if (result == 0)
        result = check_order(config, error);
    if (result == 0)
        result = restrict_to(options, config, error);
    text_clean(error);
    return result;
}
