/* SPDX-License-Identifier: MIT */
/* SYNs with forged sources at a steady rate. */
#ifndef LOAD_FLOOD_H
#define LOAD_FLOOD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct flood {
    struct sockaddr_storage source_base; /* the first source address */
    struct sockaddr_storage destination;
    uint32_t sources;      /* addresses counted up from source_base */
    bool subnets;          /* each IPv6 source is in a /64 of its own */
    uint64_t rate;         /* SYNs per second; 0 = as fast as possible */
    uint64_t count;        /* SYNs in all */
    void (*started)(void); /* called once the first are sent; may be NULL */
};

/** Sends them. @param sent receives how many went out @return 0 or -errno. */
int flood_send(const struct flood *flood, uint64_t *sent);

#endif
