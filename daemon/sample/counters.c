/* SPDX-License-Identifier: MIT */
/*
 * Columns are found by name: kernels add them in the middle of a line. A column that a condition rests on
 * must be there; the others are evidence, and older kernels lack some.
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
    const char *name;
    enum source source;
    bool required;
};

static const struct column columns[COUNTER_COUNT] = {
    [COUNTER_ACTIVE_OPENS] = {"ActiveOpens", SOURCE_SNMP, true},
    [COUNTER_PASSIVE_OPENS] = {"PassiveOpens", SOURCE_SNMP, true},
    [COUNTER_ATTEMPT_FAILS] = {"AttemptFails", SOURCE_SNMP, true},
    [COUNTER_ESTAB_RESETS] = {"EstabResets", SOURCE_SNMP, false},
    [COUNTER_OUT_RSTS] = {"OutRsts", SOURCE_SNMP, false},
    [COUNTER_RETRANS_SEGS] = {"RetransSegs", SOURCE_SNMP, false},
    [COUNTER_SYNCOOKIES_SENT] = {"SyncookiesSent", SOURCE_NETSTAT, true},
    [COUNTER_SYNCOOKIES_RECV] = {"SyncookiesRecv", SOURCE_NETSTAT, true},
    [COUNTER_SYNCOOKIES_FAILED] = {"SyncookiesFailed", SOURCE_NETSTAT, false},
    [COUNTER_EMBRYONIC_RSTS] = {"EmbryonicRsts", SOURCE_NETSTAT, false},
    [COUNTER_TIME_WAIT_CREATED] = {"TW", SOURCE_NETSTAT, false},
    [COUNTER_TIME_WAIT_RECYCLED] = {"TWRecycled", SOURCE_NETSTAT, false},
    [COUNTER_TIME_WAIT_OVERFLOW] = {"TCPTimeWaitOverflow", SOURCE_NETSTAT, true},
    [COUNTER_LISTEN_OVERFLOWS] = {"ListenOverflows", SOURCE_NETSTAT, true},
    [COUNTER_LISTEN_DROPS] = {"ListenDrops", SOURCE_NETSTAT, true},
    [COUNTER_REQ_QUEUE_FULL_COOKIES] = {"TCPReqQFullDoCookies", SOURCE_NETSTAT, true},
    [COUNTER_REQ_QUEUE_FULL_DROP] = {"TCPReqQFullDrop", SOURCE_NETSTAT, true},
    [COUNTER_TIMEOUTS] = {"TCPTimeouts", SOURCE_NETSTAT, false},
    [COUNTER_SYN_RETRANS] = {"TCPSynRetrans", SOURCE_NETSTAT, false},
    [COUNTER_ACK_SKIPPED_SYN_RECV] = {"TCPACKSkippedSynRecv", SOURCE_NETSTAT, false},
    [COUNTER_ABORT_ON_MEMORY] = {"TCPAbortOnMemory", SOURCE_NETSTAT, false},
    [COUNTER_ABORT_ON_TIMEOUT] = {"TCPAbortOnTimeout", SOURCE_NETSTAT, false},
    [COUNTER_MEMORY_PRESSURES] = {"TCPMemoryPressures", SOURCE_NETSTAT, false},
};

struct sockstat_key {
    const char *name;
    enum source source;
    enum gauge gauge;
};

static const struct sockstat_key sockstat_keys[] = {
    {"inuse", SOURCE_SOCKSTAT, GAUGE_INUSE},   {"orphan", SOURCE_SOCKSTAT, GAUGE_ORPHANS},
    {"tw", SOURCE_SOCKSTAT, GAUGE_TIME_WAIT},  {"mem", SOURCE_SOCKSTAT, GAUGE_MEMORY_PAGES},
    {"inuse", SOURCE_SOCKSTAT6, GAUGE_INUSE6},
};

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

static bool word_is(const struct word *word, const char *name) {
    return strncmp(word->start, name, word->length) == 0 && name[word->length] == '\0';
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

static struct figure read_number(enum source source, const struct word *name, const struct word *word,
                                 char reason[SOURCE_REASON_SIZE]) {
    uint64_t value;
    int result = decimal_parse(word->start, word->length, &value);

    if (result == 0)
        return FIGURE_OF(value);
    source_reason(reason, "%s: %.*s: \"%.*s\" is not a number%s", file_name(source), (int)name->length,
                  name->start, word->length > 32 ? 32 : (int)word->length, word->start,
                  result == -ERANGE ? " of 64 bits" : "");
    return FIGURE_NONE;
}

static void set_all(struct figure counter[COUNTER_COUNT], enum source source, struct figure figure) {
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        if (columns[i].source == source)
            counter[i] = figure;
}

static void take_columns(enum source source, const char *names, const char *values,
                         struct figure counter[COUNTER_COUNT], char reason[SOURCE_REASON_SIZE]) {
    struct word name, value;

    while (next_word(&names, &name) && next_word(&values, &value))
        for (size_t i = 0; i < COUNTER_COUNT; i++)
            if (columns[i].source == source && word_is(&name, columns[i].name))
                counter[i] = read_number(source, &name, &value, reason);
}

/* A column that a condition needs is unknown when missing, and worth a complaint. */
static void check_required(enum source source, struct figure counter[COUNTER_COUNT],
                           char reason[SOURCE_REASON_SIZE]) {
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        if (columns[i].source != source || !columns[i].required || counter[i].status != FIGURE_ABSENT)
            continue;
        counter[i] = FIGURE_NONE;
        source_reason(reason, "%s: no column %s", file_name(source), columns[i].name);
    }
}

