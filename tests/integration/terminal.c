/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "util.h"

enum { TERMINALS_MAX = 4, WAIT_SEC = 20, POLL_MSEC = 50, EXEC_FAILED = 127 };

static struct terminal terminals[TERMINALS_MAX];
static size_t terminal_count;

/* In the job. */
static void become(const struct terminal_kind *kind, int error, const char *const argv[]) {
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL); /* ignored, where make was started so */
    signal(SIGHUP, SIG_DFL);
    signal(SIGTTOU, SIG_DFL);
    setenv("TERM", kind->name, 1);
    setenv("LC_ALL", kind->locale, 1);
    unsetenv("NO_COLOR");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    if (kind->no_color)
        setenv("NO_COLOR", kind->no_color, 1);
    dup2(error, STDERR_FILENO);
    execv(argv[0], (char *const *)argv);
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    _exit(EXEC_FAILED);
}

static void to_foreground(pid_t group) {
    tcsetpgrp(STDIN_FILENO, group);
}

/* Tells each change of the job by its status as of waitpid(); a byte that comes lets a stopped job go on,
   with modes of the terminal that are the shell's. */
static void be_shell(pid_t job, int test, const struct termios *modes) {
    char order;

    if (write(test, &job, sizeof job) != (ssize_t)sizeof job)
        _exit(1);
    for (int status; waitpid(job, &status, WUNTRACED) == job;) {
        to_foreground(getpgrp());
        if (write(test, &status, sizeof status) != (ssize_t)sizeof status || !WIFSTOPPED(status))
            break;
        if (read(test, &order, 1) != 1)
            break;
        tcsetattr(STDIN_FILENO, TCSADRAIN, modes);
        to_foreground(job);
        kill(-job, SIGCONT);
    }
    while (read(test, &order, 1) == 1)
        ;
    _exit(0);
}

static void start_shell(const struct terminal_kind *kind, int slave, int error, int test,
                        const char *const argv[]) {
    struct termios modes;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    login_tty(slave);
    tcgetattr(STDIN_FILENO, &modes);
    pid_t job = fork();
    if (job == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0);
        to_foreground(getpgrp());
        become(kind, error, argv);
    }
    be_shell(job, test, &modes);
}

struct terminal *terminal_start(const struct terminal_kind *kind, const char *const argv[]) {
    struct winsize size = {.ws_row = (unsigned short)kind->rows, .ws_col = (unsigned short)kind->columns};
    struct terminal *terminal = &terminals[terminal_count];
    int slave, pair[2];

