/* SPDX-License-Identifier: MIT */
/*
 * Columns are found by name: kernels add them in the middle of a line. A column that a condition rests on
 * must be there; the others are evidence, and older kernels lack some. Each file is gone through once.
 */
#include "counters.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "decimal.h"
#include "source_status.h"
#include "util.h"

struct word {
    const char *start;
    size_t length;
};

struct column {
    char name[24]; /* in place: pointers would cost a relocation each */
    uint8_t length;
    uint8_t index; /* enum counter or enum gauge */
    bool required;
};

#define COLUMN(name, index, required)                                                                        \
    { name, sizeof(name) - 1, index, required }

/* Each table ascends by length, then by name. */
static const struct column snmp_columns[] = {
    COLUMN("OutRsts", COUNTER_OUT_RSTS, false),          COLUMN("ActiveOpens", COUNTER_ACTIVE_OPENS, true),
    COLUMN("EstabResets", COUNTER_ESTAB_RESETS, false),  COLUMN("RetransSegs", COUNTER_RETRANS_SEGS, false),
    COLUMN("AttemptFails", COUNTER_ATTEMPT_FAILS, true), COLUMN("PassiveOpens", COUNTER_PASSIVE_OPENS, true),
};

static const struct column netstat_columns[] = {
    COLUMN("TW", COUNTER_TIME_WAIT_CREATED, false),
    COLUMN("TWRecycled", COUNTER_TIME_WAIT_RECYCLED, false),
    COLUMN("ListenDrops", COUNTER_LISTEN_DROPS, true),
    COLUMN("TCPTimeouts", COUNTER_TIMEOUTS, false),
    COLUMN("EmbryonicRsts", COUNTER_EMBRYONIC_RSTS, false),
    COLUMN("TCPSynRetrans", COUNTER_SYN_RETRANS, false),
    COLUMN("SyncookiesRecv", COUNTER_SYNCOOKIES_RECV, true),
    COLUMN("SyncookiesSent", COUNTER_SYNCOOKIES_SENT, true),
    COLUMN("ListenOverflows", COUNTER_LISTEN_OVERFLOWS, true),
    COLUMN("TCPReqQFullDrop", COUNTER_REQ_QUEUE_FULL_DROP, true),
    COLUMN("SyncookiesFailed", COUNTER_SYNCOOKIES_FAILED, false),
    COLUMN("TCPAbortOnMemory", COUNTER_ABORT_ON_MEMORY, false),
    COLUMN("TCPAbortOnTimeout", COUNTER_ABORT_ON_TIMEOUT, false),
    COLUMN("TCPMemoryPressures", COUNTER_MEMORY_PRESSURES, false),
    COLUMN("TCPTimeWaitOverflow", COUNTER_TIME_WAIT_OVERFLOW, true),
    COLUMN("TCPACKSkippedSynRecv", COUNTER_ACK_SKIPPED_SYN_RECV, false),
    COLUMN("TCPReqQFullDoCookies", COUNTER_REQ_QUEUE_FULL_COOKIES, true),
};

static const struct column sockstat_columns[] = {
    COLUMN("tw", GAUGE_TIME_WAIT, true),
    COLUMN("mem", GAUGE_MEMORY_PAGES, true),
    COLUMN("inuse", GAUGE_INUSE, true),
    COLUMN("orphan", GAUGE_ORPHANS, true),
};

static const struct column sockstat6_columns[] = {
    COLUMN("inuse", GAUGE_INUSE6, true),
};

/* What is read of one file, and where to. */
struct reading {
    enum source source;
    const char *prefix; /* of the lines */
    const struct column *column;
    size_t column_count;
    struct figure *figure;
    char *reason;
};

#define READ_BY(table) .column = (table), .column_count = ARRAY_SIZE(table)

static const char *file_name(enum source source) {
    return strrchr(source_name(source), '/') + 1;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Takes the next word of a line; false at its end. */
static bool next_word(const char **cursor, struct word *word) {
    const char *at = *cursor;

    while (is_blank(*at))
        at++;
    word->start = at;
    while (*at != '\0' && *at != '\n' && !is_blank(*at))
        at++;
    word->length = (size_t)(at - word->start);
    *cursor = at;
    return word->length > 0;
}

/* Finds the first whole line that starts with @p prefix; gives what follows the prefix, or NULL. */
static const char *find_line(const char *text, const char *prefix) {
    size_t length = strlen(prefix);

    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        if (strncmp(text, prefix, length) == 0)
            return text + length;
    return NULL;
}

static size_t count_words(const char *line) {
    struct word word;
    size_t count = 0;

    while (next_word(&line, &word))
        count++;
    return count;
}

static int compare(const struct word *name, const struct column *column) {
    if (name->length != column->length)
        return name->length < column->length ? -1 : 1;
    return memcmp(name->start, column->name, name->length);
}

/* @return NULL for one that is not asked for, as most are */
static const struct column *find_column(const struct reading *reading, const struct word *name) {
    size_t first = 0, end = reading->column_count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = compare(name, &reading->column[middle]);
        if (order == 0)
            return &reading->column[middle];
        if (order < 0)
            end = middle;
        else
            first = middle + 1;
    }
    return NULL;
}

