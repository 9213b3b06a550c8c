/* SPDX-License-Identifier: MIT */
/* A configuration file; what was understood is dumped and read again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "harness.h"
#include "util.h"

/* libconfig 1.5 forgets the text of a string in front of a syntax error; its lexer makes an empty one's. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void) {
    return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

static char path[256];
static int fd = -1;

/* @return malloc'ed text, NULL if the file is refused */
static char *dump_of(const void *bytes, size_t length, size_t *size) {
    static struct config config; /* as it was if the file is refused */
    char error[CONFIG_ERROR_SIZE] = "";
    char *text = NULL;

    fuzz_fill(fd, bytes, length);
    int result = config_load(&config, path, "", error);
    MUST(result == 0 || (result == -EINVAL && error[0] != '\0' && fuzz_is_clean(error)));
    if (result < 0)
        return NULL;
    FILE *stream = open_memstream(&text, size);
    MUST(stream && config_dump(&config, stream) == 0);
    fclose(stream);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    size_t first_size = 0, second_size = 0;

    if (fd < 0)
        fd = fuzz_file("synwaitd.conf", path);
    CLEANUP_FREE char *first = dump_of(bytes, length, &first_size);
    if (!first)
        return 0;
    CLEANUP_FREE char *second = dump_of(first, first_size, &second_size);
    MUST(second && second_size == first_size && memcmp(first, second, first_size) == 0);
    return 0;
}
