/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>

#include "config_keys.h"

static void dump_section(enum config_section_id id, const struct config *config, FILE *stream) {
    const struct config_section *section = config_section(id);

    fprintf(stream, "%s = {\n", section->name);
    for (size_t i = 0; i < section->count; i++) {
        char value[KEY_TEXT_SIZE];
        config_key_format(&section->key[i], config, value);
        fprintf(stream, "    %s = %s;\n", section->key[i].name, value);
    }
    fprintf(stream, "};\n");
}

static void dump_rule(const char *indent, enum condition condition, const struct threshold_rule *rule,
                      FILE *stream) {
    const struct config_key *key = config_rule_keys();

    fprintf(stream, "%s%s = {", indent, condition_info(condition)->name);
    for (size_t i = 0; i < RULE_KEY_COUNT; i++) {
        char value[KEY_TEXT_SIZE];
        config_key_format(&key[i], rule, value);
        fprintf(stream, " %s = %s;", key[i].name, value);
    }
    fprintf(stream, " };\n");
}

static void dump_thresholds(const struct config *config, FILE *stream) {
    fprintf(stream, "thresholds = {\n");
    for (size_t i = 0; i < CONDITION_COUNT; i++)
        dump_rule("    ", (enum condition)i, &config->rule[i], stream);
    fprintf(stream, "};\n");
}

static void dump_port(const struct port_rule *port, FILE *stream) {
    fprintf(stream, "    {\n        port = %u;\n        thresholds = {\n", port->port);
    for (size_t i = 0; i < CONDITION_COUNT; i++)
        if (port->overrides[i])
            dump_rule("            ", (enum condition)i, &port->rule[i], stream);
    fprintf(stream, "        };\n    }");
}

static void dump_ports(const struct config *config, FILE *stream) {
    if (config->port_count == 0) {
        fprintf(stream, "ports = ( );\n");
        return;
    }
    fprintf(stream, "ports = (\n");
    for (size_t i = 0; i < config->port_count; i++) {
        dump_port(&config->port[i], stream);
        fprintf(stream, i + 1 < config->port_count ? ",\n" : "\n");
    }
    fprintf(stream, ");\n");
}

int config_dump(const struct config *config, FILE *stream) {
    errno = 0;
    dump_section(SECTION_SAMPLING, config, stream);
    dump_thresholds(config, stream);
    dump_ports(config, stream);
    dump_section(SECTION_ALERTS, config, stream);
    dump_section(SECTION_OUTPUT, config, stream);
    if (fflush(stream) == EOF || ferror(stream))
        return errno > 0 ? -errno : -EIO;
    return 0;
}
