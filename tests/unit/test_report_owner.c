/* SPDX-License-Identifier: MIT */
/* Unit, process and peers in the fields, the evidence, MESSAGE and the tcpdump command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"
#include "remedy.h"
#include "sample_alerts.h"

#define ABSENT      NULL
#define MESSAGE_MAX 400
#define ELLIPSIS    "\xE2\x80\xA6"

static void add_holder(struct finding *finding, const char *unit, uint64_t cgroup, uint32_t sockets) {
    size_t at = finding->shares.holder_count++;

    finding->shares.holder[at] = (struct holder){.cgroup = cgroup, .sockets = sockets};
    strncpy(finding->holder_unit[at], unit, UNIT_SIZE - 1);
}

static struct peer_share peer_of(const char *network, uint32_t prefix_length, uint32_t sockets,
                                 uint32_t error) {
    return (struct peer_share){sample_endpoint(network), prefix_length, sockets, error};
}

/* 180 of backend.service and 20 of backup.service. */
static struct alert owned_leak(void) {
    struct alert alert = sample_leak();
    struct finding *finding = &alert.finding;

    finding->shares.sockets = 200;
    add_holder(finding, "backend.service", 4711, 180);
    add_holder(finding, "backup.service", 4712, 20);
    finding->owner = finding->shares.holder[0];
    strcpy(finding->unit, "backend.service");
    finding->pid = 1234;
    strcpy(finding->comm, "python3");
    return alert;
}

/* Two units, none of which has more than half. */
static struct alert shared_leak(void) {
    struct alert alert = owned_leak();

    alert.finding.unit[0] = '\0';
    alert.finding.owner = (struct holder){0};
    return alert;
}

static struct alert other_is_small(void) {
    struct alert alert = owned_leak();

    alert.finding.shares.holder[1].sockets = 9;
    return alert;
}

static struct alert unnamed_leak(void) {
    struct alert alert = owned_leak();

    alert.finding.unit[0] = alert.finding.holder_unit[0][0] = alert.finding.holder_unit[1][0] = '\0';
    alert.finding.pid = 0;
    alert.finding.comm[0] = '\0';
    return alert;
}

/* Names of 255 bytes. */
static struct alert long_names(void) {
    struct alert alert = owned_leak();

    for (int i = 0; i < HOLDERS_MAX; i++)
        memset(alert.finding.holder_unit[i], 'a' + i, UNIT_SIZE - 1);
    memset(alert.finding.unit, 'a', UNIT_SIZE - 1);
    return alert;
}

static struct alert deceiving_names(void) {
    struct alert alert = owned_leak();

    strcpy(alert.finding.unit, "a\xE2\x80\xAEz.service\nPRIORITY=0");
    strcpy(alert.finding.comm, "\xE2\x80\xAE\xC2\xA0=\nA=1");
    return alert;
}

static struct alert hostile_names(void) {
    struct alert alert = owned_leak();
    const char *name = "x\n y=\"1\" '\xFF\\x2d.service";

    strcpy(alert.finding.holder_unit[0], name);
    strcpy(alert.finding.unit, name);
    strcpy(alert.finding.comm, "a\nb");
    return alert;
}

/* 1004 of 1024 from 10.9.0.0/24. */
static struct alert net_flood(void) {
    struct alert alert = sample_flood();
    struct shares *shares = &alert.finding.shares;

    strcpy(alert.finding.unit, "nginx.service");
    shares->sockets = 1024;
    shares->network[0] = peer_of("10.9.0.0", 24, 1007, 3);
    shares->network_count = 1;
    shares->address[0] = peer_of("10.9.0.7", 32, 12, 2);
    shares->address_count = 1;
    return alert;
}

static struct alert address_flood(void) {
    struct alert alert = net_flood();

    alert.finding.shares.address[0] = peer_of("10.9.0.7", 32, 600, 0);
    return alert;
}

static struct alert ipv6_flood(void) {
    struct alert alert = net_flood();
    struct shares *shares = &alert.finding.shares;

