/* SPDX-License-Identifier: MIT */
/* How many lines of the window each part of `synwaitctl top` gets. */
#ifndef SYNWAITD_TOP_LAYOUT_H
#define SYNWAITD_TOP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#define TOP_WIDTH_MIN  30
#define TOP_HEIGHT_MIN 8
#define TOP_STATES     10 /* without CLOSED, which nobody is in */

/** What there is to show, in lines. */
struct top_wish {
    size_t height;         /* of the window */
    size_t states_compact; /* without headings and sparklines, several on a line */
    size_t rates;
    size_t listeners; /* without the heading */
    size_t incidents; /* likewise */
    size_t cause;     /* of the selected incident */
};

/** Lines of each part, with their headings; 0: not shown. Title and keys take the first and the last line. */
struct top_layout {
    size_t source, states, rates, listeners, incidents, cause;
    bool states_full; /* one state a line, with peak and sparkline */
    bool spaced;      /* an empty line in front of each heading */
};

/** Gives the lines away by importance: what is wrong, the states, whether they can be trusted, the rest. */
struct top_layout top_layout_of(const struct top_wish *wish);

#endif
