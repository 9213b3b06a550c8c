/* SPDX-License-Identifier: MIT */
#include "observe.h"

#include <stddef.h>

#define NEARLY_FULL 7500 /* permyriad */
#define ALL_TAKEN   9500

static uint32_t queue_length(const struct listener *listener, enum condition condition) {
    return condition == CONDITION_SYN_RECV ? listener->half_open : listener->accept_queue;
}

/* What a listener condition compares: its two numbers and their limit. */
static struct observation at_listener(const struct sample *sample, const struct listener *listener,
                                      enum condition condition) {
    struct observation seen = {
        .condition = condition,
        .scope = {.kind = SCOPE_LISTENER, .local = listener->local},
        .blamed = listener->local,
        .measured_usec = sample->taken_usec,
    };

    if (condition == CONDITION_SYN_RECV) {
        seen.value = FIGURE_OF(listener->half_open);
        seen.limit = syn_queue_limit(sample, listener, &seen.limit_source);
        seen.measured_usec = sample->half_open_usec;
        seen.drops_when_full = syncookies_are_off(sample);
        return seen;
    }
    seen.value = FIGURE_OF(listener->accept_queue);
    seen.limit = FIGURE_OF(listener->backlog);
    seen.limit_source = accept_queue_limit_source(sample, listener);
    return seen;
}

static void observe_listeners(const struct sample *sample, enum condition condition,
                              observe_callback callback, void *context) {
    if (!observe_is_readable(sample, condition))
        return;
    for (size_t i = 0; i < sample->listener_count; i++) {
        if (queue_length(&sample->listener[i], condition) == 0)
            continue; /* as nearly all are */
        struct observation seen = at_listener(sample, &sample->listener[i], condition);
        callback(&seen, context);
    }
}

/* The listener that an overflow is laid to: the one whose queue is fullest, if it is nearly full. A queue
   that overflows in peaks may be empty when looked at; then nobody is blamed rather than somebody else. */
static struct endpoint fullest_listener(const struct sample *sample, enum condition condition) {
    struct endpoint fullest = {0};
    uint32_t most = NEARLY_FULL - 1;

    if (!observe_is_readable(sample, condition))
        return fullest;
    for (size_t i = 0; i < sample->listener_count; i++) {
        if (queue_length(&sample->listener[i], condition) == 0)
            continue;
        struct observation seen = at_listener(sample, &sample->listener[i], condition);
        uint32_t ratio = permyriad_of(seen.value.value, figure_or(seen.limit, 0));
        if (ratio > most) {
            most = ratio;
            fullest = seen.scope.local;
        }
    }
    return fullest;
}

struct figure observe_syn_overflow(const struct sample *sample) {
    const struct figure *increase = sample->increase;
    struct figure mode = sample->knob[KNOB_TCP_SYNCOOKIES].value;
    struct figure full =
        figure_add(increase[COUNTER_REQ_QUEUE_FULL_COOKIES], increase[COUNTER_REQ_QUEUE_FULL_DROP]);

    /* With 2 every SYN gets a cookie and the kernel counts each as "queue full"; what does not come back is
       the excess. */
    if (figure_known(mode) && mode.value == 2)
        full = figure_subtract(increase[COUNTER_SYNCOOKIES_SENT], increase[COUNTER_SYNCOOKIES_RECV]);
    /* The 3/4 rule moves ListenDrops alone; of these the accept-queue drops are ListenOverflows. */
    if (syncookies_are_off(sample)) {
        struct figure dropped =
            figure_subtract(increase[COUNTER_LISTEN_DROPS], increase[COUNTER_LISTEN_OVERFLOWS]);
        if (figure_known(full) && figure_known(dropped) && dropped.value > full.value)
            full = dropped;
    }
    return figure_per_second(full, sample->span_usec);
}

/* An overflow has no limit of its own; the admin wants to know the one it ran over. */
static void blame(struct observation *seen, const struct sample *sample, enum condition queue) {
    seen->blamed = fullest_listener(sample, queue);
    const struct listener *listener = sample_find_listener(sample, &seen->blamed);
    if (!listener)
        return;
    struct observation full = at_listener(sample, listener, queue);
    seen->limit = full.limit;
    seen->limit_source = full.limit_source;
}

static struct observation host_rate(const struct sample *sample, enum condition condition) {
    struct observation seen = {.condition = condition, .measured_usec = sample->taken_usec};

