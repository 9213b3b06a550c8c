/* SPDX-License-Identifier: MIT */
/*
 * A BPF iterator over TCP sockets that stops at the first one that does not listen. The kernel walks the
 * listeners before all others (net/ipv4/tcp_ipv4.c tcp_get_idx), so its cost depends on them alone, however
 * many connections there are. It is the only source of the exact length of a SYN queue.
 *
 * The types hold the few fields that are read; libbpf finds their place in the running kernel by its BTF.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "listener_record.h"

#define KERNEL_TYPE __attribute__((preserve_access_index))

#define TCP_LISTEN 10 /* include/net/tcp_states.h */
#define AF_INET    2

/* Return values of an iterator's program (kernel/bpf/bpf_iter.c bpf_iter_run_prog). */
#define NEXT 0
#define STOP 1 /* "retry": the read ends with what it has, and the next one with EAGAIN */

struct in6_addr {
    __u8 bytes[16];
};

typedef struct {
    int counter;
} atomic_t;

struct sock_common {
    __u32 skc_rcv_saddr;
    __u16 skc_num;
    unsigned short skc_family;
    unsigned char skc_state;
    int skc_bound_dev_if;
    struct in6_addr skc_v6_rcv_saddr;
} KERNEL_TYPE;

struct kernfs_node {
    __u64 id;
} KERNEL_TYPE;

struct cgroup {
    struct kernfs_node *kn;
} KERNEL_TYPE;

struct sock_cgroup_data {
    struct cgroup *cgroup; /* from Linux 5.15; before, a number with flags in it, which is not read */
} KERNEL_TYPE;

struct inode {
    unsigned long i_ino;
} KERNEL_TYPE;

struct socket {
    short type;
} KERNEL_TYPE;

struct socket_alloc {
    struct socket socket;
    struct inode vfs_inode;
} KERNEL_TYPE;

struct sock {
    struct sock_common __sk_common;
    __u32 sk_ack_backlog;
    __u32 sk_max_ack_backlog;
    struct socket *sk_socket;
    struct sock_cgroup_data sk_cgrp_data;
} KERNEL_TYPE;

struct inet_sock {
    struct sock sk;
} KERNEL_TYPE;

struct request_sock_queue {
    atomic_t qlen;
    atomic_t young;
} KERNEL_TYPE;

struct inet_connection_sock {
    struct inet_sock icsk_inet;
    struct request_sock_queue icsk_accept_queue;
} KERNEL_TYPE;

struct tcp_sock {
    struct inet_connection_sock inet_conn;
} KERNEL_TYPE;

struct seq_file;

struct bpf_iter_meta {
    struct seq_file *seq;
} KERNEL_TYPE;

struct bpf_iter__tcp {
    struct bpf_iter_meta *meta;
    struct sock_common *sk_common;
    __u32 uid;
} KERNEL_TYPE;

/* As sock_i_ino() does: a socket and its inode are one allocation (include/net/sock.h SOCK_INODE). */
static __u64 inode_of(struct sock *sock) {
    struct socket_alloc *allocation = (struct socket_alloc *)sock->sk_socket;

    return allocation ? BPF_CORE_READ(allocation, vfs_inode.i_ino) : 0;
}

static __u64 cgroup_of(struct sock *sock) {
    if (!bpf_core_field_exists(sock->sk_cgrp_data.cgroup))
        return 0;
    return BPF_CORE_READ(sock, sk_cgrp_data.cgroup, kn, id);
}

SEC("iter/tcp")
int listener_queues(struct bpf_iter__tcp *context) {
    struct sock_common *common = context->sk_common;
    struct listener_record record = {0};

    if (!common) /* after the last socket */
        return NEXT;
    if (common->skc_state != TCP_LISTEN)
        return STOP;
    struct tcp_sock *tcp = bpf_skc_to_tcp_sock(common);
    if (!tcp)
        return NEXT;
    struct inet_connection_sock *connection = &tcp->inet_conn;
    struct sock *sock = &connection->icsk_inet.sk;
    record.inode = inode_of(sock);
    record.cgroup = cgroup_of(sock);
    record.family = common->skc_family;
    if (record.family == AF_INET)
        *(__u32 *)record.address = common->skc_rcv_saddr;
    else
        BPF_CORE_READ_INTO(&record.address, common, skc_v6_rcv_saddr);
    record.ifindex = (__u32)common->skc_bound_dev_if;
    record.port = common->skc_num;
    record.uid = context->uid;
    record.half_open = (__u32)connection->icsk_accept_queue.qlen.counter;
    record.half_open_young = (__u32)connection->icsk_accept_queue.young.counter;
    record.accept_queue = sock->sk_ack_backlog;
    record.backlog = sock->sk_max_ack_backlog;
    bpf_seq_write(context->meta->seq, &record, sizeof record);
    return NEXT;
}

/* bpf_seq_write() asks for a licence that GPL code may be linked with. */
char licence[] SEC("license") = "Dual MIT/GPL";
