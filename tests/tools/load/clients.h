/* SPDX-License-Identifier: MIT */
/* Ordinary clients of the kernel, many at a time. */
#ifndef LOAD_CLIENTS_H
#define LOAD_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct clients {
    struct sockaddr_storage destination; /* the first */
    uint32_t destinations, ports;        /* addresses and ports counted up from there; at least 1 */
    struct sockaddr_storage source_base; /* family AF_UNSPEC: the kernel chooses */
    uint32_t sources;                    /* addresses counted up from source_base; at least 1 */
    bool bind_first;                     /* bind() to port 0, so that it takes the port, not connect() */
    bool no_port;                        /* IP_BIND_ADDRESS_NO_PORT before that bind() */
    bool keepalive, read;                /* SO_KEEPALIVE; reads what comes */
    uint64_t count;                      /* connections in all; 0 = until the end */
    uint64_t rate;                       /* connections per second; 0 = at once */
    uint64_t send_bytes;                 /* sent once connected */
    uint64_t lifetime_msec;              /* closed so long after being connected; 0 = kept */
    unsigned int seconds;
    void (*started)(void); /* called when the last has been started, at once with count 0; may be NULL */
};

struct clients_result {
    uint64_t connected, refused, failed, timeout;
    uint64_t exhausted; /* no port left: EADDRNOTAVAIL or EADDRINUSE */
};

/**
 * Makes them until standard input ends or the seconds have passed. A connection that fails is counted; one
 * that the peer resets is closed; one that the peer closes is closed if it is read and has a lifetime.
 * @return 0 or -errno.
 */
int clients_run(const struct clients *clients, struct clients_result *result);

#endif
