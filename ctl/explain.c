/* SPDX-License-Identifier: MIT */
/* synwaitctl explain WORD: what a word of this field means, on this host. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "explain.h"
#include "explain_parts.h"
#include "record.h"
#include "util.h"

#define WORDS_MAX  256
#define WORD_SIZE  64
#define HINTS_MAX  4
#define EVERY_WORD "'synwaitctl explain --list' has every word."

/* In the order in which they are listed, and printed where a word is of several kinds. */
static const struct explained_kind *const kinds[] = {
    &explained_states, &explained_problems, &explained_conditions, &explained_sysctls, &explained_errnos,
};

/* Words of all kinds, each once. */
struct word_list {
    char word[WORDS_MAX][WORD_SIZE];
    size_t count;
};

static void add_word(const char *word, void *context) {
    struct word_list *list = context;

    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->word[i], word) == 0)
            return;
    if (list->count == WORDS_MAX)
        return;
    struct text text = text_in(list->word[list->count++], WORD_SIZE);
    text_add(&text, "%s", word);
}

/* @param kind its name; NULL: all. @return whether there is such a kind */
static bool list_words(const char *kind, struct word_list *list) {
    bool found = false;

    list->count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kind && strcmp(kind, kinds[i]->name) != 0)
            continue;
        kinds[i]->words(add_word, list);
        found = true;
    }
    return found;
}

/* Letters and digits, in lower case. */
static void simplify(const char *word, char simple[WORD_SIZE]) {
    size_t length = 0;

    for (; *word && length < WORD_SIZE - 1; word++)
        if (isalnum((unsigned char)*word))
            simple[length++] = (char)tolower((unsigned char)*word);
    simple[length] = '\0';
}

static size_t least(size_t a, size_t b, size_t c) {
    size_t smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

/* @return how many characters to put in, leave out or replace to get from one to the other (Levenshtein) */
static size_t distance(const char *a, const char *b) {
    size_t row[WORD_SIZE];
    size_t width = strlen(b);

    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < width; k++) {
            size_t replaced = diagonal + (a[i] != b[k]);
            diagonal = row[k + 1];
            row[k + 1] = least(replaced, row[k] + 1, diagonal + 1);
        }
    }
    return row[width];
}

/* 0 for a part of the word; more than @p word has letters to spare: not alike. */
static size_t unlikeness(const char *word, const char *candidate) {
    char simple[WORD_SIZE], other[WORD_SIZE];

    simplify(word, simple);
    simplify(candidate, other);
    if (strlen(simple) > 1 && strstr(other, simple))
        return 0;
    return distance(simple, other);
}

/* Adds the words nearest to @p word, the nearest first, where they are alike in two thirds of it. */
static void add_nearest(const char *word, struct text *text) {
    static struct word_list list;
    char simple[WORD_SIZE];
    size_t found = 0;

    simplify(word, simple);
    list_words(NULL, &list);
    size_t most = strlen(simple) / 3 + 1;
    for (size_t far = 0; far <= most && found < HINTS_MAX; far++)
        for (size_t i = 0; i < list.count && found < HINTS_MAX; i++)
            if (unlikeness(word, list.word[i]) == far)
                text_add(text, "%s%s", found++ > 0 ? ", " : "Like it: ", list.word[i]);
    text_add(text, "%s" EVERY_WORD, found > 0 ? ". " : "");
}

static int unknown_word(const char *word) {
    char hint[HINTS_MAX * WORD_SIZE + sizeof EVERY_WORD + 16];
    struct text text = text_in(hint, sizeof hint);

    add_nearest(word, &text);
    ctl_error(&verb_explain, hint, "\"%s\" is no word that it knows", word);
    return CTL_USAGE;
}

static int explain_json(const struct ctl *ctl) {
    json_t *all = json_array();
    bool found = false, complete = true;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        json_t *one = NULL;
        if (!kinds[i]->explain(ctl, ctl->argument, &one))
            continue;
        found = true;
        complete = json_array_append_new(all, one) == 0 && complete;
    }
    if (found && complete)
        return ctl_print_json(&verb_explain, all);
    json_decref(all);
    return found ? ctl_print_json(&verb_explain, NULL) : unknown_word(ctl->argument);
}

/* Of the second kind on each is set off from what comes before: only a word of a kind prints anything. */
static int explain_text(const struct ctl *ctl) {
    bool found = false;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        CLEANUP_FREE char *printed = NULL;
        size_t size;
        CLEANUP_FILE FILE *stream = open_memstream(&printed, &size);
        struct ctl inner = *ctl;
        if (!stream) {
            ctl_error(&verb_explain, NULL, "%s", strerror(errno));
            return CTL_FAILED;
        }
        inner.page.stream = stream;
        if (!kinds[i]->explain(&inner, ctl->argument, NULL))
            continue;
        fflush(stream);
        fprintf(ctl->page.stream, "%s%s", found ? "\n" : "", printed);
        found = true;
    }
    return found ? CTL_OK : unknown_word(ctl->argument);
}

static void append_word(const char *word, void *context) {
    explain_append(context, word);
}

static int list_json(void) {
    json_t *all = json_object();
    bool complete = true;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        json_t *list = json_array();
        kinds[i]->words(append_word, &list);
        complete = json_object_set_new(all, kinds[i]->name, list) == 0 && complete;
    }
    if (complete)
        return ctl_print_json(&verb_explain, all);
    json_decref(all);
    return ctl_print_json(&verb_explain, NULL);
}

static int list_plain(const struct page *page, const char *kind) {
    static struct word_list list;

    if (!list_words(kind, &list)) {
        ctl_error(&verb_explain, "'synwaitctl explain' has the words by kind.",
                  "--list: no such kind of word");
        return CTL_USAGE;
    }
    for (size_t i = 0; i < list.count; i++)
        fprintf(page->stream, "%s\n", list.word[i]);
    return CTL_OK;
}

static int list_by_kind(const struct page *page) {
    static struct word_list list;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char line[WORDS_MAX * 24];
        struct text text = text_in(line, sizeof line);
        list.count = 0;
        kinds[i]->words(add_word, &list);
        for (size_t k = 0; k < list.count; k++)
            text_add(&text, "%s%s", list.word[k], k + 1 < list.count ? ", " : "");
        explain_labelled(page, kinds[i]->name, line);
    }
    return CTL_OK;
}

static int run(struct ctl *ctl, int argc, char **argv) {
    bool list = false;
    const struct verb_option options[] = {
        {.name = "list", .help = "print every word, or those of the kind WORD, one a line", .target = &list},
    };
    struct config config;
    int code;

    if (!ctl_parse(ctl, &verb_explain, options, ARRAY_SIZE(options), argc, argv, &code))
        return code;
    if (list && !ctl->json)
        return list_plain(&ctl->page, ctl->argument);
    /* A mistake in the usual configuration is told where it matters; in a file asked for, at once. */
    code = ctl->config_file ? ctl_load_config(ctl, &verb_explain, &config) : CTL_OK;
    if (code != CTL_OK)
        return code;
    if (ctl->argument && !list)
        return ctl->json ? explain_json(ctl) : explain_text(ctl);
    if (ctl->json)
        return list_json();
    return list_by_kind(&ctl->page);
}

const struct verb verb_explain = {
    .name = "explain",
    .argument = "[WORD]",
    .summary = "a state, problem, condition, sysctl or errno; \"states\" draws the diagram",
    .json = true,
    .run = run,
};
