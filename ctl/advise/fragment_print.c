/* SPDX-License-Identifier: MIT */
/* A fragment as a file of sysctl.d, with its reasons as comments. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fragment.h"
#include "look.h"
#include "page.h"
#include "record.h"
#include "remedy.h"
#include "util.h"

#define COMMENT        "# "
#define COMMAND_INDENT 4
#define PLACE_SIZE     256
#define LIST_MAX_BYTES 200 /* of a list of ports in a comment */

/* Comments under way: they are wrapped as a page first, and get their marks when they are printed. */
struct comments {
    const struct page *out;
    struct page page;
    char *text;
    size_t size;
};

/* @return 0 or -ENOMEM */
static int open_comments(struct comments *comments, const struct page *out) {
    *comments = (struct comments){.out = out, .page = *out};
    comments->page.color = false; /* the output is a file, or becomes one */
    comments->page.width = out->width - strlen(COMMENT);
    comments->page.stream = open_memstream(&comments->text, &comments->size);
    return comments->page.stream ? 0 : -ENOMEM;
}

static int close_comments(struct comments *comments) {
    int result = fclose(comments->page.stream) == 0 ? 0 : -ENOMEM;

    for (const char *line = comments->text; result == 0 && *line;) {
        size_t length = strcspn(line, "\n");
        fprintf(comments->out->stream, "%s%.*s\n", length > 0 ? COMMENT : "", (int)length, line);
        line += length + (line[length] == '\n');
    }
    free(comments->text);
    return result;
}

