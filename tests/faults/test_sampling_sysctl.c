/* SPDX-License-Identifier: MIT */
/* Files of /proc/sys/net, in a mount namespace of the daemon's own, and hosts without IPv6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fault.h"
#include "util.h"

#define KNOB         "/proc/sys/net/ipv4/tcp_syncookies"
#define OVER_KNOB    "mount --bind %s " KNOB " &&"
#define UNPRIVILEGED "setpriv --bounding-set=-all"

/* One file that is not what it should be, then it is. */
static void damage_knob(const struct fault *fault) {
    char before[256];
    bool unreadable = strcmp(fault->inject, "unreadable") == 0;

    fault_enter("", "");
    fault_write("knob", unreadable ? "1\n" : fault->inject);
    chmod(fault_path("knob"), unreadable ? 0 : 0644);
    snprintf(before, sizeof before, OVER_KNOB, fault_path("knob"));
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, before, UNPRIVILEGED);
    fault_problem();
    fault_wait_degraded(daemon, fault->reason, 1, 20);
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    chmod(fault_path("knob"), 0644);
    fault_write("knob", "1\n");
    daemon_wait_alerts(daemon, FAULT_BLIND, "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_BLIND, 1, 1}, {FAULT_PROBLEM, 1, 0}}, 2);
}

/* A lesser fault must not hide a greater one that comes later, nor the greater one its end. */
static void add_fault(const struct fault *fault) {
    char before[256];

    fault_enter("", "");
    fault_write("knob", "abc\n");
    snprintf(before, sizeof before, OVER_KNOB, fault_path("knob"));
    struct lab_child *daemon =
        fault_start(DAEMON_SANITIZED, before, fault_preload(fault->inject, "on", false));
    fault_wait_degraded(daemon, "tcp_syncookies", 1, 20);
    fault_switch("on", true);
    daemon_wait_alerts(daemon, FAULT_BLIND, "changed", 1, 30);
    json_t *alerts = daemon_alerts(daemon);
    assert_non_null(strstr(alert_get(alerts_find(alerts, FAULT_BLIND, "changed"), "MESSAGE"), fault->reason));
    json_decref(alerts);
    fault_switch("on", false);
    daemon_wait_alerts(daemon, FAULT_BLIND, "changed", 2, 30);
    fault_write("knob", "1\n");
    daemon_wait_alerts(daemon, FAULT_BLIND, "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_BLIND, 1, 1}}, 1);
}

/* What is raised is as the row says. */
static void see_under(const struct fault *fault, const char *mounts, const char *with) {
    static char before[1024];

    snprintf(before, sizeof before, "export RUNTIME_DIRECTORY=%s; cd %s && %s", fault_path(""),
             fault_path(""), mounts);
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, before, with);
    fault_problem();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    if (fault->reason)
        fault_wait_degraded(daemon, fault->reason, 1, 20);
    fault_wait_ticks("status.json", 5);
    fault_problem_ends();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "cleared", 1, 20);
    fault_end(daemon,
              (const struct fault_told[]){{FAULT_PROBLEM, 1, 1}, {FAULT_BLIND, fault->reason != NULL, 0}}, 2);
}

/* Mounts that stay as they are. */
static void mount_over(const struct fault *fault) {
    fault_enter("", "");
    see_under(fault, fault->inject, "");
}

static void switch_ipv6_off(const struct fault *fault) {
    (void)fault;
    fault_enter("", "");
    lab_sysctl("net/ipv6/conf/all/disable_ipv6", "1");
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, "", "");
    fault_problem();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    fault_problem_ends();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 1}}, 1);
}

#define WITHOUT_IPV6                                                                                         \
    "mkdir -p net sys/core sys/ipv4 && for f in snmp netstat sockstat; do ln -s /proc/thread-self/net/$f "   \
    "net/$f; done && mount --bind /proc/sys/net/core sys/core && mount --bind /proc/sys/net/ipv4 sys/ipv4 "  \
    "&& mount --rbind sys /proc/sys/net && mount --bind net /proc/$$/net &&"

/* As mounted, and to sock_diag. */
static void lack_ipv6(const struct fault *fault) {
    fault_enter("", "");
    fault_switch("on", true);
    see_under(fault, WITHOUT_IPV6, fault_preload(fault->inject, "on", false));
}

#define TOLD  "degraded and says which; other alerts come; over when it is mended"
#define STAYS "degraded and says which; other alerts come"
#define SEEN  "not degraded; alerts come and go"

static const struct fault table[] = {
    {"sysctl garbage", "\"abc\" mounted over tcp_syncookies", TOLD, damage_knob, "abc\n",
     "net.ipv4.tcp_syncookies: \"abc\" is not a number"},
    {"sysctl empty", "0 bytes mounted over tcp_syncookies", TOLD, damage_knob, "",
     "net.ipv4.tcp_syncookies: 0 values where 1 are expected"},
    {"sysctl beyond 64 bits", "99999999999999999999 mounted over tcp_syncookies", TOLD, damage_knob,
     "99999999999999999999\n", "net.ipv4.tcp_syncookies: \"99999999999999999999\" is not a number"},
    {"sysctl unreadable", "mode 000, the daemon without capabilities", TOLD, damage_knob, "unreadable",
     "net.ipv4.tcp_syncookies: Permission denied"},
    {"sysctl read error", "/proc/self/mem mounted over tcp_syncookies: EIO", STAYS, mount_over,
     "mount --bind /proc/$$/mem " KNOB " &&", "net.ipv4.tcp_syncookies: Input/output error"},
    {"one fault after another", "garbage in a sysctl, then ENOBUFS at sock_diag",
     "a second source that fails is told after 5 s, and that it is back", add_fault, "enobufs",
     "interrupted three times"},
    {"no sysctl of IPv4", "an empty directory mounted over /proc/sys/net/ipv4", STAYS, mount_over,
     "mkdir none && mount --bind none /proc/sys/net/ipv4 &&",
     "net.ipv4.ip_local_port_range: No such file or directory"},
    {"no sysctl at all", "an empty directory mounted over /proc/sys", STAYS, mount_over,
     "mkdir none && mount --bind none /proc/sys &&", "No such file or directory"},
    {"kernel without IPv6", "neither sockstat6 nor /proc/sys/net/ipv6, by mounts", SEEN, mount_over,
     WITHOUT_IPV6, NULL},
    {"kernel without IPv6, asked by family", "preload: EOPNOTSUPP to the legacy request, ENOENT to AF_INET6",
     SEEN, lack_ipv6, "no-ipv6", NULL},
    {"IPv6 disabled", "disable_ipv6 in the namespace", SEEN, switch_ipv6_off, NULL, NULL},
};

int main(void) {
    return fault_main("test_sampling_sysctl", table, ARRAY_SIZE(table), NULL);
}
