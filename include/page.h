/* SPDX-License-Identifier: MIT */
/* Text for a terminal: colour, width, and words that are wrapped beside a column of labels. */
#ifndef SYNWAITD_PAGE_H
#define SYNWAITD_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PAGE_INDENT 12 /* columns: labels stand in the first of them */

#define PAGE_RESET  "\033[0m"
#define PAGE_BOLD   "\033[1m"
#define PAGE_DIM    "\033[2m"
#define PAGE_RED    "\033[1;31m"
#define PAGE_YELLOW "\033[1;33m"
#define PAGE_GREEN  "\033[1;32m"

/** Where is printed. */
struct page {
    FILE *stream;
    size_t width; /* columns, at least 40: of the terminal, else 80 */
    bool terminal;
    bool color;
};

/** @return a page on @p stream, which is borrowed. @param color whether codes for it may be printed */
struct page page_on(FILE *stream, bool color);

/** @return whether @p stream is a terminal that wants colour: NO_COLOR unset or empty, TERM not dumb. */
bool page_wants_color(FILE *stream);

/** @return whether the characters of the environment's locale (LC_ALL, LC_CTYPE, LANG) are UTF-8. */
bool page_speaks_utf8(void);

/** @return @p color, one of the codes above, where the page may use it; else "". */
const char *page_paint(const struct page *page, const char *color);

/** Prints words up to @p length bytes, the first at column @p indent, breaking lines between words. */
void page_wrap(const struct page *page, const char *text, size_t length, size_t indent);

/** Prints "  label" over PAGE_INDENT columns. */
void page_label(const struct page *page, const char *label);

/** Prints a label, the text wrapped beside it, and ends the line. Nothing for NULL. */
void page_labelled(const struct page *page, const char *label, const char *text);

/** Prints a paragraph, wrapped at column @p indent on, and ends the line. */
void page_paragraph(const struct page *page, const char *text, size_t indent);

/** Prints one line in bold. */
void page_heading(const struct page *page, const char *text);

/** @return columns that @p length bytes of UTF-8 take, one for each character. */
size_t page_columns(const char *text, size_t length);

/** @return bytes of the first @p columns characters, at most @p length */
size_t page_prefix(const char *text, size_t length, size_t columns);

#endif
