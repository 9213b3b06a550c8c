/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "console.h"
#include "page.h"
#include "sample_alerts.h"
#include "terminal.h"

static char printed[32768];

static FILE *open_printed(void) {
    FILE *stream = fmemopen(printed, sizeof printed, "w");

    assert_non_null(stream);
    return stream;
}

/* @return what was printed, until the next call */
static const char *print_alert(struct alert alert, bool color) {
    FILE *stream = open_printed();
    struct record *record = record_from_alert(&alert, "host");

    struct page page = page_on(stream, color);
    console_print_alert(&page, record);
    fclose(stream);
    free(record);
    return printed;
}

static void expect_text(const char *row, const char *text, const char *wanted) {
    if (!strstr(text, wanted))
        fail_msg("%s: \"%s\" is missing in:\n%s", row, wanted, text);
}

static void test_alert(void **state) {
    static const char *const wanted[] = {
        " raised critical port-exhaustion\n",
        "\n  Ephemeral ports running out towards [2001:db8::1]:443",
        "\n  cause     Most of the ports are held by TIME-WAIT",
        "\n  evidence  ports_in_use=27000 in_time_wait=26000\n",
        "\n  do        1) reuse connections: a pool or keep-alive\n",
        "\n            2) sysctl -w net.ipv4.tcp_tw_reuse=1 (now 2): ",
        "\n            3) sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\" ",
        "\n            4) spread over more destination or source addresses\n",
        "\n  sysctl    net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range=\"1024 65535\"\n",
        "\n  not       net.ipv4.tcp_fin_timeout: does not shorten",
        "\n  capture   tcpdump -ni any -c 200 'tcp and host 2001:db8::1 and port 443'\n",
        "\n  id        0000000000001236\n\n",
    };
    const char *text = print_alert(sample_ports(), false);

    (void)state;
    assert_int_equal(strspn(text, "0123456789:"), strlen("HH:MM:SS"));
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        expect_text("alert", text, wanted[i]);
    assert_null(strchr(text, '\033'));
    assert_string_equal(text + strlen(text) - 2, "\n\n");
}