    switch (condition) {
    case CONDITION_SYN_OVERFLOW:
        seen.value = observe_syn_overflow(sample);
        blame(&seen, sample, CONDITION_SYN_RECV);
        break;
    case CONDITION_ACCEPT_OVERFLOW:
        seen.value = sample_rate(sample, COUNTER_LISTEN_OVERFLOWS);
        blame(&seen, sample, CONDITION_ACCEPT_QUEUE);
        break;
    default:
        seen.value = sample_rate(sample, COUNTER_TIME_WAIT_OVERFLOW);
        seen.limit = sample->knob[KNOB_TCP_MAX_TW_BUCKETS].value;
        seen.limit_source = LIMIT_MAX_TW_BUCKETS;
    }
    return seen;
}

static struct observation host_gauge(const struct sample *sample, enum condition condition) {
    struct observation seen = {.condition = condition, .measured_usec = sample->taken_usec};

    switch (condition) {
    case CONDITION_ORPHANS:
        seen.value = sample->gauge[GAUGE_ORPHANS];
        seen.limit = sample->knob[KNOB_TCP_MAX_ORPHANS].value;
        seen.limit_source = LIMIT_MAX_ORPHANS;
        break;
    case CONDITION_TCP_MEMORY:
        seen.value = sample->gauge[GAUGE_MEMORY_PAGES];
        seen.limit = sample->knob[KNOB_TCP_MEM_MAX].value;
        seen.limit_source = LIMIT_TCP_MEM;
        break;
    case CONDITION_CONNTRACK:
        seen.value = sample->gauge[GAUGE_CONNTRACK];
        seen.limit = sample->knob[KNOB_CONNTRACK_MAX].value;
        seen.limit_source = LIMIT_CONNTRACK_MAX;
        break;
    default: /* orphaned FIN-WAIT-2 takes a place as well (inet_timewait_sock.c inet_twsk_alloc) */
        seen.value =
            figure_add(sample->state[STATE_TIME_WAIT], FIGURE_OF(sample->detail.fin_wait_2_minisocket));
        seen.limit = sample->knob[KNOB_TCP_MAX_TW_BUCKETS].value;
        seen.limit_source = LIMIT_MAX_TW_BUCKETS;
    }
    return seen;
}

static bool counted_by_walk(enum tcp_state state) {
    return state != STATE_ESTABLISHED && state != STATE_TIME_WAIT && state != STATE_LISTEN;
}

/* A state over the whole host, less the ports that have a rule of their own, and then each of those. */
static void observe_state(const struct config *config, const struct sample *sample, enum condition condition,
                          observe_callback callback, void *context) {
    enum tcp_state state = condition_info(condition)->state;
    struct observation host = {
        .condition = condition,
        .value = sample->state[state],
        .measured_usec = counted_by_walk(state) ? sample->walked_usec : sample->taken_usec,
    };

    for (size_t i = 0; i < config->port_count; i++) {
        if (!config->port[i].overrides[condition])
            continue;
        const struct port_figures *port = sample_find_port(sample, config->port[i].port);
        struct observation own = host;
        own.scope = (struct scope){.kind = SCOPE_PORT, .local = {.port = config->port[i].port}};
        own.value = sample->state[state];
        if (figure_known(own.value))
            own.value.value = port ? port->state[state] : 0;
        host.value = figure_subtract(host.value, own.value);
        callback(&own, context);
    }
    /* In a simultaneous open the SYN that comes turns our SYN-SENT into SYN-RECV: still our own attempt. */
    if (condition == CONDITION_SYN_SENT && figure_known(host.value))
        host.value.value += sample->detail.syn_recv_simultaneous;
    callback(&host, context);
}

/*
 * Ports that connect() cannot have. With tcp_tw_reuse those in TIME-WAIT are free after a second, but only if
 * the old connection had timestamps, which the peer decides and nobody tells: near the limit they count as
 * free only while the kernel is seen to reuse some.
 */
static uint64_t ports_taken(const struct sample *sample, const struct destination *destination,
                            struct figure limit) {
    uint64_t taken = destination->ports_in_use - destination->error;
    bool reuse_is_seen = figure_or(sample->recent_increase[COUNTER_TIME_WAIT_RECYCLED], 0) > 0;

    if (!time_wait_is_reused(sample, &destination->remote))
        return taken;
    if (!reuse_is_seen && permyriad_of(taken, figure_or(limit, 0)) >= ALL_TAKEN)
        return taken;
    return taken > destination->reusable ? taken - destination->reusable : 0;
}

static struct observation of_ports(const struct sample *sample) {
    bool reserved = figure_or(sample->knob[KNOB_PORTS_RESERVED].value, 0) > 0;