int counters_parse(enum source source, const char *text, struct figure counter[COUNTER_COUNT],
                   char reason[SOURCE_REASON_SIZE]) {
    const char *prefix = source == SOURCE_SNMP ? "Tcp: " : "TcpExt: ";

    reason[0] = '\0';
    set_all(counter, source, FIGURE_NONE);
    const char *names = find_line(text, prefix);
    if (!names) {
        source_reason(reason, "%s: no line \"%s\"", file_name(source), prefix);
        return -EBADMSG;
    }
    const char *second = strchr(names, '\n') + 1;
    const char *values = find_line(second, prefix);
    if (!values || values != second + strlen(prefix)) {
        source_reason(reason, "%s: no whole line of values after the names of \"%s\"", file_name(source),
                      prefix);
        return -EBADMSG;
    }
    size_t name_count = count_words(names), value_count = count_words(values);
    if (name_count != value_count) {
        source_reason(reason, "%s: %zu names but %zu values in \"%s\"", file_name(source), name_count,
                      value_count, prefix);
        return -EBADMSG;
    }
    set_all(counter, source, FIGURE_MISSING);
    take_columns(source, names, values, counter, reason);
    check_required(source, counter, reason);
    return reason[0] == '\0' ? 0 : -EBADMSG;
}

/* Finds @p key in "inuse 5 orphan 0 ..."; false if it is not there with a value. */
static bool find_key(const char *line, const char *key, struct word *name, struct word *value) {
    while (next_word(&line, name) && next_word(&line, value))
        if (word_is(name, key))
            return true;
    return false;
}

int sockstat_parse(enum source source, const char *text, struct figure gauge[GAUGE_COUNT],
                   char reason[SOURCE_REASON_SIZE]) {
    const char *prefix = source == SOURCE_SOCKSTAT ? "TCP: " : "TCP6: ";
    const char *line = find_line(text, prefix);
    struct word name, value;

    reason[0] = '\0';
    if (!line)
        source_reason(reason, "%s: no whole line \"%s\"", file_name(source), prefix);
    for (size_t i = 0; i < ARRAY_SIZE(sockstat_keys); i++) {
        const struct sockstat_key *key = &sockstat_keys[i];
        if (key->source != source)
            continue;
        gauge[key->gauge] = FIGURE_NONE;
        if (!line)
            continue;
        if (find_key(line, key->name, &name, &value))
            gauge[key->gauge] = read_number(source, &name, &value, reason);
        else
            source_reason(reason, "%s: no value %s in \"%s\"", file_name(source), key->name, prefix);
    }
    return reason[0] == '\0' ? 0 : -EBADMSG;
}
