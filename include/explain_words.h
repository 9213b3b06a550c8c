/* SPDX-License-Identifier: MIT */
/* The sysctls and errnos that `synwaitctl explain` knows: tables, and what is told of a row. */
#ifndef SYNWAITD_EXPLAIN_WORDS_H
#define SYNWAITD_EXPLAIN_WORDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "page.h"
#include "sample.h"

#define KERNEL_TEXTS_MAX     3
#define ERRNO_CONDITIONS_MAX 5
#define ERRNO_LINES_MAX      5

/** A text that holds on some kernels. */
struct kernel_text {
    struct kernel_version since, before; /* before is the first that differs; 0.0: no bound */
    const char *text;
};

struct sysctl_word {
    const char *key; /* "net.ipv4.tcp_tw_reuse" */
    struct kernel_text does[KERNEL_TEXTS_MAX];
    struct kernel_text initial[KERNEL_TEXTS_MAX]; /* the kernel's default */
    struct kernel_text scope[KERNEL_TEXTS_MAX];
    const char *unit;
    const char *does_not; /* the misuse that circulates, put right */
    const char *absent;   /* why there may be no file, besides the kernel's version; or NULL */
};

/** What is known of the host. */
struct sysctl_context {
    struct kernel_version kernel;
    int sys_fd;        /* O_PATH descriptor of /proc/sys */
    uint32_t hazards;  /* found by the audit, one bit each (audit.h) */
    const char *ports; /* those that HAZARD_LISTENERS_IN_PORT_RANGE is about */
};

/** @return the table; @p count receives its length. */
const struct sysctl_word *sysctl_table(size_t *count);

/** @return the row of "net.ipv4.tcp_tw_reuse", "net/ipv4/tcp_tw_reuse" or "tcp_tw_reuse"; or NULL */
const struct sysctl_word *sysctl_find(const char *word);

/** @return the one of @p text that holds on @p kernel; NULL: none. */
const char *kernel_text_for(const struct kernel_text text[KERNEL_TEXTS_MAX], struct kernel_version kernel);

/** @return all that is known of the sysctl; NULL: no memory. */
json_t *sysctl_to_json(const struct sysctl_word *row, const struct sysctl_context *context);

/** Prints what sysctl_to_json() gave. */
void sysctl_print(const struct page *page, const json_t *sysctl);

/** System calls that an errno comes from, as bits. read stands for recv(), write for send(). */
enum errno_call {
    CALL_SOCKET = 1 << 0,
    CALL_BIND = 1 << 1,
    CALL_LISTEN = 1 << 2,
    CALL_CONNECT = 1 << 3,
    CALL_ACCEPT = 1 << 4,
    CALL_READ = 1 << 5,
    CALL_WRITE = 1 << 6,
    CALL_SHUTDOWN = 1 << 7,
    CALL_GETPEERNAME = 1 << 8,
};

/** One thing that an errno points to. */
struct errno_condition {
    unsigned int calls; /* 0: end of the list */
    const char *means;
    const char *word; /* for `synwaitctl explain`; or NULL */
};

struct errno_word {
    int number;
    const char *name; /* "ETIMEDOUT" */
    struct errno_condition condition[ERRNO_CONDITIONS_MAX + 1];
    const char *check[ERRNO_LINES_MAX + 1];   /* ends with NULL */
    const char *command[ERRNO_LINES_MAX + 1]; /* likewise; HOST, PORT, PID ... are to be filled in */
};

/** @return the table; @p count receives its length. */
const struct errno_word *errno_table(size_t *count);

/** @return the row of "110", "-110", "ETIMEDOUT" or "etimedout"; or NULL */
const struct errno_word *errno_find(const char *word);

/** @return every call that gives it. */
unsigned int errno_calls(const struct errno_word *row);

/** @return all that is known of the errno; NULL: no memory. */
json_t *errno_to_json(const struct errno_word *row);

/** Prints what errno_to_json() gave. */
void errno_print(const struct page *page, const json_t *number);

#endif
