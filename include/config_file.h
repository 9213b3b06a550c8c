/* SPDX-License-Identifier: MIT */
/* Configuration files: which there are, their text, and how a mistake in one is told. */
#ifndef SYNWAITD_CONFIG_FILE_H
#define SYNWAITD_CONFIG_FILE_H

#include <stddef.h>

#include "config.h"

#define CONFIG_FILES_MAX      256
#define CONFIG_FILE_MAX_BYTES 1048576

/** Files in the order in which they are laid over each other. */
struct config_files {
    size_t count;
    char *path[CONFIG_FILES_MAX]; /* malloc'ed */
};

/** Frees the paths when the variable leaves scope. */
#define CLEANUP_CONFIG_FILES __attribute__((cleanup(config_files_cleanup)))
void config_files_cleanup(struct config_files *files);

/** Appends a copy of @p path. @return 0, -ENOMEM, or -E2BIG beyond CONFIG_FILES_MAX. */
int config_files_add(struct config_files *files, const char *path);

/**
 * Fills @p files from the search path under @p root (see config_load()). Finding nothing is no error.
 * @return 0 or -errno with @p error set
 */
int config_files_find(struct config_files *files, const char *root, char error[CONFIG_ERROR_SIZE]);

/** @return what follows the last slash of @p path. */
const char *config_base_name(const char *path);

/**
 * Reads a file for libconfig: regular (the null device counts as empty), at most 1 MiB, and without what
 * libconfig would misread in silence or choke on.
 * @param text receives malloc'ed text, NUL-terminated
 * @return 0 or -errno with @p error set
 */
int config_file_read(const char *path, char **text, char error[CONFIG_ERROR_SIZE]);

/**
 * Copies @p in to @p out for libconfig, giving integers beyond 32 bits the suffix L, which libconfig 1.5
 * needs to not cut them. Refuses @include, deep nesting, too many settings, numbers beyond 64 bits, and a
 * comment or string that does not end.
 * @param out room for twice the length of @p in, and the NUL
 * @param line receives the line of a mistake
 * @return NULL, or what is wrong and what is allowed
 */
const char *config_scan(const char *in, char *out, unsigned *line);

/**
 * Writes `FILE:LINE: path.to.key: text` as one printable line; a line of 0 and a path of NULL are left out.
 * @return -EINVAL, for the caller to return
 */
int config_fail(char error[CONFIG_ERROR_SIZE], const char *file, unsigned line, const char *path,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
