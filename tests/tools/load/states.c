/* SPDX-License-Identifier: MIT */
#include "states.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "repair.h"
#include "util.h"
#include "wire.h"

enum { PEER_PORT = 443, BACKLOG = 128, PORTS_PER_KIND = 1000, LINGER_SECONDS = 100 };

/* As tests/tools/silent-link sets them up. */
static struct sockaddr_storage wire_address(const struct states *states, bool ours, uint16_t port) {
    static const char *const text[2][2] = {{"203.0.113.9", "198.18.0.1"}, {"2001:db8:2::9", "2001:db8:1::1"}};
    struct sockaddr_storage address;

    address_parse(text[states->kind == STATES_IPV6][ours], port, &address);
    return address;
}

/* The same as a socket of this kind wants it. */
static struct sockaddr_storage socket_address(const struct states *states, bool ours, uint16_t port) {
    struct sockaddr_storage address = wire_address(states, ours, port);

    return states->kind == STATES_MAPPED ? address_mapped(&address) : address;
}

static int keep(struct states *states, int fd) {
    if (states->fd_count == STATES_FDS_MAX) {
        close(fd);
        return -ENOSPC;
    }
    states->fd[states->fd_count++] = fd;
    return 0;
}

static int open_socket(const struct states *states) {
    int family = states->kind == STATES_IPV4 ? AF_INET : AF_INET6;
    int only_v6 = states->kind == STATES_IPV6;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
    return fd;
}

/* A segment from the peer's port to our local one. @p acknowledged: how much of ours past the start. */
static int peer_says(const struct states *states, uint16_t local_port, uint8_t flags, uint32_t acknowledged) {
    struct segment segment = {.from = wire_address(states, false, PEER_PORT),
                              .to = wire_address(states, true, local_port),
                              .sequence = PEER_SEQUENCE,
                              .acknowledgment = OUR_SEQUENCE + acknowledged,
                              .flags = flags};

    return wire_send(states->wire, &segment);
}

static int set(int fd, int option, int value) {
    return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value) < 0 ? -errno : 0;
}

static int bind_to(int fd, const struct sockaddr_storage *address) {
    return bind(fd, (const struct sockaddr *)address, address_length(address)) < 0 ? -errno : 0;
}

static int connect_to(int fd, const struct sockaddr_storage *address) {
    return connect(fd, (const struct sockaddr *)address, address_length(address)) < 0 ? -errno : 0;
}

/* An ESTABLISHED socket whose peer has told no window yet. @return the descriptor or -errno. */
static int craft_windowless(struct states *states, uint16_t *port) {
    *port = states->next_port++;
    struct sockaddr_storage ours = socket_address(states, true, *port);
    struct sockaddr_storage peer = socket_address(states, false, PEER_PORT);
    int fd = open_socket(states);
    int error = fd < 0 ? fd : repair_connect(fd, &ours, &peer);

    if (error < 0 && fd >= 0)
        close(fd);
    return error < 0 ? error : fd;
}

static int craft(struct states *states, uint16_t *port) {
    int fd = craft_windowless(states, port);
    int error = fd < 0 ? fd : peer_says(states, *port, TH_ACK, 0);

    if (error < 0 && fd >= 0)
        close(fd);
    return error < 0 ? error : fd;
}

/* A crafted connection on which first the application shuts down sending, then the peer speaks. */
static int craft_shut(struct states *states, uint16_t *port) {
    int fd = craft(states, port);

    if (fd >= 0)
        shutdown(fd, SHUT_WR);
    return fd;
}

/* Gives the descriptor up to the kernel: what remains is an orphan. */
static int forsake(int fd) {
    close(fd);
    return 0;
}

static int make_listen(struct states *states) {
    int fd = open_socket(states);

    if (fd < 0)
        return fd;
    struct sockaddr_storage any = {.ss_family = states->kind == STATES_IPV4 ? AF_INET : AF_INET6};
    address_set_port(&any, (uint16_t)(states->listen_port + states->fd_count));
    int error = bind_to(fd, &any);
    if (error == 0 && listen(fd, BACKLOG) < 0)
        error = -errno;
    if (error == 0)
        return keep(states, fd);
    close(fd);
    return error;
}

