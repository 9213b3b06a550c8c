/* SPDX-License-Identifier: MIT */
/* A status.json of the test's own, and what status_view_read() makes of it. */
#ifndef SYNWAITD_TEST_STATUS_CASE_H
#define SYNWAITD_TEST_STATUS_CASE_H

#include "case.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "status_view.h"
#include "util.h"

static char directory[] = "/tmp/synwaitd-status-XXXXXX";
static char file_path[64];
static struct status_view view; /* large */
static char error[STATUS_ERROR_SIZE];

static inline int make_directory(void **state) {
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(file_path, sizeof file_path, "%s/" STATUS_FILE_NAME, directory);
    return 0;
}

static inline int remove_directory(void **state) {
    (void)state;
    unlink(file_path);
    return rmdir(directory);
}

static inline int read_bytes(const char *bytes, size_t length) {
    assert_int_equal(write_file_atomic(directory, STATUS_FILE_NAME, bytes, length, 0600), 0);
    return status_view_read(file_path, &view, error);
}

/* What the first synwaitd wrote. */
static const char oldest[] =
    "{'schema': 1, 'version': '0.0.1', 'time_usec': 1700000000123456, 'netns': 'host', 'ticks': 42,"
    " 'missed_ticks': 1, 'cpu_usec': 1500000, 'alerts_dropped': 0,"
    " 'states': {'LISTEN': 3, 'SYN-RECV': null},"
    " 'rates_per_sec': {'active_opens': 5},"
    " 'listeners': [{'local': '192.0.2.1:80', 'half_open': 1, 'half_open_limit': 128, 'accept_queue': 2,"
    "                'backlog': 128, 'limited_by': 'listen()'}],"
    " 'incidents': [{'id': '0123456789abcdef', 'problem': 'syn-flood', 'severity': 'critical',"
    "                'local': '192.0.2.1:80', 'cause': 'because', 'age_sec': 9}],"
    " 'degraded': {'/proc/net/snmp': 'Permission denied'}}";

/* What has been added since. */
static const char newer[] =
    "{'interval_usec': 1000000, 'ages_usec': {'LISTEN': 0, 'ports': 7000000},"
    " 'walk': {'age_usec': 1, 'count': 2, 'cpu_usec': 3, 'budget_allows_in_usec': 4, 'overdue': true},"
    " 'half_open': {'counted_by': 'iterator', 'age_usec': 0, 'iterator_fails': ''},"
    " 'history': {'step_usec': 5000000, 'points': 2, 'series': {'LISTEN': [3, null]}}}";

/* @return JSON in which ' stands for " */
static inline json_t *json_of(const char *text) {
    CLEANUP_FREE char *copy = strdup(text);
    json_error_t parse_error;

    assert_non_null(copy);
    for (char *at = copy; (at = strchr(at, '\''));)
        *at = '"';
    json_t *json = json_loads(copy, JSON_DECODE_ANY | JSON_ALLOW_NUL, &parse_error);
    if (!json)
        fail_msg("%s: %s", parse_error.text, text);
    return json;
}

/* Sets or removes one value, given as "walk.count" or "listeners.0.local". */
static inline void patch(json_t *root, const char *path, const char *value) {
    char key[64];
    size_t length = strcspn(path, ".");

    snprintf(key, sizeof key, "%.*s", (int)length, path);
    json_t *child =
        json_is_array(root) ? json_array_get(root, strtoul(key, NULL, 10)) : json_object_get(root, key);
    if (path[length] == '.')
        patch(child, path + length + 1, value);
    else if (json_is_array(root))
        assert_int_equal(json_array_set_new(root, strtoul(key, NULL, 10), json_of(value)), 0);
    else if (value)
        assert_int_equal(json_object_set_new(root, key, json_of(value)), 0);
    else
        assert_int_equal(json_object_del(root, key), 0);
}

static inline int read_json(json_t *root) {
    CLEANUP_FREE char *text = json_dumps(root, 0);

    assert_non_null(text);
    return read_bytes(text, strlen(text));
}

/* The error is one line without control characters, "FILE" and what is wrong. */
static inline void check_error(const char *name, const char *wanted) {
    for (const char *at = error; *at; at++)
        if ((unsigned char)*at < ' ' || *at == '\x7f')
            fail_msg("%s: control character: %s", name, error);
    if (strncmp(error, file_path, strlen(file_path)) != 0)
        fail_msg("%s: no path: %s", name, error);
    if (strcmp(error + strlen(file_path), wanted) != 0)
        fail_msg("%s:\n%s\nwanted\n%s", name, error + strlen(file_path), wanted);
}

static inline json_t *complete(void) {
    json_t *root = json_of(oldest), *more = json_of(newer);

    json_object_update(root, more);
    json_decref(more);
    return root;
}

#define NUMBER         "must be a whole number from 0 to 9223372036854775807"
#define NUMBER_OR_NULL NUMBER ", or null"
#define INTERVAL       "must be a whole number from 1 to 3600000000"

#endif
