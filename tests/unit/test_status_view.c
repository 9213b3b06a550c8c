/* SPDX-License-Identifier: MIT */
/* status.json as others may have written it: what is read of it, and which values are refused. */
#include "status_case.h"

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

/* One value that is wrong. */
static const struct {
    const char *path, *value, *error;
} wrong_value[] = {
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
    {"half_open.counted_by", "'iterator, all'", ": half_open.counted_by: must be \"iterator\" or \"walk\""},
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
    {"history.points", "3", ": history.series.LISTEN: must be an array of 3 items, as history.points says"},
    {"history.series", NULL, ": history.series: is missing"},
    {"history.series", "0", ": history.series: must be an object"},
    {"history.series.LISTEN", "9",
     ": history.series.LISTEN: must be an array of 2 items, as history.points says"},
    {"history.series.LISTEN", "[1, -2]", ": history.series.LISTEN: " NUMBER_OR_NULL},
    {"history.series.LISTEN", "[1, 'two']", ": history.series.LISTEN: " NUMBER_OR_NULL},
};

static void test_wrong_values(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong_value); i++) {
        char name[128];
        json_t *root = complete();
        snprintf(name, sizeof name, "%s = %s", wrong_value[i].path,
                 wrong_value[i].value ? wrong_value[i].value : "(none)");
        patch(root, wrong_value[i].path, wrong_value[i].value);
        check_row(name, read_json(root), -EBADMSG);
        check_error(name, wrong_value[i].error);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),     cmocka_unit_test(test_oldest),
        cmocka_unit_test(test_unknown_keys), cmocka_unit_test(test_huge_numbers),
        cmocka_unit_test(test_strings),      cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_stale),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
