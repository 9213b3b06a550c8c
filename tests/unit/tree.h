/* SPDX-License-Identifier: MIT */
/* A directory tree of a test's own, under $TMPDIR. */
#ifndef SYNWAITD_TEST_TREE_H
#define SYNWAITD_TEST_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case.h"

struct tree {
    char root[256];
};

static inline void tree_make(struct tree *tree) {
    const char *parent = getenv("TMPDIR");

    snprintf(tree->root, sizeof tree->root, "%s/synwaitd-test-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(tree->root))
        fail_msg("%s: %s", tree->root, strerror(errno));
}

static inline int tree_remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw) {
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void tree_remove(const struct tree *tree) {
    if (nftw(tree->root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
        fail_msg("%s: %s", tree->root, strerror(errno));
}

static inline void tree_path(const struct tree *tree, const char *path, char full[512]) {
    snprintf(full, 512, "%s/%s", tree->root, path);
}

/** Writes a file in place, its directories made; a NULL text removes it. */
static inline void tree_write(const struct tree *tree, const char *path, const char *text) {
    char full[512];

    tree_path(tree, path, full);
    if (!text) {
        unlink(full);
        return;
    }
    for (char *slash = full + strlen(tree->root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0755);
        *slash = '/';
    }
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        fail_msg("%s: %s", full, strerror(errno));
    close(fd);
}

static inline void tree_mode(const struct tree *tree, const char *path, mode_t mode) {
    char full[512];

    tree_path(tree, path, full);
    if (chmod(full, mode) < 0)
        fail_msg("%s: %s", full, strerror(errno));
}

/** cmocka set-up: *state becomes a new tree. */
static inline int tree_setup(void **state) {
    static struct tree tree;

    tree_make(&tree);
    *state = &tree;
    return 0;
}

/** cmocka tear-down of tree_setup(). */
static inline int tree_teardown(void **state) {
    tree_remove(*state);
    return 0;
}

#endif
