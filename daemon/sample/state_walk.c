/* SPDX-License-Identifier: MIT */
#include "state_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "half_open_sources.h"
#include "util.h"

#define TIMER_RETRANSMIT    1
#define TIMER_ZERO_WINDOW   4
#define CLOSE_WAIT_OLD_USEC UINT64_C(5000000)
#define FIRST_TIMEOUT_MSEC  1000 /* include/net/tcp.h TCP_TIMEOUT_INIT */
#define RETRANSMITS_OLD     3    /* 1 + 2 + 4 s after the first SYN-ACK, if nobody asked again */
#define PORT_TABLE_SIZE     (LISTENERS_MAX + PORT_RULES_MAX)

int state_walk_init(struct state_walk *walk) {
    *walk = (struct state_walk){0};
    walk->listener = calloc(LISTENERS_MAX, sizeof *walk->listener);
    walk->port = calloc(PORT_TABLE_SIZE, sizeof *walk->port);
    if (walk->listener && walk->port)
        return 0;
    state_walk_release(walk);
    return -ENOMEM;
}

void state_walk_release(struct state_walk *walk) {
    free(walk->listener);
    free(walk->port);
    *walk = (struct state_walk){0};
}

void state_walk_set_time(struct state_walk *walk, uint64_t now_usec) {
    walk->now_usec = now_usec;
    if (walk->seen_usec != 0 && now_usec - walk->seen_usec < CLOSE_WAIT_OLD_USEC)
        return;
    /* The set in between is what makes every socket of the oldest at least 5 s old. */
    memcpy(walk->seen[0], walk->seen[1], sizeof walk->seen[0]);
    memcpy(walk->seen[1], walk->seen[2], sizeof walk->seen[1]);
    memset(walk->seen[2], 0, sizeof walk->seen[2]);
    walk->seen_usec = now_usec;
}

/* Files a CLOSE-WAIT socket in the present set. @return whether the oldest set has it */
static bool seen_before(struct state_walk *walk, bool ruled, uint64_t cookie) {
    uint64_t bit = (cookie * UINT64_C(0x9E3779B97F4A7C15)) >> 48; /* Fibonacci hashing to 16 bits */
    uint64_t mask = UINT64_C(1) << (bit % 64);

    walk->seen[2][ruled][bit / 64] |= mask;
    return walk->seen[0][ruled][bit / 64] & mask;
}

/* Half-opens are judged listener by listener, with a rule of their own or not. */
static uint32_t ruled_states(const struct port_rule *rule) {
    uint32_t mask = 0;

    for (int condition = 0; condition < CONDITION_COUNT; condition++)
        if (rule->overrides[condition])
            mask |= 1U << condition_info((enum condition)condition)->state;
    return mask & ~(1U << STATE_SYN_RECV);
}

static struct port_figures *add_port(struct state_walk *walk, uint16_t port) {
    if (walk->port_count == 0 || walk->port[walk->port_count - 1].port != port)
        walk->port[walk->port_count++] = (struct port_figures){.port = port};
    return &walk->port[walk->port_count - 1];
}

/* Merges the listeners' ports and the rules' ports; both ascend. Of the same port the rule comes last. */
static void lay_out_ports(struct state_walk *walk, const struct config *config) {
    size_t i = 0, j = 0;

    walk->port_count = 0;
    while (i < walk->listener_count || j < config->port_count) {
        bool listener_next =
            j >= config->port_count ||
            (i < walk->listener_count && walk->listener[i].local.port <= config->port[j].port);
        if (listener_next) {
            add_port(walk, walk->listener[i++].local.port);
            continue;
        }
        const struct port_rule *rule = &config->port[j++];
        add_port(walk, rule->port)->ruled_states = ruled_states(rule);
    }
}

void state_walk_begin(struct state_walk *walk, const struct config *config, uint32_t synack_retries) {
    memset(walk->state, 0, sizeof walk->state);
    walk->full_sockets = 0;
    walk->detail = (struct walk_detail){0};
    walk->synack_retries = synack_retries;
    for (size_t i = 0; i < walk->listener_count; i++) {
        struct listener *listener = &walk->listener[i];
        if (!walk->exact_queues)
            listener->half_open = listener->half_open_fresh = 0;
        listener->half_open_walked = 0;
        listener->half_open_deferred = 0;
        listener->half_open_old = 0;
        listener->half_open_patient = 0;
        listener->half_open_repeated = 0;
        listener->sources = (struct half_open_sources){0};
    }
    lay_out_ports(walk, config);
    for (size_t i = 0; i < ARRAY_SIZE(walk->ages); i++)
        close_wait_ages_begin(&walk->ages[i]);
    close_wait_median_begin(&walk->median);
    walk->close_wait_median_usec = 0;
}

