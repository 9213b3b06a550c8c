/* SPDX-License-Identifier: MIT */
/* Answers of sock_diag that never come: each dump waits for its time-out, so all daemons wait side by side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fault.h"
#include "util.h"

#define TIMEOUT "Connection timed out"
#define BLIND   "waits 2 s for an answer at most; degraded after 3 ticks and says why; over when the fault is"

static void wait_and_recover(const struct fault *fault);

static const struct fault table[] = {
    {"no NLMSG_DONE", "preload: the end of each dump is cut off", BLIND, wait_and_recover, "no-done",
     TIMEOUT},
    {"wrong sequence", "preload: nlmsg_seq of another request", BLIND, wait_and_recover, "sequence", TIMEOUT},
    {"wrong port", "preload: nlmsg_pid of another socket", BLIND, wait_and_recover, "port", TIMEOUT},
    {"foreign sender", "preload: datagrams that are not from the kernel", BLIND, wait_and_recover, "foreign",
     TIMEOUT},
    {"foreign sender without end", "preload: a datagram at each call, none from the kernel",
     "gives up after as many as an answer may have; degraded and says why; over when the fault is",
     wait_and_recover, "flood", "malformed answer"},
};

static struct lab_child *daemons[ARRAY_SIZE(table)];

static int start_all(void **state) {
    (void)state;
    fault_enter("", "");
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        fault_switch(table[i].inject, true);
        daemons[i] =
            fault_start(DAEMON_SANITIZED, "", fault_preload(table[i].inject, table[i].inject, false));
    }
    fault_problem();
    return 0;
}

static void wait_and_recover(const struct fault *fault) {
    struct lab_child *daemon = daemons[fault - table];

    fault_wait_degraded(daemon, fault->reason, 1, 60);
    fault_check_told(daemon, (const struct fault_told[]){{FAULT_BLIND, 1, 0}}, 1);
    fault_switch(fault->inject, false);
    daemon_wait_alerts(daemon, FAULT_BLIND, "cleared", 1, 60);
    daemon_wait_alerts(daemon, FAULT_PROBLEM, "raised", 1, 60);
    fault_end(daemon, (const struct fault_told[]){{FAULT_BLIND, 1, 1}, {FAULT_PROBLEM, 1, 0}}, 2);
}

int main(void) {
    return fault_main("test_sampling_silence", table, ARRAY_SIZE(table), start_all);
}
