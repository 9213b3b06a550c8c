/* SPDX-License-Identifier: MIT */
#include "config_keys.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "config.h"
#include "decimal.h"
#include "timespan.h"

#define SECONDS(n) (n##ULL * USEC_PER_SEC)
#define WEEK       SECONDS(604800)

#define BOOLEAN(name, field)                                                                                 \
    { name, KEY_BOOLEAN, false, 0, 1, offsetof(struct config, field) }

static const struct config_section sections[SECTION_COUNT] = {
    [SECTION_SAMPLING] = {.name = "sampling",
                          .count = 3,
                          .key = {[SAMPLING_INTERVAL] = {"interval", KEY_TIMESPAN, false, 100 * USEC_PER_MSEC,
                                                         SECONDS(60), offsetof(struct config, interval_usec)},
                                  [SAMPLING_CPU_BUDGET] = {"cpu-budget", KEY_PERCENT, false, 1, PERMYRIAD,
                                                           offsetof(struct config, cpu_budget_permyriad)},
                                  [SAMPLING_WALK_MAX_AGE] = {"walk-max-age", KEY_TIMESPAN, false,
                                                             100 * USEC_PER_MSEC, SECONDS(3600),
                                                             offsetof(struct config, walk_max_age_usec)}}},
    [SECTION_ALERTS] = {.name = "alerts",
                        .count = 1,
                        .key = {{"reminder", KEY_TIMESPAN, true, SECONDS(10), WEEK,
                                 offsetof(struct config, reminder_usec)}}},
    [SECTION_OUTPUT] = {.name = "output",
                        .count = 3,
                        .key = {BOOLEAN("journal", journal), BOOLEAN("metrics", metrics),
                                BOOLEAN("status", status)}},
};

static const struct config_key rule_keys[RULE_KEY_COUNT] = {
    [RULE_ENABLED] = {"enabled", KEY_BOOLEAN, false, 0, 1, offsetof(struct threshold_rule, enabled)},
    [RULE_WARNING] = {"warning", KEY_THRESHOLD, false, 1, COUNT_MAX,
                      offsetof(struct threshold_rule, warning)},
    [RULE_CRITICAL] = {"critical", KEY_THRESHOLD, false, 1, COUNT_MAX,
                       offsetof(struct threshold_rule, critical)},
    [RULE_FLOOR] = {"floor", KEY_COUNT, false, 0, COUNT_MAX, offsetof(struct threshold_rule, floor)},
    [RULE_HOLD] = {"hold", KEY_TIMESPAN, false, 0, WEEK, offsetof(struct threshold_rule, hold_usec)},
    [RULE_CLEAR] = {"clear", KEY_TIMESPAN, false, 0, WEEK, offsetof(struct threshold_rule, clear_usec)},
};

const struct config_section *config_section(enum config_section_id id) {
    return &sections[id];
}

const struct config_key *config_rule_keys(void) {
    return rule_keys;
}

const char *value_type_name(enum value_type type) {
    static const char *const names[] = {
        [VALUE_GROUP] = "a group",      [VALUE_ARRAY] = "an array",
        [VALUE_LIST] = "a list",        [VALUE_BOOLEAN] = "a boolean",
        [VALUE_INTEGER] = "an integer", [VALUE_FLOAT] = "a floating-point number",
        [VALUE_STRING] = "a string",
    };
    return names[type];
}

/* Up to two decimals: "0.25%" is 25 permyriad. */
static void format_percent(uint64_t permyriad, char text[KEY_TEXT_SIZE]) {
    struct text out = text_in(text, KEY_TEXT_SIZE);
    unsigned decimals = (unsigned)(permyriad % 100);

    text_add(&out, "\"%" PRIu64, permyriad / 100);
    if (decimals % 10 != 0)
        text_add(&out, ".%02u", decimals);
    else if (decimals != 0)
        text_add(&out, ".%u", decimals / 10);
    text_add(&out, "%%\"");
}

static void format_timespan(uint64_t usec, char text[KEY_TEXT_SIZE]) {
    struct text out = text_in(text, KEY_TEXT_SIZE);
    char span[TIMESPAN_TEXT_SIZE];

    timespan_format(usec, span);
    text_add(&out, "\"%s\"", span);
}

/* The suffix keeps libconfig 1.5 from cutting the number to 32 bits. */
static void format_count(uint64_t count, char text[KEY_TEXT_SIZE]) {
    struct text out = text_in(text, KEY_TEXT_SIZE);
    text_add(&out, "%" PRIu64 "%s", count, count > INT32_MAX ? "L" : "");
}

