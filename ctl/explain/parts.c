/* SPDX-License-Identifier: MIT */
#include "explain_parts.h"

#include <string.h>

#include "remedy.h"
#include "util.h"

#define NARROW        60 /* columns: below it labels stand above their text, as long sysctl names do not fit */
#define NARROW_INDENT 4
#define NUMBER_WIDTH  3 /* "1) " */
#define TEXT_SIZE     1200

void explain_heading(const struct page *page, const char *word, const char *what) {
    char buffer[TEXT_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    text_add(&text, "%s: %s", word, what);
    fputs(page_paint(page, PAGE_BOLD), page->stream);
    page_wrap(page, buffer, text.length, 0);
    fprintf(page->stream, "%s\n", page_paint(page, PAGE_RESET));
}

/* Prints the label, on a narrow page on a line of its own, unless it is "". */
static void print_label(const struct page *page, const char *label) {
    if (page->width >= NARROW)
        page_label(page, label);
    else if (label[0] != '\0')
        fprintf(page->stream, "  %s%s%s\n", page_paint(page, PAGE_DIM), label, page_paint(page, PAGE_RESET));
    if (page->width < NARROW)
        fprintf(page->stream, "%*s", NARROW_INDENT, "");
}

void explain_labelled(const struct page *page, const char *label, const char *text) {
    print_label(page, label);
    page_wrap(page, text, strlen(text), page->width < NARROW ? NARROW_INDENT : PAGE_INDENT);
    fputc('\n', page->stream);
}

void explain_command(const struct page *page, const char *label, const char *command) {
    print_label(page, label);
    fprintf(page->stream, "%s\n", command);
}

struct steps {
    const struct page *page;
    unsigned int number;
};

static void print_step(const char *remedy, void *context) {
    struct steps *steps = context;
    const struct page *page = steps->page;
    char buffer[TEXT_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    text_add(&text, "%u) %s", ++steps->number, remedy);
    if (page->width < NARROW) {
        explain_labelled(page, steps->number == 1 ? "do" : "", buffer);
        return;
    }
    page_label(page, steps->number == 1 ? "do" : "");
    fprintf(page->stream, "%.*s", NUMBER_WIDTH, buffer);
    page_wrap(page, buffer + NUMBER_WIDTH, text.length - NUMBER_WIDTH, PAGE_INDENT + NUMBER_WIDTH);
    fputc('\n', page->stream);
}

static void print_wrong(const struct page *page, const struct wrong_remedy *wrong) {
    for (size_t i = 0; i < WRONG_REMEDIES_MAX && wrong[i].remedy; i++) {
        char buffer[TEXT_SIZE];
        struct text text = text_in(buffer, sizeof buffer);
        text_add(&text, "%s: %s", wrong[i].remedy, wrong[i].why);
        explain_labelled(page, i == 0 ? "not" : "", buffer);
    }
}

static bool is_cause_of(enum problem problem, enum cause only, enum cause cause) {
    return cause_info(cause)->problem == problem && (only == CAUSE_NONE || only == cause);
}

void explain_causes(const struct page *page, enum problem problem, enum cause only) {
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        if (!is_cause_of(problem, only, (enum cause)i))
            continue;
        explain_labelled(page, "cause", cause_info((enum cause)i)->sentence);
        remedies_of_cause((enum cause)i, print_step, &(struct steps){.page = page});
    }
    if (only == CAUSE_NONE)
        print_wrong(page, problem_info(problem)->wrong);
}

void explain_append(json_t **array, const char *text) {
    if (*array && json_array_append_new(*array, json_string(text)) < 0) {
        json_decref(*array);
        *array = NULL;
    }
}

static void append_remedy(const char *remedy, void *context) {
    explain_append(context, remedy);
}

static json_t *cause_to_json(enum cause cause) {
    json_t *remedies = json_array();

    remedies_of_cause(cause, append_remedy, &remedies);
    return json_pack("{s:s, s:o}", "cause", cause_info(cause)->sentence, "remedies", remedies);
}

json_t *explain_causes_json(enum problem problem, enum cause only) {
    const struct wrong_remedy *wrong = problem_info(problem)->wrong;
    json_t *causes = json_array(), *not_advised = json_array();
    bool complete = true;

    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++)
        if (is_cause_of(problem, only, (enum cause)i))
            complete = json_array_append_new(causes, cause_to_json((enum cause)i)) == 0 && complete;
    for (size_t i = 0; i < WRONG_REMEDIES_MAX && wrong[i].remedy && only == CAUSE_NONE; i++)
        complete = json_array_append_new(not_advised, json_pack("{s:s, s:s}", "remedy", wrong[i].remedy,
                                                                "why", wrong[i].why)) == 0 &&
                   complete;
    json_t *all = json_pack("{s:o, s:o}", "causes", causes, "not_advised", not_advised);
    if (complete)
        return all;
    json_decref(all);
    return NULL;
}
