/* SPDX-License-Identifier: MIT */
/* The texts of `synwaitctl top`, made without a terminal. */
#ifndef SYNWAITD_TOP_TEXT_H
#define SYNWAITD_TOP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "top_model.h"
#include "util.h"

#define TOP_PAGE_BYTES 6144

/** Writes where the figures come from, how old they are, and what they cost. */
void top_source_text(const struct top_model *model, struct text *text);

/** Writes paragraphs, one a line: what the incident is, why, what to do and what not to do. */
void top_explain_text(const struct top_model *model, size_t position, struct text *text);

/** Writes what the keys do, one a line. */
void top_help_text(struct text *text);

/** Writes "12s", "5m", "3h" or "2d". */
void top_age_text(uint64_t age_sec, struct text *text);

/** Writes where an incident is: the listener or port, the peer, or both. */
void top_place_text(const struct status_incident *incident, struct text *text);

/**
 * Breaks a text between words.
 * @param next receives where the next line begins: after the line break, or the blanks at the break
 * @return bytes of the first line, of at most @p width columns, one for each character
 */
size_t top_line_length(const char *text, size_t width, const char **next);

/** @return how many lines of @p width columns a text takes. */
size_t top_line_count(const char *text, size_t width);

#endif
