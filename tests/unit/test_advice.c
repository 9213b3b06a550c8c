/* SPDX-License-Identifier: MIT */
/* Advice as data: kernels x settings x causes, what is given and what is refused. */
#include "case.h"

#include "advice.h"
#include "threshold.h"
#include "util.h"

struct row {
    const char *name;
    enum cause cause;
    struct kernel_version kernel;
    struct {
        enum knob knob;
        int64_t value; /* -1: no such file; -2: not writable */
    } set[4];          /* ends with value 0 of knob 0 = nothing */
    uint32_t backlog;
    uint64_t demand;
    bool loopback;
    const char *wanted; /* "key=value key=value" */
};

static const struct row rows[] = {
    {"flood, cookies on: no sysctl", CAUSE_SPOOFED_FLOOD, {6, 18}, {{0}}, 1024, 0, false, ""},
    {"flood, cookies off",
     CAUSE_SPOOFED_FLOOD,
     {6, 18},
     {{KNOB_TCP_SYNCOOKIES, 0}},
     1024,
     0,
     false,
     "net.ipv4.tcp_syncookies=1"},
    {"flood, cookies in test mode",
     CAUSE_SPOOFED_FLOOD,
     {6, 18},
     {{KNOB_TCP_SYNCOOKIES, 2}},
     1024,
     0,
     false,
     "net.ipv4.tcp_syncookies=1"},
    {"flood, cookies not built in, 3/4 rule",
     CAUSE_SPOOFED_FLOOD,
     {6, 18},
     {{KNOB_TCP_SYNCOOKIES, -1}, {KNOB_TCP_MAX_SYN_BACKLOG, 256}},
     1024,
     0,
     false,
     "net.ipv4.tcp_max_syn_backlog=512"},
    {"burst, the application's backlog binds", CAUSE_BURST, {6, 18}, {{0}}, 128, 2048, false, ""},
    {"burst, somaxconn binds",
     CAUSE_BURST,
     {6, 18},
     {{KNOB_SOMAXCONN, 128}},
     128,
     2048,
     false,
     "net.core.somaxconn=2048"},
    {"burst, somaxconn binds, little demand",
     CAUSE_BURST,
     {5, 4},
     {{KNOB_SOMAXCONN, 128}},
     128,
     0,
     false,
     "net.core.somaxconn=256"},
    {"burst, more than fits", CAUSE_BURST, {6, 1}, {{0}}, 4096, 1000000, false, "net.core.somaxconn=65535"},
    {"burst, cookies off",
     CAUSE_BURST,
     {6, 18},
     {{KNOB_TCP_SYNCOOKIES, 0}, {KNOB_TCP_MAX_SYN_BACKLOG, 256}},
     1024,
     0,
     false,
     "net.ipv4.tcp_syncookies=1"},
    {"burst, max_syn_backlog on 4.4 with cookies",
     CAUSE_BURST,
     {4, 4},
     {{KNOB_TCP_MAX_SYN_BACKLOG, 256}},
     1024,
     0,
     false,
     ""},
    {"burst, max_syn_backlog on 3.10 with cookies",
     CAUSE_BURST,
     {3, 10},
     {{KNOB_TCP_MAX_SYN_BACKLOG, 256}},
     1024,
     0,
     false,
     "net.ipv4.tcp_max_syn_backlog=512"},
    {"slow accept: no sysctl", CAUSE_SLOW_ACCEPT, {6, 18}, {{KNOB_SOMAXCONN, 128}}, 128, 10000, false, ""},
    {"accept peaks, somaxconn binds",
     CAUSE_ACCEPT_BURST,
     {6, 18},
     {{KNOB_SOMAXCONN, 128}},
     128,
     300,
     false,
     "net.core.somaxconn=512"},
    {"lossy path: no sysctl", CAUSE_LOSSY_RETURN_PATH, {6, 18}, {{0}}, 128, 0, false, ""},
    {"CLOSE-WAIT: no sysctl", CAUSE_FD_HELD, {6, 18}, {{0}}, 128, 0, false, ""},
    {"CLOSE-WAIT, 3.10: no sysctl", CAUSE_NOT_ACCEPTED, {3, 10}, {{0}}, 128, 0, false, ""},
    {"ports in TIME-WAIT",
     CAUSE_PORTS_TIME_WAIT,
     {6, 18},
     {{0}},
     0,
     0,
     false,
     "net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range=10000-65535"},
    {"ports in TIME-WAIT, 4.12 with its default 0",
     CAUSE_PORTS_TIME_WAIT,
     {4, 12},
     {{KNOB_TCP_TW_REUSE, 0}},
     0,
     0,
     false,
     "net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range=10000-65535"},
    {"ports in TIME-WAIT on loopback, 2 does it already",
     CAUSE_PORTS_TIME_WAIT,
     {6, 18},
     {{0}},
     0,
     0,
     true,
     "net.ipv4.ip_local_port_range=10000-65535"},
    {"ports in TIME-WAIT on loopback, reuse off",
     CAUSE_PORTS_TIME_WAIT,
     {6, 18},
     {{KNOB_TCP_TW_REUSE, 0}},
     0,
     0,
     true,
     "net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range=10000-65535"},
    {"ports in TIME-WAIT, reuse already on",
     CAUSE_PORTS_TIME_WAIT,
     {6, 18},
     {{KNOB_TCP_TW_REUSE, 1}},
     0,
     0,
     false,
     "net.ipv4.ip_local_port_range=10000-65535"},
    {"ports in TIME-WAIT, timestamps off",
     CAUSE_PORTS_TIME_WAIT,
     {6, 18},
     {{KNOB_TCP_TIMESTAMPS, 0}},
     0,
     0,
     false,
     "net.ipv4.tcp_timestamps=1 net.ipv4.ip_local_port_range=10000-65535"},
    {"ports, range already wide",
     CAUSE_PORTS_TIME_WAIT,
     {6, 18},
     {{KNOB_TCP_TW_REUSE, 1}, {KNOB_PORT_RANGE_LOW, 1024}, {KNOB_PORT_RANGE_HIGH, 65535}},
     0,
     0,
     false,
     ""},
    {"ports, range at 10000",
     CAUSE_PORTS_LIVE,
     {6, 18},
     {{KNOB_PORT_RANGE_LOW, 10000}, {KNOB_PORT_RANGE_HIGH, 65535}},
     0,
     0,
     false,
     "net.ipv4.ip_local_port_range=1024-65535"},
    {"ports, a narrow range low down",
     CAUSE_PORTS_LIVE,
     {6, 18},
     {{KNOB_PORT_RANGE_LOW, 2001}, {KNOB_PORT_RANGE_HIGH, 3000}},
     0,
     0,
     false,
     "net.ipv4.ip_local_port_range=2000-65535"},
    {"live ports: no tw_reuse",
     CAUSE_PORTS_LIVE,
     {6, 18},
     {{0}},
     0,
     0,
     false,
     "net.ipv4.ip_local_port_range=10000-65535"},
    {"ports in CLOSE-WAIT: no sysctl", CAUSE_PORTS_CLOSE_WAIT, {6, 18}, {{0}}, 0, 0, false, ""},
    {"FIN-WAIT-2 orphans",
     CAUSE_FIN_WAIT_2_ORPHANED,
     {6, 18},
     {{0}},
     0,
     0,
     false,
     "net.ipv4.tcp_fin_timeout=30"},
    {"FIN-WAIT-2 orphans, 30",
     CAUSE_FIN_WAIT_2_ORPHANED,
     {6, 18},
     {{KNOB_TCP_FIN_TIMEOUT, 30}},
     0,
     0,
     false,
     "net.ipv4.tcp_fin_timeout=15"},
    {"FIN-WAIT-2 orphans, already short",
     CAUSE_FIN_WAIT_2_ORPHANED,
     {6, 18},
     {{KNOB_TCP_FIN_TIMEOUT, 10}},
     0,
     0,
     false,
     ""},
    {"FIN-WAIT-2 held: no sysctl", CAUSE_FIN_WAIT_2_HALF_CLOSED, {6, 18}, {{0}}, 0, 0, false, ""},
    {"inbound TIME-WAIT: more buckets, no reuse",
     CAUSE_TIME_WAIT_INBOUND,
     {6, 18},
     {{0}},
     0,
     0,
     false,
     "net.ipv4.tcp_max_tw_buckets=131072"},
    {"TIME-WAIT overflow",
     CAUSE_TW_BUCKETS_FULL,
     {4, 9},
     {{KNOB_TCP_MAX_TW_BUCKETS, 5000}},
     0,
     0,
     false,
     "net.ipv4.tcp_max_tw_buckets=10000"},
    {"a key that is not there",
     CAUSE_TW_BUCKETS_FULL,
     {4, 9},
     {{KNOB_TCP_MAX_TW_BUCKETS, -1}},
     0,
     0,
     false,
     ""},
    {"a key that this namespace may not write",
     CAUSE_CONNTRACK_TABLE,
     {6, 18},
     {{KNOB_CONNTRACK_MAX, -2}},
     0,
     0,
     false,
     ""},
    {"conntrack",
     CAUSE_CONNTRACK_TABLE,
     {6, 18},
     {{0}},
     0,
     0,
     false,
     "net.netfilter.nf_conntrack_max=524288"},
    {"orphans: no sysctl", CAUSE_ORPHANS, {6, 18}, {{0}}, 0, 0, false, ""},
    {"unanswered SYNs: no sysctl", CAUSE_PEER_NOT_ANSWERING, {6, 18}, {{0}}, 0, 0, false, ""},
    {"LAST-ACK: no sysctl", CAUSE_FINAL_ACK_LOST, {6, 18}, {{0}}, 0, 0, false, ""},
};

