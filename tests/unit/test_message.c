/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"
#include "sample_alerts.h"

#define MESSAGE_MAX 400

static struct alert overflowing_flood(void) {
    struct alert alert = sample_flood();

    alert.finding.lead = (struct breach){.condition = CONDITION_SYN_OVERFLOW,
                                         .severity = SEVERITY_CRITICAL,
                                         .value = 19874,
                                         .threshold = 1000};
    return alert;
}

static struct alert limited_overflow(void) {
    struct alert alert = overflowing_flood();

    alert.finding.lead.limit = FIGURE_OF(1024);
    alert.finding.lead.limit_source = LIMIT_LISTEN_BACKLOG;
    return alert;
}

static struct alert wildcard_leak(void) {
    struct alert alert = sample_leak();

    alert.finding.scope = (struct scope){.kind = SCOPE_HOST};
    alert.finding.local = sample_endpoint("0.0.0.0:8080");
    return alert;
}

static struct alert old_leak(void) {
    struct alert alert = sample_leak();

    alert.finding.age_usec = 24600000;
    return alert;
}

static struct alert just_old_leak(void) {
    struct alert alert = sample_leak();

    alert.finding.age_usec = 5000000;
    return alert;
}

static struct alert recent_leak(void) {
    struct alert alert = sample_leak();

    alert.finding.age_usec = 4999999;
    return alert;
}

static struct alert stall(void) {
    return (struct alert){.finding = {.problem = PROBLEM_SYN_SENT_STALL,
                                      .family = FAMILY_OUTBOUND_HANDSHAKE,
                                      .cause = CAUSE_PEER_NOT_ANSWERING,
                                      .severity = SEVERITY_WARNING,
                                      .lead = {.condition = CONDITION_SYN_SENT,
                                               .severity = SEVERITY_WARNING,
                                               .value = 600,
                                               .threshold = 500}}};
}

static struct alert one_source(void) {
    struct alert alert = sample_flood();

    alert.finding.cause = CAUSE_ONE_SOURCE_FLOOD;
    alert.finding.peer = sample_endpoint("203.0.113.9");
    return alert;
}

static struct alert one_source_ipv6(void) {
    struct alert alert = one_source();

    alert.finding.peer = sample_endpoint("2001:db8:64:1::5");
    return alert;
}

/* With @p minutes left. */
static struct alert ports_left(uint64_t minutes) {
    struct alert alert = sample_ports();

    alert.finding.evidence[alert.finding.evidence_count++] = (struct evidence){"minutes_left", minutes};
    return alert;
}

static struct alert ports_for_five_minutes(void) {
    return ports_left(5);
}

static struct alert ports_for_seconds(void) {
    return ports_left(0);
}

static struct alert ports_of_a_source(void) {
    struct alert alert = sample_ports();

    alert.finding.peer = alert.finding.scope.remote = (struct endpoint){0};
    return alert;
}

static struct alert sysctl_first(void) {
    struct alert alert = sample_ports();

    alert.finding.cause = CAUSE_CONNTRACK_TABLE;
    alert.finding.problem = PROBLEM_CONNTRACK_FULL;
    return alert;
}

static struct alert widened(void) {
    return sample_widened(VERDICT_PENDING);
}

static struct alert widened_helped(void) {
    return sample_widened(VERDICT_HELPED);
}

/* tcp_fin_timeout against a leak. */
static struct alert futile(void) {
    struct alert alert = sample_leak();

    alert.outcome = (struct outcome){
        .verdict = VERDICT_NO_EFFECT,
        .changes = {.change = {{KNOB_TCP_FIN_TIMEOUT, 1, {60}, {10}}}, .count = 1},
        .waited_usec = 60 * USEC_PER_SEC,
        .condition = CONDITION_CLOSE_WAIT,
        .before = {FIGURE_OF(900), FIGURE_NONE},
        .after = {FIGURE_OF(905), FIGURE_NONE},
    };
    return alert;
}

static struct alert futile_all(void) {
    struct alert alert = futile();

    alert.outcome.changes.change[1] = (struct knob_change){KNOB_PORTS_RESERVED, 1, {0}, {3}};
    alert.outcome.changes.change[2] = (struct knob_change){
        KNOB_TCP_MEM_LOW, 3, {1, 2, 3}, {100000000000000000, 200000000000000000, 300000000000000000}};
    alert.outcome.changes.count = 5;
    alert.outcome.verdict = VERDICT_WORSE;
    return alert;
}

static struct alert same_limit(void) {
    struct alert alert = sample_widened(VERDICT_WORSE);

    alert.outcome.after.limit = alert.outcome.before.limit;
    return alert;
}

