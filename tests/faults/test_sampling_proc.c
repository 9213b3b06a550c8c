/* SPDX-License-Identifier: MIT */
/*
 * The files of /proc/net, each damaged for a daemon of its own, which has a directory in place of its
 * /proc/PID/net: one real file there is the test's, the others lead to the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault.h"
#include "util.h"

enum { COLUMNS_MAX = 256, WORD_SIZE = 32, TEXT_SIZE = 16384 };

#define RULE      "{ enabled = true; warning = 500; critical = 1000000; hold = \"0s\"; clear = \"1h\"; };\n"
#define BACKWARDS "1000000000000"
#define RULES     "established = " RULE "orphans = " RULE "time-wait-overflow = " RULE

struct columns {
    char name[COLUMNS_MAX][WORD_SIZE], value[COLUMNS_MAX][WORD_SIZE];
    size_t count;
};

/* One file, and how to see that it is read. */
static const struct file {
    const char *name, *prefix;
    bool in_pairs;      /* "NAME VALUE NAME VALUE", else a line of names and one of values */
    const char *needed; /* a column that a condition rests on */
    const char *moved;  /* when this one rises, */
    const char *told;   /* this must be raised; NULL: it shows in status.json */
} files[] = {
    {"snmp", "Tcp:", false, "AttemptFails", "ActiveOpens", NULL},
    {"netstat", "TcpExt:", false, "ListenOverflows", "TCPTimeWaitOverflow", "time-wait-overflow"},
    {"sockstat", "TCP:", true, "tw", "orphan", "orphan-pressure"},
    {"sockstat6", "TCP6:", true, "inuse", "inuse", "established-pileup"},
};

/* @return "DIRECTORY/NAME", a directory for each file's daemon */
static const char *place(const struct file *file, const char *name) {
    char path[64];

    snprintf(path, sizeof path, "of-%s/%s", file->name, name);
    return fault_path(path);
}

static void write_text(const struct file *file, const char *text) {
    char path[64];

    snprintf(path, sizeof path, "of-%s/%s", file->name, file->name);
    fault_write(path, text);
}

static void read_columns(const struct file *file, struct columns *columns) {
    char path[64], text[TEXT_SIZE], *names_rest, *values_rest;
    size_t length = strlen(file->prefix);

    snprintf(path, sizeof path, "/proc/self/net/%s", file->name);
    assert_true(read_file_at(AT_FDCWD, path, text, sizeof text) > 0);
    char *names = strstr(text, file->prefix);
    assert_non_null(names);
    char *values = file->in_pairs ? NULL : strstr(names + length, file->prefix);
    names[strcspn(names, "\n")] = '\0';
    if (values)
        values[strcspn(values, "\n")] = '\0';
    columns->count = 0;
    char *name = strtok_r(names + length, " ", &names_rest);
    char *value = values ? strtok_r(values + length, " ", &values_rest) : NULL;
    while (name && columns->count < COLUMNS_MAX) {
        if (!values)
            value = strtok_r(NULL, " ", &names_rest);
        snprintf(columns->name[columns->count], WORD_SIZE, "%s", name);
        snprintf(columns->value[columns->count++], WORD_SIZE, "%s", value);
        name = strtok_r(NULL, " ", &names_rest);
        value = values ? strtok_r(NULL, " ", &values_rest) : NULL;
    }
    assert_in_range(columns->count, 1, COLUMNS_MAX - 1);
}

/* @return the file with these columns, between lines of others; valid until the next call */
static const char *format(const struct file *file, const struct columns *columns) {
    static char buffer[TEXT_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    text_add(&text, "Other: A 1\n%s", file->prefix);
    for (size_t i = 0; i < columns->count; i++)
        text_add(&text, file->in_pairs ? " %s %s" : " %s", columns->name[i], columns->value[i]);
    if (!file->in_pairs)
        text_add(&text, "\n%s", file->prefix);
    for (size_t i = 0; !file->in_pairs && i < columns->count; i++)
        text_add(&text, " %s", columns->value[i]);
    text_add(&text, "\nLater: B 2\n");
    return buffer;
}

static char *value_of(struct columns *columns, const char *name) {
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->name[i], name) == 0)
            return columns->value[i];
    fail_msg("no column %s", name);
    return NULL;
}

static void move_column(struct columns *columns, size_t to, size_t from) {
    memmove(columns->name[to], columns->name[from], WORD_SIZE);
    memmove(columns->value[to], columns->value[from], WORD_SIZE);
}

static void leave_out(struct columns *columns, const char *name) {
    size_t at = (size_t)(value_of(columns, name) - columns->value[0]) / WORD_SIZE;

    columns->count--;
    for (size_t i = at; i < columns->count; i++)
        move_column(columns, i, i + 1);
}

