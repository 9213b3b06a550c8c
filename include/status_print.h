/* SPDX-License-Identifier: MIT */
/* The parts of `synwaitctl status`: the daemon's view for a person, and as JSON. */
#ifndef SYNWAITD_STATUS_PRINT_H
#define SYNWAITD_STATUS_PRINT_H

#include <jansson.h>

#include "figure.h"
#include "page.h"
#include "status_view.h"

#define AGE_TEXT_SIZE 32

/** Writes an age to be read by a person: "0.3 s", "45 s", "12 min", "5 h", "3 d"; "unknown". */
void age_format(struct figure age_usec, char text[AGE_TEXT_SIZE]);

/** Prints words at column @p indent on; on a terminal one that is wider than the line is cut. */
void status_print_text(const struct page *page, const char *text, size_t indent);

/** Prints a label and such words beside it. */
void status_print_field(const struct page *page, const char *label, const char *text);

/**
 * Prints all of it.
 * @param view on return its ages are those of now, and no longer those of when it was written
 * @param age_usec of the file; not known if it is from after now
 * @return 0 or -ENOMEM
 */
int status_print(const struct page *page, struct status_view *view, struct figure age_usec, bool stale);

/** Prints how the figures are come by and what that costs: part of status_print(). */
void status_print_sampling(const struct page *page, const struct status_view *view);

/** @return all of it, with the keys of the file, "stale" and "age_usec"; NULL: no memory */
json_t *status_to_json(const struct status_view *view, struct figure age_usec, bool stale);

#endif