static struct alert taken_back(void) {
    struct alert alert = futile();

    alert.outcome.verdict = VERDICT_NONE;
    return alert;
}

static struct alert unmeasured(void) {
    struct alert alert = futile();

    alert.outcome.verdict = VERDICT_UNKNOWN;
    alert.outcome.after = (struct outcome_figure){0};
    alert.outcome.waited_usec = 120 * USEC_PER_SEC;
    return alert;
}

static struct alert cookies_helped(void) {
    struct alert alert = sample_flood();

    alert.outcome = (struct outcome){
        .verdict = VERDICT_HELPED,
        .changes = {.change = {{KNOB_TCP_SYNCOOKIES, 1, {0}, {1}}}, .count = 1},
        .waited_usec = 60 * USEC_PER_SEC,
        .drops = true,
        .before = {FIGURE_OF(3982), FIGURE_NONE},
        .after = {FIGURE_OF(0), FIGURE_NONE},
    };
    return alert;
}

static struct alert ended(struct alert alert, enum ending ending) {
    alert.ending = ending;
    return alert;
}

static struct alert ended_by_sysctl(void) {
    return ended(sample_widened(VERDICT_HELPED), ENDING_SYSCTL);
}

static struct alert ended_by_close(void) {
    return ended(sample_leak(), ENDING_LISTENER_GONE);
}

static struct alert ended_by_restart(void) {
    return ended(sample_leak(), ENDING_LISTENER_RESTARTED);
}

static struct alert ended_by_limit(void) {
    return ended(sample_flood(), ENDING_LIMIT_RAISED);
}

