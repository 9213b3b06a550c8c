/* SPDX-License-Identifier: MIT */
/* A server that treats its connections well or badly, as told. */
#ifndef LOAD_SERVE_H
#define LOAD_SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define SERVE_GROUP_MAX 64

struct serving {
    struct sockaddr_storage address; /* an IPv6 wildcard takes IPv4 too */
    int backlog;
    unsigned int group;        /* sockets that share the port (SO_REUSEPORT), 1 to SERVE_GROUP_MAX */
    unsigned int defer_sec;    /* TCP_DEFER_ACCEPT; 0 = off */
    bool keepalive;            /* SO_KEEPALIVE on what is accepted */
    bool accept_none;          /* never calls accept() */
    uint64_t accept_rate;      /* accepts per second, at most; 0 = all at once */
    uint64_t send_bytes;       /* writes that many after accept() and closes without waiting; 0 = does not */
    bool close_first;          /* closes right after accept() */
    bool half_close;           /* shuts its own direction down right after accept() */
    bool leak;                 /* never closes */
    uint64_t close_after_msec; /* how long it does not notice that the peer has closed */
    unsigned int seconds;
    void (*started)(void); /* called once it listens; may be NULL */
};

/** Serves until standard input ends or the seconds have passed. @return 0 or -errno. */
int serve(const struct serving *serving);

#endif
