/* SPDX-License-Identifier: MIT */
#include "config_draft.h"

#include <errno.h>
#include <string.h>

void config_defaults(struct config *config) {
    *config = (struct config){
        .interval_usec = USEC_PER_SEC,
        .cpu_budget_permyriad = 100,
        .walk_max_age_usec = 30 * USEC_PER_SEC,
        .reminder_usec = 1800 * USEC_PER_SEC,
        .journal = true,
        .metrics = true,
        .status = true,
    };
    for (int i = 0; i < CONDITION_COUNT; i++)
        config->rule[i] = condition_info((enum condition)i)->defaults;
}

static const struct port_rule *find_port(const struct config *config, uint16_t port) {
    for (size_t i = 0; i < config->port_count; i++)
        if (config->port[i].port == port)
            return &config->port[i];
    return NULL;
}

const struct threshold_rule *config_rule(const struct config *config, enum condition condition,
                                         uint16_t port) {
    const struct port_rule *found = find_port(config, port);
    return found && found->overrides[condition] ? &found->rule[condition] : &config->rule[condition];
}

void config_draft_init(struct config_draft *draft) {
    memset(draft, 0, offsetof(struct config_draft, port));
    config_defaults(&draft->config);
    for (size_t i = 0; i < CONDITION_COUNT; i++)
        draft->rule[i].rule = draft->config.rule[i];
}

struct port_draft *config_draft_port(struct config_draft *draft, uint16_t port) {
    size_t i = 0;

    while (i < draft->port_count && draft->port[i].port < port)
        i++;
    struct port_draft *at = &draft->port[i];
    if (i < draft->port_count && at->port == port)
        return at;
    if (draft->port_count == PORT_RULES_MAX)
        return NULL;
    memmove(at + 1, at, (draft->port_count - i) * sizeof *at);
    memset(at, 0, sizeof *at);
    at->port = port;
    draft->port_count++;
    return at;
}

static void inherit(struct rule_draft *rule, const struct rule_draft *general) {
    const struct config_key *key = config_rule_keys();

    for (size_t i = 0; i < RULE_KEY_COUNT; i++) {
        if (rule->origin[i].sequence > 0)
            continue;
        config_key_copy(&key[i], &rule->rule, &general->rule);
        rule->origin[i] = general->origin[i];
    }
}

/** A value that does not go with another one. */
struct clash {
    const struct config_key *key[2];
    const void *base;
    const struct config_origin *origin[2];
    const char *group; /* "sampling" or the condition's name */
    bool is_rule;
};

static void clash_path(const struct clash *clash, int which, struct text *path) {
    const struct config_origin *origin = clash->origin[which];

    if (origin->entry > 0)
        text_add(path, "ports[%d].", origin->entry - 1);
    if (clash->is_rule)
        text_add(path, "thresholds.");
    text_add(path, "%s.%s", clash->group, clash->key[which]->name);
}

/* Blames the later of the two settings, and says what the other one is and where it comes from. */
static int fail_clash(const struct clash *clash, const char *wrong[2], const char *allowed,
                      const struct config_files *files, char error[CONFIG_ERROR_SIZE]) {
    int later = clash->origin[1]->sequence > clash->origin[0]->sequence ? 1 : 0;
    const struct config_origin *blamed = clash->origin[later], *other = clash->origin[1 - later];
    char path_text[KEY_TEXT_SIZE], where_text[KEY_TEXT_SIZE];
    char value[2][KEY_TEXT_SIZE];
    struct text path = text_in(path_text, sizeof path_text), where = text_in(where_text, sizeof where_text);

    clash_path(clash, later, &path);
    for (int i = 0; i < 2; i++)
        config_key_format(clash->key[i], clash->base, value[i]);
    if (other->sequence == 0)
        text_add(&where, "the default");
    else if (other->file == blamed->file)
        text_add(&where, "line %u", other->line);
    else
        text_add(&where, "%.40s:%u", config_base_name(files->path[other->file]), other->line);
    return config_fail(error, files->path[blamed->file], blamed->line, path_text,
                       "%s %s %s = %s (%s), allowed: %s", value[later], wrong[later],
                       clash->key[1 - later]->name, value[1 - later], where_text, allowed);
}

