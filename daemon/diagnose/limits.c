/* SPDX-License-Identifier: MIT */
/* Which limit binds, on this kernel with these sysctls. */
#include <stddef.h>

#include "threshold.h"

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t members_of(const struct listener *listener) {
    return listener->members ? listener->members : 1;
}

enum limit_source accept_queue_limit_source(const struct sample *sample, const struct listener *listener) {
    struct figure somaxconn = sample->knob[KNOB_SOMAXCONN].value;

    /* An application that asked for exactly somaxconn looks the same; both then have to grow. */
    if (figure_known(somaxconn) && listener->backlog >= somaxconn.value)
        return LIMIT_SOMAXCONN;
    return LIMIT_LISTEN_BACKLOG;
}

/* Before 4.4 the queue was sized at listen() (reqsk_queue_alloc). */
static struct figure old_syn_queue_limit(const struct sample *sample, const struct listener *listener,
                                         enum limit_source *source) {
    struct figure max_syn = sample->knob[KNOB_TCP_MAX_SYN_BACKLOG].value;

    if (!figure_known(max_syn))
        return FIGURE_NONE;
    uint64_t wish = smaller(listener->backlog, max_syn.value);
    uint64_t limit = power_of_two_from((wish > 8 ? wish : 8) + 1);
    /* More are there than fit by the old rule: a distribution's kernel with the new one. */
    if (listener->backlog > limit && listener->half_open > limit * members_of(listener))
        return FIGURE_OF(listener->backlog);
    if (max_syn.value < listener->backlog)
        *source = LIMIT_MAX_SYN_BACKLOG;
    return FIGURE_OF(limit);
}

bool syncookies_are_off(const struct sample *sample) {
    struct figure cookies = sample->knob[KNOB_TCP_SYNCOOKIES].value;

    return cookies.status == FIGURE_ABSENT || (figure_known(cookies) && cookies.value == 0);
}

/* tcp_conn_request(), tcp_v4_conn_request() before it: with syncookies 0 a stranger is dropped once less than
   a quarter of tcp_max_syn_backlog is left. A kernel without cookies has no file and the value 1. */
static uint64_t with_cookies_off(const struct sample *sample, uint64_t limit, enum limit_source *source) {
    struct figure cookies = sample->knob[KNOB_TCP_SYNCOOKIES].value;
    struct figure max_syn = sample->knob[KNOB_TCP_MAX_SYN_BACKLOG].value;

    if (!figure_known(cookies) || cookies.value != 0 || !figure_known(max_syn) ||
        max_syn.value - max_syn.value / 4 >= limit)
        return limit;
    *source = LIMIT_THREE_QUARTER_RULE;
    return max_syn.value - max_syn.value / 4;
}

struct figure syn_queue_limit(const struct sample *sample, const struct listener *listener,
                              enum limit_source *source) {
    struct figure limit = FIGURE_OF(listener->backlog);

    *source = accept_queue_limit_source(sample, listener);
    if (!kernel_at_least(sample->kernel, 4, 4))
        limit = old_syn_queue_limit(sample, listener, source);
    if (!figure_known(limit))
        return limit;
    return FIGURE_OF(with_cookies_off(sample, limit.value, source) * members_of(listener));
}

bool time_wait_is_reused(const struct sample *sample, const struct endpoint *remote) {
    struct figure reuse = sample->knob[KNOB_TCP_TW_REUSE].value;
    struct figure timestamps = sample->knob[KNOB_TCP_TIMESTAMPS].value;

    if (!figure_known(reuse) || !figure_known(timestamps) || timestamps.value == 0)
        return false;
    return reuse.value == 1 || (reuse.value == 2 && endpoint_is_loopback(remote));
}

const char *limit_source_name(enum limit_source source) {
    static const char *const name[] = {
        [LIMIT_LISTEN_BACKLOG] = "listen() backlog",
        [LIMIT_SOMAXCONN] = "net.core.somaxconn",
        [LIMIT_THREE_QUARTER_RULE] = "3/4 of net.ipv4.tcp_max_syn_backlog, syncookies off",
        [LIMIT_MAX_SYN_BACKLOG] = "net.ipv4.tcp_max_syn_backlog",
        [LIMIT_MAX_TW_BUCKETS] = "net.ipv4.tcp_max_tw_buckets",
        [LIMIT_PORT_RANGE] = "net.ipv4.ip_local_port_range",
        [LIMIT_PORTS_NOT_RESERVED] = "net.ipv4.ip_local_port_range less net.ipv4.ip_local_reserved_ports",
        [LIMIT_MAX_ORPHANS] = "net.ipv4.tcp_max_orphans",
        [LIMIT_TCP_MEM] = "net.ipv4.tcp_mem",
        [LIMIT_CONNTRACK_MAX] = "net.netfilter.nf_conntrack_max",
    };

    return name[source];
}
