/* SPDX-License-Identifier: MIT */
/* What `explain` prints, held against the object that it came from. */
#ifndef SYNWAITD_TEST_EXPLAIN_CASE_H
#define SYNWAITD_TEST_EXPLAIN_CASE_H

#include <stdlib.h>

#include "case.h"
#include "explain_words.h"
#include "page.h"
#include "util.h"

static const size_t widths[] = {40, 80, 200};

/* What @p print writes on a page of that width; released with free(). */
static inline char *printed(void (*print)(const struct page *, const json_t *), const json_t *json,
                            size_t width) {
    char *text = NULL;
    size_t size;
    struct page page = {.stream = open_memstream(&text, &size), .width = width};

    assert_non_null(page.stream);
    print(&page, json);
    fclose(page.stream);
    return text;
}

/* One blank for each run of blanks and newlines; and the list of ports as the kernel writes it. */
static inline char *flat(const char *text) {
    char *copy = strdup(text), *end = copy;

    assert_non_null(copy);
    for (const char *at = text; *at; at++) {
        bool blank = *at == ' ' || *at == '\n';
        if (!blank || (end > copy && end[-1] != ' '))
            *end++ = blank ? ' ' : *at;
    }
    *end = '\0';
    return copy;
}

/* Every string of the object stands on the page. */
static inline void check_content(const char *name, const json_t *json, const char *text) {
    const char *key;
    const json_t *value;
    size_t i;

    if (json_is_string(json) && !strstr(text, json_string_value(json)))
        fail_msg("%s: \"%s\" is not in: %s", name, json_string_value(json), text);
    json_array_foreach(json, i, value) {
        check_content(name, value, text);
    }
    json_object_foreach((json_t *)json, key, value) {
        if (strcmp(key, "kind") != 0 && strcmp(key, "value") != 0) /* a list gets blanks on the page */
            check_content(name, value, text);
    }
}

/* Too long is nothing but a command, or a single word beside a label. */
static inline void check_lines(const char *name, const char *text, size_t width) {
    bool commands = false;

    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n");
        commands = commands || strncmp(line, "What to run next", 16) == 0;
        if (page_columns(line, length) <= width || commands)
            continue;
        const char *words = line[0] == ' ' ? line + PAGE_INDENT : line;
        if (memchr(words, ' ', length - (size_t)(words - line)))
            fail_msg("%s: wider than %zu: %.*s", name, width, (int)length, line);
    }
}

static inline void check_page(const char *name, void (*print)(const struct page *, const json_t *),
                              const json_t *json) {
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        CLEANUP_FREE char *text = printed(print, json, widths[i]);
        CLEANUP_FREE char *content = flat(text);
        check_lines(name, text, widths[i]);
        check_content(name, json, content);
        assert_null(strstr(text, "(null)"));
        assert_null(strchr(text, '\033'));
    }
}

static inline const char *field(const json_t *json, const char *key) {
    return json_string_value(json_object_get(json, key));
}

#endif
