/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <errno.h>
#include <string.h>

#include "../unit/random_config.h"
#include "sock_diag.h"
#include "source_status.h"

#define DAY_USEC       (UINT64_C(86400) * USEC_PER_SEC)
#define WALK_AGE_USEC  (30 * USEC_PER_SEC)
#define CALM_WALK_USEC (5 * USEC_PER_SEC)

/* What one may be set to, safe or not, and the value at the start. */
static const struct {
    enum knob knob;
    uint64_t start, low, high;
} knobs[] = {
    {KNOB_SOMAXCONN, 4096, 128, 8192},
    {KNOB_TCP_SYNCOOKIES, 1, 0, 2},
    {KNOB_TCP_MAX_SYN_BACKLOG, 2048, 128, 8192},
    {KNOB_TCP_SYNACK_RETRIES, 5, 1, 8},
    {KNOB_TCP_SYN_RETRIES, 6, 1, 8},
    {KNOB_TCP_ABORT_ON_OVERFLOW, 0, 0, 1},
    {KNOB_TCP_TW_REUSE, 2, 0, 2},
    {KNOB_TCP_FIN_TIMEOUT, 60, 5, 180},
    {KNOB_TCP_MAX_TW_BUCKETS, 65536, 16384, 262144},
    {KNOB_TCP_TIMESTAMPS, 1, 0, 1},
    {KNOB_PORT_RANGE_LOW, 32768, 1025, 40000},
    {KNOB_PORT_RANGE_HIGH, 60999, 50000, 65535},
    {KNOB_PORTS_RESERVED, 0, 0, 500},
    {KNOB_TCP_MAX_ORPHANS, 65536, 16384, 131072},
    {KNOB_TCP_ORPHAN_RETRIES, 0, 0, 8},
    {KNOB_TCP_RETRIES2, 15, 3, 15},
    {KNOB_TCP_KEEPALIVE_TIME, 7200, 60, 7200},
    {KNOB_TCP_MEM_LOW, 90000, 90000, 90000},
    {KNOB_TCP_MEM_PRESSURE, 120000, 100000, 150000},
    {KNOB_TCP_MEM_MAX, 180000, 160000, 240000},
    {KNOB_TCP_EHASH_ENTRIES, 131072, 131072, 131072},
    {KNOB_CONNTRACK_MAX, 262144, 131072, 524288},
};

static struct listener make_listener(size_t index) {
    struct listener listener = {.members = 1, .backlog = index % 3 == 0 ? 128 : 1024, .inode = 1000 + index};
    const uint8_t address[4] = {192, 0, 2, 1};

    memcpy(listener.local.address, address, sizeof address);
    listener.local.family = ENDPOINT_IPV4;
    listener.local.port = (uint16_t)(FIRST_PORT + index);
    listener.cgroup = 100 + index;
    return listener;
}

/* Peers and holders of the sockets, the same for good: who they are is not what is looked for here. */
static void fill_shares(struct host *host) {
    static const enum tcp_state states[] = {STATE_SYN_RECV, STATE_CLOSE_WAIT, STATE_FIN_WAIT_2,
                                            STATE_SYN_SENT};
    struct diag_socket socket = {.remote.family = ENDPOINT_IPV4};

    share_tables_reset(host->shares, UINT32_MAX);
    for (size_t k = 0; k < ARRAY_SIZE(states); k++)
        for (uint32_t i = 0; i < 400; i++) {
            memcpy(socket.remote.address, &i, sizeof i);
            socket.state = states[k];
            socket.request = states[k] == STATE_SYN_RECV;
            socket.cgroup = 100 + i % 3;
            socket.inode = i + 1;
            share_tables_count(host->shares, &socket, (uint16_t)(FIRST_PORT + i % LISTENERS));
        }
}

