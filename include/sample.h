/* SPDX-License-Identifier: MIT */
/* Everything measured at one tick in one network namespace. Plain data: the pure stages read it. */
#ifndef SYNWAITD_SAMPLE_H
#define SYNWAITD_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "figure.h"
#include "shares.h"
#include "tcp_state.h"

/** Cumulative counters of /proc/net/snmp (Tcp:) and /proc/net/netstat (TcpExt:). */
enum counter {
    COUNTER_ACTIVE_OPENS,
    COUNTER_PASSIVE_OPENS,
    COUNTER_ATTEMPT_FAILS,
    COUNTER_ESTAB_RESETS,
    COUNTER_OUT_RSTS,
    COUNTER_RETRANS_SEGS,
    COUNTER_SYNCOOKIES_SENT,
    COUNTER_SYNCOOKIES_RECV,
    COUNTER_SYNCOOKIES_FAILED,
    COUNTER_EMBRYONIC_RSTS,
    COUNTER_TIME_WAIT_CREATED,  /* TW */
    COUNTER_TIME_WAIT_RECYCLED, /* TWRecycled: reused by tcp_tw_reuse */
    COUNTER_TIME_WAIT_OVERFLOW, /* TCPTimeWaitOverflow */
    COUNTER_LISTEN_OVERFLOWS,
    COUNTER_LISTEN_DROPS,
    COUNTER_REQ_QUEUE_FULL_COOKIES, /* TCPReqQFullDoCookies */
    COUNTER_REQ_QUEUE_FULL_DROP,    /* TCPReqQFullDrop */
    COUNTER_TIMEOUTS,               /* TCPTimeouts */
    COUNTER_SYN_RETRANS,            /* TCPSynRetrans: SYN and SYN-ACK resends */
    COUNTER_ACK_SKIPPED_SYN_RECV,   /* TCPACKSkippedSynRecv: a SYN repeated within half a second */
    COUNTER_ABORT_ON_MEMORY,
    COUNTER_ABORT_ON_TIMEOUT,
    COUNTER_MEMORY_PRESSURES,
    COUNTER_COUNT,
};

/** Present values of /proc/net/sockstat, sockstat6, snmp and nf_conntrack_count. */
enum gauge {
    GAUGE_INUSE,  /* sockstat TCP: inuse (IPv4) */
    GAUGE_INUSE6, /* sockstat6 TCP6: inuse; 0 and known where IPv6 is off */
    GAUGE_ORPHANS,
    GAUGE_TIME_WAIT, /* sockstat tw: with FIN-WAIT-2 minisockets */
    GAUGE_MEMORY_PAGES,
    GAUGE_CONNTRACK,
    GAUGE_COUNT,
};

/** Sysctls of interest. Multi-valued files have one entry per value. */
enum knob {
    KNOB_SOMAXCONN,
    KNOB_TCP_SYNCOOKIES,
    KNOB_TCP_MAX_SYN_BACKLOG,
    KNOB_TCP_SYNACK_RETRIES,
    KNOB_TCP_SYN_RETRIES,
    KNOB_TCP_ABORT_ON_OVERFLOW,
    KNOB_TCP_TW_REUSE,
    KNOB_TCP_TW_REUSE_DELAY,
    KNOB_TCP_TW_RECYCLE,
    KNOB_TCP_FIN_TIMEOUT,
    KNOB_TCP_MAX_TW_BUCKETS,
    KNOB_TCP_TIMESTAMPS,
    KNOB_TCP_RFC1337,
    KNOB_PORT_RANGE_LOW,
    KNOB_PORT_RANGE_HIGH,
    KNOB_PORTS_RESERVED, /* how many of ip_local_reserved_ports lie inside the range */
    KNOB_TCP_MAX_ORPHANS,
    KNOB_TCP_ORPHAN_RETRIES,
    KNOB_TCP_RETRIES2,
    KNOB_TCP_KEEPALIVE_TIME,
    KNOB_TCP_KEEPALIVE_INTVL,
    KNOB_TCP_KEEPALIVE_PROBES,
    KNOB_TCP_MEM_LOW, /* pages */
    KNOB_TCP_MEM_PRESSURE,
    KNOB_TCP_MEM_MAX,
    KNOB_NETDEV_MAX_BACKLOG,
    KNOB_TCP_EHASH_ENTRIES, /* without its sign, which says that the table is the host's (from Linux 6.1) */
    KNOB_CONNTRACK_MAX,
    KNOB_COUNT,
};

struct knob_value {
    struct figure value; /* ABSENT: no such file in this kernel or namespace */
    bool writable;       /* by mode bits: the sandbox's read-only mount does not count */
};

