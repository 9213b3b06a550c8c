/* SPDX-License-Identifier: MIT */
#include "socket_filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "decimal.h"
#include "util.h"

#define EVERY_STATE ((1U << STATE_COUNT) - 2)
#define MAPPED_BITS 96 /* ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */

static int parse_state(const char *text, void *target) {
    enum tcp_state state;
    int result = ctl_parse_state(text, &state);

    if (result == 0)
        *(uint32_t *)target |= 1U << state;
    return result;
}

static int parse_peer(const char *text, void *target) {
    return peer_network_parse(text, target);
}

static int parse_unit(const char *text, void *target) {
    return text[0] == '\0' ? -EINVAL : ctl_parse_text(text, target);
}

void socket_filter_options(struct socket_filter *filter, struct verb_option option[SOCKET_FILTER_OPTIONS]) {
    const struct verb_option options[SOCKET_FILTER_OPTIONS] = {
        {.letter = 'p',
         .name = "port",
         .argument = "PORT",
         .help = "only with this local or remote port",
         .parse = ctl_parse_port,
         .allowed = CTL_ALLOWED_PORT,
         .target = &filter->port},
        {.letter = 's',
         .name = "state",
         .argument = "STATE",
         .help = "only in this state; may be given several times",
         .parse = parse_state,
         .allowed = CTL_ALLOWED_STATE,
         .target = &filter->state_mask},
        {.name = "peer",
         .argument = "ADDRESS[/BITS]",
         .help = "only with this remote address or network",
         .parse = parse_peer,
         .allowed = "must be an address or a network such as 192.0.2.0/24",
         .target = &filter->peer},
        {.letter = 'u',
         .name = "unit",
         .argument = "UNIT",
         .help = "only of this unit, e.g. nginx or 'php*'",
         .parse = parse_unit,
         .allowed = "must be the name of a unit or a pattern",
         .target = &filter->unit},
    };

    memcpy(option, options, sizeof options);
}

static unsigned int address_bits(const struct endpoint *address) {
    return address->family == ENDPOINT_IPV4 ? 32 : 128;
}

/* @return the bits of byte @p at of an address that lie within the prefix */
static uint8_t mask_of(unsigned int prefix, unsigned int at) {
    unsigned int bits = prefix > 8 * at ? prefix - 8 * at : 0;

    return (uint8_t)(bits < 8 ? 0xFF00U >> bits : 0xFFU);
}

/* Whether the text itself is IPv6; a mapped address has become IPv4 by then. */
static int parse_prefix(const char *text, bool ipv6, struct peer_network *network) {
    unsigned int bits = address_bits(&network->address);
    uint64_t prefix;

    if (decimal_parse(text, strlen(text), &prefix) < 0)
        return -EINVAL;
    if (ipv6 && bits == 32) {
        if (prefix < MAPPED_BITS)
            return -EINVAL;
        prefix -= MAPPED_BITS;
    }
    if (prefix > bits)
        return -EINVAL;
    network->prefix = (unsigned int)prefix;
    return 0;
}

int peer_network_parse(const char *text, struct peer_network *network) {
    struct peer_network parsed = {0};
    char host[ENDPOINT_TEXT_SIZE];
    size_t length = strcspn(text, "/");

    if (length == 0 || length >= sizeof host)
        return -EINVAL;
    memcpy(host, text, length);
    host[length] = '\0';
    if (endpoint_parse(host, &parsed.address) < 0 || parsed.address.port != 0 || parsed.address.ifindex != 0)
        return -EINVAL;
    parsed.prefix = address_bits(&parsed.address);
    if (text[length] == '/' && parse_prefix(text + length + 1, strchr(host, ':') != NULL, &parsed) < 0)
        return -EINVAL;
    for (unsigned int i = 0; i < sizeof parsed.address.address; i++)
        parsed.address.address[i] &= mask_of(parsed.prefix, i);
    *network = parsed;
    return 0;
}

bool socket_filter_is_empty(const struct socket_filter *filter) {
    return filter->port == 0 && filter->state_mask == 0 && filter->peer.address.family == ENDPOINT_NONE &&
           !filter->unit;
}

struct diag_request socket_filter_request(const struct socket_filter *filter) {
    return (struct diag_request){
        .state_mask = filter->state_mask ? filter->state_mask : EVERY_STATE,
        .either_port = filter->port,
    };
}

static bool match_peer(const struct peer_network *network, const struct endpoint *remote) {
    if (network->address.family == ENDPOINT_NONE)
        return true;
    if (network->address.family != remote->family)
        return false;
    for (unsigned int i = 0; i < sizeof remote->address; i++)
        if ((remote->address[i] & mask_of(network->prefix, i)) != network->address.address[i])
            return false;
    return true;
}

bool socket_filter_match(const struct socket_filter *filter, const struct diag_socket *socket) {
    bool any_peer = filter->peer.address.family == ENDPOINT_NONE;

    if (filter->state_mask != 0 && !(filter->state_mask & 1U << socket->state))
        return false;
    if (filter->port != 0 && socket->local.port != filter->port && socket->remote.port != filter->port)
        return false;
    if (socket->state == STATE_LISTEN)
        return any_peer;
    return match_peer(&filter->peer, &socket->remote);
}

bool socket_filter_match_unit(const struct socket_filter *filter, const char *unit) {
    static const char suffix[] = ".service";
    char name[256];
    size_t length = strlen(unit);

    if (!filter->unit || fnmatch(filter->unit, unit, 0) == 0)
        return true;
    if (length < sizeof suffix || length >= sizeof name ||
        strcmp(unit + length - strlen(suffix), suffix) != 0)
        return false;
    length -= strlen(suffix);
    memcpy(name, unit, length);
    name[length] = '\0';
    return fnmatch(filter->unit, name, 0) == 0;
}
