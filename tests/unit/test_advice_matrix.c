/* SPDX-License-Identifier: MIT */
/* Every cause on every kernel with every setting: the exact advice, and "" where no sysctl helps. */
#include "kernel_case.h"

enum {
    APPLICATION_BACKLOG = 511, /* what it asks for: nginx's default */
    DEMAND = 1024,
    HALF_OPEN_BACKPORT = 400,
};

/* What differs from the kernel's defaults. */
enum setting {
    DEFAULTS,
    CHILD, /* a child namespace, where the host's keys have no file */
    COOKIES_OFF,
    COOKIES_FORCED,
    COOKIES_ABSENT, /* not built in; tcp_max_syn_backlog is small */
    SOMAXCONN_LOW,
    SOMAXCONN_HIGH,
    MAX_SYN_LOW,
    BACKPORT, /* the queue is seen longer than tcp_max_syn_backlog allowed before 4.4 */
    TIMESTAMPS_OFF,
    REUSE_OFF,
    REUSE_ON,
    LOOPBACK, /* the destination */
    PORTS_WIDE,
    FIN_TIMEOUT_SHORT,
    BUCKETS_LOW,
    SETTINGS,
    OTHERWISE = SETTINGS, /* in a row: the settings that have no row of their own */
};

/* Causes that the same advice helps. 0 = a cause that was forgotten. */
enum group {
    FORGOTTEN,
    NO_SYSCTL,
    FLOOD,
    UNCLEAR,
    BURST,
    DEFERRED,
    PEAKS,
    REUSABLE,
    PORTS,
    ORPHANED,
    TIME_WAIT,
    CONNTRACK,
};

static const enum group group_of[CAUSE_COUNT] = {
    [CAUSE_NONE] = NO_SYSCTL,
    [CAUSE_SPOOFED_FLOOD] = FLOOD,
    [CAUSE_ONE_SOURCE_FLOOD] = FLOOD,
    [CAUSE_SPOOFED_ALIVE_FLOOD] = FLOOD,
    [CAUSE_BURST] = BURST,
    [CAUSE_SLOW_ACCEPT] = NO_SYSCTL,
    [CAUSE_SLOW_ACCEPT_OR_FLOOD] = NO_SYSCTL,
    [CAUSE_ACCEPT_BURST] = PEAKS,
    [CAUSE_LOSSY_RETURN_PATH] = NO_SYSCTL,
    [CAUSE_DEFER_ACCEPT] = DEFERRED,
    [CAUSE_HALF_OPEN_UNCLEAR] = UNCLEAR,
    [CAUSE_FD_HELD] = NO_SYSCTL,
    [CAUSE_NOT_ACCEPTED] = NO_SYSCTL,
    [CAUSE_TIME_WAIT_INBOUND] = TIME_WAIT,
    [CAUSE_TIME_WAIT_OUTBOUND] = TIME_WAIT,
    [CAUSE_TIME_WAIT_UNCLEAR] = TIME_WAIT,
    [CAUSE_TW_BUCKETS_FULL] = TIME_WAIT,
    [CAUSE_PORTS_TIME_WAIT] = REUSABLE,
    [CAUSE_PORTS_LIVE] = PORTS,
    [CAUSE_PORTS_CLOSE_WAIT] = NO_SYSCTL,
    [CAUSE_PORTS_BOUND_FIRST] = PORTS,
    [CAUSE_PEER_NOT_ANSWERING] = NO_SYSCTL,
    [CAUSE_PEER_REFUSES] = NO_SYSCTL,
    [CAUSE_SIMULTANEOUS_OPEN] = NO_SYSCTL,
    [CAUSE_ZERO_WINDOW] = NO_SYSCTL,
    [CAUSE_SLOW_READERS] = NO_SYSCTL,
    [CAUSE_PEER_GONE] = NO_SYSCTL,
    [CAUSE_FIN_WAIT_2_ORPHANED] = ORPHANED,
    [CAUSE_FIN_WAIT_2_HALF_CLOSED] = NO_SYSCTL,
    [CAUSE_FINAL_ACK_LOST] = NO_SYSCTL,
    [CAUSE_SIMULTANEOUS_CLOSE] = NO_SYSCTL,
    [CAUSE_MANY_ESTABLISHED] = NO_SYSCTL,
    [CAUSE_IDLE_WITHOUT_KEEPALIVE] = NO_SYSCTL,
    [CAUSE_ESTABLISHED_UNANSWERED] = NO_SYSCTL,
    [CAUSE_ORPHANS] = NO_SYSCTL,
    [CAUSE_TCP_MEMORY] = NO_SYSCTL,
    [CAUSE_CONNTRACK_TABLE] = CONNTRACK,
    [CAUSE_UNSAFE_SYSCTL] = NO_SYSCTL, /* its values come from the audit */
    [CAUSE_CANNOT_SAMPLE] = NO_SYSCTL,
};

