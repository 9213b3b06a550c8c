/* SPDX-License-Identifier: MIT */
/* Words that fit a narrow terminal, and ages. */
#include <inttypes.h>
#include <string.h>

#include "status_print.h"
#include "util.h"

#define ELLIPSIS  "\xE2\x80\xA6"
#define TEXT_SIZE (2 * RECORD_VALUE_MAX)

void age_format(struct figure age_usec, char text[AGE_TEXT_SIZE]) {
    static const struct {
        const char *unit;
        uint64_t sec, up_to_sec;
    } scale[] = {{"s", 1, 120}, {"min", 60, 7200}, {"h", 3600, 172800}, {"d", 86400, UINT64_MAX}};
    struct text out = text_in(text, AGE_TEXT_SIZE);
    uint64_t tenths = age_usec.value / (USEC_PER_SEC / 10), sec = age_usec.value / USEC_PER_SEC;
    size_t at = 0;

    if (!figure_known(age_usec)) {
        text_put_string(&out, "unknown");
    } else if (sec < 10 && tenths % 10 > 0) {
        text_add(&out, "%" PRIu64 ".%" PRIu64 " s", sec, tenths % 10);
    } else {
        while (sec >= scale[at].up_to_sec)
            at++;
        text_add(&out, "%" PRIu64 " %s", sec / scale[at].sec, scale[at].unit);
    }
}

void status_print_text(const struct page *page, const char *text, size_t indent) {
    size_t room = page->terminal ? page->width - indent : SIZE_MAX;
    char buffer[TEXT_SIZE];
    struct text out = text_in(buffer, sizeof buffer);

    while (*text) {
        size_t length = strcspn(text, " "), blanks = strspn(text + length, " ");
        bool cut = page_columns(text, length) > room;
        text_put(&out, text, cut ? page_prefix(text, length, room - 1) : length);
        text_put_string(&out, cut ? ELLIPSIS : "");
        text_put(&out, text + length, blanks);
        text += length + blanks;
    }
    page_wrap(page, buffer, out.length, indent);
    fputc('\n', page->stream);
}

void status_print_field(const struct page *page, const char *label, const char *text) {
    page_label(page, label);
    status_print_text(page, text, PAGE_INDENT);
}
