/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>

#include "counters.h"

#define NETSTAT_NAMES                                                                                        \
    "SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops TCPTimeWaitOverflow TCPReqQFullDoCookies "    \
    "TCPReqQFullDrop"

static struct figure counter[COUNTER_COUNT];
static struct figure gauge[GAUGE_COUNT];
static char reason[SOURCE_REASON_SIZE];

static void check_counter(const char *name, enum counter index, enum figure_status status, uint64_t value) {
    check_row(name, counter[index].status, status);
    if (status == FIGURE_KNOWN)
        check_row(name, counter[index].value, value);
}

static void check_reason(const char *name, const char *wanted) {
    if (strcmp(reason, wanted) != 0)
        fail_msg("%s: \"%s\", wanted \"%s\"", name, reason, wanted);
}

/* Texts of Linux 6.18 with numbers that tell the columns apart: every counter that is asked for is there. */
static void test_real_texts(void **state) {
    char text[16384];

    (void)state;
    read_fixture("snmp-6.18", text, sizeof text);
    assert_int_equal(counters_parse(SOURCE_SNMP, text, counter, reason), 0);
    read_fixture("netstat-6.18", text, sizeof text);
    assert_int_equal(counters_parse(SOURCE_NETSTAT, text, counter, reason), 0);
    read_fixture("sockstat-6.18", text, sizeof text);
    assert_int_equal(sockstat_parse(SOURCE_SOCKSTAT, text, gauge, reason), 0);
    read_fixture("sockstat6-6.18", text, sizeof text);
    assert_int_equal(sockstat_parse(SOURCE_SOCKSTAT6, text, gauge, reason), 0);
    assert_string_equal(reason, "");
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        if (!figure_known(counter[i]))
            fail_msg("counter %zu is not known", i);
    static const struct {
        enum counter index;
        uint64_t value;
    } rows[] = {
        {COUNTER_ACTIVE_OPENS, 45},      {COUNTER_PASSIVE_OPENS, 41},      {COUNTER_ATTEMPT_FAILS, 3},
        {COUNTER_ESTAB_RESETS, 2},       {COUNTER_RETRANS_SEGS, 17},       {COUNTER_OUT_RSTS, 9},
        {COUNTER_SYNCOOKIES_SENT, 101},  {COUNTER_SYNCOOKIES_RECV, 102},   {COUNTER_SYNCOOKIES_FAILED, 103},
        {COUNTER_EMBRYONIC_RSTS, 104},   {COUNTER_TIME_WAIT_CREATED, 111}, {COUNTER_TIME_WAIT_RECYCLED, 112},
        {COUNTER_LISTEN_OVERFLOWS, 123}, {COUNTER_LISTEN_DROPS, 124},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_counter("6.18", rows[i].index, FIGURE_KNOWN, rows[i].value);
    assert_int_equal(gauge[GAUGE_INUSE].value, 12);
    assert_int_equal(gauge[GAUGE_ORPHANS].value, 75);
    assert_int_equal(gauge[GAUGE_TIME_WAIT].value, 7);
    assert_int_equal(gauge[GAUGE_MEMORY_PAGES].value, 349);
    assert_int_equal(gauge[GAUGE_INUSE6].value, 5);
}

/* A real text cut at every byte: never a crash, never a figure that was not there. */
static void test_every_cut(void **state) {
    char text[16384];
    size_t length = read_fixture("netstat-6.18", text, sizeof text);

    (void)state;
    const char *second = strstr(strchr(text, '\n') + 1, "\n");
    size_t whole = (size_t)(second - text) + 1; /* the two TcpExt lines */
    for (size_t cut = 0; cut < length; cut++) {
        CLEANUP_FREE char *part = strndup(text, cut);
        int result = counters_parse(SOURCE_NETSTAT, part, counter, reason);
        if ((result == 0) != (cut >= whole))
            fail_msg("cut at %zu of %zu: %d %s", cut, whole, result, reason);
        check_row("cut", figure_known(counter[COUNTER_SYNCOOKIES_SENT]), cut >= whole);
    }
}

static const struct {
    const char *name, *text;
    int result;
    struct figure drops; /* ListenDrops */
    const char *reason;
} netstat_rows[] = {
    {"plain", "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 4 5 6 7\n", 0, {4, FIGURE_KNOWN}, ""},
    {"a column added in the middle",
     "TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows New ListenDrops TCPTimeWaitOverflow "
     "TCPReqQFullDoCookies TCPReqQFullDrop\nTcpExt: 1 2 3 99 4 5 6 7\n",
     0,
     {4, FIGURE_KNOWN},
     ""},
    {"reordered",
     "TcpExt: TCPReqQFullDrop ListenDrops SyncookiesRecv TCPReqQFullDoCookies ListenOverflows "
     "SyncookiesSent TCPTimeWaitOverflow\nTcpExt: 7 4 2 6 3 1 5\n",
     0,
     {4, FIGURE_KNOWN},
     ""},
    {"other groups around it",
     "IpExt: ListenDrops\nIpExt: 77\nTcpExt: " NETSTAT_NAMES
     "\nTcpExt: 1 2 3 4 5 6 7\nX: ListenDrops\nX: 78\n",
     0,
     {4, FIGURE_KNOWN},
     ""},
    {"a needed column missing",
     "TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops TCPReqQFullDoCookies "
     "TCPReqQFullDrop\nTcpExt: 1 2 3 4 6 7\n",
     -EBADMSG,
     {4, FIGURE_KNOWN},
     "netstat: no column TCPTimeWaitOverflow"},
    {"a name that only starts alike",
     "TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDropsX ListenDrop TCPTimeWaitOverflow "
     "TCPReqQFullDoCookies TCPReqQFullDrop\nTcpExt: 1 2 3 4 4 5 6 7\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: no column ListenDrops"},
    {"largest number",
     "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 18446744073709551615 5 6 7\n",
     0,
     {UINT64_MAX, FIGURE_KNOWN},
     ""},
    {"beyond 64 bits",
     "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 18446744073709551616 5 6 7\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: ListenDrops: \"18446744073709551616\" is not a number of 64 bits"},
    {"negative",
     "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 -4 5 6 7\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: ListenDrops: \"-4\" is not a number"},
    {"unprintable",
     "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 \x1b[31m 5 6 7\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: ListenDrops: \"?[31m\" is not a number"},
    {"fewer values",
     "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 4 5 6\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: 7 names but 6 values in \"TcpExt: \""},
    {"more values",
     "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 4 5 6 7 8\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: 7 names but 8 values in \"TcpExt: \""},
    {"cut in the last value",
     "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 4 5 6 7",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: no whole line of values after the names of \"TcpExt: \""},
    {"names without values",
     "TcpExt: " NETSTAT_NAMES "\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: no whole line of values after the names of \"TcpExt: \""},
    {"values of another group",
     "TcpExt: " NETSTAT_NAMES "\nIpExt: 1 2 3 4 5 6 7\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: no whole line of values after the names of \"TcpExt: \""},
    {"values further down",
     "TcpExt: " NETSTAT_NAMES "\nIpExt: 1\nTcpExt: 1 2 3 4 5 6 7\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: no whole line of values after the names of \"TcpExt: \""},
    {"empty", "", -EBADMSG, {0, FIGURE_UNKNOWN}, "netstat: no line \"TcpExt: \""},
    {"no such group", "IpExt: A\nIpExt: 1\n", -EBADMSG, {0, FIGURE_UNKNOWN}, "netstat: no line \"TcpExt: \""},
    {"empty lines", "TcpExt: \nTcpExt: \n", -EBADMSG, {0, FIGURE_UNKNOWN}, "netstat: no column ListenDrops"},
    {"fewer values, one of them no number",
     "TcpExt: " NETSTAT_NAMES "\nTcpExt: 1 2 3 x 5 6\n",
     -EBADMSG,
     {0, FIGURE_UNKNOWN},
     "netstat: 7 names but 6 values in \"TcpExt: \""},
};

static void test_netstat(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(netstat_rows); i++) {
        for (size_t j = 0; j < COUNTER_COUNT; j++)
            counter[j] = FIGURE_OF(4711);
        check_row(netstat_rows[i].name, counters_parse(SOURCE_NETSTAT, netstat_rows[i].text, counter, reason),
                  netstat_rows[i].result);
        check_counter(netstat_rows[i].name, COUNTER_LISTEN_DROPS, netstat_rows[i].drops.status,
                      netstat_rows[i].drops.value);
        check_reason(netstat_rows[i].name, netstat_rows[i].reason);
        check_counter(netstat_rows[i].name, COUNTER_PASSIVE_OPENS, FIGURE_KNOWN, 4711); /* another file's */
        if (figure_known(netstat_rows[i].drops))
            check_counter(netstat_rows[i].name, COUNTER_REQ_QUEUE_FULL_DROP, FIGURE_KNOWN, 7);
    }
}

