/* SPDX-License-Identifier: MIT */
/* A table that fits the terminal: the least important columns go, then the widest cells are cut. */
#ifndef SYNWAITD_TABLE_H
#define SYNWAITD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figure.h"
#include "page.h"

#define TABLE_COLUMNS_MAX 16

struct table_column {
    const char *title;
    bool right;        /* numbers */
    bool shrinks;      /* its cells may be cut, with "..." as one character in place of the rest */
    unsigned int drop; /* 0: always there; of the others the highest goes first where there is no room */
};

struct table;

/** @param column at most TABLE_COLUMNS_MAX, borrowed. @return the table, or NULL with errno ENOMEM */
struct table *table_new(const struct table_column *column, size_t count);
struct table *table_free(struct table *table);

/** Frees the table when the variable leaves scope. */
#define CLEANUP_TABLE __attribute__((cleanup(table_cleanup)))
void table_cleanup(struct table **table);

/**
 * Adds the next cell, row by row; what is no UTF-8 and control characters become '?'. When memory runs out it
 * is not added, and table_print() says so.
 */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Adds a number; "-" where it is absent, "unknown" where it is not known. */
void table_figure(struct table *table, struct figure figure);

/**
 * Prints the title line and the rows, each indented by two blanks. On what is no terminal nothing is dropped
 * or cut.
 * @return 0 or -ENOMEM
 */
int table_print(const struct table *table, const struct page *page);

#endif