void config_key_format(const struct config_key *key, const void *base, char text[KEY_TEXT_SIZE]) {
    const void *field = (const char *)base + key->offset;
    const struct threshold *threshold = field;
    struct text out = text_in(text, KEY_TEXT_SIZE);

    switch (key->kind) {
    case KEY_BOOLEAN:
        text_add(&out, "%s", *(const bool *)field ? "true" : "false");
        break;
    case KEY_TIMESPAN:
        format_timespan(*(const uint64_t *)field, text);
        break;
    case KEY_PERCENT:
        format_percent(*(const uint32_t *)field, text);
        break;
    case KEY_COUNT:
        format_count(*(const uint64_t *)field, text);
        break;
    case KEY_THRESHOLD:
        if (threshold->unit == UNIT_PERMYRIAD)
            format_percent(threshold->value, text);
        else
            format_count(threshold->value, text);
        break;
    }
}

static size_t key_size(enum key_kind kind) {
    static const size_t sizes[] = {
        [KEY_BOOLEAN] = sizeof(bool),
        [KEY_TIMESPAN] = sizeof(uint64_t),
        [KEY_PERCENT] = sizeof(uint32_t),
        [KEY_COUNT] = sizeof(uint64_t),
        [KEY_THRESHOLD] = sizeof(struct threshold),
    };
    return sizes[kind];
}

void config_key_copy(const struct config_key *key, void *to, const void *from) {
    memcpy((char *)to + key->offset, (const char *)from + key->offset, key_size(key->kind));
}

void config_key_allowed(const struct config_key *key, const struct condition_info *condition,
                        struct text *text) {
    char min[KEY_TEXT_SIZE], max[KEY_TEXT_SIZE];

    switch (key->kind) {
    case KEY_BOOLEAN:
        text_add(text, "true or false");
        break;
    case KEY_TIMESPAN:
        format_timespan(key->min, min);
        format_timespan(key->max, max);
        text_add(text, "%sa time span from %s to %s", key->zero_allowed ? "\"0\", or " : "", min, max);
        break;
    case KEY_PERCENT:
        text_add(text, "a percentage from \"0.01%%\" to \"100%%\"");
        break;
    case KEY_COUNT:
    case KEY_THRESHOLD:
        text_add(text, "an integer from %" PRIu64 " to %" PRIu64, key->min, key->max);
        if (key->kind == KEY_THRESHOLD && condition && condition->limit)
            text_add(text, ", or a percentage from \"0.01%%\" to \"100%%\"");
        break;
    }
}

/* Ends the message begun in @p wrong. */
static int refuse(const struct config_key *key, const struct condition_info *condition, struct text *wrong) {
    text_add(wrong, ", allowed: ");
    config_key_allowed(key, condition, wrong);
    return -EINVAL;
}

static int refuse_type(const struct config_key *key, const struct config_value *value,
                       const struct condition_info *condition, struct text *wrong) {
    bool number = value->type == VALUE_INTEGER || value->type == VALUE_FLOAT;

    text_add(wrong, "is %s", value_type_name(value->type));
    refuse(key, condition, wrong);
    if (number && key->kind == KEY_TIMESPAN)
        text_add(wrong, "; write it as a string, e.g. \"3s\"");
    if (number && key->kind == KEY_PERCENT)
        text_add(wrong, "; write it as a string, e.g. \"1%%\"");
    return -EINVAL;
}

static void quote(struct text *text, const char *string) {
    text_add(text, strlen(string) > 40 ? "\"%.40s...\"" : "\"%s\"", string);
}

static int set_timespan(const struct config_key *key, const char *string, uint64_t *usec,
                        struct text *wrong) {
    uint64_t parsed = 0;
    int result = timespan_parse(string, &parsed);

    if (result == -EINVAL) {
        quote(wrong, string);
        text_add(wrong, " is no time span");
        return refuse(key, NULL, wrong);
    }
    if (result < 0 || ((parsed < key->min || parsed > key->max) && !(parsed == 0 && key->zero_allowed))) {
        quote(wrong, string);
        text_add(wrong, " is out of range");
        return refuse(key, NULL, wrong);
    }
    *usec = parsed;
    return 0;
}