/* One line or paragraph of comment. */
static void add(struct comments *comments, size_t indent, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct comments *comments, size_t indent, const char *format, ...) {
    char buffer[2 * RECORD_VALUE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    text_clean(buffer);
    page_paragraph(&comments->page, buffer, indent);
}

/* Not wrapped: it is there to be copied. */
static void add_command(struct comments *comments, const char *command, const char *argument) {
    fprintf(comments->page.stream, "%*s%s%s\n", COMMAND_INDENT, "", command, argument);
}

static void end_paragraph(struct comments *comments) {
    fputc('\n', comments->page.stream);
}

static void add_late(struct comments *comments, const struct fragment_key *key) {
    add(comments, 0, "But %s is read even later and sets %s in line %u: change it there.", key->origin.path,
        knob_name(key->advice.row->knob), key->origin.line);
}

/* What procps reads last is not in the order of names. */
static void add_last(struct comments *comments, const struct fragment *fragment) {
    for (size_t i = 0; i < fragment->key_count; i++) {
        const struct fragment_key *key = &fragment->key[i];
        if (key->last.path[0] != '\0')
            add(comments, 0,
                "'sysctl --system' reads %s after all others, and its line %u sets %s: change it there, too.",
                key->last.path, key->last.line, knob_name(key->advice.row->knob));
    }
}

static void add_file(struct comments *comments, const struct fragment *fragment) {
    char path[SYSCTL_PATH_SIZE];

    snprintf(path, sizeof path, FRAGMENT_DIRECTORY "/%s", fragment->name);
    add(comments, 0, "To keep these settings over a boot, write this to");
    add_command(comments, path, "");
    add(comments, 0, "which %s, and to apply it now:",
        fragment->late ? "is read after most files" : "is read after every file that sets one of them");
    add_command(comments, "sysctl -p ", path);
    if (fragment->exists)
        add(comments, 0, "There is such a file already: keep what else it sets.");
    if (fragment->late)
        add_late(comments, fragment->late);
    add_last(comments, fragment);
    if (fragment->incomplete)
        add(comments, 0, "Not every file could be read: another may set one of them later.");
}

/* As sysctl(8) takes it; a value with blanks or a list in quotes. */
static void add_write_command(struct comments *comments, const struct fragment_key *key) {
    const char *quote = strpbrk(key->recommended, " ,") ? "\"" : "";

    fprintf(comments->page.stream, "%*ssysctl -w %s=%s%s%s\n", COMMAND_INDENT, "",
            knob_name(key->advice.row->knob), quote, key->recommended, quote);
}

static void add_commands(struct comments *comments, const struct fragment *fragment, const char *netns) {
    add(comments, 0,
        "This is the network namespace %s. The files of sysctl.d are the host's and are not applied to it; "
        "to "
        "set these here, now:",
        netns);
    for (size_t i = 0; i < fragment->key_count; i++)
        if (fragment->key[i].writable)
            add_write_command(comments, &fragment->key[i]);
}

static bool is_unsafe(const struct alert *alert) {
    return alert->finding.problem == PROBLEM_UNSAFE_SYSCTL;
}

static bool has_problems(const struct look *look) {
    for (size_t i = 0; i < look->alert_count; i++)
        if (!is_unsafe(&look->alert[i]))
            return true;
    return false;
}

static void add_head(struct comments *comments, const struct fragment *fragment, const struct look *look) {
    add(comments, 0, "Settings that help, by synwaitctl advise " SYNWAITD_VERSION ".");
    if (fragment->name)
        add_file(comments, fragment);
    else
        add_commands(comments, fragment, look->netns);
    if (has_problems(look))
        end_paragraph(comments);
}

static void add_message(struct comments *comments, const char *before, const struct alert *alert) {
    char message[RECORD_VALUE_MAX + 1];

    message_format(alert, message, sizeof message);
    add(comments, 0, "%s%s", before, message);
}

static void add_remedies(struct comments *comments, const struct finding *finding) {
    char buffer[2 * RECORD_VALUE_MAX];
    struct text remedies = text_in(buffer, sizeof buffer);

    advice_format(finding, NULL, &remedies);
    for (const char *step = buffer, *end; *step; step = *end ? end + strlen("; ") : end) {
        end = advice_step_end(step, (unsigned int)strtoul(step, NULL, 10));
        add(comments, COMMAND_INDENT, "%.*s", (int)(end - step), step);
    }
}

/* What is wrong, and for what no sysctl helps its remedies. */
static void add_problem(struct comments *comments, const struct alert *alert) {
    if (alert->finding.problem == PROBLEM_SAMPLING_DEGRADED) {
        add_message(comments, "not everything can be seen: ", alert);
    } else if (alert->finding.advice_count > 0) {
        add_message(comments,
                    alert->finding.severity == SEVERITY_CRITICAL ? "critical: " : "warning: ", alert);
        return;
    } else {
        add_message(comments, "no sysctl helps: ", alert);
    }
    add_remedies(comments, &alert->finding);
}

static size_t count_unsafe(const struct look *look) {
    size_t count = 0;

    for (size_t i = 0; i < look->alert_count; i++)
        if (is_unsafe(&look->alert[i]))
            count += look->alert[i].finding.advice_count;
    return count;
}

static void add_problems(struct comments *comments, const struct look *look, bool all) {
    size_t unsafe = all ? 0 : count_unsafe(look);

    for (size_t i = 0; i < look->alert_count; i++)
        if (!is_unsafe(&look->alert[i]))
            add_problem(comments, &look->alert[i]);
    if (unsafe > 0)
        add(comments, 0, "%zu unsafe setting%s: --all", unsafe, unsafe > 1 ? "s" : "");
}

static void add_nothing(struct comments *comments, const struct look *look, bool all) {
    add(comments, 0, "nothing to advise: %s",
        has_problems(look) ? "no sysctl helps against what is wrong now"
        : all              ? "no threshold is exceeded and no setting is unsafe"
                           : "no threshold is exceeded");
}

static void label(struct comments *comments, const char *name, const char *text) {
    char buffer[RECORD_VALUE_MAX + 1];
    struct text clean = text_in(buffer, sizeof buffer);

    text_add(&clean, "%s", text);
    text_clean(buffer);
    page_labelled(&comments->page, name, buffer);
}

/* @return whether a reason before has the same words */
static bool is_told(const struct fragment_key *key, size_t reason) {
    for (size_t i = 0; i < reason; i++)
        if (key->reason[i].row == key->reason[reason].row)
            return true;
    return false;
}

static bool asks_for_safety(const struct fragment_reason *reason) {
    return reason->finding->problem == PROBLEM_UNSAFE_SYSCTL;
}

static void add_reasons(struct comments *comments, const struct fragment_key *key) {
    for (size_t i = 0; i < key->reason_count; i++) {
        char place[PLACE_SIZE];
        if (!asks_for_safety(&key->reason[i])) {
            place_format(key->reason[i].finding, place, sizeof place);
            label(comments, "against", place);
        }
    }
    for (size_t i = 0; i < key->reason_count; i++) {
        const struct advice_row *row = key->reason[i].row;
        if (is_told(key, i))
            continue;
        label(comments, asks_for_safety(&key->reason[i]) ? "unsafe" : "effect", row->effect);
        page_labelled(&comments->page, "cost", row->side_effect);
    }
}

static void add_present(struct comments *comments, const struct fragment_key *key) {
    char buffer[RECORD_VALUE_MAX + 1];
    struct text text = text_in(buffer, sizeof buffer);

    if (key->advice.row->knob == KNOB_PORTS_RESERVED) {
        text_add_at_most(&text, key->current[0] != '\0' ? key->current : "none", LIST_MAX_BYTES);
        if (key->origin.path[0] != '\0')
            text_add(&text, ", ");
    }
    sysctl_present_format(&key->advice, &key->origin, &text);
    label(comments, "now", strncmp(buffer, "now ", 4) == 0 ? buffer + 4 : buffer);
}

static int print_key(const struct fragment_key *key, const struct page *page) {
    bool host = key->advice.row->scope == ADVICE_HOST;
    struct comments comments;
    int result = open_comments(&comments, page);

    if (result < 0)
        return result;
    add_reasons(&comments, key);
    page_labelled(&comments.page, "scope", host ? "the whole host" : "this network namespace");
    if (!key->writable)
        page_labelled(&comments.page, "", "cannot be written in this namespace, only on the host");
    add_present(&comments, key);
    result = close_comments(&comments);
    fprintf(page->stream, "%s%s = %s\n", key->writable ? "" : COMMENT, knob_name(key->advice.row->knob),
            key->recommended);
    return result;
}

int fragment_print(const struct fragment *fragment, const struct look *look, bool all,
                   const struct page *page) {
    struct comments comments;
    int result = open_comments(&comments, page);

    if (result < 0)
        return result;
    if (fragment->key_count == 0)
        add_nothing(&comments, look, all);
    else
        add_head(&comments, fragment, look);
    add_problems(&comments, look, all);
    result = close_comments(&comments);
    for (size_t i = 0; i < fragment->key_count && result == 0; i++) {
        fputc('\n', page->stream);
        result = print_key(&fragment->key[i], page);
    }
    return result;
}