#define COOKIES   "net.ipv4.tcp_syncookies=1"
#define SOMAXCONN "net.core.somaxconn=1024"
#define MAX_SYN   "net.ipv4.tcp_max_syn_backlog=1024"
#define REUSE     "net.ipv4.tcp_tw_reuse=1"
#define RANGE     "net.ipv4.ip_local_port_range=10000-65535"
#define BUCKETS   "net.ipv4.tcp_max_tw_buckets="

struct row {
    enum group group;
    enum setting setting;
    enum release first, last;
    const char *wanted;
};

static const struct row rows[] = {
    {NO_SYSCTL, OTHERWISE, K3_10, K6_18, ""},

    /* Cookies keep the door open; a longer queue would only be filled. */
    {FLOOD, OTHERWISE, K3_10, K6_18, ""},
    {FLOOD, COOKIES_OFF, K3_10, K6_18, COOKIES},
    {FLOOD, COOKIES_FORCED, K3_10, K3_10, ""}, /* 2 has its meaning since 3.12 */
    {FLOOD, COOKIES_FORCED, K4_4, K6_18, COOKIES},

    {UNCLEAR, OTHERWISE, K3_10, K6_18, ""},
    {UNCLEAR, COOKIES_OFF, K3_10, K6_18, COOKIES},
    {UNCLEAR, COOKIES_FORCED, K3_10, K3_10, ""},
    {UNCLEAR, COOKIES_FORCED, K4_4, K6_18, COOKIES},

    /* somaxconn was 128 before 5.4; from then on the application's 511 is the limit. */
    {BURST, OTHERWISE, K3_10, K3_10, SOMAXCONN " " MAX_SYN},
    {BURST, OTHERWISE, K4_4, K4_19, SOMAXCONN},
    {BURST, OTHERWISE, K5_4, K6_18, ""},
    {BURST, CHILD, K3_10, K4_19, SOMAXCONN}, /* tcp_max_syn_backlog is the host's */
    {BURST, CHILD, K5_4, K6_18, ""},
    {BURST, COOKIES_OFF, K3_10, K3_10, COOKIES}, /* 192 of 256 by the 3/4 rule */
    {BURST, COOKIES_OFF, K4_4, K4_19, COOKIES " " SOMAXCONN},
    {BURST, COOKIES_OFF, K5_4, K6_18, COOKIES},
    {BURST, COOKIES_FORCED, K3_10, K3_10, SOMAXCONN " " MAX_SYN},
    {BURST, COOKIES_FORCED, K4_4, K6_18, COOKIES}, /* no queue is full with 2 */
    {BURST, SOMAXCONN_LOW, K3_10, K3_10, SOMAXCONN " " MAX_SYN},
    {BURST, SOMAXCONN_LOW, K4_4, K6_18, SOMAXCONN},
    {BURST, SOMAXCONN_HIGH, K3_10, K3_10, MAX_SYN},
    {BURST, SOMAXCONN_HIGH, K4_4, K6_18, ""},
    {BURST, BACKPORT, K3_10, K6_18, ""},

    /* Cookies forced leave nothing half-open that could be deferred. */
    {DEFERRED, OTHERWISE, K3_10, K3_10, SOMAXCONN " " MAX_SYN},
    {DEFERRED, OTHERWISE, K4_4, K4_19, SOMAXCONN},
    {DEFERRED, OTHERWISE, K5_4, K6_18, ""},
    {DEFERRED, CHILD, K3_10, K4_19, SOMAXCONN},
    {DEFERRED, CHILD, K5_4, K6_18, ""},
    {DEFERRED, COOKIES_OFF, K3_10, K3_10, COOKIES},
    {DEFERRED, COOKIES_OFF, K4_4, K4_19, COOKIES " " SOMAXCONN},
    {DEFERRED, COOKIES_OFF, K5_4, K6_18, COOKIES},
    {DEFERRED, COOKIES_FORCED, K3_10, K3_10, SOMAXCONN " " MAX_SYN},
    {DEFERRED, COOKIES_FORCED, K4_4, K6_18, ""},
    {DEFERRED, SOMAXCONN_LOW, K3_10, K3_10, SOMAXCONN " " MAX_SYN},
    {DEFERRED, SOMAXCONN_LOW, K4_4, K6_18, SOMAXCONN},
    {DEFERRED, SOMAXCONN_HIGH, K3_10, K3_10, MAX_SYN},
    {DEFERRED, SOMAXCONN_HIGH, K4_4, K6_18, ""},
    {DEFERRED, BACKPORT, K3_10, K6_18, ""},

    /* The accept queue knows somaxconn and the application's backlog alone. */
    {PEAKS, OTHERWISE, K3_10, K4_19, SOMAXCONN},
    {PEAKS, OTHERWISE, K5_4, K6_18, ""},
    {PEAKS, SOMAXCONN_LOW, K3_10, K6_18, SOMAXCONN},
    {PEAKS, SOMAXCONN_HIGH, K3_10, K6_18, ""},
    {PEAKS, BACKPORT, K3_10, K6_18, ""},

    {REUSABLE, OTHERWISE, K3_10, K6_18, REUSE " " RANGE},
    {REUSABLE, CHILD, K3_10, K3_10, ""},
    {REUSABLE, CHILD, K4_4, K4_12, RANGE}, /* 4.12: tcp_timestamps cannot be seen, so reuse is not promised */
    {REUSABLE, CHILD, K4_19, K6_18, REUSE " " RANGE},
    {REUSABLE, TIMESTAMPS_OFF, K3_10, K6_18, "net.ipv4.tcp_timestamps=1 " RANGE},
    {REUSABLE, REUSE_ON, K3_10, K6_18, RANGE},
    {REUSABLE, LOOPBACK, K3_10, K4_12, REUSE " " RANGE},
    {REUSABLE, LOOPBACK, K4_19, K6_18, RANGE}, /* the default 2 reuses there already */
    {REUSABLE, PORTS_WIDE, K3_10, K6_18, REUSE},

    {PORTS, OTHERWISE, K3_10, K6_18, RANGE},
    {PORTS, CHILD, K3_10, K3_10, ""},
    {PORTS, CHILD, K4_4, K6_18, RANGE},
    {PORTS, PORTS_WIDE, K3_10, K6_18, ""},

    {ORPHANED, OTHERWISE, K3_10, K6_18, "net.ipv4.tcp_fin_timeout=30"},
    {ORPHANED, CHILD, K3_10, K4_4, ""},
    {ORPHANED, CHILD, K4_9, K6_18, "net.ipv4.tcp_fin_timeout=30"},
    {ORPHANED, FIN_TIMEOUT_SHORT, K3_10, K6_18, ""},

    {TIME_WAIT, OTHERWISE, K3_10, K6_18, BUCKETS "131072"},
    {TIME_WAIT, CHILD, K3_10, K4_9, ""},
    {TIME_WAIT, CHILD, K4_12, K6_18, BUCKETS "131072"},
    {TIME_WAIT, BUCKETS_LOW, K3_10, K6_18, BUCKETS "10000"},

    {CONNTRACK, OTHERWISE, K3_10, K6_18, "net.netfilter.nf_conntrack_max=524288"},
    {CONNTRACK, CHILD, K3_10, K6_18, ""}, /* read-only there */
};