    alert.finding.local = sample_endpoint("[2001:db8::1]:80");
    shares->address[0] = shares->network[0] = peer_of("2001:db8:5:6::", 64, 1004, 0);
    return alert;
}

static struct alert sampled(void) {
    struct alert alert = sample_leak();

    alert.finding.problem = PROBLEM_TIME_WAIT_PILEUP;
    alert.finding.family = FAMILY_TIME_WAIT;
    alert.finding.local = (struct endpoint){0};
    alert.finding.shares = (struct shares){.sockets = 20000, .estimate = true};
    alert.finding.shares.network[0] = peer_of("10.9.0.0", 24, 15000, 0);
    alert.finding.shares.network_count = 1;
    return alert;
}

static struct alert peer_of_leak(void) {
    struct alert alert = owned_leak();

    alert.finding.shares.address[0] = peer_of("10.9.0.7", 32, 200, 0);
    alert.finding.shares.address_count = 1;
    return alert;
}

static struct alert full_accept_queue(void) {
    struct alert alert = net_flood();

    alert.finding.problem = PROBLEM_ACCEPT_QUEUE_FULL;
    return alert;
}

static struct alert owned_ports(void) {
    struct alert alert = sample_ports();

    strcpy(alert.finding.unit, "backup.service");
    alert.finding.shares = net_flood().finding.shares; /* a destination goes before them */
    return alert;
}

static const struct {
    const char *name;
    struct alert (*alert)(void);
    const char *key, *value;
} field[] = {
    {"unit", owned_leak, "SYNWAITD_UNIT", "backend.service"},
    {"pid", owned_leak, "SYNWAITD_PID", "1234"},
    {"comm", owned_leak, "SYNWAITD_COMM", "python3"},
    {"nobody has more than half", shared_leak, "SYNWAITD_UNIT", ABSENT},
    {"no unit", unnamed_leak, "SYNWAITD_UNIT", ABSENT},
    {"no pid", unnamed_leak, "SYNWAITD_PID", ABSENT},
    {"no comm", unnamed_leak, "SYNWAITD_COMM", ABSENT},
    {"odd bytes in the unit", hostile_names, "SYNWAITD_UNIT", "x? y=\"1\" '?\\x2d.service"},
    {"odd bytes in the command", hostile_names, "SYNWAITD_COMM", "a?b"},
    {"a field's name in the unit", deceiving_names, "SYNWAITD_UNIT", "a???z.service?PRIORITY=0"},
    {"a field's name in the command", deceiving_names, "SYNWAITD_COMM",
     "?????"
     "=?A=1"},
    {"neither is a field", deceiving_names, "PRIORITY", "4"},
    {"no peer", owned_leak, "SYNWAITD_PEER", ABSENT},
    {"a network", net_flood, "SYNWAITD_PEER", "10.9.0.0/24"},
    {"an address", address_flood, "SYNWAITD_PEER", "10.9.0.7"},
    {"an IPv6 network", ipv6_flood, "SYNWAITD_PEER", "2001:db8:5:6::/64"},
    {"a destination", owned_ports, "SYNWAITD_PEER", "[2001:db8::1]:443"},
    {"shares of units", owned_leak, "SYNWAITD_EVIDENCE",
     "close_wait=200 never_accepted=0 unit:backend.service=180 unit:backup.service=20 counted=200"},
    {"units without a name", unnamed_leak, "SYNWAITD_EVIDENCE",
     "close_wait=200 never_accepted=0 cgroup:4711=180 cgroup:4712=20 counted=200"},
    {"pairs of odd bytes", hostile_names, "SYNWAITD_EVIDENCE",
     "close_wait=200 never_accepted=0 unit:x?_y??1?_??\\x2d.service=180 unit:backup.service=20 counted=200"},
    {"shares of peers", net_flood, "SYNWAITD_EVIDENCE",
     "half_open=1025 syn_queue_limit=1024 syn_overflow_per_sec=19874 peer:10.9.0.0/24=1007 peer:10.9.0.7=12 "
     "peer_error_at_most=3 counted=1024"},
    {"IPv6 is told once", ipv6_flood, "SYNWAITD_EVIDENCE",
     "half_open=1025 syn_queue_limit=1024 syn_overflow_per_sec=19874 peer:2001:db8:5:6::/64=1004 "
     "counted=1024"},
    {"an estimate", sampled, "SYNWAITD_EVIDENCE",
     "close_wait=200 never_accepted=0 peer:10.9.0.0/24=15000 estimated_from=20000"},
    {"nothing counted", sample_leak, "SYNWAITD_EVIDENCE", "close_wait=200 never_accepted=0"},
    {"capture of a network", net_flood, "SYNWAITD_CAPTURE",
     "tcpdump -ni any -c 200 'src net 10.9.0.0/24 and dst host 192.0.2.10 and tcp dst port 80 and "
     "tcp[tcpflags] & tcp-syn != 0'"},
    {"capture of an address", address_flood, "SYNWAITD_CAPTURE",
     "tcpdump -ni any -c 200 'src host 10.9.0.7 and dst host 192.0.2.10 and tcp dst port 80 and "
     "tcp[tcpflags] & tcp-syn != 0'"},
    {"capture of an IPv6 network", ipv6_flood, "SYNWAITD_CAPTURE",
     "tcpdump -ni any -c 200 'src net 2001:db8:5:6::/64 and dst host 2001:db8::1 and tcp dst port 80 and "
     "ip6[53] & 2 != 0'"},
    {"capture without a port", sampled, "SYNWAITD_CAPTURE",
     "tcpdump -ni any -c 200 'tcp and net 10.9.0.0/24'"},
    {"capture of a destination", owned_ports, "SYNWAITD_CAPTURE",
     "tcpdump -ni any -c 200 'tcp and host 2001:db8::1 and port 443'"},
};

