/* SPDX-License-Identifier: MIT */
/* Connections that begin ESTABLISHED, without a handshake and without a peer. Needs CAP_NET_ADMIN. */
#ifndef LOAD_REPAIR_H
#define LOAD_REPAIR_H

#include <sys/socket.h>

/** Where both directions of such a connection begin. */
enum { OUR_SEQUENCE = 1000000, PEER_SEQUENCE = 2000000 };

/**
 * Connects @p fd in TCP_REPAIR mode. The peer has told no window yet.
 * @param ours the local address; family AF_UNSPEC: the kernel chooses
 * @return 0 or -errno
 */
int repair_connect(int fd, const struct sockaddr_storage *ours, const struct sockaddr_storage *peer);

#endif
