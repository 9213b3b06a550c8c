/* SPDX-License-Identifier: MIT */
/* `synwaitctl explain SYSCTL`: the row of the table, the value here, and what synwaitd says of it elsewhere.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "advice.h"
#include "audit.h"
#include "cause.h"
#include "explain.h"
#include "explain_words.h"
#include "look.h"
#include "problem.h"
#include "record.h"
#include "util.h"

#define KEY_SIZE 128
/* "1,3,5,...,65535": the longest list that the kernel prints (sysctl.c proc_do_large_bitmap). */
#define VALUE_SIZE (65536UL * 6)
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyz0123456789_"

const char *kernel_text_for(const struct kernel_text text[KERNEL_TEXTS_MAX], struct kernel_version kernel) {
    for (size_t i = 0; i < KERNEL_TEXTS_MAX && text[i].text; i++) {
        const struct kernel_version *before = &text[i].before;
        if (!kernel_at_least(kernel, text[i].since.major, text[i].since.minor))
            continue;
        if (before->major == 0 || !kernel_at_least(kernel, before->major, before->minor))
            return text[i].text;
    }
    return NULL;
}

static const char *last_part(const char *key) {
    return strrchr(key, '.') + 1;
}

const struct sysctl_word *sysctl_find(const char *word) {
    static const char directory[] = "/proc/sys/";
    char key[KEY_SIZE];
    size_t count;
    const struct sysctl_word *table = sysctl_table(&count);

    if (strncmp(word, directory, strlen(directory)) == 0)
        word += strlen(directory);
    snprintf(key, sizeof key, "%s", word);
    for (char *slash = key; (slash = strchr(slash, '/'));)
        *slash = '.';
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(key, table[i].key) == 0 || strcasecmp(key, last_part(table[i].key)) == 0)
            return &table[i];
    return NULL;
}

/* Tabs between values become blanks, the end of the line goes. */
static void tidy_value(char *value) {
    size_t length = strlen(value);

    while (length > 0 && isspace((unsigned char)value[length - 1]))
        length--;
    value[length] = '\0';
    for (char *tab = value; (tab = strchr(tab, '\t'));)
        *tab = ' ';
}

static int read_value(const struct sysctl_word *row, int sys_fd, json_t *all) {
    char path[KEY_SIZE];
    struct stat status;
    CLEANUP_FREE char *value = malloc(VALUE_SIZE);

    if (!value)
        return -ENOMEM;
    snprintf(path, sizeof path, "%s", row->key);
    for (char *dot = path; (dot = strchr(dot, '.'));)
        *dot = '/';
    int length = read_file_at(sys_fd, path, value, VALUE_SIZE);
    if (length < 0)
        return length;
    tidy_value(value);
    bool writable = fstatat(sys_fd, path, &status, 0) == 0 && (status.st_mode & 0222) != 0;
    json_object_set_new(all, "value", ctl_json_text(value));
    json_object_set_new(all, "writable", json_boolean(writable));
    return 0;
}

static void add_value(const struct sysctl_word *row, const struct sysctl_context *context, json_t *all) {
    char note[160];
    struct text text = text_in(note, sizeof note);
    int result = read_value(row, context->sys_fd, all);

    if (result == 0)
        return;
    if (result == -ENOENT)
        text_add(&text, "not on this kernel or in this namespace%s%s%s", row->absent ? " (" : "",
                 row->absent ? row->absent : "", row->absent ? ")" : "");
    else
        text_add(&text, "cannot be read: %s", strerror(-result));
    json_object_set_new(all, "value", json_null());
    json_object_set_new(all, "no_value", ctl_json_text(note));
}

static bool is_key_of(const struct sysctl_word *row, enum knob knob) {
    return strcmp(row->key, knob_name(knob)) == 0;
}

static json_t *text_or_null(const char *text) {
    return text ? ctl_json_text(text) : json_null();
}

static json_t *hazards_to_json(const struct sysctl_word *row, const struct sysctl_context *context) {
    json_t *list = json_array();

    for (unsigned int i = 0; i < HAZARD_COUNT; i++) {
        struct hazard_info info = audit_hazard((enum hazard)i);
        bool now = (context->hazards & (1U << i)) != 0;
        if (!is_key_of(row, info.row->knob))
            continue;
        json_t *hazard = json_pack("{s:b, s:o, s:s}", "now", now, "when", text_or_null(info.when), "why",
                                   info.row->effect);
        if (now && i == HAZARD_LISTENERS_IN_PORT_RANGE)
            json_object_set_new(hazard, "ports", ctl_json_text(context->ports));
        json_array_append_new(list, hazard);
    }
    return list;
}

