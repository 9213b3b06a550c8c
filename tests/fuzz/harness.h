/* SPDX-License-Identifier: MIT */
/* What the fuzz harnesses share. Each fuzz_NAME.c has LLVMFuzzerTestOneInput(), see tests/fuzz/README.md. */
#ifndef SYNWAITD_FUZZ_HARNESS_H
#define SYNWAITD_FUZZ_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Ends the run as a finding unless it holds. */
#define MUST(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/** @return a malloc'ed copy of exactly @p length bytes and a NUL, so that reading beyond it is seen */
char *fuzz_string(const uint8_t *bytes, size_t length);

/** @return whether @p text is one line of valid UTF-8 without control characters, as jansson sees it */
bool fuzz_is_clean(const char *text);

/** @return a directory of this process's own, under $TMPDIR, that is removed at its end */
const char *fuzz_directory(void);

/** Makes the file @p name in fuzz_directory(), and one directory on the way to it. @return descriptor, kept
 */
int fuzz_file(const char *name, char path[256]);

/** Replaces the content of a file. */
void fuzz_fill(int fd, const void *bytes, size_t length);

#endif
