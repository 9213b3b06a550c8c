/* SPDX-License-Identifier: MIT */
/* The metrics of the sockets: states, the kernel's counters, the fullest listeners and destinations. */
#include <unistd.h>

#include "metrics_parts.h"
#include "threshold.h"

static void add_states(struct text *text, const struct sample *sample) {
    text_put_string(text,
                    METRIC_HEADER("tcp_sockets", "gauge", "TCP sockets of this network namespace by state."));
    for (int state = 1; state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            metric_add_labelled(text, "synwaitd_tcp_sockets{state=\"", tcp_state_name((enum tcp_state)state),
                                sample->state[state]);
    text_put_string(text, METRIC_HEADER("tcp_sockets_age_seconds", "gauge",
                                        "Age of each count in synwaitd_tcp_sockets."));
    for (int state = 1; state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            metric_add_labelled_seconds(text, "synwaitd_tcp_sockets_age_seconds{state=\"",
                                        tcp_state_name((enum tcp_state)state),
                                        view_state_age_usec(sample, (enum tcp_state)state));
}

static void add_counters(struct text *text, const struct sample *sample) {
    static const struct {
        enum counter counter;
        const char *metric;
    } shown[] = {
        {COUNTER_ACTIVE_OPENS, METRIC("active_opens_total", "counter", "Outgoing connection attempts.")},
        {COUNTER_PASSIVE_OPENS, METRIC("passive_opens_total", "counter", "Incoming connections opened.")},
        {COUNTER_SYNCOOKIES_SENT, METRIC("syncookies_sent_total", "counter", "SYN-ACKs sent with a cookie.")},
        {COUNTER_SYNCOOKIES_RECV, METRIC("syncookies_valid_total", "counter", "Valid cookies received.")},
        {COUNTER_LISTEN_OVERFLOWS,
         METRIC("listen_overflows_total", "counter", "Connections refused by a full accept queue.")},
        {COUNTER_LISTEN_DROPS,
         METRIC("listen_drops_total", "counter", "SYNs and ACKs dropped by listeners.")},
        {COUNTER_TIME_WAIT_OVERFLOW,
         METRIC("time_wait_overflows_total", "counter", "Connections closed without TIME-WAIT.")},
    };

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        metric_add(text, shown[i].metric, sample->counter[shown[i].counter]);
}

enum queue { HALF_OPEN, HALF_OPEN_LIMIT, ACCEPT_QUEUE, BACKLOG, QUEUE_COUNT };

static struct figure queue_figure(const struct sample *sample, const struct listener *listener,
                                  enum queue queue) {
    enum limit_source source;

    switch (queue) {
    case HALF_OPEN:
        return sample->half_open_usec ? FIGURE_OF(listener->half_open) : FIGURE_NONE;
    case HALF_OPEN_LIMIT:
        return syn_queue_limit(sample, listener, &source);
    case ACCEPT_QUEUE:
        return FIGURE_OF(listener->accept_queue);
    default:
        return FIGURE_OF(listener->backlog);
    }
}

static void add_listeners(struct text *text, const struct sample *sample) {
    static const struct {
        const char *header, *start;
    } shown[QUEUE_COUNT] = {
#define QUEUE(name, help) {METRIC_HEADER(name, "gauge", help), "synwaitd_" name "{local=\""}
        QUEUE("listener_half_open", "Half-open connections of the fullest listeners."),
        QUEUE("listener_half_open_limit",
              "Half-open connections at which the SYN queue of these listeners is full."),
        QUEUE("listener_accept_queue", "Connections waiting for accept() at the fullest listeners."),
        QUEUE("listener_backlog", "Connections at which the accept queue of these listeners is full."),
#undef QUEUE
    };
    const struct listener *fullest[VIEW_LISTENERS];
    char local[ENDPOINT_TEXT_SIZE];
    size_t count = view_fullest_listeners(sample, false, fullest);

    for (int queue = 0; queue < QUEUE_COUNT && count > 0; queue++) {
        text_put_string(text, shown[queue].header);
        for (size_t i = 0; i < count; i++) {
            endpoint_format(&fullest[i]->local, local);
            metric_add_labelled(text, shown[queue].start, local,
                                queue_figure(sample, fullest[i], (enum queue)queue));
        }
    }
    metric_add_seconds(text,
                       METRIC("half_open_age_seconds", "gauge", "Age of the half-open counts of listeners."),
                       view_age_usec(sample, sample->half_open_usec));
}

/* A destination is counted once for each local address. The first of them is the fullest; a second line with
   the same label would make the whole file invalid. */
static bool is_repeated(const struct sample *sample, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (endpoint_equal(&sample->destination[i].remote, &sample->destination[at].remote))
            return true;
    return false;
}

static void add_destinations(struct text *text, const struct sample *sample) {
    char remote[ENDPOINT_TEXT_SIZE];
    size_t shown = 0;

    metric_add_seconds(text,
                       METRIC("destinations_age_seconds", "gauge",
                              "Age of the count of ports by destination; absent before it is first needed."),
                       view_age_usec(sample, sample->destinations_usec));
    for (size_t i = 0; i < sample->destination_count && shown < METRICS_DESTINATIONS; i++) {
        if (is_repeated(sample, i))
            continue;
        if (shown++ == 0)
            text_put_string(text,
                            METRIC_HEADER("destination_ports_in_use", "gauge",
                                          "Ephemeral ports in use towards the fullest destinations, from the "
                                          "local address that has most; absent while few are in use."));
        endpoint_format(&sample->destination[i].remote, remote);
        metric_add_labelled(text, "synwaitd_destination_ports_in_use{destination=\"", remote,
                            FIGURE_OF(sample->destination[i].ports_in_use));
    }
}

static struct figure bytes_of(struct figure pages) {
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE); /* known since the start: no system call */

    if (!figure_known(pages))
        return pages;
    return FIGURE_OF(pages.value <= UINT64_MAX / page_bytes ? pages.value * page_bytes : UINT64_MAX);
}

/* Orphans and memory are counted for the whole host, whatever the namespace (net/ipv4/proc.c sockstat). */
static void add_limits(struct text *text, const struct sample *sample) {
    const struct knob_value *knob = sample->knob;
    const struct figure *gauge = sample->gauge;
    const struct {
        const char *metric;
        struct figure value;
    } shown[] = {
        {METRIC("local_ports", "gauge", "Ephemeral ports that connect() may use towards one destination."),
         sample_ephemeral_ports(sample)},
        {METRIC("time_wait_limit", "gauge", "Sockets that may be in TIME-WAIT, tcp_max_tw_buckets."),
         knob[KNOB_TCP_MAX_TW_BUCKETS].value},
        {METRIC("orphans", "gauge", "TCP sockets of the host that no process holds any more."),
         gauge[GAUGE_ORPHANS]},
        {METRIC("orphans_limit", "gauge",
                "Orphans at which the kernel destroys further ones, tcp_max_orphans."),
         knob[KNOB_TCP_MAX_ORPHANS].value},
        {METRIC("tcp_memory_bytes", "gauge", "Memory of the host's TCP sockets."),
         bytes_of(gauge[GAUGE_MEMORY_PAGES])},
        {METRIC("tcp_memory_limit_bytes", "gauge",
                "Memory that the TCP sockets of the host may take, the third number of tcp_mem."),
         bytes_of(knob[KNOB_TCP_MEM_MAX].value)},
        {METRIC("conntrack_entries", "gauge", "Entries in the table of connection tracking."),
         gauge[GAUGE_CONNTRACK]},
        {METRIC("conntrack_limit", "gauge",
                "Entries that the table of connection tracking takes, nf_conntrack_max."),
         knob[KNOB_CONNTRACK_MAX].value},
    };

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        metric_add(text, shown[i].metric, shown[i].value);
}

void metrics_add_sockets(struct text *text, const struct sample *sample) {
    add_states(text, sample);
    add_counters(text, sample);
    add_listeners(text, sample);
    add_destinations(text, sample);
    add_limits(text, sample);
}
