/* SPDX-License-Identifier: MIT */
/* synwaitctl check: a plugin for Nagios, Icinga and the like: one line, and its exit code. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "ctl.h"
#include "look.h"
#include "util.h"

#define SECONDS_DEFAULT 1
#define ALLOWED_GIVEN   "is one too many"

static json_t *figures_to_json(const struct check_result *result) {
    json_t *conditions = json_object();

    for (size_t i = 0; i < result->figure_count; i++) {
        const struct check_figure *figure = &result->figure[i];
        json_object_set_new(conditions, condition_info(figure->condition)->name,
                            json_pack("{s:o, s:o, s:o, s:o}", "value", ctl_json_figure(figure->value),
                                      "warning", ctl_json_figure(figure->warning), "critical",
                                      ctl_json_figure(figure->critical), "limit",
                                      ctl_json_figure(figure->limit)));
    }
    return conditions;
}

/* Tools that run plugins read standard output alone. */
static int tell(const struct ctl *ctl, const struct check_result *result) {
    char line[CHECK_LINE_SIZE];

    if (!ctl->json) {
        check_line_format(result, line);
        puts(line);
        return (int)result->status;
    }
    json_t *all = json_pack("{s:s, s:i, s:s, s:i, s:o}", "status", check_status_name(result->status), "code",
                            (int)result->status, "text", result->text, "problems", (int)result->problem_count,
                            "conditions", figures_to_json(result));
    return ctl_print_json(&verb_check, all) == CTL_OK ? (int)result->status : CHECK_UNKNOWN;
}

static int fail(const struct ctl *ctl, const char *text) {
    struct check_result result;

    check_fail(&result, text);
    return tell(ctl, &result);
}

static int look_and_tell(const struct ctl *ctl, const struct config *config, unsigned int seconds) {
    CLEANUP_LOOK struct look *look = look_new(config);
    struct check_result result;

    if (!look)
        return fail(ctl, strerror(ENOMEM));
    look_for(look, seconds);
    check_judge(&look->config, look->sample, look->alert, look->alert_count, &result);
    return tell(ctl, &result);
}

static int parse_given(const char *text, void *target) {
    struct check_given *given = target;

    if (given->count == ARRAY_SIZE(given->argument))
        return -EINVAL;
    given->argument[given->count++] = text;
    return 0;
}

static int run(struct ctl *ctl, int argc, char **argv) {
    struct check_options given = {0};
    uint64_t seconds = SECONDS_DEFAULT;
    const struct verb_option options[] = {
        {'w', "warning", "NAME=N", "warn of this condition from N on, a number or 80%", parse_given,
         ALLOWED_GIVEN, &given.warning},
        {'c', "critical", "NAME=N", "likewise", parse_given, ALLOWED_GIVEN, &given.critical},
        {0, "condition", "NAME", "judge this one alone; may be given again", parse_given, ALLOWED_GIVEN,
         &given.condition},
        {0, "seconds", "N", "how long to look (default: 1)", ctl_parse_seconds, CTL_ALLOWED_SECONDS,
         &seconds},
    };
    char error[CONFIG_ERROR_SIZE];
    struct config config;
    int code;

    if (!ctl_parse(ctl, &verb_check, options, ARRAY_SIZE(options), argc, argv, &code))
        return code == CTL_OK ? CTL_OK : fail(ctl, "wrong usage, see 'synwaitctl check --help'");
    if (config_load(&config, ctl->config_file, "", error) < 0 ||
        check_options_apply(&given, &config, error) < 0)
        return fail(ctl, error);
    return look_and_tell(ctl, &config, (unsigned int)seconds);
}

const struct verb verb_check = {
    .name = "check",
    .summary = "a monitoring plugin: one line with performance data, exit 0, 1, 2 or 3",
    .json = true,
    .run = run,
};