static void test_fields(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
        struct alert alert = field[i].alert();
        struct record *record = record_from_alert(&alert, "host");
        assert_non_null(record);
        const char *value = record_get(record, field[i].key);
        bool same = value && field[i].value ? strcmp(value, field[i].value) == 0 : value == field[i].value;
        if (!same)
            fail_msg("%s: %s is %s", field[i].name, field[i].key, value ? value : "absent");
        free(record);
    }
}

static void test_tcpdump_compiles_the_filters(void **state) {
    char command[1200];

    (void)state;
    if (system("command -v tcpdump >/dev/null") != 0) {
        if (getenv("CI"))
            fail_msg("tcpdump is not installed");
        print_message("SKIPPED: tcpdump is not installed, so the capture filters are not compiled\n");
        skip();
    }
    for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
        const char *filter = strchr(field[i].value ? field[i].value : "", '\'');
        if (strcmp(field[i].key, "SYNWAITD_CAPTURE") != 0 || !filter)
            continue;
        snprintf(command, sizeof command, "tcpdump -y LINUX_SLL2 -d %s >/dev/null 2>&1", filter);
        if (system(command) != 0)
            fail_msg("%s: tcpdump refuses %s", field[i].name, filter);
    }
}

static void test_sentences(void **state) {
    static const struct {
        const char *name;
        struct alert (*alert)(void);
        enum alert_event event;
        const char *start;
    } row[] = {
        {"two units", owned_leak, EVENT_RAISED,
         "CLOSE-WAIT leak on port 8080 (backend.service, also backup.service): 200 sockets in CLOSE-WAIT"},
        {"the largest, though not more than half", shared_leak, EVENT_RAISED,
         "CLOSE-WAIT leak on port 8080 (backend.service, also backup.service): 200 sockets in CLOSE-WAIT"},
        {"next to nothing is not mentioned", other_is_small, EVENT_RAISED,
         "CLOSE-WAIT leak on port 8080 (backend.service): 200 sockets in CLOSE-WAIT"},
        {"no name", unnamed_leak, EVENT_RAISED, "CLOSE-WAIT leak on port 8080: 200 sockets in CLOSE-WAIT"},
        {"cleared", owned_leak, EVENT_CLEARED,
         "Cleared after 0 s: CLOSE-WAIT leak on port 8080 (backend.service, also backup.service), peak "},
        {"a network", net_flood, EVENT_RAISED,
         "SYN flood on 192.0.2.10:80 (nginx.service) from 10.9.0.0/24 (98 %): 1025 half-open "},
        {"an address", address_flood, EVENT_RAISED,
         "SYN flood on 192.0.2.10:80 (nginx.service) from 10.9.0.7 (58 %): 1025 half-open "},
        {"clients do not make a leak", peer_of_leak, EVENT_RAISED,
         "CLOSE-WAIT leak on port 8080 (backend.service, also backup.service): 200 "},
        {"half-opens do not fill the accept queue", full_accept_queue, EVENT_RAISED,
         "Accept queue backed up on 192.0.2.10:80 (nginx.service): "},
        {"whom they are with", sampled, EVENT_RAISED, "TIME-WAIT pile-up towards 10.9.0.0/24 (75 %): "},
        {"a destination", owned_ports, EVENT_RAISED,
         "Ephemeral ports running out towards [2001:db8::1]:443 from 2001:db8::2 (backup.service): 27000 "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct alert alert = row[i].alert();
        char message[1024];
        alert.event = row[i].event;
        message_format(&alert, message, sizeof message);
        if (strncmp(message, row[i].start, strlen(row[i].start)) != 0)
            fail_msg("%s: %s", row[i].name, message);
        assert_true(strlen(message) < MESSAGE_MAX);
    }
}

/* 72 bytes of the name, and the numbers, the cause and the remedy after it. */
static void test_long_names(void **state) {
    struct alert alert = long_names();
    char message[1024];

    (void)state;
    message_format(&alert, message, sizeof message);
    assert_true(strlen(message) < MESSAGE_MAX);
    assert_non_null(strstr(message, "aaa" ELLIPSIS "): 200 sockets in CLOSE-WAIT, threshold 100; "));
    assert_int_equal(strspn(strchr(message, '(') + 1, "a"), 72 - strlen(ELLIPSIS));
    assert_non_null(strstr(message, " First: fix the application"));
}

/* Three pairs of 255 bytes fit, the fourth does not, and what is short still does. */
static void test_whole_pairs(void **state) {
    struct alert alert = long_names();
    char evidence[RECORD_VALUE_MAX + 1];

    (void)state;
    alert.finding.shares.holder[2] = (struct holder){.cgroup = 3, .sockets = 2};
    alert.finding.shares.holder[3] = (struct holder){.cgroup = 4, .sockets = 1};
    alert.finding.shares.holder_count = 4;
    evidence_format(&alert.finding, evidence, sizeof evidence);
    assert_non_null(strstr(evidence, "ccc=2 counted=200"));
    assert_null(strstr(evidence, "unit:d"));
}

/* Shares of nobody knows how many say nothing: what they are out of is told whatever else is left out. */
static void test_the_whole_is_told(void **state) {
    struct alert alert = long_names();
    struct finding *finding = &alert.finding;
    char evidence[RECORD_VALUE_MAX + 1];

    (void)state;
    finding->shares.holder[2] = finding->shares.holder[3] = (struct holder){.cgroup = 3, .sockets = 2};
    finding->shares.holder_count = 4;
    finding->shares.estimate = true;
    finding->shares.address[0] = peer_of("10.9.0.7", 32, 100, 20);
    finding->shares.address_count = 1;
    for (size_t filler = 0; filler < UNIT_SIZE - 1; filler++) {
        finding->holder_unit[3][UNIT_SIZE - 1 - filler] = '\0';
        evidence_format(finding, evidence, sizeof evidence);
        assert_non_null(strstr(evidence, " peer_error_at_most=20 estimated_from=200"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),      cmocka_unit_test(test_tcpdump_compiles_the_filters),
        cmocka_unit_test(test_sentences),   cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_whole_pairs), cmocka_unit_test(test_the_whole_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
