/* SPDX-License-Identifier: MIT */
#include "console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "page.h"
#include "remedy.h"
#include "util.h"

/* A command stays on one line, however long: it is there to be copied. */
static void print_verbatim(const struct page *page, const struct record *record, const char *label,
                           const char *key) {
    const char *value = record_get(record, key);

    if (!value)
        return;
    page_label(page, label);
    fprintf(page->stream, "%s\n", value);
}

static void print_steps(const struct page *page, const struct record *record) {
    const char *step = record_get(record, "SYNWAITD_ADVICE");
    const size_t number_width = strlen("1) ");

    if (!step)
        return;
    for (unsigned int number = 1; *step; number++) {
        const char *end = advice_step_end(step, number);
        size_t length = (size_t)(end - step);
        size_t head = length < number_width ? length : number_width;
        page_label(page, number == 1 ? "do" : "");
        fwrite(step, 1, head, page->stream);
        page_wrap(page, step + head, length - head, PAGE_INDENT + number_width);
        fputc('\n', page->stream);
        step = *end ? end + strlen("; ") : end;
    }
}

/* Each wrong remedy on a line of its own; no reason has a semicolon. */
static void print_wrong_remedies(const struct page *page, const struct record *record) {
    const char *remedy = record_get(record, "SYNWAITD_NOT_ADVISED");

    for (bool first = true; remedy && *remedy; first = false) {
        const char *end = strstr(remedy, "; ");
        size_t length = end ? (size_t)(end - remedy) : strlen(remedy);
        page_label(page, first ? "not" : "");
        page_wrap(page, remedy, length, PAGE_INDENT);
        fputc('\n', page->stream);
        remedy = end ? end + strlen("; ") : NULL;
    }
}

static const char *severity_color(const struct record *record) {
    if (record->priority <= 3)
        return PAGE_RED;
    return record->priority == 4 ? PAGE_YELLOW : record->priority == 5 ? PAGE_GREEN : "";
}

static void print_time(FILE *stream) {
    time_t now = time(NULL);
    char text[16] = "";
    struct tm parts;

    if (localtime_r(&now, &parts))
        strftime(text, sizeof text, "%H:%M:%S", &parts);
    fprintf(stream, "%s ", text);
}

static const char *value_or_empty(const struct record *record, const char *key) {
    const char *value = record_get(record, key);

    return value ? value : "";
}

static void print_message(const struct page *page, const struct record *record) {
    const char *message = value_or_empty(record, "MESSAGE");

    fprintf(page->stream, "  %s", page_paint(page, PAGE_BOLD));
    page_wrap(page, message, strlen(message), 2);
    fprintf(page->stream, "%s\n", page_paint(page, PAGE_RESET));
}

/* @param event or "" */
static void print_headline(const struct page *page, const struct record *record, const char *event) {
    fprintf(page->stream, "%s%s%s%s %s%s\n", page_paint(page, severity_color(record)), event,
            event[0] != '\0' ? " " : "", value_or_empty(record, "SYNWAITD_SEVERITY"),
            value_or_empty(record, "SYNWAITD_PROBLEM"), page_paint(page, PAGE_RESET));
    print_message(page, record);
}

/* "nginx.service, pid 1234 (nginx)"; the pid only where the daemon may look. */
static void print_owner(const struct page *page, const struct record *record) {
    const char *unit = record_get(record, "SYNWAITD_UNIT");
    const char *pid = record_get(record, "SYNWAITD_PID");

    if (!unit && !pid)
        return;
    page_label(page, "owner");
    fputs(unit ? unit : "", page->stream);
    if (pid)
        fprintf(page->stream, "%spid %s (%s)", unit ? ", " : "", pid,
                value_or_empty(record, "SYNWAITD_COMM"));
    fputc('\n', page->stream);
}

static void print_explanation(const struct page *page, const struct record *record) {
    print_owner(page, record);
    print_verbatim(page, record, "peer", "SYNWAITD_PEER");
    page_labelled(page, "cause", record_get(record, "SYNWAITD_CAUSE"));
    page_labelled(page, "evidence", record_get(record, "SYNWAITD_EVIDENCE"));
    print_steps(page, record);
    print_verbatim(page, record, "sysctl", "SYNWAITD_SYSCTL");
    print_verbatim(page, record, "now", "SYNWAITD_SYSCTL_CURRENT");
    print_wrong_remedies(page, record);
    print_verbatim(page, record, "capture", "SYNWAITD_CAPTURE");
}

static int finish(FILE *stream) {
    fputc('\n', stream);
    return fflush(stream) != 0 || ferror(stream) ? -errno : 0;
}

int console_print_alert(const struct page *page, const struct record *record) {
    const char *event = value_or_empty(record, "SYNWAITD_EVENT");

    print_time(page->stream);
    print_headline(page, record, event);
    /* What to do about a problem that is over has been said when it was there. */
    if (strcmp(event, alert_event_name(EVENT_CLEARED)) != 0)
        print_explanation(page, record);
    page_labelled(page, "id", record_get(record, "SYNWAITD_INCIDENT"));
    return finish(page->stream);
}

int console_print_problem(FILE *stream, const struct record *record, bool color) {
    struct page page = page_on(stream, color);

    print_headline(&page, record, "");
    print_explanation(&page, record);
    return finish(stream);
}

void console_print_log(FILE *stream, const struct record *record, bool color) {
    struct page page = page_on(stream, color);
    const char *mark = record->priority <= 3 ? PAGE_RED : record->priority == 4 ? PAGE_YELLOW : "";

    fprintf(stream, "%ssynwaitd: %s%s\n", page_paint(&page, mark), value_or_empty(record, "MESSAGE"),
            mark[0] != '\0' ? page_paint(&page, PAGE_RESET) : "");
    fflush(stream);
}