static void test_owner(void **state) {
    static const struct {
        const char *name, *unit;
        uint32_t pid;
        const char *comm, *wanted; /* NULL: no line */
    } row[] = {
        {"unit", "nginx.service", 0, "", "\n  owner     nginx.service\n"},
        {"process", "nginx.service", 12, "nginx", "\n  owner     nginx.service, pid 12 (nginx)\n"},
        {"process alone", "", 12, "nginx", "\n  owner     pid 12 (nginx)\n"},
        {"unknown", "", 0, "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct alert alert = sample_ports();
        strcpy(alert.finding.unit, row[i].unit);
        strcpy(alert.finding.comm, row[i].comm);
        alert.finding.pid = row[i].pid;
        const char *text = print_alert(alert, false);
        expect_text(row[i].name, text, row[i].wanted ? row[i].wanted : "\n  peer      [2001:db8::1]:443\n");
        if (!row[i].wanted)
            assert_null(strstr(text, "  owner "));
    }
}

static void test_cleared_is_short(void **state) {
    const char *text = print_alert(sample_event(sample_ports(), EVENT_CLEARED, 75), false);

    (void)state;
    expect_text("cleared", text, " cleared critical port-exhaustion\n  Cleared after 1 min 15 s: ");
    expect_text("cleared", text, "\n  id        0000000000001236\n\n");
    assert_null(strstr(text, "  do "));
    assert_null(strstr(text, "  cause "));
}

static void test_absent_fields_have_no_line(void **state) {
    const char *text = print_alert(sample_degraded(), false);

    (void)state;
    assert_null(strstr(text, "  sysctl "));
    assert_null(strstr(text, "  capture "));
}

static void test_color(void **state) {
    static const struct {
        const char *name;
        struct alert (*alert)(void);
        enum alert_event event;
        const char *wanted;
    } row[] = {
        {"critical is red", sample_flood, EVENT_RAISED, "\033[1;31mraised critical syn-flood\033[0m\n"},
        {"warning is yellow", sample_leak, EVENT_RAISED, "\033[1;33mraised warning close-wait-leak\033[0m\n"},
        {"cleared is green", sample_flood, EVENT_CLEARED, "\033[1;32mcleared critical syn-flood\033[0m\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        const char *text = print_alert(sample_event(row[i].alert(), row[i].event, 1), true);
        expect_text(row[i].name, text, row[i].wanted);
    }
}

/* A word that is longer than the line has no place to break. */
static bool is_one_word(const char *line, size_t length) {
    size_t blanks = strspn(line, " ");

    return blanks < length && !memchr(line + blanks, ' ', length - blanks);
}

/* Commands are not wrapped, so that they can be copied; all else keeps within the width. */
static void check_width(const char *text, size_t width) {
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        bool command = strncmp(line, "  capture", 9) == 0 || strncmp(line, "  sysctl", 8) == 0 ||
                       strncmp(line, "  now", 5) == 0 || memmem(line, length, "sysctl -w ", 10);
        if (!command && !is_one_word(line, length) && page_columns(line, length) > width)
            fail_msg("width %zu: %zu columns: %.*s", width, page_columns(line, length), (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static void test_width_of_the_terminal(void **state) {
    static const struct {
        const char *name;
        unsigned short width;
        size_t wanted;
    } row[] = {{"wide", 132, 132},
               {"usual", 80, 80},
               {"narrow", 50, 50},
               {"too narrow", 10, 40},
               {"unknown", 0, 80}};
    char text[16384];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct terminal terminal = open_terminal(row[i].width);
        struct alert alert = sample_flood();
        struct record *record = record_from_alert(&alert, "host");
        struct page page = page_on(terminal.stream, false);
        console_print_alert(&page, record);
        free(record);
        read_terminal(&terminal, text, sizeof text);
        close_terminal(&terminal);
        check_width(text, row[i].wanted);
        size_t longest = 0;
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
            if (strncmp(line, "  capture", 9) != 0 && strcspn(line, "\n") > longest)
                longest = strcspn(line, "\n");
        if (longest + 25 < row[i].wanted)
            fail_msg("%s: only %zu of %zu columns are used", row[i].name, longest, row[i].wanted);
    }
}

static void test_log_line(void **state) {
    static const struct {
        const char *name;
        int priority;
        bool color;
        const char *wanted;
    } row[] = {
        {"plain", 3, false, "synwaitd: hello\n"},
        {"error", 3, true, "\033[1;31msynwaitd: hello\033[0m\n"},
        {"warning", 4, true, "\033[1;33msynwaitd: hello\033[0m\n"},
        {"notice", 5, true, "synwaitd: hello\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        FILE *stream = open_printed();
        struct record *record = record_from_log(row[i].priority, "hello");
        console_print_log(stream, record, row[i].color);
        fclose(stream);
        free(record);
        if (strcmp(printed, row[i].wanted) != 0)
            fail_msg("%s: %s", row[i].name, printed);
    }
}

/* Blanks in a row become one: how the columns are laid out is the table's own test. */
static void squeeze(char *text) {
    char *to = text;

    for (const char *from = text; *from; from++)
        if (*from != ' ' || from[1] != ' ')
            *to++ = *from;
    *to = '\0';
}

static const char *print_states(const struct sample *sample, const struct config *config, bool color) {
    FILE *stream = open_printed();

    assert_int_equal(console_print_states(stream, sample, config, color), 0);
    fclose(stream);
    squeeze(printed);
    return printed;
}

static void test_states(void **state) {
    struct sample sample = quiet_sample();
    struct config config;

    (void)state;
    config_defaults(&config);
    sample.state[STATE_LISTEN] = FIGURE_OF(12);
    sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(7);
    sample.state[STATE_TIME_WAIT] = FIGURE_OF(60000);
    sample.state[STATE_SYN_SENT] = FIGURE_NONE;
    sample.gauge[GAUGE_ORPHANS] = FIGURE_OF(3);
    sample.gauge[GAUGE_CONNTRACK] = FIGURE_MISSING;
    sample.destination_count = 1;
    sample.destination[0] =
        (struct destination){.remote = sample_endpoint("198.51.100.7:443"), .ports_in_use = 27000};
    static const struct {
        const char *name, *wanted;
    } row[] = {
        {"head", " STATE COUNT LIMIT WARNING CRITICAL LIMITED BY\n"},
        {"listen", "\n LISTEN 12 - - -\n"},
        {"unknown", "\n SYN-SENT unknown - 500 5000\n"},
        {"off", "\n ESTABLISHED 0 - off off\n"},
        {"count", "\n CLOSE-WAIT 7 - 100 1000\n"},
        {"per listener", "\n SYN-RECV 0 - 50% 90% the listener's SYN-queue limit\n"},
        {"percent of a limit", "\n TIME-WAIT 60000 65536 52429 62260 net.ipv4.tcp_max_tw_buckets\n"},
        {"ports", "\n ports 27000 28232 22586 26821 ephemeral ports, towards "
                  "198.51.100.7:443\n"},
        {"orphans", "\n orphans 3 65536 32768 58983 net.ipv4.tcp_max_orphans\n"},
        {"tcp-memory", "\n tcp-memory 0 3000 1950 2700 "},
    };
    const char *text = print_states(&sample, &config, false);
    expect_text(row[0].name, text, row[0].wanted);
    for (size_t i = 1; i < ARRAY_SIZE(row); i++)
        expect_text(row[i].name, text, row[i].wanted);
    assert_null(strstr(text, "conntrack"));
    assert_null(strchr(text, '\033'));
    sample.gauge[GAUGE_CONNTRACK] = FIGURE_OF(5);
    sample.knob[KNOB_TCP_MAX_TW_BUCKETS].value = FIGURE_NONE;
    text = print_states(&sample, &config, true);
    expect_text("conntrack", text, "\n conntrack 5 262144 209716 249037 net.netfilter.");
    expect_text("unknown limit", text, "\n TIME-WAIT 60000 unknown 80% 95% ");
    assert_non_null(strchr(text, '\033'));
}

static void test_floor_is_the_least_threshold(void **state) {
    struct sample sample = quiet_sample();
    struct config config;

    (void)state;
    config_defaults(&config);
    sample.knob[KNOB_TCP_MAX_TW_BUCKETS].value = FIGURE_OF(1000);
    const char *text = print_states(&sample, &config, false);
    expect_text("floor", text, "\n TIME-WAIT 0 1000 1000 1000 ");
}

/* Fourteen listeners: the fullest ten, the fullest first. */
static void test_listeners(void **state) {
    struct sample sample = quiet_sample();
    struct listener listener[14];
    struct config config;

    (void)state;
    config_defaults(&config);
    for (uint16_t i = 0; i < ARRAY_SIZE(listener); i++) {
        listener[i] = listener_on((uint16_t)(8000 + i), 128);
        listener[i].half_open = i;
    }
    listener[3].accept_queue = 129;
    listener[4].backlog = 4096;
    listener[4].half_open = 2048;
    sample.listener = listener;
    sample.listener_count = ARRAY_SIZE(listener);
    const char *text = print_states(&sample, &config, false);
    const char *first = strstr(text, "LISTENER");
    assert_non_null(first);
    expect_text("fullest accept queue first", first,
                "\n 192.0.2.1:8003 3 128 129 128 listen() backlog\n"
                " 192.0.2.1:8004 2048 4096 0 4096 net.core.somaxconn\n"
                " 192.0.2.1:8013 ");
    expect_text("the rest is counted", first, "\n and 4 more\n");
    assert_null(strstr(first, ":8000 "));
    assert_null(strstr(first, ":8002 "));
    expect_text("the tenth", first, ":8006 ");
    sample.half_open_usec = 0;
    text = print_states(&sample, &config, false);
    expect_text("before the first walk", text, " 192.0.2.1:8003 unknown 128 129");
    sample.listeners_known = false;
    text = print_states(&sample, &config, false);
    expect_text("unknown", text, "\nListeners: unknown\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert),
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_cleared_is_short),
        cmocka_unit_test(test_absent_fields_have_no_line),
        cmocka_unit_test(test_color),
        cmocka_unit_test(test_width_of_the_terminal),
        cmocka_unit_test(test_log_line),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_floor_is_the_least_threshold),
        cmocka_unit_test(test_listeners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
