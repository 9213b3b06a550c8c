/* SPDX-License-Identifier: MIT */
/* Files of tests/fixtures; tests run at the top of the tree. */
#ifndef SYNWAITD_TEST_FIXTURE_H
#define SYNWAITD_TEST_FIXTURE_H

#include <fcntl.h>

#include "case.h"
#include "util.h"

/** Reads a fixture whole, with a NUL after it. @return its bytes. */
static inline size_t read_fixture(const char *name, char *buffer, size_t size) {
    char path[256];

    snprintf(path, sizeof path, "tests/fixtures/%s", name);
    int length = read_file_at(AT_FDCWD, path, buffer, size);
    if (length < 0)
        fail_msg("%s: %s (tests run at the top of the tree)", path, strerror(-length));
    return (size_t)length;
}

#endif
