/* SPDX-License-Identifier: MIT */
#include "socket_sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "destinations.h"
#include "listener_queues.h"
#include "share_tables.h"
#include "sock_diag.h"
#include "source_ports.h"
#include "source_status.h"
#include "survey.h"
#include "util.h"

#define MASK_LISTEN (1U << STATE_LISTEN)
/* Every state that occupies a port towards a destination. */
#define MASK_OUTGOING (WALK_STATE_MASK | (1U << STATE_ESTABLISHED) | (1U << STATE_TIME_WAIT))

struct socket_sampler {
    struct sock_diag *diag;
    char *queues_path; /* NULL: no iterator */
    struct queue_source queues;
    struct state_walk walk;
    struct listener *previous; /* the listeners of the tick before */
    size_t previous_count;
    uint32_t listening;          /* LISTEN sockets seen by the present dump, with those beyond the table */
    const struct config *config; /* of the present walk */
    uint32_t synack_retries;
    bool ask_ages; /* walks tell how long the sockets have been silent */
    struct destinations *destinations;
    struct source_port_table *source_ports;
    struct port_range range;
    struct destinations *syn_sent;
    bool syn_sent_used;                /* something has been filed since it was emptied */
    struct destination most_syn_sent;  /* of the last walk */
    uint64_t is_listening[65536 / 64]; /* a bit for every port that a listener has */
    struct share_tables *shares;
};

struct socket_sampler *socket_sampler_new(const char *queues_path) {
    struct socket_sampler *sampler = calloc(1, sizeof *sampler);

    if (!sampler)
        return NULL;
    sampler->queues_path = queues_path ? strdup(queues_path) : NULL;
    sampler->previous = calloc(LISTENERS_MAX, sizeof *sampler->previous);
    sampler->destinations = destinations_new();
    sampler->syn_sent = destinations_new();
    sampler->source_ports = calloc(1, sizeof *sampler->source_ports);
    sampler->shares = share_tables_new();
    if (state_walk_init(&sampler->walk) < 0 || !sampler->previous || !sampler->destinations ||
        !sampler->syn_sent || !sampler->source_ports || !sampler->shares ||
        (queues_path && !sampler->queues_path)) {
        socket_sampler_free(sampler);
        errno = ENOMEM;
        return NULL;
    }
    sampler->diag = sock_diag_open();
    return sampler;
}

struct socket_sampler *socket_sampler_free(struct socket_sampler *sampler) {
    if (!sampler)
        return NULL;
    sock_diag_close(sampler->diag);
    free(sampler->queues_path);
    destinations_free(sampler->destinations);
    destinations_free(sampler->syn_sent);
    share_tables_free(sampler->shares);
    free(sampler->source_ports);
    state_walk_release(&sampler->walk);
    free(sampler->previous);
    free(sampler);
    return NULL;
}

void socket_sampler_ask_ages(struct socket_sampler *sampler) {
    sampler->ask_ages = true;
}

bool socket_sampler_one_pass(const struct socket_sampler *sampler) {
    return sampler->diag && sock_diag_one_pass(sampler->diag);
}

struct destination socket_sampler_syn_sent(const struct socket_sampler *sampler) {
    return sampler->most_syn_sent;
}

const struct state_walk *socket_sampler_tables(const struct socket_sampler *sampler) {
    return &sampler->walk;
}

const struct share_tables *socket_sampler_shares(const struct socket_sampler *sampler) {
    return sampler->shares;
}

const struct queue_source *socket_sampler_queues(const struct socket_sampler *sampler) {
    return &sampler->queues;
}

static void explain(int error, char reason[SOURCE_REASON_SIZE]) {
    const char *hint = "";

    if (error == -EAGAIN)
        source_reason(reason, "sock_diag: the dump was interrupted three times");
    if (error == -EBADMSG)
        source_reason(reason, "sock_diag: malformed answer");
    if (error == -ENOENT || error == -EOPNOTSUPP)
        hint = " (the kernel has no inet_diag/tcp_diag)";
    source_reason(reason, "sock_diag: %s%s", strerror(-error), hint);
}

static int dump(struct socket_sampler *sampler, struct diag_request request, diag_callback callback,
                void (*restart)(void *context), char reason[SOURCE_REASON_SIZE]) {
    reason[0] = '\0';
    if (!sampler->diag)
        sampler->diag = sock_diag_open();
    int result = sampler->diag ? sock_diag_dump(sampler->diag, &request, callback, restart, sampler) : -errno;
    if (result < 0)
        explain(result, reason);
    return result;
}

