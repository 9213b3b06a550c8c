/* SPDX-License-Identifier: MIT */
/*
 * Many connections to a peer that is not there: tests/tools/silent-link has set up the namespace. What the
 * peer says is hand-made. Needs CAP_NET_ADMIN and CAP_NET_RAW.
 */
#ifndef LOAD_SILENT_H
#define LOAD_SILENT_H

#include <stdint.h>
#include <sys/socket.h>

struct silent {
    struct sockaddr_storage peer;
    struct sockaddr_storage source; /* family AF_UNSPEC: the kernel chooses; its port is always chosen */
    uint64_t count;
};

/**
 * Connections on which both ends have sent a SYN (RFC 9293 section 3.5, figure 7): full sockets in SYN-RECV,
 * open until the process ends. @return 0 or -errno.
 */
int silent_simultaneous(const struct silent *silent);

/** Closed connections with data that the peer never acknowledges: orphans in FIN-WAIT-1. @return 0 or -errno.
 */
int silent_orphans(const struct silent *silent);

#endif
