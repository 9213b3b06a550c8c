/* SPDX-License-Identifier: MIT */
/* Hand-made TCP segments through a raw socket: the side of a peer that does not exist. Needs CAP_NET_RAW. */
#ifndef LOAD_WIRE_H
#define LOAD_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define WIRE_PACKET_BYTES 60 /* IPv6 header 40, TCP header 20 */

/** A segment without data or options; both addresses of one family. */
struct segment {
    struct sockaddr_storage from, to;
    uint32_t sequence, acknowledgment;
    uint8_t flags; /* TH_* of netinet/tcp.h */
};

/** Opens a raw socket whose packets carry their own IP header. @return the descriptor or -errno. */
int wire_open(int family);

/** Writes IP and TCP header. @return bytes written. */
size_t wire_build(const struct segment *segment, unsigned char packet[WIRE_PACKET_BYTES]);

/** Sends one segment. @return 0 or -errno. */
int wire_send(int fd, const struct segment *segment);

/** @return where a raw socket sends a packet for @p to: the same address without port. */
struct sockaddr_storage wire_target(const struct sockaddr_storage *to);

#endif
