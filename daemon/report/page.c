/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN     40

bool page_wants_color(FILE *stream) {
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (no_color && no_color[0] != '\0')
        return false;
    return terminal && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0 && isatty(fileno(stream)) == 1;
}

static size_t width_of(FILE *stream) {
    struct winsize size;

    if (ioctl(fileno(stream), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH_DEFAULT;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

struct page page_on(FILE *stream, bool color) {
    return (struct page){
        .stream = stream, .width = width_of(stream), .terminal = isatty(fileno(stream)) == 1, .color = color};
}

bool page_speaks_utf8(void) {
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

    if (locale == (locale_t)0)
        return false;
    bool utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return utf8;
}

const char *page_paint(const struct page *page, const char *color) {
    return page->color ? color : "";
}

static bool starts_character(char byte) {
    return ((unsigned char)byte & 0xC0) != 0x80;
}

size_t page_columns(const char *text, size_t length) {
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += starts_character(text[i]);
    return count;
}

size_t page_prefix(const char *text, size_t length, size_t columns) {
    size_t bytes = 0;

    for (; bytes < length; bytes++)
        if (starts_character(text[bytes]) && columns-- == 0)
            break;
    return bytes;
}

void page_wrap(const struct page *page, const char *text, size_t length, size_t indent) {
    size_t column = indent;

    while (length > 0) {
        const char *blank = memchr(text, ' ', length);
        size_t word = blank ? (size_t)(blank - text) : length;
        size_t wide = page_columns(text, word);
        if (column > indent && column + 1 + wide > page->width) {
            fprintf(page->stream, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', page->stream);
            column++;
        }
        fwrite(text, 1, word, page->stream);
        column += wide;
        size_t step = blank ? word + 1 : word;
        text += step;
        length -= step;
    }
}

void page_label(const struct page *page, const char *label) {
    fprintf(page->stream, "  %s%-*s%s", page_paint(page, PAGE_DIM), PAGE_INDENT - 2, label,
            page_paint(page, PAGE_RESET));
}

void page_labelled(const struct page *page, const char *label, const char *text) {
    if (!text)
        return;
    page_label(page, label);
    page_wrap(page, text, strlen(text), PAGE_INDENT);
    fputc('\n', page->stream);
}

void page_paragraph(const struct page *page, const char *text, size_t indent) {
    fprintf(page->stream, "%*s", (int)indent, "");
    page_wrap(page, text, strlen(text), indent);
    fputc('\n', page->stream);
}

void page_heading(const struct page *page, const char *text) {
    fprintf(page->stream, "%s%s%s\n", page_paint(page, PAGE_BOLD), text, page_paint(page, PAGE_RESET));
}