static void set_knobs(struct sample *sample, const struct row *row) {
    for (size_t i = 0; i < ARRAY_SIZE(row->set); i++) {
        struct knob_value *knob = &sample->knob[row->set[i].knob];
        if (row->set[i].knob == 0 && row->set[i].value == 0)
            continue;
        if (row->set[i].value >= 0)
            knob->value = FIGURE_OF((uint64_t)row->set[i].value);
        else if (row->set[i].value == -1)
            knob->value = FIGURE_MISSING;
        else
            knob->writable = false;
    }
}

static void format_advice(const struct advice *advice, size_t count, char *buffer, size_t size) {
    struct text text = text_in(buffer, size);

    for (size_t i = 0; i < count; i++) {
        text_add(&text, "%s%s=%llu", i ? " " : "", knob_name(advice[i].row->knob),
                 (unsigned long long)advice[i].recommended);
        if (advice[i].row->knob == KNOB_PORT_RANGE_LOW)
            text_add(&text, "-%llu", (unsigned long long)advice[i].recommended_high);
    }
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sample sample = quiet_sample();
        struct listener listener = listener_on(80, rows[i].backlog);
        struct endpoint remote = {.family = ENDPOINT_IPV4,
                                  .address = {rows[i].loopback ? 127 : 192, 0, 2, 9}};
        struct advice advice[ADVICE_MAX];
        char got[512];
        sample.kernel = rows[i].kernel;
        set_knobs(&sample, &rows[i]);
        struct advice_context context = {.cause = rows[i].cause,
                                         .sample = &sample,
                                         .listener = rows[i].backlog ? &listener : NULL,
                                         .remote = &remote,
                                         .demand = rows[i].demand};
        format_advice(advice, advise(&context, advice), got, sizeof got);
        if (strcmp(got, rows[i].wanted) != 0)
            fail_msg("%s: advised \"%s\", wanted \"%s\"", rows[i].name, got, rows[i].wanted);
    }
}

