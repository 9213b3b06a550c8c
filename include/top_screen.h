/* SPDX-License-Identifier: MIT */
/* The terminal of `synwaitctl top`. What is outside ctl/top/ does not see curses. */
#ifndef SYNWAITD_TOP_SCREEN_H
#define SYNWAITD_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "incident.h"
#include "top_model.h"
#include "top_text.h"

enum top_key {
    TOP_KEY_NONE,
    TOP_KEY_OTHER,
    TOP_KEY_QUIT,
    TOP_KEY_BACK, /* Escape */
    TOP_KEY_PAUSE,
    TOP_KEY_UP,
    TOP_KEY_DOWN,
    TOP_KEY_EXPLAIN,
    TOP_KEY_SLOWER,
    TOP_KEY_FASTER,
    TOP_KEY_HELP,
    TOP_KEY_REDRAW,
};

/** What the person has chosen. */
struct top_choice {
    bool on_page;  /* a text stands in place of the figures */
    size_t scroll; /* lines of it that have gone out above; drawing limits it */
    char page[TOP_PAGE_BYTES];
    bool paused;
    uint64_t refresh_usec;
    char selected[INCIDENT_ID_SIZE]; /* drawing makes it that of an incident that is there */
};

/**
 * Takes the terminal.
 * @param color whether colours may be used
 * @return 0, or -ENOTSUP: the terminal is not known, or cannot put text anywhere on the screen
 */
int top_screen_open(bool color);

/** Gives the terminal back as it was. Harmless twice. */
void top_screen_close(void);

/** @return whether we are in the foreground of our terminal; if not, the shell or another program has it. */
bool top_screen_is_ours(void);

/** Gives the terminal back for a while, if it is ours; the next drawing takes it again. */
void top_screen_leave(void);

/** Follows the window's size. */
void top_screen_resize(void);

/** The next drawing draws everything, whatever is there. */
void top_screen_forget(void);

void top_screen_draw(const struct top_model *model, struct top_choice *choice);

/** @return the next key that was pressed, without waiting. */
enum top_key top_screen_key(void);

#endif
