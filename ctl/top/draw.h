/* SPDX-License-Identifier: MIT */
/* The parts of the screen. For the files in this folder. */
#ifndef SYNWAITD_TOP_DRAW_H
#define SYNWAITD_TOP_DRAW_H

#include "top_model.h"
#include "top_screen.h"

/** Draws what stands in the middle of the window: states, rates, listeners, incidents. */
void draw_main(const struct top_model *model, struct top_choice *choice, size_t height, size_t width);

/** Draws choice->page between title and keys, and limits choice->scroll to where it ends. */
void draw_page(struct top_choice *choice, size_t height, size_t width);

/* One part each, in @p lines lines from @p row on. */
void draw_states(const struct top_model *model, bool full, size_t row, size_t lines, size_t width);
size_t states_compact_lines(size_t width);
void draw_rates(const struct top_model *model, size_t row, size_t lines, size_t width);
size_t rates_lines(const struct top_model *model, size_t width);
void draw_listeners(const struct top_model *model, size_t row, size_t lines, size_t width);
void draw_incidents(const struct top_model *model, size_t selected, size_t row, size_t lines, size_t width);

#endif