static json_t *causes_to_json(const enum cause *cause) {
    json_t *list = json_array();

    for (; *cause != CAUSE_NONE; cause++) {
        const struct cause_info *info = cause_info(*cause);
        json_array_append_new(list, json_pack("{s:s, s:s}", "problem", problem_info(info->problem)->slug,
                                              "cause", info->brief));
    }
    return list;
}

static json_t *release_to_json(struct kernel_version release) {
    char text[32];
    struct text built = text_in(text, sizeof text);

    if (release.major == 0)
        return json_null();
    text_add(&built, "%u.%u", release.major, release.minor);
    return json_string(text);
}

static json_t *advice_to_json(const struct sysctl_word *row) {
    size_t count;
    const struct advice_row *advice = advice_table(&count);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        if (is_key_of(row, advice[i].knob))
            json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:o}", "effect", advice[i].effect,
                                                  "side_effect", text_or_null(advice[i].side_effect),
                                                  "first_kernel", release_to_json(advice[i].since),
                                                  "last_kernel", release_to_json(advice[i].until), "against",
                                                  causes_to_json(advice[i].causes)));
    return list;
}

/* A whole word of the text, or the beginning of one that ends in "*": "net.ipv4.tcp_keepalive_*". */
static bool names(const char *text, const char *name) {
    while (*text) {
        size_t length = strspn(text, NAME_BYTES);
        bool whole = length == strlen(name) || (length > 0 && text[length] == '*');
        if (whole && strncmp(text, name, length) == 0)
            return true;
        text += length > 0 ? length : 1;
    }
    return false;
}

static json_t *wrong_to_json(const struct sysctl_word *row) {
    json_t *list = json_array();

    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *problem = problem_info((enum problem)i);
        for (size_t k = 0; k < WRONG_REMEDIES_MAX && problem->wrong[k].remedy; k++)
            if (names(problem->wrong[k].remedy, last_part(row->key)))
                json_array_append_new(list,
                                      json_pack("{s:s, s:s, s:s}", "problem", problem->slug, "remedy",
                                                problem->wrong[k].remedy, "why", problem->wrong[k].why));
    }
    return list;
}