static void swap_listener_tables(struct socket_sampler *sampler) {
    struct listener *table = sampler->walk.listener;
    size_t count = sampler->walk.listener_count;

    sampler->walk.listener = sampler->previous;
    sampler->walk.listener_count = sampler->previous_count;
    sampler->previous = table;
    sampler->previous_count = count;
}

static void restart_listeners(void *context) {
    struct socket_sampler *sampler = context;

    sampler->walk.listener_count = 0;
    sampler->listening = 0;
}

static void take_listener(const struct listener *listener, void *context) {
    struct socket_sampler *sampler = context;

    sampler->listening++;
    state_walk_add_listener(&sampler->walk, listener); /* a full table shows in the numbers */
}

static void take_listening_socket(const struct diag_socket *socket, void *context) {
    const struct listener listener = {
        .local = socket->local,
        .members = 1,
        .accept_queue = socket->receive_queue,
        .backlog = socket->send_queue,
        .uid = socket->uid,
        .cgroup = socket->cgroup,
        .inode = socket->inode,
    };

    take_listener(&listener, context);
}

/* The iterator, unless it is left alone at present. */
static void iterate(struct socket_sampler *sampler) {
    if (!sampler->queues_path || !queue_source_due(&sampler->queues, now_monotonic_usec()))
        return;
    uint64_t begun = clock_usec(CLOCK_THREAD_CPUTIME_ID);
    int result = listener_queues_read(sampler->queues_path, take_listener, sampler);
    uint64_t spent = clock_usec(CLOCK_THREAD_CPUTIME_ID) - begun;
    queue_source_note(&sampler->queues, sampler->queues_path, result, spent, sampler->listening,
                      now_monotonic_usec());
    if (result < 0)
        restart_listeners(sampler);
}

/* Three quarters: from there on an overflow is laid to a listener (observe.c). */
static void look_at_accept_queues(struct state_walk *walk) {
    for (size_t i = 0; i < walk->listener_count; i++) {
        struct listener *listener = &walk->listener[i];
        bool nearly_full = listener->accept_queue > 0 &&
                           (uint64_t)listener->accept_queue * 4 >= (uint64_t)listener->backlog * 3;
        listener->nearly_full_looks = nearly_full ? listener->nearly_full_looks + 1 : 0;
    }
}

int socket_sampler_list(struct socket_sampler *sampler, struct figure *listening,
                        char reason[SOURCE_REASON_SIZE]) {
    reason[0] = '\0';
    swap_listener_tables(sampler);
    restart_listeners(sampler);
    iterate(sampler);
    sampler->walk.exact_queues = sampler->queues.exact;
    int result = sampler->queues.exact ? 0
                                       : dump(sampler, (struct diag_request){.state_mask = MASK_LISTEN},
                                              take_listening_socket, restart_listeners, reason);
    if (result < 0) {
        swap_listener_tables(sampler);
        sampler->previous_count = 0;
        *listening = FIGURE_NONE;
        return result;
    }
    *listening = FIGURE_OF(sampler->listening);
    state_walk_sort_listeners(&sampler->walk, sampler->previous, sampler->previous_count);
    look_at_accept_queues(&sampler->walk);
    if (sampler->listening <= LISTENERS_MAX)
        return 0;
    source_reason(reason, "more than %d listeners", LISTENERS_MAX);
    return -ENOSPC;
}

static void mark_listening_ports(struct socket_sampler *sampler) {
    const struct state_walk *walk = &sampler->walk;

    memset(sampler->is_listening, 0, sizeof sampler->is_listening);
    for (size_t i = 0; i < walk->listener_count; i++) {
        uint16_t port = walk->listener[i].local.port;
        sampler->is_listening[port / 64] |= 1ULL << (port % 64);
    }
}

/* @return the port if a listener has it, else 0. */
static uint16_t listening_port(const struct socket_sampler *sampler, uint16_t port) {
    return port_map_has(sampler->is_listening, port) ? port : 0;
}

