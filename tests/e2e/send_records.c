/* SPDX-License-Identifier: MIT */
/*
 * send_records TARGET COUNT PACE_USEC CLOSE_USEC: reports COUNT numbered alerts, one each PACE_USEC, and says
 * how long the slowest took. With COUNT 0 one alert of every field there is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/sample_alerts.h"
#include "log.h"

static uint64_t report_timed(const struct alert *alert) {
    struct record *record = record_from_alert(alert, "host");
    uint64_t before = now_monotonic_usec();

    if (!record)
        exit(EXIT_FAILURE);
    report_alert(record);
    return now_monotonic_usec() - before;
}

static void send_full_alerts(void) {
    struct alert ports = sample_event(sample_ports(), EVENT_CLEARED, 75);
    struct alert flood = sample_flood();

    report_timed(&ports);
    report_timed(&flood);
}

static uint64_t send_numbered(unsigned long count, unsigned int pace_usec) {
    uint64_t slowest = 0;

    for (unsigned long i = 0; i < count; i++) {
        struct alert alert = sample_leak();
        alert.finding.evidence[0] = (struct evidence){"number", i};
        uint64_t took = report_timed(&alert);
        slowest = took > slowest ? took : slowest;
        usleep(pace_usec);
    }
    return slowest;
}

int main(int argc, char **argv) {
    if (argc != 5 || log_target_from_name(argv[1]) < 0) {
        fprintf(stderr, "usage: send_records TARGET COUNT PACE_USEC CLOSE_USEC\n");
        return 2;
    }
    int result = report_open((enum log_target)log_target_from_name(argv[1]));
    if (result < 0) {
        fprintf(stderr, "send_records: %s\n", strerror(-result));
        return EXIT_FAILURE;
    }
    unsigned long count = strtoul(argv[2], NULL, 10);
    if (count == 0)
        send_full_alerts();
    uint64_t slowest = send_numbered(count, (unsigned int)strtoul(argv[3], NULL, 10));
    fprintf(stderr, "sent=%lu slowest_usec=%" PRIu64 " dropped=%" PRIu64 "\n", count, slowest,
            report_dropped());
    report_close(strtoull(argv[4], NULL, 10));
    fprintf(stderr, "closed\n");
    return EXIT_SUCCESS;
}
