/* SPDX-License-Identifier: MIT */
/* What status_write() writes is read back the same, and is what the man page says. Runs in the top directory.
 */
#include "case.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "condition.h"
#include "status_view.h"
#include "threshold.h"
#include "util.h"

#define MAN       "man/synwaitd-status.5"
#define KEYS_MAX  128
#define KEY_SIZE  64
#define LONGEST   "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"
#define TEXT_SIZE 65536

static char directory[] = "/tmp/synwaitd-status-XXXXXX";
static struct output_directory output = {directory, -1};
static char file_path[64];
static struct sample sample;
static struct listener listeners[VIEW_LISTENERS + 5];
static struct incident_table table;
static struct queue_source queues;
static struct sampler_info info;
static struct history history;
static struct status_view view;

static int make_directory(void **state) {
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(file_path, sizeof file_path, "%s/" STATUS_FILE_NAME, directory);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    output_directory_close(&output);
    unlink(file_path);
    return rmdir(directory);
}

static int start_anew(void **state) {
    (void)state;
    sample = quiet_sample();
    table = (struct incident_table){0};
    queues = (struct queue_source){0};
    info = (struct sampler_info){.queues = &queues};
    history = (struct history){0};
    return 0;
}

static void write_status(void) {
    const struct view written = {.sample = &sample,
                                 .incidents = &table,
                                 .sampler = &info,
                                 .history = &history,
                                 .netns = "a\x1bz",
                                 .interval_usec = 1000000,
                                 .realtime_usec = 1700000000123456,
                                 .cpu_usec = UINT64_MAX,
                                 .ticks = 42,
                                 .missed_ticks = 7,
                                 .alerts_dropped = 3};

    assert_int_equal(status_write(&output, &written), 0);
}

static void read_status(void) {
    char error[STATUS_ERROR_SIZE];

    if (status_view_read(file_path, &view, error) < 0)
        fail_msg("%s", error);
}

/* The most that there may be of each, every string hostile. */
static void fill_incidents(void) {
    table.end = INCIDENTS_MAX;
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        struct incident *incident = &table.incident[i];
        struct finding *finding = &incident->finding;
        incident->open = true;
        incident->id = UINT64_MAX - i;
        incident->raised_usec = sample.taken_usec - i * USEC_PER_SEC;
        finding->cause = (enum cause)(CAUSE_NONE + 1 + i % (CAUSE_COUNT - 1));
        finding->problem = cause_info(finding->cause)->problem;
        finding->severity = i % 2 ? SEVERITY_WARNING : SEVERITY_CRITICAL;
        memset(finding->unit, "\x1b\"\xFF\\"[i % 4], sizeof finding->unit - 1);
        endpoint_parse(LONGEST, &finding->local);
        finding->peer = finding->local;
    }
}

static void fill_sample(void) {
    for (size_t i = 0; i < ARRAY_SIZE(listeners); i++) {
        listeners[i] = listener_on((uint16_t)(i + 1), 100);
        listeners[i].half_open = (uint32_t)(90 - i);
        listeners[i].accept_queue = (uint32_t)i;
    }
    endpoint_parse(LONGEST, &listeners[0].local);
    sample.listener = listeners;
    sample.listener_count = ARRAY_SIZE(listeners);
    for (int i = 0; i < COUNTER_COUNT; i++)
        sample.increase[i] = FIGURE_OF(100 + (uint64_t)i);
    for (int i = 0; i < STATE_COUNT; i++)
        sample.state[i] = FIGURE_OF(1000 + (uint64_t)i);
    sample.state[STATE_CLOSING] = FIGURE_NONE;
    for (int i = 0; i < SOURCE_COUNT; i++) {
        sample.source[i].degraded = true;
        memset(sample.source[i].reason, "\x1b\n\x80\x9b"[i % 4], SOURCE_REASON_SIZE - 1);
    }
    sample.destinations_usec = sample.taken_usec - 5;
    sample.walked_usec = sample.taken_usec - 65000000;
}

/* @return a string as it reads back: each byte that is no UTF-8 is U+FFFD, each control character "?" */
static void as_read(const char *written, size_t size, char *read) {
    struct text text = text_in(read, size);

    for (; *written; written++)
        if (*written & 0x80)
            text_put_string(&text, "\xEF\xBF\xBD");
        else
            text_put(&text, *written >= ' ' && *written != '\x7f' ? written : "?", 1);
}

static void check_incidents(void) {
    char id[INCIDENT_ID_SIZE], peer[PEER_TEXT_SIZE], unit[UNIT_SIZE];

    assert_int_equal(view.incident_count, INCIDENTS_MAX);
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        const struct finding *finding = &table.incident[i].finding;
        incident_id_format(table.incident[i].id, id);
        peer_format(finding, peer);
        memcpy(unit, finding->unit, sizeof unit);
        text_clean(unit);
        assert_string_equal(view.incident[i].id, id);
        assert_string_equal(view.incident[i].problem, problem_info(finding->problem)->slug);
        assert_string_equal(view.incident[i].severity, severity_name(finding->severity));
        assert_string_equal(view.incident[i].local, LONGEST);
        assert_string_equal(view.incident[i].peer, peer);
        assert_string_equal(view.incident[i].unit, unit);
        assert_string_equal(view.incident[i].cause, cause_info(finding->cause)->sentence);
        assert_int_equal(view.incident[i].age_sec, i);
    }
}

