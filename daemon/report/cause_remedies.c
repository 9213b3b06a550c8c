/* SPDX-License-Identifier: MIT */
/* What helps against a cause in general: for texts that are about no host in particular. */
#include <string.h>

#include "audit.h"
#include "remedy.h"

#define REMEDY_SIZE 1024

static bool helps(const struct advice_row *row, enum cause cause) {
    for (const enum cause *helped = row->causes; *helped != CAUSE_NONE; helped++)
        if (*helped == cause)
            return true;
    return false;
}

/* One sysctl has two rows where it helps in two ways. */
static bool is_named(const struct advice_row *row, size_t before, enum cause cause) {
    size_t count;
    const struct advice_row *table = advice_table(&count);

    for (size_t i = 0; i < before; i++)
        if (helps(&table[i], cause) && table[i].knob == row->knob)
            return true;
    return false;
}

static void add_sysctl(const struct advice_row *row, struct text *text) {
    text_add(text, " %s", knob_name(row->knob));
    if (row->until.major != 0)
        text_add(text, " up to Linux %u.%u", row->until.major, row->until.minor);
    text_add(text, " (%s)", row->effect);
}

static void tell_sysctls(enum cause cause, remedy_callback callback, void *context) {
    char buffer[REMEDY_SIZE];
    struct text text = text_in(buffer, sizeof buffer);
    size_t count, named = 0;
    const struct advice_row *row = advice_table(&count);

    text_add(&text, "the sysctl that synwaitctl advise names, if any:");
    for (size_t i = 0; i < count; i++) {
        if (!helps(&row[i], cause) || is_named(&row[i], i, cause))
            continue;
        text_add(&text, "%s", named++ > 0 ? "," : "");
        add_sysctl(&row[i], &text);
    }
    if (named > 0)
        callback(buffer, context);
}

/* Of an unsafe setting the effect is what it does as it is. */
static void tell_hazards(remedy_callback callback, void *context) {
    for (int i = 0; i < HAZARD_COUNT; i++) {
        const struct advice_row *row = audit_hazard((enum hazard)i).row;
        char buffer[REMEDY_SIZE];
        struct text text = text_in(buffer, sizeof buffer);
        text_add(&text, "change sysctl %s where it is said to be unsafe: %s", knob_name(row->knob),
                 row->effect);
        callback(buffer, context);
    }
}

static void tell_text(const char *remedy, remedy_callback callback, void *context) {
    const char *mark = strstr(remedy, BACKLOG_MARK);
    char buffer[REMEDY_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    if (!mark) {
        callback(remedy, context);
        return;
    }
    text_add(&text, "%.*s%s", (int)(mark - remedy), remedy, mark + strlen(BACKLOG_MARK));
    callback(buffer, context);
}

void remedies_of_cause(enum cause cause, remedy_callback callback, void *context) {
    const char *const *remedy = cause_info(cause)->remedy;

    for (size_t i = 0; i < REMEDIES_MAX && remedy[i]; i++) {
        if (strcmp(remedy[i], SYSCTL_MARK) != 0)
            tell_text(remedy[i], callback, context);
        else if (cause == CAUSE_UNSAFE_SYSCTL)
            tell_hazards(callback, context);
        else
            tell_sysctls(cause, callback, context);
    }
}
