/* SPDX-License-Identifier: MIT */
/* Why each problem happens and what to do about it, in order. */
#include "cause.h"

static const struct cause_info table[CAUSE_COUNT] = {
    [CAUSE_SPOOFED_FLOOD] =
        {
            .problem = PROBLEM_SYN_FLOOD,
            .brief = "senders that never answer the SYN-ACK, as with forged sources",
            .sentence =
                "The half-open connections are never completed and almost no cookie comes back: the source "
                "addresses are forged, or, less likely, our SYN-ACKs do not reach the clients or their "
                "ACKs do not reach us.",
            .remedy = {"@sysctl", "keep net.ipv4.tcp_syncookies=1, so that real clients still get in",
                       "filter the sources upstream, or rate-limit SYNs to this port on the firewall",
                       "look at the sources with the capture command: the same address and port asking again "
                       "after 1, 3 and 7 s, or each second for the first five (Linux from 6.5 on, macOS), is "
                       "a real client, and the way back is broken"},
        },
    [CAUSE_ONE_SOURCE_FLOOD] =
        {
            .problem = PROBLEM_SYN_FLOOD,
            .brief = "one source sends nearly all of it and never answers the SYN-ACK",
            .sentence =
                "Nearly all half-open connections are from one source, and none of them is completed: a "
                "flood from one host, or one forged address, or clients that our SYN-ACKs do not reach, or "
                "whose ACKs do not reach us.",
            .remedy =
                {"@sysctl",
                 "look at that source with the capture command, then block it on the firewall, of IPv6 the "
                 "whole /64; a source address can be forged, so do not block it for good",
                 "keep net.ipv4.tcp_syncookies=1, so that real clients still get in"},
        },
    [CAUSE_SPOOFED_ALIVE_FLOOD] =
        {
            .problem = PROBLEM_SYN_FLOOD,
            .brief = "forged sources that exist and reset the answer",
            .sentence = "The half-open connections are reset from outside as fast as they come: the source "
                        "addresses are forged, and the hosts that own them answer with a reset.",
            .remedy =
                {"@sysctl", "keep net.ipv4.tcp_syncookies=1, so that real clients still get in",
                 "filter upstream; the hosts that send the resets are victims, do not block them for good"},
        },
    [CAUSE_BURST] =
        {
            .problem = PROBLEM_SYN_BACKLOG_SMALL,
            .brief = "real clients, more at once than the SYN queue holds",
            .sentence =
                "The clients are real, their cookies come back or their connections are opened; more of "
                "them are in the middle of the handshake than the listener's SYN queue holds.",
            .remedy = {"@sysctl",
                       "raise the application's listen() backlog@backlog and restart it, so that listen() is "
                       "called again; with socket activation it is Backlog= of the .socket unit",
                       "let clients keep connections open instead of opening many"},
        },
    [CAUSE_SLOW_ACCEPT] =
        {
            .problem = PROBLEM_ACCEPT_QUEUE_FULL,
            .brief = "the application does not call accept() fast enough",
            .sentence = "Finished connections wait in the accept queue because the application does not take "
                        "them fast enough: it is blocked, out of descriptors or workers, or short of CPU.",
            .remedy = {"look at the application: blocked threads, its descriptor limit (EMFILE leaves "
                       "connections in the queue), CPU",
                       "add workers or instances"},
        },
    [CAUSE_SLOW_ACCEPT_OR_FLOOD] =
        {
            .problem = PROBLEM_ACCEPT_QUEUE_FULL,
            .brief =
                "the application does not call accept(); real clients or a flood on top cannot be told apart",
            .sentence =
                "The accept queue is full and nothing is taken from it. The SYNs refused on top of it may "
                "be real clients or a flood: with a full accept queue the kernel's counters are the same.",
            .remedy = {"look at the application: blocked threads, its descriptor limit (EMFILE leaves "
                       "connections in the queue), CPU",
                       "if it is well, look at the sources of the SYNs with the capture command"},
        },
    [CAUSE_ACCEPT_BURST] =
        {
            .problem = PROBLEM_ACCEPT_QUEUE_FULL,
            .brief = "peaks larger than the backlog, taken promptly in between",
            .sentence =
                "Connections are refused at moments, yet no accept queue is full when looked at: they "
                "arrive in peaks larger than a backlog, and the application keeps up in between.",
            .remedy = {"@sysctl",
                       "raise the application's listen() backlog@backlog and restart it, so that listen() is "
                       "called again; with socket activation it is Backlog= of the .socket unit",
                       "call accept() until it would block at each wake-up, or use more acceptors"},
        },
    [CAUSE_LOSSY_RETURN_PATH] =
        {
            .problem = PROBLEM_HANDSHAKE_LOSS,
            .brief =
                "the same SYNs come again: the answers do not reach the clients, or a flood repeats itself",
            .sentence = "SYN-ACKs have been sent again more often than this host's own timer does: the same "
                        "clients ask again, so the answers are lost on the way, or a flood repeats itself.",
            .remedy =
                {"check the way back: routes, asymmetric paths, firewalls and their state tables, MTU",
                 "compare a capture here with one at a client: real clients repeat a SYN after 1, 3 and 7 s, "
                 "or each second for the first five (Linux from 6.5 on, macOS), a flood at any pace"},
        },
    [CAUSE_DEFER_ACCEPT] =
        {
            .problem = PROBLEM_SYN_BACKLOG_SMALL,
            .brief = "TCP_DEFER_ACCEPT keeps silent clients half-open",
            .sentence =
                "The clients have acknowledged and are still half-open: this listener uses TCP_DEFER_ACCEPT, "
                "which leaves them in the SYN queue until they send data.",
            .remedy =
                {"@sysctl",
                 "raise the application's listen() backlog@backlog, or turn TCP_DEFER_ACCEPT off (nginx: "
                 "deferred; Apache: AcceptFilter)"},
        },
    [CAUSE_HALF_OPEN_UNCLEAR] =
        {
            .problem = PROBLEM_SYN_FLOOD,
            .brief = "half-open connections pile up; too early to tell a flood from slow clients",
            .sentence = "Half-open connections pile up below the limit; what is known so far fits a flood as "
                        "well as slow or lossy clients.",
            .remedy = {"@sysctl", "look at the sources with the capture command"},
        },
    [CAUSE_FD_HELD] =
        {
            .problem = PROBLEM_CLOSE_WAIT_LEAK,
            .brief = "the application holds the sockets and does not close() them",
            .sentence = "The peers have closed and the application has not: it holds the descriptors without "
                        "reading the end of file or calling close().",
            .remedy = {"fix the application: close() when read() returns 0 and on every error path",
                       "until then restart it in time: only that frees the sockets"},
        },
    [CAUSE_NOT_ACCEPTED] =
        {
            .problem = PROBLEM_CLOSE_WAIT_LEAK,
            .brief = "the clients gave up in the accept queue: the application does not call accept()",
            .sentence =
                "Most of these sockets were never accepted: the clients connected, waited and gave up, "
                "because the application does not call accept().",
            .remedy = {"look at the application: blocked threads, its descriptor limit (EMFILE leaves "
                       "connections in the queue), CPU",
                       "restart it if it does not recover"},
        },
    [CAUSE_TIME_WAIT_INBOUND] =
        {
            .problem = PROBLEM_TIME_WAIT_PILEUP,
            .brief = "this host closes short incoming connections first",
            .sentence =
                "The TIME-WAIT sockets belong to incoming connections that this host closes first. They "
                "take memory only, no ports.",
            .remedy = {"@sysctl", "let the client close first, or keep connections open (keep-alive)"},
        },
    [CAUSE_TIME_WAIT_OUTBOUND] =
        {
            .problem = PROBLEM_TIME_WAIT_PILEUP,
            .brief = "this host opens and closes many short connections",
            .sentence = "The TIME-WAIT sockets belong to outgoing connections that this host closes first.",
            .remedy = {"reuse connections: a pool or keep-alive", "@sysctl"},
        },
    [CAUSE_TIME_WAIT_UNCLEAR] =
        {
            .problem = PROBLEM_TIME_WAIT_PILEUP,
            .brief = "this host closes many short connections first",
            .sentence = "This host closes many short connections first, incoming and outgoing.",
            .remedy = {"reuse connections: a pool or keep-alive", "@sysctl"},
        },
    [CAUSE_TW_BUCKETS_FULL] =
        {
            .problem = PROBLEM_TIME_WAIT_OVERFLOW,
            .brief = "connections are closed without TIME-WAIT",
            .sentence = "More connections are closed here first within 60 s than tcp_max_tw_buckets allows.",
            .remedy = {"@sysctl", "reuse connections, or let the peer close first"},
        },
    [CAUSE_PORTS_TIME_WAIT] =
        {
            .problem = PROBLEM_PORT_EXHAUSTION,
            .brief = "short outgoing connections leave their ports in TIME-WAIT",
            .sentence = "Most of the ports are held by TIME-WAIT: this host opens short connections to one "
                        "destination and closes them first, faster than 60 s free the ports.",
            .remedy = {"reuse connections: a pool or keep-alive", "@sysctl",
                       "spread over more destination or source addresses"},
        },
    [CAUSE_PORTS_LIVE] =
        {
            .problem = PROBLEM_PORT_EXHAUSTION,
            .brief = "live connections hold the ports",
            .sentence = "Most of the ports are held by live connections to one destination.",
            .remedy = {"use fewer connections: a pool with a limit, multiplexing", "@sysctl",
                       "spread over more destination or source addresses; bind with "
                       "IP_BIND_ADDRESS_NO_PORT where a source address is chosen"},
        },
    [CAUSE_PORTS_CLOSE_WAIT] =
        {
            .problem = PROBLEM_PORT_EXHAUSTION,
            .brief = "the application leaks its outgoing connections in CLOSE-WAIT",
            .sentence = "Most of the ports are held by CLOSE-WAIT: the destination has closed and the local "
                        "application has not.",
            .remedy = {"fix the application: close() when read() returns 0 and on every error path",
                       "until then restart it in time: only that frees the ports"},
        },
    [CAUSE_PORTS_BOUND_FIRST] =
        {
            .problem = PROBLEM_PORT_EXHAUSTION,
            .brief = "bind() before connect() reserves a port for each connection, whatever its destination",
            .sentence =
                "Nearly every ephemeral port of this address is taken, no two connections share one, and no "
                "single destination has that many: the application binds its source address before connect() "
                "without IP_BIND_ADDRESS_NO_PORT. With none left bind() fails with EADDRINUSE, with "
                "SO_REUSEADDR as well, unless net.ipv4.ip_autobind_reuse is 1.",
            .remedy =
                {"set IP_BIND_ADDRESS_NO_PORT in the application before bind(): the port is then chosen "
                 "at connect(), and destinations share ports (nginx's proxy_bind sets it)",
                 "@sysctl", "reuse connections: a pool or keep-alive", "use more source addresses"},
        },
    [CAUSE_PEER_NOT_ANSWERING] =
        {
            .problem = PROBLEM_SYN_SENT_STALL,
            .brief = "the SYNs are not answered",
            .sentence =
                "The SYNs of outgoing connections are not answered: the peer is down, its accept queue "
                "is full, or a firewall drops them.",
            .remedy = {"check the path and the peer (a firewall that drops, a full accept queue there)",
                       "give the application a connect timeout of a few seconds and a limit on attempts"},
        },
    [CAUSE_PEER_REFUSES] =
        {
            .problem = PROBLEM_SYN_SENT_STALL,
            .brief = "the peer refuses: resets come back, and the application tries again at once",
            .sentence = "Most connection attempts end with a reset: nothing listens at the destination, or a "
                        "firewall rejects, and the application tries again without a pause.",
            .remedy = {"start the service at the destination, or correct the address",
                       "let the application wait longer after each failure"},
        },
    [CAUSE_SIMULTANEOUS_OPEN] =
        {
            .problem = PROBLEM_SYN_SENT_STALL,
            .brief = "both sides called connect() at once, and the answers are lost",
            .sentence =
                "Both sides called connect() towards each other at the same time (the sockets show as "
                "SYN-RECV and belong to no listener), and the acknowledgements do not arrive.",
            .remedy = {"check the path for loss and for firewalls that do not know this handshake",
                       "let one side listen instead, unless both are behind NAT on purpose"},
        },
    [CAUSE_ZERO_WINDOW] =
        {
            .problem = PROBLEM_FIN_WAIT_1_STALL,
            .brief = "the peers read slowly or not at all: their receive window is closed",
            .sentence =
                "The peers advertise a zero window: they read slowly or not at all, so the last data and "
                "the FIN have to wait.",
            .remedy = {"find out why the clients stop reading; a slow-read attack looks like this",
                       "limit the time per response in the application, TCP_USER_TIMEOUT on its sockets"},
        },
    [CAUSE_SLOW_READERS] =
        {
            .problem = PROBLEM_FIN_WAIT_1_STALL,
            .brief = "the peers are still fetching the last data",
            .sentence = "The application has closed while data was still on its way, and the peers go on "
                        "acknowledging it: slow downloads, as a rule nothing to mend.",
            .remedy = {"limit the time per response in the application if these connections are too many"},
        },
    [CAUSE_PEER_GONE] =
        {
            .problem = PROBLEM_FIN_WAIT_1_STALL,
            .brief = "the peers have gone without a word",
            .sentence = "The peers acknowledge nothing any more: they or the path to them are gone, and the "
                        "kernel resends the last data and the FIN until it gives up.",
            .remedy = {"check the path and what drops packets on it (NAT and firewall timeouts)",
                       "set TCP_USER_TIMEOUT in the application to give up sooner"},
        },
    [CAUSE_FIN_WAIT_2_ORPHANED] =
        {
            .problem = PROBLEM_FIN_WAIT_2_PILEUP,
            .brief = "the peers do not close their side of connections closed here",
            .sentence =
                "The process here has closed these sockets for good and the peers do not close theirs; "
                "tcp_fin_timeout ends them.",
            .remedy = {"fix the peer if it is yours: it leaks CLOSE-WAIT", "@sysctl"},
        },
    [CAUSE_FIN_WAIT_2_HALF_CLOSED] =
        {
            .problem = PROBLEM_FIN_WAIT_2_PILEUP,
            .brief = "the application has half-closed them with shutdown() and still holds them",
            .sentence = "A process here called shutdown() and keeps the descriptor, waiting for the peer to "
                        "close; no timer but keepalive runs for these sockets.",
            .remedy = {"set a limit in the application on how long it waits after shutdown(), then close()",
                       "fix the peer if it is yours: it leaks CLOSE-WAIT"},
        },
    [CAUSE_FINAL_ACK_LOST] =
        {
            .problem = PROBLEM_LAST_ACK_STALL,
            .brief = "the peers no longer acknowledge",
            .sentence =
                "The peers closed and then vanished, or the path loses the acknowledgement of our FIN.",
            .remedy = {"check the path and what drops packets on it (NAT and firewall timeouts)"},
        },
    [CAUSE_SIMULTANEOUS_CLOSE] =
        {
            .problem = PROBLEM_CLOSING_STALL,
            .brief = "both sides closed at once and the path loses packets",
            .sentence =
                "Both sides closed at once and the acknowledgements are lost: the path loses packets.",
            .remedy = {"check the path for loss"},
        },
    [CAUSE_MANY_ESTABLISHED] =
        {
            .problem = PROBLEM_ESTABLISHED_PILEUP,
            .brief = "more open connections than this host is configured to expect",
            .sentence = "The number of open connections is above the configured threshold.",
            .remedy = {"check whether the load is wanted; else look for idle connections: ss -tno state "
                       "established",
                       "set SO_KEEPALIVE in the application, so that dead peers are noticed; "
                       "TCP_USER_TIMEOUT alone acts only on data under way"},
        },
    [CAUSE_IDLE_WITHOUT_KEEPALIVE] =
        {
            .problem = PROBLEM_ESTABLISHED_PILEUP,
            .brief = "most are idle and have no keepalive: a peer that vanished would not be noticed",
            .sentence = "Most of the open connections have received nothing for over a minute and no timer "
                        "runs on them: if their peers are gone, nothing will ever tell.",
            .remedy = {"set SO_KEEPALIVE in the application (net.ipv4.tcp_keepalive_time then says after how "
                       "long), or close what is idle",
                       "see which: ss -tno state established; a line without timer: has no keepalive"},
        },
    [CAUSE_ESTABLISHED_UNANSWERED] =
        {
            .problem = PROBLEM_ESTABLISHED_PILEUP,
            .brief = "the peers no longer answer: data is sent again and again",
            .sentence = "On most of the open connections data has been sent again several times without an "
                        "answer: the peers or the path to them are gone.",
            .remedy = {"check the path and what drops packets on it (NAT and firewall timeouts)",
                       "set TCP_USER_TIMEOUT in the application to give up sooner"},
        },
    [CAUSE_ORPHANS] =
        {
            .problem = PROBLEM_ORPHAN_PRESSURE,
            .brief = "processes close with data not yet acknowledged",
            .sentence =
                "Many sockets have been closed by their process while the peers do not acknowledge the "
                "last data or the FIN.",
            .remedy = {"find the peers: ss -tno state fin-wait-1",
                       "check the path; limit the clients that hold responses open"},
        },
    [CAUSE_TCP_MEMORY] =
        {
            .problem = PROBLEM_TCP_MEMORY_PRESSURE,
            .brief = "socket buffers use most of the memory that tcp_mem allows",
            .sentence = "Data waits in socket buffers: peers that do not read, or applications here that do "
                        "not.",
            .remedy = {"find the sockets with long queues: ss -tmn, columns Recv-Q and Send-Q",
                       "limit the buffers or the number of connections of that application"},
        },
    [CAUSE_CONNTRACK_TABLE] =
        {
            .problem = PROBLEM_CONNTRACK_FULL,
            .brief = "tracked connections near nf_conntrack_max",
            .sentence = "The firewall tracks nearly as many connections as nf_conntrack_max allows.",
            .remedy = {"@sysctl", "exempt traffic that needs no tracking (notrack)",
                       "look at who opens them: conntrack -S and conntrack -L"},
        },
    [CAUSE_UNSAFE_SYSCTL] =
        {
            .problem = PROBLEM_UNSAFE_SYSCTL,
            .brief = "they weaken this host or do not fit each other",
            .sentence = "Kernel settings weaken this host or do not fit each other.",
            .remedy = {"@sysctl"},
        },
    [CAUSE_CANNOT_SAMPLE] =
        {
            .problem = PROBLEM_SAMPLING_DEGRADED,
            .brief = "a source cannot be read",
            .sentence = "A source that synwaitd reads cannot be read.",
            .remedy =
                {"check the service's sandbox and the kernel's configuration for what the reason names"},
        },
};

const struct cause_info *cause_info(enum cause cause) {
    return &table[cause];
}
