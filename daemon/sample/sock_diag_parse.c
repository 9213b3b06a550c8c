/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "sock_diag.h"

#define ERRNO_MAX        4095 /* include/linux/err.h MAX_ERRNO */
#define TIMER_RETRANSMIT 1
#define TIMER_TIME_WAIT  3
#define DIAG_CGROUP_ID   21 /* INET_DIAG_CGROUP_ID, unasked for from Linux 5.8; older headers lack it */
#define INFO_NEEDED      (offsetof(struct tcp_info, tcpi_last_ack_recv) + sizeof(uint32_t))

/*
 * Half-open request sockets carry no inode, no queues and the SYN-ACK timer (inet_diag.c inet_req_diag_fill;
 * before 4.4 inet_diag_fill_req, with the listener's uid); a full socket in SYN-RECV has its own SYN,
 * unacknowledged, in the send queue.
 */
static bool is_request(const struct inet_diag_msg *message) {
    return message->idiag_state == STATE_SYN_RECV && message->idiag_inode == 0 &&
           message->idiag_rqueue == 0 && message->idiag_wqueue == 0 &&
           message->idiag_timer == TIMER_RETRANSMIT;
}

/* An older kernel's tcp_info is shorter, a newer one's longer; the beginning stays. */
static uint32_t read_silence(const char *bytes, size_t length) {
    struct tcp_info info = {0};

    memcpy(&info, bytes, length < sizeof info ? length : sizeof info);
    return info.tcpi_last_data_recv < info.tcpi_last_ack_recv ? info.tcpi_last_data_recv
                                                              : info.tcpi_last_ack_recv;
}

static void read_attribute(uint16_t type, const char *value, size_t size, struct diag_socket *socket) {
    if (type == DIAG_CGROUP_ID && size >= sizeof socket->cgroup)
        memcpy(&socket->cgroup, value, sizeof socket->cgroup);
    if (type == INET_DIAG_INFO && size >= INFO_NEEDED)
        socket->silent_msec = read_silence(value, size);
}

/* Reads @length bytes of attributes. What follows a malformed one is not told. */
static void read_attributes(const char *bytes, size_t length, struct diag_socket *socket) {
    struct nlattr attribute;

    while (length >= sizeof attribute) {
        memcpy(&attribute, bytes, sizeof attribute);
        if (attribute.nla_len < sizeof attribute || attribute.nla_len > length)
            return;
        read_attribute((uint16_t)(attribute.nla_type & NLA_TYPE_MASK), bytes + sizeof attribute,
                       attribute.nla_len - sizeof attribute, socket);
        size_t next = (size_t)NLA_ALIGN(attribute.nla_len);
        if (next >= length)
            return;
        bytes += next;
        length -= next;
    }
}

static struct diag_socket make_plain(const struct inet_diag_msg *message) {
    struct diag_socket plain = {
        .state = (enum tcp_state)message->idiag_state,
        .minisocket = message->idiag_timer == TIMER_TIME_WAIT,
        .request = is_request(message),
        .timer = message->idiag_timer,
        .retransmits = message->idiag_retrans,
        .expires_msec = message->idiag_expires,
        .receive_queue = message->idiag_rqueue,
        .send_queue = message->idiag_wqueue,
        .uid = message->idiag_uid,
        .inode = message->idiag_inode,
        .cookie = (uint64_t)message->id.idiag_cookie[1] << 32 | message->id.idiag_cookie[0],
        .silent_msec = UINT32_MAX,
    };

    endpoint_set(&plain.local, message->idiag_family, message->id.idiag_src, ntohs(message->id.idiag_sport));
    endpoint_set(&plain.remote, message->idiag_family, message->id.idiag_dst, ntohs(message->id.idiag_dport));
    plain.local.ifindex = message->id.idiag_if;
    return plain;
}

/* A later kernel's families and states are passed over. */
static int parse_socket(const struct nlmsghdr *header, diag_callback callback, void *context) {
    struct inet_diag_msg message;

    const char *payload = mnl_nlmsg_get_payload(header);
    size_t length = mnl_nlmsg_get_payload_len(header);
    if (length < sizeof message)
        return -EBADMSG;
    memcpy(&message, payload, sizeof message);
    if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6)
        return 1;
    if (message.idiag_state < STATE_ESTABLISHED || message.idiag_state >= STATE_COUNT)
        return 1;
    struct diag_socket plain = make_plain(&message);
    read_attributes(payload + sizeof message, length - sizeof message, &plain);
    callback(&plain, context);
    return 1;
}

/* The code that an NLMSG_ERROR or NLMSG_DONE message starts with. */
static int read_code(const struct nlmsghdr *header, int *code) {
    if (mnl_nlmsg_get_payload_len(header) < sizeof *code)
        return -EBADMSG;
    memcpy(code, mnl_nlmsg_get_payload(header), sizeof *code);
    return *code < -ERRNO_MAX ? -EBADMSG : 0;
}

static int parse_error(const struct nlmsghdr *header) {
    int code;

    /* A dump is never acknowledged, so an error of 0 or above is none of the kernel's. */
    if (read_code(header, &code) < 0 || code >= 0)
        return -EBADMSG;
    return code;
}

/* Old kernels end a dump with a length, or with nothing, instead of an error code. */
static int parse_done(const struct nlmsghdr *header) {
    int code;

    if (mnl_nlmsg_get_payload_len(header) == 0)
        return 0;
    if (read_code(header, &code) < 0)
        return -EBADMSG;
    return code < 0 ? code : 0;
}

static int parse_message(const struct nlmsghdr *header, diag_callback callback, void *context) {
    switch (header->nlmsg_type) {
    case NLMSG_NOOP:
        return 1;
    case NLMSG_ERROR:
        return parse_error(header);
    case NLMSG_DONE:
        return parse_done(header);
    case NLMSG_OVERRUN:
        return -EINTR;
    case TCPDIAG_GETSOCK:
    case SOCK_DIAG_BY_FAMILY:
        return parse_socket(header, callback, context);
    default:
        return -EBADMSG;
    }
}

int sock_diag_parse(const void *bytes, size_t length, uint32_t sequence, diag_callback callback,
                    void *context) {
    const struct nlmsghdr *header = bytes;
    bool interrupted = false;
    int left = (int)length;
    int result = 1;

    if (length == 0 || length > INT32_MAX)
        return -EBADMSG;
    while (left > 0 && result == 1) {
        /* mnl_nlmsg_ok() takes a length beyond INT_MAX for a negative one that fits. */
        if (!mnl_nlmsg_ok(header, left) || header->nlmsg_len > (uint32_t)left ||
            header->nlmsg_seq != sequence)
            return -EBADMSG;
        if (header->nlmsg_flags & NLM_F_DUMP_INTR)
            interrupted = true;
        result = parse_message(header, callback, context);
        header = mnl_nlmsg_next(header, &left);
    }
    return interrupted && result >= 0 ? -EINTR : result;
}