    assert_true(terminal_count < TERMINALS_MAX);
    screen_start(&terminal->screen, kind->rows, kind->columns, strcmp(kind->name, "ansi") != 0);
    assert_int_equal(openpty(&terminal->master, &slave, NULL, NULL, &size), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fcntl(terminal->master, F_SETFD, FD_CLOEXEC);
    terminal->error = memfd_create("error", MFD_CLOEXEC);
    tcgetattr(slave, &terminal->before);
    terminal->shell_pid = fork();
    if (terminal->shell_pid == 0) {
        close(pair[0]);
        close(terminal->master);
        start_shell(kind, slave, terminal->error, pair[1], argv);
    }
    close(slave);
    close(pair[1]);
    terminal->shell = pair[0];
    terminal_count++;
    assert_int_equal(read(terminal->shell, &terminal->job, sizeof terminal->job), sizeof terminal->job);
    return terminal;
}

static void print_screen(const struct terminal *terminal) {
    char line[SCREEN_LINE_BYTES];

    for (size_t row = 0; row < terminal->screen.rows; row++) {
        screen_line(&terminal->screen, row, line);
        print_message("|%s\n", line);
    }
}

static void show_error(const struct terminal *terminal) {
    char text[4096];
    ssize_t got = pread(terminal->error, text, sizeof text - 1, 0);

    if (got <= 0)
        return;
    text[got] = '\0';
    print_message("standard error: %s\n", text);
}

/* Takes what the job has written, waiting a moment for it. */
static void take_output(struct terminal *terminal) {
    struct pollfd polled = {.fd = terminal->master, .events = POLLIN};
    char bytes[4096];

    if (terminal->master < 0 || poll(&polled, 1, POLL_MSEC) <= 0)
        return;
    ssize_t got = read(terminal->master, bytes, sizeof bytes);
    if (got > 0)
        screen_feed(&terminal->screen, bytes, (size_t)got);
    if (terminal->screen.unknown[0] != '\0')
        fail_msg("unknown sequence ESC %s", terminal->screen.unknown + 1);
}

/* What is waited for. */
struct wish {
    bool (*stands)(const struct screen *screen, const struct wish *wish);
    const char *text;
    size_t number;
};

static void wait_for(struct terminal *terminal, const struct wish *wish, const char *what) {
    uint64_t end_usec = now_monotonic_usec() + WAIT_SEC * USEC_PER_SEC;

    while (!wish->stands(&terminal->screen, wish)) {
        if (now_monotonic_usec() > end_usec) {
            print_screen(terminal);
            show_error(terminal);
            fail_msg("%s \"%s\" (%zu) within %d s", what, wish->text, wish->number, WAIT_SEC);
        }
        take_output(terminal);
    }
}

static bool has_text(const struct screen *screen, const struct wish *wish) {
    return screen_find(screen, 0, wish->text) < screen->rows;
}

static bool has_no_text(const struct screen *screen, const struct wish *wish) {
    return !has_text(screen, wish);
}

static bool has_count(const struct screen *screen, const struct wish *wish) {
    size_t row = screen_find(screen, 0, wish->text);
    char line[SCREEN_LINE_BYTES];

    if (row == screen->rows)
        return false;
    screen_line(screen, row, line);
    const char *at = strstr(line, wish->text) + strlen(wish->text);
    at += strspn(at, " ");
    return *at >= '0' && *at <= '9' && strtoul(at, NULL, 10) == wish->number;
}

static bool has_line(const struct screen *screen, const struct wish *wish) {
    char line[SCREEN_LINE_BYTES];

    screen_line(screen, wish->number, line);
    return strstr(line, wish->text) != NULL;
}

void terminal_wait(struct terminal *terminal, const char *text) {
    wait_for(terminal, &(struct wish){has_text, text, 0}, "not on the screen:");
}

void terminal_wait_gone(struct terminal *terminal, const char *text) {
    wait_for(terminal, &(struct wish){has_no_text, text, 0}, "still on the screen:");
}

void terminal_wait_count(struct terminal *terminal, const char *name, unsigned int count) {
    wait_for(terminal, &(struct wish){has_count, name, count}, "not this many:");
}

void terminal_wait_line(struct terminal *terminal, size_t row, const char *text) {
    wait_for(terminal, &(struct wish){has_line, text, row}, "not in this line:");
}

void terminal_keys(struct terminal *terminal, const char *keys) {
    assert_int_equal(write(terminal->master, keys, strlen(keys)), strlen(keys));
}

void terminal_resize(struct terminal *terminal, size_t rows, size_t columns) {
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

    screen_resize(&terminal->screen, rows, columns);
    assert_int_equal(ioctl(terminal->master, TIOCSWINSZ, &size), 0);
}

void terminal_signal(const struct terminal *terminal, int number) {
    assert_int_equal(kill(terminal->job, number), 0);
}

void terminal_hang_up(struct terminal *terminal) {
    close(terminal->master);
    terminal->master = -1;
}

/* @return the job's next status; output is taken meanwhile, or the job could wait for that */
static int wait_status(struct terminal *terminal) {
    uint64_t end_usec = now_monotonic_usec() + WAIT_SEC * USEC_PER_SEC;
    struct pollfd polled = {.fd = terminal->shell, .events = POLLIN};
    int status = 0;

    while (poll(&polled, 1, POLL_MSEC) == 0) {
        take_output(terminal);
        if (now_monotonic_usec() > end_usec) {
            print_screen(terminal);
            fail_msg("still running after %d s", WAIT_SEC);
        }
    }
    assert_int_equal(read(terminal->shell, &status, sizeof status), sizeof status);
    for (int i = 0; i < 3; i++)
        take_output(terminal); /* what it has written last */
    return status;
}

void terminal_wait_stopped(struct terminal *terminal) {
    assert_true(WIFSTOPPED(wait_status(terminal)));
}

void terminal_foreground(struct terminal *terminal) {
    assert_int_equal(write(terminal->shell, "f", 1), 1);
}

int terminal_wait_exit(struct terminal *terminal) {
    int status = wait_status(terminal);

    show_error(terminal);
    if (!WIFEXITED(status))
        fail_msg("ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

void terminal_check_restored(struct terminal *terminal) {
    struct termios now;

    assert_int_equal(tcgetattr(terminal->master, &now), 0); /* of a pty's master: the slave's modes */
    assert_int_equal(now.c_iflag, terminal->before.c_iflag);
    assert_int_equal(now.c_oflag, terminal->before.c_oflag);
    assert_int_equal(now.c_cflag, terminal->before.c_cflag);
    assert_int_equal(now.c_lflag, terminal->before.c_lflag);
    assert_memory_equal(now.c_cc, terminal->before.c_cc, sizeof now.c_cc);
    assert_false(terminal->screen.alternate);
    assert_false(terminal->screen.cursor_hidden);
    assert_false(terminal->screen.inserting);
    assert_int_equal(terminal->screen.color, 0);
    assert_int_equal(terminal->screen.top, 0);
    assert_int_equal(terminal->screen.bottom, terminal->screen.rows - 1);
}

/* The job goes with the shell. */
void terminal_end_all(void) {
    for (; terminal_count > 0; terminal_count--) {
        struct terminal *terminal = &terminals[terminal_count - 1];
        kill(terminal->shell_pid, SIGKILL);
        waitpid(terminal->shell_pid, NULL, 0);
        close(terminal->shell);
        close(terminal->error);
        if (terminal->master >= 0)
            close(terminal->master);
    }
}
