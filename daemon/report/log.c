/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "journal.h"
#include "json.h"
#include "page.h"
#include "util.h"

#define LOOK_MSEC     200
#define LOG_WAIT_MSEC 1000

/* Where reports go in this process; only the main thread touches it. */
static enum log_target target = LOG_TARGET_CONSOLE;
static bool output_failed;

static const char *const target_name[] = {
    [LOG_TARGET_AUTO] = "auto",
    [LOG_TARGET_JOURNAL] = "journal",
    [LOG_TARGET_CONSOLE] = "console",
    [LOG_TARGET_JSON] = "json",
};

int log_target_from_name(const char *name) {
    for (size_t i = 0; i < ARRAY_SIZE(target_name); i++)
        if (strcmp(target_name[i], name) == 0)
            return (int)i;
    return -1;
}

int report_open(enum log_target wanted) {
    if (wanted == LOG_TARGET_AUTO)
        wanted = journal_is_stderr() ? LOG_TARGET_JOURNAL : LOG_TARGET_CONSOLE;
    if (wanted == LOG_TARGET_JOURNAL) {
        int result = journal_open();
        if (result < 0)
            return result;
    }
    target = wanted;
    output_failed = false;
    return 0;
}

enum log_target report_target(void) {
    return target;
}

/* The daemon has both blocked and takes them between two ticks. */
static bool is_asked_to_end(void) {
    sigset_t pending;

    return sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT));
}

/* An alert waits for its reader, but one that reads no more must not hold a daemon that is to end.
   @return 0 or -EINTR */
static int wait_for_reader(void) {
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    int ready;

    do
        ready = poll(&output, 1, LOOK_MSEC);
    while ((ready == 0 || (ready < 0 && errno == EINTR)) && !is_asked_to_end());
    return ready > 0 ? 0 : -EINTR;
}

/* A line of the log does not wait long. */
static bool is_read(int fd) {
    struct pollfd output = {.fd = fd, .events = POLLOUT};

    return poll(&output, 1, LOG_WAIT_MSEC) != 0;
}

/* Of a pipe that is ready no more than PIPE_BUF is sure not to wait (pipe(7)). */
static int write_out(const char *text, size_t length) {
    while (length > 0) {
        int result = wait_for_reader();
        if (result < 0)
            return result;
        ssize_t written = write(STDOUT_FILENO, text, length < PIPE_BUF ? length : PIPE_BUF);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        text += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

static int print_alert(const struct record *record) {
    CLEANUP_FREE char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    if (!memory)
        return -ENOMEM;
    struct page page = page_on(stdout, page_wants_color(stdout));
    page.stream = memory;
    int result =
        target == LOG_TARGET_JSON ? json_print_record(memory, record) : console_print_alert(&page, record);
    if (fclose(memory) != 0 || result < 0 || !text) /* glibc's fclose() does not tell that it has none */
        return -ENOMEM;
    return write_out(text, length);
}

int report_alert(struct record *record) {
    if (record && target == LOG_TARGET_JOURNAL) {
        journal_send(record);
        return 0;
    }
    int result = record ? print_alert(record) : -ENOMEM;
    free(record);
    if (result == 0)
        return 0;
    report_log(3, "%san alert could not be written: %s",
               result == -ENOMEM ? "" : "standard output: ", strerror(-result));
    output_failed = output_failed || result != -ENOMEM;
    return result == -ENOMEM ? result : 0;
}

void report_log(int priority, const char *format, ...) {
    char message[RECORD_VALUE_MAX * 2];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (length < 0)
        return;
    struct record *record = record_from_log(priority, message);
    if (!record) {
        text_clean(message);
        fprintf(stderr, "synwaitd: %s\n", message);
        return;
    }
    if (target == LOG_TARGET_JOURNAL) {
        journal_send(record);
        return;
    }
    if (is_read(STDERR_FILENO))
        console_print_log(stderr, record, page_wants_color(stderr));
    free(record);
}

bool report_settle(uint64_t timeout_usec) {
    return target != LOG_TARGET_JOURNAL || journal_settle(timeout_usec);
}

uint64_t report_dropped(void) {
    return target == LOG_TARGET_JOURNAL ? journal_dropped() : 0;
}

bool report_failed(void) {
    return output_failed;
}

void report_close(uint64_t timeout_usec) {
    if (target == LOG_TARGET_JOURNAL)
        journal_close(timeout_usec);
    target = LOG_TARGET_CONSOLE;
}
