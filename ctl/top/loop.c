/* SPDX-License-Identifier: MIT */
#include "top_loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "top_screen.h"
#include "top_text.h"
#include "util.h"

enum { POLL_KEYS, POLL_SIGNALS, POLL_SCREEN, POLL_COUNT };

static const uint64_t intervals_usec[] = {USEC_PER_SEC / 2, USEC_PER_SEC, 2 * USEC_PER_SEC, 5 * USEC_PER_SEC,
                                          10 * USEC_PER_SEC};

struct loop {
    struct top_source *source;
    struct top_model *model;
    struct top_choice *choice;
    int signal_fd;
    uint64_t update_usec, draw_usec; /* CLOCK_MONOTONIC: when they are due */
    bool dirty;                      /* what is on the screen is not what should be there */
    bool retake;                     /* others have had the terminal */
    bool done;
};

/* What the parent has us ignore, as nohup does, stays ignored. */
static void take_signals(sigset_t *taken, sigset_t *before) {
    static const int number[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};
    struct sigaction action;

    sigemptyset(taken);
    for (size_t i = 0; i < ARRAY_SIZE(number); i++)
        if (sigaction(number[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(taken, number[i]);
    sigprocmask(SIG_BLOCK, taken, before);
}

/* Stops for the shell. SIGCONT, or the end of this where a stop is not possible, has the screen drawn anew.
 */
static void stop(struct loop *loop) {
    sigset_t stopping;

    top_screen_leave();
    signal(SIGTSTP, SIG_DFL); /* curses has put a handler of its own there */
    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stopping, NULL);
    sigprocmask(SIG_BLOCK, &stopping, NULL);
    loop->retake = loop->dirty = true;
}

static void on_signal(struct loop *loop, uint32_t number) {
    switch (number) {
    case SIGTSTP:
        stop(loop);
        break;
    case SIGCONT: /* of a SIGSTOP, which nobody is told of */
        loop->retake = loop->dirty = true;
        break;
    case SIGWINCH:
        top_screen_resize();
        loop->dirty = true;
        break;
    default:
        loop->done = true;
    }
}

static void read_signals(struct loop *loop) {
    struct signalfd_siginfo info;

    while (!loop->done && read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        on_signal(loop, info.ssi_signo);
}

static void open_page(struct top_choice *choice, bool explain, const struct top_model *model) {
    struct text text = text_in(choice->page, sizeof choice->page);

    if (explain && model->view.incident_count == 0)
        return;
    if (explain)
        top_explain_text(model, top_model_find(model, choice->selected), &text);
    else
        top_help_text(&text);
    choice->on_page = true;
    choice->scroll = 0;
}

static void move(struct loop *loop, int step) {
    struct top_choice *choice = loop->choice;
    size_t count = loop->model->view.incident_count;
    size_t *at = &choice->scroll, selected = top_model_find(loop->model, choice->selected);

    if (!choice->on_page)
        at = &selected;
    if (step > 0)
        ++*at;
    else if (*at > 0)
        --*at;
    if (!choice->on_page && selected < count)
        memcpy(choice->selected, top_model_incident(loop->model, selected)->id, sizeof choice->selected);
}

static void change_interval(struct loop *loop, int step) {
    size_t at = 0, last = ARRAY_SIZE(intervals_usec) - 1;

    while (at < last && intervals_usec[at] < loop->choice->refresh_usec)
        at++;
    if (step > 0 && at < last)
        at++;
    else if (step < 0 && at > 0)
        at--;
    loop->choice->refresh_usec = intervals_usec[at];
    loop->update_usec = loop->draw_usec = 0;
}

static void on_key(struct loop *loop, enum top_key key) {
    struct top_choice *choice = loop->choice;
    bool was_on_page = choice->on_page;

    loop->dirty = true;
    if (key == TOP_KEY_UP || key == TOP_KEY_DOWN) {
        move(loop, key == TOP_KEY_DOWN ? 1 : -1);
        return;
    }
    if (key == TOP_KEY_REDRAW) {
        top_screen_forget();
        return;
    }
    if (key == TOP_KEY_PAUSE) {
        choice->paused = !choice->paused;
        loop->update_usec = loop->draw_usec = 0;
        return;
    }
    choice->on_page = false;
    if (key == TOP_KEY_QUIT)
        loop->done = true;
    else if (key == TOP_KEY_SLOWER || key == TOP_KEY_FASTER)
        change_interval(loop, key == TOP_KEY_SLOWER ? 1 : -1);
    else if (!was_on_page && (key == TOP_KEY_HELP || key == TOP_KEY_EXPLAIN))
        open_page(choice, key == TOP_KEY_EXPLAIN, loop->model);
}

/* Readable without anything to read is the end of input. */
static void read_keys(struct loop *loop, short events) {
    int waiting = 0;

    if (events & (POLLHUP | POLLERR | POLLNVAL) || ioctl(STDIN_FILENO, FIONREAD, &waiting) < 0 ||
        waiting == 0) {
        loop->done = true;
        return;
    }
    for (enum top_key key; !loop->done && (key = top_screen_key()) != TOP_KEY_NONE;)
        on_key(loop, key);
}

/* The next time in steps of @p step_usec, or from now on, if that has passed. */
static uint64_t next_due(uint64_t due_usec, uint64_t step_usec, uint64_t now_usec) {
    return due_usec + step_usec > now_usec ? due_usec + step_usec : now_usec + step_usec;
}

/* Figures come each second at least, so that a long interval leaves no gap between them. */
static int update(struct loop *loop) {
    uint64_t refresh_usec = loop->choice->refresh_usec;
    struct top_time now = top_time_now();

    if (loop->choice->paused || now.monotonic_usec < loop->update_usec)
        return 0;
    int result = top_source_update(loop->source, loop->model, now);
    loop->update_usec = next_due(loop->update_usec, refresh_usec < USEC_PER_SEC ? refresh_usec : USEC_PER_SEC,
                                 now.monotonic_usec);
    if (now.monotonic_usec >= loop->draw_usec) {
        loop->dirty = true;
        loop->draw_usec = next_due(loop->draw_usec, refresh_usec, now.monotonic_usec);
    }
    return result;
}

static struct timespec time_left(const struct loop *loop) {
    uint64_t now_usec = now_monotonic_usec(), left_usec = USEC_PER_SEC;

    if (!loop->choice->paused)
        left_usec = loop->update_usec > now_usec ? loop->update_usec - now_usec : 0;
    return (struct timespec){.tv_sec = (time_t)(left_usec / USEC_PER_SEC),
                             .tv_nsec = (long)(left_usec % USEC_PER_SEC) * 1000};
}

static void draw(struct loop *loop) {
    if (loop->retake) {
        top_screen_leave();
        top_screen_resize();
    }
    loop->retake = loop->dirty = false;
    top_screen_draw(loop->model, loop->choice);
}

/* A screen whose output has been stopped (Ctrl-S), or that is another's, is not drawn before it can be. */
static int wait_for_events(struct loop *loop) {
    bool ours = top_screen_is_ours(); /* if not, what is typed is for another, too */
    struct pollfd polled[POLL_COUNT] = {
        [POLL_KEYS] = {.fd = STDIN_FILENO, .events = ours ? POLLIN : 0},
        [POLL_SIGNALS] = {.fd = loop->signal_fd, .events = POLLIN},
        [POLL_SCREEN] = {.fd = loop->dirty && ours ? STDOUT_FILENO : -1, .events = POLLOUT},
    };
    struct timespec left = time_left(loop);

    if (ppoll(polled, POLL_COUNT, loop->choice->paused && !loop->dirty ? NULL : &left, NULL) < 0)
        return errno == EINTR ? 0 : -errno;
    read_signals(loop);
    if (!loop->done && polled[POLL_KEYS].revents != 0)
        read_keys(loop, polled[POLL_KEYS].revents);
    if (!loop->done && polled[POLL_SCREEN].revents & POLLOUT)
        draw(loop);
    return 0;
}

static int run(struct loop *loop) {
    int result = 0;

    while (result == 0 && !loop->done) {
        result = update(loop);
        if (result == 0)
            result = wait_for_events(loop);
    }
    return result;
}

static int run_on_terminal(struct loop *loop, const sigset_t *signals, bool color) {
    loop->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->signal_fd < 0)
        return -errno;
    int result = top_screen_open(color);
    if (result == 0)
        result = run(loop);
    top_screen_close();
    for (int number = 1; number < NSIG; number++)
        if (sigismember(signals, number) == 1)
            signal(number, SIG_DFL); /* instead of the handlers of curses */
    close(loop->signal_fd);
    return result;
}

int top_loop(struct top_source *source, bool color) {
    struct loop loop = {
        .source = source, .model = calloc(1, sizeof *loop.model), .choice = calloc(1, sizeof *loop.choice)};
    sigset_t taken, before;
    int result = -ENOMEM;

    if (loop.model && loop.choice) {
        loop.choice->refresh_usec = USEC_PER_SEC;
        take_signals(&taken, &before);
        result = run_on_terminal(&loop, &taken, color);
        sigprocmask(SIG_SETMASK, &before, NULL);
    }
    free(loop.model);
    free(loop.choice);
    return result;
}
