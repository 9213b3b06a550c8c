/* SPDX-License-Identifier: MIT */
/* Loads configuration text through a file of the test's own. */
#ifndef SYNWAITD_TEST_CONFIG_CASE_H
#define SYNWAITD_TEST_CONFIG_CASE_H

#include "tree.h"

#include "config.h"

/* libconfig 1.5 forgets the text of a string in front of a syntax error (strbuf_append). */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void) {
    return "leak:strbuf_append\n";
}

/** Writes @p text to case.conf and loads it. A message's "DIRECTORY/" is cut off. */
static inline int load_text(const struct tree *tree, const char *text, struct config *config,
                            char error[CONFIG_ERROR_SIZE]) {
    char path[512];

    error[0] = '\0';
    tree_path(tree, "case.conf", path);
    tree_write(tree, "case.conf", text);
    int result = config_load(config, path, "", error);
    size_t length = strlen(tree->root) + 1;
    if (strncmp(error, tree->root, length - 1) == 0)
        memmove(error, error + length, strlen(error + length) + 1);
    return result;
}

/** @return malloc'ed text of config_dump() */
static inline char *dump_text(const struct config *config) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    assert_int_equal(config_dump(config, stream), 0);
    fclose(stream);
    return text;
}

#endif
