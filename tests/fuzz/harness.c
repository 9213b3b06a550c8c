/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[256];

void fuzz_fail(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

char *fuzz_string(const uint8_t *bytes, size_t length) {
    char *text = malloc(length + 1);

    MUST(text);
    memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

/* C1, which some terminals obey, is C2 80 to C2 9F. */
static bool has_control(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7F || (c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0))
            return true;
    return false;
}

bool fuzz_is_clean(const char *text) {
    json_t *string = json_string(text);

    json_decref(string);
    return string && !has_control(text);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw) {
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_directory(void) {
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_directory(void) {
    const char *parent = getenv("TMPDIR");

    if (directory[0])
        return directory;
    snprintf(directory, sizeof directory, "%s/synwaitd-fuzz-XXXXXX", parent ? parent : "/tmp");
    MUST(mkdtemp(directory));
    atexit(remove_directory);
    return directory;
}

int fuzz_file(const char *name, char path[256]) {
    MUST(snprintf(path, 256, "%s/%s", fuzz_directory(), name) < 256);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    MUST(fd >= 0);
    return fd;
}

void fuzz_fill(int fd, const void *bytes, size_t length) {
    MUST(pwrite(fd, bytes, length, 0) == (ssize_t)length && ftruncate(fd, (off_t)length) == 0);
}
