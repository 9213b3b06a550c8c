/* SPDX-License-Identifier: MIT */
/* The metrics file: every figure under its name, absent when it is not known, bounded, and as documented. */
#include "case.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "problem.h"
#include "util.h"
#include "view.h"

#define MAN        "man/synwaitd-metrics.5"
#define SCALE      "monitoring/SCALE.md"
#define FULLEST    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"
#define SERIES_LEN 192

static char directory[] = "/tmp/synwaitd-metrics-XXXXXX";
static struct output_directory output = {directory, -1};
static struct incident_table table;
static struct queue_source queues = {.exact = true};
static struct sampler_info info = {.queues = &queues, .walks = 9, .walk_overdue = true};
static char text[VIEW_BYTES + 1];

static int make_directory(void **state) {
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state) {
    char path[64];

    (void)state;
    output_directory_close(&output);
    snprintf(path, sizeof path, "%s/" METRICS_FILE_NAME, directory);
    unlink(path);
    return rmdir(directory);
}

static void write_metrics(const struct sample *sample) {
    const struct view view = {.sample = sample,
                              .incidents = &table,
                              .sampler = &info,
                              .interval_usec = 250000,
                              .realtime_usec = 1700000000123456,
                              .start_realtime_usec = 1600000000000001,
                              .cpu_usec = 1500000,
                              .resident_max_bytes = 3354624,
                              .ticks = 42,
                              .missed_ticks = 2,
                              .alerts_dropped = 5};
    char path[64];

    assert_int_equal(metrics_write(&output, &view), 0);
    snprintf(path, sizeof path, "%s/" METRICS_FILE_NAME, directory);
    assert_true(read_file_at(AT_FDCWD, path, text, sizeof text) > 0);
}

/* Copies the next line that is no comment. @return where the line after it begins; NULL: there is none */
static const char *next_series(const char *at, char line[SERIES_LEN]) {
    while (*at != '\0') {
        size_t length = strcspn(at, "\n");
        const char *next = at + length + 1;
        if (*at != '#') {
            assert_true(length < SERIES_LEN);
            snprintf(line, SERIES_LEN, "%.*s", (int)length, at);
            return next;
        }
        at = next;
    }
    return NULL;
}

/* @return whether `series value` is a line; with a NULL value, whether there is any line of the series */
static bool has(const char *series, const char *value) {
    char line[SERIES_LEN];
    size_t length = strlen(series);

    for (const char *at = text; (at = next_series(at, line));)
        if (strncmp(line, series, length) == 0 && (line[length] == ' ' || line[length] == '{') &&
            (!value || strcmp(line + length + 1, value) == 0))
            return true;
    return false;
}

/* Every figure known, and each another number. */
static struct sample full_sample(struct listener *listeners, size_t count) {
    struct sample sample = quiet_sample();

    for (int i = 0; i < STATE_COUNT; i++)
        sample.state[i] = FIGURE_OF(100 + (unsigned int)i);
    for (int i = 0; i < COUNTER_COUNT; i++)
        sample.counter[i] = FIGURE_OF(200 + (unsigned int)i);
    for (int i = 0; i < GAUGE_COUNT; i++)
        sample.gauge[i] = FIGURE_OF(300 + (unsigned int)i);
    sample.walked_usec = sample.taken_usec - 65000000;
    sample.half_open_usec = sample.taken_usec - 2500000;
    sample.destinations_usec = sample.taken_usec - 7000001;
    for (size_t i = 0; i < count; i++) {
        listeners[i] = listener_on((uint16_t)(i + 1), 128);
        listeners[i].half_open = (uint32_t)(40 + i);
        listeners[i].accept_queue = (uint32_t)(10 + i);
    }
    sample.listener = listeners;
    sample.listener_count = count;
    for (size_t i = 0; i < DESTINATIONS_MAX; i++) {
        sample.destination[i].ports_in_use = (uint32_t)(20000 - i);
        endpoint_parse("192.0.2.9:5432", &sample.destination[i].remote);
        sample.destination[i].remote.port = (uint16_t)(5432 + i);
    }
    sample.destination_count = DESTINATIONS_MAX;
    sample.source[SOURCE_NETSTAT].degraded = true;
    return sample;
}

