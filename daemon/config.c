/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "config_draft.h"

/** One file on its way into the draft. */
struct reader {
    struct config_draft *draft;
    const char *path;
    uint16_t file;
    uint32_t *sequence;
    char *error; /* CONFIG_ERROR_SIZE */
};

/* The longest is ports[N].thresholds.CONDITION.KEY. */
#define PATH_DEPTH_MAX 6

static void add_path(const config_setting_t *setting, struct text *path) {
    const config_setting_t *step[PATH_DEPTH_MAX];
    size_t depth = 0;

    for (; config_setting_parent(setting) && depth < PATH_DEPTH_MAX; setting = config_setting_parent(setting))
        step[depth++] = setting;
    while (depth-- > 0)
        if (config_setting_name(step[depth]))
            text_add(path, "%s%.40s", path->length > 0 ? "." : "", config_setting_name(step[depth]));
        else
            text_add(path, "[%d]", config_setting_index(step[depth]));
}

static int fail(const struct reader *reader, const config_setting_t *setting, const char *wrong) {
    char path_text[CONFIG_ERROR_SIZE];
    struct text path = text_in(path_text, sizeof path_text);

    add_path(setting, &path);
    return config_fail(reader->error, reader->path, config_setting_source_line(setting), path_text, "%s",
                       wrong);
}

static enum value_type type_of(const config_setting_t *setting) {
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return VALUE_GROUP;
    case CONFIG_TYPE_ARRAY:
        return VALUE_ARRAY;
    case CONFIG_TYPE_BOOL:
        return VALUE_BOOLEAN;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return VALUE_INTEGER;
    case CONFIG_TYPE_FLOAT:
        return VALUE_FLOAT;
    case CONFIG_TYPE_STRING:
        return VALUE_STRING;
    default:
        return VALUE_LIST;
    }
}

static struct config_value value_of(const config_setting_t *setting) {
    struct config_value value = {.type = type_of(setting)};

    if (value.type == VALUE_BOOLEAN)
        value.boolean = config_setting_get_bool(setting) != 0;
    if (value.type == VALUE_INTEGER)
        value.integer = config_setting_get_int64(setting);
    if (value.type == VALUE_STRING)
        value.string = config_setting_get_string(setting);
    return value;
}

static int expect(const struct reader *reader, const config_setting_t *setting, enum value_type type) {
    char wrong[KEY_TEXT_SIZE];
    struct text text = text_in(wrong, sizeof wrong);

    if (type_of(setting) == type)
        return 0;
    text_add(&text, "is %s, allowed: %s", value_type_name(type_of(setting)),
             type == VALUE_GROUP ? "a group, { ... }" : "a list of groups, ( { ... }, ... )");
    return fail(reader, setting, wrong);
}

static int fail_unknown(const struct reader *reader, const config_setting_t *setting, const char *what,
                        const char *allowed) {
    char wrong[CONFIG_ERROR_SIZE];
    struct text text = text_in(wrong, sizeof wrong);

    text_add(&text, "%s, allowed: %s", what, allowed);
    return fail(reader, setting, wrong);
}

static int fail_unknown_key(const struct reader *reader, const config_setting_t *setting,
                            const struct config_key *keys, size_t count) {
    char names[CONFIG_ERROR_SIZE];
    struct text text = text_in(names, sizeof names);

    for (size_t i = 0; i < count; i++)
        text_add(&text, "%s%s", i > 0 ? ", " : "", keys[i].name);
    return fail_unknown(reader, setting, "unknown key", names);
}

static int fail_condition(const struct reader *reader, const config_setting_t *setting, bool per_port,
                          const char *what) {
    char names[CONFIG_ERROR_SIZE];
    struct text text = text_in(names, sizeof names);

    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        if (!per_port || info->per_port)
            text_add(&text, "%s%s", text.length > 0 ? ", " : "", info->name);
    }
    return fail_unknown(reader, setting, what, names);
}

/** Where the keys of a group go. */
struct target {
    const struct config_key *key;
    size_t count;
    const struct condition_info *condition; /* NULL for a section */
    void *base;
    struct config_origin *origin; /* one for each key */
    uint16_t entry;
};