json_t *sysctl_to_json(const struct sysctl_word *row, const struct sysctl_context *context) {
    json_t *all = json_pack("{s:s, s:s}", "kind", "sysctl", "word", row->key);

    if (!all)
        return NULL;
    json_object_set_new(all, "does", text_or_null(kernel_text_for(row->does, context->kernel)));
    add_value(row, context, all);
    json_object_set_new(all, "default", text_or_null(kernel_text_for(row->initial, context->kernel)));
    json_object_set_new(all, "unit", ctl_json_text(row->unit));
    json_object_set_new(all, "scope", text_or_null(kernel_text_for(row->scope, context->kernel)));
    json_object_set_new(all, "does_not", ctl_json_text(row->does_not));
    json_object_set_new(all, "unsafe", hazards_to_json(row, context));
    json_object_set_new(all, "advised", advice_to_json(row));
    json_object_set_new(all, "wrong_remedies", wrong_to_json(row));
    return all;
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* A list of ports may be long: with blanks it can be wrapped. */
static void print_list(const struct page *page, const char *list) {
    size_t size = 2 * strlen(list) + 1;
    CLEANUP_FREE char *spaced = malloc(size);

    if (!spaced)
        return;
    struct text text = text_in(spaced, size);
    for (const char *at = list; *at; at++) {
        text_put(&text, at, 1);
        if (*at == ',')
            text_put(&text, " ", 1);
    }
    page_labelled(page, "now", spaced);
}

static void print_value(const struct page *page, const json_t *sysctl) {
    const char *value = text_of(sysctl, "value");

    if (!value) {
        page_labelled(page, "now", text_of(sysctl, "no_value"));
        return;
    }
    print_list(page, value[0] == '\0' ? "empty" : value);
    if (json_is_false(json_object_get(sysctl, "writable")))
        page_labelled(page, "", "It cannot be written here.");
}

static void print_section(const struct page *page, const char *title) {
    fputc('\n', page->stream);
    page_heading(page, title);
}

static void print_hazards(const struct page *page, const json_t *hazards) {
    char line[512];
    size_t i;
    const json_t *hazard;

    json_array_foreach(hazards, i, hazard) {
        struct text text = text_in(line, sizeof line);
        const char *when = text_of(hazard, "when"), *ports = text_of(hazard, "ports");
        text_add(&text, "%s%s%s", when ? when : "", when ? ": " : "", text_of(hazard, "why"));
        if (ports)
            text_add(&text, " (here %s)", ports);
        page_labelled(page, json_is_true(json_object_get(hazard, "now")) ? "is unsafe" : "unsafe if", line);
    }
}

static void print_kernels(const struct page *page, const json_t *advice) {
    char line[80];
    struct text text = text_in(line, sizeof line);
    const char *first = text_of(advice, "first_kernel"), *last = text_of(advice, "last_kernel");

    if (!first && !last)
        return;
    text_add(&text, "Linux%s%s%s%s", first ? " from " : "", first ? first : "", last ? " up to " : "",
             last ? last : "");
    page_labelled(page, "kernels", line);
}

static void print_advice(const struct page *page, const json_t *list) {
    char line[512];
    size_t i, k;
    const json_t *advice, *against;

    if (json_array_size(list) == 0)
        page_labelled(page, "advised", "synwaitd advises it for no problem.");
    json_array_foreach(list, i, advice) {
        print_section(page, "synwaitd advises it");
        page_labelled(page, "effect", text_of(advice, "effect"));
        page_labelled(page, "cost", text_of(advice, "side_effect"));
        print_kernels(page, advice);
        json_array_foreach(json_object_get(advice, "against"), k, against) {
            struct text text = text_in(line, sizeof line);
            text_add(&text, "%s: %s", text_of(against, "problem"), text_of(against, "cause"));
            page_labelled(page, k == 0 ? "against" : "", line);
        }
    }
}

static void print_wrong(const struct page *page, const json_t *list) {
    char line[256];
    size_t i;
    const json_t *wrong;

    if (json_array_size(list) > 0)
        print_section(page, "Wrong remedies that name it");
    json_array_foreach(list, i, wrong) {
        struct text text = text_in(line, sizeof line);
        text_add(&text, "for %s: %s", text_of(wrong, "problem"), text_of(wrong, "remedy"));
        page_labelled(page, "wrong", line);
        page_labelled(page, "because", text_of(wrong, "why"));
    }
}

void sysctl_print(const struct page *page, const json_t *sysctl) {
    page_heading(page, text_of(sysctl, "word"));
    page_labelled(page, "does", text_of(sysctl, "does"));
    print_value(page, sysctl);
    print_hazards(page, json_object_get(sysctl, "unsafe"));
    page_labelled(page, "default", text_of(sysctl, "default"));
    page_labelled(page, "unit", text_of(sysctl, "unit"));
    page_labelled(page, "of", text_of(sysctl, "scope"));
    page_labelled(page, "does not", text_of(sysctl, "does_not"));
    print_advice(page, json_object_get(sysctl, "advised"));
    print_wrong(page, json_object_get(sysctl, "wrong_remedies"));
}

/* The audit and the kernel's version come from one look, as diagnose takes it. @return NULL: no memory */
static json_t *look_and_tell(const struct sysctl_word *row) {
    CLEANUP_FREE struct config *config = calloc(1, sizeof *config);
    CLEANUP_FD int sys_fd = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (!config)
        return NULL;
    config_defaults(config);
    CLEANUP_LOOK struct look *look = look_new(config);
    if (!look)
        return NULL;
    look_tick(look);
    struct sysctl_context context = {
        .kernel = look->sample->kernel,
        .sys_fd = sys_fd,
        .hazards = look->audit->hazards,
        .ports = look->audit->ports,
    };
    return sysctl_to_json(row, &context);
}

static bool explain(const struct ctl *ctl, const char *word, json_t **json) {
    const struct sysctl_word *row = sysctl_find(word);

    if (!row)
        return false;
    json_t *sysctl = look_and_tell(row);
    if (ctl->json) {
        *json = sysctl;
        return true;
    }
    if (sysctl)
        sysctl_print(&ctl->page, sysctl);
    else
        ctl_error(NULL, NULL, "%s", strerror(ENOMEM));
    json_decref(sysctl);
    return true;
}

static void words(word_callback callback, void *context) {
    size_t count;
    const struct sysctl_word *table = sysctl_table(&count);

    for (size_t i = 0; i < count; i++)
        callback(table[i].key, context);
}

const struct explained_kind explained_sysctls = {.name = "sysctl", .words = words, .explain = explain};