static void put_in(struct columns *columns, size_t at, const char *name, const char *value) {
    for (size_t i = columns->count++; i > at; i--)
        move_column(columns, i, i - 1);
    snprintf(columns->name[at], WORD_SIZE, "%s", name);
    snprintf(columns->value[at], WORD_SIZE, "%s", value);
}

static void reverse(struct columns *columns) {
    const struct columns old = *columns;

    for (size_t i = 0; i < old.count; i++) {
        memcpy(columns->name[i], old.name[old.count - 1 - i], WORD_SIZE);
        memcpy(columns->value[i], old.value[old.count - 1 - i], WORD_SIZE);
    }
}

/* Changes the columns as a row says. */
static void change(const char *how, const struct file *file, struct columns *columns) {
    if (strcmp(how, "reorder") == 0)
        reverse(columns);
    else if (strcmp(how, "leave out") == 0)
        leave_out(columns, file->needed);
    else if (strcmp(how, "beyond 64 bits") == 0)
        snprintf(value_of(columns, file->needed), WORD_SIZE, "99999999999999999999");
    else if (strcmp(how, "negative") == 0)
        snprintf(value_of(columns, file->needed), WORD_SIZE, "-1");
    else if (strcmp(how, "add") == 0) {
        put_in(columns, 0, "NewFirst", "4000000000");
        put_in(columns, columns->count / 2, "NewInside", "-1");
        put_in(columns, columns->count, "NewLast", "18446744073709551615");
    }
}

/* The file as it should be, or damaged. */
static void put_file(const char *how, const struct file *file, bool damaged) {
    const char *path = place(file, file->name);
    static struct columns columns;
    struct stat status;

    read_columns(file, &columns);
    if (damaged)
        change(how, file, &columns);
    const char *text = format(file, &columns);
    if (damaged && strcmp(how, "empty") == 0)
        text = "";
    if (damaged && strcmp(how, "cut") == 0)
        *(strstr(strchr(text, '\n') + 1, "\nLater:") - 1) = '\0';
    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
        assert_int_equal(unlink(path), 0);
    if (damaged && strcmp(how, "missing") == 0)
        return;
    if (damaged && strcmp(how, "read error") == 0)
        assert_int_equal(symlink("/proc/self/mem", path), 0); /* nothing is mapped at its start */
    else
        write_text(file, text);
    if (strcmp(how, "unreadable") == 0)
        assert_int_equal(chmod(path, damaged ? 0 : 0444), 0);
}

static struct lab_child *start(const struct file *own, const char *with) {
    char before[512], target[64];

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        snprintf(target, sizeof target, "/proc/thread-self/net/%s", files[i].name);
        if (&files[i] != own)
            assert_int_equal(symlink(target, place(own, files[i].name)), 0);
    }
    const char *directory = place(own, "");
    snprintf(before, sizeof before, "export RUNTIME_DIRECTORY=%s; mount --bind %s /proc/$$/net &&", directory,
             directory);
    return fault_start(DAEMON_SANITIZED, before, with);
}

static void start_all(const char *how, bool damaged, struct lab_child *daemon[ARRAY_SIZE(files)]) {
    fault_enter(RULES, "");
    fault_problem();
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        assert_int_equal(mkdir(place(&files[i], ""), 0755), 0);
        put_file(how, &files[i], damaged);
        /* Root reads what it may not, but for one without its capabilities. */
        daemon[i] = start(&files[i], strcmp(how, "unreadable") == 0 ? "setpriv --bounding-set=-all" : "");
    }
}

/* Damaged from the start, then mended; the problem has nothing to do with the file. */
static void be_told(const struct fault *fault) {
    struct lab_child *daemon[ARRAY_SIZE(files)];

    start_all(fault->inject, true, daemon);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char reason[128];
        snprintf(reason, sizeof reason, "%s: %s", files[i].name, fault->reason);
        fault_wait_degraded(daemon[i], reason, 1, 20);
        daemon_wait_alerts(daemon[i], FAULT_PROBLEM, "raised", 1, 20);
        fault_check_told(daemon[i], (const struct fault_told[]){{FAULT_BLIND, 1, 0}, {FAULT_PROBLEM, 1, 0}},
                         2);
        put_file(fault->inject, &files[i], false);
    }
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        daemon_wait_alerts(daemon[i], FAULT_BLIND, "cleared", 1, 20);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        fault_end(daemon[i], (const struct fault_told[]){{FAULT_BLIND, 1, 1}, {FAULT_PROBLEM, 1, 0}}, 2);
}

static bool is_seen(const struct file *file, const struct lab_child *daemon) {
    if (!file->told) {
        char path[64];
        snprintf(path, sizeof path, "of-%s/status.json", file->name);
        return fault_status(path, "rates_per_sec/active_opens") > 0;
    }
    json_t *alerts = daemon_alerts(daemon);
    bool seen = alerts_count(alerts, file->told, "raised") > 0;
    json_decref(alerts);
    return seen;
}

