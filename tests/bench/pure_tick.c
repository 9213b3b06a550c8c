/* SPDX-License-Identifier: MIT */
/*
 * pure_tick SAMPLE [TICKS]: the pure part of a tick, TICKS times, on a made sample. Meant to run under
 * `valgrind --tool=callgrind --toggle-collect=measured_ticks`, which counts the instructions of these alone.
 * Without an argument lists the samples.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/threshold_bench.h"

#include "diagnose.h"
#include "incident.h"
#include "share_tables.h"
#include "sock_diag.h"

enum { LISTENERS = 10000, TICKS_MAX = 100000, FLOODED_PORT = 80, LEAKING_PORT = 81 };

/* The memory of all stages, as the daemon has it. */
static struct bench tick;
static struct incident_table incidents;
static struct finding finding[FINDINGS_MAX];
static struct alert alert[INCIDENTS_MAX + FINDINGS_MAX];
static struct listener listener[LISTENERS];
static struct port_figures port[LISTENERS];
static size_t open_breaches;

/* Busy but well: each port is walked, too. */
static void add_listeners(size_t count) {
    for (size_t i = 0; i < count; i++) {
        listener[i] = listener_on((uint16_t)(FLOODED_PORT + i), 4096);
        listener[i].half_open = 3;
        listener[i].accept_queue = 1;
        port[i] = (struct port_figures){.port = listener[i].local.port};
        port[i].state[STATE_SYN_RECV] = 3;
    }
    tick.sample.listener = listener;
    tick.sample.listener_count = count;
    tick.sample.port = port;
    tick.sample.port_count = count;
    tick.sample.state[STATE_LISTEN] = FIGURE_OF(count);
}

static void set_rate(enum counter counter, uint64_t per_sec) {
    tick.sample.increase[counter] = FIGURE_OF(per_sec);
    tick.sample.recent_increase[counter] = FIGURE_OF(5 * per_sec);
}

/* Forged sources onto one of 50 listeners, its SYN queue full. */
static void add_flood(struct share_tables *shares) {
    struct diag_socket socket = {.state = STATE_SYN_RECV, .request = true};

    socket.remote.family = ENDPOINT_IPV4;
    for (uint32_t i = 0; i < 1000; i++) {
        memcpy(socket.remote.address, &i, sizeof i);
        share_tables_count(shares, &socket, FLOODED_PORT);
    }
    listener[0].backlog = 1024;
    listener[0].half_open = 1025;
    listener[0].half_open_fresh = 600;
    listener[0].half_open_old = 100;
    listener[0].half_open_patient = 60;
    tick.sample.state[STATE_SYN_RECV] = FIGURE_OF(1172);
    set_rate(COUNTER_SYNCOOKIES_SENT, 8000);
    set_rate(COUNTER_REQ_QUEUE_FULL_COOKIES, 8000);
}

/* 5,000 sockets of three services that are never closed. */
static void add_leak(struct share_tables *shares) {
    struct diag_socket socket = {.state = STATE_CLOSE_WAIT};

    socket.remote.family = ENDPOINT_IPV4;
    for (uint32_t i = 0; i < 5000; i++) {
        memcpy(socket.remote.address, &i, sizeof i);
        socket.cgroup = 100 + i % 3;
        socket.inode = i + 1;
        share_tables_count(shares, &socket, LEAKING_PORT);
    }
    port[1].state[STATE_CLOSE_WAIT] = 5000;
    port[1].detail.close_wait_old = 5000;
    tick.sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(5000);
    tick.sample.detail.close_wait_old = 5000;
}

static void add_problems(struct share_tables *shares) {
    add_listeners(50);
    add_flood(shares);
    add_leak(shares);
    listener[2].accept_queue = 4097;
    tick.sample.state[STATE_TIME_WAIT] = FIGURE_OF(64000);
    tick.sample.gauge[GAUGE_ORPHANS] = FIGURE_OF(60000);
    tick.sample.state[STATE_SYN_SENT] = FIGURE_OF(6000);
}

static void quiet(struct share_tables *shares) {
    (void)shares;
}

static void fifty_listeners(struct share_tables *shares) {
    (void)shares;
    add_listeners(50);
}

static void ten_thousand_listeners(struct share_tables *shares) {
    (void)shares;
    add_listeners(LISTENERS);
}

static const struct {
    const char *name;
    void (*make)(struct share_tables *shares);
    int warm_up;           /* ticks until everything is as it stays */
    size_t least_breaches; /* that stay open */
} samples[] = {
    {"a quiet host", quiet, 5, 0},
    {"50 listeners", fifty_listeners, 5, 0},
    {"10,000 listeners", ten_thousand_listeners, 5, 0},
    {"50 listeners, several problems open", add_problems, 90, 4},
};

static void one_tick(void) {
    step(&tick, SECOND);
    size_t count = diagnose(&tick.sample, tick.breach, tick.count, finding);
    incident_update(&incidents, finding, count, &tick.sample, tick.config.reminder_usec, alert);
    open_breaches = tick.count;
}

/* Not inlined: its name is where callgrind begins to count. */
__attribute__((noinline)) static void measured_ticks(unsigned long ticks) {
    for (unsigned long i = 0; i < ticks; i++)
        one_tick();
}

static int run(size_t i, unsigned long ticks) {
    struct share_tables *shares = share_tables_new();

    if (!shares)
        return EXIT_FAILURE;
    share_tables_reset(shares, UINT32_MAX);
    tick = fresh();
    tick.sample.shares = shares;
    incidents.next_id = 1;
    samples[i].make(shares);
    for (int n = 0; n < samples[i].warm_up; n++)
        one_tick();
    bool as_meant =
        samples[i].least_breaches == 0 ? open_breaches == 0 : open_breaches >= samples[i].least_breaches;
    if (as_meant)
        measured_ticks(ticks);
    else
        fprintf(stderr, "pure_tick: %zu breaches, at least %zu were meant\n", open_breaches,
                samples[i].least_breaches);
    share_tables_free(shares);
    return as_meant ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    unsigned long ticks = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        if (argc < 2)
            puts(samples[i].name);
        else if (strcmp(argv[1], samples[i].name) == 0 && ticks <= TICKS_MAX)
            return run(i, ticks);
    }
    return argc < 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
