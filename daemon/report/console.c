/* SPDX-License-Identifier: MIT */
#include "console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN     40
#define INDENT        12 /* labels stand in the first columns */

#define RESET  "\033[0m"
#define BOLD   "\033[1m"
#define DIM    "\033[2m"
#define RED    "\033[1;31m"
#define YELLOW "\033[1;33m"
#define GREEN  "\033[1;32m"

/* A block under construction: labels at the left, wrapped text beside them. */
struct page {
    FILE *stream;
    size_t width;
    bool color;
};

bool console_wants_color(FILE *stream) {
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (no_color && no_color[0] != '\0')
        return false;
    return terminal && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0 && isatty(fileno(stream)) == 1;
}

static size_t terminal_width(FILE *stream) {
    struct winsize size;

    if (ioctl(fileno(stream), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH_DEFAULT;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

static const char *paint(const struct page *page, const char *color) {
    return page->color ? color : "";
}

/* Columns that @p length bytes take: one for each character. */
static size_t columns(const char *text, size_t length) {
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static void new_line(const struct page *page, size_t indent) {
    fprintf(page->stream, "\n%*s", (int)indent, "");
}

/* Prints words up to @p length bytes, the first at column @p indent, breaking lines between words. */
static void print_wrapped(const struct page *page, const char *text, size_t length, size_t indent) {
    size_t column = indent;

    while (length > 0) {
        const char *blank = memchr(text, ' ', length);
        size_t word = blank ? (size_t)(blank - text) : length;
        size_t wide = columns(text, word);
        if (column > indent && column + 1 + wide > page->width) {
            new_line(page, indent);
            column = indent;
        } else if (column > indent) {
            fputc(' ', page->stream);
            column++;
        }
        fwrite(text, 1, word, page->stream);
        column += wide;
        size_t step = blank ? word + 1 : word;
        text += step;
        length -= step;
    }
}

static void print_label(const struct page *page, const char *label) {
    fprintf(page->stream, "  %s%-*s%s", paint(page, DIM), INDENT - 2, label, paint(page, RESET));
}

static void print_text(const struct page *page, const struct record *record, const char *label,
                       const char *key) {
    const char *value = record_get(record, key);

    if (!value)
        return;
    print_label(page, label);
    print_wrapped(page, value, strlen(value), INDENT);
    fputc('\n', page->stream);
}

/* A command stays on one line, however long: it is there to be copied. */
static void print_verbatim(const struct page *page, const struct record *record, const char *label,
                           const char *key) {
    const char *value = record_get(record, key);

    if (!value)
        return;
    print_label(page, label);
    fprintf(page->stream, "%s\n", value);
}

/* @return where "; N) ", the next step, starts, or the end of the text */
static const char *next_step(const char *text, unsigned int number) {
    char mark[24];

    snprintf(mark, sizeof mark, "; %u) ", number);
    const char *found = strstr(text, mark);
    return found ? found : text + strlen(text);
}

static void print_steps(const struct page *page, const struct record *record) {
    const char *step = record_get(record, "SYNWAITD_ADVICE");
    const size_t number_width = strlen("1) ");

    if (!step)
        return;
    for (unsigned int number = 1; *step; number++) {
        const char *end = next_step(step, number + 1);
        size_t length = (size_t)(end - step);
        size_t head = length < number_width ? length : number_width;
        print_label(page, number == 1 ? "do" : "");
        fwrite(step, 1, head, page->stream);
        print_wrapped(page, step + head, length - head, INDENT + number_width);
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
        print_label(page, first ? "not" : "");
        print_wrapped(page, remedy, length, INDENT);
        fputc('\n', page->stream);
        remedy = end ? end + strlen("; ") : NULL;
    }
}

static const char *severity_color(const struct record *record) {
    if (record->priority <= 3)
        return RED;
    return record->priority == 4 ? YELLOW : record->priority == 5 ? GREEN : "";
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

static void print_headline(const struct page *page, const struct record *record) {
    const char *message = value_or_empty(record, "MESSAGE");

    print_time(page->stream);
    fprintf(page->stream, "%s%s %s %s%s\n", paint(page, severity_color(record)),
            value_or_empty(record, "SYNWAITD_EVENT"), value_or_empty(record, "SYNWAITD_SEVERITY"),
            value_or_empty(record, "SYNWAITD_PROBLEM"), paint(page, RESET));
    fprintf(page->stream, "  %s", paint(page, BOLD));
    print_wrapped(page, message, strlen(message), 2);
    fprintf(page->stream, "%s\n", paint(page, RESET));
}

/* "nginx.service, pid 1234 (nginx)"; the pid only where the daemon may look. */
static void print_owner(const struct page *page, const struct record *record) {
    const char *unit = record_get(record, "SYNWAITD_UNIT");
    const char *pid = record_get(record, "SYNWAITD_PID");

    if (!unit && !pid)
        return;
    print_label(page, "owner");
    fputs(unit ? unit : "", page->stream);
    if (pid)
        fprintf(page->stream, "%spid %s (%s)", unit ? ", " : "", pid,
                value_or_empty(record, "SYNWAITD_COMM"));
    fputc('\n', page->stream);
}

static void print_explanation(const struct page *page, const struct record *record) {
    print_owner(page, record);
    print_verbatim(page, record, "peer", "SYNWAITD_PEER");
    print_text(page, record, "cause", "SYNWAITD_CAUSE");
    print_text(page, record, "evidence", "SYNWAITD_EVIDENCE");
    print_steps(page, record);
    print_verbatim(page, record, "sysctl", "SYNWAITD_SYSCTL");
    print_verbatim(page, record, "now", "SYNWAITD_SYSCTL_CURRENT");
    print_wrong_remedies(page, record);
    print_verbatim(page, record, "capture", "SYNWAITD_CAPTURE");
}

int console_print_alert(FILE *stream, const struct record *record, bool color) {
    struct page page = {.stream = stream, .width = terminal_width(stream), .color = color};

    print_headline(&page, record);
    /* What to do about a problem that is over has been said when it was there. */
    if (strcmp(value_or_empty(record, "SYNWAITD_EVENT"), alert_event_name(EVENT_CLEARED)) != 0)
        print_explanation(&page, record);
    print_text(&page, record, "id", "SYNWAITD_INCIDENT");
    fputc('\n', stream);
    return fflush(stream) != 0 || ferror(stream) ? -errno : 0;
}

void console_print_log(FILE *stream, const struct record *record, bool color) {
    struct page page = {.stream = stream, .color = color};
    const char *mark = record->priority <= 3 ? RED : record->priority == 4 ? YELLOW : "";

    fprintf(stream, "%ssynwaitd: %s%s\n", paint(&page, mark), value_or_empty(record, "MESSAGE"),
            mark[0] != '\0' ? paint(&page, RESET) : "");
    fflush(stream);
}
