/* SPDX-License-Identifier: MIT */
/* Why a problem happens, and what to do about each cause. */
#ifndef SYNWAITD_CAUSE_H
#define SYNWAITD_CAUSE_H

#include "problem.h"
#include "sample.h"

enum cause {
    CAUSE_NONE,
    CAUSE_SPOOFED_FLOOD,        /* half-opens that never answer, from everywhere */
    CAUSE_ONE_SOURCE_FLOOD,     /* half-opens that never answer, nearly all from one address */
    CAUSE_SPOOFED_ALIVE_FLOOD,  /* the forged sources exist and reset */
    CAUSE_BURST,                /* real clients, more at once than the SYN queue holds */
    CAUSE_SLOW_ACCEPT,          /* the application does not call accept() fast enough */
    CAUSE_SLOW_ACCEPT_OR_FLOOD, /* accept queue full: what fills it cannot be told */
    CAUSE_ACCEPT_BURST,         /* the application keeps up, but not with the peaks */
    CAUSE_LOSSY_RETURN_PATH,    /* SYN-ACKs do not reach real clients */
    CAUSE_DEFER_ACCEPT,         /* TCP_DEFER_ACCEPT keeps silent clients half-open */
    CAUSE_HALF_OPEN_UNCLEAR,
    CAUSE_FD_HELD,      /* CLOSE-WAIT: the application holds the descriptor and does not close() */
    CAUSE_NOT_ACCEPTED, /* CLOSE-WAIT: peers gave up in the accept queue */
    CAUSE_TIME_WAIT_INBOUND,
    CAUSE_TIME_WAIT_OUTBOUND,
    CAUSE_TIME_WAIT_UNCLEAR,
    CAUSE_TW_BUCKETS_FULL,
    CAUSE_PORTS_TIME_WAIT,   /* ports held by TIME-WAIT: short outgoing connections */
    CAUSE_PORTS_LIVE,        /* ports held by live connections */
    CAUSE_PORTS_CLOSE_WAIT,  /* ports held by the application's own leak */
    CAUSE_PORTS_BOUND_FIRST, /* bind() before connect() without IP_BIND_ADDRESS_NO_PORT */
    CAUSE_PEER_NOT_ANSWERING,
    CAUSE_PEER_REFUSES,      /* a reset comes back */
    CAUSE_SIMULTANEOUS_OPEN, /* both sides called connect(), and the answers are lost */
    CAUSE_ZERO_WINDOW,
    CAUSE_SLOW_READERS, /* FIN-WAIT-1: the peers still fetch the last data */
    CAUSE_PEER_GONE,
    CAUSE_FIN_WAIT_2_ORPHANED,
    CAUSE_FIN_WAIT_2_HALF_CLOSED,
    CAUSE_FINAL_ACK_LOST,
    CAUSE_SIMULTANEOUS_CLOSE,
    CAUSE_MANY_ESTABLISHED,
    CAUSE_IDLE_WITHOUT_KEEPALIVE,
    CAUSE_ESTABLISHED_UNANSWERED, /* data is sent again and again: the peers are gone */
    CAUSE_ORPHANS,
    CAUSE_TCP_MEMORY,
    CAUSE_CONNTRACK_TABLE,
    CAUSE_UNSAFE_SYSCTL,
    CAUSE_CANNOT_SAMPLE,
    CAUSE_COUNT,
};

/* In cause_info.remedy, whole: the sysctls that help; within a text: the backlog to ask for, where known. */
#define SYSCTL_MARK  "@sysctl"
#define BACKLOG_MARK "@backlog"

struct cause_info {
    enum problem problem;
    const char *brief;                /* fits after a colon in MESSAGE: "forged sources that never answer" */
    const char *sentence;             /* SYNWAITD_CAUSE */
    const char *remedy[REMEDIES_MAX]; /* in order, with the marks above */
};

/** @return the texts of @p cause; never NULL for a valid one. */
const struct cause_info *cause_info(enum cause cause);

#endif