/* Lets a column rise until it is told of. */
static void move_until_seen(const struct fault *fault, const struct file *file,
                            const struct lab_child *daemon) {
    static struct columns columns;

    read_columns(file, &columns);
    change(fault->inject, file, &columns);
    for (unsigned int value = 1000; !is_seen(file, daemon); value += 1000) {
        if (value > 200000)
            fail_msg("%s: %s is not read", file->name, file->moved);
        snprintf(value_of(&columns, file->moved), WORD_SIZE, "%u", value);
        write_text(file, format(file, &columns));
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

/* Changed while the daemon runs: by position other counters would jump. */
static void be_read(const struct fault *fault) {
    struct lab_child *daemon[ARRAY_SIZE(files)];

    start_all(fault->inject, false, daemon);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        daemon_wait_alerts(daemon[i], FAULT_PROBLEM, "raised", 1, 20);
        put_file(fault->inject, &files[i], true);
    }
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        const struct fault_told told[] = {{FAULT_PROBLEM, 1, 0}, {files[i].told, 1, 0}};
        move_until_seen(fault, &files[i], daemon[i]);
        fault_end(daemon[i], told, files[i].told ? 2 : 1);
    }
}

/* Rises past the end of 32 or 64 bits, or from the start again, until it is told of: once, with its real
 * rate. */
static void count_on(const struct fault *fault) {
    const struct file *file = &files[1];
    static struct columns columns;
    uint64_t value = strtoull(fault->inject, NULL, 10);
    bool backwards = strcmp(fault->inject, BACKWARDS) == 0;

    fault_enter(RULES, "");
    assert_int_equal(mkdir(place(file, ""), 0755), 0);
    read_columns(file, &columns);
    snprintf(value_of(&columns, file->moved), WORD_SIZE, "%" PRIu64, value);
    write_text(file, format(file, &columns));
    struct lab_child *daemon = start(file, "");
    lab_wait_error(daemon, "counted by", 20);
    fault_wait_ticks("of-netstat/status.json", 5); /* it is no number that cannot be read */
    if (backwards)
        value /= 2;
    for (unsigned int i = 0; !is_seen(file, daemon); i++) {
        assert_true(i < 200);
        value = fault->reason ? (uint32_t)(value + 100) : value + 100;
        snprintf(value_of(&columns, file->moved), WORD_SIZE, "%" PRIu64, value);
        write_text(file, format(file, &columns));
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    fault_end(daemon, (const struct fault_told[]){{file->told, 1, 0}}, 1);
    json_t *alerts = daemon_alerts(daemon);
    const json_t *alert = alerts_find(alerts, file->told, "raised");
    assert_string_equal(alert_get(alert, "SYNWAITD_SEVERITY"), "warning");
    assert_in_range(alert_number(alert, "SYNWAITD_VALUE"), 500, 100000);
    json_decref(alerts);
    lab_release(daemon);
}

#define TOLD    "degraded after 3 ticks and says which file and why; other alerts come; over when it is mended"
#define COUNTED "no jump is told; what goes on rising is, once, with its real rate"
#define READ    "every column is found by its name: no false alert, and what rests on the file is told"

static const struct fault table[] = {
    {"/proc/net file unreadable", "mode 000, the daemon without capabilities", TOLD, be_told, "unreadable",
     "Permission denied"},
    {"/proc/net file missing", "not in the mounted directory", TOLD, be_told, "missing",
     "No such file or directory"},
    {"/proc/net read error", "a link to /proc/self/mem, whose start gives EIO", TOLD, be_told, "read error",
     "Input/output error"},
    {"/proc/net file empty", "0 bytes", TOLD, be_told, "empty", "no "},
    {"/proc/net file truncated", "cut in the middle of the line of values", TOLD, be_told, "cut",
     "no whole line"},
    {"/proc/net column missing", "one that a condition rests on", TOLD, be_told, "leave out", "no "},
    {"/proc/net number beyond 64 bits", "99999999999999999999", TOLD, be_told, "beyond 64 bits", ""},
    {"/proc/net number negative", "-1 in a column that a condition rests on", TOLD, be_told, "negative", ""},
    {"/proc/net columns added", "at both ends and inside, one of them -1 as MaxConn is", READ, be_read, "add",
     NULL},
    {"/proc/net columns reordered", "the last one first", READ, be_read, "reorder", NULL},
    {"counter goes backwards", "TCPTimeWaitOverflow from 1000000000000 to half of it", COUNTED, count_on,
     BACKWARDS, NULL},
    {"counter wraps at 32 bits", "TCPTimeWaitOverflow over 4294967295", COUNTED, count_on, "4294967000",
     "32"},
    {"counter wraps at 64 bits", "TCPTimeWaitOverflow over 18446744073709551615", COUNTED, count_on,
     "18446744073709551300", NULL},
};

int main(void) {
    return fault_main("test_sampling_proc", table, ARRAY_SIZE(table), NULL);
}
