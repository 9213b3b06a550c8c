/* SPDX-License-Identifier: MIT */
/* Time spans, and a key's value as a command line has it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_keys.h"
#include "harness.h"
#include "timespan.h"

static void check_timespan(const char *text) {
    char first[TIMESPAN_TEXT_SIZE], second[TIMESPAN_TEXT_SIZE];
    uint64_t usec = 42, again;
    int result = timespan_parse(text, &usec);

    MUST(result == 0 || ((result == -EINVAL || result == -ERANGE) && usec == 42));
    timespan_format(usec, first);
    MUST(timespan_parse(first, &again) == 0 && again == usec);
    timespan_format(again, second);
    MUST(strcmp(first, second) == 0);
}

static void check_key(const struct config_key *key, const char *text, void *base) {
    char said[CONFIG_ERROR_SIZE], value[KEY_TEXT_SIZE];
    struct text wrong = text_in(said, sizeof said);
    const struct condition_info *condition = condition_info(0);

    if (config_key_set_text(key, text, condition, base, &wrong) == 0)
        config_key_format(key, base, value);
    else
        MUST(said[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    static struct config config;
    struct threshold_rule rule = condition_info(0)->defaults;
    CLEANUP_FREE char *text = fuzz_string(bytes, length);

    check_timespan(text);
    for (size_t i = 0; i < config_section(SECTION_SAMPLING)->count; i++)
        check_key(&config_section(SECTION_SAMPLING)->key[i], text, &config);
    for (size_t i = 0; i < RULE_KEY_COUNT; i++)
        check_key(&config_rule_keys()[i], text, &rule);
    return 0;
}
