/* SPDX-License-Identifier: MIT */
/* The advice table. A row is given only when it would change something and its preconditions hold. */
#include "advice.h"

#include "threshold.h"

#define CAUSES(...)      ((const enum cause[]){__VA_ARGS__, CAUSE_NONE})
#define HIGHEST_PORT     65535
#define LOWEST_PORT      1024       /* below it ports are privileged: ip_unprivileged_port_start */
#define HIGHEST_INT      2147483647 /* what a sysctl of type int holds */
#define FEWEST_TIME_WAIT 4096

static bool knob_is(const struct advice_context *context, enum knob knob, uint64_t value) {
    struct figure figure = context->sample->knob[knob].value;

    return figure_known(figure) && figure.value == value;
}

static bool always(const struct advice_context *context) {
    (void)context;
    return true;
}

static uint64_t one(const struct advice_context *context, uint64_t current) {
    (void)context;
    (void)current;
    return 1;
}

/* Of 0 nothing: nf_conntrack_max is then no limit. */
static uint64_t twice(const struct advice_context *context, uint64_t current) {
    (void)context;
    if (current > HIGHEST_INT / 2)
        return current > HIGHEST_INT ? current : HIGHEST_INT;
    return current * 2;
}

/* As much as the evidence asks for, at least double; 0 means that no connection gets a TIME-WAIT at all. */
static uint64_t more_time_wait(const struct advice_context *context, uint64_t current) {
    uint64_t wanted =
        power_of_two_from(context->demand > FEWEST_TIME_WAIT ? context->demand : FEWEST_TIME_WAIT);

    if (current > 0 && wanted < twice(context, current))
        return twice(context, current);
    return wanted < HIGHEST_INT ? wanted : HIGHEST_INT;
}

/* Any other value than 0 meant the same before 5ad37d5deee1 in 3.12. */
static bool cookies_are_forced(const struct advice_context *context) {
    return knob_is(context, KNOB_TCP_SYNCOOKIES, 2) && kernel_at_least(context->sample->kernel, 3, 12);
}

static bool cookies_are_off(const struct advice_context *context) {
    return knob_is(context, KNOB_TCP_SYNCOOKIES, 0);
}

/* Also when the backlog that the application is told to ask for would be cut. While cookies are forced or the
   3/4 rule binds, the queue's length is not what turns clients away. */
static bool somaxconn_binds(const struct advice_context *context) {
    struct figure somaxconn = context->sample->knob[KNOB_SOMAXCONN].value;
    enum limit_source source = LIMIT_NONE;

    if (!context->listener)
        return false;
    if (context->cause == CAUSE_ACCEPT_BURST) {
        source = accept_queue_limit_source(context->sample, context->listener);
    } else {
        syn_queue_limit(context->sample, context->listener, &source);
        if (source == LIMIT_THREE_QUARTER_RULE || cookies_are_forced(context))
            return false;
    }
    return source == LIMIT_SOMAXCONN || context->demand > somaxconn.value;
}

/* As much as the evidence asks for, at least double; sk_max_ack_backlog has been 16 bits wide. */
static uint64_t enough_backlog(const struct advice_context *context, uint64_t current) {
    uint64_t wanted = context->demand > current * 2 ? context->demand : current * 2;

    wanted = power_of_two_from(wanted);
    if (wanted > HIGHEST_PORT)
        wanted = HIGHEST_PORT;
    return wanted > current ? wanted : current;
}

/* Before 4.4 it is one of three bounds on the queue (reqsk_queue_alloc): more than one may have to grow. */
static bool max_syn_backlog_sizes_the_queue(const struct advice_context *context) {
    struct figure max_syn = context->sample->knob[KNOB_TCP_MAX_SYN_BACKLOG].value;
    enum limit_source source = LIMIT_NONE;

    if (!context->listener || cookies_are_forced(context))
        return false;
    syn_queue_limit(context->sample, context->listener, &source);
    if (source == LIMIT_MAX_SYN_BACKLOG)
        return true;
    /* A longer backlog in force and yet not MAX_SYN_BACKLOG: the kernel was seen not to heed it. */
    return source != LIMIT_THREE_QUARTER_RULE && context->listener->backlog <= max_syn.value &&
           context->demand > max_syn.value;
}