/** What a walk saw that tells causes apart; sockets. The host's are without those that port_is_ruled(). */
struct walk_detail {
    uint32_t syn_recv_simultaneous; /* full sockets in SYN-RECV: simultaneous open, no listener */
    uint32_t syn_sent_retransmitted;
    uint32_t fin_wait_1_zero_window;   /* timer 4 */
    uint32_t fin_wait_1_retransmitted; /* sent again with no acknowledgement since */
    uint32_t fin_wait_1_orphan;        /* inode 0 */
    uint32_t fin_wait_2_minisocket;    /* of all ports: in TIME-WAIT's table; counted by sockstat's tw */
    uint32_t fin_wait_2_orphan;        /* closed by its process (inode 0), minisockets among them */
    uint32_t fin_wait_2_held;          /* a process half-closed it with shutdown() and still holds it */
    uint32_t close_wait_unaccepted;    /* inode 0: still in the accept queue */
    uint32_t close_wait_old;           /* already there in a walk at least 5 s before */
    uint32_t last_ack_retransmitted;
    uint64_t close_wait_since_usec; /* CLOCK_MONOTONIC: the oldest of them was first seen then; 0 = none */
};

/** Walked states of one local port that some listener or a `ports` rule owns. Sorted by port. */
struct port_figures {
    uint16_t port;
    uint32_t ruled_states;       /* 1 << enum tcp_state: with a rule of the port's own, so not the host's */
    uint32_t state[STATE_COUNT]; /* sockets; LISTEN, ESTABLISHED and TIME-WAIT are not walked: 0 */
    struct walk_detail detail;   /* of these */
};

#define SOURCE_BITS 256

/** How many sources a listener's half-open connections have: IPv4 addresses or IPv6 /64. */
struct half_open_sources {
    uint64_t seen[SOURCE_BITS / 64]; /* linear counting: one bit per source, by a hash of it */
};

/** One listening address; the sockets of a SO_REUSEPORT group are one entry. Sorted by port, address. */
struct listener {
    struct endpoint local;
    uint32_t members;            /* listening sockets on this address and port */
    uint32_t accept_queue;       /* waiting for accept(), in the fullest member */
    uint32_t nearly_full_looks;  /* at the accept queue in a row, up to this one, that found it 3/4 full */
    uint32_t backlog;            /* in force, in that member: min(listen() argument, somaxconn) */
    uint32_t half_open;          /* over all members, at half_open_usec of the sample */
    uint32_t half_open_fresh;    /* of these, SYN-ACK never sent again */
    uint32_t half_open_walked;   /* seen by the last walk; what follows are parts of these */
    uint32_t half_open_old;      /* sent again 3 times or more */
    uint32_t half_open_patient;  /* of the old: by our own timer alone, so its sender was silent for 7 s */
    uint32_t half_open_deferred; /* fresh, acknowledged, and held until data comes (TCP_DEFER_ACCEPT) */
    uint32_t half_open_repeated; /* sent again more often than tcp_synack_retries */
    struct half_open_sources sources;
    uint64_t silent_usec; /* when a fifth of the old were last seen to be patient; 0 for never */
    uint32_t uid;
    uint64_t cgroup; /* of the fullest member; an accepted socket inherits it */
    uint64_t inode;  /* of the fullest member */
};

/** Ports in use from one local address towards one remote address and port. */
struct destination {
    struct endpoint local; /* port 0 */
    struct endpoint remote;
    uint32_t ports_in_use; /* every state that occupies the 4-tuple, TIME-WAIT among them */
    uint32_t time_wait;    /* of these */
    uint32_t reusable;     /* of those, old enough for tcp_tw_reuse */
    uint32_t close_wait;   /* of these */
    uint32_t error;        /* the true count is at most this much lower (Space-Saving); 0 = exact */
    uint64_t cgroup;       /* that has most of them, if one has more than half (majority vote); else any */
    uint64_t inode;        /* of one of its sockets; 0 = none */
};

#define DESTINATIONS_MAX 8
#define TIME_WAIT_SEC    60 /* include/net/tcp.h TCP_TIMEWAIT_LEN */

/** Outgoing sockets of one local address and the ports they hold, over all destinations. */
struct source_ports {
    struct endpoint local; /* port 0 */
    uint32_t sockets;
    uint32_t ports; /* different local ports: as many as sockets only if none is shared */
};

#define SOURCE_PORTS_MAX 8

/** A bounded look at the sockets of one state, taken only while there are many of them. */
struct survey {
    uint64_t taken_usec; /* CLOCK_MONOTONIC; 0 = not taken */
    uint32_t sockets;    /* looked at */
    bool complete;       /* these were all; else a part, taken evenly over the ports */
    uint32_t inbound;    /* of these, with a listener's local port */
    uint32_t keepalive;  /* ESTABLISHED: keepalive timer running */
    uint32_t idle;       /* ESTABLISHED: no timer at all, and nothing received for a minute */
    uint32_t unanswered; /* ESTABLISHED: data sent again 3 times or more without an answer */
};

enum source {
    SOURCE_SOCKSTAT,
    SOURCE_SOCKSTAT6,
    SOURCE_SNMP,
    SOURCE_NETSTAT,
    SOURCE_LISTENERS,
    SOURCE_WALK,
    SOURCE_DESTINATIONS,
    SOURCE_SYSCTL,
    SOURCE_COUNT,
};

#define SOURCE_REASON_SIZE 128