int host_init(struct host *host, enum profile profile, uint64_t seed) {
    *host = (struct host){.profile = profile, .seed = seed};
    host->shares = share_tables_new();
    if (!host->shares)
        return -ENOMEM;
    fill_shares(host);
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        host->listener[i] = make_listener(i);
        host->port[i].port = host->listener[i].local.port;
    }
    for (int i = 0; i < KNOB_COUNT; i++)
        host->knob[i] = FIGURE_MISSING;
    for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
        host->knob[knobs[i].knob] = FIGURE_OF(knobs[i].start);
    host->sample = (struct sample){
        .taken_usec = 100 * USEC_PER_SEC,
        .kernel = {6, 18},
        .listener = host->listener,
        .port = host->port,
        .shares = host->shares,
        .reserved_ports = host->reserved_ports,
    };
    return 0;
}

void host_release(struct host *host) {
    host->shares = share_tables_free(host->shares);
}

void host_forget(struct host *host) {
    host->history = (struct counter_history){0};
    memset(host->sample.source, 0, sizeof host->sample.source);
    memset(host->good_ticks, 0, sizeof host->good_ticks);
    host->sample.walked_usec = host->sample.half_open_usec = host->sample.destinations_usec = 0;
}

void host_reset_counters(struct host *host) {
    memset(host->total, 0, sizeof host->total);
}

void host_change_knob(struct host *host) {
    size_t i = random_next(&host->seed) % ARRAY_SIZE(knobs);

    host->knob[knobs[i].knob] =
        FIGURE_OF(random_once_in(&host->seed, 2) ? knobs[i].start
                                                 : random_in(&host->seed, knobs[i].low, knobs[i].high));
}

static void set_all(struct figure *figure, size_t count, struct figure value) {
    for (size_t i = 0; i < count; i++)
        figure[i] = value;
}

/* Twice as much by day as by night. */
static uint64_t busy_permyriad(const struct host *host) {
    uint64_t of_day = host->sample.taken_usec % DAY_USEC, half = DAY_USEC / 2;

    return 5000 + (of_day < half ? of_day : DAY_USEC - of_day) * 5000 / half;
}

/* What a busy host counts when nothing is wrong. */
static void count_traffic(struct host *host, uint64_t elapsed_usec) {
    struct sample *sample = &host->sample;
    uint64_t busy = busy_permyriad(host), noise = random_in(&host->seed, 90, 110);
    uint64_t opened = 400 * busy / 10000 * noise / 100 * elapsed_usec / USEC_PER_SEC;

    host->total[COUNTER_PASSIVE_OPENS] += opened;
    host->total[COUNTER_ACTIVE_OPENS] += opened / 8;
    host->total[COUNTER_TIME_WAIT_CREATED] += opened;
    host->total[COUNTER_RETRANS_SEGS] += opened / 50;
    sample->gauge[GAUGE_INUSE] = FIGURE_OF(4000 * busy / 10000);
    sample->gauge[GAUGE_INUSE6] = FIGURE_OF(200);
    sample->gauge[GAUGE_ORPHANS] = FIGURE_OF(50);
    sample->gauge[GAUGE_TIME_WAIT] = FIGURE_OF(20000 * busy / 10000);
    sample->gauge[GAUGE_MEMORY_PAGES] = FIGURE_OF(6000 * busy / 10000);
    sample->gauge[GAUGE_CONNTRACK] = FIGURE_OF(40000 * busy / 10000);
    sample->state[STATE_TIME_WAIT] = sample->gauge[GAUGE_TIME_WAIT];
    sample->state[STATE_ESTABLISHED] = FIGURE_OF(3500 * busy / 10000);
    for (size_t i = 0; i < LISTENERS; i++)
        host->listener[i].accept_queue = random_once_in(&host->seed, 8) ? 1 : 0;
    sample->listener_count = LISTENERS;
}

