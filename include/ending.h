/* SPDX-License-Identifier: MIT */
/* What ended an incident, if it can be told. Pure; for the incident stage. */
#ifndef SYNWAITD_ENDING_H
#define SYNWAITD_ENDING_H

#include <stdint.h>

#include "outcome.h"

enum ending {
    ENDING_UNKNOWN,
    ENDING_SYSCTL,             /* a watched sysctl changed; see the alert's outcome */
    ENDING_LISTENER_GONE,      /* closed */
    ENDING_LISTENER_RESTARTED, /* another socket on the same address and port */
    ENDING_LIMIT_RAISED,
};

/** The listener that an incident is about, and what befell it or the limit. Zeroed: nothing is watched. */
struct ending_watch {
    struct endpoint listener; /* NONE: the incident is about none */
    uint64_t inode;           /* of its socket; 0 = not known, or one of several on this port */
    uint64_t backlog;         /* 0 = not known */
    enum ending seen;         /* the last thing that happened */
    uint64_t seen_usec;       /* CLOCK_MONOTONIC */
    bool gone;
};

/** Begins when an incident is raised: finds the listener of a handshake or CLOSE-WAIT problem. */
void ending_begin(struct ending_watch *watch, const struct finding *finding, const struct sample *sample);

/** Looks at the listener again; what cannot be read tells nothing. */
void ending_follow(struct ending_watch *watch, const struct sample *sample);

/** Notes the growth of a limit that is no listener's. */
void ending_follow_limit(struct ending_watch *watch, const struct breach *before, const struct breach *lead,
                         uint64_t now_usec);

/**
 * What ended the incident, by what happened within the last two minutes. A listener's end or restart is the
 * incident's own; a sysctl counts before the limit that it raises.
 */
enum ending ending_of(const struct ending_watch *watch, const struct outcome_watch *changes,
                      uint64_t now_usec);

/** @return "sysctl", "listener-gone", "listener-restarted" or "limit-raised"; "" for ENDING_UNKNOWN. */
const char *ending_name(enum ending ending);

#endif