static void fill_incidents(void) {
    memset(&table, 0, sizeof table);
    table.end = 3;
    table.incident[0] = (struct incident){.open = true};
    table.incident[0].finding.problem = PROBLEM_SYN_FLOOD;
    table.incident[0].finding.severity = SEVERITY_CRITICAL;
    table.incident[1] = table.incident[0];
    table.incident[2] = table.incident[0];
    table.incident[2].open = false;
    table.raised[PROBLEM_CLOSE_WAIT_LEAK] = 7;
}

/* What is known of the daemon itself is always known; the rest is measured. */
enum origin { OWN, MEASURED };

static const struct {
    enum origin origin;
    const char *series, *value;
} figures[] = {
    {MEASURED, "synwaitd_tcp_sockets{state=\"ESTABLISHED\"}", "101"},
    {MEASURED, "synwaitd_tcp_sockets{state=\"CLOSING\"}", "111"},
    {MEASURED, "synwaitd_tcp_sockets_age_seconds{state=\"CLOSE-WAIT\"}", "65.000000"},
    {MEASURED, "synwaitd_tcp_sockets_age_seconds{state=\"SYN-RECV\"}", "2.500000"},
    {MEASURED, "synwaitd_tcp_sockets_age_seconds{state=\"LISTEN\"}", "0.000000"},
    {MEASURED, "synwaitd_active_opens_total", "200"},
    {MEASURED, "synwaitd_passive_opens_total", "201"},
    {MEASURED, "synwaitd_syncookies_sent_total", "206"},
    {MEASURED, "synwaitd_syncookies_valid_total", "207"},
    {MEASURED, "synwaitd_time_wait_overflows_total", "212"},
    {MEASURED, "synwaitd_listen_overflows_total", "213"},
    {MEASURED, "synwaitd_listen_drops_total", "214"},
    {MEASURED, "synwaitd_listener_half_open{local=\"192.0.2.1:3\"}", "42"},
    {MEASURED, "synwaitd_listener_half_open_limit{local=\"192.0.2.1:3\"}", "128"},
    {MEASURED, "synwaitd_listener_accept_queue{local=\"192.0.2.1:3\"}", "12"},
    {MEASURED, "synwaitd_listener_backlog{local=\"192.0.2.1:3\"}", "128"},
    {MEASURED, "synwaitd_half_open_age_seconds", "2.500000"},
    {MEASURED, "synwaitd_destinations_age_seconds", "7.000001"},
    {MEASURED, "synwaitd_destination_ports_in_use{destination=\"192.0.2.9:5432\"}", "20000"},
    {MEASURED, "synwaitd_destination_ports_in_use{destination=\"192.0.2.9:5436\"}", "19996"},
    {MEASURED, "synwaitd_local_ports", "28232"},
    {MEASURED, "synwaitd_time_wait_limit", "65536"},
    {MEASURED, "synwaitd_orphans", "302"},
    {MEASURED, "synwaitd_orphans_limit", "65536"},
    {MEASURED, "synwaitd_tcp_memory_bytes", "1245184"},
    {MEASURED, "synwaitd_tcp_memory_limit_bytes", "12288000"},
    {MEASURED, "synwaitd_conntrack_entries", "305"},
    {MEASURED, "synwaitd_conntrack_limit", "262144"},
    {MEASURED, "synwaitd_walk_age_seconds", "65.000000"},
    {OWN, "synwaitd_incidents_open{problem=\"syn-flood\",severity=\"critical\"}", "2"},
    {OWN, "synwaitd_incidents_open{problem=\"syn-flood\",severity=\"warning\"}", "0"},
    {OWN, "synwaitd_incidents_open{problem=\"sampling-degraded\",severity=\"critical\"}", "0"},
    {OWN, "synwaitd_incidents_raised_total{problem=\"close-wait-leak\"}", "7"},
    {OWN, "synwaitd_incidents_raised_total{problem=\"sampling-degraded\"}", "0"},
    {OWN, "synwaitd_build_info{version=\"" SYNWAITD_VERSION "\"}", "1"},
    {OWN, "synwaitd_start_timestamp_seconds", "1600000000.000001"},
    {OWN, "synwaitd_configuration_valid", "0"},
    {OWN, "synwaitd_interval_seconds", "0.250000"},
    {OWN, "synwaitd_cpu_seconds_total", "1.500000"},
    {OWN, "synwaitd_resident_memory_max_bytes", "3354624"},
    {OWN, "synwaitd_sources_degraded", NULL},
    {OWN, "synwaitd_source_degraded{source=\"/proc/net/sockstat\"}", "0"},
    {OWN, "synwaitd_source_degraded{source=\"sock_diag (destinations)\"}", "0"},
    {OWN, "synwaitd_ticks_total", "42"},
    {OWN, "synwaitd_missed_ticks_total", "2"},
    {OWN, "synwaitd_alerts_dropped_total", "5"},
    {OWN, "synwaitd_sample_timestamp_seconds", "1700000000.123456"},
    {OWN, "synwaitd_walks_total", "9"},
    {OWN, "synwaitd_walk_overdue", "1"},
    {OWN, "synwaitd_half_open_exact", "1"},
};

