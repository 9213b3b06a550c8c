/* SPDX-License-Identifier: MIT */
#include "top_screen.h"

#include <curses.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "draw.h"
#include "paint.h"
#include "record.h"
#include "terminal.h"
#include "top_layout.h"

#define ESCAPE_MSEC 50 /* after which Escape is a key and not the beginning of a sequence */
#define KEY_ESCAPE  0x1B

static SCREEN *screen;

/* initscr() would end the program where newterm() fails. */
int top_screen_open(bool color) {
    screen = terminal_can_show() ? newterm(NULL, stdout, stdin) : NULL;
    if (!screen)
        return -ENOTSUP;
    set_escdelay(ESCAPE_MSEC);
    cbreak();
    noecho();
    nonl();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    paint_start(color);
    top_screen_resize();
    return 0;
}

bool top_screen_is_ours(void) {
    pid_t foreground = tcgetpgrp(STDIN_FILENO);

    return foreground < 0 || foreground == getpgrp();
}

/* Output that was stopped with Ctrl-S would keep us here; TCOON alone only undoes TCOOFF (tty_ioctl.c). */
void top_screen_leave(void) {
    if (!screen || isendwin() || !top_screen_is_ours())
        return;
    tcflow(STDOUT_FILENO, TCOOFF);
    tcflow(STDOUT_FILENO, TCOON);
    endwin();
}

void top_screen_close(void) {
    top_screen_leave();
    if (screen)
        delscreen(screen);
    screen = NULL;
}

void top_screen_resize(void) {
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        resizeterm(size.ws_row, size.ws_col);
    top_screen_forget();
}

void top_screen_forget(void) {
    clearok(curscr, TRUE);
}

static void draw_title(const struct top_model *model, const struct top_choice *choice, size_t width) {
    time_t second = (time_t)(model->now.realtime_usec / USEC_PER_SEC);
    char host[65] = "", left[256], right[64], clock[16] = "";
    struct tm local;

    gethostname(host, sizeof host - 1);
    if (localtime_r(&second, &local))
        strftime(clock, sizeof clock, "%H:%M:%S", &local);
    uint64_t tenths = choice->refresh_usec / (USEC_PER_SEC / 10);
    if (choice->paused)
        snprintf(right, sizeof right, "PAUSED  %s", clock);
    else if (width < 60)
        snprintf(right, sizeof right, "%s", clock);
    else
        snprintf(right, sizeof right, "every %" PRIu64 "%s s  %s", tenths / 10, tenths % 10 ? ".5" : "",
                 clock);
    snprintf(left, sizeof left, "synwaitctl top  %s  netns %s", host, model->view.netns);
    paint_text(0, 0, width - strlen(right) - 1, PAINT_BOLD, left);
    paint_right(0, width - strlen(right), strlen(right), choice->paused ? PAINT_YELLOW : PAINT_BOLD, right);
}

/* As many as there is room for, the most needed first. */
static void draw_keys(const struct top_choice *choice, size_t row, size_t width) {
    static const char *const main_keys[] = {"q quit",    "h help",     "p pause",
                                            "e explain", "j/k select", "+/- interval"};
    static const char *const page_keys[] = {"q quit", "any other key: back", "j/k scroll", "p pause"};
    size_t count = choice->on_page ? ARRAY_SIZE(page_keys) : ARRAY_SIZE(main_keys);
    size_t column = 0;

    for (size_t i = 0; i < count; i++) {
        const char *key = choice->on_page ? page_keys[i] : main_keys[i];
        if (column + strlen(key) > width)
            break;
        column += paint_text(row, column, width - column, PAINT_REVERSE, key) + 2;
    }
}

void top_screen_draw(const struct top_model *model, struct top_choice *choice) {
    size_t height = (size_t)LINES, width = (size_t)COLS;
    char small[64];

    erase();
    if (width < TOP_WIDTH_MIN || height < TOP_HEIGHT_MIN) {
        snprintf(small, sizeof small, "window too small: needs %dx%d", TOP_WIDTH_MIN, TOP_HEIGHT_MIN);
        paint_text(0, 0, width, PAINT_PLAIN, small);
    } else {
        draw_title(model, choice, width);
        if (choice->on_page)
            draw_page(choice, height, width);
        else
            draw_main(model, choice, height, width);
        draw_keys(choice, height - 1, width);
    }
    refresh();
}

enum top_key top_screen_key(void) {
    switch (getch()) {
    case ERR:
        return TOP_KEY_NONE;
    case 'q':
    case 'Q':
    case CTRL('D'):
        return TOP_KEY_QUIT;
    case KEY_ESCAPE:
        return TOP_KEY_BACK;
    case 'p':
    case ' ':
        return TOP_KEY_PAUSE;
    case 'k':
    case KEY_UP:
        return TOP_KEY_UP;
    case 'j':
    case KEY_DOWN:
        return TOP_KEY_DOWN;
    case 'e':
    case '\r':
    case '\n':
    case KEY_ENTER:
        return TOP_KEY_EXPLAIN;
    case '+':
    case '=':
        return TOP_KEY_SLOWER;
    case '-':
        return TOP_KEY_FASTER;
    case 'h':
    case '?':
        return TOP_KEY_HELP;
    case CTRL('L'):
        return TOP_KEY_REDRAW;
    default:
        return TOP_KEY_OTHER;
    }
}
