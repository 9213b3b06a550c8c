/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "problem.h"
#include "record.h"
#include "remedy.h"
#include "sample_alerts.h"

#define ABSENT NULL

static void expect_field(const char *row, const struct record *record, const char *key, const char *wanted) {
    const char *value = record_get(record, key);

    bool same = value && wanted ? strcmp(value, wanted) == 0 : value == wanted;

    if (!same)
        fail_msg("%s: %s is \"%s\", expected \"%s\"", row, key, value ? value : "(absent)",
                 wanted ? wanted : "(absent)");
}

static struct alert widened(void) {
    return sample_widened(VERDICT_PENDING);
}

static struct alert widened_in_vain(void) {
    struct alert alert = sample_widened(VERDICT_NO_EFFECT);

    alert.outcome.changes.change[1] = (struct knob_change){KNOB_TCP_TW_REUSE, 1, {2}, {1}};
    alert.outcome.changes.change[2] = (struct knob_change){KNOB_PORTS_RESERVED, 1, {0}, {3}};
    alert.outcome.changes.count = 3;
    return alert;
}

static struct alert ended(void) {
    struct alert alert = sample_event(sample_leak(), EVENT_CLEARED, 75);

    alert.ending = ENDING_LISTENER_RESTARTED;
    return alert;
}

static struct alert counted_before(void) {
    struct alert alert = sample_leak();

    alert.finding.age_usec = 24600999;
    return alert;
}

static struct alert cleared_later(void) {
    return sample_event(counted_before(), EVENT_CLEARED, 75);
}

