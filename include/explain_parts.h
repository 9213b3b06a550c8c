/* SPDX-License-Identifier: MIT */
/* What several kinds of `synwaitctl explain` print alike. */
#ifndef SYNWAITD_EXPLAIN_PARTS_H
#define SYNWAITD_EXPLAIN_PARTS_H

#include <jansson.h>

#include "cause.h"
#include "page.h"
#include "problem.h"

/** Prints "WORD, what it is" in bold, wrapped. */
void explain_heading(const struct page *page, const char *word, const char *what);

/** Prints a label and a text beside it; on a narrow page below it. */
void explain_labelled(const struct page *page, const char *label, const char *text);

/** Prints a command to copy, on one line whatever its length. */
void explain_command(const struct page *page, const char *label, const char *command);

/** Prints cause, remedies and wrong remedies. @param only this cause alone; CAUSE_NONE: each of @p problem's
 */
void explain_causes(const struct page *page, enum problem problem, enum cause only);

/** @return {"causes": [{"cause", "remedies"}], "not_advised": [{"remedy", "why"}]} of the same, or NULL: no
 * memory
 */
json_t *explain_causes_json(enum problem problem, enum cause only);

/** @return an array of one more string for each call back; @p text NULL or no memory: NULL in *array */
void explain_append(json_t **array, const char *text);

#endif
