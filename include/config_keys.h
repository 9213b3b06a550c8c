/* SPDX-License-Identifier: MIT */
/* The keys as data: name, kind, range and place of each; checked, stored and printed by kind. */
#ifndef SYNWAITD_CONFIG_KEYS_H
#define SYNWAITD_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "condition.h"
#include "util.h"

#define COUNT_MAX        (1ULL << 62)
#define KEY_TEXT_SIZE    80
#define SECTION_KEYS_MAX 3

enum value_type {
    VALUE_GROUP,
    VALUE_ARRAY,
    VALUE_LIST,
    VALUE_BOOLEAN,
    VALUE_INTEGER,
    VALUE_FLOAT,
    VALUE_STRING,
};

/** A value as the file has it. */
struct config_value {
    enum value_type type;
    bool boolean;
    int64_t integer;
    const char *string;
};

enum key_kind {
    KEY_BOOLEAN,
    KEY_TIMESPAN,  /* uint64_t microseconds */
    KEY_PERCENT,   /* uint32_t permyriad */
    KEY_COUNT,     /* uint64_t */
    KEY_THRESHOLD, /* struct threshold */
};

struct config_key {
    const char *name;
    enum key_kind kind;
    bool zero_allowed; /* besides the range */
    uint64_t min, max;
    size_t offset; /* in struct config, or in struct threshold_rule */
};

/** A group of keys. */
struct config_section {
    const char *name;
    size_t count;
    struct config_key key[SECTION_KEYS_MAX];
};

enum config_section_id { SECTION_SAMPLING, SECTION_ALERTS, SECTION_OUTPUT, SECTION_COUNT };
enum { SAMPLING_INTERVAL, SAMPLING_CPU_BUDGET, SAMPLING_WALK_MAX_AGE };
enum { RULE_ENABLED, RULE_WARNING, RULE_CRITICAL, RULE_FLOOR, RULE_HOLD, RULE_CLEAR, RULE_KEY_COUNT };

/** @return the section, whose offsets are into struct config. */
const struct config_section *config_section(enum config_section_id id);

/** @return the RULE_KEY_COUNT keys of a condition, whose offsets are into struct threshold_rule. */
const struct config_key *config_rule_keys(void);

/** @return "an integer", "a string" and so on. */
const char *value_type_name(enum value_type type);

/**
 * Checks @p value and stores it.
 * @param condition for the keys of a condition, else NULL
 * @param base the struct that key->offset is into
 * @param wrong receives "what is wrong, what is allowed"
 * @return 0 or -EINVAL
 */
int config_key_set(const struct config_key *key, const struct config_value *value,
                   const struct condition_info *condition, void *base, struct text *wrong);

/** The same from a command line, which has no quotes: digits alone are an integer, all else is a string. */
int config_key_set_text(const struct config_key *key, const char *text,
                        const struct condition_info *condition, void *base, struct text *wrong);

/** Copies the key's field from one struct to another. */
void config_key_copy(const struct config_key *key, void *to, const void *from);

/** Writes the key's value as a file has it, e.g. `"1min 30s"`, `100`. */
void config_key_format(const struct config_key *key, const void *base, char text[KEY_TEXT_SIZE]);

/** Appends what the key may be, e.g. `a time span from "100ms" to "1min"`. */
void config_key_allowed(const struct config_key *key, const struct condition_info *condition,
                        struct text *text);

#endif
