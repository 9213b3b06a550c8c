/* SPDX-License-Identifier: MIT */
/* synwaitctl status: the running daemon's view. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "record.h"
#include "status_print.h"
#include "status_view.h"
#include "util.h"

#define PATH_BYTES_SHOWN 512

static int no_memory(void) {
    ctl_error(&verb_status, NULL, "%s", strerror(ENOMEM));
    return CTL_FAILED;
}

static void tell_stale(const char *path, const struct status_view *view, struct figure age_usec) {
    char shown[PATH_BYTES_SHOWN + 8], age[AGE_TEXT_SIZE], interval[AGE_TEXT_SIZE];
    struct text text = text_in(shown, sizeof shown);
    const char *hint = "See 'systemctl status synwaitd'.";

    text_add_at_most(&text, path, PATH_BYTES_SHOWN);
    text_clean(shown);
    age_format(age_usec, age);
    age_format(FIGURE_OF(view->interval_usec > 0 ? view->interval_usec : USEC_PER_SEC), interval);
    if (figure_known(age_usec))
        ctl_error(&verb_status, hint,
                  "%s: stale: it was written %s ago, and is due each %s: synwaitd hangs or is gone", shown,
                  age, interval);
    else
        ctl_error(&verb_status, hint, "%s: stale: it is from after now: the clock was set back", shown);
}

static int tell_unreadable(int result, const char *error) {
    ctl_error(&verb_status,
              result == -ENOENT
                  ? "synwaitd does not run, or has output.status = false, or another RUNTIME_DIRECTORY "
                    "(--file): see 'systemctl status synwaitd'."
                  : NULL,
              "%s", error);
    return CTL_FAILED;
}

static int show(const struct ctl *ctl, const char *path, struct status_view *view) {
    uint64_t now_usec = clock_usec(CLOCK_REALTIME);
    struct figure age_usec = now_usec < view->time_usec ? FIGURE_NONE : FIGURE_OF(now_usec - view->time_usec);
    bool stale = status_view_is_stale(view, now_usec);
    int code = CTL_OK;

    if (stale)
        tell_stale(path, view, age_usec);
    if (ctl->json)
        code = ctl_print_json(&verb_status, status_to_json(view, age_usec, stale));
    else if (status_print(&ctl->page, view, age_usec, stale) < 0)
        code = no_memory();
    return stale ? CTL_FAILED : code;
}

static int run(struct ctl *ctl, int argc, char **argv) {
    const char *path = RUNTIME_DIRECTORY "/" STATUS_FILE_NAME;
    const struct verb_option options[] = {
        {.name = "file",
         .argument = "FILE",
         .help = "read this one (default: " RUNTIME_DIRECTORY "/" STATUS_FILE_NAME ")",
         .parse = ctl_parse_text,
         .target = &path},
    };
    char error[STATUS_ERROR_SIZE];
    int code;

    if (!ctl_parse(ctl, &verb_status, options, ARRAY_SIZE(options), argc, argv, &code))
        return code;
    CLEANUP_FREE struct status_view *view = malloc(sizeof *view);
    if (!view)
        return no_memory();
    int result = status_view_read(path, view, error);
    return result < 0 ? tell_unreadable(result, error) : show(ctl, path, view);
}

const struct verb verb_status = {
    .name = "status",
    .summary = "the running daemon's view: states, queues, incidents, cost",
    .json = true,
    .run = run,
};