static void check_listeners(void) {
    char local[ENDPOINT_TEXT_SIZE];
    enum limit_source source;

    assert_int_equal(view.listener_count, VIEW_LISTENERS);
    for (size_t i = 0; i < VIEW_LISTENERS; i++) {
        const struct status_listener *listener = &view.listener[i];
        struct figure limit = syn_queue_limit(&sample, &listeners[i], &source);
        endpoint_format(&listeners[i].local, local);
        assert_string_equal(listener->local, local);
        assert_int_equal(figure_or(listener->half_open, 0), listeners[i].half_open);
        assert_int_equal(figure_or(listener->half_open_limit, 0), limit.value);
        assert_int_equal(listener->accept_queue, listeners[i].accept_queue);
        assert_int_equal(listener->backlog, listeners[i].backlog);
        assert_string_equal(listener->limited_by, limit_source_name(source));
    }
}

static void check_sample(void) {
    static const enum counter counter[RATE_COUNT] = {
        [RATE_ACTIVE_OPENS] = COUNTER_ACTIVE_OPENS,
        [RATE_PASSIVE_OPENS] = COUNTER_PASSIVE_OPENS,
        [RATE_COOKIES_SENT] = COUNTER_SYNCOOKIES_SENT,
        [RATE_COOKIES_VALID] = COUNTER_SYNCOOKIES_RECV,
        [RATE_LISTEN_OVERFLOWS] = COUNTER_LISTEN_OVERFLOWS,
        [RATE_LISTEN_DROPS] = COUNTER_LISTEN_DROPS,
        [RATE_TIME_WAIT_OVERFLOWS] = COUNTER_TIME_WAIT_OVERFLOW,
    };
    char reason[4 * SOURCE_REASON_SIZE];

    for (int i = 0; i < RATE_COUNT; i++)
        assert_int_equal(figure_or(view.rate[i], 0), sample.increase[counter[i]].value);
    assert_int_equal(view.degraded_count, SOURCE_COUNT);
    for (int i = 0; i < SOURCE_COUNT; i++) {
        as_read(sample.source[i].reason, sizeof reason, reason);
        assert_string_equal(view.degraded[i].source, source_name((enum source)i));
        assert_memory_equal(view.degraded[i].reason, reason, strlen(view.degraded[i].reason));
        assert_true(strlen(view.degraded[i].reason) >= SOURCE_REASON_SIZE - 3);
    }
    for (int i = 1; i < STATE_COUNT; i++) {
        struct figure age = view_state_age_usec(&sample, (enum tcp_state)i);
        if (i == STATE_CLOSED)
            continue;
        assert_int_equal(view.state[i].status, sample.state[i].status);
        assert_int_equal(view.state[i].value, sample.state[i].value);
        assert_int_equal(view.state_age_usec[i].status, age.status);
        assert_int_equal(view.state_age_usec[i].value, age.value);
    }
    assert_int_equal(figure_or(view.ports_age_usec, 0), 5);
}

static void test_round_trip(void **state) {
    (void)state;
    fill_sample();
    fill_incidents();
    info = (struct sampler_info){.queues = &queues,
                                 .walks = 7,
                                 .walk_cpu_usec = 180000,
                                 .walk_wait_usec = 9000000,
                                 .walk_overdue = true};
    queues.exact = true;
    memset(queues.reason, '"', sizeof queues.reason - 1);
    write_status();
    read_status();
    assert_string_equal(view.version, SYNWAITD_VERSION);
    assert_string_equal(view.netns, "a?z");
    assert_int_equal(view.time_usec, 1700000000123456);
    assert_int_equal(view.interval_usec, 1000000);
    assert_int_equal(view.cpu_usec, INT64_MAX);
    assert_int_equal(view.ticks, 42);
    assert_int_equal(view.missed_ticks, 7);
    assert_int_equal(view.alerts_dropped, 3);
    assert_int_equal(figure_or(view.walk.age_usec, 0), 65000000);
    assert_int_equal(view.walk.count, 7);
    assert_int_equal(view.walk.cpu_usec, 180000);
    assert_int_equal(view.walk.budget_allows_in_usec, 9000000);
    assert_true(view.walk.overdue);
    assert_true(view.half_open.by_iterator);
    assert_string_equal(view.half_open.iterator_fails, queues.reason);
    check_incidents();
    check_listeners();
    check_sample();
}

