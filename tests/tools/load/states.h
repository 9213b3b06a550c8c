/* SPDX-License-Identifier: MIT */
/*
 * A known number of sockets in each of the eleven TCP states, in this network namespace, with a peer that is
 * not there: tests/tools/silent-link has set up the namespace. Segments of the peer are hand-made,
 * connections begin in TCP_REPAIR mode, so nothing waits for anything. Needs CAP_NET_ADMIN and CAP_NET_RAW.
 */
#ifndef LOAD_STATES_H
#define LOAD_STATES_H

#include <stddef.h>
#include <stdint.h>

#define STATES_FDS_MAX 128

enum states_kind { STATES_IPV4, STATES_IPV6, STATES_MAPPED, STATES_KINDS };

struct states;

/** One way into a state. */
struct states_row {
    const char *name; /* "FIN-WAIT-2 minisocket" */
    int state;        /* TCP_* of netinet/tcp.h */
    unsigned int count;
    int (*make)(struct states *states); /* makes one; 0 or -errno */
};

/** The sockets of one kind. */
struct states {
    enum states_kind kind;
    int wire;               /* raw socket */
    int fd[STATES_FDS_MAX]; /* to be closed at the end */
    size_t fd_count;
    uint16_t next_port;      /* local port of the next crafted connection */
    uint16_t next_peer_port; /* peer's port of the next half-open */
    uint16_t listen_port;    /* of the first listener; the half-opens are at this one */
};

/** @return the rows, in the order they are made. */
const struct states_row *states_table(size_t *count);

/** @return how many sockets of @p state one kind has in all. */
unsigned int states_count(int state);

/** @return the count of the row called @p name; 0 without such a row. */
unsigned int states_count_of(const char *name);

/** @return the port where @p kind's half-opens are. */
uint16_t states_listen_port(enum states_kind kind);

/** Makes all rows for @p kind. @return 0 or -errno; on error what was made is released. */
int states_make(struct states *states, enum states_kind kind);

void states_release(struct states *states);

#endif
