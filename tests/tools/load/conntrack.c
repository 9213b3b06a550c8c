/* SPDX-License-Identifier: MIT */
#include "conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdbool.h>

enum { TIMEOUT_SEC = 300, FIRST_PORT = 10000, PORTS = 50000, SERVER_PORT = 443, MESSAGE_BYTES = 4096 };

/* 100.64.0.0 (RFC 6598) and counting are the clients; 192.0.2.1 (RFC 5737) is the server. */
enum { FIRST_CLIENT = 0x64400000 };
static const uint32_t server = 0xC0000201;

struct tuple {
    uint32_t from, to;
    uint16_t from_port, to_port;
};

static void put_tuple(struct nlmsghdr *header, uint16_t type, const struct tuple *tuple) {
    struct nlattr *outer = mnl_attr_nest_start(header, type);
    struct nlattr *inner = mnl_attr_nest_start(header, CTA_TUPLE_IP);

    mnl_attr_put_u32(header, CTA_IP_V4_SRC, htonl(tuple->from));
    mnl_attr_put_u32(header, CTA_IP_V4_DST, htonl(tuple->to));
    mnl_attr_nest_end(header, inner);
    inner = mnl_attr_nest_start(header, CTA_TUPLE_PROTO);
    mnl_attr_put_u8(header, CTA_PROTO_NUM, IPPROTO_TCP);
    mnl_attr_put_u16(header, CTA_PROTO_SRC_PORT, htons(tuple->from_port));
    mnl_attr_put_u16(header, CTA_PROTO_DST_PORT, htons(tuple->to_port));
    mnl_attr_nest_end(header, inner);
    mnl_attr_nest_end(header, outer);
}

/* Assured, so that a full table does not push it out for another; CONFIRMED may not change, so it is told
 * too. */
static void put_state(struct nlmsghdr *header) {
    mnl_attr_put_u32(header, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED));
    mnl_attr_put_u32(header, CTA_TIMEOUT, htonl(TIMEOUT_SEC));
    struct nlattr *outer = mnl_attr_nest_start(header, CTA_PROTOINFO);
    struct nlattr *inner = mnl_attr_nest_start(header, CTA_PROTOINFO_TCP);
    mnl_attr_put_u8(header, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
    mnl_attr_nest_end(header, inner);
    mnl_attr_nest_end(header, outer);
}

static struct nlmsghdr *build(char *buffer, bool create, uint64_t n) {
    struct tuple there = {.from = FIRST_CLIENT + (uint32_t)(n / PORTS),
                          .to = server,
                          .from_port = (uint16_t)(FIRST_PORT + n % PORTS),
                          .to_port = SERVER_PORT};
    struct tuple back = {there.to, there.from, there.to_port, there.from_port};
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

    header->nlmsg_type =
        (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | (create ? IPCTNL_MSG_CT_NEW : IPCTNL_MSG_CT_DELETE));
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    if (create)
        header->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
    header->nlmsg_seq = (uint32_t)n;
    struct nfgenmsg *message = mnl_nlmsg_put_extra_header(header, sizeof *message);
    *message = (struct nfgenmsg){.nfgen_family = AF_INET, .version = NFNETLINK_V0};
    put_tuple(header, CTA_TUPLE_ORIG, &there);
    put_tuple(header, CTA_TUPLE_REPLY, &back);
    if (create)
        put_state(header);
    return header;
}

/* One message and its acknowledgment. */
static int talk(struct mnl_socket *socket, bool create, uint64_t n) {
    _Alignas(struct nlmsghdr) char buffer[MESSAGE_BYTES];
    struct nlmsghdr *header = build(buffer, create, n);

    if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
        return -errno;
    ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof buffer);
    if (length < 0 ||
        mnl_cb_run(buffer, (size_t)length, (uint32_t)n, mnl_socket_get_portid(socket), NULL, NULL) < 0)
        return -errno;
    return 0;
}

static int talk_all(bool create, uint64_t count) {
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    int error = 0;

    if (!socket)
        return -errno;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
        error = -errno;
    for (uint64_t n = 0; error == 0 && n < count; n++)
        error = talk(socket, create, n);
    mnl_socket_close(socket);
    return error;
}

/* Without nfnetlink the protocol is not known; without ctnetlink the message's type is not valid. */
int conntrack_create(uint64_t count) {
    int error = talk_all(true, count);

    return error == -EPROTONOSUPPORT || error == -EINVAL ? -EOPNOTSUPP : error;
}

int conntrack_delete(uint64_t count) {
    return talk_all(false, count);
}
