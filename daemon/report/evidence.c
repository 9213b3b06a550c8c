/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAIR_SIZE (UNIT_SIZE + 64)
/* What the shares are out of, which nothing may push out. */
#define WHOLE_SIZE (sizeof " peer_error_at_most=4294967295 estimated_from=4294967295")

void peer_share_format(const struct peer_share *share, char text[PEER_TEXT_SIZE]) {
    uint32_t whole = share->network.family == ENDPOINT_IPV4 ? 32 : 128;
    char address[ENDPOINT_TEXT_SIZE];
    struct text out = text_in(text, PEER_TEXT_SIZE);

    endpoint_format(&share->network, address);
    text_add(&out, "%s", address);
    if (share->prefix_length < whole)
        text_add(&out, "/%" PRIu32, share->prefix_length);
}

/* An IPv6 host may use any address of its /64. */
static void source_format(const struct endpoint *peer, char text[PEER_TEXT_SIZE]) {
    struct peer_share network = {.network = *peer, .prefix_length = 64};

    memset(network.network.address + 8, 0, 8);
    peer_share_format(&network, text);
}

/* A destination has its port; who sends to a listener is told by the shares, which know the network. */
void peer_format(const struct finding *finding, char text[PEER_TEXT_SIZE]) {
    const struct peer_share *main_peer = finding_main_peer(finding);

    text[0] = '\0';
    if (main_peer && (finding->family == FAMILY_HANDSHAKE || finding->peer.family == ENDPOINT_NONE))
        peer_share_format(main_peer, text);
    else if (finding->family == FAMILY_HANDSHAKE && finding->peer.family == ENDPOINT_IPV6)
        source_format(&finding->peer, text);
    else
        endpoint_format(&finding->peer, text);
}

/* Half a number would be a wrong number: a pair that does not fit is left out. */
static void add_pair(struct text *text, const char *key, uint64_t value) {
    char pair[PAIR_SIZE];
    struct text one = text_in(pair, sizeof pair);

    text_add(&one, "%s%s=%" PRIu64, text->length > 0 ? " " : "", key, value);
    if (text->length + one.length < text->size)
        text_add(text, "%s", pair);
}

/* What would end a pair or a quoted value. */
static void clean_name(char *name) {
    text_clean(name);
    for (; *name; name++)
        if (*name == ' ')
            *name = '_';
        else if (strchr("=\"'", *name))
            *name = '?';
}

static void add_holders(struct text *text, const struct finding *finding) {
    const struct shares *shares = &finding->shares;

    for (size_t i = 0; i < shares->holder_count; i++) {
        char key[PAIR_SIZE];
        struct text out = text_in(key, sizeof key);
        if (finding->holder_unit[i][0] != '\0')
            text_add(&out, "unit:%s", finding->holder_unit[i]);
        else if (shares->holder[i].cgroup != 0)
            text_add(&out, "cgroup:%" PRIu64, shares->holder[i].cgroup);
        else
            continue;
        clean_name(key);
        add_pair(text, key, shares->holder[i].sockets);
    }
}

/* @return the largest error */
static uint32_t add_peers(struct text *text, const struct peer_share *share, size_t count) {
    uint32_t error = 0;

    for (size_t i = 0; i < count; i++) {
        char peer[PEER_TEXT_SIZE], key[sizeof "peer:" + PEER_TEXT_SIZE];
        peer_share_format(&share[i], peer);
        snprintf(key, sizeof key, "peer:%s", peer);
        add_pair(text, key, share[i].sockets);
        error = share[i].error > error ? share[i].error : error;
    }
    return error;
}

/* IPv6 is counted by /64 in both lists: it is told once. */
static size_t networks_of_ipv4(const struct shares *shares, struct peer_share network[PEERS_MAX]) {
    size_t count = 0;

    for (size_t i = 0; i < shares->network_count; i++)
        if (shares->network[i].network.family == ENDPOINT_IPV4)
            network[count++] = shares->network[i];
    return count;
}

static void add_shares(struct text *text, const struct finding *finding) {
    const struct shares *shares = &finding->shares;
    struct peer_share network[PEERS_MAX];

    if (shares->sockets == 0)
        return;
    text->size -= WHOLE_SIZE;
    add_holders(text, finding);
    uint32_t of_networks = add_peers(text, network, networks_of_ipv4(shares, network));
    uint32_t of_addresses = add_peers(text, shares->address, shares->address_count);
    text->size += WHOLE_SIZE;
    if (of_networks > 0 || of_addresses > 0)
        add_pair(text, "peer_error_at_most", of_networks > of_addresses ? of_networks : of_addresses);
    add_pair(text, shares->estimate ? "estimated_from" : "counted", shares->sockets);
}

void evidence_format(const struct finding *finding, char *text, size_t size) {
    struct text out = text_in(text, size);

    for (size_t i = 0; i < finding->evidence_count; i++)
        add_pair(&out, finding->evidence[i].key, finding->evidence[i].value);
    add_shares(&out, finding);
}
