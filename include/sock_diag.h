/* SPDX-License-Identifier: MIT */
/* TCP sockets of this network namespace through NETLINK_SOCK_DIAG. */
#ifndef SYNWAITD_SOCK_DIAG_H
#define SYNWAITD_SOCK_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "port_slices.h"
#include "tcp_state.h"

/** A 32 KiB buffer: the kernel caps a dump's skb there; a larger one does nothing (af_netlink.c
 * netlink_dump). */
#define SOCK_DIAG_BUFFER_BYTES 32768

/** One socket as the kernel told it, made plain. */
struct diag_socket {
    enum tcp_state state;          /* FIN-WAIT-2 minisockets say FIN-WAIT-2; request sockets SYN-RECV */
    struct endpoint local, remote; /* IPv4-mapped is IPv4 */
    bool minisocket;               /* FIN-WAIT-2 or TIME-WAIT in the TIME-WAIT table (idiag_timer 3) */
    bool request;                  /* half-open request socket */
    uint8_t timer; /* 0 none, 1 retransmit, 2 keepalive/FIN-WAIT-2, 3 TIME-WAIT, 4 zero window */
    uint8_t retransmits;
    uint32_t expires_msec;
    uint32_t receive_queue; /* LISTEN: waiting for accept(); else unread bytes */
    uint32_t send_queue;    /* LISTEN: backlog in force; else unacknowledged bytes */
    uint32_t uid;
    uint64_t cgroup; /* id of the cgroup it was made in; 0: not told (minisockets, half-opens, before 5.8) */
    uint64_t inode;  /* 0: no process holds it */
    uint64_t cookie; /* the kernel's id of the socket, for as long as it lives */
    /* Since data or an acknowledgement came last; UINT32_MAX: not asked for, or not told. */
    uint32_t silent_msec;
};

typedef void (*diag_callback)(const struct diag_socket *socket, void *context);

/** Local ports, both included; 0 to 0: every port. */
struct port_range {
    uint32_t low, high;
};

/** What a dump is to tell. The kernel passes over the others: they cost the walk past them alone. */
struct diag_request {
    uint32_t state_mask;       /* bits 1 << enum tcp_state */
    bool with_info;            /* silent_msec as well, which makes the answer three times as long */
    uint32_t most;             /* sockets to call back for; 0: all */
    struct port_slices slices; /* only sockets with the local or the remote port in these */
    struct port_range local;   /* only sockets with the local port in these; not together with slices */
    uint16_t either_port; /* only sockets with this local or remote port; 0: every; without the two above */
};

struct sock_diag;

/**
 * Opens a NETLINK_SOCK_DIAG socket, kept until sock_diag_close(), in the caller's network namespace, and asks
 * once whether the legacy request (TCPDIAG_GETSOCK: one pass, both families) is answered.
 * @return the handle, or NULL with errno
 */
struct sock_diag *sock_diag_open(void);
/** Takes over @p fd, an open and bound SOCK_DIAG socket; what is answered is found out at the first dump. */
struct sock_diag *sock_diag_attach(int fd);

struct sock_diag *sock_diag_close(struct sock_diag *diag);

/** @return whether dumps are one pass for both families; otherwise one per family. */
bool sock_diag_one_pass(const struct sock_diag *diag);

/**
 * Dumps the sockets that @p request asks for and calls back for each.
 * An interrupted or lost dump is started again up to three times; @p restart, if not NULL, is called first
 * each time so that the caller forgets what it has counted.
 * @return 0: these were all; 1: there are more than request->most, and the next dump would have to read
 * them first (see sock_diag_dump_apart()); -errno from the kernel or the socket; -EAGAIN after three
 * interrupted dumps; -EBADMSG for a malformed answer
 */
int sock_diag_dump(struct sock_diag *diag, const struct diag_request *request, diag_callback callback,
                   void (*restart)(void *context), void *context);

/**
 * The same on a socket of its own, which is closed at the end: that ends the dump in the kernel, too. So the
 * next dump has nothing to read when there were more than request->most.
 */
int sock_diag_dump_apart(struct sock_diag *diag, const struct diag_request *request, diag_callback callback,
                         void (*restart)(void *context), void *context);

/**
 * Parses one datagram of a dump's answer.
 * @param bytes, length the datagram, aligned for its headers; @param sequence the request's nlmsg_seq
 * @return 1: more to come; 0: done; -EINTR: the kernel says the dump was interrupted; -EBADMSG: truncated,
 * foreign or malformed; another -errno: the kernel's error message
 */
int sock_diag_parse(const void *bytes, size_t length, uint32_t sequence, diag_callback callback,
                    void *context);

#endif
