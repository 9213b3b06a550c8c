/* SPDX-License-Identifier: MIT */
/* What each problem is, and the remedies that circulate for it and are wrong. The catalog and
   the man page are made from here. */
#include "problem.h"

#include <string.h>

#include "messages.h"

static const struct problem_info table[PROBLEM_COUNT] = {
    [PROBLEM_SYN_FLOOD] =
        {
            .slug = "syn-flood",
            .message_id = MESSAGE_ID_SYN_FLOOD,
            .title = "SYN flood",
            .meaning =
                "Connection requests arrive whose senders never finish the handshake. Each holds a place in "
                "the listener's SYN queue for up to a minute. With tcp_syncookies=1 the listener goes on "
                "answering once the queue is full; without, new clients are dropped.",
            .evidence =
                "Hardly a SYN cookie comes back, or a third of the half-open connections has been silent for "
                "over a second. One source: nearly all are from one IPv4 address or IPv6 /64. Forged but "
                "alive: the half-open connections are reset from outside. While an accept queue is full, a "
                "flood cannot be told from clients of a slow application; confidence is then low.",
            .conditions = CONDITION_BIT(CONDITION_SYN_RECV) | CONDITION_BIT(CONDITION_SYN_OVERFLOW),
            .wrong =
                {
                    {"raising net.ipv4.tcp_max_syn_backlog",
                     "ignored since Linux 4.4 while tcp_syncookies is on, and a flood fills any queue"},
                    {"net.ipv4.tcp_syncookies=0", "a full SYN queue then drops real clients"},
                    {"lowering net.ipv4.tcp_synack_retries",
                     "with cookies it wins nothing and it cuts off clients on lossy paths"},
                    {"net.ipv4.tcp_tw_reuse or tcp_fin_timeout", "neither touches half-open connections"},
                    {"net.ipv4.tcp_abort_on_overflow=1",
                     "acts on a full accept queue, not on a full SYN queue"},
                },
        },
    [PROBLEM_SYN_BACKLOG_SMALL] =
        {
            .slug = "syn-backlog-small",
            .message_id = MESSAGE_ID_SYN_BACKLOG_SMALL,
            .title = "SYN queue too small for real clients",
            .meaning =
                "More real clients are in the middle of their handshake than the listener's SYN queue "
                "holds. With tcp_syncookies=1 the rest connect by cookie, without window scaling and SACK "
                "where they use no timestamps; with 0 they are dropped and try again a second later.",
            .evidence = "Cookies come back, connections are opened, the half-open connections are young; or "
                        "TCP_DEFER_ACCEPT holds clients that send nothing. The limit that binds is named: "
                        "the application's backlog, net.core.somaxconn, or three quarters of "
                        "net.ipv4.tcp_max_syn_backlog with cookies off.",
            .conditions = CONDITION_BIT(CONDITION_SYN_RECV) | CONDITION_BIT(CONDITION_SYN_OVERFLOW),
            .wrong =
                {
                    {"raising net.ipv4.tcp_max_syn_backlog",
                     "ignored since Linux 4.4 while tcp_syncookies is on: the listen() backlog is the limit"},
                    {"net.core.somaxconn alone",
                     "it only caps: the application must ask for more, and call listen() again"},
                    {"net.ipv4.tcp_syncookies=0", "turns slower connections into failed ones"},
                    {"net.ipv4.tcp_abort_on_overflow=1", "acts on a full accept queue only"},
                },
        },
    [PROBLEM_ACCEPT_QUEUE_FULL] =
        {
            .slug = "accept-queue-full",
            .message_id = MESSAGE_ID_ACCEPT_QUEUE_FULL,
            .title = "Accept queue backed up",
            .meaning =
                "Finished connections wait for the application to call accept(), and their queue is full. "
                "The kernel drops further SYNs and final ACKs for this listener; clients see delays of "
                "seconds, then timeouts.",
            .evidence = "The accept queue is over its backlog. If none is when looked at, the connections "
                        "arrive in peaks larger than a backlog.",
            .conditions = CONDITION_BIT(CONDITION_ACCEPT_QUEUE) | CONDITION_BIT(CONDITION_ACCEPT_OVERFLOW) |
                          CONDITION_BIT(CONDITION_SYN_RECV) | CONDITION_BIT(CONDITION_SYN_OVERFLOW),
            .wrong =
                {
                    {"a larger backlog for an application that does not keep up",
                     "clients wait longer for the same result"},
                    {"net.ipv4.tcp_max_syn_backlog", "is about half-open connections, not about accept()"},
                    {"net.ipv4.tcp_abort_on_overflow=1", "resets clients that would get in on a retry, and "
                                                         "only at the final ACK: SYNs are dropped "
                                                         "as before"},
                    {"net.ipv4.tcp_tw_reuse or tcp_fin_timeout", "neither touches the accept queue"},
                },
        },
    [PROBLEM_HANDSHAKE_LOSS] =
        {
            .slug = "handshake-loss",
            .message_id = MESSAGE_ID_HANDSHAKE_LOSS,
            .title = "Handshakes lost on the way back",
            .meaning =
                "Clients ask again and again for a connection that this host has already answered: the "
                "SYN-ACKs are lost on the way.",
            .evidence = "SYN-ACKs were sent again because the same client asked again, not by the timer of "
                        "this host.",
            .conditions = CONDITION_BIT(CONDITION_SYN_RECV) | CONDITION_BIT(CONDITION_SYN_OVERFLOW),
            .wrong =
                {
                    {"treating it as a SYN flood", "real clients repeat a SYN with pauses of a second or "
                                                   "more: look before you filter them"},
                    {"lowering net.ipv4.tcp_synack_retries", "gives up on exactly the clients that suffer"},
                    {"net.ipv4.tcp_max_syn_backlog or net.core.somaxconn",
                     "the queue is long because answers are lost"},
                },
        },
    [PROBLEM_CLOSE_WAIT_LEAK] =
        {
            .slug = "close-wait-leak",
            .message_id = MESSAGE_ID_CLOSE_WAIT_LEAK,
            .title = "CLOSE-WAIT leak",
            .meaning = "The peers have closed, the local application has not. CLOSE-WAIT has no timer of its "
                       "own: each such "
                       "socket keeps its descriptor and memory until the application closes it or ends.",
            .evidence = "The same sockets are there 5 s later; their age and growth; with or without a "
                        "descriptor (without: never accepted).",
            .conditions = CONDITION_BIT(CONDITION_CLOSE_WAIT),
            .wrong =
                {
                    {"net.ipv4.tcp_fin_timeout",
                     "is for orphaned FIN-WAIT-2: its timer does not run in CLOSE-WAIT"},
                    {"net.ipv4.tcp_tw_reuse or tcp_max_tw_buckets", "are about TIME-WAIT"},
                    {"net.ipv4.tcp_keepalive_*",
                     "at best ends the connection, while the application still holds the descriptor"},
                    {"killing the sockets with ss -K",
                     "hides the leak: the descriptors stay until the application closes them"},
                },
        },
    [PROBLEM_PORT_EXHAUSTION] =
        {
            .slug = "port-exhaustion",
            .message_id = MESSAGE_ID_PORT_EXHAUSTION,
            .title = "Ephemeral ports running out",
            .meaning =
                "Nearly every local port is taken towards one destination address and port. When none is "
                "left, connect() to it fails with EADDRNOTAVAIL, and no counter in the kernel tells. Other "
                "destinations are not concerned, unless the application binds its source address first "
                "without IP_BIND_ADDRESS_NO_PORT.",
            .evidence = "Ports in use towards the fullest destination, by TIME-WAIT, CLOSE-WAIT or live "
                        "connections, and the minutes left. From one source address: no port is shared by "
                        "two destinations, so bind() chose them before connect(). TIME-WAIT that "
                        "net.ipv4.tcp_tw_reuse takes over does not count.",
            .conditions = CONDITION_BIT(CONDITION_PORTS),
            .wrong =
                {
                    {"net.ipv4.tcp_fin_timeout", "does not shorten TIME-WAIT, whose 60 s are compiled in"},
                    {"net.ipv4.tcp_tw_recycle", "refuses clients behind NAT, and is gone since Linux 4.12"},
                    {"lowering net.ipv4.tcp_max_tw_buckets",
                     "frees nothing now, and closes without TIME-WAIT what late segments can then corrupt"},
                    {"SO_LINGER with 0", "throws away unsent data and resets the peer"},
                    {"net.ipv4.tcp_timestamps=0", "takes away what tcp_tw_reuse needs"},
                    {"net.ipv4.tcp_tw_reuse where the source address is bound first",
                     "acts in connect() alone: bind() takes no port that TIME-WAIT holds"},
                },
        },
    [PROBLEM_TIME_WAIT_OVERFLOW] =
        {
            .slug = "time-wait-overflow",
            .message_id = MESSAGE_ID_TIME_WAIT_OVERFLOW,
            .title = "TIME-WAIT table full",
            .meaning =
                "tcp_max_tw_buckets is reached: connections now close without TIME-WAIT. A late segment "
                "of such a connection can disturb a new one on the same ports, and a peer that missed our "
                "last ACK gets a reset for its FIN. Orphaned FIN-WAIT-2 end at once, too.",
            .evidence = "Connections per second that were closed without TIME-WAIT.",
            .conditions = CONDITION_BIT(CONDITION_TIME_WAIT_OVERFLOW),
            .wrong =
                {
                    {"lowering net.ipv4.tcp_max_tw_buckets", "is what is happening, made worse"},
                    {"net.ipv4.tcp_fin_timeout", "does not shorten TIME-WAIT, whose 60 s are compiled in"},
                    {"net.ipv4.tcp_tw_recycle", "refuses clients behind NAT, and is gone since Linux 4.12"},
                },
        },
    [PROBLEM_TIME_WAIT_PILEUP] =
        {
            .slug = "time-wait-pileup",
            .message_id = MESSAGE_ID_TIME_WAIT_PILEUP,
            .title = "TIME-WAIT pile-up",
            .meaning = "Connections that this host closed first are kept for 60 s, as TCP requires. That is "
                       "cheap and harmless until tcp_max_tw_buckets is reached or the ports towards one "
                       "destination run out.",
            .evidence =
                "TIME-WAIT against net.ipv4.tcp_max_tw_buckets; incoming if the local port is a listener's.",
            .conditions = CONDITION_BIT(CONDITION_TIME_WAIT),
            .wrong =
                {
                    {"net.ipv4.tcp_fin_timeout", "does not shorten TIME-WAIT, whose 60 s are compiled in"},
                    {"net.ipv4.tcp_tw_recycle", "refuses clients behind NAT, and is gone since Linux 4.12"},
                    {"lowering net.ipv4.tcp_max_tw_buckets",
                     "closes without TIME-WAIT what late segments can then corrupt"},
                    {"net.ipv4.tcp_tw_reuse for incoming connections", "acts in outgoing connect() alone"},
                    {"SO_LINGER with 0", "throws away unsent data and resets the peer"},
                },
        },
    [PROBLEM_SYN_SENT_STALL] =
        {
            .slug = "syn-sent-stall",
            .message_id = MESSAGE_ID_SYN_SENT_STALL,
            .title = "Outgoing connections unanswered",
            .meaning =
                "Many connect() calls wait for an answer to their SYN. The peer, a firewall on the way, or "
                "the peer's full accept queue drops it; each attempt lasts about two minutes by default.",
            .evidence =
                "Dropped: most were sent again. Refused: most attempts end with a reset. Simultaneous open: "
                "sockets in SYN-RECV that belong to no listener. The destination, if most go to one.",
            .conditions = CONDITION_BIT(CONDITION_SYN_SENT),
            .wrong =
                {
                    {"widening net.ipv4.ip_local_port_range", "ports are not what is missing, an answer is"},
                    {"net.ipv4.tcp_tw_reuse", "is about TIME-WAIT"},
                },
        },
    [PROBLEM_FIN_WAIT_1_STALL] =
        {
            .slug = "fin-wait-1-stall",
            .message_id = MESSAGE_ID_FIN_WAIT_1_STALL,
            .title = "FIN-WAIT-1 stall",
            .meaning =
                "This host has closed, and its last data or FIN is not yet acknowledged: slow readers, or "
                "peers that are gone. The kernel keeps that data and sends it again until it gives up.",
            .evidence = "The peers' window is closed, or the last data was sent again without an answer; "
                        "otherwise they read slowly.",
            .conditions = CONDITION_BIT(CONDITION_FIN_WAIT_1),
            .wrong =
                {
                    {"net.ipv4.tcp_fin_timeout", "acts in FIN-WAIT-2 alone"},
                    {"net.ipv4.tcp_tw_reuse", "is about TIME-WAIT"},
                    {"lowering net.ipv4.tcp_max_orphans", "resets connections that would have ended well"},
                },
        },
    [PROBLEM_FIN_WAIT_2_PILEUP] =
        {
            .slug = "fin-wait-2-pileup",
            .message_id = MESSAGE_ID_FIN_WAIT_2_PILEUP,
            .title = "FIN-WAIT-2 pile-up",
            .meaning = "This host has closed its side and the peers have confirmed, but do not close theirs.",
            .evidence = "Orphans, or sockets that a process has half-closed with shutdown() and still holds.",
            .conditions = CONDITION_BIT(CONDITION_FIN_WAIT_2),
            .wrong =
                {
                    {"net.ipv4.tcp_fin_timeout for sockets that a process still holds",
                     "its timer runs for orphans alone"},
                    {"net.ipv4.tcp_tw_reuse", "is about TIME-WAIT"},
                },
        },
    [PROBLEM_LAST_ACK_STALL] =
        {
            .slug = "last-ack-stall",
            .message_id = MESSAGE_ID_LAST_ACK_STALL,
            .title = "LAST-ACK stall",
            .meaning =
                "The peer closed first, this host has closed too, and its FIN is not acknowledged: the "
                "peer or the path is gone. The kernel sends it again until it gives up.",
            .evidence = "FINs that were sent again without an answer.",
            .conditions = CONDITION_BIT(CONDITION_LAST_ACK),
            .wrong =
                {
                    {"net.ipv4.tcp_fin_timeout", "acts in FIN-WAIT-2 alone"},
                    {"net.ipv4.tcp_tw_reuse", "is about TIME-WAIT"},
                },
        },
    [PROBLEM_CLOSING_STALL] =
        {
            .slug = "closing-stall",
            .message_id = MESSAGE_ID_CLOSING_STALL,
            .title = "CLOSING stall",
            .meaning = "Both sides closed at the same time and the acknowledgements of their FINs are lost.",
            .evidence = "Sockets that stay in CLOSING: while both sides answer it lasts one round trip.",
            .conditions = CONDITION_BIT(CONDITION_CLOSING),
            .wrong =
                {
                    {"any sysctl", "none acts on CLOSING: the path loses packets"},
                },
        },
    [PROBLEM_ESTABLISHED_PILEUP] =
        {
            .slug = "established-pileup",
            .message_id = MESSAGE_ID_ESTABLISHED_PILEUP,
            .title = "ESTABLISHED pile-up",
            .meaning =
                "More connections are open than this host is configured to expect. Peers that vanished "
                "without a word stay ESTABLISHED for ever unless the application sends something or uses "
                "keepalive.",
            .evidence = "Of up to 5,000 looked at: how many are idle without any timer, have keepalive, or "
                        "get no answer.",
            .conditions = CONDITION_BIT(CONDITION_ESTABLISHED),
            .wrong =
                {
                    {"net.ipv4.tcp_keepalive_time alone", "only sockets with SO_KEEPALIVE are probed"},
                    {"net.ipv4.tcp_fin_timeout or tcp_tw_reuse", "neither touches ESTABLISHED"},
                },
        },
    [PROBLEM_ORPHAN_PRESSURE] =
        {
            .slug = "orphan-pressure",
            .message_id = MESSAGE_ID_ORPHAN_PRESSURE,
            .title = "Orphaned sockets near their limit",
            .meaning = "Many connections have been closed by their process while data or FIN is still "
                       "unacknowledged. At tcp_max_orphans further ones are reset; those with silent peers "
                       "already from a half, or a quarter, of it.",
            .evidence =
                "Orphans against net.ipv4.tcp_max_orphans; how many sockets are in FIN-WAIT-1 and LAST-ACK.",
            .conditions = CONDITION_BIT(CONDITION_ORPHANS),
            .wrong =
                {
                    {"lowering net.ipv4.tcp_max_orphans", "resets more connections, sooner"},
                    {"net.ipv4.tcp_tw_reuse", "TIME-WAIT sockets are no orphans"},
                },
        },
    [PROBLEM_TCP_MEMORY_PRESSURE] =
        {
            .slug = "tcp-memory-pressure",
            .message_id = MESSAGE_ID_TCP_MEMORY_PRESSURE,
            .title = "TCP memory near its limit",
            .meaning =
                "Socket buffers use most of what tcp_mem allows. Above its second value the kernel shrinks "
                "windows, at the third it drops segments and resets orphans. With cgroup v2 the buffers also "
                "count against memory.max of their unit: that can be short (sock in memory.stat) while "
                "tcp_mem is far away.",
            .evidence = "Pages in use against the third value of net.ipv4.tcp_mem.",
            .conditions = CONDITION_BIT(CONDITION_TCP_MEMORY),
            .wrong =
                {
                    {"raising net.ipv4.tcp_rmem or tcp_wmem", "each socket may then take more: worse"},
                    {"raising net.ipv4.tcp_mem without knowing who holds it",
                     "moves the shortage to the whole host"},
                },
        },
    [PROBLEM_CONNTRACK_FULL] =
        {
            .slug = "conntrack-full",
            .message_id = MESSAGE_ID_CONNTRACK_FULL,
            .title = "Connection tracking table near its limit",
            .meaning = "The firewall's connection tracking table is nearly full. When it is, packets of new "
                       "connections are dropped, whatever the state of the sockets. A SYN flood can fill it "
                       "with entries in SYN_RECV.",
            .evidence = "Entries of the table against net.netfilter.nf_conntrack_max.",
            .conditions = CONDITION_BIT(CONDITION_CONNTRACK),
            .wrong =
                {
                    {"net.ipv4.tcp_tw_reuse or tcp_fin_timeout",
                     "conntrack has its own table and its own timers"},
                    {"net.netfilter.nf_conntrack_buckets alone", "speeds up look-ups, but the limit stays"},
                },
        },
    [PROBLEM_UNSAFE_SYSCTL] =
        {
            .slug = "unsafe-sysctl",
            .message_id = MESSAGE_ID_UNSAFE_SYSCTL,
            .title = "Unsafe kernel settings",
            .meaning =
                "A setting of this host will make a coming problem worse, or is one already. Nothing else "
                "need be wrong now. The settings are looked at when synwaitd starts and when one changes.",
            .evidence =
                "The values in force, judged at the start, once more a minute later, and when one changes; "
                "the alert lists each with its reason. Its priority is 6, and there are no reminders.",
            .wrong =
                {
                    {"lists of sysctls to copy and paste",
                     "many of these settings come from one: each value needs a reason on this host"},
                },
        },
    [PROBLEM_SAMPLING_DEGRADED] =
        {
            .slug = "sampling-degraded",
            .message_id = MESSAGE_ID_SAMPLING_DEGRADED,
            .title = "synwaitd cannot see everything",
            .meaning =
                "A source that synwaitd reads has failed three times in a row. Conditions that rest on it "
                "are not judged until it is back: no alert about them does not mean that all is well.",
            .evidence = "The reason that the kernel or the file gave; it stands in the alert.",
            .wrong =
                {
                    {"running synwaitd as root", "nothing that it reads needs a privilege"},
                },
        },
};

const struct problem_info *problem_info(enum problem problem) {
    return &table[problem];
}

int problem_from_slug(const char *slug) {
    for (int i = 0; i < PROBLEM_COUNT; i++)
        if (strcmp(table[i].slug, slug) == 0)
            return i;
    return -1;
}
