/* SPDX-License-Identifier: MIT */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void cleanup_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
}

void cleanup_free(void *pointer_to_pointer) {
    void *pointer;

    memcpy(&pointer, pointer_to_pointer, sizeof pointer);
    free(pointer);
}

void cleanup_file(FILE **stream) {
    if (*stream)
        fclose(*stream);
}

struct text text_in(char *buffer, size_t size) {
    buffer[0] = '\0';
    return (struct text){.buffer = buffer, .size = size, .length = 0};
}

/* Steps back over a UTF-8 sequence that the cut left incomplete. */
static size_t whole_characters(const char *buffer, size_t length) {
    size_t start = length;

    while (start > 0 && ((unsigned char)buffer[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || ((unsigned char)buffer[start - 1] & 0xC0) != 0xC0)
        return length;
    unsigned char lead = (unsigned char)buffer[start - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    return length - (start - 1) < need ? start - 1 : length;
}

void text_add(struct text *text, const char *format, ...) {
    size_t room = text->size - text->length;
    va_list args;

    va_start(args, format);
    int written = vsnprintf(text->buffer + text->length, room, format, args);
    va_end(args);
    if (written < 0)
        return;
    if ((size_t)written < room) {
        text->length += (size_t)written;
        return;
    }
    text->length = whole_characters(text->buffer, text->size - 1);
    text->buffer[text->length] = '\0';
}

uint64_t clock_usec(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

uint64_t now_monotonic_usec(void) {
    return clock_usec(CLOCK_MONOTONIC);
}

static int write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        data += written;
        size -= (size_t)written;
    }
    return 0;
}

int write_file_atomic(const char *directory, const char *name, const void *data, size_t size,
                      unsigned int mode) {
    CLEANUP_FD int dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return -errno;
    char temporary[256];
    int length = snprintf(temporary, sizeof temporary, ".%s.tmp", name);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return -ENAMETOOLONG;
    /* A left-over of a killed predecessor is ours to replace; O_EXCL and O_NOFOLLOW keep links out. */
    unlinkat(dir_fd, temporary, 0);
    CLEANUP_FD int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int result = write_all(fd, data, size);
    if (result == 0 && fchmod(fd, mode) < 0)
        result = -errno;
    if (result == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
        result = -errno;
    if (result < 0)
        unlinkat(dir_fd, temporary, 0);
    return result;
}

int read_file_at(int dir_fd, const char *path, char *buffer, size_t size) {
    CLEANUP_FD int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, buffer + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        length += (size_t)got;
        if (length == size)
            return -EFBIG;
        if (got == 0)
            break;
    }
    buffer[length] = '\0';
    return (int)length;
}

uint64_t random_seed(void) {
    uint64_t seed = 0;

    return getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed ? seed : 0;
}
