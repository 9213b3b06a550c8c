/* SPDX-License-Identifier: MIT */
/* A terminal of a test's own. */
#ifndef SYNWAITD_TEST_TERMINAL_H
#define SYNWAITD_TEST_TERMINAL_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "case.h"

/** Its two ends. */
struct terminal {
    int controller;
    FILE *stream;
};

static inline struct terminal open_terminal(unsigned short width) {
    struct winsize size = {.ws_row = 25, .ws_col = width};
    struct terminal terminal = {.controller = posix_openpt(O_RDWR | O_NOCTTY)};

    assert_true(terminal.controller >= 0);
    assert_int_equal(grantpt(terminal.controller), 0);
    assert_int_equal(unlockpt(terminal.controller), 0);
    int fd = open(ptsname(terminal.controller), O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
    terminal.stream = fdopen(fd, "w");
    assert_non_null(terminal.stream);
    return terminal;
}

static inline void close_terminal(struct terminal *terminal) {
    if (terminal->stream)
        fclose(terminal->stream);
    close(terminal->controller);
}

/** What the terminal shows, without the carriage returns. Closes the stream: the end of it is the end of the
 * text. */
static inline void read_terminal(struct terminal *terminal, char *text, size_t size) {
    size_t length = 0, kept = 0;
    ssize_t got;

    fclose(terminal->stream);
    terminal->stream = NULL;
    while ((got = read(terminal->controller, text + length, size - 1 - length)) > 0)
        length += (size_t)got;
    assert_true(length > 0);
    for (size_t i = 0; i < length; i++)
        if (text[i] != '\r')
            text[kept++] = text[i];
    text[kept] = '\0';
}

#endif