static const struct {
    const char *name;
    struct alert (*alert)(void);
    enum alert_event event;
    uint64_t seconds;
    const char *start, *end;
} sentence[] = {
    {"flood", sample_flood, EVENT_RAISED, 0,
     "SYN flood on 192.0.2.10:80: 1025 half-open connections of 1024 (listen() backlog), "
     "19874 SYN/s over a full SYN queue; ",
     " First: keep net.ipv4.tcp_syncookies=1, so that real clients still get in."},
    {"flood seen by its overflow", limited_overflow, EVENT_RAISED, 0,
     "SYN flood on 192.0.2.10:80: 1025 half-open connections of 1024 (listen() backlog), "
     "19874 SYN/s over a full SYN queue; ",
     "."},
    {"overflow without a limit", overflowing_flood, EVENT_RAISED, 0,
     "SYN flood on 192.0.2.10:80: 19874 SYN/s over a full SYN queue, threshold 1000/s; ", "."},
    {"leak", sample_leak, EVENT_RAISED, 0,
     "CLOSE-WAIT leak on port 8080: 200 sockets in CLOSE-WAIT, threshold 100; the application ",
     " First: fix the application: close() when read() returns 0 and on every error path."},
    {"leak on a wildcard address", wildcard_leak, EVENT_RAISED, 0, "CLOSE-WAIT leak on port 8080: 200 ", "."},
    {"ports", sample_ports, EVENT_RAISED, 0,
     "Ephemeral ports running out towards [2001:db8::1]:443 from 2001:db8::2: 27000 ephemeral ports of "
     "28232 (net.ipv4.ip_local_port_range); short outgoing connections ",
     " First: reuse connections: a pool or keep-alive."},
    {"ports, in five minutes", ports_for_five_minutes, EVENT_RAISED, 0,
     "Ephemeral ports running out towards [2001:db8::1]:443 from 2001:db8::2: 27000 ephemeral ports of "
     "28232 (net.ipv4.ip_local_port_range), none left in about 5 min at this rate; ",
     "."},
    {"ports, in seconds", ports_for_seconds, EVENT_RAISED, 0,
     "Ephemeral ports running out towards [2001:db8::1]:443 from 2001:db8::2: 27000 ephemeral ports of "
     "28232 (net.ipv4.ip_local_port_range), none left in less than a minute at this rate; ",
     "."},
    {"ports of a source address", ports_of_a_source, EVENT_RAISED, 0,
     "Ephemeral ports running out from 2001:db8::2: 27000 ephemeral ports of ", "."},
    {"flood from one source", one_source, EVENT_RAISED, 0,
     "SYN flood on 192.0.2.10:80 from 203.0.113.9: 1025 half-open connections of ", "."},
    {"flood from one source, IPv6", one_source_ipv6, EVENT_RAISED, 0,
     "SYN flood on 192.0.2.10:80 from 2001:db8:64:1::/64: 1025 half-open connections of ", "."},
    {"nowhere in particular", stall, EVENT_RAISED, 0,
     "Outgoing connections unanswered: 600 unanswered connection attempts, threshold 500; ",
     " First: check the path and the peer."},
    {"sysctl first", sysctl_first, EVENT_RAISED, 0, "Connection tracking",
     " First: sysctl -w net.ipv4.tcp_tw_reuse=1."},
    {"degraded", sample_degraded, EVENT_RAISED, 0,
     "synwaitd cannot see everything; /proc/net/netstat: No such file or directory.", "."},
    {"unsafe", sample_unsafe, EVENT_RAISED, 0,
     "Unsafe kernel settings: net.ipv4.tcp_syncookies=0 (a full SYN queue then drops real clients), "
     "net.ipv4.tcp_fin_timeout=5 (slow peers get reset; TIME-WAIT stays 60 s anyway). "
     "First: sysctl -w net.ipv4.tcp_syncookies=1.",
     "."},
    {"unsafe port", sample_unsafe_port, EVENT_RAISED, 0,
     "Unsafe kernel settings: net.ipv4.ip_local_reserved_ports lacks 40001 (connect() may take ",
     " First: add 40001 to net.ipv4.ip_local_reserved_ports."},
    {"all unsafe", sample_unsafe_all, EVENT_RAISED, 0,
     "Unsafe kernel settings: net.ipv4.tcp_syncookies=0 (a full SYN queue then drops real clients), "
     "net.ipv4.tcp_tw_recycle=1 (",
     ") and 6 more. First: sysctl -w net.ipv4.tcp_syncookies=1."},
    {"other settings unsafe", sample_unsafe, EVENT_CHANGED, 60, "Changed: Unsafe kernel settings: net.", "."},
    {"settings safe again", sample_unsafe, EVENT_CLEARED, 60, "Cleared after 1 min: Unsafe kernel settings.",
     "."},
    {"changed to critical", sample_flood, EVENT_CHANGED, 5, "Now critical: SYN flood on ", "."},
    {"changed to warning", sample_leak, EVENT_CHANGED, 5, "Now a warning: CLOSE-WAIT leak on ", "."},
    {"changed, another cause", sample_rediagnosed, EVENT_CHANGED, 5, "Now understood as: CLOSE-WAIT leak on ",
     "."},
    {"flood with cookies forced", sample_forced_cookies, EVENT_RAISED, 0,
     "SYN flood: 3011 SYN/s answered by cookie and not completed, threshold 100/s; ", "."},
    {"reminder", sample_leak, EVENT_REMINDER, 1800, "Still there after 30 min: CLOSE-WAIT leak on ", "."},
    {"cleared", sample_flood, EVENT_CLEARED, 75,
     "Cleared after 1 min 15 s: SYN flood on 192.0.2.10:80, peak 1025 half-open connections.",
     ", peak 1025 half-open connections."},
    {"cleared at once", sample_leak, EVENT_CLEARED, 0,
     "Cleared after 0 s: CLOSE-WAIT leak on port 8080, peak 200 sockets in CLOSE-WAIT.", "."},
    {"cleared after hours", sample_leak, EVENT_CLEARED, 7500, "Cleared after 2 h 5 min: ", "."},
    {"cleared after days", sample_leak, EVENT_CLEARED, 3 * 86400 + 59, "Cleared after 3 d: ", "."},
    {"setting changed", widened, EVENT_CHANGED, 60,
     "Setting changed during this: net.ipv4.ip_local_port_range 32768 60999 -> 10000 65535; the effect "
     "is "
     "told in a minute. Ephemeral ports running out towards [2001:db8::1]:443 from 2001:db8::2: 27000 "
     "ephemeral ports of 28232 (net.ipv4.ip_local_port_range).",
     "."},
    {"setting helped", widened_helped, EVENT_CHANGED, 60,
     "net.ipv4.ip_local_port_range 32768 60999 -> 10000 65535 has helped after 1 min: 27900 of 28232 "
     "ephemeral ports before, 27950 of 55536 now. Ephemeral ports running out towards "
     "[2001:db8::1]:443 from 2001:db8::2; short outgoing connections ",
     "."},
    {"a limit that stayed is named once", same_limit, EVENT_CHANGED, 60,
     "net.ipv4.ip_local_port_range 32768 60999 -> 10000 65535 has made it worse after 1 min: 27900 of "
     "28232 ephemeral ports before, 27950 now. ",
     "."},
    {"setting without effect", futile, EVENT_CHANGED, 60,
     "net.ipv4.tcp_fin_timeout 60 -> 10 has had no effect after 1 min: 900 sockets in CLOSE-WAIT before, "
     "905 now. CLOSE-WAIT leak on port 8080; the application ",
     " First: fix the application: close() when read() returns 0 and on every error path."},
    {"several settings", futile_all, EVENT_CHANGED, 60,
     "net.ipv4.tcp_fin_timeout 60 -> 10, net.ipv4.ip_local_reserved_ports 0 ports -> 3 ports and 3 more "
     "have made it worse after 1 min: 900 ",
     "."},
    {"setting taken back", taken_back, EVENT_CHANGED, 60,
     "Setting changed during this: net.ipv4.tcp_fin_timeout 60 -> 10, as it was before. CLOSE-WAIT leak "
     "on port 8080: 200 sockets in CLOSE-WAIT, threshold 100.",
     "."},
    {"effect unknown", unmeasured, EVENT_CHANGED, 60,
     "net.ipv4.tcp_fin_timeout 60 -> 10 has had an effect that could not be measured after 2 min. "
     "CLOSE-WAIT leak on port 8080; ",
     "."},
    {"cookies helped", cookies_helped, EVENT_CHANGED, 60,
     "net.ipv4.tcp_syncookies 0 -> 1 has helped after 1 min: 3982 SYN/s dropped before, 0 now. SYN flood "
     "on 192.0.2.10:80; ",
     "."},
    {"counted a while ago", old_leak, EVENT_RAISED, 0,
     "CLOSE-WAIT leak on port 8080: 200 sockets in CLOSE-WAIT, threshold 100, counted 25 s ago; ", "."},
    {"counted 5 s ago", just_old_leak, EVENT_RAISED, 0,
     "CLOSE-WAIT leak on port 8080: 200 sockets in CLOSE-WAIT, threshold 100, counted 5 s ago; ", "."},
    {"not worth a word", recent_leak, EVENT_RAISED, 0,
     "CLOSE-WAIT leak on port 8080: 200 sockets in CLOSE-WAIT, threshold 100; ", "."},
    {"cleared: no age", old_leak, EVENT_CLEARED, 8,
     "Cleared after 8 s: CLOSE-WAIT leak on port 8080, peak 200 sockets in CLOSE-WAIT.", "."},
    {"ended by a sysctl", ended_by_sysctl, EVENT_CLEARED, 8,
     "Cleared after 8 s: Ephemeral ports running out towards [2001:db8::1]:443 from 2001:db8::2, peak "
     "27000 ephemeral ports; ended when a setting changed: net.ipv4.ip_local_port_range 32768 60999 -> "
     "10000 65535.",
     "."},
    {"ended by a close", ended_by_close, EVENT_CLEARED, 8, "Cleared after 8 s: CLOSE-WAIT leak",
     ", peak 200 sockets in CLOSE-WAIT; ended when the listener was closed."},
    {"ended by a restart", ended_by_restart, EVENT_CLEARED, 8, "Cleared after 8 s: CLOSE-WAIT leak",
     "; ended when the listener was opened anew."},
    {"ended by a limit", ended_by_limit, EVENT_CLEARED, 8, "Cleared after 8 s: SYN flood",
     "; ended when the limit was raised."},
    {"degraded, cleared", sample_degraded, EVENT_CLEARED, 60,
     "Cleared after 1 min: synwaitd cannot see everything.", "."},
};