static void test_figures(void **state) {
    struct listener listeners[4];
    struct sample sample = full_sample(listeners, ARRAY_SIZE(listeners));

    (void)state;
    fill_incidents();
    write_metrics(&sample);
    for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
        check_row(figures[i].series, has(figures[i].series, figures[i].value), true);
    assert_true(has("synwaitd_sources_degraded", "1"));
    assert_true(has("synwaitd_source_degraded{source=\"/proc/net/netstat\"}", "1"));
    assert_false(has("synwaitd_tcp_sockets{state=\"CLOSED\"}", NULL));
    assert_false(has("synwaitd_destination_ports_in_use{destination=\"192.0.2.9:5437\"}", NULL));
}

/* Zeroed memory is what nobody has measured. */
static void test_unknown_is_absent(void **state) {
    struct sample nothing = {.taken_usec = 1000000000};

    (void)state;
    fill_incidents();
    write_metrics(&nothing);
    for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
        if (figures[i].origin == OWN) {
            check_row(figures[i].series, has(figures[i].series, figures[i].value), true);
            continue;
        }
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(figures[i].series, "{"), figures[i].series);
        check_row(name, has(name, NULL), false);
    }
}

static void make_unlimited(struct sample *sample) {
    sample->knob[KNOB_TCP_MEM_MAX].value = FIGURE_OF(INT64_MAX);
}

static void make_without_conntrack(struct sample *sample) {
    sample->gauge[GAUGE_CONNTRACK] = FIGURE_MISSING;
    sample->knob[KNOB_CONNTRACK_MAX].value = FIGURE_MISSING;
}

static void make_never_walked(struct sample *sample) {
    sample->half_open_usec = sample->walked_usec = 0;
}

/* From two local addresses to one destination: one line, the larger. */
static void make_repeated(struct sample *sample) {
    sample->destination[1].remote = sample->destination[0].remote;
    sample->destination[7].remote = sample->destination[2].remote;
}

static void make_no_destination(struct sample *sample) {
    sample->destination_count = 0;
}

static void make_no_range(struct sample *sample) {
    sample->knob[KNOB_PORT_RANGE_LOW].value = FIGURE_OF(60000);
    sample->knob[KNOB_PORT_RANGE_HIGH].value = FIGURE_OF(50000);
}