/* Timestamps tell old segments from new ones; with 2 the kernel already does it for loopback addresses. */
static bool time_wait_can_be_reused(const struct advice_context *context) {
    struct figure timestamps = context->sample->knob[KNOB_TCP_TIMESTAMPS].value;

    return figure_known(timestamps) && timestamps.value != 0 &&
           !(context->remote && time_wait_is_reused(context->sample, context->remote));
}

static bool timestamps_are_off(const struct advice_context *context) {
    return knob_is(context, KNOB_TCP_TIMESTAMPS, 0);
}

static bool port_range_can_grow(const struct advice_context *context) {
    struct figure low = context->sample->knob[KNOB_PORT_RANGE_LOW].value;
    struct figure high = context->sample->knob[KNOB_PORT_RANGE_HIGH].value;

    return figure_known(low) && figure_known(high) && low.value <= high.value &&
           high.value - low.value < HIGHEST_PORT - LOWEST_PORT;
}

/* An even low bound with the odd 65535: bounds of the same parity make connect() prefer one half unevenly,
 * and the kernel logs a warning. */
static uint64_t wider_low_bound(const struct advice_context *context, uint64_t current) {
    bool reaches_top = knob_is(context, KNOB_PORT_RANGE_HIGH, HIGHEST_PORT);

    if (current > 10000)
        return 10000;
    return reaches_top || current < LOWEST_PORT ? LOWEST_PORT : current & ~1ULL;
}

static uint64_t shorter_fin_timeout(const struct advice_context *context, uint64_t current) {
    (void)context;
    return current > 30 ? 30 : current > 15 ? 15 : current;
}

static const struct advice_row table[] = {
    {
        .knob = KNOB_TCP_SYNCOOKIES,
        .effect = "a full SYN queue goes on answering real clients",
        .side_effect = "clients without TCP timestamps get no window scaling or SACK while it is full",
        .causes = CAUSES(CAUSE_SPOOFED_FLOOD, CAUSE_ONE_SOURCE_FLOOD, CAUSE_SPOOFED_ALIVE_FLOOD, CAUSE_BURST,
                         CAUSE_DEFER_ACCEPT, CAUSE_HALF_OPEN_UNCLEAR),
        .holds = cookies_are_off,
        .recommend = one,
        .scope = ADVICE_NAMESPACE,
    },
    {
        .knob = KNOB_TCP_SYNCOOKIES,
        .effect = "cookies only once the queue is full; 2 is for tests and sends every client one",
        .side_effect = "none",
        .causes = CAUSES(CAUSE_SPOOFED_FLOOD, CAUSE_ONE_SOURCE_FLOOD, CAUSE_SPOOFED_ALIVE_FLOOD, CAUSE_BURST,
                         CAUSE_HALF_OPEN_UNCLEAR),
        .holds = cookies_are_forced,
        .recommend = one,
        .scope = ADVICE_NAMESPACE,
    },
    {
        .knob = KNOB_SOMAXCONN,
        .effect = "lifts the cap on listen() backlogs; helps once the application asks for more",
        .side_effect = "more connections may wait in the kernel",
        .causes = CAUSES(CAUSE_BURST, CAUSE_ACCEPT_BURST, CAUSE_DEFER_ACCEPT),
        .holds = somaxconn_binds,
        .recommend = enough_backlog,
        .scope = ADVICE_NAMESPACE,
    },
    {
        .knob = KNOB_TCP_MAX_SYN_BACKLOG,
        .effect = "lets SYN queues be this long on this kernel, once the application calls listen() again",
        .side_effect = "more kernel memory while they wait",
        .causes = CAUSES(CAUSE_BURST, CAUSE_DEFER_ACCEPT),
        .holds = max_syn_backlog_sizes_the_queue,
        .recommend = enough_backlog,
        .scope = ADVICE_NAMESPACE,
        .until = {4, 3},
    },
    {
        .knob = KNOB_TCP_TIMESTAMPS,
        .effect = "lets tcp_tw_reuse tell old segments from new ones",
        .side_effect = "12 bytes in each segment",
        .causes = CAUSES(CAUSE_PORTS_TIME_WAIT),
        .holds = timestamps_are_off,
        .recommend = one,
        .scope = ADVICE_NAMESPACE,
    },
    {
        .knob = KNOB_TCP_TW_REUSE,
        .effect = "connect() takes over a port whose TIME-WAIT is older than a second",
        .side_effect = "relies on timestamps at both ends",
        .causes = CAUSES(CAUSE_PORTS_TIME_WAIT),
        .holds = time_wait_can_be_reused,
        .recommend = one,
        .scope = ADVICE_NAMESPACE,
    },
    {
        .knob = KNOB_PORT_RANGE_LOW,
        .effect = "more local ports for each destination",
        .side_effect = "put the ports of your own services in net.ipv4.ip_local_reserved_ports first",
        .causes = CAUSES(CAUSE_PORTS_TIME_WAIT, CAUSE_PORTS_LIVE, CAUSE_PORTS_BOUND_FIRST),
        .holds = port_range_can_grow,
        .recommend = wider_low_bound,
        .scope = ADVICE_NAMESPACE,
    },
    {
        .knob = KNOB_TCP_FIN_TIMEOUT,
        .effect = "orphaned FIN-WAIT-2 sockets end sooner",
        .side_effect = "a peer that closes later than that gets a reset",
        .causes = CAUSES(CAUSE_FIN_WAIT_2_ORPHANED),
        .holds = always,
        .recommend = shorter_fin_timeout,
        .scope = ADVICE_NAMESPACE,
    },
    {
        .knob = KNOB_TCP_MAX_TW_BUCKETS,
        .effect = "more connections may end with their TIME-WAIT",
        .side_effect = "each takes some hundred bytes of kernel memory",
        .causes = CAUSES(CAUSE_TW_BUCKETS_FULL, CAUSE_TIME_WAIT_INBOUND, CAUSE_TIME_WAIT_OUTBOUND,
                         CAUSE_TIME_WAIT_UNCLEAR),
        .holds = always,
        .recommend = more_time_wait,
        .scope = ADVICE_NAMESPACE,
    },
    {
        .knob = KNOB_CONNTRACK_MAX,
        .effect = "more connections can be tracked",
        .side_effect = "more kernel memory; raise net.netfilter.nf_conntrack_buckets with it",
        .causes = CAUSES(CAUSE_CONNTRACK_TABLE),
        .holds = always,
        .recommend = twice,
        .scope = ADVICE_HOST,
    },
};

