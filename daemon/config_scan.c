/* SPDX-License-Identifier: MIT */
#include "config_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 64
/* libconfig compares each name with all before it: 8,192 in one group take a third of a second. */
#define SETTINGS_MAX 8192

#define DIGITS       "0123456789"
#define HEX_DIGITS   DIGITS "abcdefABCDEF"
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*"

struct scan {
    const char *in;
    char *out;
    unsigned line;
    unsigned depth;
    unsigned settings;
};

static void copy(struct scan *scan, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (scan->in[i] == '\n')
            scan->line++;
    memcpy(scan->out, scan->in, length);
    scan->in += length;
    scan->out += length;
}

static const char *scan_block_comment(struct scan *scan) {
    const char *end = strstr(scan->in + 2, "*/");

    if (!end)
        return "comment without an end, allowed: /* ... */";
    copy(scan, (size_t)(end + 2 - scan->in));
    return NULL;
}

static const char *scan_string(struct scan *scan) {
    size_t length = 1;

    while (scan->in[length] != '"') {
        if (scan->in[length] == '\\')
            length++;
        if (scan->in[length] == '\0')
            return "string without an end, allowed: \"...\"";
        length++;
    }
    copy(scan, length + 1);
    return NULL;
}

/* libconfig 1.5 reads an integer without L into 32 bits, and one with L up to the nearest it can hold. */
static const char *scan_number(struct scan *scan) {
    bool hex = scan->in[0] == '0' && (scan->in[1] == 'x' || scan->in[1] == 'X');
    size_t prefix = hex ? 2 : 0;
    size_t length = prefix + strspn(scan->in + prefix, hex ? HEX_DIGITS : DIGITS);
    char next = scan->in[length];

    if (!hex && (next == '.' || next == 'e' || next == 'E')) {
        copy(scan, length + 1 + strspn(scan->in + length + 1, DIGITS "eE+-."));
        return NULL;
    }
    errno = 0;
    unsigned long long value = strtoull(scan->in + prefix, NULL, hex ? 16 : 10);
    if (errno == ERANGE || value > INT64_MAX)
        return "number beyond 64 bits, allowed: integers up to 4611686018427387904";
    copy(scan, length);
    if (next != 'L' && value > INT32_MAX)
        *scan->out++ = 'L';
    return NULL;
}

static const char *scan_punctuation(struct scan *scan) {
    switch (*scan->in) {
    case '@':
        return "@include is not supported, allowed: drop-ins in synwaitd.conf.d";
    case '{':
    case '(':
    case '[':
        if (++scan->depth > NESTING_MAX)
            return "nested too deeply, allowed: 64 levels";
        break;
    case '}':
    case ')':
    case ']':
        if (scan->depth > 0)
            scan->depth--;
        break;
    case '=':
    case ':':
    case ',':
        if (++scan->settings > SETTINGS_MAX)
            return "too many settings, allowed: 8192 in a file, list elements included";
        break;
    default:
        break;
    }
    copy(scan, 1);
    return NULL;
}

static const char *scan_token(struct scan *scan) {
    char c = scan->in[0];

    if (c == '#' || (c == '/' && scan->in[1] == '/'))
        copy(scan, strcspn(scan->in, "\n"));
    else if (c == '/' && scan->in[1] == '*')
        return scan_block_comment(scan);
    else if (c == '"')
        return scan_string(scan);
    else if (strchr(NAME_LETTERS, c))
        copy(scan, strspn(scan->in, NAME_LETTERS DIGITS "-_"));
    else if (strchr(DIGITS, c))
        return scan_number(scan);
    else
        return scan_punctuation(scan);
    return NULL;
}

const char *config_scan(const char *in, char *out, unsigned *line) {
    struct scan scan = {.in = in, .out = out, .line = 1};
    const char *wrong = NULL;

    while (!wrong && *scan.in != '\0')
        wrong = scan_token(&scan);
    out[scan.out - out] = '\0';
    *line = scan.line;
    return wrong;
}