/* Each point is of its own tick; every seventh is not known. */
static void test_history_round_trip(void **state) {
    const uint64_t ticks = 100;

    (void)state;
    for (uint64_t i = 0; i < ticks; i++) {
        for (int j = 0; j < STATE_COUNT; j++)
            sample.state[j] = i % 7 == 0 ? FIGURE_NONE : FIGURE_OF(i * 100 + (uint64_t)j);
        history_add(&history, &sample, USEC_PER_SEC);
        sample.taken_usec += HISTORY_STEP_USEC;
    }
    write_status();
    read_status();
    assert_int_equal(view.history_step_usec, HISTORY_STEP_USEC);
    assert_int_equal(view.history_count, STATUS_HISTORY);
    for (uint64_t i = 0; i < STATUS_HISTORY; i++)
        for (int j = 1; j < STATE_COUNT; j++) {
            uint64_t tick = ticks - 1 - STATUS_HISTORY + i;
            struct figure point = view.history[j][i];
            if (j == STATE_CLOSED)
                continue;
            assert_int_equal(figure_known(point), tick % 7 != 0);
            assert_int_equal(point.value, tick % 7 == 0 ? 0 : tick * 100 + (uint64_t)j);
        }
}

/* What is not known is read back as such. */
static void test_unknown_round_trip(void **state) {
    (void)state;
    memset(sample.state, 0, sizeof sample.state);
    sample.walked_usec = sample.half_open_usec = 0;
    listeners[0] = listener_on(80, 10);
    listeners[0].accept_queue = 5;
    sample.listener = listeners;
    sample.listener_count = 1;
    sample.span_usec = 0;
    write_status();
    read_status();
    for (int i = 1; i < STATE_COUNT; i++) {
        assert_false(figure_known(view.state[i]));
        assert_false(figure_known(view.state_age_usec[i]));
    }
    assert_false(figure_known(view.rate[RATE_ACTIVE_OPENS]));
    assert_false(figure_known(view.walk.age_usec));
    assert_false(figure_known(view.half_open.age_usec));
    assert_false(figure_known(view.listener[0].half_open));
    assert_false(view.half_open.by_iterator);
}

struct keys {
    char key[KEYS_MAX][KEY_SIZE];
    size_t count;
};

static bool has_key(const struct keys *keys, const char *key) {
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->key[i], key) == 0)
            return true;
    return false;
}

static void add_key(struct keys *keys, const char *key) {
    if (has_key(keys, key))
        return;
    assert_true(keys->count < KEYS_MAX && strlen(key) < KEY_SIZE);
    strcpy(keys->key[keys->count++], key);
}

/* @return what the man page has in place of a name that stands for many */
static const char *generic_name(const char *parent, const char *key) {
    for (int i = 1; i < STATE_COUNT; i++)
        if (i != STATE_CLOSED && strcmp(tcp_state_name((enum tcp_state)i), key) == 0)
            return "STATE";
    return strcmp(parent, "degraded.") == 0 ? "SOURCE" : key;
}

/* Collects "walk.age_usec", "listeners[].local". */
static void collect(struct keys *keys, const char *parent, json_t *object) {
    char path[KEY_SIZE], inner[KEY_SIZE + 4];
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value) {
        snprintf(path, sizeof path, "%s%s", parent, generic_name(parent, key));
        add_key(keys, path);
        snprintf(inner, sizeof inner, "%s%s.", path, json_is_array(value) ? "[]" : "");
        json_t *nested = json_is_array(value) ? json_array_get(value, 0) : value;
        if (json_is_object(nested))
            collect(keys, inner, nested);
    }
}

/* The lines ".It Ic KEY No = type". */
static void collect_documented(struct keys *keys, char *page) {
    const char *mark = ".It Ic ";
    char *rest = page;

    for (char *line; (line = strsep(&rest, "\n"));)
        if (strncmp(line, mark, strlen(mark)) == 0) {
            line[strcspn(line + strlen(mark), " ") + strlen(mark)] = '\0';
            assert_false(has_key(keys, line + strlen(mark)));
            add_key(keys, line + strlen(mark));
        }
}

static void test_man_page(void **state) {
    static struct keys written, documented;
    static char page[TEXT_SIZE];

    (void)state;
    fill_sample();
    fill_incidents();
    history_add(&history, &sample, USEC_PER_SEC);
    write_status();
    json_t *root = json_load_file(file_path, 0, NULL);
    collect(&written, "", root);
    json_decref(root);
    if (read_file_at(AT_FDCWD, MAN, page, sizeof page) < 0)
        fail_msg(MAN " cannot be read: run this in the top directory");
    collect_documented(&documented, page);
    for (size_t i = 0; i < written.count; i++)
        if (!has_key(&documented, written.key[i]))
            fail_msg(MAN " does not have %s", written.key[i]);
    for (size_t i = 0; i < documented.count; i++)
        if (!has_key(&written, documented.key[i]))
            fail_msg(MAN " has %s, which is not written", documented.key[i]);
    assert_true(written.count > 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_round_trip, start_anew),
        cmocka_unit_test_setup(test_history_round_trip, start_anew),
        cmocka_unit_test_setup(test_unknown_round_trip, start_anew),
        cmocka_unit_test_setup(test_man_page, start_anew),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
