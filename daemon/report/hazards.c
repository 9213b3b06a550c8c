/* SPDX-License-Identifier: MIT */
/* Texts about unsafe settings and about the files that set them. */
#include <string.h>

#include "record.h"
#include "remedy.h"

#define ITEM_SIZE 320 /* a key, the longest list of ports, a reason */

static struct text hazard_text(const struct finding *finding, const struct advice *advice,
                               char item[ITEM_SIZE]) {
    struct text text = text_in(item, ITEM_SIZE);

    if (advice->row->knob == KNOB_PORTS_RESERVED)
        text_add(&text, "%s lacks %s", knob_name(KNOB_PORTS_RESERVED), finding->detail);
    else
        sysctl_pair_format(advice, false, &text);
    text_add(&text, " (%s)", advice->row->effect);
    return text;
}

void hazards_format(const struct finding *finding, size_t limit, struct text *text) {
    size_t start = text->length;
    char item[ITEM_SIZE];

    for (size_t i = 0; i < finding->advice_count; i++) {
        size_t rest = finding->advice_count - i;
        size_t needed = strlen(", ") + hazard_text(finding, &finding->advice[i], item).length +
                        (rest > 1 ? strlen(" and 10 more") : 0);
        if (i > 0 && text->length - start + needed > limit) {
            text_add(text, " and %zu more", rest);
            return;
        }
        text_add(text, "%s%s", i > 0 ? ", " : "", item);
    }
}

void sysctl_files_format(const struct finding *finding, const struct provenance *provenance,
                         struct text *text) {
    for (size_t i = 0; i < finding->advice_count; i++) {
        const struct sysctl_origin *origin = &provenance->origin[i];
        const char *quote = strchr(origin->path, ' ') ? "\"" : "";
        char pair[SYSCTL_PATH_SIZE + 128];
        struct text built = text_in(pair, sizeof pair);
        if (origin->path[0] == '\0')
            continue;
        text_add(&built, "%s%s=%s%s:%u%s", text->length > 0 ? " " : "",
                 knob_name(finding->advice[i].row->knob), quote, origin->path, origin->line, quote);
        if (text->length + built.length > RECORD_VALUE_MAX)
            return;
        text_add(text, "%s", pair);
    }
}
