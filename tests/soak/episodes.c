/* SPDX-License-Identifier: MIT */
/* What goes wrong on the host, when and how badly. A level of 10000 is the shipped warning. */
#include <string.h>

#include "../unit/random_config.h"
#include "host.h"

#define MINUTE_USEC (60 * USEC_PER_SEC)
#define HOUR_USEC   (60 * MINUTE_USEC)
#define WEEK_USEC   (7 * 24 * HOUR_USEC)

#define TYPICAL_A_WEEK 4 /* episodes on the typical host, and about as many as do not reach a threshold */

struct kind {
    const char *name;
    void (*at_tick)(struct host *host, const struct episode *episode, uint64_t elapsed_usec);
    void (*at_walk)(struct host *host, const struct episode *episode);
    uint32_t weight; /* on the typical host, of all weights; 0: never */
    uint64_t minutes_min, minutes_max;
};

/* Its share of the count at which the condition is a warning. */
static uint64_t scaled(const struct episode *episode, uint64_t warning) {
    return warning * episode->level / 10000;
}

static void add(struct figure *figure, uint64_t count) {
    figure->value += count;
}

static void flood_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    uint64_t syns = scaled(episode, 1000) * elapsed_usec / USEC_PER_SEC;

    if (episode->level < 20000) /* below its limit the queue takes all of them */
        return;
    host->total[COUNTER_REQ_QUEUE_FULL_COOKIES] += syns;
    host->total[COUNTER_SYNCOOKIES_SENT] += syns;
    host->total[COUNTER_SYNCOOKIES_RECV] += syns / 100;
}

static void half_opens(struct host *host, const struct episode *episode, uint32_t fresh_percent) {
    struct listener *listener = &host->listener[episode->where % LISTENERS];
    uint64_t wanted = scaled(episode, listener->backlog / 2);
    uint32_t count = wanted > listener->backlog ? listener->backlog + 1 : (uint32_t)wanted;

    listener->half_open = listener->half_open_walked = count;
    listener->half_open_fresh = count * fresh_percent / 100;
    listener->half_open_old = (count - listener->half_open_fresh) / 3;
    listener->half_open_patient = listener->half_open_old / 2;
    host->port[episode->where % LISTENERS].state[STATE_SYN_RECV] = count;
    add(&host->sample.state[STATE_SYN_RECV], count);
}

static void flood_at_walk(struct host *host, const struct episode *episode) {
    half_opens(host, episode, 50);
}

static void burst_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    uint64_t syns = scaled(episode, 1000) * elapsed_usec / USEC_PER_SEC;

    host->total[COUNTER_PASSIVE_OPENS] += syns;
    if (episode->level < 20000)
        return;
    host->total[COUNTER_REQ_QUEUE_FULL_COOKIES] += syns / 4;
    host->total[COUNTER_SYNCOOKIES_SENT] += syns / 4;
    host->total[COUNTER_SYNCOOKIES_RECV] += syns / 5;
}

static void burst_at_walk(struct host *host, const struct episode *episode) {
    half_opens(host, episode, 98);
}

static void accept_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    struct listener *listener = &host->listener[episode->where % LISTENERS];
    uint64_t wanted = scaled(episode, (uint64_t)listener->backlog * 8 / 10);

    if (wanted > listener->backlog) {
        wanted = listener->backlog + 1U;
        uint64_t dropped = scaled(episode, 20) * elapsed_usec / USEC_PER_SEC;
        host->total[COUNTER_LISTEN_OVERFLOWS] += dropped;
        host->total[COUNTER_LISTEN_DROPS] += dropped;
    }
    listener->accept_queue = (uint32_t)wanted;
    listener->nearly_full_looks = wanted * 4 >= (uint64_t)listener->backlog * 3 ? 3 : 0;
}

static void leak_at_walk(struct host *host, const struct episode *episode) {
    struct port_figures *port = &host->port[episode->where % LISTENERS];
    uint32_t count = (uint32_t)scaled(episode, 100);

    port->state[STATE_CLOSE_WAIT] += count;
    port->detail.close_wait_old += count;
    host->sample.detail.close_wait_old += count;
    port->detail.close_wait_since_usec = host->sample.detail.close_wait_since_usec = episode->from_usec;
    add(&host->sample.state[STATE_CLOSE_WAIT], count);
}

static void syn_sent_at_walk(struct host *host, const struct episode *episode) {
    uint32_t count = (uint32_t)scaled(episode, 500);

    add(&host->sample.state[STATE_SYN_SENT], count);
    host->sample.detail.syn_sent_retransmitted += count;
}

static void fin_wait_1_at_walk(struct host *host, const struct episode *episode) {
    uint32_t count = (uint32_t)scaled(episode, 2000);

    add(&host->sample.state[STATE_FIN_WAIT_1], count);
    host->sample.detail.fin_wait_1_retransmitted += episode->where % 2 ? count : 0;
}

