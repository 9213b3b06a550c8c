/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void evidence_format(const struct finding *finding, char *text, size_t size) {
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < finding->evidence_count; i++) {
        const struct evidence *evidence = &finding->evidence[i];
        char pair[128];
        int written = snprintf(pair, sizeof pair, "%s%s=%" PRIu64, length > 0 ? " " : "", evidence->key,
                               evidence->value);
        /* Half a number would be a wrong number. */
        if (written < 0 || (size_t)written >= sizeof pair || length + (size_t)written >= size)
            return;
        memcpy(text + length, pair, (size_t)written + 1);
        length += (size_t)written;
    }
}