static void begin_walk(void *context) {
    struct socket_sampler *sampler = context;

    state_walk_begin(&sampler->walk, sampler->config, sampler->synack_retries);
    share_tables_reset(sampler->shares, WALK_STATE_MASK);
    if (sampler->syn_sent_used)
        destinations_reset(sampler->syn_sent);
    sampler->syn_sent_used = false;
    sampler->most_syn_sent = (struct destination){0};
}

static void count_state(const struct diag_socket *socket, void *context) {
    struct socket_sampler *sampler = context;
    uint16_t port = listening_port(sampler, socket->local.port);

    if (state_walk_count(&sampler->walk, socket))
        share_tables_count(sampler->shares, socket, port);
    else
        share_tables_count_at_port(sampler->shares, socket, port);
    if (socket->state == STATE_SYN_SENT) {
        destinations_count(sampler->syn_sent, socket);
        sampler->syn_sent_used = true;
    }
}

static void end_walk(struct socket_sampler *sampler) {
    struct destination top[DESTINATIONS_MAX];

    state_walk_end(&sampler->walk);
    if (sampler->syn_sent_used && destinations_top(sampler->syn_sent, top) > 0)
        sampler->most_syn_sent = top[0];
}

/* What half a walk has counted is worth nothing. */
static void undo_walk(struct state_walk *walk) {
    walk->port_count = 0;
    walk->full_sockets = 0;
    walk->detail = (struct walk_detail){0};
    memset(walk->state, 0, sizeof walk->state);
}

int socket_sampler_walk(struct socket_sampler *sampler, const struct config *config, uint32_t synack_retries,
                        char reason[SOURCE_REASON_SIZE]) {
    sampler->config = config;
    sampler->synack_retries = synack_retries;
    mark_listening_ports(sampler);
    state_walk_set_time(&sampler->walk, now_monotonic_usec());
    begin_walk(sampler);
    int result =
        dump(sampler, (struct diag_request){.state_mask = WALK_STATE_MASK, .with_info = sampler->ask_ages},
             count_state, begin_walk, reason);
    sampler->config = NULL;
    if (result == 0) {
        end_walk(sampler);
        return 0;
    }
    undo_walk(&sampler->walk);
    share_tables_reset(sampler->shares, WALK_STATE_MASK);
    state_walk_sort_listeners(&sampler->walk, sampler->previous, sampler->previous_count);
    look_at_accept_queues(&sampler->walk);
    return result;
}

void socket_sampler_settle_queues(struct socket_sampler *sampler) {
    state_walk_settle_queues(&sampler->walk);
}

static void restart_destinations(void *context) {
    struct socket_sampler *sampler = context;

    destinations_reset(sampler->destinations);
    source_ports_reset(sampler->source_ports);
}

static void count_outgoing(const struct diag_socket *socket, void *context) {
    struct socket_sampler *sampler = context;
    uint16_t port = socket->local.port;

    if (socket->request || port < sampler->range.low || port > sampler->range.high)
        return;
    if (listening_port(sampler, port) != 0)
        return;
    destinations_count(sampler->destinations, socket);
    source_ports_count(sampler->source_ports, &socket->local);
}

int socket_sampler_count_destinations(struct socket_sampler *sampler, struct port_range range,
                                      uint32_t reuse_delay_msec, struct sample *sample,
                                      char reason[SOURCE_REASON_SIZE]) {
    sampler->range = range;
    destinations_set_reuse_delay(sampler->destinations, reuse_delay_msec);
    mark_listening_ports(sampler);
    restart_destinations(sampler);
    const struct diag_request request = {.state_mask = MASK_OUTGOING, .local = range};
    int result = dump(sampler, request, count_outgoing, restart_destinations, reason);
    if (result < 0)
        return result;
    sample->destination_count = destinations_top(sampler->destinations, sample->destination);
    sample->source_ports_count = source_ports_top(sampler->source_ports, sample->source_ports);
    return 0;
}

int socket_sampler_survey(struct socket_sampler *sampler, enum tcp_state state, uint64_t count,
                          struct survey *survey) {
    *survey = (struct survey){0};
    if (!sampler->diag)
        return -ENOTCONN;
    mark_listening_ports(sampler);
    return survey_take(sampler->diag, state, count, sampler->is_listening, sampler->shares, survey);
}

void socket_sampler_forget_survey(struct socket_sampler *sampler, enum tcp_state state) {
    share_tables_reset(sampler->shares, 1U << state);
}