/** Whether one source of figures could be read. */
struct source_status {
    uint32_t failed_ticks;           /* in a row, up to and with this one */
    bool degraded;                   /* after three failed ticks, until three good ones */
    char reason[SOURCE_REASON_SIZE]; /* of the last failure */
};

struct kernel_version {
    uint32_t major, minor;
};

struct sample {
    uint64_t taken_usec; /* CLOCK_MONOTONIC, when the counters were read */
    uint64_t span_usec;  /* since the previous sample's counters; 0 in the first */
    struct kernel_version kernel;

    struct figure state[STATE_COUNT]; /* sockets in this namespace */
    struct figure counter[COUNTER_COUNT];
    struct figure increase[COUNTER_COUNT];        /* over span_usec */
    struct figure recent_increase[COUNTER_COUNT]; /* over recent_usec: steadier, for evidence */
    uint64_t recent_usec;                         /* at most 5 s, or one interval if that is longer */
    struct figure gauge[GAUGE_COUNT];
    struct knob_value knob[KNOB_COUNT];

    /* While state[] of a walked state is unknown, the last walk failed: then detail is zero, there are no
       ports, and what the listeners' counts have from a walk is old. */
    bool walked;          /* the figures below come from a walk at this tick */
    uint64_t walked_usec; /* CLOCK_MONOTONIC of the walk they come from; 0 = none yet */
    struct walk_detail detail;
    /* CLOCK_MONOTONIC, when the listeners' half-open connections were counted: at this tick where the
       listeners come from the BPF iterator, else by the last walk; 0 = not yet */
    uint64_t half_open_usec;
    const struct listener *listener; /* the sampler's array, valid until the next sample */
    size_t listener_count;
    bool listeners_known;
    const struct port_figures *port;
    size_t port_count;

    /* CLOCK_MONOTONIC of the count, or of when it was last seen not to be needed (destination_count 0: no
       destination can be near the warning); 0 = never needed yet */
    uint64_t destinations_usec;
    struct destination destination[DESTINATIONS_MAX]; /* fullest first */
    size_t destination_count;
    struct source_ports source_ports[SOURCE_PORTS_MAX]; /* counted with the destinations */
    size_t source_ports_count;
    struct destination syn_sent; /* of the walk: where most SYN-SENT go, ports_in_use of them; 0: none */

    struct survey time_wait_survey;
    struct survey established_survey;

    const struct share_tables *shares; /* whose the sockets are; shares_find() asks it */
    uint64_t
        close_wait_median_usec; /* age that half of the CLOSE-WAIT sockets have reached at least; 0 unknown */

    const uint64_t *reserved_ports; /* one bit per port, 65,536; NULL: unknown */

    struct source_status source[SOURCE_COUNT];
};

/** @return how long before the sample; what was measured a moment after its counters were read counts as 0.
 */
uint64_t sample_age_usec(const struct sample *sample, uint64_t measured_usec);

/** @return events per second of @p counter over this sample's span; unknown in the first sample. */
struct figure sample_rate(const struct sample *sample, enum counter counter);

/** @return ephemeral ports that connect() may use: the range less reserved; unknown if unreadable. */
struct figure sample_ephemeral_ports(const struct sample *sample);

/** @return whether @p port is in a map of one bit per port, e.g. sample->reserved_ports. */
bool port_map_has(const uint64_t map[65536 / 64], uint16_t port);

/**
 * @return whether these ports were chosen by bind() and not by connect(), which lets destinations share a
 * port (inet_connection_sock.c inet_csk_get_port, inet_hashtables.c __inet_hash_connect): hardly any is
 * shared
 */
bool source_ports_are_bound(const struct source_ports *source);

/** @return about how many sources the half-open connections have (linear counting over SOURCE_BITS bits). */
uint32_t half_open_source_count(const struct half_open_sources *sources);

/** @return where the listener with this address stands in a sorted table; @p count if it is not there. */
size_t listener_index(const struct listener *listener, size_t count, const struct endpoint *local);

/** @return where port @p number stands in a sorted table; @p count if it is not there. */
size_t port_index(const struct port_figures *port, size_t count, uint16_t number);

/** @return whether the port has a rule of its own for sockets in @p state: then they are not the host's. */
bool port_is_ruled(const struct port_figures *port, enum tcp_state state);

/** @return the listener with this address and port, or NULL. */
const struct listener *sample_find_listener(const struct sample *sample, const struct endpoint *local);

/** @return the walked figures of local port @p port (host order), or NULL if no listener owns it. */
const struct port_figures *sample_find_port(const struct sample *sample, uint16_t port);

/** @return whether the running kernel is at least @p major.@p minor. */
bool kernel_at_least(struct kernel_version kernel, uint32_t major, uint32_t minor);

/** @return file name under /proc/sys with dots, e.g. "net.ipv4.tcp_syncookies". */
const char *knob_name(enum knob knob);

/** @return the source as an admin would look for it, e.g. "/proc/net/netstat". */
const char *source_name(enum source source);

#endif
