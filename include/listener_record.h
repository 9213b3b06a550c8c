/* SPDX-License-Identifier: MIT */
/* What the BPF iterator tells of one listening socket: between the kernel's side and the daemon. */
#ifndef SYNWAITD_LISTENER_RECORD_H
#define SYNWAITD_LISTENER_RECORD_H

#include <linux/types.h>

/** One record for each listening TCP socket of the reader's network namespace. */
struct listener_record {
    __u64 inode;
    __u64 cgroup;          /* id of the cgroup it was made in; 0: not known */
    __u8 address[16];      /* network order; IPv4 in the first 4 bytes */
    __u32 ifindex;         /* bound device, 0 = any */
    __u32 uid;             /* of its owner, in the reader's user namespace */
    __u32 half_open;       /* request sockets: what the kernel compares with the SYN queue's limit */
    __u32 half_open_young; /* of these, the SYN-ACK timer has not run out yet */
    __u32 accept_queue;    /* waiting for accept() */
    __u32 backlog;         /* in force: min(listen() argument, somaxconn) */
    __u16 family;          /* AF_INET or AF_INET6 */
    __u16 port;            /* host order */
    __u32 reserved;
};

#endif