static const struct {
    const char *name;
    struct alert (*alert)(void);
    const char *key, *value;
} wanted_field[] = {
    {"id of the problem", sample_flood, "MESSAGE_ID", "f732523bc5a14c898466112f2e876601"},
    {"critical is 3", sample_flood, "PRIORITY", "3"},
    {"warning is 4", sample_leak, "PRIORITY", "4"},
    {"degraded warning is 4", sample_degraded, "PRIORITY", "4"},
    {"identifier", sample_flood, "SYSLOG_IDENTIFIER", "synwaitd"},
    {"schema", sample_flood, "SYNWAITD_SCHEMA", "1"},
    {"problem", sample_flood, "SYNWAITD_PROBLEM", "syn-flood"},
    {"event", sample_flood, "SYNWAITD_EVENT", "raised"},
    {"incident", sample_flood, "SYNWAITD_INCIDENT", "0000000000001234"},
    {"severity", sample_leak, "SYNWAITD_SEVERITY", "warning"},
    {"confidence", sample_flood, "SYNWAITD_CONFIDENCE", "high"},
    {"netns", sample_flood, "SYNWAITD_NETNS", "host"},
    {"condition", sample_flood, "SYNWAITD_CONDITION", "syn-recv"},
    {"state", sample_flood, "SYNWAITD_STATE", "SYN-RECV"},
    {"value", sample_flood, "SYNWAITD_VALUE", "1025"},
    {"threshold", sample_flood, "SYNWAITD_THRESHOLD", "922"},
    {"limit", sample_flood, "SYNWAITD_LIMIT", "1024"},
    {"limit source", sample_flood, "SYNWAITD_LIMIT_SOURCE", "listen() backlog"},
    {"age of the value", sample_flood, "SYNWAITD_AGE_MSEC", "0"},
    {"old", counted_before, "SYNWAITD_AGE_MSEC", "24600"},
    {"no age on cleared", cleared_later, "SYNWAITD_AGE_MSEC", ABSENT},
    {"degraded: no age", sample_degraded, "SYNWAITD_AGE_MSEC", ABSENT},
    {"local", sample_flood, "SYNWAITD_LOCAL", "192.0.2.10:80"},
    {"local port", sample_flood, "SYNWAITD_LOCAL_PORT", "80"},
    {"no peer", sample_flood, "SYNWAITD_PEER", ABSENT},
    {"evidence", sample_flood, "SYNWAITD_EVIDENCE",
     "half_open=1025 syn_queue_limit=1024 syn_overflow_per_sec=19874"},
    {"no sysctl", sample_flood, "SYNWAITD_SYSCTL", ABSENT},
    {"no current sysctl", sample_flood, "SYNWAITD_SYSCTL_CURRENT", ABSENT},
    {"no duration", sample_flood, "SYNWAITD_DURATION_SEC", ABSENT},
    {"no peak", sample_flood, "SYNWAITD_PEAK", ABSENT},
    {"no limit", sample_leak, "SYNWAITD_LIMIT", ABSENT},
    {"no limit source", sample_leak, "SYNWAITD_LIMIT_SOURCE", ABSENT},
    {"port without address", sample_leak, "SYNWAITD_LOCAL", ABSENT},
    {"port alone", sample_leak, "SYNWAITD_LOCAL_PORT", "8080"},
    {"leak has no sysctl", sample_leak, "SYNWAITD_SYSCTL", ABSENT},
    {"ports count no state", sample_ports, "SYNWAITD_STATE", ABSENT},
    {"peer", sample_ports, "SYNWAITD_PEER", "[2001:db8::1]:443"},
    {"source address", sample_ports, "SYNWAITD_LOCAL", "2001:db8::2"},
    {"no local port", sample_ports, "SYNWAITD_LOCAL_PORT", ABSENT},
    {"sysctl", sample_ports, "SYNWAITD_SYSCTL",
     "net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range=\"1024 65535\""},
    {"sysctl now", sample_ports, "SYNWAITD_SYSCTL_CURRENT",
     "net.ipv4.tcp_tw_reuse=2 net.ipv4.ip_local_port_range=\"32768 60999\""},
    {"degraded: no condition", sample_degraded, "SYNWAITD_CONDITION", ABSENT},
    {"degraded: no value", sample_degraded, "SYNWAITD_VALUE", ABSENT},
    {"degraded: no threshold", sample_degraded, "SYNWAITD_THRESHOLD", ABSENT},
    {"degraded: evidence", sample_degraded, "SYNWAITD_EVIDENCE", "failed_ticks=3"},
    {"unsafe is a notice", sample_unsafe, "PRIORITY", "6"},
    {"unsafe: severity", sample_unsafe, "SYNWAITD_SEVERITY", "warning"},
    {"unsafe: no condition", sample_unsafe, "SYNWAITD_CONDITION", ABSENT},
    {"unsafe: evidence", sample_unsafe, "SYNWAITD_EVIDENCE",
     "net.ipv4.tcp_syncookies=0 net.ipv4.tcp_fin_timeout=5"},
    {"unsafe: sysctl", sample_unsafe, "SYNWAITD_SYSCTL",
     "net.ipv4.tcp_syncookies=1 net.ipv4.tcp_fin_timeout=60"},
    {"unsafe: advice", sample_unsafe, "SYNWAITD_ADVICE",
     "1) sysctl -w net.ipv4.tcp_syncookies=1 (now 0: a full SYN queue then drops real clients); "
     "2) sysctl -w net.ipv4.tcp_fin_timeout=60 (now 5: slow peers get reset; TIME-WAIT stays 60 s "
     "anyway)"},
    {"unsafe port: no pair", sample_unsafe_port, "SYNWAITD_SYSCTL", ABSENT},
    {"unsafe port: cause", sample_unsafe_port, "SYNWAITD_CAUSE",
     "Kernel settings weaken this host or do not fit each other. Listening ports in the range: 40001"},
    {"unsafe port: advice", sample_unsafe_port, "SYNWAITD_ADVICE",
     "1) add 40001 to net.ipv4.ip_local_reserved_ports (connect() may take them first; harmless where "
     "bind(0) chose the port)"},
    {"files not looked up", sample_unsafe, "SYNWAITD_SYSCTL_FILE", ABSENT},
    {"no change", sample_ports, "SYNWAITD_CHANGED", ABSENT},
    {"no change, no outcome", sample_ports, "SYNWAITD_OUTCOME", ABSENT},
    {"changed", widened, "SYNWAITD_CHANGED", "net.ipv4.ip_local_port_range=\"10000 65535\""},
    {"changed from", widened, "SYNWAITD_CHANGED_FROM", "net.ipv4.ip_local_port_range=\"32768 60999\""},
    {"not judged", widened, "SYNWAITD_OUTCOME", "pending"},
    {"before", widened, "SYNWAITD_OUTCOME_BEFORE", "27900"},
    {"no figure yet", widened, "SYNWAITD_OUTCOME_AFTER", ABSENT},
    {"several changed", widened_in_vain, "SYNWAITD_CHANGED",
     "net.ipv4.ip_local_port_range=\"10000 65535\" net.ipv4.tcp_tw_reuse=1 "
     "net.ipv4.ip_local_reserved_ports=\"3 ports\""},
    {"judged", widened_in_vain, "SYNWAITD_OUTCOME", "no-effect"},
    {"after", widened_in_vain, "SYNWAITD_OUTCOME_AFTER", "27950"},
    {"ended by", ended, "SYNWAITD_ENDED_BY", "listener-restarted"},
    {"not ended", widened, "SYNWAITD_ENDED_BY", ABSENT},
    {"degraded: no capture", sample_degraded, "SYNWAITD_CAPTURE", ABSENT},
};

