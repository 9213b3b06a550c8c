/* SPDX-License-Identifier: MIT */
#include "remedy.h"

#include <inttypes.h>
#include <string.h>

#include "cause.h"
#include "problem.h"

/* Stands in a cause's remedies for the sysctls that apply now. */
#define SYSCTL_MARK "@sysctl"
/* Stands within a remedy for the backlog to ask for, where it is known. */
#define BACKLOG_MARK "@backlog"

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

static void list_items(const struct finding *finding, struct item_list *list) {
    const struct cause_info *info = cause_info(finding->cause);

    list->count = 0;
    for (size_t i = 0; i < REMEDIES_MAX && info->remedy[i]; i++) {
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

static void add_pair(const struct advice *advice, bool recommended, struct text *text) {
    uint64_t value = recommended ? advice->recommended : advice->current;
    uint64_t high = recommended ? advice->recommended_high : advice->current_high;

    text_add(text, "%s=", knob_name(advice->row->knob));
    if (is_port_range(advice))
        text_add(text, "\"%" PRIu64 " %" PRIu64 "\"", value, high);
    else
        text_add(text, "%" PRIu64, value);
}

static void add_current(const struct advice *advice, struct text *text) {
    text_add(text, "%" PRIu64, advice->current);
    if (is_port_range(advice))
        text_add(text, " %" PRIu64, advice->current_high);
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

static void add_sysctl(const struct advice *advice, struct text *text) {
    text_add(text, "sysctl -w ");
    add_pair(advice, true, text);
    text_add(text, " (now ");
    add_current(advice, text);
    text_add(text, "): %s", advice->row->effect);
    if (advice->row->side_effect)
        text_add(text, "; %s", advice->row->side_effect);
}

void advice_format(const struct finding *finding, struct text *text) {
    struct item_list list;

    list_items(finding, &list);
    for (size_t i = 0; i < list.count; i++) {
        text_add(text, "%s%zu) ", i > 0 ? "; " : "", i + 1);
        const struct item *item = &list.item[i];
        if (item->text)
            add_remedy(item->text, strlen(item->text), finding->backlog_advised, text);
        else
            add_sysctl(item->advice, text);
    }
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
    text_add(text, "sysctl -w ");
    add_pair(first->advice, true, text);
}

void sysctl_format(const struct finding *finding, bool recommended, struct text *text) {
    for (size_t i = 0; i < finding->advice_count; i++) {
        if (i > 0)
            text_add(text, " ");
        add_pair(&finding->advice[i], recommended, text);
    }
}

/* Raising a limit is no wrong remedy where it is the advice: without syncookies, or on an old kernel. */
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