static void set_all(const struct reading *reading, struct figure figure) {
    for (size_t i = 0; i < reading->column_count; i++)
        reading->figure[reading->column[i].index] = figure;
}

static void take(const struct reading *reading, const struct word *name, const struct word *value) {
    const struct column *column = find_column(reading, name);
    uint64_t number;

    if (!column)
        return;
    int result = decimal_parse(value->start, value->length, &number);
    reading->figure[column->index] = result == 0 ? FIGURE_OF(number) : FIGURE_NONE;
    if (result < 0)
        source_reason(reading->reason, "%s: %s: \"%.*s\" is not a number%s", file_name(reading->source),
                      column->name, value->length > 32 ? 32 : (int)value->length, value->start,
                      result == -ERANGE ? " of 64 bits" : "");
}

/* What was not met is absent, but unknown if a condition needs it. @return the first of those, or NULL */
static const char *find_missing(const struct reading *reading) {
    const char *missing = NULL;

    for (size_t i = 0; i < reading->column_count; i++) {
        struct figure *figure = &reading->figure[reading->column[i].index];
        if (!reading->column[i].required || figure->status != FIGURE_ABSENT)
            continue;
        *figure = FIGURE_NONE;
        if (!missing)
            missing = reading->column[i].name;
    }
    return missing;
}

/* Goes through the line of names and the line of values side by side. @return whether they match */
static bool take_lines(const struct reading *reading, const char *names, const char *values) {
    size_t name_count = 0, value_count = 0;
    struct word name, value;

    set_all(reading, FIGURE_MISSING);
    for (;;) {
        bool named = next_word(&names, &name), valued = next_word(&values, &value);
        name_count += named;
        value_count += valued;
        if (!named || !valued)
            break;
        take(reading, &name, &value);
    }
    name_count += count_words(names);
    value_count += count_words(values);
    if (name_count == value_count)
        return true;
    set_all(reading, FIGURE_NONE);
    reading->reason[0] = '\0'; /* of a number that was none: a lesser matter now */
    source_reason(reading->reason, "%s: %zu names but %zu values in \"%s\"", file_name(reading->source),
                  name_count, value_count, reading->prefix);
    return false;
}

int counters_parse(enum source source, const char *text, struct figure counter[COUNTER_COUNT],
                   char reason[SOURCE_REASON_SIZE]) {
    static const struct reading of_snmp = {.prefix = "Tcp: ", READ_BY(snmp_columns)};
    static const struct reading of_netstat = {.prefix = "TcpExt: ", READ_BY(netstat_columns)};
    struct reading reading = source == SOURCE_SNMP ? of_snmp : of_netstat;

    reading.source = source;
    reading.figure = counter;
    reading.reason = reason;
    reason[0] = '\0';
    set_all(&reading, FIGURE_NONE);
    const char *names = find_line(text, reading.prefix);
    if (!names) {
        source_reason(reason, "%s: no line \"%s\"", file_name(source), reading.prefix);
        return -EBADMSG;
    }
    const char *second = strchr(names, '\n') + 1;
    const char *values = find_line(second, reading.prefix);
    if (!values || values != second + strlen(reading.prefix)) {
        source_reason(reason, "%s: no whole line of values after the names of \"%s\"", file_name(source),
                      reading.prefix);
        return -EBADMSG;
    }
    if (!take_lines(&reading, names, values))
        return -EBADMSG;
    const char *missing = find_missing(&reading);
    if (missing)
        source_reason(reason, "%s: no column %s", file_name(source), missing);
    return reason[0] == '\0' ? 0 : -EBADMSG;
}

int sockstat_parse(enum source source, const char *text, struct figure gauge[GAUGE_COUNT],
                   char reason[SOURCE_REASON_SIZE]) {
    static const struct reading of_sockstat = {.prefix = "TCP: ", READ_BY(sockstat_columns)};
    static const struct reading of_sockstat6 = {.prefix = "TCP6: ", READ_BY(sockstat6_columns)};
    struct reading reading = source == SOURCE_SOCKSTAT ? of_sockstat : of_sockstat6;
    struct word name, value;

    reading.source = source;
    reading.figure = gauge;
    reading.reason = reason;
    reason[0] = '\0';
    set_all(&reading, FIGURE_NONE);
    const char *line = find_line(text, reading.prefix);
    if (!line) {
        source_reason(reason, "%s: no whole line \"%s\"", file_name(source), reading.prefix);
        return -EBADMSG;
    }
    set_all(&reading, FIGURE_MISSING);
    while (next_word(&line, &name) && next_word(&line, &value))
        take(&reading, &name, &value);
    const char *missing = find_missing(&reading);
    if (missing)
        source_reason(reason, "%s: no value %s in \"%s\"", file_name(source), missing, reading.prefix);
    return reason[0] == '\0' ? 0 : -EBADMSG;
}
