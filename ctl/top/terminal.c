/* SPDX-License-Identifier: MIT */
/* Alone, since term.h makes macros of common words such as "lines". */
#include "terminal.h"

#include <curses.h>
#include <stdint.h>
#include <term.h>
#include <unistd.h>

bool terminal_can_show(void) {
    int error;

    if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
        return false;
    const char *address = tigetstr("cup");
    bool can = address && (intptr_t)address != -1;
    del_curterm(cur_term);
    return can;
}