static int check_rule(const struct rule_draft *draft, const char *name, const struct config_files *files,
                      char error[CONFIG_ERROR_SIZE]) {
    const struct config_key *key = config_rule_keys();
    const struct threshold *warning = &draft->rule.warning, *critical = &draft->rule.critical;
    struct clash clash = {.key = {&key[RULE_WARNING], &key[RULE_CRITICAL]},
                          .base = &draft->rule,
                          .origin = {&draft->origin[RULE_WARNING], &draft->origin[RULE_CRITICAL]},
                          .group = name,
                          .is_rule = true};

    if (warning->unit != critical->unit)
        return fail_clash(&clash,
                          (const char *[]){"is not of the same unit as", "is not of the same unit as"},
                          "both counts or both percentages", files, error);
    if (warning->value > critical->value)
        return fail_clash(&clash, (const char *[]){"is above", "is below"}, "warning up to critical", files,
                          error);
    return 0;
}

static int check_sampling(const struct config_draft *draft, const struct config_files *files,
                          char error[CONFIG_ERROR_SIZE]) {
    const struct config_section *sampling = config_section(SECTION_SAMPLING);
    const struct config_origin *origin = draft->origin[SECTION_SAMPLING];
    struct clash clash = {.key = {&sampling->key[SAMPLING_INTERVAL], &sampling->key[SAMPLING_WALK_MAX_AGE]},
                          .base = &draft->config,
                          .origin = {&origin[SAMPLING_INTERVAL], &origin[SAMPLING_WALK_MAX_AGE]},
                          .group = sampling->name};

    if (draft->config.walk_max_age_usec >= draft->config.interval_usec)
        return 0;
    return fail_clash(&clash, (const char *[]){"is longer than", "is shorter than"},
                      "walk-max-age of at least interval", files, error);
}

static int check(const struct config_draft *draft, const struct config_files *files,
                 char error[CONFIG_ERROR_SIZE]) {
    int result = check_sampling(draft, files, error);

    for (int i = 0; result == 0 && i < CONDITION_COUNT; i++)
        result = check_rule(&draft->rule[i], condition_info((enum condition)i)->name, files, error);
    for (size_t p = 0; p < draft->port_count; p++)
        for (int i = 0; result == 0 && i < CONDITION_COUNT; i++)
            if (draft->port[p].rule[i].named)
                result = check_rule(&draft->port[p].rule[i], condition_info((enum condition)i)->name, files,
                                    error);
    return result;
}

static void inherit_all(struct config_draft *draft) {
    for (size_t p = 0; p < draft->port_count; p++)
        for (size_t i = 0; i < CONDITION_COUNT; i++)
            if (draft->port[p].rule[i].named)
                inherit(&draft->port[p].rule[i], &draft->rule[i]);
}

int config_draft_finish(struct config_draft *draft, const struct config_files *files, struct config *config,
                        char error[CONFIG_ERROR_SIZE]) {
    inherit_all(draft);
    int result = check(draft, files, error);
    if (result < 0)
        return result;
    memcpy(config, &draft->config, offsetof(struct config, port));
    config->port_count = draft->port_count;
    for (size_t i = 0; i < CONDITION_COUNT; i++)
        config->rule[i] = draft->rule[i].rule;
    for (size_t p = 0; p < draft->port_count; p++) {
        config->port[p].port = draft->port[p].port;
        for (size_t i = 0; i < CONDITION_COUNT; i++) {
            config->port[p].overrides[i] = draft->port[p].rule[i].named;
            config->port[p].rule[i] = draft->port[p].rule[i].rule;
        }
    }
    return 0;
}
