/* SPDX-License-Identifier: MIT */
#include "sparkline.h"

#include <string.h>

/* U+2581 to U+2588, a byte of the third of each: one eighth more every time. */
static void put_block(struct text *text, unsigned int level) {
    const char block[] = {'\xE2', '\x96', (char)(0x81 + level)};

    text_put(text, block, sizeof block);
}

static struct figure highest_of(const struct figure *points, size_t count) {
    struct figure highest = FIGURE_NONE;

    for (size_t i = 0; i < count; i++)
        if (figure_known(points[i]) && points[i].value >= highest.value)
            highest = points[i];
    return highest;
}

/* What is there at all differs from nothing. */
static void put_point(struct text *text, struct figure point, uint64_t highest) {
    const uint64_t steps = 6;

    if (!figure_known(point))
        text_put(text, " ", 1);
    else if (point.value == 0)
        put_block(text, 0);
    else
        put_block(text, (unsigned int)(1 + (permyriad_of(point.value, highest) * steps + PERMYRIAD / 2) /
                                               PERMYRIAD));
}

void sparkline_format(const struct figure *points, size_t count, size_t width, bool utf8, struct text *text) {
    uint64_t highest = highest_of(points, count).value;
    size_t columns = count < width ? count : width;

    for (size_t i = 0; utf8 && i < columns; i++) {
        size_t first = i * count / columns, end = (i + 1) * count / columns;
        put_point(text, highest_of(&points[first], end - first), highest);
    }
}
