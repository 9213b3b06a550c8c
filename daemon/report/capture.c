/* SPDX-License-Identifier: MIT */
/*
 * tcpdump filters. tcp[...] never matches IPv6 (pcap-filter(7)), so the flags of a TCP segment over IPv6 are
 * taken from byte 53 of the packet: 40 bytes of IPv6 header, then byte 13 of TCP's (RFC 9293 section 3.1).
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "record.h"
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

static void add_network(const struct peer_share *share, struct text *text) {
    char network[PEER_TEXT_SIZE];

    peer_share_format(share, network);
    text_add(text, "%s %s", strchr(network, '/') ? "net" : "host", network);
}

/* Who sends most, or the one source of a flood; of IPv6 the /64 that it was counted by. */
static void add_source(const struct finding *finding, struct text *text) {
    struct peer_share source = {.network = finding->peer, .prefix_length = 32};
    const struct peer_share *main_peer = finding_main_peer(finding);

    if (finding->peer.family == ENDPOINT_IPV6) {
        memset(source.network.address + 8, 0, 8);
        source.prefix_length = 64;
    }
    if (!main_peer && source.network.family == ENDPOINT_NONE)
        return;
    text_add(text, "src ");
    add_network(main_peer ? main_peer : &source, text);
    text_add(text, " and ");
}

static void add_listener(const struct finding *finding, struct text *text) {
    const struct endpoint *local = &finding->local;

    add_source(finding, text);
    if (local->family != ENDPOINT_NONE && !endpoint_is_wildcard(local)) {
        text_add(text, "dst ");
        add_host(local, text);
        text_add(text, " and ");
    }
    text_add(text, "tcp dst port %" PRIu16, local->port);
    add_flags(local, &syn_filter, text);
}

/* A destination, or else whom most of the sockets are with. */
static void add_peer(const struct finding *finding, const struct peer_share *main_peer, struct text *text) {
    const struct endpoint *peer = &finding->peer;

    text_add(text, "tcp and ");
    if (peer->family == ENDPOINT_NONE) {
        add_network(main_peer, text);
        return;
    }
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
    const struct peer_share *main_peer = finding_main_peer(finding);
    bool peer_known = finding->peer.family != ENDPOINT_NONE || (main_peer && finding->local.port == 0);

    if (finding->local.port == 0 && !peer_known)
        return;
    text_add(text, "tcpdump -ni any -c 200 '");
    if (finding->family == FAMILY_HANDSHAKE && finding->local.port != 0)
        add_listener(finding, text);
    else if (peer_known)
        add_peer(finding, main_peer, text);
    else
        add_port(finding, text);
    text_add(text, "'");
}
