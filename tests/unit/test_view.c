/* SPDX-License-Identifier: MIT */
/* status.json, and what it has in common with the metrics file: complete, valid, bounded. */
#include "case.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "view.h"

static char directory[] = "/tmp/synwaitd-view-XXXXXX";
static struct output_directory output = {directory, -1};
static struct incident_table table;
static struct queue_source queues;
static struct history history;
static struct sampler_info info = {.queues = &queues};

static int make_directory(void **state) {
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state) {
    char path[256];

    (void)state;
    output_directory_close(&output);
    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/" METRICS_FILE_NAME, directory);
    unlink(path);
    return rmdir(directory);
}

static struct view view_of(const struct sample *sample) {
    history = (struct history){0};
    history_add(&history, sample, USEC_PER_SEC);
    return (struct view){.sample = sample,
                         .incidents = &table,
                         .sampler = &info,
                         .history = &history,
                         .netns = "host",
                         .interval_usec = 1000000,
                         .realtime_usec = 1700000000123456,
                         .cpu_usec = 1500000,
                         .ticks = 42,
                         .missed_ticks = 1};
}

static json_t *load_status(const struct view *view) {
    char path[256];

    assert_int_equal(status_write(&output, view), 0);
    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, directory);
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    return root;
}

static json_int_t number_in(const json_t *root, const char *object, const char *key) {
    return json_integer_value(json_object_get(json_object_get(root, object), key));
}

static void test_status(void **state) {
    struct sample sample = quiet_sample();
    struct view view = view_of(&sample);
    char path[256];
    json_error_t error;
    struct stat file;

    (void)state;
    sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(77);
    sample.state[STATE_SYN_RECV] = FIGURE_NONE;
    sample.walked_usec = sample.taken_usec + 5; /* the walk follows the counters */
    sample.source[SOURCE_WALK] = (struct source_status){3, true, "sock_diag: \"quoted\" \x1b[2J"};
    assert_int_equal(status_write(&output, &view), 0);
    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, directory);
    json_t *root = json_load_file(path, 0, &error);
    assert_non_null(root);
    json_t *states = json_object_get(root, "states");
    assert_int_equal(json_integer_value(json_object_get(states, "CLOSE-WAIT")), 77);
    assert_true(json_is_null(json_object_get(states, "SYN-RECV")));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "walk"), "age_usec")), 0);
    assert_int_equal(json_object_size(json_object_get(root, "degraded")), 1);
    assert_int_equal(json_integer_value(json_object_get(root, "interval_usec")), 1000000);
    assert_int_equal(number_in(root, "history", "step_usec"), HISTORY_STEP_USEC);
    json_decref(root);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0644);
}

/* Names as the file system has them. */
static void test_status_names_the_owner(void **state) {
    struct sample sample = quiet_sample();
    struct view view = view_of(&sample);
    struct finding *finding = &table.incident[0].finding;
    char path[256];

    (void)state;
    table.end = 1;
    table.incident[0].open = true;
    finding->cause = CAUSE_FD_HELD;
    finding->severity = SEVERITY_WARNING;
    strcpy(finding->unit, "a\xFF\n.service");
    endpoint_parse("192.0.2.9:5432", &finding->peer);
    assert_int_equal(status_write(&output, &view), 0);
    memset(&table, 0, sizeof table);
    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, directory);
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    json_t *incident = json_array_get(json_object_get(root, "incidents"), 0);
    assert_string_equal(json_string_value(json_object_get(incident, "unit")), "a??.service");
    assert_string_equal(json_string_value(json_object_get(incident, "peer")), "192.0.2.9:5432");
    json_decref(root);
}

/* An old walk behind a budget that is used up; half-open connections by the iterator, and not. */
static void test_status_tells_ages(void **state) {
    struct sample sample = quiet_sample();
    struct view view = view_of(&sample);

    (void)state;
    info = (struct sampler_info){.queues = &queues,
                                 .walks = 7,
                                 .walk_cpu_usec = 180000,
                                 .walk_wait_usec = 9000000,
                                 .walk_overdue = true};
    queues = (struct queue_source){.exact = true, .works = true};
    sample.walked_usec = sample.taken_usec - 65000000;
    json_t *root = load_status(&view);
    assert_int_equal(number_in(root, "walk", "age_usec"), 65000000);
    assert_int_equal(number_in(root, "walk", "count"), 7);
    assert_int_equal(number_in(root, "walk", "cpu_usec"), 180000);
    assert_int_equal(number_in(root, "walk", "budget_allows_in_usec"), 9000000);
    assert_true(json_is_true(json_object_get(json_object_get(root, "walk"), "overdue")));
    assert_int_equal(number_in(root, "ages_usec", "LISTEN"), 0);
    assert_int_equal(number_in(root, "ages_usec", "SYN-RECV"), 0);
    assert_int_equal(number_in(root, "ages_usec", "CLOSE-WAIT"), 65000000);
    assert_int_equal(number_in(root, "ages_usec", "ESTABLISHED"), 65000000);
    assert_true(json_is_null(json_object_get(json_object_get(root, "ages_usec"), "ports")));
    const json_t *half_open = json_object_get(root, "half_open");
    assert_string_equal(json_string_value(json_object_get(half_open, "counted_by")), "iterator");
    json_decref(root);

    queues = (struct queue_source){.reason = "/pinned: Permission denied"};
    sample.half_open_usec = sample.walked_usec;
    sample.state[STATE_CLOSE_WAIT] = FIGURE_NONE;
    root = load_status(&view);
    half_open = json_object_get(root, "half_open");
    assert_string_equal(json_string_value(json_object_get(half_open, "counted_by")), "walk");
    assert_string_equal(json_string_value(json_object_get(half_open, "iterator_fails")),
                        "/pinned: Permission denied");
    assert_int_equal(number_in(root, "ages_usec", "SYN-RECV"), 65000000);
    assert_true(json_is_null(json_object_get(json_object_get(root, "ages_usec"), "CLOSE-WAIT")));
    json_decref(root);
    info = (struct sampler_info){.queues = &queues};
}

