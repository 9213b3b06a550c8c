/* SPDX-License-Identifier: MIT */
/* synwaitctl top: the host's TCP states, listeners and problems, live. */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "top_loop.h"
#include "util.h"

static const char hint[] = "Without a terminal, 'synwaitctl status' and 'synwaitctl diagnose' tell the same.";

static int no_terminal(const char *why) {
    ctl_error(&verb_top, hint, "%s", why);
    return CTL_USAGE;
}

static int show(const struct ctl *ctl, const char *file, const struct config *config) {
    struct top_source source = {.path = file, .config = config};
    int result = top_loop(&source, ctl->page.color);

    top_source_close(&source);
    if (result == -ENOTSUP) {
        const char *terminal = getenv("TERM");
        ctl_error(&verb_top, hint, "TERM=\"%s\": this terminal is not known, or cannot show a full screen",
                  terminal ? terminal : "");
        return CTL_USAGE;
    }
    if (result < 0) {
        ctl_error(&verb_top, NULL, "%s", strerror(-result));
        return CTL_FAILED;
    }
    return CTL_OK;
}

static int run(struct ctl *ctl, int argc, char **argv) {
    const char *file = NULL;
    const struct verb_option options[] = {
        {.name = "file",
         .argument = "FILE",
         .help = "the daemon's status file (default: /run/synwaitd/status.json)",
         .parse = ctl_parse_text,
         .target = &file},
    };
    struct config config;
    int code;

    if (!ctl_parse(ctl, &verb_top, options, ARRAY_SIZE(options), argc, argv, &code))
        return code;
    if (isatty(STDIN_FILENO) != 1)
        return no_terminal("standard input is no terminal");
    if (isatty(STDOUT_FILENO) != 1)
        return no_terminal("standard output is no terminal");
    code = ctl_load_config(ctl, &verb_top, &config);
    if (code != CTL_OK)
        return code;
    setlocale(LC_CTYPE, ""); /* which characters the terminal shows; numbers stay as they are */
    return show(ctl, file, &config);
}

const struct verb verb_top = {
    .name = "top",
    .summary = "states, listeners and problems live, on the whole screen",
    .run = run,
};