static int read_key(const struct reader *reader, const config_setting_t *setting,
                    const struct target *target) {
    char wrong_text[CONFIG_ERROR_SIZE];
    struct text wrong = text_in(wrong_text, sizeof wrong_text);
    const struct config_value value = value_of(setting);
    size_t i = 0;

    while (i < target->count && strcmp(target->key[i].name, config_setting_name(setting)) != 0)
        i++;
    if (i == target->count)
        return fail_unknown_key(reader, setting, target->key, target->count);
    if (config_key_set(&target->key[i], &value, target->condition, target->base, &wrong) < 0)
        return fail(reader, setting, wrong_text);
    target->origin[i] = (struct config_origin){.sequence = ++*reader->sequence,
                                               .line = config_setting_source_line(setting),
                                               .file = reader->file,
                                               .entry = target->entry};
    return 0;
}

static int read_keys(const struct reader *reader, const config_setting_t *group,
                     const struct target *target) {
    int result = expect(reader, group, VALUE_GROUP);

    for (int i = 0; result == 0 && i < config_setting_length(group); i++)
        result = read_key(reader, config_setting_get_elem(group, (unsigned)i), target);
    return result;
}

static int read_section(const struct reader *reader, const config_setting_t *group,
                        enum config_section_id id) {
    const struct config_section *section = config_section(id);

    return read_keys(reader, group,
                     &(struct target){.key = section->key,
                                      .count = section->count,
                                      .base = &reader->draft->config,
                                      .origin = reader->draft->origin[id]});
}

/* @param entry 0 for the general rules, else the index in `ports` plus 1 */
static int read_condition(const struct reader *reader, const config_setting_t *group,
                          struct rule_draft rules[CONDITION_COUNT], uint16_t entry) {
    int condition = condition_from_name(config_setting_name(group));

    if (condition < 0)
        return fail_condition(reader, group, entry > 0, "unknown condition");
    const struct condition_info *info = condition_info((enum condition)condition);
    if (entry > 0 && !info->per_port)
        return fail_condition(reader, group, true, "is not judged for one port");
    struct rule_draft *rule = &rules[condition];
    rule->named = true;
    return read_keys(reader, group,
                     &(struct target){.key = config_rule_keys(),
                                      .count = RULE_KEY_COUNT,
                                      .condition = info,
                                      .base = &rule->rule,
                                      .origin = rule->origin,
                                      .entry = entry});
}

static int read_thresholds(const struct reader *reader, const config_setting_t *group,
                           struct rule_draft rules[CONDITION_COUNT], uint16_t entry) {
    int result = expect(reader, group, VALUE_GROUP);

    for (int i = 0; result == 0 && i < config_setting_length(group); i++)
        result = read_condition(reader, config_setting_get_elem(group, (unsigned)i), rules, entry);
    return result;
}

static int read_port_number(const struct reader *reader, const config_setting_t *entry, uint16_t *port) {
    static const struct config_key key = {.name = "port", .kind = KEY_COUNT, .min = 1, .max = UINT16_MAX};
    const config_setting_t *setting = config_setting_get_member(entry, key.name);
    char wrong_text[CONFIG_ERROR_SIZE];
    struct text wrong = text_in(wrong_text, sizeof wrong_text);
    uint64_t number = 0;

    if (!setting)
        return fail(reader, entry, "has no port, allowed: { port = 1 to 65535; thresholds = { ... }; }");
    const struct config_value value = value_of(setting);
    if (config_key_set(&key, &value, NULL, &number, &wrong) < 0)
        return fail(reader, setting, wrong_text);
    *port = (uint16_t)number;
    return 0;
}

static int read_port(const struct reader *reader, const config_setting_t *entry, struct port_draft *port,
                     uint16_t index) {
    int result = 0;

    for (int i = 0; result == 0 && i < config_setting_length(entry); i++) {
        const config_setting_t *setting = config_setting_get_elem(entry, (unsigned)i);
        if (strcmp(config_setting_name(setting), "thresholds") == 0)
            result = read_thresholds(reader, setting, port->rule, (uint16_t)(index + 1));
        else if (strcmp(config_setting_name(setting), "port") != 0)
            result = fail_unknown(reader, setting, "unknown key", "port, thresholds");
    }
    return result;
}

/** Which entry of this file a port was seen in first. */
struct seen_ports {
    size_t count;
    struct {
        uint16_t port;
        int index;
        unsigned line;
    } entry[PORT_RULES_MAX];
};