static void test_special_figures(void **state) {
    static const struct {
        const char *name;
        void (*make)(struct sample *);
        const char *series, *value; /* NULL: absent */
    } rows[] = {
        {"more pages than bytes can tell", make_unlimited, "synwaitd_tcp_memory_limit_bytes",
         "18446744073709551615"},
        {"no conntrack", make_without_conntrack, "synwaitd_conntrack_entries", NULL},
        {"no limit of it", make_without_conntrack, "synwaitd_conntrack_limit", NULL},
        {"half-open not counted", make_never_walked, "synwaitd_listener_half_open", NULL},
        {"but its limit", make_never_walked, "synwaitd_listener_half_open_limit{local=\"192.0.2.1:1\"}",
         "128"},
        {"no walk, no age", make_never_walked, "synwaitd_walk_age_seconds", NULL},
        {"a destination twice", make_repeated,
         "synwaitd_destination_ports_in_use{destination=\"192.0.2.9:5432\"}", "20000"},
        {"makes room for another", make_repeated,
         "synwaitd_destination_ports_in_use{destination=\"192.0.2.9:5437\"}", "19995"},
        {"none", make_no_destination, "synwaitd_destination_ports_in_use", NULL},
        {"none, but the age", make_no_destination, "synwaitd_destinations_age_seconds", "7.000001"},
        {"a range upside down", make_no_range, "synwaitd_local_ports", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct listener listeners[4];
        struct sample sample = full_sample(listeners, ARRAY_SIZE(listeners));
        rows[i].make(&sample);
        write_metrics(&sample);
        check_row(rows[i].name, has(rows[i].series, rows[i].value), rows[i].value != NULL);
    }
}

/* A `"` or `\` would have to be escaped, and the collector leaves out a file that has a series twice. */
static void check_series(const char *line, char (*seen)[SERIES_LEN], size_t count) {
    const char *end = strrchr(line, ' ');
    size_t quotes = 0;

    assert_non_null(end);
    check_row(line, strspn(end + 1, "0123456789."), strlen(end + 1));
    snprintf(seen[count], SERIES_LEN, "%.*s", (int)(end - line), line);
    for (const char *c = seen[count]; *c; c++) {
        quotes += *c == '"';
        if (*c == '\\' || *c < ' ' || *c > '~')
            fail_msg("to be escaped: %s", line);
    }
    check_row(line, quotes == 0 || quotes == 2 || quotes == 4, true);
    for (size_t i = 0; i < count; i++)
        if (strcmp(seen[i], seen[count]) == 0)
            fail_msg("twice: %s", seen[count]);
}

/* @return how many there are */
static size_t check_all_series(void) {
    static char seen[METRICS_SERIES_MAX + 50][SERIES_LEN];
    char line[SERIES_LEN];
    size_t count = 0;

    for (const char *at = text; (at = next_series(at, line)); count++) {
        assert_true(count < ARRAY_SIZE(seen));
        check_series(line, seen, count);
    }
    return count;
}

/* Fills every byte of an endpoint anew. */
static void make_hostile(struct endpoint *endpoint, unsigned int *random) {
    const struct endpoint before = *endpoint;

    for (size_t i = 0; i < sizeof endpoint->address; i++)
        endpoint->address[i] = (uint8_t)rand_r(random);
    endpoint->family = rand_r(random) % 2 ? ENDPOINT_IPV4 : ENDPOINT_IPV6;
    endpoint->ifindex = (uint32_t)rand_r(random);
    endpoint->port = before.port;
}

static void test_hostile_names(void **state) {
    static struct listener listeners[50];
    unsigned int random = 4711;

    (void)state;
    for (int round = 0; round < 500; round++) {
        struct sample sample = full_sample(listeners, ARRAY_SIZE(listeners));
        for (size_t i = 0; i < ARRAY_SIZE(listeners); i++)
            make_hostile(&listeners[i].local, &random);
        for (size_t i = 0; i < DESTINATIONS_MAX; i++)
            make_hostile(&sample.destination[i].remote, &random);
        write_metrics(&sample);
        check_row("series", check_all_series(), METRICS_SERIES_MAX);
    }
}

/* All that there may be, in names and numbers that take as many bytes as they can. */
static void test_as_large_as_can_be(void **state) {
    static struct listener listeners[1000];
    struct sample sample = full_sample(listeners, ARRAY_SIZE(listeners));

    (void)state;
    for (int i = 0; i < STATE_COUNT; i++)
        sample.state[i] = FIGURE_OF(UINT64_MAX);
    for (int i = 0; i < COUNTER_COUNT; i++)
        sample.counter[i] = FIGURE_OF(UINT64_MAX);
    for (int i = 0; i < PROBLEM_COUNT; i++)
        table.raised[i] = UINT64_MAX;
    for (size_t i = 0; i < ARRAY_SIZE(listeners); i++) {
        endpoint_parse(FULLEST, &listeners[i].local);
        listeners[i].local.port = (uint16_t)(listeners[i].local.port - i);
        listeners[i].half_open = listeners[i].accept_queue = listeners[i].backlog = UINT32_MAX;
    }
    for (size_t i = 0; i < DESTINATIONS_MAX; i++) {
        endpoint_parse(FULLEST, &sample.destination[i].remote);
        sample.destination[i].remote.port = (uint16_t)(sample.destination[i].remote.port - i);
    }
    write_metrics(&sample);
    check_row("series", check_all_series(), METRICS_SERIES_MAX);
    print_message("  at most %d series, in %zu bytes\n", METRICS_SERIES_MAX, strlen(text));
}

/* Every line is a comment or `name{labels} number`, each name has its HELP and TYPE before it. */
static void test_every_line_is_typed(void **state) {
    struct listener listeners[50];
    struct sample sample = full_sample(listeners, ARRAY_SIZE(listeners));
    char helped[128] = "", typed[128] = "", type[16];

    (void)state;
    write_metrics(&sample);
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        if (sscanf(at, "# HELP %127s", helped) == 1)
            continue;
        if (sscanf(at, "# TYPE %127s %15s", typed, type) == 2) {
            assert_string_equal(typed, helped);
            assert_true(strcmp(type, strstr(typed, "_total") ? "counter" : "gauge") == 0);
            continue;
        }
        size_t length = strcspn(at, "{ ");
        if (strlen(typed) != length || strncmp(typed, at, length) != 0)
            fail_msg("no TYPE before: %.*s", (int)strcspn(at, "\n"), at);
    }
}