/* What a setting writes. */
static const struct {
    enum setting setting;
    enum knob knob;
    struct figure value;
} changes[] = {
    {COOKIES_OFF, KNOB_TCP_SYNCOOKIES, {0, FIGURE_KNOWN}},
    {COOKIES_FORCED, KNOB_TCP_SYNCOOKIES, {2, FIGURE_KNOWN}},
    {COOKIES_ABSENT, KNOB_TCP_SYNCOOKIES, {0, FIGURE_ABSENT}},
    {COOKIES_ABSENT, KNOB_TCP_MAX_SYN_BACKLOG, {128, FIGURE_KNOWN}},
    {SOMAXCONN_LOW, KNOB_SOMAXCONN, {128, FIGURE_KNOWN}},
    {SOMAXCONN_HIGH, KNOB_SOMAXCONN, {4096, FIGURE_KNOWN}},
    {MAX_SYN_LOW, KNOB_TCP_MAX_SYN_BACKLOG, {64, FIGURE_KNOWN}},
    {BACKPORT, KNOB_TCP_MAX_SYN_BACKLOG, {64, FIGURE_KNOWN}},
    {BACKPORT, KNOB_SOMAXCONN, {4096, FIGURE_KNOWN}},
    {TIMESTAMPS_OFF, KNOB_TCP_TIMESTAMPS, {0, FIGURE_KNOWN}},
    {REUSE_OFF, KNOB_TCP_TW_REUSE, {0, FIGURE_KNOWN}},
    {REUSE_ON, KNOB_TCP_TW_REUSE, {1, FIGURE_KNOWN}},
    {PORTS_WIDE, KNOB_PORT_RANGE_LOW, {1024, FIGURE_KNOWN}},
    {PORTS_WIDE, KNOB_PORT_RANGE_HIGH, {65535, FIGURE_KNOWN}},
    {FIN_TIMEOUT_SHORT, KNOB_TCP_FIN_TIMEOUT, {10, FIGURE_KNOWN}},
    {BUCKETS_LOW, KNOB_TCP_MAX_TW_BUCKETS, {5000, FIGURE_KNOWN}},
};