static void test_sentences(void **state) {
    char text[RECORD_VALUE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sentence); i++) {
        struct alert alert = sample_event(sentence[i].alert(), sentence[i].event, sentence[i].seconds);
        message_format(&alert, text, sizeof text);
        size_t length = strlen(text), tail = strlen(sentence[i].end);
        if (strncmp(text, sentence[i].start, strlen(sentence[i].start)) != 0 || length < tail ||
            strcmp(text + length - tail, sentence[i].end) != 0)
            fail_msg("%s: %s", sentence[i].name, text);
    }
}

/* The longest places and numbers with every cause and condition. */
static void test_every_message_is_short_and_whole(void **state) {
    char text[RECORD_VALUE_MAX + 1];
    struct alert alert = sample_ports();

    (void)state;
    alert.finding.scope.kind = SCOPE_DESTINATION;
    alert.finding.local = sample_endpoint("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff%4294967295]:65535");
    alert.finding.peer = alert.finding.local;
    alert.finding.lead.value = UINT64_MAX;
    alert.finding.lead.limit = FIGURE_OF(UINT64_MAX);
    alert.finding.lead.limit_source = LIMIT_THREE_QUARTER_RULE;
    alert.duration_usec = UINT64_MAX;
    for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++)
        for (int condition = 0; condition < CONDITION_COUNT; condition++)
            for (int event = EVENT_RAISED; event <= EVENT_CLEARED; event++) {
                alert.event = (enum alert_event)event;
                alert.finding.cause = (enum cause)cause;
                alert.finding.problem = cause_info(alert.finding.cause)->problem;
                alert.finding.lead.condition = (enum condition)condition;
                message_format(&alert, text, sizeof text);
                size_t length = strlen(text);
                if (length >= MESSAGE_MAX || text[length - 1] != '.' || strchr(text, '@') ||
                    strstr(text, "(null)"))
                    fail_msg("cause %d condition %d event %d: %zu bytes: %s", cause, condition, event, length,
                             text);
            }
}