static int make_half_open(struct states *states) {
    struct segment syn = {.from = wire_address(states, false, states->next_peer_port++),
                          .to = wire_address(states, true, states->listen_port),
                          .sequence = PEER_SEQUENCE,
                          .flags = TH_SYN};

    return wire_send(states->wire, &syn);
}

/* @return the descriptor of a socket in SYN-SENT, or -errno. */
static int start_connect(struct states *states, uint16_t *port) {
    *port = states->next_port++;
    struct sockaddr_storage ours = socket_address(states, true, *port);
    struct sockaddr_storage peer = socket_address(states, false, PEER_PORT);
    int fd = open_socket(states);
    int error = fd < 0 ? fd : bind_to(fd, &ours);

    if (error == 0)
        error = connect_to(fd, &peer);
    if (error == -EINPROGRESS || fd < 0)
        return fd;
    close(fd);
    return error;
}

static int make_syn_sent(struct states *states) {
    uint16_t port;
    int fd = start_connect(states, &port);

    return fd < 0 ? fd : keep(states, fd);
}

/* RFC 9293 section 3.5, figure 7: both ends send a SYN. */
static int make_simultaneous_open(struct states *states) {
    uint16_t port;
    int fd = start_connect(states, &port);

    if (fd < 0)
        return fd;
    int error = peer_says(states, port, TH_SYN, 0);
    return error < 0 ? error : keep(states, fd);
}

static int make_established(struct states *states) {
    uint16_t port;
    int fd = craft(states, &port);

    return fd < 0 ? fd : keep(states, fd);
}

static int make_fin_wait_1(struct states *states) {
    uint16_t port;
    int fd = craft_shut(states, &port);

    return fd < 0 ? fd : keep(states, fd);
}

static int make_fin_wait_1_orphan(struct states *states) {
    uint16_t port;
    int fd = craft(states, &port);

    return fd < 0 ? fd : forsake(fd);
}

/* Without a window even the FIN must wait, and the zero-window probe timer runs. */
static int make_fin_wait_1_zero_window(struct states *states) {
    uint16_t port;
    int fd = craft_windowless(states, &port);

    if (fd < 0)
        return fd;
    shutdown(fd, SHUT_WR);
    return keep(states, fd);
}

static int make_fin_wait_2_held(struct states *states) {
    uint16_t port;
    int fd = craft_shut(states, &port);

    if (fd < 0)
        return fd;
    int error = peer_says(states, port, TH_ACK, 1);
    return error < 0 ? error : keep(states, fd);
}

static int make_fin_wait_2_minisocket(struct states *states) {
    uint16_t port;
    int fd = craft(states, &port);

    if (fd < 0)
        return fd;
    forsake(fd);
    return peer_says(states, port, TH_ACK, 1);
}

/* With a FIN timeout above 60 s an orphan stays a full socket for the time beyond (tcp_input.c). */
static int make_fin_wait_2_orphan(struct states *states) {
    uint16_t port;
    int fd = craft(states, &port);

    if (fd < 0)
        return fd;
    int error = set(fd, TCP_LINGER2, LINGER_SECONDS);
    forsake(fd);
    return error < 0 ? error : peer_says(states, port, TH_ACK, 1);
}

/* @return the descriptor of a socket in CLOSE-WAIT, or -errno. */
static int craft_close_wait(struct states *states) {
    uint16_t port;
    int fd = craft(states, &port);
    int error = fd < 0 ? fd : peer_says(states, port, TH_FIN | TH_ACK, 0);

    if (error < 0 && fd >= 0)
        close(fd);
    return error < 0 ? error : fd;
}

static int make_close_wait(struct states *states) {
    int fd = craft_close_wait(states);

    return fd < 0 ? fd : keep(states, fd);
}

static int make_last_ack(struct states *states) {
    int fd = craft_close_wait(states);

    return fd < 0 ? fd : forsake(fd);
}

