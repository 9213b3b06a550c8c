/* SPDX-License-Identifier: MIT */
#include "socket_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "util.h"

#define LISTENERS_MAX 65536

struct listening {
    struct endpoint local;
    uint64_t cgroup;
};

struct socket_names {
    struct unit_names *units;
    struct listening *listening; /* sorted by endpoint_compare(): by port first */
    size_t count, room;
    uint64_t port[65536 / 64]; /* one bit each */
    bool failed;               /* no memory */
};

struct socket_names *socket_names_new(const char *cgroup_root) {
    struct socket_names *names = calloc(1, sizeof *names);

    if (!names)
        return NULL;
    names->units = unit_names_new(cgroup_root);
    return names->units ? names : socket_names_free(names);
}

struct socket_names *socket_names_free(struct socket_names *names) {
    if (!names)
        return NULL;
    unit_names_free(names->units);
    free(names->listening);
    free(names);
    return NULL;
}

void socket_names_cleanup(struct socket_names **names) {
    *names = socket_names_free(*names);
}

static bool make_room(struct socket_names *names) {
    if (names->count < names->room)
        return true;
    size_t room = names->room ? 2 * names->room : 64;
    struct listening *listening = reallocarray(names->listening, room, sizeof *listening);
    if (!listening)
        return false;
    names->listening = listening;
    names->room = room;
    return true;
}

static void take_listener(const struct diag_socket *socket, void *context) {
    struct socket_names *names = context;
    uint16_t port = socket->local.port;

    names->port[port / 64] |= UINT64_C(1) << port % 64;
    if (names->count == LISTENERS_MAX)
        return;
    if (!make_room(names)) {
        names->failed = true;
        return;
    }
    names->listening[names->count++] = (struct listening){socket->local, socket->cgroup};
}

static void forget(void *context) {
    struct socket_names *names = context;

    names->count = 0;
    memset(names->port, 0, sizeof names->port);
}

static int by_endpoint(const void *a, const void *b) {
    const struct listening *first = a, *second = b;

    return endpoint_compare(&first->local, &second->local);
}

/* The members of a SO_REUSEPORT group are one; sockets of a port are searched one after the other. */
static void drop_repeated(struct socket_names *names) {
    size_t kept = 0;

    for (size_t i = 0; i < names->count; i++)
        if (kept == 0 || !endpoint_equal(&names->listening[kept - 1].local, &names->listening[i].local))
            names->listening[kept++] = names->listening[i];
    names->count = kept;
}

int socket_names_read_listeners(struct socket_names *names, struct sock_diag *diag) {
    const struct diag_request request = {.state_mask = 1U << STATE_LISTEN};

    forget(names);
    int result = sock_diag_dump(diag, &request, take_listener, forget, names);
    if (names->count > 1)
        qsort(names->listening, names->count, sizeof *names->listening, by_endpoint);
    drop_repeated(names);
    return result == 0 && names->failed ? -ENOMEM : result;
}

bool socket_names_listens(const struct socket_names *names, uint16_t port) {
    return port_map_has(names->port, port);
}

static size_t first_of_port(const struct socket_names *names, uint16_t port) {
    size_t low = 0, high = names->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names->listening[middle].local.port < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How well a listener's address fits: its own, then any of the family, then an IPv6 one that takes IPv4. */
static int fit(const struct endpoint *listening, const struct endpoint *local) {
    if (memcmp(listening->address, local->address, sizeof local->address) == 0 &&
        listening->family == local->family)
        return 3;
    if (!endpoint_is_wildcard(listening))
        return 0;
    return listening->family == local->family ? 2 : listening->family == ENDPOINT_IPV6 ? 1 : 0;
}

static const struct listening *listener_of(const struct socket_names *names, const struct endpoint *local) {
    const struct listening *best = NULL;

    if (!socket_names_listens(names, local->port))
        return NULL;
    for (size_t i = first_of_port(names, local->port);
         i < names->count && names->listening[i].local.port == local->port; i++) {
        const struct listening *listening = &names->listening[i];
        int fits = fit(&listening->local, local);
        if (fits > 0 && (!best || fits > fit(&best->local, local)))
            best = listening;
    }
    return best;
}

uint32_t socket_names_unit(struct socket_names *names, const struct diag_socket *socket, bool *guessed) {
    *guessed = false;
    if (socket->cgroup != 0)
        return unit_names_number(names->units, socket->cgroup);
    const struct listening *listening = listener_of(names, &socket->local);
    if (!listening)
        return UNIT_NOT_TOLD;
    uint32_t unit = unit_names_number(names->units, listening->cgroup);
    *guessed = !socket->request && unit >= UNIT_FIRST;
    return unit;
}

const char *socket_names_text(const struct socket_names *names, uint32_t unit) {
    return unit_names_text(names->units, unit);
}
