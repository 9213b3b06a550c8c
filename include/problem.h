/* SPDX-License-Identifier: MIT */
/* The problems and their causes as data: every text that an admin reads about them comes from here. */
#ifndef SYNWAITD_PROBLEM_H
#define SYNWAITD_PROBLEM_H

#include <stddef.h>
#include <stdint.h>

#include "condition.h"

#define REMEDIES_MAX       6
#define WRONG_REMEDIES_MAX 8

enum problem {
    PROBLEM_SYN_FLOOD,
    PROBLEM_SYN_BACKLOG_SMALL,
    PROBLEM_ACCEPT_QUEUE_FULL,
    PROBLEM_HANDSHAKE_LOSS,
    PROBLEM_CLOSE_WAIT_LEAK,
    PROBLEM_PORT_EXHAUSTION,
    PROBLEM_TIME_WAIT_OVERFLOW,
    PROBLEM_TIME_WAIT_PILEUP,
    PROBLEM_SYN_SENT_STALL,
    PROBLEM_FIN_WAIT_1_STALL,
    PROBLEM_FIN_WAIT_2_PILEUP,
    PROBLEM_LAST_ACK_STALL,
    PROBLEM_CLOSING_STALL,
    PROBLEM_ESTABLISHED_PILEUP,
    PROBLEM_ORPHAN_PRESSURE,
    PROBLEM_TCP_MEMORY_PRESSURE,
    PROBLEM_CONNTRACK_FULL,
    PROBLEM_UNSAFE_SYSCTL,
    PROBLEM_SAMPLING_DEGRADED,
    PROBLEM_COUNT,
};

/** A remedy that circulates and is wrong here, and why. */
struct wrong_remedy {
    const char *remedy;
    const char *why;
};

struct problem_info {
    const char *slug;       /* "syn-flood" */
    const char *message_id; /* 32 hex digits, from messages.h */
    const char *title;      /* "SYN flood", for headings and the catalog's Subject */
    const char *meaning;    /* what it is and what it does to the host; a paragraph */
    const char *evidence;   /* what the diagnosis rests on */
    uint32_t conditions;    /* that can raise it, CONDITION_BIT() of each; 0: no threshold */
    struct wrong_remedy wrong[WRONG_REMEDIES_MAX]; /* ends with an empty one */
};

/** @return the problem called @p slug, or -1. */
int problem_from_slug(const char *slug);

/** @return the texts of @p problem; never NULL for a valid one. */
const struct problem_info *problem_info(enum problem problem);

#endif