static void test_fields(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wanted_field); i++) {
        struct alert alert = wanted_field[i].alert();
        struct record *record = record_from_alert(&alert, "host");
        assert_non_null(record);
        expect_field(wanted_field[i].name, record, wanted_field[i].key, wanted_field[i].value);
        free(record);
    }
}

static void test_cleared(void **state) {
    struct alert flood = sample_event(sample_flood(), EVENT_CLEARED, 75);
    struct alert degraded = sample_event(sample_degraded(), EVENT_CLEARED, 9);
    struct record *record = record_from_alert(&flood, "web");

    (void)state;
    assert_int_equal(record->priority, 5);
    expect_field("cleared", record, "PRIORITY", "5");
    expect_field("cleared", record, "SYNWAITD_EVENT", "cleared");
    expect_field("cleared", record, "SYNWAITD_NETNS", "web");
    expect_field("cleared", record, "SYNWAITD_DURATION_SEC", "75");
    expect_field("cleared", record, "SYNWAITD_PEAK", "1025");
    free(record);
    record = record_from_alert(&degraded, "host");
    expect_field("degraded cleared", record, "SYNWAITD_DURATION_SEC", "9");
    expect_field("degraded cleared", record, "SYNWAITD_PEAK", NULL);
    free(record);
}

static void test_degraded_reason_is_told(void **state) {
    struct alert alert = sample_degraded();
    struct record *record = record_from_alert(&alert, "host");

    (void)state;
    assert_non_null(strstr(record_get(record, "SYNWAITD_CAUSE"), alert.finding.detail));
    assert_non_null(strstr(record_get(record, "MESSAGE"), alert.finding.detail));
    free(record);
}

