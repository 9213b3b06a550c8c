/* SPDX-License-Identifier: MIT */
/* The problems that alerts are about. */
#include "explain.h"
#include "explain_parts.h"
#include "util.h"

#define TEXT_SIZE 256

static void words(word_callback callback, void *context) {
    for (int i = 0; i < PROBLEM_COUNT; i++)
        callback(problem_info((enum problem)i)->slug, context);
}

/* @return whether there is one */
static bool list_conditions(uint32_t conditions, struct text *text) {
    for (int i = 0; i < CONDITION_COUNT; i++)
        if ((conditions & CONDITION_BIT(i)) != 0)
            text_add(text, "%s%s", text->length > 0 ? ", " : "", condition_info((enum condition)i)->name);
    return conditions != 0;
}

static void print_problem(const struct page *page, enum problem problem) {
    const struct problem_info *info = problem_info(problem);
    char buffer[TEXT_SIZE];
    struct text conditions = text_in(buffer, sizeof buffer);

    explain_heading(page, info->slug, info->title);
    explain_labelled(page, "meaning", info->meaning);
    explain_labelled(page, "told by", info->evidence);
    explain_labelled(page, "raised by",
                     list_conditions(info->conditions, &conditions) ? buffer : "no threshold");
    explain_causes(page, problem, CAUSE_NONE);
    struct text command = text_in(buffer, sizeof buffer);
    text_add(&command, "journalctl -b -x MESSAGE_ID=%s", info->message_id);
    explain_command(page, "alerts", buffer);
    explain_command(page, "now", "synwaitctl diagnose");
}

static json_t *conditions_to_json(uint32_t conditions) {
    json_t *all = json_array();

    for (int i = 0; i < CONDITION_COUNT; i++)
        if ((conditions & CONDITION_BIT(i)) != 0)
            explain_append(&all, condition_info((enum condition)i)->name);
    return all;
}

static json_t *problem_to_json(enum problem problem) {
    const struct problem_info *info = problem_info(problem);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "kind", "problem", "word", info->slug,
                             "title", info->title, "message_id", info->message_id, "meaning", info->meaning,
                             "evidence", info->evidence, "conditions", conditions_to_json(info->conditions));

    if (json_object_update_missing_new(json, explain_causes_json(problem, CAUSE_NONE)) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static bool explain(const struct ctl *ctl, const char *word, json_t **json) {
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        if (!ctl_same_word(word, problem_info((enum problem)i)->slug))
            continue;
        if (ctl->json)
            *json = problem_to_json((enum problem)i);
        else
            print_problem(&ctl->page, (enum problem)i);
        return true;
    }
    return false;
}

const struct explained_kind explained_problems = {.name = "problem", .words = words, .explain = explain};
