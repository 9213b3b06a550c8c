/* SPDX-License-Identifier: MIT */
#include "remedy.h"

#include <inttypes.h>
#include <string.h>

#include "cause.h"
#include "problem.h"
#include "record.h"

/* One item of the list: either a text of the cause table or one sysctl. */
struct item {
    const char *text;
    const struct advice *advice;
};

struct item_list {
    struct item item[REMEDIES_MAX + ADVICE_MAX];
    size_t count;
};

static void list_add(struct item_list *list, struct item item) {
    if (list->count < ARRAY_SIZE(list->item))
        list->item[list->count++] = item;
}

/* Nothing to keep where it is only now advised, and no longer backlog where another limit binds. */
static bool is_pointless(const struct finding *finding, const char *remedy) {
    static const char keep[] = "keep ";

    if (finding->backlog_suffices && strstr(remedy, BACKLOG_MARK))
        return true;
    for (size_t i = 0; i < finding->advice_count && strncmp(remedy, keep, strlen(keep)) == 0; i++) {
        const char *key = knob_name(finding->advice[i].row->knob);
        if (strncmp(remedy + strlen(keep), key, strlen(key)) == 0)
            return true;
    }
    return false;
}

static void list_items(const struct finding *finding, struct item_list *list) {
    const struct cause_info *info = cause_info(finding->cause);

    list->count = 0;
    for (size_t i = 0; i < REMEDIES_MAX && info->remedy[i]; i++) {
        if (is_pointless(finding, info->remedy[i]))
            continue;
        if (strcmp(info->remedy[i], SYSCTL_MARK) != 0) {
            list_add(list, (struct item){.text = info->remedy[i]});
            continue;
        }
        for (size_t k = 0; k < finding->advice_count; k++)
            list_add(list, (struct item){.advice = &finding->advice[k]});
    }
}

static bool is_port_range(const struct advice *advice) {
    return advice->row->knob == KNOB_PORT_RANGE_LOW || advice->row->knob == KNOB_PORT_RANGE_HIGH;
}

void sysctl_value_format(const struct advice *advice, bool recommended, struct text *text) {
    text_add(text, "%" PRIu64, recommended ? advice->recommended : advice->current);
    if (is_port_range(advice))
        text_add(text, " %" PRIu64, recommended ? advice->recommended_high : advice->current_high);
}

void sysctl_pair_format(const struct advice *advice, bool recommended, struct text *text) {
    const char *quote = is_port_range(advice) ? "\"" : "";

    text_add(text, "%s=%s", knob_name(advice->row->knob), quote);
    sysctl_value_format(advice, recommended, text);
    text_add(text, "%s", quote);
}

/* Adds the first @p length bytes of a remedy, with its mark, if any, filled in. */
static void add_remedy(const char *remedy, size_t length, uint64_t backlog, struct text *text) {
    const char *mark = strstr(remedy, BACKLOG_MARK);

    if (!mark || (size_t)(mark - remedy) >= length) {
        text_add(text, "%.*s", (int)length, remedy);
        return;
    }
    text_add(text, "%.*s", (int)(mark - remedy), remedy);
    if (backlog > 0)
        text_add(text, " to %" PRIu64, backlog);
    const char *rest = mark + strlen(BACKLOG_MARK);
    text_add(text, "%.*s", (int)(length - (size_t)(rest - remedy)), rest);
}

/* A list of ports is added to: what else stands in it is the admin's. */
static bool is_list(const struct advice *advice) {
    return advice->row->knob == KNOB_PORTS_RESERVED;
}

static void add_command(const struct finding *finding, const struct advice *advice, struct text *text) {
    if (is_list(advice)) {
        text_add(text, "add %s to %s", finding->detail, knob_name(advice->row->knob));
        return;
    }
    text_add(text, "sysctl -w ");
    sysctl_pair_format(advice, true, text);
}

void sysctl_present_format(const struct advice *advice, const struct sysctl_origin *origin,
                           struct text *text) {
    char buffer[SYSCTL_VALUE_SIZE];
    struct text current = text_in(buffer, sizeof buffer);
    bool known = origin && origin->path[0] != '\0';

    sysctl_value_format(advice, false, &current);
    if (!is_list(advice))
        text_add(text, "now %s", buffer);
    if (known && (is_list(advice) || strcmp(origin->value, buffer) == 0))
        text_add(text, "%sset by %s:%u", is_list(advice) ? "" : ", ", origin->path, origin->line);
    else if (known)
        text_add(text, "; %s:%u says %s at boot", origin->path, origin->line, origin->value);
}

