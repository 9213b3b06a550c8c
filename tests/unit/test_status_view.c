/* SPDX-License-Identifier: MIT */
/* status.json as others may have written it: what is read of it, and what is said of a bad one. */
#include "case.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "status_view.h"
#include "util.h"

static char directory[] = "/tmp/synwaitd-status-XXXXXX";
static char file_path[64];
static struct status_view view; /* large */
static char error[STATUS_ERROR_SIZE];

static int make_directory(void **state) {
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(file_path, sizeof file_path, "%s/" STATUS_FILE_NAME, directory);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    unlink(file_path);
    return rmdir(directory);
}

static int read_bytes(const char *bytes, size_t length) {
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
static json_t *json_of(const char *text) {
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
static void patch(json_t *root, const char *path, const char *value) {
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

static int read_json(json_t *root) {
    CLEANUP_FREE char *text = json_dumps(root, 0);

    assert_non_null(text);
    return read_bytes(text, strlen(text));
}

/* The error is one line without control characters, "FILE" and what is wrong. */
static void check_error(const char *name, const char *wanted) {
    for (const char *at = error; *at; at++)
        if ((unsigned char)*at < ' ' || *at == '\x7f')
            fail_msg("%s: control character: %s", name, error);
    if (strncmp(error, file_path, strlen(file_path)) != 0)
        fail_msg("%s: no path: %s", name, error);
    if (strcmp(error + strlen(file_path), wanted) != 0)
        fail_msg("%s:\n%s\nwanted\n%s", name, error + strlen(file_path), wanted);
}

static json_t *complete(void) {
    json_t *root = json_of(oldest), *more = json_of(newer);

    json_object_update(root, more);
    json_decref(more);
    return root;
}

#define NUMBER         "must be a whole number from 0 to 9223372036854775807"
#define NUMBER_OR_NULL NUMBER ", or null"
#define INTERVAL       "must be a whole number from 1 to 3600000000"

/* One value that is wrong. */
static void test_wrong_values(void **state) {
    static const struct {
        const char *path, *value, *error;
    } rows[] = {
        {"schema", NULL, ": schema: is missing"},
        {"schema", "2", ": schema: is 2, must be 1, which is what synwaitctl " SYNWAITD_VERSION " reads"},
        {"schema", "0", ": schema: is 0, must be 1, which is what synwaitctl " SYNWAITD_VERSION " reads"},
        {"schema", "'1'", ": schema: " NUMBER},
        {"version", NULL, ": version: is missing"},
        {"version", "1", ": version: must be a string"},
        {"time_usec", NULL, ": time_usec: is missing"},
        {"time_usec", "-1", ": time_usec: " NUMBER},
        {"time_usec", "-9223372036854775808", ": time_usec: " NUMBER},
        {"time_usec", "1.5", ": time_usec: " NUMBER},
        {"time_usec", "1e300", ": time_usec: " NUMBER},
        {"time_usec", "null", ": time_usec: " NUMBER},
        {"time_usec", "true", ": time_usec: " NUMBER},
        {"interval_usec", "0", ": interval_usec: " INTERVAL},
        {"interval_usec", "3600000001", ": interval_usec: " INTERVAL},
        {"interval_usec", "'1s'", ": interval_usec: " NUMBER},
        {"netns", NULL, ": netns: is missing"},
        {"ticks", NULL, ": ticks: is missing"},
        {"missed_ticks", "-3", ": missed_ticks: " NUMBER},
        {"cpu_usec", "[]", ": cpu_usec: " NUMBER},
        {"alerts_dropped", "{}", ": alerts_dropped: " NUMBER},
        {"states", NULL, ": states: is missing"},
        {"states", "[]", ": states: must be an object"},
        {"states", "null", ": states: must be an object"},
        {"states.LISTEN", "-1", ": states.LISTEN: " NUMBER_OR_NULL},
        {"states.LISTEN", "'3'", ": states.LISTEN: " NUMBER_OR_NULL},
        {"states.TIME-WAIT", "0.5", ": states.TIME-WAIT: " NUMBER_OR_NULL},
        {"ages_usec", "5", ": ages_usec: must be an object"},
        {"ages_usec.ports", "-5", ": ages_usec.ports: " NUMBER_OR_NULL},
        {"walk", "null", ": walk: must be an object"},
        {"walk.count", NULL, ": walk.count: is missing"},
        {"walk.overdue", "1", ": walk.overdue: must be true or false"},
        {"walk.overdue", NULL, ": walk.overdue: is missing"},
        {"walk.age_usec", "[1]", ": walk.age_usec: " NUMBER_OR_NULL},
        {"half_open.counted_by", "'guess'", ": half_open.counted_by: must be \"iterator\" or \"walk\""},
        {"half_open.counted_by", "'iterator, all'",
         ": half_open.counted_by: must be \"iterator\" or \"walk\""},
        {"half_open.counted_by", NULL, ": half_open.counted_by: is missing"},
        {"half_open.iterator_fails", "7", ": half_open.iterator_fails: must be a string"},
        {"rates_per_sec", "'fast'", ": rates_per_sec: must be an object"},
        {"rates_per_sec.active_opens", "true", ": rates_per_sec.active_opens: " NUMBER_OR_NULL},
        {"listeners", NULL, ": listeners: is missing"},
        {"listeners", "{}", ": listeners: must be an array"},
        {"listeners", "[1,2,3,4,5,6,7,8,9,10,11]", ": listeners: must have at most 10 items"},
        {"listeners.0", "7", ": listeners[0]: must be an object"},
        {"listeners.0", "null", ": listeners[0]: must be an object"},
        {"listeners.0.local", NULL, ": listeners[0].local: is missing"},
        {"listeners.0.half_open", "-7", ": listeners[0].half_open: " NUMBER_OR_NULL},
        {"listeners.0.backlog", "null", ": listeners[0].backlog: " NUMBER},
        {"incidents", "'none'", ": incidents: must be an array"},
        {"incidents.0", "[]", ": incidents[0]: must be an object"},
        {"incidents.0.cause", NULL, ": incidents[0].cause: is missing"},
        {"incidents.0.severity", "4", ": incidents[0].severity: must be a string"},
        {"incidents.0.unit", "null", ": incidents[0].unit: must be a string"},
        {"incidents.0.age_sec", "-1", ": incidents[0].age_sec: " NUMBER},
        {"degraded", "[]", ": degraded: must be an object"},
        {"degraded", "{'1':'','2':'','3':'','4':'','5':'','6':'','7':'','8':'','9':''}",
         ": degraded: must have at most 8 members"},
        {"degraded./proc/net/snmp", "null", ": degraded./proc/net/snmp: must be a string"},
        {"degraded.\x1b[2J", "null", ": degraded.?[2J: must be a string"},
        {"history", "[]", ": history: must be an object"},
        {"history.step_usec", "0", ": history.step_usec: must be at least 1"},
        {"history.step_usec", NULL, ": history.step_usec: is missing"},
        {"history.points", "61", ": history.points: must be at most 60"},
        {"history.points", "9223372036854775807", ": history.points: must be at most 60"},
        {"history.points", "3",
         ": history.series.LISTEN: must be an array of 3 items, as history.points says"},
        {"history.series", NULL, ": history.series: is missing"},
        {"history.series", "0", ": history.series: must be an object"},
        {"history.series.LISTEN", "9",
         ": history.series.LISTEN: must be an array of 2 items, as history.points says"},
        {"history.series.LISTEN", "[1, -2]", ": history.series.LISTEN: " NUMBER_OR_NULL},
        {"history.series.LISTEN", "[1, 'two']", ": history.series.LISTEN: " NUMBER_OR_NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char name[128];
        json_t *root = complete();
        snprintf(name, sizeof name, "%s = %s", rows[i].path, rows[i].value ? rows[i].value : "(none)");
        patch(root, rows[i].path, rows[i].value);
        check_row(name, read_json(root), -EBADMSG);
        check_error(name, rows[i].error);
        json_decref(root);
    }
}

/* Jansson's own words may change a little. */
static void check_syntax_error(const char *name, int line, const char *hint) {
    char place[96];

    snprintf(place, sizeof place, "%s:%d:", file_path, line);
    if (strncmp(error, place, strlen(place)) != 0 || !strstr(error, ": must be a JSON object: ") ||
        !strstr(error, hint))
        fail_msg("%s: %s", name, error);
    for (const char *at = error; *at; at++)
        if ((unsigned char)*at < ' ' || *at == '\x7f')
            fail_msg("%s: control character: %s", name, error);
}

static void test_wrong_syntax(void **state) {
    static const struct {
        const char *name, *bytes;
        int line;
        const char *hint;
        size_t length; /* 0: of the string */
    } rows[] = {
        {"blank", " \n", 2, "near end of file", 0},
        {"no JSON", "TCP: inuse 5", 1, "'{' expected", 0},
        {"a number", "1", 1, "'{' expected", 0},
        {"half-written", "{\n \"schema\": 1,\n \"ver", 3, "premature end", 0},
        {"something behind it", "{}\n{}", 2, "end of file expected", 0},
        {"duplicate key", "{\"schema\": 1, \"schema\": 1}", 1, "duplicate", 0},
        {"escape sequence", "{\x1b[31m", 1, "near '?'", 0},
        {"escape sequence in a string", "{\"\x1b[31m\": 1}", 1, "control character", 0},
        {"invalid UTF-8", "{\"a\": \"\xC3(\"}", 1, "unable to decode", 0},
        {"overlong", "{\"a\": \"\xC0\xAF\"}", 1, "unable to decode", 0},
        {"NUL byte", "{\"a\": \0}", 1, "invalid token", 8},
        {"escaped NUL", "{\"a\": \"\\u0000\"}", 1, "not allowed", 0},
        {"NUL in a key", "{\"a\\u0000\": 1}", 1, "NUL", 0},
        {"lone surrogate", "{\"a\": \"\\ud800\"}", 1, "invalid Unicode", 0},
        {"beyond 64 bits", "{\"schema\": 9223372036854775808}", 1, "too big integer", 0},
        {"far below", "{\"schema\": -99999999999999999999}", 1, "too big negative integer", 0},
        {"not a number", "{\"schema\": NaN}", 1, "invalid token", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t length = rows[i].length ? rows[i].length : strlen(rows[i].bytes);
        check_row(rows[i].name, read_bytes(rows[i].bytes, length), -EBADMSG);
        check_syntax_error(rows[i].name, rows[i].line, rows[i].hint);
    }
    assert_int_equal(read_bytes("", 0), -EBADMSG);
    check_error("empty", ": is empty: must be a JSON object");
    assert_int_equal(read_bytes("[{}]", 4), -EBADMSG);
    check_error("an array", ": must be a JSON object");
}

/* @return memory of @p count times @p piece, between two strings; released with free() */
static char *repeat(const char *before, const char *piece, size_t count, const char *after) {
    size_t size = strlen(before) + count * strlen(piece) + strlen(after) + 1;
    char *text = malloc(size);
    struct text out = text_in(text, size);

    assert_non_null(text);
    text_put_string(&out, before);
    for (size_t i = 0; i < count; i++)
        text_put_string(&out, piece);
    text_put_string(&out, after);
    return text;
}

static void test_too_large(void **state) {
    static const struct {
        const char *name, *before, *piece;
        size_t count;
        const char *after;
    } rows[] = {
        {"a million listeners", "{\"schema\": 1, \"listeners\": [{}", ",{}", 1000000, "]}"},
        {"one byte too many", "", " ", 256 * 1024 + 1, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP_FREE char *text = repeat(rows[i].before, rows[i].piece, rows[i].count, rows[i].after);
        check_row(rows[i].name, read_bytes(text, strlen(text)), -EBADMSG);
        check_error(rows[i].name, ": must have at most 262144 bytes");
    }
    CLEANUP_FREE char *largest = repeat("", " ", 256 * 1024, "");
    assert_int_equal(read_bytes(largest, strlen(largest)), -EBADMSG);
    check_syntax_error("as large as it may be", 1, "near end of file");
}

static void test_too_deep(void **state) {
    static const struct {
        const char *name, *before, *piece;
        size_t count;
    } rows[] = {
        {"100,000 levels of arrays", "{\"a\":", "[", 100000},
        {"40,000 levels of objects", "", "{\"a\":", 40000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP_FREE char *text = repeat(rows[i].before, rows[i].piece, rows[i].count, "");
        check_row(rows[i].name, read_bytes(text, strlen(text)), -EBADMSG);
        check_syntax_error(rows[i].name, 1, "maximum parsing depth");
    }
    CLEANUP_FREE char *wide = repeat("{\"schema\": 1, \"a\": [{}", ",{}", 80000, "]}");
    assert_int_equal(read_bytes(wide, strlen(wide)), -EBADMSG);
    check_error("80,000 values of an unknown key", ": version: is missing");
}

/* All that may stand at the path and is no such file; none of them keeps us waiting. */
static void test_no_file(void **state) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char link_path[80];

    (void)state;
    alarm(60);
    unlink(file_path);
    assert_int_equal(status_view_read(file_path, &view, error), -ENOENT);
    check_error("nothing", ": No such file or directory");
    assert_int_equal(mkdir(file_path, 0700), 0);
    assert_int_equal(status_view_read(file_path, &view, error), -EBADMSG);
    check_error("directory", ": must be a regular file");
    rmdir(file_path);
    assert_int_equal(mkfifo(file_path, 0600), 0);
    assert_int_equal(status_view_read(file_path, &view, error), -EBADMSG);
    check_error("FIFO", ": must be a regular file");
    unlink(file_path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", file_path);
    CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(status_view_read(file_path, &view, error), -ENXIO);
    unlink(file_path);
    assert_int_equal(read_bytes("{}", 2), -EBADMSG);
    snprintf(link_path, sizeof link_path, "%s/link", directory);
    assert_int_equal(symlink(file_path, link_path), 0);
    assert_int_equal(status_view_read(link_path, &view, error), -ELOOP);
    assert_non_null(strstr(error, "/link: Too many levels of symbolic links: must be the file itself"));
    unlink(link_path);
    assert_int_equal(status_view_read("/dev/zero", &view, error), -EBADMSG);
    assert_string_equal(error, "/dev/zero: must be a regular file");
    alarm(0);
}

/* As systemd has it with DynamicUser=. */
static void test_directory_may_be_a_link(void **state) {
    char link_path[80], path[128];
    json_t *root = complete();

    (void)state;
    snprintf(link_path, sizeof link_path, "%s-link", directory);
    assert_int_equal(symlink(directory, link_path), 0);
    assert_int_equal(read_json(root), 0);
    json_decref(root);
    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, link_path);
    int result = status_view_read(path, &view, error);
    unlink(link_path);
    assert_int_equal(result, 0);
}

/* A path can be longer than the error. */
static void test_long_path(void **state) {
    CLEANUP_FREE char *path = repeat("/nonexistent/",
                                     "\x1b"
                                     "01234567/",
                                     300, "status.json");

    (void)state;
    assert_int_equal(status_view_read(path, &view, error), -ENOENT);
    assert_non_null(strstr(error, "/?01234567/"));
    assert_non_null(strstr(error, ": No such file or directory"));
}

static void test_complete(void **state) {
    json_t *root = complete();

    (void)state;
    assert_int_equal(read_json(root), 0);
    json_decref(root);
    assert_string_equal(error, "");
    assert_string_equal(view.version, "0.0.1");
    assert_string_equal(view.netns, "host");
    assert_int_equal(view.time_usec, 1700000000123456);
    assert_int_equal(view.interval_usec, 1000000);
    assert_int_equal(view.ticks, 42);
    assert_int_equal(view.missed_ticks, 1);
    assert_int_equal(view.cpu_usec, 1500000);
    assert_int_equal(figure_or(view.state[STATE_LISTEN], 99), 3);
    assert_false(figure_known(view.state[STATE_SYN_RECV]));
    assert_false(figure_known(view.state[STATE_TIME_WAIT]));
    assert_int_equal(figure_or(view.state_age_usec[STATE_LISTEN], 99), 0);
    assert_int_equal(figure_or(view.ports_age_usec, 0), 7000000);
    assert_int_equal(figure_or(view.walk.age_usec, 0), 1);
    assert_int_equal(view.walk.count, 2);
    assert_int_equal(view.walk.cpu_usec, 3);
    assert_int_equal(view.walk.budget_allows_in_usec, 4);
    assert_true(view.walk.overdue);
    assert_true(view.walk.known);
    assert_true(view.half_open.known);
    assert_true(view.half_open.by_iterator);
    assert_int_equal(figure_or(view.rate[RATE_ACTIVE_OPENS], 0), 5);
    assert_false(figure_known(view.rate[RATE_COOKIES_SENT]));
    assert_int_equal(view.listener_count, 1);
    assert_string_equal(view.listener[0].local, "192.0.2.1:80");
    assert_int_equal(view.listener[0].accept_queue, 2);
    assert_int_equal(view.incident_count, 1);
    assert_string_equal(view.incident[0].problem, "syn-flood");
    assert_string_equal(view.incident[0].unit, "");
    assert_int_equal(view.incident[0].age_sec, 9);
    assert_int_equal(view.degraded_count, 1);
    assert_string_equal(view.degraded[0].source, "/proc/net/snmp");
    assert_string_equal(view.degraded[0].reason, "Permission denied");
    assert_int_equal(view.history_step_usec, 5000000);
    assert_int_equal(view.history_count, 2);
    assert_int_equal(figure_or(view.history[STATE_LISTEN][0], 0), 3);
    assert_false(figure_known(view.history[STATE_LISTEN][1]));
    assert_false(figure_known(view.history[STATE_CLOSING][0])); /* has no series */
}

static void test_oldest(void **state) {
    json_t *root = json_of(oldest);

    (void)state;
    assert_int_equal(read_json(root), 0);
    json_decref(root);
    assert_int_equal(view.interval_usec, 0);
    assert_int_equal(view.history_step_usec, 0);
    assert_int_equal(view.history_count, 0);
    assert_false(view.walk.known);
    assert_false(view.half_open.known);
    assert_false(figure_known(view.half_open.age_usec));
    assert_false(figure_known(view.walk.age_usec));
    assert_false(figure_known(view.state_age_usec[STATE_LISTEN]));
}

/* What a later version adds is passed over. */
static void test_unknown_keys(void **state) {
    static const char *const places[] = {
        "new",         "states.NEW-STATE",        "walk.new", "listeners.0.new", "incidents.0.new",
        "history.new", "history.series.NEW-STATE"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        json_t *root = complete();
        patch(root, places[i], "[{'a': 1}, 'b', null, -2]");
        check_row(places[i], read_json(root), 0);
        json_decref(root);
    }
}

static void test_huge_numbers(void **state) {
    static const char *const places[] = {"time_usec",
                                         "ticks",
                                         "states.LISTEN",
                                         "walk.age_usec",
                                         "listeners.0.half_open",
                                         "incidents.0.age_sec",
                                         "history.series.LISTEN.0",
                                         "history.step_usec"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        json_t *root = complete();
        patch(root, places[i], "9223372036854775807");
        check_row(places[i], read_json(root), 0);
        json_decref(root);
    }
    assert_int_equal(view.history_step_usec, INT64_MAX);
}

/* Strings with control characters are cleaned, long ones are cut at whole characters. */
static void test_strings(void **state) {
    static const struct {
        const char *name, *value, *wanted;
    } rows[] = {
        {"escape sequence", "'a\\u001b[2Jb'", "a?[2Jb"},
        {"OSC and BEL", "'\\u001b]0;x\\u0007'", "?]0;x?"},
        {"line end and tab", "'a\\n\\tb\\r'", "a??b?"},
        {"DEL and C1", "'\\u007f\\u009b'", "???"},
        {"UTF-8", "'\\u00e4\\u20ac'", "\xC3\xA4\xE2\x82\xAC"},
        {"31 bytes", "'1234567890123456789012345678901'", "1234567890123456789012345678901"},
        {"cut", "'12345678901234567890123456789012'", "1234567890123456789012345678901"},
        {"cut at a whole character", "'123456789012345678901234567890\\u20ac'",
         "123456789012345678901234567890"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *root = complete();
        patch(root, "incidents.0.problem", rows[i].value);
        check_row(rows[i].name, read_json(root), 0);
        if (strcmp(view.incident[0].problem, rows[i].wanted) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", rows[i].name, view.incident[0].problem, rows[i].wanted);
        json_decref(root);
    }
}

static void test_stale(void **state) {
    static const struct {
        const char *name;
        uint64_t interval_msec, time_msec, now_msec;
        bool stale;
    } rows[] = {
        {"just written", 1000, 5000, 5000, false},
        {"three intervals", 1000, 5000, 8000, false},
        {"more", 1000, 5000, 8001, true},
        {"a short interval has 3 s", 100, 5000, 8000, false},
        {"but not more", 100, 5000, 8001, true},
        {"a long interval", 60000, 5000, 185000, false},
        {"three of them", 60000, 5000, 185001, true},
        {"no interval in the file", 0, 5000, 8000, false},
        {"nor later", 0, 5000, 8001, true},
        {"from after now", 1000, 5000, 4999, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        view.interval_usec = rows[i].interval_msec * USEC_PER_MSEC;
        view.time_usec = rows[i].time_msec * USEC_PER_MSEC;
        check_row(rows[i].name, status_view_is_stale(&view, rows[i].now_msec * USEC_PER_MSEC), rows[i].stale);
    }
}

/* Whatever byte of a file is another, whatever end it has lost: it is read or refused, never more. */
static void test_every_damage(void **state) {
    json_t *root = complete();
    CLEANUP_FREE char *text = json_dumps(root, 0);
    static const char bytes[] = {'"', '9', '\xFF'};
    size_t length = strlen(text), refused = 0;

    (void)state;
    json_decref(root);
    for (size_t i = 0; i < length; i++)
        refused += read_bytes(text, i) == -EBADMSG;
    assert_int_equal(refused, length);
    for (size_t i = 0; i < length; i++)
        for (size_t j = 0; j < sizeof bytes; j++) {
            char was = text[i];
            text[i] = bytes[j];
            int result = read_bytes(text, length);
            if (result != 0)
                check_row("damaged", result, -EBADMSG);
            text[i] = was;
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_oldest),
        cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_huge_numbers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_wrong_syntax),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_deep),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_directory_may_be_a_link),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_every_damage),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
