/* SPDX-License-Identifier: MIT */
#include "config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util.h"

#define FILE_SHOWN_BYTES 160

/* The end of a long path tells more than its beginning. */
static void add_file(struct text *line, const char *file) {
    size_t length = strlen(file);

    if (length > FILE_SHOWN_BYTES)
        text_add(line, "...%s", file + length - FILE_SHOWN_BYTES);
    else
        text_add(line, "%s", file);
}

int config_fail(char error[CONFIG_ERROR_SIZE], const char *file, unsigned line, const char *path,
                const char *format, ...) {
    struct text out = text_in(error, CONFIG_ERROR_SIZE);
    char message[CONFIG_ERROR_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    add_file(&out, file);
    if (line > 0)
        text_add(&out, ":%u", line);
    if (path)
        text_add(&out, ": %s", path);
    text_add(&out, ": %s", message);
    text_clean(error); /* it goes to logs and to JSON */
    return -EINVAL;
}

static const char *file_type(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a FIFO";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    default:
        return "no file";
    }
}

/* The null device is 1:3 on every Linux (Documentation/admin-guide/devices.txt). */
static bool is_null_device(const struct stat *status) {
    return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

static int fail_errno(char error[CONFIG_ERROR_SIZE], const char *path, int number) {
    config_fail(error, path, 0, NULL, "cannot be read: %s", strerror(number));
    return -number;
}

static ssize_t read_all(int fd, char *buffer, size_t size) {
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(fd, buffer + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

/* @return bytes of the open file, or -errno */
static ssize_t file_size(const char *path, int fd, char error[CONFIG_ERROR_SIZE]) {
    struct stat status;

    if (fstat(fd, &status) < 0)
        return fail_errno(error, path, errno);
    if (is_null_device(&status))
        return 0;
    if (!S_ISREG(status.st_mode))
        return config_fail(error, path, 0, NULL, "is %s, allowed: a regular file", file_type(status.st_mode));
    if (status.st_size > CONFIG_FILE_MAX_BYTES)
        return config_fail(error, path, 0, NULL, "is too large, allowed: 1 MiB");
    return status.st_size;
}

static unsigned line_at(const char *bytes, const char *at) {
    unsigned line = 1;

    for (; bytes < at; bytes++)
        if (*bytes == '\n')
            line++;
    return line;
}

/* Turns what was read into what libconfig gets. */
static int scan_bytes(const char *path, const char *bytes, size_t length, char **text,
                      char error[CONFIG_ERROR_SIZE]) {
    const char *nul = memchr(bytes, '\0', length);
    unsigned line = 0;

    if (nul)
        return config_fail(error, path, line_at(bytes, nul), NULL, "NUL byte, allowed: text");
    char *scanned = malloc(2 * length + 1);
    if (!scanned)
        return fail_errno(error, path, ENOMEM);
    const char *wrong = config_scan(bytes, scanned, &line);
    if (wrong) {
        free(scanned);
        return config_fail(error, path, line, NULL, "%s", wrong);
    }
    *text = scanned;
    return 0;
}

/* @param size of the file, as it was when it was opened */
static int read_text(const char *path, int fd, size_t size, char **text, char error[CONFIG_ERROR_SIZE]) {
    char *bytes = calloc(1, size + 2); /* one more to see that it grows, and a NUL */

    if (!bytes)
        return fail_errno(error, path, ENOMEM);
    ssize_t got = read_all(fd, bytes, size + 1);
    int result = got < 0 ? fail_errno(error, path, (int)-got) : 0;
    if (result == 0 && (size_t)got > size)
        result =
            config_fail(error, path, 0, NULL, "grows while it is read, allowed: a file that is finished");
    if (result == 0)
        result = scan_bytes(path, bytes, (size_t)got, text, error);
    free(bytes);
    return result;
}

int config_file_read(const char *path, char **text, char error[CONFIG_ERROR_SIZE]) {
    /* O_NONBLOCK so that opening a FIFO returns. A socket in the file system cannot be opened at all
       (open(2): ENXIO). */
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return fail_errno(error, path, errno);
    ssize_t size = file_size(path, fd, error);
    return size < 0 ? (int)size : read_text(path, fd, (size_t)size, text, error);
}
