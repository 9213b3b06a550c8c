/* SPDX-License-Identifier: MIT */
/* A configuration under construction: what the files set so far, and where. */
#ifndef SYNWAITD_CONFIG_DRAFT_H
#define SYNWAITD_CONFIG_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "config_file.h"
#include "config_keys.h"

/** Where a value was set. Zero: nowhere, it is the default. */
struct config_origin {
    uint32_t sequence; /* counts settings over all files: the larger is the later */
    unsigned line;
    uint16_t file;  /* index in config_files */
    uint16_t entry; /* index in the file's `ports`, plus 1; 0 is the general rule */
};

struct rule_draft {
    bool named; /* by any file */
    struct threshold_rule rule;
    struct config_origin origin[RULE_KEY_COUNT];
};

struct port_draft {
    uint16_t port;
    struct rule_draft rule[CONDITION_COUNT];
};

struct config_draft {
    struct config config; /* the sections; its rules are filled in by config_draft_finish() */
    struct config_origin origin[SECTION_COUNT][SECTION_KEYS_MAX];
    struct rule_draft rule[CONDITION_COUNT];
    size_t port_count;
    struct port_draft port[PORT_RULES_MAX]; /* ascending by port; those in use alone are set */
};

/** Fills a draft with the defaults. */
void config_draft_init(struct config_draft *draft);

/** @return the overrides of @p port, added if there are none yet; NULL beyond PORT_RULES_MAX. */
struct port_draft *config_draft_port(struct config_draft *draft, uint16_t port);

/**
 * Fills the gaps of port rules from the general ones, checks values against each other, and writes the
 * configuration.
 * @return 0, or -EINVAL with @p error set and @p config unchanged
 */
int config_draft_finish(struct config_draft *draft, const struct config_files *files, struct config *config,
                        char error[CONFIG_ERROR_SIZE]);

#endif
