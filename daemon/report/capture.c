/* SPDX-License-Identifier: MIT */
/*
 * tcpdump filters. tcp[...] never matches IPv6 (pcap-filter(7)), so the flags of a TCP segment over IPv6 are
 * taken from byte 53 of the packet: 40 bytes of IPv6 header, then byte 13 of TCP's (RFC 9293 section 3.1).
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "remedy.h"

struct flag_filter {
    const char *ipv4, *ipv6;
};

static const struct flag_filter syn_filter = {"tcp[tcpflags] & tcp-syn != 0", "ip6[53] & 2 != 0"};
static const struct flag_filter close_filter = {"tcp[tcpflags] & (tcp-fin|tcp-rst) != 0", "ip6[53] & 5 != 0"};

static void add_host(const struct endpoint *endpoint, struct text *text) {
    char address[INET6_ADDRSTRLEN];

    inet_ntop(endpoint->family == ENDPOINT_IPV6 ? AF_INET6 : AF_INET, endpoint->address, address,
              sizeof address);
    text_add(text, "host %s", address);
}

/* An IPv6 wildcard gets IPv4 connections too, and without an address it is not known which come. */
static void add_flags(const struct endpoint *local, const struct flag_filter *filter, struct text *text) {
    if (local->family == ENDPOINT_IPV4)
        text_add(text, " and %s", filter->ipv4);
    else if (local->family == ENDPOINT_IPV6 && !endpoint_is_wildcard(local))
        text_add(text, " and %s", filter->ipv6);
    else
        text_add(text, " and (%s or %s)", filter->ipv4, filter->ipv6);
}

/* The one source of a flood; of IPv6 the /64 that it was counted by. */
static void add_source(const struct endpoint *peer, struct text *text) {
    struct endpoint network = *peer;
    char address[INET6_ADDRSTRLEN];

    if (peer->family == ENDPOINT_IPV4) {
        text_add(text, "src ");
        add_host(peer, text);
    } else {
        memset(network.address + 8, 0, 8);
        inet_ntop(AF_INET6, network.address, address, sizeof address);
        text_add(text, "src net %s/64", address);
    }
    text_add(text, " and ");
}

static void add_listener(const struct endpoint *local, const struct endpoint *peer, struct text *text) {
    if (peer->family != ENDPOINT_NONE)
        add_source(peer, text);
    if (local->family != ENDPOINT_NONE && !endpoint_is_wildcard(local)) {
        text_add(text, "dst ");
        add_host(local, text);
        text_add(text, " and ");
    }
    text_add(text, "tcp dst port %" PRIu16, local->port);
    add_flags(local, &syn_filter, text);
}

static void add_peer(const struct endpoint *peer, struct text *text) {
    text_add(text, "tcp and ");
    add_host(peer, text);
    if (peer->port != 0)
        text_add(text, " and port %" PRIu16, peer->port);
}

static void add_port(const struct finding *finding, struct text *text) {
    static const struct endpoint any = {.family = ENDPOINT_NONE};

    text_add(text, "tcp port %" PRIu16, finding->local.port);
    switch (finding->family) {
    case FAMILY_CLOSE_WAIT:
    case FAMILY_FIN_WAIT_1:
    case FAMILY_FIN_WAIT_2:
    case FAMILY_LAST_ACK:
    case FAMILY_CLOSING:
    case FAMILY_TIME_WAIT:
        add_flags(&any, &close_filter, text);
        break;
    default:
        break;
    }
}

void capture_format(const struct finding *finding, struct text *text) {
    bool peer_known = finding->peer.family != ENDPOINT_NONE;

    if (finding->local.port == 0 && !peer_known)
        return;
    text_add(text, "tcpdump -ni any -c 200 '");
    if (finding->family == FAMILY_HANDSHAKE && finding->local.port != 0)
        add_listener(&finding->local, &finding->peer, text);
    else if (peer_known)
        add_peer(&finding->peer, text);
    else
        add_port(finding, text);
    text_add(text, "'");
}