static struct listener *find_listener(struct state_walk *walk, const struct endpoint *local) {
    size_t index = listener_index(walk->listener, walk->listener_count, local);

    return index < walk->listener_count ? &walk->listener[index] : NULL;
}

/* On the socket's device if there is one, else on any: a link-local half-open names its device even where the
   listener is not bound to it (tcp_ipv6.c tcp_v6_init_req). */
static struct listener *find_on_device(struct state_walk *walk, struct endpoint local) {
    struct listener *found = find_listener(walk, &local);

    if (found || local.ifindex == 0)
        return found;
    local.ifindex = 0;
    return find_listener(walk, &local);
}

/* The listener's own address first, then the wildcard of the family, then the dual-stack one. */
static struct listener *find_owner(struct state_walk *walk, const struct endpoint *local) {
    struct listener *owner = find_on_device(walk, *local);
    struct endpoint any = {.port = local->port, .ifindex = local->ifindex, .family = ENDPOINT_IPV4};

    if (!owner && local->family == ENDPOINT_IPV4)
        owner = find_on_device(walk, any);
    any.family = ENDPOINT_IPV6;
    return owner ? owner : find_on_device(walk, any);
}

/*
 * The n-th time-out sets the timer to 2^n s, while a SYN that is repeated resends the SYN-ACK and sets it to
 * 2^n s again (tcp_minisocks.c tcp_check_req): a timer with more left than 2^(resends - 1) s proves that
 * every resend was its own. For a silent sender that is so half of the time, for a client that repeats its
 * SYN never.
 */
static bool by_timer_alone(const struct diag_socket *socket) {
    unsigned int resends = socket->retransmits;

    return resends >= RETRANSMITS_OLD && resends < 16 && socket->expires_msec > 1000U << (resends - 1);
}

/* The first SYN-ACK waits for a second. A timer with more left whose SYN-ACK was never sent again is that of
   a client that has acknowledged, and is waited for to send data (inet_connection_sock.c syn_ack_recalc). */
static bool is_deferred(const struct diag_socket *socket) {
    return socket->retransmits == 0 && socket->expires_msec > FIRST_TIMEOUT_MSEC;
}

static void count_half_open(struct state_walk *walk, const struct diag_socket *socket) {
    struct listener *owner = find_owner(walk, &socket->local);
    bool fresh = socket->retransmits == 0;
    bool repeated = socket->retransmits > walk->synack_retries;

    if (!owner)
        return;
    if (!walk->exact_queues) {
        owner->half_open++;
        owner->half_open_fresh += fresh;
    }
    owner->half_open_walked++;
    owner->half_open_deferred += is_deferred(socket);
    owner->half_open_old += socket->retransmits >= RETRANSMITS_OLD;
    owner->half_open_patient += by_timer_alone(socket);
    owner->half_open_repeated += repeated;
    half_open_sources_count(&owner->sources, &socket->remote);
}

/* Inode 0: no process holds the socket. It was closed, or not yet accepted. */
static void count_detail(struct walk_detail *detail, const struct diag_socket *socket, bool old_close_wait) {
    bool held = socket->inode != 0;

    switch (socket->state) {
    case STATE_SYN_RECV: /* without an owner it is a Fast Open child in the accept queue */
        detail->syn_recv_simultaneous += held;
        break;
    case STATE_SYN_SENT:
        detail->syn_sent_retransmitted += socket->retransmits > 0;
        break;
    case STATE_FIN_WAIT_1:
        detail->fin_wait_1_zero_window += socket->timer == TIMER_ZERO_WINDOW;
        detail->fin_wait_1_retransmitted += socket->timer == TIMER_RETRANSMIT && socket->retransmits > 0;
        detail->fin_wait_1_orphan += !held;
        break;
    case STATE_FIN_WAIT_2: /* not by timer 2: a held socket with keepalive shows it as well */
        detail->fin_wait_2_orphan += !held;
        detail->fin_wait_2_held += held;
        break;
    case STATE_CLOSE_WAIT:
        detail->close_wait_unaccepted += !held;
        detail->close_wait_old += old_close_wait;
        break;
    case STATE_LAST_ACK:
        detail->last_ack_retransmitted += socket->retransmits > 0;
        break;
    default:
        break;
    }
}

