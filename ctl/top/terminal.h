/* SPDX-License-Identifier: MIT */
/* What the terminal can do. For the files in this folder. */
#ifndef SYNWAITD_TOP_TERMINAL_H
#define SYNWAITD_TOP_TERMINAL_H

#include <stdbool.h>

/**
 * @return whether the terminal called TERM is known, and text can be put anywhere on its screen: not so with
 * "dumb", or on paper
 */
bool terminal_can_show(void);

#endif