static struct sample sample_with(enum release release, enum setting setting) {
    struct sample sample = kernel_sample(release, setting == CHILD);

    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        if (changes[i].setting == setting)
            sample.knob[changes[i].knob].value = changes[i].value;
    return sample;
}

/* Only causes with real clients tell how many the queue should hold (diagnose_handshake.c). */
static uint64_t demand_of(enum cause cause) {
    return group_of[cause] == BURST || group_of[cause] == DEFERRED || group_of[cause] == PEAKS ? DEMAND : 0;
}

static void ask(const struct sample *sample, enum cause cause, enum setting setting, char *buffer,
                size_t size) {
    uint64_t somaxconn = sample->knob[KNOB_SOMAXCONN].value.value;
    struct listener listener =
        listener_on(80, (uint32_t)(somaxconn < APPLICATION_BACKLOG ? somaxconn : APPLICATION_BACKLOG));
    struct endpoint remote = {.family = ENDPOINT_IPV4, .address = {setting == LOOPBACK ? 127 : 192, 0, 2, 9}};
    struct advice_context context = {.cause = cause,
                                     .sample = sample,
                                     .listener = &listener,
                                     .remote = &remote,
                                     .demand = demand_of(cause)};
    struct advice advice[ADVICE_MAX];

    listener.half_open = setting == BACKPORT ? HALF_OPEN_BACKPORT : 0;
    advice_text(advice, advise(&context, advice), buffer, size);
}

/* The one row for this cell, NULL without; two are an error of the table. */
static const struct row *find_row(enum group group, enum setting setting, enum release release) {
    const struct row *found = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].group != group || rows[i].setting != setting || release < rows[i].first ||
            release > rows[i].last)
            continue;
        if (found)
            fail_msg("group %d, setting %d, %u.%u: two rows", group, setting, releases[release].major,
                     releases[release].minor);
        found = &rows[i];
    }
    return found;
}

static void check_cell(enum cause cause, enum setting setting, enum release release,
                       bool used[ARRAY_SIZE(rows)]) {
    struct sample sample = sample_with(release, setting);
    const struct row *row = find_row(group_of[cause], setting, release);
    char got[512];

    if (!row)
        row = find_row(group_of[cause], OTHERWISE, release);
    if (!row)
        fail_msg("cause %d, setting %d, %u.%u: no row", cause, setting, releases[release].major,
                 releases[release].minor);
    ask(&sample, cause, setting, got, sizeof got);
    if (strcmp(got, row->wanted) != 0)
        fail_msg("cause %d (%s), setting %d, %u.%u: advised \"%s\", wanted \"%s\"", cause,
                 cause_info(cause)->brief, setting, releases[release].major, releases[release].minor, got,
                 row->wanted);
    used[row - rows] = true;
}

static void test_matrix(void **state) {
    bool used[ARRAY_SIZE(rows)] = {false};

    (void)state;
    for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++) {
        if (group_of[cause] == FORGOTTEN)
            fail_msg("cause %d (%s) is not in the matrix", cause, cause_info((enum cause)cause)->brief);
        for (int setting = 0; setting < SETTINGS; setting++)
            for (int release = 0; release < RELEASES; release++)
                check_cell((enum cause)cause, (enum setting)setting, (enum release)release, used);
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_row("row in use", used[i] ? i : i + 1, i);
}

/* What may not be written is not advised, whatever the kernel, setting and cause. */
static void test_read_only(void **state) {
    char got[512];

    (void)state;
    for (int release = 0; release < RELEASES; release++)
        for (int setting = 0; setting < SETTINGS; setting++) {
            struct sample sample = sample_with((enum release)release, (enum setting)setting);
            for (int knob = 0; knob < KNOB_COUNT; knob++)
                sample.knob[knob].writable = false;
            for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++) {
                ask(&sample, (enum cause)cause, (enum setting)setting, got, sizeof got);
                assert_string_equal(got, "");
            }
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_read_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
