/* SPDX-License-Identifier: MIT */
/*
 * A program in a terminal of its own, with somebody in front of it. Between it and the test stands what a
 * shell is: a session leader that starts it as a job, and stays when it has ended, so that the terminal stays
 * as well.
 */
#ifndef INTEGRATION_TERMINAL_H
#define INTEGRATION_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "screen.h"

struct terminal {
    struct screen screen;
    int master;
    int shell; /* socket: tells how the job is, takes orders */
    int error; /* the job's standard error, a memory file */
    pid_t shell_pid, job;
    struct termios before;
};

/** What the terminal is. */
struct terminal_kind {
    const char *name;   /* TERM */
    const char *locale; /* LC_ALL */
    size_t rows, columns;
    const char *no_color; /* NO_COLOR; NULL: unset */
};

/** Starts argv[0], a path, in this namespace. The terminal is there until terminal_end_all(). */
struct terminal *terminal_start(const struct terminal_kind *kind, const char *const argv[]);

/** Waits until the screen has @p text. The test fails if it does not get it in 20 s, and shows the screen. */
void terminal_wait(struct terminal *terminal, const char *text);

/** Waits until it has not. */
void terminal_wait_gone(struct terminal *terminal, const char *text);

/** Waits until a line begins with @p name, then blanks, then @p count. */
void terminal_wait_count(struct terminal *terminal, const char *name, unsigned int count);

/** Waits until the line @p row has @p text. */
void terminal_wait_line(struct terminal *terminal, size_t row, const char *text);

void terminal_keys(struct terminal *terminal, const char *keys);

/** Makes the window larger or smaller, which the job is told by SIGWINCH. */
void terminal_resize(struct terminal *terminal, size_t rows, size_t columns);

void terminal_signal(const struct terminal *terminal, int number);

/** Takes the terminal away, as when its window is closed. */
void terminal_hang_up(struct terminal *terminal);

/** Waits until the job has stopped; then the shell has the terminal. */
void terminal_wait_stopped(struct terminal *terminal);

/** Lets it go on, in the foreground. */
void terminal_foreground(struct terminal *terminal);

/** Waits for the end, which must not come by a signal. @return exit code */
int terminal_wait_exit(struct terminal *terminal);

/** Fails unless the terminal is as the job has found it. */
void terminal_check_restored(struct terminal *terminal);

/** Ends all. For the teardown. */
void terminal_end_all(void);

#endif
