/* SPDX-License-Identifier: MIT */
/* The configuration: values, defaults, where it is looked for, and how it is printed. */
#ifndef SYNWAITD_CONFIG_H
#define SYNWAITD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "condition.h"

#define PORT_RULES_MAX    64
#define CONFIG_ERROR_SIZE 512

/** Overrides for one local port; conditions not named here follow the general rule. */
struct port_rule {
    uint16_t port;
    bool overrides[CONDITION_COUNT];
    struct threshold_rule rule[CONDITION_COUNT]; /* complete where overridden: gaps are inherited */
};

struct config {
    uint64_t interval_usec;
    uint32_t cpu_budget_permyriad; /* of one core, for walks */
    uint64_t walk_max_age_usec;
    struct threshold_rule rule[CONDITION_COUNT];
    uint64_t reminder_usec;
    bool journal, metrics, status;
    size_t port_count;
    struct port_rule port[PORT_RULES_MAX]; /* ascending by port; at the end, as hardly one is ever used */
};

/** Fills @p config with the shipped defaults. */
void config_defaults(struct config *config);

/**
 * Loads the configuration over the defaults.
 * @param file one file that must exist (--config; no drop-ins then), or NULL for the search path:
 *        the first of etc, run, usr/lib synwaitd/synwaitd.conf under @p root that exists, if any, then the
 *        drop-ins synwaitd.conf.d/\*.conf of all three trees by base name, the earlier tree winning; an empty
 *        file or a link to /dev/null masks.
 * @param root directory prefix for the search path, "" for the real one (tests give their own)
 * @param error receives one line `FILE:LINE: path.to.key: what is wrong, what is allowed`
 * @return 0; -EINVAL for a bad file; another -errno if one cannot be read. @p config is unchanged on error.
 */
int config_load(struct config *config, const char *file, const char *root, char error[CONFIG_ERROR_SIZE]);

/**
 * Writes the configuration as a complete valid file, every key with its value.
 * Loading the output and dumping it again gives the same text.
 * @return 0 or -errno of the stream.
 */
int config_dump(const struct config *config, FILE *stream);

/** @return the rule for @p condition on local port @p port; the general one without an override. */
const struct threshold_rule *config_rule(const struct config *config, enum condition condition,
                                         uint16_t port);

#endif
