/* SPDX-License-Identifier: MIT */
/* Who is behind a finding: the listener, the cgroup that holds its sockets, the peers. */
#include <stddef.h>

#include "diagnose_parts.h"

#define PORTS_MAX 256 /* listeners' ports that are asked about: it is done at every tick */

/* Also when the sketch has counted too many by as much as it can. */
static bool is_majority(uint32_t sockets, uint32_t error, uint32_t counted) {
    return counted > 0 && sockets > error && (uint64_t)(sockets - error) * 2 > counted;
}

static const struct listener *listener_of_port(const struct sample *sample, uint16_t port) {
    const struct listener *only = NULL;

    for (size_t i = 0; i < sample->listener_count; i++) {
        if (sample->listener[i].local.port != port)
            continue;
        if (only)
            return NULL;
        only = &sample->listener[i];
    }
    return only;
}

void finding_owned_by_listener(struct finding *finding, const struct listener *listener) {
    if (listener)
        finding->owner = (struct holder){.cgroup = listener->cgroup, .inode = listener->inode};
}

/* Of several listeners, as those of IPv4 and IPv6 often are, if they are one service's. */
void finding_owned_by_port(const struct sample *sample, struct finding *finding, uint16_t port) {
    const struct listener *first = NULL;

    for (size_t i = 0; i < sample->listener_count; i++) {
        const struct listener *listener = &sample->listener[i];
        if (listener->local.port != port)
            continue;
        if (first && first->cgroup != listener->cgroup)
            return;
        first = first ? first : listener;
    }
    finding_owned_by_listener(finding, first);
}

void finding_owned_by_destination(struct finding *finding, const struct destination *destination) {
    finding->owner = (struct holder){.cgroup = destination->cgroup, .inode = destination->inode};
}

/* Minisockets and request sockets carry no cgroup. Where most are such, the listener tells: what it accepted
 * has its cgroup (sock.c sk_clone_lock). */
static void own_by_shares(const struct sample *sample, struct finding *finding, uint16_t port) {
    const struct shares *shares = &finding->shares;
    uint64_t told = 0;

    for (size_t i = 0; i < shares->holder_count; i++) {
        const struct holder *holder = &shares->holder[i];
        if (holder->cgroup == 0)
            continue;
        told += holder->sockets;
        if (is_majority(holder->sockets, holder->error, shares->sockets))
            finding->owner = *holder;
    }
    if (told * 2 <= shares->sockets)
        finding_owned_by_port(sample, finding, port);
}

void finding_shares(const struct sample *sample, struct finding *finding, enum tcp_state state,
                    uint16_t port) {
    /* Else the last walk failed, and the tables are of another time. */
    if (!figure_known(sample->state[state]))
        return;
    shares_find(sample->shares, state, port, &finding->shares);
    own_by_shares(sample, finding, port);
    if (port == 0 || finding->scope.kind != SCOPE_HOST)
        return;
    /* What is over its threshold in the whole host may be at other ports, too. */
    uint32_t here = finding->shares.sockets;
    shares_find(sample->shares, state, 0, &finding->shares);
    if (is_majority(here, 0, finding->shares.sockets))
        return;
    finding->owner = (struct holder){0};
    own_by_shares(sample, finding, 0);
}

void finding_locate(const struct sample *sample, struct finding *finding, uint16_t port) {
    const struct listener *listener = listener_of_port(sample, port);

    finding->local = listener ? listener->local : (struct endpoint){.port = port};
    finding_evidence(finding, "local_port", FIGURE_OF(port));
    if (listener)
        finding_evidence(finding, "backlog", FIGURE_OF(listener->backlog));
}

uint16_t main_listening_port(const struct sample *sample, enum tcp_state state) {
    uint32_t all = shares_sockets(sample->shares, state, 0);
    uint16_t port = 0;

    for (size_t i = 0, asked = 0; i < sample->listener_count && asked < PORTS_MAX && all > 0; i++) {
        if (sample->listener[i].local.port == port)
            continue;
        port = sample->listener[i].local.port;
        asked++;
        if (is_majority(shares_sockets(sample->shares, state, port), 0, all))
            return port;
    }
    return 0;
}

static const struct peer_share *majority(const struct peer_share *share, size_t count, uint32_t counted) {
    return count > 0 && is_majority(share->sockets, share->error, counted) ? share : NULL;
}

const struct peer_share *finding_main_peer(const struct finding *finding) {
    const struct shares *shares = &finding->shares;
    const struct peer_share *address = majority(shares->address, shares->address_count, shares->sockets);

    if (finding->family == FAMILY_HANDSHAKE && shares->sockets < HALF_OPENS_ENOUGH)
        return NULL;
    return address ? address : majority(shares->network, shares->network_count, shares->sockets);
}
