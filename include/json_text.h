/* SPDX-License-Identifier: MIT */
/* JSON written straight into a buffer, for what is written at each tick: no tree, no allocation. */
#ifndef SYNWAITD_JSON_TEXT_H
#define SYNWAITD_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figure.h"
#include "util.h"

/**
 * A text under construction. Members of objects and nested values have lines of their own; plain values in an
 * array share one. Every key is NULL in an array.
 */
struct json_text {
    struct text text; /* .cut: it did not fit, and is worth nothing */
    unsigned int depth;
    bool empty;     /* nothing in the innermost object or array yet */
    bool has_lines; /* what is in it has lines of its own */
};

/** Starts in @p buffer. The outermost value has no key. */
struct json_text json_text_in(char *buffer, size_t size);

/**
 * Starts members of an object which is the @p depth-th from the outside, to be added to it by
 * json_text_members(), again and again.
 */
struct json_text json_text_members_in(char *buffer, size_t size, unsigned int depth);

void json_text_open_object(struct json_text *json, const char *key);
void json_text_close_object(struct json_text *json);
void json_text_open_array(struct json_text *json, const char *key);
void json_text_close_array(struct json_text *json);

/** Adds a number; what JSON readers cannot hold, beyond 63 bits, becomes the largest that they can. */
void json_text_number(struct json_text *json, const char *key, uint64_t number);

/** Adds a figure: null unless known. */
void json_text_figure(struct json_text *json, const char *key, struct figure figure);

void json_text_bool(struct json_text *json, const char *key, bool value);

/** Adds members that were put together so; there must be some. */
void json_text_members(struct json_text *json, const char *members, size_t length);

/** Adds a string of any bytes: control characters are escaped, each other byte that is not
 * printable becomes U+FFFD. */
void json_text_string(struct json_text *json, const char *key, const char *string);

#endif
