/* SPDX-License-Identifier: MIT */
/* How text gets into the window: cut, cleaned, coloured. For the files in this folder. */
#ifndef SYNWAITD_TOP_PAINT_H
#define SYNWAITD_TOP_PAINT_H

#include <curses.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum paint { PAINT_PLAIN, PAINT_DIM, PAINT_BOLD, PAINT_RED, PAINT_YELLOW, PAINT_GREEN, PAINT_REVERSE };

/** Prepares the colours. @param color false: bold and reverse alone */
void paint_start(bool color);

/** @return whether characters beyond ASCII can be shown. */
bool paint_utf8(void);

/**
 * Writes @p text from @p column on, within @p width columns; what does not fit ends with an ellipsis. What is
 * no character of one or two columns becomes '?'.
 * @return the columns used
 */
size_t paint_text(size_t row, size_t column, size_t width, enum paint paint, const char *text);

/** The same, at the right end of the width. */
void paint_right(size_t row, size_t column, size_t width, enum paint paint, const char *text);

/** Draws how full something is: green, yellow from 50 %, red from 90 %. */
void paint_bar(size_t row, size_t column, size_t width, uint32_t permyriad);

#endif