/* RFC 9293 section 3.6, figure 13: the peer's FIN comes before its answer to ours. */
static int make_closing(struct states *states) {
    uint16_t port;
    int fd = craft_shut(states, &port);

    if (fd < 0)
        return fd;
    int error = peer_says(states, port, TH_FIN | TH_ACK, 0);
    return error < 0 ? error : keep(states, fd);
}

static int make_time_wait(struct states *states) {
    uint16_t port;
    int fd = craft_shut(states, &port);

    if (fd < 0)
        return fd;
    int error = peer_says(states, port, TH_FIN | TH_ACK, 1);
    forsake(fd);
    return error;
}

/* Bound, but neither listening nor connected: the kernel counts no such socket. */
static int make_closed(struct states *states) {
    struct sockaddr_storage ours = socket_address(states, true, states->next_port++);
    int fd = open_socket(states);

    if (fd < 0)
        return fd;
    int error = bind_to(fd, &ours);
    return error < 0 ? error : keep(states, fd);
}

/* Totals of the states all differ, so that no two can be mixed up unnoticed. LISTEN comes first. */
static const struct states_row table[] = {
    {"LISTEN", TCP_LISTEN, 2, make_listen},
    {"SYN-SENT", TCP_SYN_SENT, 3, make_syn_sent},
    {"SYN-RECV half-open", TCP_SYN_RECV, 5, make_half_open},
    {"SYN-RECV simultaneous", TCP_SYN_RECV, 1, make_simultaneous_open},
    {"ESTABLISHED", TCP_ESTABLISHED, 7, make_established},
    {"FIN-WAIT-1 held", TCP_FIN_WAIT1, 4, make_fin_wait_1},
    {"FIN-WAIT-1 orphan", TCP_FIN_WAIT1, 1, make_fin_wait_1_orphan},
    {"FIN-WAIT-1 zero window", TCP_FIN_WAIT1, 3, make_fin_wait_1_zero_window},
    {"FIN-WAIT-2 held", TCP_FIN_WAIT2, 2, make_fin_wait_2_held},
    {"FIN-WAIT-2 minisocket", TCP_FIN_WAIT2, 6, make_fin_wait_2_minisocket},
    {"FIN-WAIT-2 orphan", TCP_FIN_WAIT2, 4, make_fin_wait_2_orphan},
    {"CLOSE-WAIT", TCP_CLOSE_WAIT, 9, make_close_wait},
    {"LAST-ACK", TCP_LAST_ACK, 10, make_last_ack},
    {"CLOSING", TCP_CLOSING, 11, make_closing},
    {"TIME-WAIT", TCP_TIME_WAIT, 13, make_time_wait},
    {"CLOSED", TCP_CLOSE, 2, make_closed},
};

const struct states_row *states_table(size_t *count) {
    *count = ARRAY_SIZE(table);
    return table;
}

unsigned int states_count(int state) {
    unsigned int count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].state == state)
            count += table[i].count;
    return count;
}

unsigned int states_count_of(const char *name) {
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].count;
    return 0;
}

uint16_t states_listen_port(enum states_kind kind) {
    return (uint16_t)(8000 + 100 * (int)kind);
}

static int make_rows(struct states *states) {
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        for (unsigned int n = 0; n < table[i].count; n++) {
            int error = table[i].make(states);
            if (error < 0)
                return error;
        }
    return 0;
}

int states_make(struct states *states, enum states_kind kind) {
    *states = (struct states){.kind = kind,
                              .next_port = (uint16_t)(20000 + PORTS_PER_KIND * (int)kind),
                              .next_peer_port = (uint16_t)(50000 + PORTS_PER_KIND * (int)kind),
                              .listen_port = states_listen_port(kind)};
    states->wire = wire_open(kind == STATES_IPV6 ? AF_INET6 : AF_INET);
    if (states->wire < 0)
        return states->wire;
    int error = make_rows(states);
    if (error < 0)
        states_release(states);
    return error;
}

void states_release(struct states *states) {
    while (states->fd_count > 0)
        close(states->fd[--states->fd_count]);
    if (states->wire >= 0)
        close(states->wire);
    states->wire = -1;
}