/* Within one file twice the same port is a slip; a later file's entry is laid over. */
static int note_port(const struct reader *reader, const config_setting_t *entry, uint16_t port,
                     struct seen_ports *seen) {
    const config_setting_t *setting = config_setting_get_member(entry, "port");
    char wrong[2 * KEY_TEXT_SIZE];
    struct text text = text_in(wrong, sizeof wrong);

    for (size_t i = 0; i < seen->count; i++) {
        if (seen->entry[i].port != port)
            continue;
        text_add(&text, "%u is already the port of ports[%d] (line %u), allowed: each port once in a file",
                 port, seen->entry[i].index, seen->entry[i].line);
        return fail(reader, setting, wrong);
    }
    if (seen->count == PORT_RULES_MAX || !config_draft_port(reader->draft, port)) {
        text_add(&text, "one port too many, allowed: %d in all files together", PORT_RULES_MAX);
        return fail(reader, setting, wrong);
    }
    seen->entry[seen->count].port = port;
    seen->entry[seen->count].index = config_setting_index(entry);
    seen->entry[seen->count].line = config_setting_source_line(setting);
    seen->count++;
    return 0;
}

static int read_ports(const struct reader *reader, const config_setting_t *list) {
    struct seen_ports seen = {0};
    int result = expect(reader, list, VALUE_LIST);

    for (int i = 0; result == 0 && i < config_setting_length(list); i++) {
        const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
        uint16_t port = 0;
        result = expect(reader, entry, VALUE_GROUP);
        if (result == 0)
            result = read_port_number(reader, entry, &port);
        if (result == 0)
            result = note_port(reader, entry, port, &seen);
        if (result == 0)
            result = read_port(reader, entry, config_draft_port(reader->draft, port), (uint16_t)i);
    }
    return result;
}

static int read_root(const struct reader *reader, const config_setting_t *setting) {
    const char *name = config_setting_name(setting);

    for (int i = 0; i < SECTION_COUNT; i++)
        if (strcmp(config_section((enum config_section_id)i)->name, name) == 0)
            return read_section(reader, setting, (enum config_section_id)i);
    if (strcmp(name, "thresholds") == 0)
        return read_thresholds(reader, setting, reader->draft->rule, 0);
    if (strcmp(name, "ports") == 0)
        return read_ports(reader, setting);
    return fail_unknown(reader, setting, "unknown key", "sampling, thresholds, ports, alerts, output");
}

static int fail_syntax(const struct reader *reader, const config_t *parsed) {
    const char *text = config_error_text(parsed);
    bool more = text && strcmp(text, "syntax error") != 0;

    return config_fail(reader->error, reader->path, (unsigned)config_error_line(parsed), NULL,
                       "syntax error%s%s", more ? ": " : "", more ? text : "");
}

static int read_file(const struct reader *reader) {
    CLEANUP_FREE char *text = NULL;
    config_t parsed;
    int result = config_file_read(reader->path, &text, reader->error);

    if (result < 0)
        return result;
    config_init(&parsed);
    if (config_read_string(&parsed, text) == CONFIG_FALSE) {
        result = fail_syntax(reader, &parsed);
    } else {
        const config_setting_t *root = config_root_setting(&parsed);
        for (int i = 0; result == 0 && i < config_setting_length(root); i++)
            result = read_root(reader, config_setting_get_elem(root, (unsigned)i));
    }
    config_destroy(&parsed);
    return result;
}

static int find_files(struct config_files *files, const char *file, const char *root,
                      char error[CONFIG_ERROR_SIZE]) {
    if (!file)
        return config_files_find(files, root, error);
    int result = config_files_add(files, file);
    if (result < 0)
        config_fail(error, file, 0, NULL, "cannot be read: %s", strerror(-result));
    return result;
}

static int load_files(struct config *config, const struct config_files *files, struct config_draft *draft,
                      char error[CONFIG_ERROR_SIZE]) {
    uint32_t sequence = 0;

    config_draft_init(draft);
    for (size_t i = 0; i < files->count; i++) {
        int result = read_file(&(struct reader){.draft = draft,
                                                .path = files->path[i],
                                                .file = (uint16_t)i,
                                                .sequence = &sequence,
                                                .error = error});
        if (result < 0)
            return result;
    }
    return config_draft_finish(draft, files, config, error);
}

int config_load(struct config *config, const char *file, const char *root, char error[CONFIG_ERROR_SIZE]) {
    CLEANUP_CONFIG_FILES struct config_files files = {0};
    int result = find_files(&files, file, root, error);

    if (result < 0)
        return result;
    struct config_draft *draft = malloc(sizeof *draft);
    if (!draft) {
        config_fail(error, "configuration", 0, NULL, "cannot be read: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    result = load_files(config, &files, draft, error);
    free(draft);
    return result;
}