static void clear_walked(struct host *host, struct figure value) {
    for (int state = 0; state < STATE_COUNT; state++)
        if (state != STATE_TIME_WAIT && state != STATE_ESTABLISHED)
            host->sample.state[state] = value;
    host->sample.detail = (struct walk_detail){0};
    host->sample.syn_sent = (struct destination){0};
    memset(host->port, 0, sizeof host->port);
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        struct listener *listener = &host->listener[i];
        host->port[i].port = listener->local.port;
        listener->half_open = listener->half_open_fresh = listener->half_open_walked = 0;
        listener->half_open_old = listener->half_open_patient = 0;
    }
}

static void walk(struct host *host) {
    struct sample *sample = &host->sample;

    sample->walked = !host->blind[SOURCE_WALK];
    host->walk_failed = host->blind[SOURCE_WALK];
    clear_walked(host, sample->walked ? FIGURE_OF(0) : FIGURE_NONE);
    sample->port_count = sample->walked ? sample->listener_count : 0;
    if (!sample->walked)
        return;
    sample->state[STATE_SYN_SENT] = FIGURE_OF(random_next(&host->seed) % 20);
    sample->state[STATE_FIN_WAIT_2] = FIGURE_OF(random_next(&host->seed) % 400);
    sample->state[STATE_LAST_ACK] = FIGURE_OF(random_next(&host->seed) % 30);
    sample->walked_usec = sample->half_open_usec = sample->taken_usec;
    episodes_at_walk(host);
}

static bool walk_is_due(struct host *host, bool breached) {
    const struct sample *sample = &host->sample;
    uint64_t age = sample->taken_usec - sample->walked_usec;

    if (sample->walked_usec == 0 || age >= WALK_AGE_USEC || host->walk_failed)
        return true;
    if (host->profile == PROFILE_WILD)
        return random_once_in(&host->seed, 2);
    return breached || age >= CALM_WALK_USEC;
}

static void note_sources(struct host *host) {
    for (int i = 0; i < SOURCE_COUNT; i++) {
        char reason[SOURCE_REASON_SIZE] = "";
        if (host->blind[i])
            source_reason(reason, "%s: cannot be read", source_name((enum source)i));
        source_status_update(&host->sample.source[i], &host->good_ticks[i], host->blind[i] ? -EIO : 0,
                             reason);
    }
}

/* What cannot be read is unknown, and takes with it what rests on it. */
static void hide_unread(struct host *host) {
    struct sample *sample = &host->sample;

    sample->listeners_known = !host->blind[SOURCE_LISTENERS];
    if (!sample->listeners_known)
        sample->listener_count = 0;
    if (host->blind[SOURCE_SOCKSTAT]) {
        set_all(sample->gauge, GAUGE_CONNTRACK, FIGURE_NONE);
        sample->state[STATE_TIME_WAIT] = sample->state[STATE_ESTABLISHED] = FIGURE_NONE;
    }
    for (int i = 0; i < KNOB_COUNT; i++)
        sample->knob[i] = (struct knob_value){host->blind[SOURCE_SYSCTL] ? FIGURE_NONE : host->knob[i], true};
}

static void publish_counters(struct host *host) {
    struct sample *sample = &host->sample;
    bool unread = host->blind[SOURCE_SNMP] || host->blind[SOURCE_NETSTAT];

    for (int i = 0; i < COUNTER_COUNT; i++)
        sample->counter[i] = unread ? FIGURE_NONE : FIGURE_OF(host->total[i]);
    counter_history_add(&host->history, sample);
}

const struct sample *host_sample(struct host *host, uint64_t elapsed_usec, bool breached) {
    struct sample *sample = &host->sample;

    sample->taken_usec += elapsed_usec;
    sample->walked = false;
    memset(host->blind, 0, sizeof host->blind);
    sample->destination_count = 0;
    sample->destinations_usec = sample->taken_usec;
    episodes_move_on(host);
    count_traffic(host, elapsed_usec);
    episodes_at_tick(host, elapsed_usec);
    publish_counters(host);
    if (walk_is_due(host, breached))
        walk(host);
    note_sources(host);
    hide_unread(host);
    return sample;
}
