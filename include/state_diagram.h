/* SPDX-License-Identifier: MIT */
/* The state diagram with a count in each box: client and server, simultaneous open and close. */
#ifndef SYNWAITD_STATE_DIAGRAM_H
#define SYNWAITD_STATE_DIAGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "figure.h"
#include "page.h"
#include "tcp_state.h"

#define DIAGRAM_COLUMNS    72
#define DIAGRAM_ROWS       30
#define DIAGRAM_BOX_WIDTH  15
#define DIAGRAM_BOX_HEIGHT 3

/** Where the box of a state is; CLOSED has two, the first and the last. */
struct diagram_box {
    enum tcp_state state;
    size_t row, column; /* of its upper left corner */
};

/**
 * Prints the diagram and its legend; on a page that is too narrow a list of all transitions.
 * @param count of each state, absent where there is none to tell
 * @param unicode lines of box-drawing characters; else of ASCII
 */
void diagram_print(const struct page *page, const struct figure count[STATE_COUNT], bool unicode);

/** @return the lines of the drawing in ASCII, without texts: DIAGRAM_ROWS rows; for tests. */
const char *const *diagram_art(void);

/** @return the boxes; @p count receives how many. */
const struct diagram_box *diagram_boxes(size_t *count);

#endif
