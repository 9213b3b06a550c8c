/* SPDX-License-Identifier: MIT */
#include "sample.h"

static const char *const knob_names[KNOB_COUNT] = {
    [KNOB_SOMAXCONN] = "net.core.somaxconn",
    [KNOB_TCP_SYNCOOKIES] = "net.ipv4.tcp_syncookies",
    [KNOB_TCP_MAX_SYN_BACKLOG] = "net.ipv4.tcp_max_syn_backlog",
    [KNOB_TCP_SYNACK_RETRIES] = "net.ipv4.tcp_synack_retries",
    [KNOB_TCP_SYN_RETRIES] = "net.ipv4.tcp_syn_retries",
    [KNOB_TCP_ABORT_ON_OVERFLOW] = "net.ipv4.tcp_abort_on_overflow",
    [KNOB_TCP_TW_REUSE] = "net.ipv4.tcp_tw_reuse",
    [KNOB_TCP_TW_REUSE_DELAY] = "net.ipv4.tcp_tw_reuse_delay",
    [KNOB_TCP_TW_RECYCLE] = "net.ipv4.tcp_tw_recycle",
    [KNOB_TCP_FIN_TIMEOUT] = "net.ipv4.tcp_fin_timeout",
    [KNOB_TCP_MAX_TW_BUCKETS] = "net.ipv4.tcp_max_tw_buckets",
    [KNOB_TCP_TIMESTAMPS] = "net.ipv4.tcp_timestamps",
    [KNOB_TCP_RFC1337] = "net.ipv4.tcp_rfc1337",
    [KNOB_PORT_RANGE_LOW] = "net.ipv4.ip_local_port_range",
    [KNOB_PORT_RANGE_HIGH] = "net.ipv4.ip_local_port_range",
    [KNOB_PORTS_RESERVED] = "net.ipv4.ip_local_reserved_ports",
    [KNOB_TCP_MAX_ORPHANS] = "net.ipv4.tcp_max_orphans",
    [KNOB_TCP_ORPHAN_RETRIES] = "net.ipv4.tcp_orphan_retries",
    [KNOB_TCP_RETRIES2] = "net.ipv4.tcp_retries2",
    [KNOB_TCP_KEEPALIVE_TIME] = "net.ipv4.tcp_keepalive_time",
    [KNOB_TCP_KEEPALIVE_INTVL] = "net.ipv4.tcp_keepalive_intvl",
    [KNOB_TCP_KEEPALIVE_PROBES] = "net.ipv4.tcp_keepalive_probes",
    [KNOB_TCP_MEM_LOW] = "net.ipv4.tcp_mem",
    [KNOB_TCP_MEM_PRESSURE] = "net.ipv4.tcp_mem",
    [KNOB_TCP_MEM_MAX] = "net.ipv4.tcp_mem",
    [KNOB_NETDEV_MAX_BACKLOG] = "net.core.netdev_max_backlog",
    [KNOB_TCP_EHASH_ENTRIES] = "net.ipv4.tcp_ehash_entries",
    [KNOB_CONNTRACK_MAX] = "net.netfilter.nf_conntrack_max",
};

static const char *const source_names[SOURCE_COUNT] = {
    [SOURCE_SOCKSTAT] = "/proc/net/sockstat",
    [SOURCE_SOCKSTAT6] = "/proc/net/sockstat6",
    [SOURCE_SNMP] = "/proc/net/snmp",
    [SOURCE_NETSTAT] = "/proc/net/netstat",
    [SOURCE_LISTENERS] = "sock_diag (listeners)",
    [SOURCE_WALK] = "sock_diag (states)",
    [SOURCE_DESTINATIONS] = "sock_diag (destinations)",
    [SOURCE_SYSCTL] = "/proc/sys/net",
};

uint64_t sample_age_usec(const struct sample *sample, uint64_t measured_usec) {
    return sample->taken_usec > measured_usec ? sample->taken_usec - measured_usec : 0;
}

struct figure sample_rate(const struct sample *sample, enum counter counter) {
    return figure_per_second(sample->increase[counter], sample->span_usec);
}

struct figure sample_ephemeral_ports(const struct sample *sample) {
    struct figure low = sample->knob[KNOB_PORT_RANGE_LOW].value;
    struct figure high = sample->knob[KNOB_PORT_RANGE_HIGH].value;
    struct figure reserved = sample->knob[KNOB_PORTS_RESERVED].value;

    if (!figure_known(low) || !figure_known(high) || high.value < low.value)
        return FIGURE_NONE;
    struct figure range = FIGURE_OF(high.value - low.value + 1);
    if (reserved.status == FIGURE_ABSENT)
        return range;
    return figure_subtract(range, reserved);
}

bool port_map_has(const uint64_t map[65536 / 64], uint16_t port) {
    return (map[port / 64] >> (port % 64)) & 1;
}

bool source_ports_are_bound(const struct source_ports *source) {
    return source->sockets - source->ports <= source->sockets / 50;
}

/* With z of m bits still 0, the expected number of sources is m (1/(z+1) + ... + 1/m): the coupon collector's
   sum, which needs no logarithm. */
uint32_t half_open_source_count(const struct half_open_sources *sources) {
    uint32_t zeros = SOURCE_BITS, thousandths = 0;

    for (size_t i = 0; i < SOURCE_BITS / 64; i++)
        for (uint64_t bits = sources->seen[i]; bits != 0; bits &= bits - 1)
            zeros--;
    for (uint32_t k = zeros + 1; k <= SOURCE_BITS; k++)
        thousandths += SOURCE_BITS * 1000 / k;
    return (thousandths + 500) / 1000;
}

size_t listener_index(const struct listener *listener, size_t count, const struct endpoint *local) {
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = endpoint_compare(local, &listener[middle].local);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return count;
}

size_t port_index(const struct port_figures *port, size_t count, uint16_t number) {
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (port[middle].port == number)
            return middle;
        if (number < port[middle].port)
            high = middle;
        else
            low = middle + 1;
    }
    return count;
}

bool port_is_ruled(const struct port_figures *port, enum tcp_state state) {
    return (port->ruled_states >> state) & 1;
}

const struct listener *sample_find_listener(const struct sample *sample, const struct endpoint *local) {
    size_t index = listener_index(sample->listener, sample->listener_count, local);

    return index < sample->listener_count ? &sample->listener[index] : NULL;
}

const struct port_figures *sample_find_port(const struct sample *sample, uint16_t port) {
    size_t index = port_index(sample->port, sample->port_count, port);

    return index < sample->port_count ? &sample->port[index] : NULL;
}

bool kernel_at_least(struct kernel_version kernel, uint32_t major, uint32_t minor) {
    return kernel.major > major || (kernel.major == major && kernel.minor >= minor);
}

const char *knob_name(enum knob knob) {
    return knob_names[knob];
}

const char *source_name(enum source source) {
    return source_names[source];
}
