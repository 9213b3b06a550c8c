/* SPDX-License-Identifier: MIT */
/* Random numbers from a seed, and random configurations, valid ones. */
#ifndef SYNWAITD_TEST_RANDOM_CONFIG_H
#define SYNWAITD_TEST_RANDOM_CONFIG_H

#include <string.h>

#include "config.h"
#include "config_keys.h"
#include "util.h"

/** xorshift64*, whose low bits are good, too. @param seed not 0 */
static inline uint64_t random_next(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

/** Between the bounds, each as likely. */
static inline uint64_t random_in(uint64_t *seed, uint64_t low, uint64_t high) {
    return low + random_next(seed) % (high - low + 1);
}

/** @return true once in @p times. */
static inline bool random_once_in(uint64_t *seed, uint64_t times) {
    return random_next(seed) % times == 0;
}

/** Between the bounds, with all magnitudes alike. */
static inline uint64_t random_between(uint64_t *seed, uint64_t low, uint64_t high) {
    uint64_t span = high - low + 1;
    return low + (random_next(seed) >> (random_next(seed) % 64)) % span;
}

/** Any rule that the configuration may have for this condition. */
static inline struct threshold_rule random_rule(uint64_t *seed, const struct condition_info *info) {
    bool percent = info->limit && random_once_in(seed, 2);
    uint64_t max = percent ? PERMYRIAD : COUNT_MAX;
    enum threshold_unit unit = percent ? UNIT_PERMYRIAD : UNIT_COUNT;
    uint64_t critical = random_between(seed, 1, max);

    return (struct threshold_rule){.enabled = random_once_in(seed, 2),
                                   .warning = {random_between(seed, 1, critical), unit},
                                   .critical = {critical, unit},
                                   .floor = random_between(seed, 0, COUNT_MAX),
                                   .hold_usec = random_between(seed, 0, 604800 * USEC_PER_SEC),
                                   .clear_usec = random_between(seed, 0, 604800 * USEC_PER_SEC)};
}

/** A rule that a host with some load can break: half to twice the default, times of seconds. */
static inline struct threshold_rule random_likely_rule(uint64_t *seed, const struct condition_info *info) {
    struct threshold_rule rule = info->defaults;
    uint64_t max = rule.critical.unit == UNIT_PERMYRIAD ? PERMYRIAD : COUNT_MAX;

    rule.enabled = !random_once_in(seed, 8);
    rule.warning.value = 1 + rule.warning.value * random_in(seed, 50, 200) / 100;
    rule.critical.value = rule.warning.value * random_in(seed, 100, 400) / 100;
    if (rule.critical.value > max)
        rule.critical.value = max;
    if (rule.warning.value > rule.critical.value)
        rule.warning.value = rule.critical.value;
    rule.hold_usec = random_once_in(seed, 4) ? 0 : random_in(seed, 0, 60) * USEC_PER_SEC;
    rule.clear_usec = random_once_in(seed, 4) ? 0 : random_in(seed, 0, 120) * USEC_PER_SEC;
    return rule;
}

typedef struct threshold_rule (*random_rule_maker)(uint64_t *seed, const struct condition_info *info);

static inline void random_rules(uint64_t *seed, struct config *config, random_rule_maker make) {
    for (int i = 0; i < CONDITION_COUNT; i++)
        config->rule[i] = make(seed, condition_info((enum condition)i));
    for (size_t i = 0; i < config->port_count; i++)
        for (int k = 0; k < CONDITION_COUNT; k++) {
            const struct condition_info *info = condition_info((enum condition)k);
            config->port[i].overrides[k] = info->per_port && random_once_in(seed, 2);
            config->port[i].rule[k] = make(seed, info);
        }
}

/** Any configuration that a file may hold. */
static inline void random_config(uint64_t *seed, struct config *config) {
    memset(config, 0, sizeof *config);
    config->interval_usec = random_between(seed, 100000, 60 * USEC_PER_SEC);
    config->cpu_budget_permyriad = (uint32_t)random_between(seed, 1, PERMYRIAD);
    config->walk_max_age_usec = random_between(seed, config->interval_usec, 3600 * USEC_PER_SEC);
    config->reminder_usec =
        random_once_in(seed, 4) ? 0 : random_between(seed, 10000000, 604800 * USEC_PER_SEC);
    config->journal = random_once_in(seed, 2);
    config->metrics = random_once_in(seed, 2);
    config->status = random_once_in(seed, 2);
    config->port_count = random_once_in(seed, 4) ? PORT_RULES_MAX : random_next(seed) % 4;
    for (size_t i = 0; i < config->port_count; i++)
        config->port[i].port = (uint16_t)(1 + i * 1000 + random_next(seed) % 1000);
    random_rules(seed, config, random_rule);
}

#endif
