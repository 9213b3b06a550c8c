/* SPDX-License-Identifier: MIT */
/* A series of counts as a line of block characters, one column of the terminal each. */
#ifndef SYNWAITD_SPARKLINE_H
#define SYNWAITD_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "figure.h"
#include "util.h"

/**
 * Appends the points, the oldest first, from 0 to the highest of them; 0 is the lowest block, and 1 is
 * higher. Points that are not known are blanks. Of more points than columns each column shows the highest of
 * its share.
 * @param width columns at most; as many as points if there are fewer
 * @param utf8 whether block characters can be shown; else nothing is appended
 */
void sparkline_format(const struct figure *points, size_t count, size_t width, bool utf8, struct text *text);

#endif
