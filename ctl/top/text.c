/* SPDX-License-Identifier: MIT */
#include "top_text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "page.h"
#include "problem.h"

static uint64_t file_age_sec(const struct top_model *model) {
    uint64_t now_usec = model->now.realtime_usec, then_usec = model->view.time_usec;

    return now_usec > then_usec ? (now_usec - then_usec) / USEC_PER_SEC : 0;
}

static void add_cost(const struct top_cost *cost, struct text *text) {
    if (figure_known(cost->permyriad))
        text_add(text, ", CPU %" PRIu64 ".%02" PRIu64 "%%", cost->permyriad.value / 100,
                 cost->permyriad.value % 100);
}

static void add_since(const struct top_model *model, struct text *text) {
    time_t second = (time_t)(model->switched.realtime_usec / USEC_PER_SEC);
    struct tm local;
    char clock[16];

    if (second == 0 || !localtime_r(&second, &local))
        return;
    strftime(clock, sizeof clock, "%H:%M:%S", &local);
    text_add(text, " since %s", clock);
}

void top_source_text(const struct top_model *model, struct text *text) {
    const struct status_view *view = &model->view;
    bool daemon = model->origin == TOP_FROM_DAEMON;

    text_add(text, "%s", daemon ? "daemon" : "own samples");
    add_since(model, text);
    if (daemon)
        text_add(text, ", %" PRIu64 " s old", file_age_sec(model));
    add_cost(&model->cost, text);
    if (!daemon)
        text_add(text, "; %s", model->reason);
    if (daemon && view->missed_ticks > 0)
        text_add(text, ", %" PRIu64 " ticks missed", view->missed_ticks);
    if (daemon && view->alerts_dropped > 0)
        text_add(text, ", %" PRIu64 " alerts dropped", view->alerts_dropped);
    for (size_t i = 0; i < view->degraded_count; i++)
        text_add(text, "; %s: %s", view->degraded[i].source, view->degraded[i].reason);
}

void top_age_text(uint64_t age_sec, struct text *text) {
    if (age_sec < 100)
        text_add(text, "%" PRIu64 "s", age_sec);
    else if (age_sec < UINT64_C(100) * 60)
        text_add(text, "%" PRIu64 "m", age_sec / 60);
    else if (age_sec < UINT64_C(48) * 3600)
        text_add(text, "%" PRIu64 "h", age_sec / 3600);
    else
        text_add(text, "%" PRIu64 "d", age_sec / 86400);
}

void top_place_text(const struct status_incident *incident, struct text *text) {
    bool both = incident->local[0] != '\0' && incident->peer[0] != '\0';

    text_add(text, "%s%s%s", incident->local, both ? ", peer " : "", incident->peer);
}

static const struct problem_info *find_problem(const char *slug) {
    for (int i = 0; i < PROBLEM_COUNT; i++)
        if (strcmp(problem_info((enum problem)i)->slug, slug) == 0)
            return problem_info((enum problem)i);
    return NULL;
}

/* The items of a list, "1) ...; 2) ...", each on a line of its own. */
static void add_advice(const char *list, struct text *text) {
    if (list[0] == '\0') {
        text_add(text, "Nothing is known that helps.\n");
        return;
    }
    for (unsigned int next = 2;; next++) {
        char mark[16];
        struct text marked = text_in(mark, sizeof mark);
        text_add(&marked, "; %u) ", next);
        const char *end = strstr(list, mark);
        if (!end)
            break;
        text_add(text, "%.*s\n", (int)(end - list), list);
        list = end + strlen("; ");
    }
    text_add(text, "%s\n", list);
}

/* Those of the table that are on the list: some may be right as things are now. */
static void add_not_advised(const struct problem_info *info, const char *list, struct text *text) {
    const struct wrong_remedy *wrong = info ? info->wrong : NULL;

    if (list[0] == '\0')
        return;
    text_add(text, "\nNOT\n");
    for (size_t i = 0; wrong && i < WRONG_REMEDIES_MAX && wrong[i].remedy; i++)
        if (strstr(list, wrong[i].remedy))
            text_add(text, "%s: %s\n", wrong[i].remedy, wrong[i].why);
}

static void add_who(const struct top_model *model, const struct status_incident *incident,
                    struct text *text) {
    bool owned = incident->unit[0] != '\0';

    text_add(text, "%s, ", incident->problem);
    top_place_text(incident, text);
    text_add(text, "%s%s, for ", owned ? ", unit " : "", incident->unit);
    top_age_text(incident->age_sec, text);
    if (model->origin == TOP_FROM_DAEMON)
        text_add(text, ", incident %s", incident->id);
    text_add(text, "\n");
}

void top_explain_text(const struct top_model *model, size_t position, struct text *text) {
    const struct status_incident *incident = top_model_incident(model, position);
    const struct top_remedies *remedies = &model->remedies[model->order[position]];
    const struct problem_info *info = find_problem(incident->problem);

    text_add(text, "%s: %s\n", incident->severity, info ? info->title : incident->problem);
    add_who(model, incident, text);
    text_add(text, "\nCAUSE\n%s\n\nDO\n", incident->cause);
    add_advice(remedies->advice, text);
    if (model->origin == TOP_FROM_DAEMON)
        text_add(text, "The sysctls that fit now: synwaitctl advise\n");
    add_not_advised(info, remedies->not_advised, text);
    if (info)
        text_add(text, "\nWHAT IT IS\n%s\n", info->meaning);
}

void top_help_text(struct text *text) {
    text_add(text,
             "Keys\n"
             "q  quit; Ctrl-C does, too\n"
             "p, space  pause and go on: nothing is read or sampled meanwhile\n"
             "up, down, k, j  select an incident; scroll a page like this one\n"
             "e, Enter  explain the selected incident: cause, what to do, what not to do\n"
             "+, -  longer and shorter between two screens: 0.5, 1, 2, 5 or 10 s\n"
             "h, ?  this help\n"
             "Ctrl-L  draw the screen again\n"
             "\n"
             "PEAK and the line beside it are of the time in its heading. Figures come from the daemon's "
             "file while it is fresh, else from samples taken here, once a second; those see a problem "
             "at once, the daemon only after the hold time of its configuration.\n");
}

size_t top_line_length(const char *text, size_t width, const char **next) {
    size_t line = strcspn(text, "\n"), length = 0, columns = 0, blank = 0;

    for (; length < line; length++) {
        columns += page_columns(&text[length], 1);
        if (columns > width && columns > 1)
            break;
        if (text[length] == ' ')
            blank = length;
    }
    if (length == line) {
        *next = text + line + (text[line] == '\n');
        return line;
    }
    if (text[length] != ' ' && blank > 0)
        length = blank;
    *next = text + length + strspn(text + length, " ");
    return length;
}

size_t top_line_count(const char *text, size_t width) {
    size_t count = 0;

    for (; *text != '\0'; count++)
        top_line_length(text, width, &text);
    return count;
}
