/* SPDX-License-Identifier: MIT */
/* A host that is not there: what its kernel would tell at each tick, from a seed. */
#ifndef SOAK_HOST_H
#define SOAK_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "counter_history.h"
#include "sample.h"
#include "share_tables.h"

#define LISTENERS     8
#define LISTENERS_MAX 208 /* while a crowd of short-lived ones is there: more than there are tracks */
#define EPISODES_MAX  12
#define FIRST_PORT    8000

enum profile {
    PROFILE_WILD,    /* something goes wrong all the time, everything may at once */
    PROFILE_TYPICAL, /* a busy host with a few episodes a week */
    PROFILE_COUNT,
};

/** How the strength of an episode goes over its time. */
enum shape { SHAPE_PLATEAU, SHAPE_RAMP, SHAPE_PEAK, SHAPE_FLAP, SHAPE_NOISE, SHAPE_COUNT };

/** Something that goes wrong for a while. */
struct episode {
    size_t kind; /* which row of the table of kinds; 0 = none */
    enum shape shape;
    uint64_t from_usec, until_usec;
    uint64_t period_usec; /* SHAPE_FLAP */
    uint32_t peak;        /* permyriad of the condition's default warning */
    size_t where;         /* which listener, source or destination */
    uint32_t level;       /* now, as peak */
};

struct host {
    enum profile profile;
    uint64_t seed;
    struct sample sample;
    struct counter_history history;
    uint64_t total[COUNTER_COUNT];
    uint32_t good_ticks[SOURCE_COUNT];
    bool blind[SOURCE_COUNT]; /* cannot be read at this tick */
    struct figure knob[KNOB_COUNT];
    struct listener listener[LISTENERS_MAX];
    struct port_figures port[LISTENERS_MAX];
    uint64_t reserved_ports[65536 / 64];
    struct share_tables *shares;
    struct episode episode[EPISODES_MAX];
    uint64_t next_episode_usec;
    bool walk_failed;
};

/** @return 0 or -ENOMEM */
int host_init(struct host *host, enum profile profile, uint64_t seed);
void host_release(struct host *host);

/** Lets @p elapsed_usec pass and samples. @param breached the daemon watches closely: it walks at once */
const struct sample *host_sample(struct host *host, uint64_t elapsed_usec, bool breached);

/** What the daemon knows of the past is gone: the first sample after its start. */
void host_forget(struct host *host);

/** The kernel's counters start again at 0. */
void host_reset_counters(struct host *host);

/** An admin, or a program, sets one sysctl to something. */
void host_change_knob(struct host *host);

/** Starts what is due now and ends what is over, and works out how strong each is. (episodes.c) */
void episodes_move_on(struct host *host);

/** Adds what the episodes do to what is counted at each tick, and to what a walk counts. (episodes.c) */
void episodes_at_tick(struct host *host, uint64_t elapsed_usec);
void episodes_at_walk(struct host *host);

/** @return whether more listeners are full than can be watched, for @p since_usec already. (episodes.c) */
bool episodes_crowd(const struct host *host, uint64_t *since_usec);

#endif