/* Every field of the longest alert there is, for names, sizes and order. */
static void test_names_and_sizes(void **state) {
    static const char *const order[] = {
        "MESSAGE",
        "MESSAGE_ID",
        "PRIORITY",
        "SYSLOG_IDENTIFIER",
        "SYNWAITD_SCHEMA",
        "SYNWAITD_PROBLEM",
        "SYNWAITD_EVENT",
        "SYNWAITD_INCIDENT",
        "SYNWAITD_SEVERITY",
        "SYNWAITD_CONFIDENCE",
        "SYNWAITD_NETNS",
        "SYNWAITD_CONDITION",
        "SYNWAITD_VALUE",
        "SYNWAITD_THRESHOLD",
        "SYNWAITD_LIMIT",
        "SYNWAITD_LIMIT_SOURCE",
        "SYNWAITD_LOCAL",
        "SYNWAITD_PEER",
        "SYNWAITD_EVIDENCE",
        "SYNWAITD_CAUSE",
        "SYNWAITD_ADVICE",
        "SYNWAITD_SYSCTL",
        "SYNWAITD_SYSCTL_CURRENT",
        "SYNWAITD_NOT_ADVISED",
        "SYNWAITD_CAPTURE",
        "SYNWAITD_CHANGED",
        "SYNWAITD_CHANGED_FROM",
        "SYNWAITD_OUTCOME",
        "SYNWAITD_OUTCOME_BEFORE",
        "SYNWAITD_OUTCOME_AFTER",
        "SYNWAITD_DURATION_SEC",
        "SYNWAITD_PEAK",
        "SYNWAITD_ENDED_BY",
    };
    struct alert alert = sample_event(sample_widened(VERDICT_HELPED), EVENT_CLEARED, 75);
    alert.ending = ENDING_SYSCTL;
    struct record *record = record_from_alert(&alert, "host");

    (void)state;
    assert_int_equal(record->count, ARRAY_SIZE(order));
    for (size_t i = 0; i < record->count; i++) {
        size_t key = strcspn(record->field[i], "=");
        if (key != strlen(order[i]) || strncmp(record->field[i], order[i], key) != 0)
            fail_msg("field %zu is %.*s, expected %s", i, (int)key, record->field[i], order[i]);
        assert_true(key <= RECORD_KEY_MAX);
        assert_int_equal(strspn(order[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), key);
        assert_true(strlen(record->field[i]) - key - 1 <= RECORD_VALUE_MAX);
    }
    free(record);
}

static void fill(char *text, const char *character, size_t bytes) {
    size_t length = strlen(character);

    for (size_t i = 0; i + length <= bytes; i += length)
        memcpy(text + i, character, length + 1);
}

static void test_values_are_cut(void **state) {
    static const struct {
        const char *name, *character;
        size_t bytes, kept; /* kept: before the ellipsis; equal to bytes: not cut */
    } row[] = {
        {"just fits", "x", 1023, 1023},
        {"one too long", "x", 1024, 1020},
        {"far too long", "x", 9000, 1020},
        {"two-byte characters", "\xC3\xA9", 2000, 1020},
        {"euro sign", "\xE2\x82\xAC", 1026, 1020},
        {"four-byte", "\xF0\x9F\x92\xA9", 2000, 1020},
    };
    char netns[9001];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct alert alert = sample_leak();
        fill(netns, row[i].character, row[i].bytes);
        struct record *record = record_from_alert(&alert, netns);
        const char *value = record_get(record, "SYNWAITD_NETNS");
        bool cut = row[i].kept < row[i].bytes;
        bool right = strlen(value) == row[i].kept + (cut ? 3 : 0) && memcmp(value, netns, row[i].kept) == 0 &&
                     (!cut || strcmp(value + row[i].kept, "\xE2\x80\xA6") == 0);
        if (!right)
            fail_msg("%s: %zu bytes, ends with \"%s\"", row[i].name, strlen(value),
                     value + strlen(value) - 6);
        free(record);
    }
}

