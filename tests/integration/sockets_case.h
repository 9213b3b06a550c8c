/* SPDX-License-Identifier: MIT */
/* Runs `synwaitctl states` and `sockets` in this namespace: in a pipe, in a terminal, as another user. */
#ifndef INTEGRATION_SOCKETS_CASE_H
#define INTEGRATION_SOCKETS_CASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SOCKETS_ARGUMENTS_MAX 32 /* words */
#define SOCKETS_WORDS_SIZE    512

/** How a program ended, and what it printed; released with sockets_release(). */
struct sockets_run {
    int code;
    char *output, *error;
};

void sockets_release(struct sockets_run *run);
#define CLEANUP_SOCKETS_RUN __attribute__((cleanup(sockets_release)))

/** Runs the sanitized synwaitctl; the arguments are words between blanks. */
struct sockets_run sockets_ctl(const char *arguments);

/** The same as user nobody, without a capability. */
struct sockets_run sockets_ctl_as_nobody(const char *arguments);

/** @return what it prints on a terminal of @p width columns, both streams, without carriage returns. */
char *sockets_on_terminal(unsigned short width, bool as_nobody, const char *arguments);

/** @return its JSON, an array; the test fails if it ends with an error or prints anything else. */
json_t *sockets_json(const char *arguments);

/** Fails if a line has more columns than @p most; colours have none. @return lines */
size_t sockets_check_lines(const char *text, size_t most);

/** Fails if there is a control character but the line feed. */
void sockets_check_harmless(const char *text);

/** @return the object in which @p key has this text; the test fails if there is none. */
const json_t *sockets_object(const json_t *array, const char *key, const char *text);

/** @return a member's number; the test fails if it is none. */
long long sockets_number(const json_t *object, const char *key);

/** @return a member's text, or NULL if it is null; the test fails if it is neither. */
const char *sockets_text(const json_t *object, const char *key);

/** @return lines of `ss -Htan` with this state as ss names it; NULL: all. */
size_t sockets_ss_lines(const char *state);

/** Makes a cgroup of the test's own, NAME.service; skips the test aloud where there is no cgroup2 tree. */
void sockets_service_make(const char *name);

/** Starts tcpload with these arguments in it, and waits until what it makes stands. @return its pid */
int sockets_service_start(const char *name, const char *arguments);

/** cmocka tear-down: ends what runs, and removes the cgroups. */
int sockets_teardown(void **state);

#endif