static void fin_wait_2_at_walk(struct host *host, const struct episode *episode) {
    uint32_t count = (uint32_t)scaled(episode, 5000);

    add(&host->sample.state[STATE_FIN_WAIT_2], count);
    host->sample.detail.fin_wait_2_minisocket += episode->where % 2 ? count : 0;
    host->sample.detail.fin_wait_2_orphan += episode->where % 2 ? count : 0;
    host->sample.detail.fin_wait_2_held += episode->where % 2 ? 0 : count;
}

static void last_ack_at_walk(struct host *host, const struct episode *episode) {
    uint32_t count = (uint32_t)scaled(episode, 1000);

    add(&host->sample.state[STATE_LAST_ACK], count);
    host->sample.detail.last_ack_retransmitted += count;
}

static void closing_at_walk(struct host *host, const struct episode *episode) {
    add(&host->sample.state[STATE_CLOSING], scaled(episode, 500));
}

static void time_wait_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    struct sample *sample = &host->sample;
    uint64_t most = figure_or(host->knob[KNOB_TCP_MAX_TW_BUCKETS], 65536);
    uint64_t count = sample->state[STATE_TIME_WAIT].value + scaled(episode, most * 8 / 10);

    if (count > most) {
        host->total[COUNTER_TIME_WAIT_OVERFLOW] += (count - most) / 60 * elapsed_usec / USEC_PER_SEC;
        count = most;
    }
    sample->state[STATE_TIME_WAIT] = sample->gauge[GAUGE_TIME_WAIT] = FIGURE_OF(count);
}

static void ports_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    struct sample *sample = &host->sample;
    struct destination *destination = &sample->destination[0];
    uint64_t most = host->knob[KNOB_PORT_RANGE_HIGH].value - host->knob[KNOB_PORT_RANGE_LOW].value + 1;
    uint64_t count = scaled(episode, most * 8 / 10);

    *destination = (struct destination){.ports_in_use = (uint32_t)(count < most ? count : most)};
    destination->local = host->listener[0].local;
    destination->local.port = 0;
    destination->remote = host->listener[0].local;
    destination->remote.address[3] = (uint8_t)(10 + episode->where);
    destination->remote.port = 5432;
    destination->time_wait = destination->ports_in_use / 4 * (episode->where % 4);
    sample->destination_count = 1;
    host->total[COUNTER_ACTIVE_OPENS] += count / 60 * elapsed_usec / USEC_PER_SEC;
}

static void orphans_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    (void)elapsed_usec;
    add(&host->sample.gauge[GAUGE_ORPHANS],
        scaled(episode, figure_or(host->knob[KNOB_TCP_MAX_ORPHANS], 0) / 2));
}

static void memory_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    (void)elapsed_usec;
    add(&host->sample.gauge[GAUGE_MEMORY_PAGES],
        scaled(episode, figure_or(host->knob[KNOB_TCP_MEM_MAX], 0) * 65 / 100));
}

static void conntrack_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    (void)elapsed_usec;
    add(&host->sample.gauge[GAUGE_CONNTRACK],
        scaled(episode, figure_or(host->knob[KNOB_CONNTRACK_MAX], 0) * 8 / 10));
}

static void established_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    (void)elapsed_usec;
    add(&host->sample.state[STATE_ESTABLISHED], scaled(episode, 100000));
}

static void blind_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    (void)elapsed_usec;
    if (episode->level >= 10000)
        host->blind[episode->where % SOURCE_COUNT] = true;
}

/* Each of them full: more than there is room to watch. */
static void crowd_at_tick(struct host *host, const struct episode *episode, uint64_t elapsed_usec) {
    (void)elapsed_usec;
    if (episode->level < 10000)
        return;
    for (size_t i = LISTENERS; i < LISTENERS_MAX; i++)
        host->listener[i].accept_queue = host->listener[i].backlog + 1;
    host->sample.listener_count = LISTENERS_MAX;
}

static const struct kind kinds[] = {
    {.name = "none"},
    {"flood", flood_at_tick, flood_at_walk, 10, 1, 20},
    {"burst", burst_at_tick, burst_at_walk, 20, 1, 3},
    {"slow accept", accept_at_tick, NULL, 20, 1, 10},
    {"leak", NULL, leak_at_walk, 10, 120, 2880},
    {"SYN-SENT", NULL, syn_sent_at_walk, 8, 2, 30},
    {"FIN-WAIT-1", NULL, fin_wait_1_at_walk, 2, 5, 30},
    {"FIN-WAIT-2", NULL, fin_wait_2_at_walk, 2, 5, 60},
    {"LAST-ACK", NULL, last_ack_at_walk, 2, 5, 30},
    {"CLOSING", NULL, closing_at_walk, 1, 5, 30},
    {"TIME-WAIT", time_wait_at_tick, NULL, 8, 5, 60},
    {"ports", ports_at_tick, NULL, 6, 5, 60},
    {"orphans", orphans_at_tick, NULL, 2, 5, 30},
    {"memory", memory_at_tick, NULL, 2, 5, 60},
    {"conntrack", conntrack_at_tick, NULL, 5, 5, 60},
    {"established", established_at_tick, NULL, 0, 5, 60},
    {"blind", blind_at_tick, NULL, 2, 1, 5},
    {"crowd", crowd_at_tick, NULL, 0, 1, 5},
};