/* Reads "50%", "0.5%", "0.25%". Values beyond 100% are told apart from what is no percentage. */
static int parse_percent(const char *string, uint32_t *permyriad) {
    const char *const digits = "0123456789";
    size_t whole = strspn(string, digits), decimals = 0;
    const char *rest = string + whole;
    uint32_t value = 0;

    if (*rest == '.') {
        decimals = strspn(rest + 1, digits);
        rest += 1 + decimals;
        if (decimals == 0 || decimals > 2)
            return -EINVAL;
    }
    if (whole == 0 || strcmp(rest, "%") != 0)
        return -EINVAL;
    if (whole > 3)
        return -ERANGE;
    for (const char *c = string; c < rest; c++)
        if (*c != '.')
            value = value * 10 + (uint32_t)(*c - '0');
    for (size_t i = decimals; i < 2; i++)
        value *= 10;
    *permyriad = value;
    return value < 1 || value > PERMYRIAD ? -ERANGE : 0;
}

static int set_percent(const struct config_key *key, const char *string,
                       const struct condition_info *condition, uint32_t *permyriad, struct text *wrong) {
    uint32_t parsed = 0;
    int result = parse_percent(string, &parsed);

    if (result == 0) {
        *permyriad = parsed;
        return 0;
    }
    quote(wrong, string);
    if (result == -ERANGE)
        text_add(wrong, " is out of range");
    else
        text_add(wrong, key->kind == KEY_PERCENT ? " is no percentage" : " is no count and no percentage");
    return refuse(key, condition, wrong);
}

static int set_count(const struct config_key *key, int64_t integer, const struct condition_info *condition,
                     uint64_t *count, struct text *wrong) {
    if (integer < 0 || (uint64_t)integer < key->min || (uint64_t)integer > key->max) {
        text_add(wrong, "%" PRId64 " is out of range", integer);
        return refuse(key, condition, wrong);
    }
    *count = (uint64_t)integer;
    return 0;
}

static int set_threshold(const struct config_key *key, const struct config_value *value,
                         const struct condition_info *condition, struct threshold *threshold,
                         struct text *wrong) {
    uint32_t permyriad = 0;

    if (value->type == VALUE_INTEGER) {
        threshold->unit = UNIT_COUNT;
        return set_count(key, value->integer, condition, &threshold->value, wrong);
    }
    if (!condition->limit && parse_percent(value->string, &permyriad) != -EINVAL) {
        quote(wrong, value->string);
        text_add(wrong, " is a percentage, but %s has no limit that it could be of", condition->name);
        return refuse(key, condition, wrong);
    }
    int result = set_percent(key, value->string, condition, &permyriad, wrong);
    if (result == 0)
        *threshold = (struct threshold){permyriad, UNIT_PERMYRIAD};
    return result;
}

static bool type_fits(enum key_kind kind, enum value_type type) {
    switch (kind) {
    case KEY_BOOLEAN:
        return type == VALUE_BOOLEAN;
    case KEY_TIMESPAN:
    case KEY_PERCENT:
        return type == VALUE_STRING;
    case KEY_COUNT:
        return type == VALUE_INTEGER;
    case KEY_THRESHOLD:
        return type == VALUE_INTEGER || type == VALUE_STRING;
    }
    return false;
}

int config_key_set(const struct config_key *key, const struct config_value *value,
                   const struct condition_info *condition, void *base, struct text *wrong) {
    void *field = (char *)base + key->offset;

    if (!type_fits(key->kind, value->type))
        return refuse_type(key, value, condition, wrong);
    switch (key->kind) {
    case KEY_BOOLEAN:
        *(bool *)field = value->boolean;
        return 0;
    case KEY_TIMESPAN:
        return set_timespan(key, value->string, field, wrong);
    case KEY_PERCENT:
        return set_percent(key, value->string, condition, field, wrong);
    case KEY_COUNT:
        return set_count(key, value->integer, condition, field, wrong);
    case KEY_THRESHOLD:
        return set_threshold(key, value, condition, field, wrong);
    }
    return -EINVAL;
}

int config_key_set_text(const struct config_key *key, const char *text,
                        const struct condition_info *condition, void *base, struct text *wrong) {
    struct config_value value = {.type = VALUE_STRING, .string = text};
    uint64_t number;

    if (decimal_parse(text, strlen(text), &number) == 0 && number <= INT64_MAX)
        value = (struct config_value){.type = VALUE_INTEGER, .integer = (int64_t)number};
    return config_key_set(key, &value, condition, base, wrong);
}