/* Names and types, one per line: of the file, and of the man page. */
static void list_written(struct text *list) {
    char name[64], type[16];

    for (const char *at = text; (at = strstr(at, "# TYPE ")); at++) {
        assert_int_equal(sscanf(at, "# TYPE %63s %15s", name, type), 2);
        text_add(list, "%s %s\n", name, type);
    }
}

static void list_documented(const char *page, struct text *list) {
    char name[64], type[16];

    for (const char *at = page; (at = strstr(at, "\n.It Ic ")); at++)
        if (sscanf(at, "\n.It Ic %63s No = %15s", name, type) == 2)
            text_add(list, "%s %s\n", name, type);
}

static void read_document(const char *path, char *document, size_t size) {
    if (read_file_at(AT_FDCWD, path, document, size) < 0)
        fail_msg("%s cannot be read: run this in the top directory", path);
}

static void test_man_page(void **state) {
    static char page[64 * 1024];
    char written[8192], documented[8192];
    struct text list = text_in(written, sizeof written), named = text_in(documented, sizeof documented);
    struct listener listeners[4];
    struct sample sample = full_sample(listeners, ARRAY_SIZE(listeners));

    (void)state;
    write_metrics(&sample);
    read_document(MAN, page, sizeof page);
    list_written(&list);
    list_documented(page, &named);
    assert_false(list.cut || named.cut);
    assert_string_equal(documented, written);
}

static void test_documented_bound(void **state) {
    static const char *const paths[] = {MAN, SCALE};
    static char document[64 * 1024];
    char bound[64];

    (void)state;
    snprintf(bound, sizeof bound, "at most %d series", METRICS_SERIES_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        read_document(paths[i], document, sizeof document);
        check_row(paths[i], strstr(document, bound) != NULL, true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_unknown_is_absent),
        cmocka_unit_test(test_special_figures),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_as_large_as_can_be),
        cmocka_unit_test(test_every_line_is_typed),
        cmocka_unit_test(test_man_page),
        cmocka_unit_test(test_documented_bound),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