/* Since when at least: the peer's FIN came before its last acknowledgement, or with it. */
static uint64_t closed_since_usec(const struct state_walk *walk, const struct diag_socket *socket) {
    uint64_t silent_usec = socket->silent_msec * USEC_PER_MSEC;

    if (socket->silent_msec == UINT32_MAX || silent_usec >= walk->now_usec)
        return walk->now_usec;
    return walk->now_usec - silent_usec;
}

/* Files its age. @return whether it is old */
static bool count_close_wait(struct state_walk *walk, const struct diag_socket *socket, bool ruled) {
    uint64_t since_usec = closed_since_usec(walk, socket);
    bool seen = seen_before(walk, ruled, socket->cookie);

    close_wait_ages_count(&walk->ages[ruled], socket->cookie, socket->local.port, since_usec);
    if (!ruled)
        close_wait_median_count(&walk->median, socket->cookie, since_usec);
    return seen || walk->now_usec - since_usec >= CLOSE_WAIT_OLD_USEC;
}

bool state_walk_count(struct state_walk *walk, const struct diag_socket *socket) {
    size_t index = port_index(walk->port, walk->port_count, socket->local.port);
    struct port_figures *port = index < walk->port_count ? &walk->port[index] : NULL;
    bool ruled = port && port_is_ruled(port, socket->state);
    bool old_close_wait = socket->state == STATE_CLOSE_WAIT && count_close_wait(walk, socket, ruled);

    walk->state[socket->state]++;
    walk->full_sockets += !socket->request && !socket->minisocket;
    walk->detail.fin_wait_2_minisocket += socket->minisocket;
    if (port)
        port->state[socket->state]++;
    if (socket->request) {
        count_half_open(walk, socket);
        return true;
    }
    if (port)
        count_detail(&port->detail, socket, old_close_wait);
    if (!ruled)
        count_detail(&walk->detail, socket, old_close_wait);
    return !ruled;
}

static void note_silence(struct state_walk *walk) {
    for (size_t i = 0; i < walk->listener_count; i++) {
        struct listener *listener = &walk->listener[i];
        if (listener->half_open_old > 0 && listener->half_open_patient * 5 >= listener->half_open_old)
            listener->silent_usec = walk->now_usec;
    }
}

/* Without a slot of its own a CLOSE-WAIT socket is known since this walk, which is a bound like any other. */
static void bound_ages(struct state_walk *walk) {
    uint32_t of_host = walk->state[STATE_CLOSE_WAIT];

    for (size_t i = 0; i < walk->port_count; i++) {
        struct port_figures *port = &walk->port[i];
        if (port->state[STATE_CLOSE_WAIT] == 0)
            continue;
        port->detail.close_wait_since_usec = walk->now_usec;
        of_host -= port_is_ruled(port, STATE_CLOSE_WAIT) ? port->state[STATE_CLOSE_WAIT] : 0;
    }
    if (of_host > 0)
        walk->detail.close_wait_since_usec = walk->now_usec;
}

void state_walk_end(struct state_walk *walk) {
    bound_ages(walk);
    note_silence(walk);
    walk->close_wait_median_usec = close_wait_median_end(&walk->median, walk->now_usec);
    for (size_t i = 0; i < ARRAY_SIZE(walk->ages); i++) {
        close_wait_ages_end(&walk->ages[i]);
        close_wait_ages_publish(&walk->ages[i], &walk->detail, walk->port, walk->port_count);
    }
}

void state_walk_figures(const struct state_walk *walk, struct figure listening, struct sample *sample) {
    struct figure inuse = figure_add(sample->gauge[GAUGE_INUSE], sample->gauge[GAUGE_INUSE6]);
    struct figure full = walk ? FIGURE_OF(walk->full_sockets) : FIGURE_NONE;
    struct figure mini = walk ? FIGURE_OF(walk->detail.fin_wait_2_minisocket) : FIGURE_NONE;

    for (int state = 0; state < STATE_COUNT; state++)
        if (WALK_STATE_MASK & (1U << state))
            sample->state[state] = walk ? FIGURE_OF(walk->state[state]) : FIGURE_NONE;
    sample->state[STATE_LISTEN] = listening;
    sample->state[STATE_ESTABLISHED] = figure_subtract(inuse, figure_add(listening, full));
    sample->state[STATE_TIME_WAIT] = figure_subtract(sample->gauge[GAUGE_TIME_WAIT], mini);
    sample->state[STATE_CLOSED] = FIGURE_MISSING; /* the kernel does not count it */
}