/* An old kernel lacks columns that are evidence only. */
static void test_evidence_may_lack(void **state) {
    (void)state;
    assert_int_equal(counters_parse(SOURCE_NETSTAT,
                                    "TcpExt: " NETSTAT_NAMES " TCPTimeouts\nTcpExt: 1 2 3 4 5 6 7 8\n",
                                    counter, reason),
                     0);
    check_counter("missing", COUNTER_SYN_RETRANS, FIGURE_ABSENT, 0);
    check_counter("there", COUNTER_TIMEOUTS, FIGURE_KNOWN, 8);
}

static void test_snmp(void **state) {
    static const struct {
        const char *name, *text;
        int result;
        const char *reason;
    } rows[] = {
        {"MaxConn is negative", "Tcp: MaxConn ActiveOpens PassiveOpens AttemptFails\nTcp: -1 11 12 13\n", 0,
         ""},
        {"no ActiveOpens", "Tcp: MaxConn PassiveOpens AttemptFails\nTcp: -1 12 13\n", -EBADMSG,
         "snmp: no column ActiveOpens"},
        {"TcpExt is not Tcp", "TcpExt: PassiveOpens\nTcpExt: 1\n", -EBADMSG, "snmp: no line \"Tcp: \""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        check_row(rows[i].name, counters_parse(SOURCE_SNMP, rows[i].text, counter, reason), rows[i].result);
        check_reason(rows[i].name, rows[i].reason);
    }
}

static const struct {
    const char *name;
    enum source source;
    const char *text;
    int result;
    enum gauge gauge;
    struct figure figure;
    const char *reason;
} sockstat_rows[] = {
    {"plain",
     SOURCE_SOCKSTAT,
     "sockets: used 9\nTCP: inuse 5 orphan 1 tw 2 alloc 6 mem 3\n",
     0,
     GAUGE_TIME_WAIT,
     {2, FIGURE_KNOWN},
     ""},
    {"reordered, more keys",
     SOURCE_SOCKSTAT,
     "TCP: new 8 mem 3 tw 2 orphan 1 inuse 5\n",
     0,
     GAUGE_INUSE,
     {5, FIGURE_KNOWN},
     ""},
    {"no tw",
     SOURCE_SOCKSTAT,
     "TCP: inuse 5 orphan 1 mem 3\n",
     -EBADMSG,
     GAUGE_TIME_WAIT,
     {0, FIGURE_UNKNOWN},
     "sockstat: no value tw in \"TCP: \""},
    {"the others are there",
     SOURCE_SOCKSTAT,
     "TCP: inuse 5 orphan 1 mem 3\n",
     -EBADMSG,
     GAUGE_INUSE,
     {5, FIGURE_KNOWN},
     "sockstat: no value tw in \"TCP: \""},
    {"key without value",
     SOURCE_SOCKSTAT,
     "TCP: inuse 5 orphan 1 tw 2 mem\n",
     -EBADMSG,
     GAUGE_MEMORY_PAGES,
     {0, FIGURE_UNKNOWN},
     "sockstat: no value mem in \"TCP: \""},
    {"not a number",
     SOURCE_SOCKSTAT,
     "TCP: inuse x orphan 1 tw 2 mem 3\n",
     -EBADMSG,
     GAUGE_INUSE,
     {0, FIGURE_UNKNOWN},
     "sockstat: inuse: \"x\" is not a number"},
    {"cut line",
     SOURCE_SOCKSTAT,
     "TCP: inuse 5 orphan 1 tw 2 alloc 6 mem 3",
     -EBADMSG,
     GAUGE_INUSE,
     {0, FIGURE_UNKNOWN},
     "sockstat: no whole line \"TCP: \""},
    {"empty",
     SOURCE_SOCKSTAT,
     "",
     -EBADMSG,
     GAUGE_ORPHANS,
     {0, FIGURE_UNKNOWN},
     "sockstat: no whole line \"TCP: \""},
    {"IPv6", SOURCE_SOCKSTAT6, "TCP6: inuse 7\nUDP6: inuse 1\n", 0, GAUGE_INUSE6, {7, FIGURE_KNOWN}, ""},
    {"IPv6 without its line",
     SOURCE_SOCKSTAT6,
     "UDP6: inuse 1\n",
     -EBADMSG,
     GAUGE_INUSE6,
     {0, FIGURE_UNKNOWN},
     "sockstat6: no whole line \"TCP6: \""},
};

static void test_sockstat(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sockstat_rows); i++) {
        for (size_t j = 0; j < GAUGE_COUNT; j++)
            gauge[j] = FIGURE_OF(4711);
        check_row(sockstat_rows[i].name,
                  sockstat_parse(sockstat_rows[i].source, sockstat_rows[i].text, gauge, reason),
                  sockstat_rows[i].result);
        check_row(sockstat_rows[i].name, gauge[sockstat_rows[i].gauge].status,
                  sockstat_rows[i].figure.status);
        check_row(sockstat_rows[i].name, figure_or(gauge[sockstat_rows[i].gauge], 0),
                  sockstat_rows[i].figure.value);
        check_row(sockstat_rows[i].name, gauge[GAUGE_CONNTRACK].value, 4711);
        check_reason(sockstat_rows[i].name, sockstat_rows[i].reason);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_texts), cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_netstat),    cmocka_unit_test(test_evidence_may_lack),
        cmocka_unit_test(test_snmp),       cmocka_unit_test(test_sockstat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