/* The effect is what the change does; of an unsafe setting, what it does to leave it. */
static void add_sysctl(const struct finding *finding, const struct advice *advice,
                       const struct sysctl_origin *origin, struct text *text) {
    add_command(finding, advice, text);
    text_add(text, " (");
    size_t before = text->length;
    sysctl_present_format(advice, origin, text);
    if (finding->problem == PROBLEM_UNSAFE_SYSCTL)
        text_add(text, "%s%s)", text->length > before ? ": " : "", advice->row->effect);
    else
        text_add(text, "): %s", advice->row->effect);
    if (advice->row->side_effect)
        text_add(text, "; %s", advice->row->side_effect);
    if (advice->row->scope == ADVICE_HOST)
        text_add(text, "; for the whole host");
}

/* sysctl -w lasts to the next boot. */
static void add_how_to_keep(const struct finding *finding, const struct provenance *provenance,
                            bool files_named, struct text *text) {
    size_t set = 0;

    for (size_t i = 0; i < finding->advice_count; i++)
        set += provenance->origin[i].path[0] != '\0';
    if (finding->advice_count == 0)
        return;
    text_add(text, "; to keep a sysctl, ");
    if (set == 0)
        text_add(text, "put it into /etc/sysctl.d/");
    else if (!files_named)
        text_add(text, "see SYNWAITD_SYSCTL_FILE for the file to change");
    else if (set == finding->advice_count)
        text_add(text, "change it there: an earlier file would be overridden");
    else
        text_add(text, "change it in the file named, or put it into /etc/sysctl.d/");
    if (provenance->incomplete)
        text_add(text, " (not every file could be read)");
}

static void add_list(const struct finding *finding, const struct provenance *provenance, bool name_files,
                     struct text *text) {
    struct item_list list;

    list_items(finding, &list);
    for (size_t i = 0; i < list.count; i++) {
        text_add(text, "%s%zu) ", i > 0 ? "; " : "", i + 1);
        const struct item *item = &list.item[i];
        if (item->text) {
            add_remedy(item->text, strlen(item->text), finding->backlog_advised, text);
            continue;
        }
        const struct sysctl_origin *origin =
            provenance && name_files ? &provenance->origin[item->advice - finding->advice] : NULL;
        add_sysctl(finding, item->advice, origin, text);
    }
    if (provenance)
        add_how_to_keep(finding, provenance, name_files, text);
}

void advice_format(const struct finding *finding, const struct provenance *provenance, struct text *text) {
    size_t start = text->length;

    add_list(finding, provenance, true, text);
    if (!provenance || text->length - start <= RECORD_VALUE_MAX)
        return;
    text->length = start;
    text->cut = false;
    text->buffer[start] = '\0';
    add_list(finding, provenance, false, text);
}

const char *advice_step_end(const char *step, unsigned int number) {
    char buffer[24];
    struct text mark = text_in(buffer, sizeof buffer);

    text_add(&mark, "; %u) ", number + 1);
    const char *next = strstr(step, buffer);
    return next ? next : step + strlen(step);
}

/* Bytes before the first ';' or bracketed remark. A bracket that belongs to a name, as in close(), stays. */
static size_t first_clause(const char *text) {
    size_t semicolon = strcspn(text, ";");
    const char *remark = strstr(text, " (");

    return remark && (size_t)(remark - text) < semicolon ? (size_t)(remark - text) : semicolon;
}

void advice_format_first(const struct finding *finding, struct text *text) {
    struct item_list list;

    list_items(finding, &list);
    if (list.count == 0)
        return;
    const struct item *first = &list.item[0];
    if (first->text) {
        add_remedy(first->text, first_clause(first->text), finding->backlog_advised, text);
        return;
    }
    add_command(finding, first->advice, text);
}

void sysctl_format(const struct finding *finding, bool recommended, struct text *text) {
    for (size_t i = 0; i < finding->advice_count; i++) {
        if (is_list(&finding->advice[i]))
            continue;
        if (text->length > 0)
            text_add(text, " ");
        sysctl_pair_format(&finding->advice[i], recommended, text);
    }
}

/* Raising a limit is no wrong remedy where it is the advice, as on an old kernel. */
static bool is_advised(const struct finding *finding, const char *wrong) {
    static const char raising[] = "raising ";

    if (strncmp(wrong, raising, strlen(raising)) != 0)
        return false;
    for (size_t i = 0; i < finding->advice_count; i++)
        if (strcmp(wrong + strlen(raising), knob_name(finding->advice[i].row->knob)) == 0)
            return true;
    return false;
}

void not_advised_format(const struct finding *finding, struct text *text) {
    const struct wrong_remedy *wrong = problem_info(finding->problem)->wrong;

    for (size_t i = 0; i < WRONG_REMEDIES_MAX && wrong[i].remedy; i++)
        if (!is_advised(finding, wrong[i].remedy))
            text_add(text, "%s%s: %s", text->length > 0 ? "; " : "", wrong[i].remedy, wrong[i].why);
}