static bool helps(const struct advice_row *row, enum cause cause) {
    for (const enum cause *helped = row->causes; *helped != CAUSE_NONE; helped++)
        if (*helped == cause)
            return true;
    return false;
}

static bool kernel_has(const struct advice_row *row, struct kernel_version kernel) {
    if (!kernel_at_least(kernel, row->since.major, row->since.minor))
        return false;
    return row->until.major == 0 || !kernel_at_least(kernel, row->until.major, row->until.minor + 1);
}

static bool apply(const struct advice_row *row, const struct advice_context *context, struct advice *advice) {
    const struct knob_value *knob = &context->sample->knob[row->knob];

    if (!helps(row, context->cause) || !kernel_has(row, context->sample->kernel))
        return false;
    if (!figure_known(knob->value) || !knob->writable || !row->holds(context))
        return false;
    *advice = (struct advice){
        .row = row,
        .current = knob->value.value,
        .recommended = row->recommend(context, knob->value.value),
    };
    if (row->knob == KNOB_PORT_RANGE_LOW) {
        advice->current_high = context->sample->knob[KNOB_PORT_RANGE_HIGH].value.value;
        advice->recommended_high = HIGHEST_PORT;
    }
    return advice->recommended != advice->current || advice->recommended_high != advice->current_high;
}

size_t advise(const struct advice_context *context, struct advice advice[ADVICE_MAX]) {
    size_t count = 0;

    for (size_t i = 0; i < sizeof table / sizeof table[0] && count < ADVICE_MAX; i++)
        if (apply(&table[i], context, &advice[count]))
            count++;
    return count;
}

const struct advice_row *advice_table(size_t *count) {
    *count = sizeof table / sizeof table[0];
    return table;
}
