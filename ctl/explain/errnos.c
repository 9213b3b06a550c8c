/* SPDX-License-Identifier: MIT */
/* `synwaitctl explain ERRNO`: by number or name. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "decimal.h"
#include "explain.h"
#include "explain_words.h"
#include "util.h"

static const char *const call_names[] = {"socket", "bind",  "listen",   "connect",    "accept",
                                         "read",   "write", "shutdown", "getpeername"};

/* Logs of kernel code have the number below zero. */
static int number_of(const char *word) {
    uint64_t number;

    if (word[0] == '-')
        word++;
    if (decimal_parse(word, strlen(word), &number) == 0 && number <= INT32_MAX)
        return (int)number;
    return strcasecmp(word, "EWOULDBLOCK") == 0 ? EWOULDBLOCK : 0;
}

const struct errno_word *errno_find(const char *word) {
    size_t count;
    const struct errno_word *table = errno_table(&count);
    int number = number_of(word);

    for (size_t i = 0; i < count; i++)
        if (table[i].number == number || strcasecmp(table[i].name, word) == 0)
            return &table[i];
    return NULL;
}

unsigned int errno_calls(const struct errno_word *row) {
    unsigned int calls = 0;

    for (size_t i = 0; row->condition[i].calls != 0; i++)
        calls |= row->condition[i].calls;
    return calls;
}

static json_t *calls_to_json(unsigned int calls) {
    json_t *list = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(call_names); i++)
        if ((calls & (1U << i)) != 0)
            json_array_append_new(list, json_string(call_names[i]));
    return list;
}

static json_t *conditions_to_json(const struct errno_condition *condition) {
    json_t *list = json_array();

    for (; condition->calls != 0; condition++)
        json_array_append_new(list, json_pack("{s:o, s:s, s:s?}", "calls", calls_to_json(condition->calls),
                                              "means", condition->means, "explain", condition->word));
    return list;
}

static json_t *lines_to_json(const char *const *line) {
    json_t *list = json_array();

    for (; *line; line++)
        json_array_append_new(list, json_string(*line));
    return list;
}

json_t *errno_to_json(const struct errno_word *row) {
    return json_pack("{s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "kind", "errno", "word", row->name, "number",
                     row->number, "text", strerror(row->number), "calls", calls_to_json(errno_calls(row)),
                     "conditions", conditions_to_json(row->condition), "check", lines_to_json(row->check),
                     "commands", lines_to_json(row->command));
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static void list_calls(const json_t *calls, struct text *text) {
    size_t i;
    const json_t *call;

    json_array_foreach(calls, i, call) {
        text_add(text, "%s%s()", i > 0 ? ", " : "", json_string_value(call));
    }
}

static void print_conditions(const struct page *page, const json_t *conditions) {
    char line[512];
    size_t i;
    const json_t *condition;

    json_array_foreach(conditions, i, condition) {
        struct text text = text_in(line, sizeof line);
        const char *word = text_of(condition, "explain");
        list_calls(json_object_get(condition, "calls"), &text);
        text_add(&text, ": %s", text_of(condition, "means"));
        page_labelled(page, i == 0 ? "means" : "or", line);
        text = text_in(line, sizeof line);
        text_add(&text, "synwaitctl explain %s", word ? word : "");
        page_labelled(page, "more", word ? line : NULL);
    }
}

static void print_commands(const struct page *page, const json_t *commands) {
    size_t i;
    const json_t *command;

    fputc('\n', page->stream);
    page_heading(page, "What to run next");
    json_array_foreach(commands, i, command) {
        fprintf(page->stream, "  %s\n", json_string_value(command));
    }
}

void errno_print(const struct page *page, const json_t *number) {
    char line[256];
    struct text text = text_in(line, sizeof line);
    size_t i;
    const json_t *check;

    text_add(&text, "%s (%d)", text_of(number, "word"),
             (int)json_integer_value(json_object_get(number, "number")));
    page_heading(page, line);
    page_labelled(page, "text", text_of(number, "text"));
    text = text_in(line, sizeof line);
    list_calls(json_object_get(number, "calls"), &text);
    page_labelled(page, "from", line);
    print_conditions(page, json_object_get(number, "conditions"));
    json_array_foreach(json_object_get(number, "check"), i, check) {
        page_labelled(page, i == 0 ? "check" : "", json_string_value(check));
    }
    print_commands(page, json_object_get(number, "commands"));
}

static bool explain(const struct ctl *ctl, const char *word, json_t **json) {
    const struct errno_word *row = errno_find(word);

    if (!row)
        return false;
    json_t *number = errno_to_json(row);
    if (ctl->json) {
        *json = number;
        return true;
    }
    if (number)
        errno_print(&ctl->page, number);
    else
        ctl_error(NULL, NULL, "%s", strerror(ENOMEM));
    json_decref(number);
    return true;
}

static void words(word_callback callback, void *context) {
    size_t count;
    const struct errno_word *table = errno_table(&count);

    for (size_t i = 0; i < count; i++)
        callback(table[i].name, context);
}

const struct explained_kind explained_errnos = {.name = "errno", .words = words, .explain = explain};
