/* SPDX-License-Identifier: MIT */
#include "silent.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "address.h"
#include "repair.h"
#include "util.h"
#include "wire.h"

enum { ORPHAN_BYTES = 1000 };

/* @return a socket that leaves its port to connect(), or -errno. */
static int open_socket(const struct silent *silent) {
    int on = 1;
    int fd = socket(silent->peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd < 0 ? -errno : fd;
}

static int peer_says(int wire, const struct silent *silent, int fd, uint8_t flags) {
    struct segment segment = {.from = silent->peer,
                              .sequence = PEER_SEQUENCE,
                              .acknowledgment = flags & TH_ACK ? OUR_SEQUENCE : 0,
                              .flags = flags};
    socklen_t size = sizeof segment.to;

    if (getsockname(fd, (struct sockaddr *)&segment.to, &size) < 0)
        return -errno;
    return wire_send(wire, &segment);
}

static int start_connect(int fd, const struct silent *silent) {
    const struct sockaddr_storage *source = &silent->source, *peer = &silent->peer;

    if (source->ss_family != AF_UNSPEC &&
        bind(fd, (const struct sockaddr *)source, address_length(source)) < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)peer, address_length(peer)) < 0 && errno != EINPROGRESS)
        return -errno;
    return 0;
}

static int make_simultaneous(int wire, const struct silent *silent) {
    int fd = open_socket(silent);
    int error = fd < 0 ? fd : start_connect(fd, silent);

    return error < 0 ? error : peer_says(wire, silent, fd, TH_SYN);
}

/* The peer's ACK opens the window; without it the data would wait for a window, not for an acknowledgment. */
static int make_orphan(int wire, const struct silent *silent) {
    static const char data[ORPHAN_BYTES];
    CLEANUP_FD int fd = open_socket(silent);
    int error = fd < 0 ? fd : repair_connect(fd, &silent->source, &silent->peer);

    if (error == 0)
        error = peer_says(wire, silent, fd, TH_ACK);
    if (error == 0 && send(fd, data, sizeof data, MSG_NOSIGNAL) < 0)
        error = -errno;
    return error;
}

static int make_all(const struct silent *silent, int (*make)(int wire, const struct silent *silent)) {
    CLEANUP_FD int wire = wire_open(silent->peer.ss_family);
    int error = wire < 0 ? wire : 0;

    for (uint64_t n = 0; error == 0 && n < silent->count; n++)
        error = make(wire, silent);
    return error;
}

int silent_simultaneous(const struct silent *silent) {
    return make_all(silent, make_simultaneous);
}

int silent_orphans(const struct silent *silent) {
    return make_all(silent, make_orphan);
}
