/* SPDX-License-Identifier: MIT */
/* synwaitctl diagnose: what is wrong now, without the daemon. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "ctl.h"
#include "json.h"
#include "look.h"
#include "record.h"
#include "util.h"

static int no_memory(void) {
    ctl_error(&verb_diagnose, NULL, "%s", strerror(ENOMEM));
    return CTL_FAILED;
}

/* @return the state counts as an object, null what is not known */
static json_t *states_to_json(const struct sample *sample) {
    json_t *states = json_object();

    for (int state = 1; states && state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            json_object_set_new(states, tcp_state_name((enum tcp_state)state),
                                ctl_json_figure(sample->state[state]));
    return states;
}

static int print_as_json(const struct look *look) {
    json_t *problems = json_array();

    for (size_t i = 0; i < look->alert_count; i++) {
        CLEANUP_FREE struct record *record = look_record(look, i);
        json_array_append_new(problems, record ? json_from_record(record) : NULL);
    }
    bool complete = json_array_size(problems) == look->alert_count;
    json_t *all = json_pack("{s:s, s:b, s:o, s:o}", "netns", look->netns, "root", geteuid() == 0, "states",
                            states_to_json(look->sample), "problems", problems);
    if (complete)
        return ctl_print_json(&verb_diagnose, all);
    json_decref(all);
    return no_memory();
}

/* Problems, then settings that are unsafe while nothing is wrong. */
static int print_problems(const struct ctl *ctl, const struct look *look) {
    size_t problems = 0;

    for (size_t i = 0; i < look->alert_count; i++) {
        CLEANUP_FREE struct record *record = look_record(look, i);
        if (!record || console_print_problem(stdout, record, ctl->page.color) < 0)
            return no_memory();
        problems += look->alert[i].finding.problem != PROBLEM_UNSAFE_SYSCTL;
    }
    if (problems == 0)
        page_paragraph(&ctl->page, "Nothing piles up: no threshold is exceeded.", 0);
    return CTL_OK;
}

static void tell_what_root_adds(const struct ctl *ctl) {
    if (geteuid() != 0)
        page_paragraph(&ctl->page,
                       "As root it would also tell processes of other users and, with synwaitd-bpf(8), the "
                       "half-open connections at each moment.",
                       0);
}

static int run(struct ctl *ctl, int argc, char **argv) {
    uint64_t seconds = CTL_SECONDS_DEFAULT;
    const struct verb_option options[] = {
        {.name = "seconds",
         .argument = "N",
         .help = "how long to look (default: 3)",
         .parse = ctl_parse_seconds,
         .allowed = CTL_ALLOWED_SECONDS,
         .target = &seconds},
    };
    struct config config;
    int code;

    if (!ctl_parse(ctl, &verb_diagnose, options, ARRAY_SIZE(options), argc, argv, &code))
        return code;
    code = ctl_load_config(ctl, &verb_diagnose, &config);
    if (code != CTL_OK)
        return code;
    CLEANUP_LOOK struct look *look = look_new(&config);
    if (!look)
        return no_memory();
    look_for(look, (unsigned int)seconds);
    if (ctl->json)
        return print_as_json(look);
    if (console_print_states(stdout, look->sample, &config, ctl->page.color) < 0)
        return no_memory();
    code = print_problems(ctl, look);
    tell_what_root_adds(ctl);
    return code;
}

const struct verb verb_diagnose = {
    .name = "diagnose",
    .summary = "look for some seconds: states, what is wrong, why, and what to do",
    .json = true,
    .run = run,
};