#define CROWD (ARRAY_SIZE(kinds) - 1)

static size_t pick_kind(struct host *host) {
    uint64_t sum = 0, drawn;
    size_t kind = 0;

    if (host->profile == PROFILE_WILD) {
        kind = random_in(&host->seed, 1, CROWD);
        return kind == CROWD && !random_once_in(&host->seed, 4) ? 1 : kind;
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        sum += kinds[i].weight;
    drawn = random_next(&host->seed) % sum;
    while (drawn >= kinds[kind].weight)
        drawn -= kinds[kind++].weight;
    return kind;
}

/* On the typical host half of what happens is no trouble, and hardly anything lies at a threshold for long.
 */
static void start_episode(struct host *host, struct episode *episode) {
    bool wild = host->profile == PROFILE_WILD;
    size_t kind = pick_kind(host);
    uint64_t minutes = random_in(&host->seed, kinds[kind].minutes_min, kinds[kind].minutes_max);
    uint64_t now = host->sample.taken_usec;

    *episode = (struct episode){
        .kind = kind,
        .shape = (enum shape)(random_next(&host->seed) % (wild ? SHAPE_COUNT : SHAPE_FLAP)),
        .from_usec = now,
        .until_usec = now + (wild && minutes > 60 ? 60 : minutes) * MINUTE_USEC,
        .period_usec = random_in(&host->seed, 2, 240) * USEC_PER_SEC,
        .peak = (uint32_t)random_in(&host->seed, 3000, wild ? 60000 : 24000),
        .where = random_next(&host->seed) % 64,
    };
    if (kind == CROWD)
        episode->shape = SHAPE_PLATEAU;
}

static uint64_t until_next(struct host *host) {
    if (host->profile == PROFILE_WILD)
        return random_in(&host->seed, 1, 20) * MINUTE_USEC;
    return random_in(&host->seed, 1, 2 * WEEK_USEC / (2 * TYPICAL_A_WEEK));
}

static uint32_t level_now(struct host *host, const struct episode *episode) {
    uint64_t past = host->sample.taken_usec - episode->from_usec;
    uint32_t share = permyriad_of(past, episode->until_usec - episode->from_usec);

    switch (episode->shape) {
    case SHAPE_RAMP:
        return episode->peak * share / PERMYRIAD;
    case SHAPE_PEAK:
        return 2 * episode->peak * (share < PERMYRIAD / 2 ? share : PERMYRIAD - share) / PERMYRIAD;
    case SHAPE_FLAP:
        return past / episode->period_usec % 2 ? episode->peak : episode->peak * 7 / 10;
    case SHAPE_NOISE:
        return (uint32_t)(episode->peak * random_in(&host->seed, 50, 130) / 100);
    default:
        return episode->peak;
    }
}

void episodes_move_on(struct host *host) {
    bool due = host->sample.taken_usec >= host->next_episode_usec;

    for (size_t i = 0; i < EPISODES_MAX; i++) {
        struct episode *episode = &host->episode[i];
        if (episode->kind != 0 && host->sample.taken_usec >= episode->until_usec) {
            /* What leaks is ended by a restart of the service, as often as not. */
            host->listener[episode->where % LISTENERS].inode += random_next(&host->seed) % 2;
            episode->kind = 0;
        }
        if (episode->kind == 0 && due) {
            start_episode(host, episode);
            host->next_episode_usec = host->sample.taken_usec + until_next(host);
            due = false;
        }
        if (episode->kind != 0)
            episode->level = level_now(host, episode);
    }
}

void episodes_at_tick(struct host *host, uint64_t elapsed_usec) {
    for (size_t i = 0; i < EPISODES_MAX; i++)
        if (kinds[host->episode[i].kind].at_tick)
            kinds[host->episode[i].kind].at_tick(host, &host->episode[i], elapsed_usec);
}

void episodes_at_walk(struct host *host) {
    for (size_t i = 0; i < EPISODES_MAX; i++)
        if (kinds[host->episode[i].kind].at_walk)
            kinds[host->episode[i].kind].at_walk(host, &host->episode[i]);
}

bool episodes_crowd(const struct host *host, uint64_t *since_usec) {
    for (size_t i = 0; i < EPISODES_MAX; i++) {
        *since_usec = host->episode[i].from_usec;
        if (host->episode[i].kind == CROWD && host->episode[i].level >= 10000)
            return true;
    }
    return false;
}