static void test_values_are_one_clean_line(void **state) {
    static const struct {
        const char *name, *text, *wanted;
    } row[] = {
        {"newline", "a\nb", "a?b"},
        {"tab and escape", "\t\033[31m", "??[31m"},
        {"delete", "a\x7f", "a?"},
        {"umlaut stays", "gr\xC3\xBCn", "gr\xC3\xBCn"},
        {"first after C1 and the no-break space stays", "\xC2\xA1", "\xC2\xA1"},
        {"C1 control", "\xC2\x9B", "??"},
        {"lone byte", "\xFF", "?"},
        {"lone continuation", "\x80x", "?x"},
        {"overlong", "\xC0\xAF", "??"},
        {"overlong of three", "\xE0\x80\xAF", "???"},
        {"surrogate", "\xED\xA0\x80", "???"},
        {"beyond Unicode", "\xF4\x90\x80\x80", "????"},
        {"last of Unicode stays", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
        {"cut off at the end", "a\xE2\x82", "a??"},
        {"equals sign stays", "a=b", "a=b"},
        {"newline and a field's name", "a\nPRIORITY=0", "a?PRIORITY=0"},
        {"text turned around", "a\xE2\x80\xAEz", "a???z"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct record *record = record_from_log(6, row[i].text);
        expect_field(row[i].name, record, "MESSAGE", row[i].wanted);
        free(record);
    }
}

static void test_log_line(void **state) {
    struct record *record = record_from_log(5, "started");

    (void)state;
    assert_int_equal(record->count, 3);
    assert_false(record->is_alert);
    assert_int_equal(record->priority, 5);
    expect_field("log line", record, "MESSAGE", "started");
    expect_field("log line", record, "PRIORITY", "5");
    expect_field("log line", record, "SYSLOG_IDENTIFIER", "synwaitd");
    expect_field("a key's prefix is no key", record, "MESS", NULL);
    free(record);
}

static void test_evidence_keeps_whole_pairs(void **state) {
    struct alert alert = sample_flood();
    char text[32];

    (void)state;
    evidence_format(&alert.finding, text, 21);
    assert_string_equal(text, "half_open=1025");
    evidence_format(&alert.finding, text, 14);
    assert_string_equal(text, "");
}

static struct record *crowded_record(void) {
    struct alert alert = sample_flood();

    for (size_t i = 0; i < EVIDENCE_MAX; i++)
        alert.finding.evidence[i] = (struct evidence){"retransmitted_beyond_synack_retries", UINT64_MAX / 10};
    alert.finding.evidence_count = EVIDENCE_MAX;
    return record_from_alert(&alert, "host");
}

static void test_dropped_alerts_are_noted(void **state) {
    struct alert leak = sample_leak();
    struct record *record = record_add_dropped(record_from_alert(&leak, "host"), 7);

    (void)state;
    expect_field("appended", record, "SYNWAITD_EVIDENCE", "close_wait=200 never_accepted=0 alerts_dropped=7");
    expect_field("others are kept", record, "SYNWAITD_LOCAL_PORT", "8080");
    assert_int_equal(record->alerts_dropped, 7);
    assert_int_equal(record->priority, 4);
    assert_true(record->is_alert);
    free(record);
    leak.finding.evidence_count = 0;
    record = record_add_dropped(record_from_alert(&leak, "host"), 8);
    expect_field("only evidence", record, "SYNWAITD_EVIDENCE", "alerts_dropped=8");
    free(record);
    record = record_add_dropped(crowded_record(), 9);
    const char *evidence = record_get(record, "SYNWAITD_EVIDENCE");
    assert_true(strlen(evidence) <= RECORD_VALUE_MAX);
    assert_string_equal(evidence + strlen(evidence) - strlen("5161 alerts_dropped=9"),
                        "5161 alerts_dropped=9");
    free(record);
}

static void format_advice(const struct finding *finding, char *buffer, size_t size) {
    struct text text = text_in(buffer, size);

    advice_format(finding, NULL, &text);
}

static void test_advice(void **state) {
    struct alert ports = sample_ports();
    struct alert flood = sample_flood();
    char text[4096];

    (void)state;
    format_advice(&ports.finding, text, sizeof text);
    assert_true(strncmp(text, "1) ", 3) == 0);
    assert_non_null(strstr(text, "; 2) sysctl -w net.ipv4.tcp_tw_reuse=1 (now 2): connect() takes over"));
    assert_non_null(
        strstr(text, "; 3) sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\" (now 32768 60999): "));
    assert_non_null(strstr(text, "; 4) "));
    format_advice(&flood.finding, text, sizeof text);
    assert_null(strstr(text, "@sysctl"));
    assert_null(strstr(text, "sysctl -w"));
    assert_true(strncmp(text, "1) keep net.ipv4.tcp_syncookies=1", 33) == 0);
}

static void test_backlog_mark(void **state) {
    struct alert alert = sample_flood();
    char text[4096];

    (void)state;
    alert.finding.cause = CAUSE_BURST;
    alert.finding.backlog_advised = 4096;
    format_advice(&alert.finding, text, sizeof text);
    assert_non_null(strstr(text, "listen() backlog to 4096 and restart"));
    alert.finding.backlog_advised = 0;
    format_advice(&alert.finding, text, sizeof text);
    assert_non_null(strstr(text, "listen() backlog and restart"));
    alert.finding.backlog_suffices = true;
    format_advice(&alert.finding, text, sizeof text);
    assert_null(strstr(text, "backlog"));
}

static void test_what_is_off_cannot_be_kept(void **state) {
    struct alert alert = sample_flood();
    char text[4096];

    (void)state;
    format_advice(&alert.finding, text, sizeof text);
    assert_non_null(strstr(text, "keep net.ipv4.tcp_syncookies=1"));
    alert.finding.advice[0] = (struct advice){.row = sample_row(KNOB_TCP_SYNCOOKIES), .recommended = 1};
    alert.finding.advice_count = 1;
    format_advice(&alert.finding, text, sizeof text);
    assert_null(strstr(text, "keep net.ipv4"));
    assert_non_null(strstr(text, "sysctl -w net.ipv4.tcp_syncookies=1"));
}

static void test_a_setting_of_the_host_says_so(void **state) {
    struct alert alert = sample_ports();
    char text[4096];

    (void)state;
    format_advice(&alert.finding, text, sizeof text);
    assert_null(strstr(text, "for the whole host"));
    alert.finding.advice[0].row = sample_row(KNOB_CONNTRACK_MAX);
    format_advice(&alert.finding, text, sizeof text);
    assert_non_null(strstr(text, "nf_conntrack_buckets with it; for the whole host; "));
}

static void test_no_mark_is_left(void **state) {
    struct alert alert = sample_flood();
    char text[4096];

    (void)state;
    for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++) {
        alert.finding.cause = (enum cause)cause;
        format_advice(&alert.finding, text, sizeof text);
        if (strchr(text, '@') || strlen(text) > RECORD_VALUE_MAX)
            fail_msg("cause %d: %s", cause, text);
    }
}

static void test_not_advised(void **state) {
    char buffer[4096];

    (void)state;
    for (int problem = 0; problem < PROBLEM_COUNT; problem++) {
        struct finding finding = {.problem = (enum problem)problem};
        struct text text = text_in(buffer, sizeof buffer);
        not_advised_format(&finding, &text);
        const struct wrong_remedy *wrong = problem_info(finding.problem)->wrong;
        if (text.length > RECORD_VALUE_MAX)
            fail_msg("%s: %zu bytes", problem_info(finding.problem)->slug, text.length);
        for (size_t i = 0; i < WRONG_REMEDIES_MAX && wrong[i].remedy; i++)
            if (!strstr(buffer, wrong[i].remedy) || !strstr(buffer, wrong[i].why))
                fail_msg("%s: %s is missing", problem_info(finding.problem)->slug, wrong[i].remedy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_cleared),
        cmocka_unit_test(test_degraded_reason_is_told),
        cmocka_unit_test(test_names_and_sizes),
        cmocka_unit_test(test_values_are_cut),
        cmocka_unit_test(test_values_are_one_clean_line),
        cmocka_unit_test(test_log_line),
        cmocka_unit_test(test_evidence_keeps_whole_pairs),
        cmocka_unit_test(test_dropped_alerts_are_noted),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_backlog_mark),
        cmocka_unit_test(test_what_is_off_cannot_be_kept),
        cmocka_unit_test(test_a_setting_of_the_host_says_so),
        cmocka_unit_test(test_no_mark_is_left),
        cmocka_unit_test(test_not_advised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