    return (struct observation){
        .condition = CONDITION_PORTS,
        .scope.kind = SCOPE_DESTINATION,
        .limit = sample_ephemeral_ports(sample),
        .limit_source = reserved ? LIMIT_PORTS_NOT_RESERVED : LIMIT_PORT_RANGE,
        .measured_usec = sample->destinations_usec,
    };
}

static bool has_main_destination(const struct sample *sample, const struct source_ports *source) {
    for (size_t i = 0; i < sample->destination_count; i++) {
        const struct destination *destination = &sample->destination[i];
        if (endpoint_equal(&destination->local, &source->local) &&
            (uint64_t)destination->ports_in_use * 2 > source->ports)
            return true;
    }
    return false;
}

/* Ports that were bound: the next bind() fails when the range is used up, whatever the destination. */
static void observe_source_ports(const struct sample *sample, observe_callback callback, void *context) {
    for (size_t i = 0; i < sample->source_ports_count; i++) {
        const struct source_ports *source = &sample->source_ports[i];
        if (!source_ports_are_bound(source) || has_main_destination(sample, source))
            continue;
        struct observation seen = of_ports(sample);
        seen.scope.local = source->local;
        seen.value = FIGURE_OF(source->ports);
        callback(&seen, context);
    }
}

static void observe_ports(const struct sample *sample, observe_callback callback, void *context) {
    if (!observe_is_readable(sample, CONDITION_PORTS))
        return;
    for (size_t i = 0; i < sample->destination_count; i++) {
        const struct destination *destination = &sample->destination[i];
        struct observation seen = of_ports(sample);
        seen.scope.local = destination->local;
        seen.scope.remote = destination->remote;
        seen.value = FIGURE_OF(ports_taken(sample, destination, seen.limit));
        callback(&seen, context);
    }
    observe_source_ports(sample, callback, context);
}

void observe(const struct config *config, const struct sample *sample, enum condition condition,
             observe_callback callback, void *context) {
    struct observation seen;

    switch (condition) {
    case CONDITION_SYN_RECV:
    case CONDITION_ACCEPT_QUEUE:
        observe_listeners(sample, condition, callback, context);
        return;
    case CONDITION_PORTS:
        observe_ports(sample, callback, context);
        return;
    case CONDITION_SYN_OVERFLOW:
    case CONDITION_ACCEPT_OVERFLOW:
    case CONDITION_TIME_WAIT_OVERFLOW:
        seen = host_rate(sample, condition);
        callback(&seen, context);
        return;
    case CONDITION_TIME_WAIT:
    case CONDITION_ORPHANS:
    case CONDITION_TCP_MEMORY:
    case CONDITION_CONNTRACK:
        seen = host_gauge(sample, condition);
        callback(&seen, context);
        return;
    default:
        observe_state(config, sample, condition, callback, context);
    }
}

bool observe_is_readable(const struct sample *sample, enum condition condition) {
    switch (condition) {
    case CONDITION_SYN_RECV:
        return sample->listeners_known && figure_known(sample->state[STATE_SYN_RECV]);
    case CONDITION_ACCEPT_QUEUE:
        return sample->listeners_known;
    case CONDITION_PORTS:
        return sample->source[SOURCE_DESTINATIONS].failed_ticks == 0;
    default:
        return true;
    }
}

/* The listener's queue was found empty when half-opens were counted, the destination when ports were. */
static uint64_t unnamed_measured_usec(const struct sample *sample, const struct observation *seen) {
    if (seen->condition == CONDITION_SYN_RECV && sample_find_listener(sample, &seen->scope.local))
        return sample->half_open_usec;
    if (seen->condition == CONDITION_PORTS && sample->destinations_usec != 0)
        return sample->destinations_usec;
    return sample->taken_usec;
}

/* With the list full, a destination that is not in it has at most as many ports as the last one. */
static uint64_t most_unnamed(const struct sample *sample, const struct scope *scope) {
    bool may_be_left_out =
        scope->remote.family != ENDPOINT_NONE && sample->destination_count == DESTINATIONS_MAX;

    return may_be_left_out ? sample->destination[DESTINATIONS_MAX - 1].ports_in_use : 0;
}

void observe_unnamed(const struct sample *sample, struct observation *seen) {
    seen->value = observe_is_readable(sample, seen->condition) ? FIGURE_OF(most_unnamed(sample, &seen->scope))
                                                               : FIGURE_NONE;
    seen->at_most = true;
    seen->measured_usec = unnamed_measured_usec(sample, seen);
}