/* Keys with the longest numbers, whatever came of them. */
static void test_every_outcome_is_short_and_whole(void **state) {
    static const enum knob keys[] = {KNOB_TCP_MEM_LOW, KNOB_CONNTRACK_MAX, KNOB_PORTS_RESERVED,
                                     KNOB_TCP_ABORT_ON_OVERFLOW};
    char text[RECORD_VALUE_MAX + 1];
    struct alert alert = sample_widened(VERDICT_HELPED);
    const struct figure most = FIGURE_OF(UINT64_MAX);

    (void)state;
    alert.ending = ENDING_SYSCTL;
    alert.outcome.waited_usec = alert.duration_usec = UINT64_MAX;
    alert.outcome.before = alert.outcome.after = (struct outcome_figure){most, most};
    alert.outcome.after.limit.value--;
    for (size_t i = 0; i < KNOB_COUNT; i++)
        alert.outcome.changes.change[i] = (struct knob_change){keys[i % ARRAY_SIZE(keys)],
                                                               i == 0 ? 3 : 1,
                                                               {UINT64_MAX, UINT64_MAX, UINT64_MAX},
                                                               {UINT64_MAX, 1, UINT64_MAX}};
    for (size_t count = 1; count <= KNOB_COUNT; count++)
        for (int verdict = VERDICT_NONE; verdict <= VERDICT_UNKNOWN; verdict++)
            for (int condition = 0; condition < CONDITION_COUNT; condition++)
                for (int event = EVENT_CHANGED; event <= EVENT_CLEARED; event += 2) {
                    alert.event = (enum alert_event)event;
                    alert.outcome.changes.count = count;
                    alert.outcome.verdict = (enum verdict)verdict;
                    alert.outcome.condition = (enum condition)condition;
                    message_format(&alert, text, sizeof text);
                    size_t length = strlen(text);
                    if (length >= MESSAGE_MAX || text[length - 1] != '.' || strstr(text, "(null)"))
                        fail_msg("verdict %d condition %d event %d: %zu bytes: %s", verdict, condition, event,
                                 length, text);
                }
}

/* With an ordinary place nothing has to be cut. */
static void test_ordinary_messages_keep_their_remedy(void **state) {
    char text[RECORD_VALUE_MAX + 1];
    struct alert alert = sample_flood();

    (void)state;
    alert.finding.local = sample_endpoint("[2001:db8:1:2::80]:8443");
    for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++) {
        if (cause == CAUSE_UNSAFE_SYSCTL)
            continue; /* its remedies are its own sysctls */
        alert.finding.cause = (enum cause)cause;
        alert.finding.problem = cause_info(alert.finding.cause)->problem;
        message_format(&alert, text, sizeof text);
        if (!strstr(text, " First: ") || strstr(text, "\xE2\x80\xA6"))
            fail_msg("cause %d: %s", cause, text);
    }
}

/* However the list begins, the first setting has its reason and the remedy is whole. */
static void test_unsafe_settings_fit(void **state) {
    char text[RECORD_VALUE_MAX + 1];
    struct alert all = sample_unsafe_all(), alert = all;

    (void)state;
    for (size_t from = 0; from < all.finding.advice_count; from++)
        for (size_t count = 1; count <= all.finding.advice_count - from; count++) {
            memcpy(alert.finding.advice, all.finding.advice + from, count * sizeof alert.finding.advice[0]);
            alert.finding.advice_count = count;
            alert.event = EVENT_CHANGED;
            message_format(&alert, text, sizeof text);
            if (strlen(text) >= MESSAGE_MAX ||
                !strstr(text, "). First: ") == !strstr(text, " more. First: ") ||
                strstr(text, "\xE2\x80\xA6") || text[strlen(text) - 1] != '.')
                fail_msg("%zu from %zu: %s", count, from, text);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_every_message_is_short_and_whole),
        cmocka_unit_test(test_every_outcome_is_short_and_whole),
        cmocka_unit_test(test_ordinary_messages_keep_their_remedy),
        cmocka_unit_test(test_unsafe_settings_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
