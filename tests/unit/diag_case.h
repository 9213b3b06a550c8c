/* SPDX-License-Identifier: MIT */
/* sock_diag answers made by hand, and a tally of the sockets parsed from any. */
#ifndef SYNWAITD_TEST_DIAG_CASE_H
#define SYNWAITD_TEST_DIAG_CASE_H

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "case.h"
#include "sock_diag.h"

#define SEQUENCE 0x5359U /* of the recordings */

/* What a callback has seen. */
struct tally {
    unsigned int state[STATE_COUNT];
    unsigned int total, ipv4, ipv6, minisockets, requests;
    struct diag_socket last;
};

static inline void count(const struct diag_socket *socket, void *context) {
    struct tally *tally = context;

    tally->state[socket->state]++;
    tally->total++;
    tally->ipv4 += socket->local.family == ENDPOINT_IPV4;
    tally->ipv6 += socket->local.family == ENDPOINT_IPV6;
    tally->minisockets += socket->minisocket;
    tally->requests += socket->request;
    tally->last = *socket;
}

/* Appends a message of @p size payload bytes; returns where the next goes. */
static inline struct nlmsghdr *put(struct nlmsghdr *header, uint16_t type, uint16_t flags,
                                   const void *payload, size_t size) {
    memset(header, 0, sizeof *header);
    header->nlmsg_len = (uint32_t)(sizeof *header + size);
    header->nlmsg_type = type;
    header->nlmsg_flags = flags;
    header->nlmsg_seq = SEQUENCE;
    memcpy(mnl_nlmsg_get_payload(header), payload, size);
    return (struct nlmsghdr *)((char *)header + ((header->nlmsg_len + 3) & ~3U));
}

static inline struct inet_diag_msg message_of(uint8_t family, uint8_t socket_state) {
    struct inet_diag_msg message = {.idiag_family = family, .idiag_state = socket_state};

    message.id.idiag_sport = htons(80);
    message.id.idiag_dport = htons(4000);
    return message;
}

#endif