/* Whatever the cause, kernel and setting: never a value that weakens the host. */
static void test_never(void **state) {
    static const struct kernel_version kernels[] = {{3, 10}, {4, 4},  {4, 9}, {4, 12}, {4, 19},
                                                    {5, 4},  {5, 15}, {6, 1}, {6, 18}};
    static const uint64_t values[] = {0, 1, 2, 5, 60, 128, 4096, 65535, 1000000};

    (void)state;
    for (size_t k = 0; k < ARRAY_SIZE(kernels); k++)
        for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++)
            for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
                struct sample sample = quiet_sample();
                struct listener listener = listener_on(80, 128);
                struct advice advice[ADVICE_MAX];
                sample.kernel = kernels[k];
                for (int knob = 0; knob < KNOB_COUNT; knob++)
                    sample.knob[knob] = (struct knob_value){FIGURE_OF(values[v]), true};
                struct advice_context context = {
                    .cause = (enum cause)cause, .sample = &sample, .listener = &listener};
                size_t count = advise(&context, advice);
                for (size_t i = 0; i < count; i++) {
                    enum knob knob = advice[i].row->knob;
                    assert_int_not_equal(knob, KNOB_TCP_TW_RECYCLE);
                    assert_int_not_equal(knob, KNOB_TCP_ABORT_ON_OVERFLOW);
                    if (knob == KNOB_TCP_SYNCOOKIES || knob == KNOB_TCP_TIMESTAMPS)
                        assert_int_equal(advice[i].recommended, 1);
                    if (knob == KNOB_TCP_MAX_TW_BUCKETS || knob == KNOB_SOMAXCONN)
                        assert_true(advice[i].recommended > advice[i].current);
                    if (knob == KNOB_TCP_FIN_TIMEOUT)
                        assert_true(advice[i].recommended >= 15);
                }
            }
}

static void test_every_row_is_complete(void **state) {
    size_t count;
    const struct advice_row *table = advice_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_non_null(table[i].effect);
        assert_non_null(table[i].side_effect);
        assert_non_null(table[i].holds);
        assert_non_null(table[i].recommend);
        assert_int_not_equal(table[i].causes[0], CAUSE_NONE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_every_row_is_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
