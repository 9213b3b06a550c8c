/* SPDX-License-Identifier: MIT */
/* The TCP states and the transitions between them, as RFC 9293 has them and as Linux does them. */
#ifndef SYNWAITD_STATE_TABLE_H
#define SYNWAITD_STATE_TABLE_H

#include <stddef.h>

#include "cause.h"
#include "problem.h"
#include "tcp_state.h"

#define STATE_PROBLEMS_MAX 5

/** A problem that sockets in a state tell of; its texts are the problem's and the causes'. */
struct state_problem {
    enum problem problem;
    enum cause only; /* of its causes this one alone concerns the state; CAUSE_NONE: all do */
};

struct state_info {
    const char *meaning;
    const char *who;                                  /* which side is in it */
    const char *waits;                                /* for what; "nothing" */
    const char *timer;                                /* what bounds it */
    const char *harmless;                             /* why no pile-up is a problem; NULL where one is */
    struct state_problem problem[STATE_PROBLEMS_MAX]; /* the first problem_count */
    size_t problem_count;
};

enum edge_kind {
    EDGE_BOTH,  /* in RFC 9293 section 3.3.2 or 3.10, and on Linux */
    EDGE_RFC,   /* not on Linux */
    EDGE_LINUX, /* not in the RFC */
};

/** One transition. */
struct state_edge {
    enum tcp_state from, to;
    enum edge_kind kind;
    const char *label; /* of the arrow in the diagram; NULL: the legend has it */
    const char *event; /* what happens, and what is sent */
};

/** @return the texts of @p state; never NULL for one of the eleven. */
const struct state_info *state_info(enum tcp_state state);

/** @return the transitions; @p count receives how many. */
const struct state_edge *state_edges(size_t *count);

/** @return "" or " (not on Linux)" and the like, to stand after the event. */
const char *edge_remark(enum edge_kind kind);

#endif
