/* SPDX-License-Identifier: MIT */
#include "knobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "decimal.h"
#include "source_status.h"
#include "util.h"

#define PATH_SIZE 64
#define TEXT_SIZE 256
#define PORTS     65536U
/* "1,3,5,...,65535": the longest list that the kernel prints (sysctl.c proc_do_large_bitmap). */
#define RESERVED_TEXT_SIZE (PORTS * 6UL)

/* Where a knob stands in a file of several values; a file not listed has one. */
struct place {
    unsigned int field, fields;
    bool sign_apart;       /* a leading minus is no part of the number */
    bool never_below_zero; /* the kernel takes a negative value, and it means 0 */
};

static const struct place places[KNOB_COUNT] = {
    [KNOB_PORT_RANGE_LOW] = {.field = 0, .fields = 2},
    [KNOB_PORT_RANGE_HIGH] = {.field = 1, .fields = 2},
    [KNOB_TCP_MEM_LOW] = {.field = 0, .fields = 3},
    [KNOB_TCP_MEM_PRESSURE] = {.field = 1, .fields = 3},
    [KNOB_TCP_MEM_MAX] = {.field = 2, .fields = 3},
    [KNOB_TCP_EHASH_ENTRIES] = {.fields = 1,
                                .sign_apart = true}, /* sysctl_net_ipv4.c proc_tcp_ehash_entries */
    /* Compared as an int: below 0 is always reached (inet_timewait_sock.c, tcp.h tcp_too_many_orphans). */
    [KNOB_TCP_MAX_TW_BUCKETS] = {.fields = 1, .never_below_zero = true},
    [KNOB_TCP_MAX_ORPHANS] = {.fields = 1, .never_below_zero = true},
};

static void knob_path(enum knob knob, char path[PATH_SIZE]) {
    snprintf(path, PATH_SIZE, "%s", knob_name(knob));
    for (char *dot = path; (dot = strchr(dot, '.'));)
        *dot = '/';
}

static bool writable_by_mode(int sys_fd, const char *path) {
    struct stat status;

    return fstatat(sys_fd, path, &status, 0) == 0 && (status.st_mode & 0222) != 0;
}

/* Picks one of the blank-separated values of @p text, which must have as many as the file has by design. */
static int pick_value(enum knob knob, const char *text, uint64_t *value, char reason[SOURCE_REASON_SIZE]) {
    unsigned int fields = places[knob].fields ? places[knob].fields : 1;
    unsigned int count = 0;
    int result = -EINVAL;

    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, " \t\n");
        if (length > 0 && count++ == places[knob].field) {
            size_t sign = (places[knob].sign_apart || places[knob].never_below_zero) && *at == '-';
            result = decimal_parse(at + sign, length - sign, value);
            if (sign > 0 && places[knob].never_below_zero)
                *value = 0;
            if (result < 0)
                source_reason(reason, "%s: \"%.*s\" is not a number", knob_name(knob),
                              length > 32 ? 32 : (int)length, at);
        }
        at += length;
        at += strspn(at, " \t\n");
    }
    if (count == fields)
        return result < 0 ? -EBADMSG : 0;
    source_reason(reason, "%s: %u values where %u are expected", knob_name(knob), count, fields);
    return -EBADMSG;
}

static int read_plain(int sys_fd, enum knob knob, const char *path, uint64_t *value,
                      char reason[SOURCE_REASON_SIZE]) {
    char text[TEXT_SIZE];
    int result = read_file_at(sys_fd, path, text, sizeof text);

    return result < 0 ? result : pick_value(knob, text, value, reason);
}

/* Reads "8080" or "9000-9100" up to a comma or the end. */
static int parse_range(const char *text, size_t length, uint64_t *first, uint64_t *last) {
    const char *dash = memchr(text, '-', length);
    size_t head = dash ? (size_t)(dash - text) : length;

    if (decimal_parse(text, head, first) < 0)
        return -EBADMSG;
    *last = *first;
    if (dash && decimal_parse(dash + 1, length - head - 1, last) < 0)
        return -EBADMSG;
    return *first <= *last && *last < PORTS ? 0 : -EBADMSG;
}

int reserved_ports_within(const char *text, unsigned int low, unsigned int high,
                          struct reserved_ports *reserved) {
    size_t length = strcspn(text, "\n");
    uint64_t first, last;
    int count = 0;

    *reserved = (struct reserved_ports){0};
    for (size_t at = 0; at < length;) {
        size_t part = strcspn(text + at, ",\n");
        if (parse_range(text + at, part, &first, &last) < 0)
            return -EBADMSG;
        for (uint64_t port = first; port <= last; port++) {
            uint64_t bit = UINT64_C(1) << (port % 64);
            if (port >= low && port <= high && !(reserved->port[port / 64] & bit))
                count++;
            reserved->port[port / 64] |= bit;
        }
        at += part;
        if (text[at] == ',' && ++at == length)
            return -EBADMSG;
    }
    reserved->known = true;
    return count;
}

static int read_reserved(int sys_fd, const char *path, const struct knob_value knob[KNOB_COUNT],
                         struct reserved_ports *reserved, uint64_t *value, char reason[SOURCE_REASON_SIZE]) {
    struct figure low = knob[KNOB_PORT_RANGE_LOW].value, high = knob[KNOB_PORT_RANGE_HIGH].value;
    char text[TEXT_SIZE];
    CLEANUP_FREE char *long_text = NULL;

    int result = read_file_at(sys_fd, path, text, sizeof text);
    if (result == -EFBIG) {
        long_text = malloc(RESERVED_TEXT_SIZE);
        if (!long_text)
            return -ENOMEM;
        result = read_file_at(sys_fd, path, long_text, RESERVED_TEXT_SIZE);
    }
    if (result < 0)
        return result;
    bool range_known = figure_known(low) && figure_known(high) && low.value < PORTS && high.value < PORTS;
    result =
        reserved_ports_within(long_text ? long_text : text, range_known ? (unsigned int)low.value : PORTS,
                              range_known ? (unsigned int)high.value : PORTS, reserved);
    if (result < 0) {
        source_reason(reason, "%s: not a list of ports", knob_name(KNOB_PORTS_RESERVED));
        return result;
    }
    if (!range_known) {
        source_reason(reason, "%s: the range they belong to is unknown", knob_name(KNOB_PORTS_RESERVED));
        return -EBADMSG;
    }
    *value = (uint64_t)result;
    return 0;
}

int knobs_read(int sys_fd, struct knob_value knob[KNOB_COUNT], struct reserved_ports *reserved,
               char reason[SOURCE_REASON_SIZE]) {
    int failure = 0;

    reason[0] = '\0';
    reserved->known = false;
    for (size_t i = 0; i < KNOB_COUNT; i++) {
        char path[PATH_SIZE];
        uint64_t value = 0;

        knob_path((enum knob)i, path);
        int result = i == KNOB_PORTS_RESERVED ? read_reserved(sys_fd, path, knob, reserved, &value, reason)
                                              : read_plain(sys_fd, (enum knob)i, path, &value, reason);
        knob[i] = (struct knob_value){.value = FIGURE_NONE};
        if (result == -ENOENT) {
            knob[i].value = FIGURE_MISSING;
            continue;
        }
        if (result < 0) {
            source_reason(reason, "%s: %s", knob_name((enum knob)i), strerror(-result));
            failure = failure ? failure : result;
            continue;
        }
        knob[i] = (struct knob_value){FIGURE_OF(value), writable_by_mode(sys_fd, path)};
    }
    return failure;
}
