/* SPDX-License-Identifier: MIT */
/*
 * What each errno says of a TCP connection on Linux. Each row is either provoked in
 * tests/integration/test_ctl_words.c on the running kernel, or names its source.
 */
#include <errno.h>

#include "explain_words.h"
#include "util.h"

#define NUMBER(constant) .number = (constant), .name = #constant

/* A SYN, a SYN-ACK or a reset of HOST; tcp[] is of IPv4 alone, and in IPv6 without extension headers the
   flags are in byte 40 + 13. */
#define CAPTURE_HANDSHAKE                                                                                    \
    "tcpdump -ni any 'host HOST and tcp port PORT and (tcp[13] & 6 != 0 or ip6[53] & 6 != 0)'"
#define CAPTURE_RESET                                                                                        \
    "tcpdump -ni any 'host HOST and tcp port PORT and (tcp[13] & 4 != 0 or ip6[53] & 4 != 0)'"
/* The errors of routers, whose addresses are not HOST. */
#define CAPTURE_UNREACHABLE "tcpdump -ni any 'icmp[0] = 3 or icmp6[0] = 1'"

static const struct errno_word table[] = {
    {
        NUMBER(EINTR),
        .condition = {{CALL_CONNECT, "a signal came while connect() waited; the handshake goes on without it",
                       "syn-sent"},
                      {CALL_ACCEPT | CALL_READ, "a signal came first; call again", NULL}},
        .check = {"After connect() do not start over: wait with poll() until the socket is writable and read "
                  "SO_ERROR.",
                  "SA_RESTART on the handler lets these calls go on by themselves, unless the socket has a "
                  "timeout (signal(7))."},
        .command = {"synwaitctl sockets --state syn-sent", "ss -tnp state syn-sent dst HOST"},
    },
    {
        NUMBER(EAGAIN),
        .condition = {{CALL_ACCEPT, "non-blocking, and no finished connection waits: nothing is wrong",
                       "listen"},
                      {CALL_READ, "non-blocking and nothing has come, or SO_RCVTIMEO has run out",
                       "established"},
                      {CALL_WRITE, "the send buffer is full: the peer reads slowly or does not answer",
                       "established"}},
        .check = {"Wait with poll() or epoll for the socket to be ready, then call again.",
                  "If write() never gets on: a Send-Q that does not shrink (ss) is data that the peer does "
                  "not take."},
        .command = {"synwaitctl sockets --peer HOST", "ss -tnoi dst HOST"},
    },
    {
        /* ip_route_output_key_hash_rcu(), fib_rules: prohibit is EACCES; net/ipv6/icmp.c tab_unreach[];
           bind(2); connect(2) on SELinux. */
        NUMBER(EACCES),
        .condition = {{CALL_CONNECT, "a prohibit route or rule covers the address", NULL},
                      {CALL_CONNECT,
                       "a router or firewall answered the SYN with ICMPv6 \"administratively prohibited\"",
                       "syn-sent-stall"},
                      {CALL_BIND, "a port below ip_unprivileged_port_start, without CAP_NET_BIND_SERVICE",
                       "net.ipv4.ip_unprivileged_port_start"},
                      {CALL_CONNECT | CALL_BIND, "a security policy, such as SELinux's, forbids the port",
                       NULL}},
        .check = {"ip route get tells \"Permission denied\" where the route is the reason."},
        .command = {"ip route get HOST", "ip rule; ip route show table all type prohibit",
                    "sysctl net.ipv4.ip_unprivileged_port_start", "ausearch -m avc -ts recent",
                    CAPTURE_UNREACHABLE},
    },
    {
        NUMBER(EINVAL),
        .condition = {{CALL_CONNECT, "a blackhole route or rule covers the address", NULL},
                      {CALL_BIND, "the socket has an address already", NULL},
                      {CALL_ACCEPT, "the socket does not listen", "listen"},
                      {CALL_LISTEN, "the socket is connected", "established"}},
        .check = {"ip route get tells \"Invalid argument\" where the route is the reason.",
                  "Else the application uses the call wrongly: strace shows which."},
        .command = {"ip route get HOST", "ip rule", "ip route show table all type blackhole",
                    "strace -f -e trace=network -p PID"},
    },
    {
        /* accept(2), socket(2); fs/file_table.c alloc_empty_file(); do_accept() makes the file before it
           takes the connection. */
        NUMBER(ENFILE),
        .condition = {{CALL_ACCEPT,
                       "the host has fs.file-max files open: the connection stays in the accept "
                       "queue",
                       "accept-queue-full"},
                      {CALL_SOCKET, "the host has fs.file-max files open", "fs.file-max"}},
        .check = {"The first number of file-nr is how many are open, the last is fs.file-max.",
                  "A process that leaks descriptors is a likelier reason than a limit that is too low."},
        .command =
            {"cat /proc/sys/fs/file-nr",
             "for p in /proc/[0-9]*; do echo \"$(ls $p/fd | wc -l) $p $(cat $p/comm)\"; done | sort -n "
             "| tail",
             "synwaitctl states --by unit"},
    },
    {
        /* accept(2), socket(2). */
        NUMBER(EMFILE),
        .condition = {{CALL_ACCEPT,
                       "the process has as many files open as RLIMIT_NOFILE allows: the "
                       "connection stays in the accept queue",
                       "accept-queue-full"},
                      {CALL_SOCKET, "likewise, and no connection can be begun", NULL},
                      {CALL_ACCEPT | CALL_SOCKET,
                       "often descriptors leak: peers have closed and the application has not",
                       "close-wait-leak"}},
        .check = {"Look for CLOSE-WAIT first: with a leak a higher limit only lasts longer.",
                  "Else raise LimitNOFILE= of the unit and restart it; fs.nr_open is the highest value."},
        .command = {"synwaitctl sockets --state close-wait", "grep 'open files' /proc/PID/limits",
                    "ls /proc/PID/fd | wc -l", "systemctl show -p LimitNOFILE UNIT"},
    },
    {
        NUMBER(EPIPE),
        .condition = {{CALL_WRITE, "the peer had closed, and answered data sent after that with a reset",
                       "close-wait"},
                      {CALL_WRITE, "the connection has ended, and an earlier call has told why", NULL},
                      {CALL_WRITE, "the socket was shut down for writing here, with shutdown()",
                       "fin-wait-2"},
                      {CALL_WRITE, "the socket was never connected", NULL}},
        .check = {"SIGPIPE comes with it and ends the process, unless it is ignored or MSG_NOSIGNAL is set.",
                  "close() when read() returns 0, before more is written."},
        .command = {"synwaitctl sockets --state close-wait", CAPTURE_RESET},
    },
    {
        /* inet_csk_get_port(): the default of tcp_tw_reuse does not matter to bind(). */
        NUMBER(EADDRINUSE),
        .condition = {{CALL_BIND, "another socket has the address and port", NULL},
                      {CALL_BIND,
                       "a connection of that port is still there, often in TIME-WAIT, and it or "
                       "the new socket is without SO_REUSEADDR",
                       "time-wait"},
                      {CALL_BIND, "port 0, and the whole range of ephemeral ports is taken",
                       "port-exhaustion"},
                      {CALL_LISTEN, "another socket already listens on the address and port", "listen"}},
        .check = {"Set SO_REUSEADDR on a server's socket before bind(), at every start.",
                  "A client that binds its source address first needs IP_BIND_ADDRESS_NO_PORT, or it uses up "
                  "a port for each connection."},
        .command = {"synwaitctl sockets --port PORT", "ss -tanp 'sport = :PORT'",
                    "sysctl net.ipv4.ip_local_port_range"},
    },
    {
        NUMBER(EADDRNOTAVAIL),
        .condition = {{CALL_CONNECT, "every local port towards this destination is taken, TIME-WAIT included",
                       "port-exhaustion"},
                      {CALL_CONNECT,
                       "the socket has a source port that is already connected to this "
                       "destination",
                       NULL},
                      {CALL_BIND, "the address is not one of this host", NULL}},
        .check = {"No counter of the kernel tells of it: count the ports towards the destination.",
                  "Reuse connections before widening the range."},
        .command = {"synwaitctl diagnose", "ss -Htan dst HOST 'dport = :PORT' | wc -l",
                    "sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse", "ip -br addr"},
    },
    {
        /* af_packet.c packet_notifier(), packet_snd(); accept(2). */
        NUMBER(ENETDOWN),
        .condition = {{CALL_READ | CALL_WRITE,
                       "of a packet socket, as tcpdump has one: its interface is or went down", NULL},
                      {CALL_ACCEPT,
                       "an error of the network that waited on the new connection: accept(2) "
                       "says to treat it like EAGAIN",
                       NULL}},
        .check = {"On Linux connect() over an interface that is down fails with ENETUNREACH instead."},
        .command = {"ip -br link", "ip route get HOST", "synwaitctl explain ENETUNREACH"},
    },
    {
        /* icmp_err_convert[], tcp_v4_err(): in SYN-SENT it ends the attempt; later it is kept in sk_err_soft,
           which tcp_write_err() prefers to ETIMEDOUT. */
        NUMBER(ENETUNREACH),
        .condition = {{CALL_CONNECT,
                       "no route to the address: no default route, a throw route, or the "
                       "interface is down",
                       NULL},
                      {CALL_CONNECT, "a router answered the SYN with ICMP \"network unreachable\"",
                       "syn-sent-stall"},
                      {CALL_CONNECT, "the address is a broadcast or multicast address", NULL},
                      {CALL_READ | CALL_WRITE,
                       "data went unanswered until the kernel gave up, and a router "
                       "had reported this by ICMP",
                       "established-pileup"}},
        .check = {"The route and the interface here first, then the routers on the way."},
        .command = {"ip route get HOST", "ip -br link", "tracepath -n HOST", CAPTURE_UNREACHABLE},
    },
    {
        /* tcp_diag_destroy(), tcp_abort(); __inet_stream_connect(): sock_error; accept(2). */
        NUMBER(ECONNABORTED),
        .condition = {{CALL_READ | CALL_WRITE, "somebody destroyed the socket from outside: ss -K", NULL},
                      {CALL_CONNECT, "called again after the attempt had failed and SO_ERROR had told why",
                       NULL}},
        .check = {"Linux does not give it for a client that resets before accept(): the connection is handed "
                  "out, and read() fails with ECONNRESET."},
        .command = {"synwaitctl explain ECONNRESET", "strace -f -e trace=network -p PID"},
    },
    {
        NUMBER(ECONNRESET),
        .condition = {{CALL_READ | CALL_WRITE,
                       "the peer closed with data unread, also by ending, or with SO_LINGER 0", NULL},
                      {CALL_READ | CALL_WRITE,
                       "the peer, or a firewall or NAT on the way, does not know the "
                       "connection any more: a restart, an entry that timed out",
                       "established-pileup"},
                      {CALL_READ | CALL_WRITE,
                       "the peer's accept queue was full and it has "
                       "tcp_abort_on_overflow=1",
                       "net.ipv4.tcp_abort_on_overflow"},
                      {CALL_READ, "the first read after accept(): the client gave up in the accept queue",
                       "accept-queue-full"}},
        .check = {"A capture shows who sends the reset; a TTL unlike that of the other packets speaks for a "
                  "box on the way.",
                  "Idle before? A keepalive shorter than the firewall's timeout keeps its entry."},
        .command = {CAPTURE_RESET, "nstat -az TcpOutRsts TcpEstabResets 'TcpExtTCPAbort*'",
                    "synwaitctl diagnose"},
    },
    {
        /* tcp_connect(), inet_create(), socket(2); netlink(7). */
        NUMBER(ENOBUFS),
        .condition = {{CALL_CONNECT | CALL_SOCKET, "the kernel has no memory for the socket or its SYN",
                       "tcp-memory-pressure"},
                      {CALL_READ,
                       "of a netlink socket that gets events: more came than its receive buffer "
                       "holds, and some are lost",
                       NULL}},
        .check = {"Compare mem in sockstat with the third value of tcp_mem: both are pages."},
        .command = {"grep TCP: /proc/net/sockstat", "sysctl net.ipv4.tcp_mem", "ss -tmn", "dmesg | tail -50"},
    },
    {
        NUMBER(EISCONN),
        .condition = {{CALL_CONNECT, "the socket is connected: an earlier connect() got through",
                       "established"}},
        .check = {"After EINPROGRESS, SO_ERROR tells the result; connect() need not be called again."},
        .command = {"strace -f -e trace=network -p PID", "ss -tnp dst HOST"},
    },
    {
        NUMBER(ENOTCONN),
        .condition = {{CALL_READ, "the socket was never connected, or it listens", NULL},
                      {CALL_GETPEERNAME | CALL_SHUTDOWN,
                       "the connection is gone, as after a reset or a timeout", NULL}},
        .check = {"A client that resets right after accept() makes getpeername() fail: not an error of the "
                  "server."},
        .command = {"synwaitctl explain ECONNRESET", CAPTURE_RESET},
    },
    {
        /* tcp_write_timeout(), tcp_keepalive_timer(); tcp(7). */
        NUMBER(ETIMEDOUT),
        .condition = {{CALL_CONNECT,
                       "no answer to any SYN: the host is down, a firewall drops, or the "
                       "accept queue there is full",
                       "syn-sent-stall"},
                      {CALL_READ | CALL_WRITE,
                       "data was sent again and again without an answer "
                       "(tcp_retries2, TCP_USER_TIMEOUT)",
                       "established-pileup"},
                      {CALL_READ | CALL_WRITE, "no answer to the keepalive probes",
                       "net.ipv4.tcp_keepalive_time"}},
        .check = {"SYNs without a SYN-ACK in the capture: the way or the host. A SYN-ACK, and a timeout all "
                  "the same: a firewall here drops it after the capture.",
                  "Do other ports of the host answer? Then a firewall or that service."},
        .command = {"synwaitctl sockets --state syn-sent --peer HOST", "ping -c 3 HOST",
                    "mtr -rwn -c 10 --tcp --port PORT HOST", "tracepath -n HOST", CAPTURE_HANDSHAKE},
    },
    {
        /* tcp_reset() in SYN-SENT; icmp_err_convert[]: port unreachable. */
        NUMBER(ECONNREFUSED),
        .condition = {{CALL_CONNECT,
                       "a reset came back for the SYN: nothing listens on the port, or a "
                       "firewall rejects",
                       "syn-sent-stall"},
                      {CALL_CONNECT, "ICMP \"port unreachable\" came back: a firewall rejects", NULL}},
        .check = {"Does the service run, on that address, and not on loopback alone?",
                  "A full accept queue does not refuse: it makes connect() time out."},
        .command = {"ss -tlnp 'sport = :PORT' # on HOST", CAPTURE_HANDSHAKE, CAPTURE_UNREACHABLE},
    },
    {
        /* icmp_err_convert[]: ICMP_HOST_UNKNOWN. */
        NUMBER(EHOSTDOWN),
        .condition = {{CALL_CONNECT,
                       "a router answered the SYN with ICMP \"destination host unknown\" (code "
                       "7)",
                       "syn-sent-stall"}},
        .check = {"A neighbour that does not answer ARP gives EHOSTUNREACH on Linux, not this."},
        .command = {"tracepath -n HOST", CAPTURE_UNREACHABLE, "synwaitctl explain EHOSTUNREACH"},
    },
    {
        /* As for ENETUNREACH; arp_error_report(): the kernel reports the failed neighbour to itself. */
        NUMBER(EHOSTUNREACH),
        .condition = {{CALL_CONNECT, "the next hop does not answer ARP or neighbour discovery", NULL},
                      {CALL_CONNECT, "an unreachable route covers the address", NULL},
                      {CALL_CONNECT,
                       "a router or firewall answered the SYN with ICMP: host unreachable, or (IPv4) "
                       "administratively prohibited",
                       "syn-sent-stall"},
                      {CALL_READ | CALL_WRITE,
                       "data went unanswered until the kernel gave up, and a router "
                       "or this host had reported this by ICMP",
                       "established-pileup"}},
        .check = {"FAILED or INCOMPLETE in ip neigh: the host, its cable or its VLAN.",
                  "Else the capture shows which router sends the ICMP error."},
        .command = {"ip route get HOST", "ip neigh", "tracepath -n HOST", CAPTURE_UNREACHABLE},
    },
    {
        NUMBER(EALREADY),
        .condition = {{CALL_CONNECT, "non-blocking, and called again while the handshake is still going on",
                       "syn-sent"}},
        .check = {"Wait with poll() until the socket is writable, then read SO_ERROR."},
        .command = {"synwaitctl sockets --state syn-sent", "strace -f -e trace=network -p PID"},
    },
    {
        NUMBER(EINPROGRESS),
        .condition = {{CALL_CONNECT, "non-blocking: the handshake has begun, nothing is wrong", "syn-sent"},
                      {CALL_CONNECT, "SO_SNDTIMEO has run out; the handshake goes on", "syn-sent"}},
        .check = {"Wait with poll() until the socket is writable, with a limit of your own, then read "
                  "SO_ERROR.",
                  "Many that stay in SYN-SENT: their SYNs are not answered."},
        .command = {"synwaitctl sockets --state syn-sent", "ss -tnop state syn-sent", CAPTURE_HANDSHAKE},
    },
};

const struct errno_word *errno_table(size_t *count) {
    *count = ARRAY_SIZE(table);
    return table;
}
