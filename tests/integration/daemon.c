/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "util.h"

struct lab_child *daemon_start(const char *program, const char *config, const char *ticks) {
    /* /dev/null is an empty file: the defaults, whatever the machine has in /etc. */
    const char *argv[] = {lab_program(program),          "--log-target",           "json", "--config",
                          config ? config : "/dev/null", ticks ? "--ticks" : NULL, ticks,  NULL};

    return lab_start(LAB_HERE, argv);
}

/* A line that the daemon is still writing does not count yet. */
json_t *daemon_alerts(const struct lab_child *daemon) {
    CLEANUP_FREE char *output = lab_output(daemon);
    json_t *alerts = json_array();
    char *line = output;

    for (char *end = strchr(line, '\n'); end; line = end + 1, end = strchr(line, '\n')) {
        json_error_t error;
        json_t *alert = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, &error);
        if (!json_is_object(alert))
            fail_msg("not a JSON object: %.*s", (int)(end - line), line);
        json_array_append_new(alerts, alert);
    }
    return alerts;
}

const char *alert_get(const json_t *alert, const char *field) {
    return json_string_value(json_object_get(alert, field));
}

static bool field_is(const json_t *alert, const char *field, const char *wanted) {
    const char *value = alert_get(alert, field);

    return !wanted || (value && strcmp(value, wanted) == 0);
}

static bool matches(const json_t *alert, const char *problem, const char *event) {
    return field_is(alert, "SYNWAITD_PROBLEM", problem) && field_is(alert, "SYNWAITD_EVENT", event);
}

size_t alerts_count(const json_t *alerts, const char *problem, const char *event) {
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(alerts); i++)
        count += matches(json_array_get(alerts, i), problem, event);
    return count;
}

const json_t *alerts_find(const json_t *alerts, const char *problem, const char *event) {
    for (size_t i = 0; i < json_array_size(alerts); i++)
        if (matches(json_array_get(alerts, i), problem, event))
            return json_array_get(alerts, i);
    fail_msg("no alert %s, %s", problem, event);
    return NULL;
}

unsigned long alert_number(const json_t *alert, const char *field) {
    const char *value = alert_get(alert, field);
    char *end = NULL;

    assert_non_null(value);
    unsigned long number = strtoul(value, &end, 10);
    if (end == value || *end != '\0')
        fail_msg("%s: \"%s\" is not a number", field, value);
    return number;
}

void alerts_print(const json_t *alerts) {
    for (size_t i = 0; i < json_array_size(alerts); i++) {
        const json_t *alert = json_array_get(alerts, i);
        print_message("  %s %s: %s\n", alert_get(alert, "SYNWAITD_EVENT"),
                      alert_get(alert, "SYNWAITD_SEVERITY"), alert_get(alert, "MESSAGE"));
    }
}

static size_t count_now(const struct lab_child *daemon, const char *problem, const char *event) {
    json_t *alerts = daemon_alerts(daemon);
    size_t count = alerts_count(alerts, problem, event);

    json_decref(alerts);
    return count;
}

void daemon_wait_alerts(struct lab_child *daemon, const char *problem, const char *event, size_t count,
                        unsigned int seconds) {
    uint64_t end_usec = now_monotonic_usec() + seconds * USEC_PER_SEC;

    while (count_now(daemon, problem, event) < count) {
        if (now_monotonic_usec() > end_usec) {
            CLEANUP_FREE char *error = lab_error(daemon);
            fail_msg("not %zu alerts %s, %s within %u s\nstandard error: %s", count, problem,
                     event ? event : "(any)", seconds, error);
        }
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}
