/* SPDX-License-Identifier: MIT */
/* Small helpers used everywhere: cleanup attributes, array size, clamped text. */
#ifndef SYNWAITD_UTIL_H
#define SYNWAITD_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define PERMYRIAD     10000U

/** Closes the descriptor when the variable leaves scope; negative values are left alone. */
#define CLEANUP_FD __attribute__((cleanup(cleanup_fd)))
/** Frees the pointer when the variable leaves scope. */
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free)))
/** Closes the stdio stream when the variable leaves scope. */
#define CLEANUP_FILE __attribute__((cleanup(cleanup_file)))

void cleanup_fd(int *fd);
void cleanup_free(void *pointer_to_pointer);
void cleanup_file(FILE **stream);

/** Text under construction in a caller's buffer; always NUL-terminated, never overrun. */
struct text {
    char *buffer;
    size_t size;   /* bytes in buffer, with the NUL */
    size_t length; /* bytes written, without the NUL */
};

/** Starts an empty text in @p buffer of @p size bytes (size must be at least 1). */
struct text text_in(char *buffer, size_t size);

/** Appends printf-style; what does not fit is cut at the last whole UTF-8 character. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** @return @p clock now, in microseconds. */
uint64_t clock_usec(clockid_t clock);

/** @return CLOCK_MONOTONIC now, in microseconds. It stands still while the host is suspended. */
uint64_t now_monotonic_usec(void);

/**
 * Writes @p size bytes to @p directory/@p name so that a reader sees the old or the new file, never a half.
 * Writes to a temporary name beside it, sets @p mode with fchmod (the umask does not count), renames.
 * @return 0 or -errno; the temporary file is removed on failure.
 */
int write_file_atomic(const char *directory, const char *name, const void *data, size_t size,
                      unsigned int mode);

/**
 * Reads a small file whole into @p buffer, NUL-terminated.
 * @param dir_fd directory descriptor or AT_FDCWD; @param path relative to it
 * @return bytes read without the NUL, or -errno (-EFBIG if it does not fit).
 */
int read_file_at(int dir_fd, const char *path, char *buffer, size_t size);

/** @return a number that cannot be foreseen, for hashes of what a stranger may choose; 0 early in the boot.
 */
uint64_t random_seed(void);

#endif
