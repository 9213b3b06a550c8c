/* SPDX-License-Identifier: MIT */
/* Small helpers used everywhere: cleanup attributes, array size, clamped text. */
#ifndef SYNWAITD_UTIL_H
#define SYNWAITD_UTIL_H

#include <stdbool.h>
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
    bool cut;      /* something did not fit */
};

/** Starts an empty text in @p buffer of @p size bytes (size must be at least 1). */
struct text text_in(char *buffer, size_t size);

/** Appends printf-style; what does not fit is cut at the last whole UTF-8 character. Nothing follows a cut.
 */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Appends @p length bytes, without the cost of a format; cut alike. */
void text_put(struct text *text, const char *bytes, size_t length);

/** Appends a string, likewise. */
void text_put_string(struct text *text, const char *string);

/** Appends a decimal number, likewise. */
void text_put_number(struct text *text, uint64_t number);

/**
 * @return bytes of the UTF-8 character at @p text; 0 if there is none (RFC 3629: shortest form, no
 * surrogates), if it is a control character, C1 among them (some terminals obey those), if it shows nothing
 * or turns text around, or if it is a blank other than U+0020
 */
size_t printable_length(const char *text);

/** Makes @p text one line of printable characters in place: each byte of anything else becomes '?'. */
void text_clean(char *text);

/** @return @p clock now, in microseconds. */
uint64_t clock_usec(clockid_t clock);

/** @return CLOCK_MONOTONIC now, in microseconds. It stands still while the host is suspended. */
uint64_t now_monotonic_usec(void);

/**
 * A directory in which whole files are replaced again and again. Its descriptor is kept from one to the next,
 * and opened anew when the directory is gone and another stands at its path.
 */
struct output_directory {
    const char *path; /* borrowed */
    int fd;           /* -1: not open */
};

/** @return a directory that is opened when it is first written to. */
struct output_directory output_directory_at(const char *path);

/** Closes the descriptor; the next replacement looks at the path again. */
void output_directory_close(struct output_directory *directory);

/**
 * Writes @p size bytes to the file @p name so that a reader sees the old or the new file, never a half: to a
 * temporary name beside it, which is then renamed. Follows no link.
 * @param mode of the file, less the umask
 * @return 0 or -errno; the temporary file is removed on failure.
 */
int output_replace(struct output_directory *directory, const char *name, const void *data, size_t size,
                   unsigned int mode);

/** The same for a file that is written once in a while: nothing stays open. */
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
