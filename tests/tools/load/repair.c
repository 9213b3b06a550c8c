/* SPDX-License-Identifier: MIT */
#include "repair.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "address.h"

/* Of <linux/tcp.h>, which cannot stand beside <netinet/tcp.h>. */
enum { REPAIR_ON = 1, REPAIR_OFF_NO_PROBE = -1 };

static int set(int fd, int option, int value) {
    return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value) < 0 ? -errno : 0;
}

/* connect() in repair mode sends nothing and is ESTABLISHED at once (tcp_output.c tcp_connect). */
int repair_connect(int fd, const struct sockaddr_storage *ours, const struct sockaddr_storage *peer) {
    int error = set(fd, TCP_REPAIR, REPAIR_ON);

    if (error == 0)
        error = set(fd, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
    if (error == 0)
        error = set(fd, TCP_QUEUE_SEQ, OUR_SEQUENCE);
    if (error == 0)
        error = set(fd, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
    if (error == 0)
        error = set(fd, TCP_QUEUE_SEQ, PEER_SEQUENCE);
    if (error == 0 && ours->ss_family != AF_UNSPEC &&
        bind(fd, (const struct sockaddr *)ours, address_length(ours)) < 0)
        error = -errno;
    if (error == 0 && connect(fd, (const struct sockaddr *)peer, address_length(peer)) < 0)
        error = -errno;
    return error < 0 ? error : set(fd, TCP_REPAIR, REPAIR_OFF_NO_PROBE);
}
