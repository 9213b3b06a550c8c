/* SPDX-License-Identifier: MIT */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
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
    return (struct text){.buffer = buffer, .size = size};
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

/* Ends a text that is full. */
static void cut(struct text *text) {
    text->cut = true;
    text->length = whole_characters(text->buffer, text->size - 1);
    text->buffer[text->length] = '\0';
}

void text_add(struct text *text, const char *format, ...) {
    size_t room = text->size - text->length;
    va_list args;

    if (text->cut)
        return; /* a character that was cut off may have left room */
    va_start(args, format);
    int written = vsnprintf(text->buffer + text->length, room, format, args);
    va_end(args);
    if (written < 0)
        return;
    if ((size_t)written < room) {
        text->length += (size_t)written;
        return;
    }
    cut(text);
}

void text_put(struct text *text, const char *bytes, size_t length) {
    size_t room = text->size - 1 - text->length;
    bool fits = length <= room;

    if (text->cut)
        return;
    memcpy(text->buffer + text->length, bytes, fits ? length : room);
    text->length += fits ? length : room;
    text->buffer[text->length] = '\0';
    if (!fits)
        cut(text);
}

void text_put_string(struct text *text, const char *string) {
    text_put(text, string, strlen(string));
}

void text_put_number(struct text *text, uint64_t number) {
    char digits[20]; /* of UINT64_MAX */
    size_t first = sizeof digits;

    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    text_put(text, digits + first, sizeof digits - first);
}

/* Code points with which a name could pass for another, or for the end of itself: blanks (Zs), ends of lines
   (Zl, Zp), annotations, and all that shows nothing or turns text around (Default_Ignorable_Code_Point in
   Unicode's DerivedCoreProperties.txt). */
static bool deceives(uint32_t code) {
    static const struct {
        uint32_t first, last;
    } range[] = {
        {0xA0, 0xA0},     {0xAD, 0xAD},     {0x34F, 0x34F},     {0x61C, 0x61C},     {0x115F, 0x1160},
        {0x1680, 0x1680}, {0x17B4, 0x17B5}, {0x180B, 0x180F},   {0x2000, 0x200F},   {0x2028, 0x202F},
        {0x205F, 0x206F}, {0x3000, 0x3000}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
        {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };

    for (size_t i = 0; i < ARRAY_SIZE(range); i++)
        if (code >= range[i].first && code <= range[i].last)
            return true;
    return false;
}

size_t printable_length(const char *text) {
    static const uint32_t least[] = {[2] = 0xA0, [3] = 0x800, [4] = 0x10000};
    unsigned char lead = (unsigned char)text[0];

    if (lead < 0x80)
        return lead >= 0x20 && lead != 0x7F;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    uint32_t code = lead & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (byte & 0x3FU);
    }
    bool valid = code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    return valid && !deceives(code) ? length : 0;
}

void text_clean(char *text) {
    while (*text) {
        size_t length = printable_length(text);
        if (length == 0)
            *text = '?';
        text += length > 0 ? length : 1;
    }
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

/* A left-over of a killed predecessor is ours to replace; O_EXCL keeps links out. */
static int create_new(int dir_fd, const char *name, unsigned int mode) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(dir_fd, name, flags, mode);

    if (fd < 0 && errno == EEXIST && unlinkat(dir_fd, name, 0) == 0)
        fd = openat(dir_fd, name, flags, mode);
    return fd < 0 ? -errno : fd;
}

static int replace_in(int dir_fd, const char *name, const void *data, size_t size, unsigned int mode) {
    char temporary[NAME_MAX + 1];
    struct text text = text_in(temporary, sizeof temporary);

    text_put_string(&text, ".");
    text_put_string(&text, name);
    text_put_string(&text, ".tmp");
    if (text.cut)
        return -ENAMETOOLONG;
    CLEANUP_FD int fd = create_new(dir_fd, temporary, mode);
    if (fd < 0)
        return fd;
    int result = write_all(fd, data, size);
    if (result == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
        result = -errno;
    if (result < 0)
        unlinkat(dir_fd, temporary, 0);
    return result;
}

struct output_directory output_directory_at(const char *path) {
    return (struct output_directory){.path = path, .fd = -1};
}

void output_directory_close(struct output_directory *directory) {
    cleanup_fd(&directory->fd);
    directory->fd = -1;
}

/* Four system calls as long as the directory stands: open, write, rename, close. */
int output_replace(struct output_directory *directory, const char *name, const void *data, size_t size,
                   unsigned int mode) {
    if (directory->fd >= 0) {
        int result = replace_in(directory->fd, name, data, size, mode);
        if (result != -ENOENT)
            return result;
        output_directory_close(directory); /* removed: a file can be made in it no more */
    }
    directory->fd = open(directory->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0)
        return -errno;
    return replace_in(directory->fd, name, data, size, mode);
}

int write_file_atomic(const char *directory, const char *name, const void *data, size_t size,
                      unsigned int mode) {
    struct output_directory once = output_directory_at(directory);
    int result = output_replace(&once, name, data, size, mode);

    output_directory_close(&once);
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
