/* SPDX-License-Identifier: MIT */
/* synwaitctl advise: a file for sysctl.d(5) against what is wrong now. It writes nothing itself. */
#include <errno.h>
#include <string.h>

#include "ctl.h"
#include "fragment.h"
#include "look.h"
#include "record.h"
#include "util.h"

#define PLACE_SIZE 256

static int no_memory(void) {
    ctl_error(&verb_advise, NULL, "%s", strerror(ENOMEM));
    return CTL_FAILED;
}

static json_t *problems_to_json(const struct fragment_key *key) {
    json_t *problems = json_array();

    for (size_t i = 0; i < key->reason_count; i++) {
        const struct finding *finding = key->reason[i].finding;
        char place[PLACE_SIZE];
        place_format(finding, place, sizeof place);
        json_array_append_new(problems, json_pack("{s:s, s:s}", "problem",
                                                  problem_info(finding->problem)->slug, "place", place));
    }
    return problems;
}

/* Each once: several problems may ask for a sysctl in the same words. */
static json_t *words(const struct fragment_key *key, bool side_effect) {
    char buffer[RECORD_VALUE_MAX + 1];
    struct text text = text_in(buffer, sizeof buffer);

    for (size_t i = 0; i < key->reason_count; i++) {
        const char *part = side_effect ? key->reason[i].row->side_effect : key->reason[i].row->effect;
        if (part && !strstr(buffer, part))
            text_add(&text, "%s%s", text.length > 0 ? "; " : "", part);
    }
    return text.length > 0 ? json_string(buffer) : json_null();
}

static json_t *key_to_json(const struct fragment_key *key) {
    bool set = key->origin.path[0] != '\0';

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:b, s:o, s:o, s:o}", "key",
                     knob_name(key->advice.row->knob), "current", key->current, "recommended",
                     key->recommended, "effect", words(key, false), "side_effect", words(key, true), "scope",
                     key->advice.row->scope == ADVICE_HOST ? "host" : "namespace", "writable", key->writable,
                     "problems", problems_to_json(key), "set_by",
                     set ? ctl_json_text(key->origin.path) : json_null(), "line",
                     set ? json_integer((json_int_t)key->origin.line) : json_null());
}

static int print_as_json(const struct fragment *fragment) {
    json_t *keys = json_array();

    for (size_t i = 0; i < fragment->key_count; i++)
        json_array_append_new(keys, key_to_json(&fragment->key[i]));
    if (json_array_size(keys) == fragment->key_count)
        return ctl_print_json(&verb_advise, keys);
    json_decref(keys);
    return no_memory();
}

static int print(const struct ctl *ctl, const struct look *look, bool all) {
    CLEANUP_FRAGMENT struct fragment *fragment = fragment_new();

    if (!fragment)
        return no_memory();
    for (size_t i = 0; i < look->alert_count; i++)
        if (all || look->alert[i].finding.problem != PROBLEM_UNSAFE_SYSCTL)
            fragment_add(fragment, &look->alert[i].finding);
    if (fragment_set_values(fragment, look->sample) < 0)
        return no_memory();
    /* The files of sysctl.d are about the host's own settings, not those of another namespace. */
    if (strcmp(look->netns, "host") == 0)
        fragment_find_files(fragment, "");
    if (ctl->json)
        return print_as_json(fragment);
    return fragment_print(fragment, look, all, &ctl->page) < 0 ? no_memory() : CTL_OK;
}

static int run(struct ctl *ctl, int argc, char **argv) {
    uint64_t seconds = CTL_SECONDS_DEFAULT;
    bool all = false;
    const struct verb_option options[] = {
        {.name = "all", .help = "unsafe settings as well, though nothing is wrong yet", .target = &all},
        {.name = "seconds",
         .argument = "N",
         .help = "how long to look (default: 3)",
         .parse = ctl_parse_seconds,
         .allowed = CTL_ALLOWED_SECONDS,
         .target = &seconds},
    };
    struct config config;
    int code;

    if (!ctl_parse(ctl, &verb_advise, options, ARRAY_SIZE(options), argc, argv, &code))
        return code;
    code = ctl_load_config(ctl, &verb_advise, &config);
    if (code != CTL_OK)
        return code;
    CLEANUP_LOOK struct look *look = look_new(&config);
    if (!look)
        return no_memory();
    look_for(look, (unsigned int)seconds);
    return print(ctl, look, all);
}

const struct verb verb_advise = {
    .name = "advise",
    .summary = "the sysctl.d file against what is wrong now, with reasons; writes nothing",
    .json = true,
    .run = run,
};
