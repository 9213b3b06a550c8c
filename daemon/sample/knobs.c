/* SPDX-License-Identifier: MIT */
#include "knobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    bool always_there;     /* in every kernel and namespace: without it something hides the files */
};

static const struct place places[KNOB_COUNT] = {
    [KNOB_PORT_RANGE_LOW] = {.field = 0, .fields = 2, .always_there = true},
    [KNOB_PORT_RANGE_HIGH] = {.field = 1, .fields = 2, .always_there = true},
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

void knob_files_init(struct knob_files *files) {
    for (size_t i = 0; i < KNOB_COUNT; i++)
        files->fd[i] = -1;
}

static void close_knob(struct knob_files *files, enum knob knob) {
    cleanup_fd(&files->fd[knob]);
    files->fd[knob] = -1;
}

void knob_files_close(struct knob_files *files) {
    for (size_t i = 0; i < KNOB_COUNT; i++)
        close_knob(files, (enum knob)i);
}

static int open_knob(struct knob_files *files, int sys_fd, enum knob knob) {
    char path[PATH_SIZE];
    struct stat status;

    knob_path(knob, path);
    files->fd[knob] = openat(sys_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (files->fd[knob] < 0)
        return -errno;
    files->writable[knob] = fstat(files->fd[knob], &status) == 0 && (status.st_mode & 0222) != 0;
    return 0;
}

/* One system call once the file is open: a sysctl is read whole from its start (proc_sysctl.c
   proc_sys_call_handler). @return 0 with @p text NUL-terminated, or -errno */
static int read_knob(struct knob_files *files, int sys_fd, enum knob knob, char *text, size_t size) {
    int result = files->fd[knob] < 0 ? open_knob(files, sys_fd, knob) : 0;
    ssize_t length;

    if (result < 0)
        return result;
    do
        length = pread(files->fd[knob], text, size, 0);
    while (length < 0 && errno == EINTR);
    if (length >= 0 && (size_t)length < size) {
        text[length] = '\0';
        return 0;
    }
    result = length < 0 ? -errno : -EFBIG;
    if (length < 0)
        close_knob(files, knob); /* as when the module is gone that made it */
    return result;
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

/* The bits of word @p word that stand for ports from @p first to @p last. */
static uint64_t bits_of(uint64_t word, uint64_t first, uint64_t last) {
    uint64_t bits = UINT64_MAX;

    if (word == first / 64)
        bits &= UINT64_MAX << (first % 64);
    if (word == last / 64)
        bits &= UINT64_MAX >> (63 - last % 64);
    return bits;
}

/* A word at a time: who writes the list may name a port many times. */
static void reserve(struct reserved_ports *reserved, uint64_t first, uint64_t last) {
    for (uint64_t word = first / 64; word <= last / 64; word++)
        reserved->port[word] |= bits_of(word, first, last);
}

static int count_within(const struct reserved_ports *reserved, uint64_t low, uint64_t high) {
    int count = 0;

    for (uint64_t word = low / 64; low <= high && high < PORTS && word <= high / 64; word++)
        count += __builtin_popcountll(reserved->port[word] & bits_of(word, low, high));
    return count;
}

int reserved_ports_within(const char *text, unsigned int low, unsigned int high,
                          struct reserved_ports *reserved) {
    size_t length = strcspn(text, "\n");
    uint64_t first, last;

    *reserved = (struct reserved_ports){0};
    for (size_t at = 0; at < length;) {
        size_t part = strcspn(text + at, ",\n");
        if (parse_range(text + at, part, &first, &last) < 0)
            return -EBADMSG;
        reserve(reserved, first, last);
        at += part;
        if (text[at] == ',' && ++at == length)
            return -EBADMSG;
    }
    reserved->known = true;
    return count_within(reserved, low, high);
}

/* @param text a short list; a longer one is read again */
static int read_reserved(struct knob_files *files, int sys_fd, int result, const char *text,
                         const struct knob_value knob[KNOB_COUNT], struct reserved_ports *reserved,
                         uint64_t *value, char reason[SOURCE_REASON_SIZE]) {
    static char long_text[RESERVED_TEXT_SIZE]; /* not resident unless it is needed */
    struct figure low = knob[KNOB_PORT_RANGE_LOW].value, high = knob[KNOB_PORT_RANGE_HIGH].value;

    if (result == -EFBIG) {
        text = long_text;
        result = read_knob(files, sys_fd, KNOB_PORTS_RESERVED, long_text, sizeof long_text);
    }
    if (result < 0)
        return result;
    bool range_known = figure_known(low) && figure_known(high) && low.value < PORTS && high.value < PORTS;
    result = reserved_ports_within(text, range_known ? (unsigned int)low.value : PORTS,
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

/* Values of one file stand side by side in enum knob. */
static bool shares_file(size_t knob) {
    return knob > 0 && strcmp(knob_name((enum knob)knob), knob_name((enum knob)(knob - 1))) == 0;
}

int knobs_read(struct knob_files *files, int sys_fd, struct knob_value knob[KNOB_COUNT],
               struct reserved_ports *reserved, char reason[SOURCE_REASON_SIZE]) {
    char text[TEXT_SIZE];
    int failure = 0, reading = 0;
    enum knob file = 0; /* that text is of */

    reason[0] = '\0';
    reserved->known = false;
    for (size_t i = 0; i < KNOB_COUNT; i++) {
        uint64_t value = 0;

        if (!shares_file(i)) {
            file = (enum knob)i;
            reading = read_knob(files, sys_fd, file, text, sizeof text);
        }
        int result = reading;
        if (i == KNOB_PORTS_RESERVED)
            result = read_reserved(files, sys_fd, reading, text, knob, reserved, &value, reason);
        else if (result == 0)
            result = pick_value((enum knob)i, text, &value, reason);
        knob[i] = (struct knob_value){.value = FIGURE_NONE, .writable = false}; /* gcc 10 warns without */
        if (result == -ENOENT && !places[i].always_there) {
            knob[i].value = FIGURE_MISSING;
            continue;
        }
        if (result < 0) {
            source_reason(reason, "%s: %s", knob_name((enum knob)i), strerror(-result));
            failure = failure ? failure : result;
            continue;
        }
        knob[i] = (struct knob_value){FIGURE_OF(value), files->writable[file]};
    }
    return failure;
}