/* A listener whose half-open connections nobody has counted yet has not 0 of them. */
static void test_status_before_the_first_walk(void **state) {
    struct sample sample = quiet_sample();
    struct listener listener = listener_on(80, 128);
    struct view view = view_of(&sample);

    (void)state;
    listener.accept_queue = 5;
    sample.listener = &listener;
    sample.listener_count = 1;
    sample.half_open_usec = sample.walked_usec = 0;
    json_t *root = load_status(&view);
    json_t *first = json_array_get(json_object_get(root, "listeners"), 0);
    assert_int_equal(json_integer_value(json_object_get(first, "accept_queue")), 5);
    assert_true(json_is_null(json_object_get(first, "half_open")));
    assert_true(json_is_null(json_object_get(json_object_get(root, "walk"), "age_usec")));
    json_decref(root);
}

static void test_directory_gone(void **state) {
    struct sample sample = quiet_sample();
    struct view view = view_of(&sample);
    struct output_directory nowhere = output_directory_at("/nonexistent/synwaitd");

    (void)state;
    assert_int_equal(status_write(&nowhere, &view), -ENOENT);
    assert_int_equal(metrics_write(&nowhere, &view), -ENOENT);
}

/* All that there may be, with names that take as many bytes as they can: it fits. */
static void test_as_large_as_can_be(void **state) {
    static struct listener listeners[VIEW_LISTENERS];
    struct sample sample = quiet_sample();
    struct view view = view_of(&sample);
    char path[256];

    (void)state;
    table.end = INCIDENTS_MAX;
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        struct incident *incident = &table.incident[i];
        struct finding *finding = &incident->finding;
        incident->open = true;
        incident->id = UINT64_MAX;
        finding->problem = PROBLEM_SYN_FLOOD;
        finding->cause = CAUSE_FD_HELD;
        finding->severity = SEVERITY_CRITICAL;
        memset(finding->unit, '"', sizeof finding->unit - 1);
        endpoint_parse("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535", &finding->local);
        finding->peer = finding->local;
    }
    for (size_t i = 0; i < ARRAY_SIZE(listeners); i++)
        listeners[i] = (struct listener){.local = table.incident[0].finding.local,
                                         .half_open = UINT32_MAX,
                                         .accept_queue = UINT32_MAX,
                                         .backlog = UINT32_MAX};
    sample.listener = listeners;
    sample.listener_count = ARRAY_SIZE(listeners);
    for (int i = 0; i < STATE_COUNT; i++)
        sample.state[i] = FIGURE_OF(UINT64_MAX);
    for (size_t i = 0; i <= STATUS_HISTORY; i++, sample.taken_usec += HISTORY_STEP_USEC)
        history_add(&history, &sample, USEC_PER_SEC);
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        sample.source[i].degraded = true;
        memset(sample.source[i].reason, '\x1b', SOURCE_REASON_SIZE - 1);
    }
    assert_int_equal(status_write(&output, &view), 0);
    assert_int_equal(metrics_write(&output, &view), 0);
    memset(&table, 0, sizeof table);
    snprintf(path, sizeof path, "%s/" STATUS_FILE_NAME, directory);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_array_size(json_object_get(root, "incidents")), INCIDENTS_MAX);
    assert_int_equal(json_array_size(json_object_get(root, "listeners")), VIEW_LISTENERS);
    assert_int_equal(json_object_size(json_object_get(root, "degraded")), SOURCE_COUNT);
    assert_int_equal(number_in(root, "history", "points"), STATUS_HISTORY);
    json_decref(root);
}

static void test_fullest_listeners(void **state) {
    struct listener listeners[12];
    const struct listener *fullest[VIEW_LISTENERS];
    struct sample sample = quiet_sample();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(listeners); i++) {
        listeners[i] = listener_on((uint16_t)(i + 1), 100);
        listeners[i].half_open = (uint32_t)(i * 7 % 12);
    }
    listeners[3].accept_queue = 101;
    sample.listener = listeners;
    sample.listener_count = ARRAY_SIZE(listeners);
    assert_int_equal(view_fullest_listeners(&sample, false, fullest), VIEW_LISTENERS);
    assert_ptr_equal(fullest[0], &listeners[3]);
    for (size_t i = 2; i < VIEW_LISTENERS; i++)
        assert_true(fullest[i - 1]->half_open > fullest[i]->half_open);
    sample.listener_count = 1;
    assert_int_equal(view_fullest_listeners(&sample, false, fullest), 0);
    assert_int_equal(view_fullest_listeners(&sample, true, fullest), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_status_names_the_owner),
        cmocka_unit_test(test_directory_gone),
        cmocka_unit_test(test_as_large_as_can_be),
        cmocka_unit_test(test_status_tells_ages),
        cmocka_unit_test(test_status_before_the_first_walk),
        cmocka_unit_test(test_fullest_listeners),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
