/* SPDX-License-Identifier: MIT */
/* What makes a configuration file's text ready for libconfig. */
#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "harness.h"
#include "util.h"

static unsigned count_lines(const char *text) {
    unsigned lines = 1;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* @return malloc'ed, of just the size that the caller has to provide */
static char *scan(const char *text, const char **wrong) {
    char *out = malloc(2 * strlen(text) + 1);
    unsigned line = 0;

    MUST(out);
    *wrong = config_scan(text, out, &line);
    MUST(line >= 1 && line <= count_lines(text));
    MUST(*wrong || line == count_lines(text));
    return out;
}

/* Nothing but the suffix of large numbers comes in. */
static bool adds_only_suffixes(const char *in, const char *out) {
    for (; *out; out++)
        if (*out == *in)
            in++;
        else if (*out != 'L')
            return false;
    return *in == '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    const char *wrong;
    CLEANUP_FREE char *text = fuzz_string(bytes, length);
    CLEANUP_FREE char *scanned = scan(text, &wrong);

    MUST(wrong || adds_only_suffixes(text, scanned));
    return 0;
}
