/* SPDX-License-Identifier: MIT */
/* What goes wrong between the daemon and sock_diag, at the system-call seam; the sanitized daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fault.h"
#include "util.h"

/* Blind from the start, then it sees; blind with an alert open, then it sees again, until the problem is
 * over.
 */
static void come_and_go(const struct fault *fault) {
    fault_enter("", "");
    fault_problem();
    fault_switch("on", true);
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, "", fault_preload(fault->inject, "on", false));
    fault_wait_degraded(daemon, fault->reason, 1, 20);
    fault_check_told(daemon, (const struct fault_told[]){{FAULT_BLIND, 1, 0}}, 1);
    fault_switch("on", false);
    daemon_wait_alerts(daemon, FAULT_BLIND, "cleared", 1, 20);
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    fault_switch("on", true);
    fault_wait_degraded(daemon, fault->reason, 2, 20);
    fault_check_told(daemon, (const struct fault_told[]){{FAULT_BLIND, 2, 1}, {FAULT_PROBLEM, 1, 0}}, 2);
    fault_switch("on", false);
    daemon_wait_alerts(daemon, FAULT_BLIND, "cleared", 2, 20);
    fault_problem_ends();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_BLIND, 2, 2}, {FAULT_PROBLEM, 1, 1}}, 2);
}

/* From the start to the end, and nothing is lost by it. */
static void be_overcome(const struct fault *fault) {
    fault_enter("", "");
    fault_problem();
    fault_switch("on", true);
    struct lab_child *daemon = fault_start(DAEMON_SANITIZED, "", fault_preload(fault->inject, "on", true));
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 20);
    fault_problem_ends();
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "cleared", 1, 20);
    fault_end(daemon, (const struct fault_told[]){{FAULT_PROBLEM, 1, 1}}, 1);
}

#define BLIND "degraded after 3 ticks and says why; an open alert stays open; over when the fault is"
#define KEPT  "no alert is lost, none is false, not degraded"

static const struct fault table[] = {
    {"EINTR at every other call", "preload: send, recvmsg and pread", KEPT, be_overcome, "eintr", NULL},
    {"ENOBUFS once a dump", "preload: the datagram is lost", KEPT, be_overcome, "enobufs", NULL},
    {"ENOBUFS always", "preload: every datagram is lost", BLIND, come_and_go, "enobufs",
     "interrupted three times"},
    {"interrupted dump, once", "preload: NLM_F_DUMP_INTR in every other dump", KEPT, be_overcome, "dump-intr",
     NULL},
    {"interrupted dump, always", "preload: NLM_F_DUMP_INTR in every datagram", BLIND, come_and_go,
     "dump-intr", "interrupted three times"},
    {"short answer", "preload: the last message lacks 7 bytes", BLIND, come_and_go, "short",
     "malformed answer"},
    {"answer longer than the buffer", "preload: MSG_TRUNC", BLIND, come_and_go, "truncated",
     "malformed answer"},
    {"error message in the middle", "preload: NLMSG_ERROR with ENOMEM between sockets", BLIND, come_and_go,
     "error", "Cannot allocate memory"},
    {"inet_diag absent", "preload: EOPNOTSUPP to the legacy request, ENOENT by family", BLIND, come_and_go,
     "no-inet-diag", "the kernel has no inet_diag/tcp_diag"},
    {"tcp_diag absent", "preload: the dump ends with ENOENT", BLIND, come_and_go, "no-tcp-diag",
     "the kernel has no inet_diag/tcp_diag"},
    {"the walk alone fails", "preload: ENOMEM to each dump but that of listeners", BLIND, come_and_go,
     "no-walk", "Cannot allocate memory"},
};

int main(void) {
    return fault_main("test_sampling_netlink", table, ARRAY_SIZE(table), NULL);
}
