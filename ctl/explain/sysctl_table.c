/* SPDX-License-Identifier: MIT */
/*
 * What each sysctl does on which kernel. Only what the advice table, the audit and the problems do not say:
 * their texts are shown with these. "doc" is Documentation/networking/ip-sysctl.rst of the kernel.
 */
#include "explain_words.h"
#include "util.h"

#define ALWAYS(words)                                                                                        \
    {                                                                                                        \
        { .text = (words) }                                                                                  \
    }
#define BEFORE(major, minor, words)                                                                          \
    { .before = {(major), (minor)}, .text = (words) }
#define SINCE(major, minor, words)                                                                           \
    { .since = {(major), (minor)}, .text = (words) }
#define BETWEEN(major, minor, end_major, end_minor, words)                                                   \
    { .since = {(major), (minor)}, .before = {(end_major), (end_minor)}, .text = (words) }
/* Who has a value of its own. */
#define NAMESPACE_SINCE(major, minor)                                                                        \
    {                                                                                                        \
        BEFORE(major, minor,                                                                                 \
               "the whole host (from Linux " #major "." #minor " on each network namespace has its own)"),   \
            SINCE(major, minor,                                                                              \
                  "this network namespace (the whole host before Linux " #major "." #minor ")")              \
    }
#define NAMESPACE      ALWAYS("this network namespace")
#define HOST           ALWAYS("the whole host")
#define HOST_NET       ALWAYS("the whole host; only the initial network namespace has the file")
#define NO_FILE_BEFORE "it is not there before Linux "

static const struct sysctl_word table[] = {
    {
        /* listen(2); inet_csk_listen_start(); the SYN queue since ef547f2ac16b. Default: 19f92a030ca6. */
        .key = "net.core.somaxconn",
        .does = {BEFORE(4, 4,
                        "Caps the backlog that an application asks for in listen(). That backlog limits the "
                        "accept queue and, with tcp_max_syn_backlog, the SYN queue. A listener keeps its "
                        "backlog until listen() is called again."),
                 SINCE(4, 4,
                       "Caps the backlog that an application asks for in listen(). That backlog limits both "
                       "the accept queue and the SYN queue. A listener keeps its backlog until listen() is "
                       "called again.")},
        .initial = {BEFORE(5, 4, "128"), SINCE(5, 4, "4096 (128 before Linux 5.4)")},
        .unit = "connections of one listener",
        .scope = NAMESPACE,
        .does_not = "It gives no listener more than its application asks for.",
    },
    {
        /* enqueue_to_backlog(); softnet_stat's column: net-procfs.c softnet_seq_show(). */
        .key = "net.core.netdev_max_backlog",
        .does = ALWAYS(
            "How many received packets may wait on one CPU in the queue that loopback, RPS and drivers "
            "without NAPI use. More are dropped and counted in the second column of /proc/net/softnet_stat."),
        .initial = ALWAYS("1000"),
        .unit = "packets of one CPU",
        .scope = HOST_NET,
        .does_not = "It is no queue of connections: neither listen() nor the SYN queue knows it.",
    },
    {
        /* tcp_conn_request(); 2: 5ad37d5deee1 in 3.12; before it any other value than 0 was 1. */
        .key = "net.ipv4.tcp_syncookies",
        .does = {BEFORE(3, 12,
                        "0: off. Any other value: while a listener's SYN queue is full, a SYN is answered "
                        "with a cookie and nothing is kept until the client's ACK brings it back."),
                 SINCE(3, 12,
                       "0: off. 1: while a listener's SYN queue is full, a SYN is answered with a cookie and "
                       "nothing is kept until the client's ACK brings it back. 2: a cookie for every SYN, "
                       "for tests.")},
        .initial = ALWAYS("1"),
        .unit = "0, 1 or 2",
        .scope = NAMESPACE_SINCE(4, 6),
        .does_not = "It does not help a full accept queue: an ACK with a valid cookie finds no room there "
                    "either.",
        .absent = "the kernel is built without CONFIG_SYN_COOKIES",
    },
    {
        /* reqsk_queue_alloc() before ef547f2ac16b; tcp_conn_request(). Default: tcp.c tcp_init(). */
        .key = "net.ipv4.tcp_max_syn_backlog",
        .does = {BEFORE(4, 4,
                        "Limits a listener's SYN queue, as the listen() backlog and somaxconn do: the "
                        "smallest of the three, at least 8, plus one, rounded up to a power of two, set when "
                        "listen() is called. With tcp_syncookies=0 clients not seen before are dropped once "
                        "less than a quarter of it is left."),
                 SINCE(4, 4,
                       "Without effect while tcp_syncookies is 1 or 2, or where the kernel has no cookies. "
                       "With 0 a listener drops SYNs of clients not seen before once its half-open "
                       "connections leave less than a quarter of it. The SYN queue itself ends at the "
                       "listen() backlog.")},
        .initial = ALWAYS("grows with the table of connections, at least 128"),
        .unit = "half-open connections of one listener",
        .scope = NAMESPACE_SINCE(4, 11),
        .does_not = "It makes no accept queue longer and, from Linux 4.4 on, no SYN queue either.",
    },
    {
        /* doc; reqsk_timer_handler() lowers it when the queue is half full; a client's SYN is answered anew
           by tcp_check_req(). */
        .key = "net.ipv4.tcp_synack_retries",
        .does = ALWAYS("How often a SYN-ACK is sent again to a client that is silent, after 1 s and then "
                       "twice as long each time. While a SYN queue is more than half full, the kernel may "
                       "give up earlier."),
        .initial = ALWAYS("5: the last is sent after 31 s, the half-open connection ends after 63 s"),
        .unit = "times",
        .scope = NAMESPACE_SINCE(4, 6),
        .does_not = "It does not limit the answers to a client that repeats its SYN.",
    },
    {
        /* doc; tcp_write_timeout(); linear part: ccce324dabfe in 6.5. */
        .key = "net.ipv4.tcp_syn_retries",
        .does = {BEFORE(6, 5,
                        "How often connect() sends its SYN again, after 1 s and then twice as long each "
                        "time, before it fails with ETIMEDOUT."),
                 SINCE(6, 5,
                       "How often connect() sends its SYN again, with twice the pause each time, before it "
                       "fails with ETIMEDOUT. The resends of tcp_syn_linear_timeouts, one second apart, come "
                       "before and on top of it.")},
        .initial = {BEFORE(6, 5, "6: the last SYN after 63 s, ETIMEDOUT after 127 s"),
                    SINCE(6, 5,
                          "6: with tcp_syn_linear_timeouts=4 the last SYN after 67 s, ETIMEDOUT after "
                          "131 s")},
        .unit = "times",
        .scope = NAMESPACE_SINCE(4, 6),
        .does_not = "It does not replace a connect timeout in the application, and TCP_SYNCNT on a socket "
                    "overrides it.",
    },
    {
        /* ccce324dabfe in 6.5; doc. */
        .key = "net.ipv4.tcp_syn_linear_timeouts",
        .does = {BEFORE(6, 5, "Nothing: " NO_FILE_BEFORE "6.5."),
                 SINCE(6, 5,
                       "How many of connect()'s first resends of a SYN are one second apart; those of "
                       "tcp_syn_retries follow.")},
        .initial = {SINCE(6, 5, "4")},
        .unit = "times",
        .scope = NAMESPACE,
        .does_not = "It has no effect on SYN-ACKs: those have tcp_synack_retries.",
        .absent = NO_FILE_BEFORE "6.5",
    },
    {
        /* tcp_check_req(): overflow. */
        .key = "net.ipv4.tcp_abort_on_overflow",
        .does = ALWAYS("When the last ACK of a handshake finds the accept queue full: 0 drops the ACK, and "
                       "the client gets in if there is room when it or the SYN-ACK is sent again; 1 resets "
                       "the client."),
        .initial = ALWAYS("0"),
        .unit = "0 or 1",
        .scope = NAMESPACE_SINCE(4, 15),
        .does_not = "It does not act on SYNs: what becomes of those does not depend on it.",
    },
    {
        /* tcp_twsk_unique(); 2 and its being the default: 79e9fed46038 in 4.18; scope: 56ab6b93007e;
           delay: 6.14. */
        .key = "net.ipv4.tcp_tw_reuse",
        .does = {BEFORE(4, 18,
                        "1: where connect() chooses a local port, it may take one whose connection to the "
                        "same destination is in TIME-WAIT, if that is older than a second and used "
                        "timestamps. 0: it takes none of those."),
                 BETWEEN(4, 18, 6, 14,
                         "1: where connect() chooses a local port, it may take one whose connection to the "
                         "same destination is in TIME-WAIT, if that is older than a second and used "
                         "timestamps. 2: between loopback "
                         "addresses alone. 0: it takes none of those."),
                 SINCE(6, 14,
                       "1: where connect() chooses a local port, it may take one whose connection to the "
                       "same destination is in TIME-WAIT, if that is older than tcp_tw_reuse_delay and used "
                       "timestamps. 2: between "
                       "loopback addresses alone. 0: it takes none of those.")},
        .initial = {BEFORE(4, 18, "0"), SINCE(4, 18, "2 (0 before Linux 4.18)")},
        .unit = "0 or 1; 2 from Linux 4.18 on",
        .scope = NAMESPACE_SINCE(4, 10),
        .does_not = "It does not shorten TIME-WAIT, does nothing for incoming connections, and nothing in "
                    "bind().",
    },
    {
        /* ca6a6f93867a in 6.14; doc. */
        .key = "net.ipv4.tcp_tw_reuse_delay",
        .does = {BEFORE(6, 14, "Nothing: " NO_FILE_BEFORE "6.14. tcp_tw_reuse waits a second."),
                 SINCE(6, 14,
                       "How old a TIME-WAIT must be before tcp_tw_reuse lets connect() take its "
                       "port.")},
        .initial = {SINCE(6, 14, "1000")},
        .unit = "milliseconds, 1 to 60000",
        .scope = NAMESPACE,
        .does_not = "It ends no TIME-WAIT, and without tcp_tw_reuse it does nothing.",
        .absent = NO_FILE_BEFORE "6.14",
    },
    {
        /* Removed by 4396e46187ca in 4.12; tcp_time_wait() of 4.9: 3.5 RTO. */
        .key = "net.ipv4.tcp_tw_recycle",
        .does = {BEFORE(4, 12,
                        "1: TIME-WAIT of a connection with timestamps ends after a few retransmission "
                        "timeouts, and a SYN is dropped whose "
                        "timestamp is behind the last one seen from its address. Clients behind one NAT "
                        "share an address and not a clock: some of them get no answer. 0: off."),
                 SINCE(4, 12, "Nothing: it was removed in Linux 4.12.")},
        .initial = {BEFORE(4, 12, "0")},
        .unit = "0 or 1",
        .scope = NAMESPACE_SINCE(4, 11),
        .does_not = "It is safe for no server: it cannot tell a client from the others behind the same NAT.",
        .absent = "it was removed in Linux 4.12",
    },
    {
        /* tcp_fin() / tcp_rcv_state_process() of FIN-WAIT-2; TCP_TIMEWAIT_LEN in include/net/tcp.h. */
        .key = "net.ipv4.tcp_fin_timeout",
        .does = ALWAYS("How long an orphaned FIN-WAIT-2, one that no process holds, waits for the peer's FIN "
                       "before it ends. TCP_LINGER2 sets it for one socket."),
        .initial = ALWAYS("60"),
        .unit = "seconds",
        .scope = NAMESPACE_SINCE(4, 6),
        .does_not = "It shortens neither TIME-WAIT, whose 60 s are compiled in, nor any other state.",
    },
    {
        /* inet_twsk_alloc(): minisockets of both states count. Default: tcp_init(), tcp_set_hashinfo(). */
        .key = "net.ipv4.tcp_max_tw_buckets",
        .does = ALWAYS("How many TIME-WAIT sockets there may be, with the orphaned FIN-WAIT-2 that are kept "
                       "in the same form. At the limit a connection ends without TIME-WAIT and is counted "
                       "in TCPTimeWaitOverflow."),
        .initial = ALWAYS("half as many as the table of connections has buckets"),
        .unit = "sockets",
        .scope = NAMESPACE_SINCE(4, 11),
        .does_not = "A lower value ends no TIME-WAIT that is already there.",
    },
    {
        /* RFC 7323; offsets and value 2: 95a22caee396, 25429d7b7dca in 4.10; cookies: syncookies.c. */
        .key = "net.ipv4.tcp_timestamps",
        .does = {BEFORE(4, 10, "0: off. 1: a connection carries timestamps if its peer wants them, too."),
                 SINCE(4, 10,
                       "0: off. 1: a connection carries timestamps if its peer wants them, too; they start "
                       "at a random offset. 2: without the offset.")},
        .initial = ALWAYS("1"),
        .unit = "0 or 1; 2 from Linux 4.10 on",
        .scope = NAMESPACE_SINCE(4, 13),
        .does_not = "Turning it off mends no pile-up. It takes away PAWS, tcp_tw_reuse, and the options of "
                    "connections that are made by cookie.",
    },
    {
        /* tcp_timewait_state_process(); tcp(7). doc has the two values the wrong way round. */
        .key = "net.ipv4.tcp_rfc1337",
        .does = ALWAYS("What a valid RST does to a TIME-WAIT socket. 0: it ends it at once. 1: it is "
                       "ignored, which keeps TIME-WAIT from being cut short (RFC 1337)."),
        .initial = ALWAYS("0"),
        .unit = "0 or 1",
        .scope = NAMESPACE_SINCE(4, 15),
        .does_not = "It makes no TIME-WAIT end sooner.",
    },
    {
        /* __inet_hash_connect(), parity 07f4c90062f8 in 4.2, which also set the default's high bound; lowest:
           ipv4_local_port_range(), which refuses with EINVAL. */
        .key = "net.ipv4.ip_local_port_range",
        .does = {BEFORE(4, 2, "From which local ports connect(), and bind() with port 0, choose one."),
                 SINCE(4, 2,
                       "From which local ports connect(), and bind() with port 0, choose one. connect() "
                       "first takes those that are odd or even as the low bound is, so one bound should be "
                       "odd and the other even.")},
        .initial = {BEFORE(4, 2, "32768 61000"), SINCE(4, 2, "32768 60999 (61000 before Linux 4.2)")},
        .unit = "first and last port; from Linux 4.11 on the first is at least ip_unprivileged_port_start",
        .scope = NAMESPACE_SINCE(3, 13),
        .does_not = "It limits no incoming connections, and outgoing ones only towards one destination "
                    "address and port, unless the application binds its source address first without "
                    "IP_BIND_ADDRESS_NO_PORT.",
    },
    {
        /* doc; inet_is_local_reserved_port(). */
        .key = "net.ipv4.ip_local_reserved_ports",
        .does = ALWAYS("Ports that connect(), and bind() with port 0, leave out although they lie in "
                       "ip_local_port_range: for services that start later."),
        .initial = ALWAYS("none"),
        .unit = "ports and ranges of ports, with commas between them",
        .scope = NAMESPACE_SINCE(3, 16),
        .does_not = "It keeps nobody from binding such a port by its number.",
    },
    {
        /* ip_unprivileged_port_start: 4548b683b781 in 4.11; doc. */
        .key = "net.ipv4.ip_unprivileged_port_start",
        .does = {BEFORE(4, 11, "Nothing: " NO_FILE_BEFORE "4.11. There the first such port is 1024."),
                 SINCE(4, 11,
                       "The first port that a process may bind() without CAP_NET_BIND_SERVICE; below "
                       "it bind() fails with EACCES.")},
        .initial = {SINCE(4, 11, "1024")},
        .unit = "port",
        .scope = NAMESPACE,
        .does_not = "It does not widen the range of ports for connect(): that is ip_local_port_range.",
        .absent = NO_FILE_BEFORE "4.11",
    },
    {
        /* tcp_too_many_orphans(), tcp_check_oom(), tcp_close(); half and quarter: tcp_out_of_resources().
           Minisockets are no orphans: tcp_time_wait() ends the full socket. */
        .key = "net.ipv4.tcp_max_orphans",
        .does = ALWAYS("How many sockets may be orphans: closed by their process while TCP still has data or "
                       "a FIN to get across. Further ones are reset, those with silent peers already from a "
                       "half, or a quarter, of it, and counted in TCPAbortOnMemory."),
        .initial = ALWAYS("half as many as the table of connections has buckets"),
        .unit = "sockets",
        .scope = HOST_NET,
        .does_not = "TIME-WAIT sockets are no orphans and do not count.",
    },
    {
        /* tcp_orphan_retries(); 102.2 s: model_timeout() of 8 doublings from TCP_RTO_MIN, 200 ms. */
        .key = "net.ipv4.tcp_orphan_retries",
        .does = ALWAYS("How often the last data or the FIN of a socket that its process has closed is sent "
                       "again without an acknowledgement before the socket is given up."),
        .initial = ALWAYS("0, which stands for 8: at least 102 s"),
        .unit = "times",
        .scope = NAMESPACE_SINCE(4, 6),
        .does_not = "It does not act on sockets that a process still holds: those have tcp_retries2. 0 does "
                    "not mean to give up at once.",
    },
    {
        /* doc; retransmits_timed_out(). */
        .key = "net.ipv4.tcp_retries2",
        .does = ALWAYS("After how many resends without an acknowledgement an open connection is given up "
                       "with ETIMEDOUT. The kernel turns the number into a time, as if the first resend came "
                       "after 200 ms and each pause were twice the last, up to 120 s (tcp_rto_max_ms, where "
                       "there is one)."),
        .initial = ALWAYS("15: at least 924.6 s"),
        .unit = "times",
        .scope = NAMESPACE_SINCE(4, 6),
        .does_not = "It does not end idle connections (that is keepalive), nor connect() (tcp_syn_retries). "
                    "TCP_USER_TIMEOUT on a socket overrides it.",
    },
    {
        /* tcp(7), TCP_KEEPIDLE. */
        .key = "net.ipv4.tcp_keepalive_time",
        .does = ALWAYS("How long a connection with SO_KEEPALIVE is idle before its peer is probed. "
                       "TCP_KEEPIDLE sets it for one socket."),
        .initial = ALWAYS("7200"),
        .unit = "seconds",
        .scope = NAMESPACE_SINCE(4, 5),
        .does_not = "It does nothing for sockets whose application has not set SO_KEEPALIVE.",
    },
    {
        /* tcp(7), TCP_KEEPINTVL. */
        .key = "net.ipv4.tcp_keepalive_intvl",
        .does = ALWAYS("How long it is from one unanswered keepalive probe to the next. TCP_KEEPINTVL sets "
                       "it for one socket."),
        .initial = ALWAYS("75"),
        .unit = "seconds",
        .scope = NAMESPACE_SINCE(4, 5),
        .does_not = "It does nothing for sockets whose application has not set SO_KEEPALIVE.",
    },
    {
        /* tcp(7), TCP_KEEPCNT. */
        .key = "net.ipv4.tcp_keepalive_probes",
        .does = ALWAYS("How many keepalive probes go unanswered before the connection ends with ETIMEDOUT. "
                       "TCP_KEEPCNT sets it for one socket."),
        .initial = ALWAYS("9"),
        .unit = "probes",
        .scope = NAMESPACE_SINCE(4, 5),
        .does_not = "It does nothing for sockets whose application has not set SO_KEEPALIVE.",
    },
    {
        /* doc; tcp(7); a file of each namespace, of which inet_init() takes the initial one: 3.10; of the
           host alone: 3.13. */
        .key = "net.ipv4.tcp_mem",
        .does = ALWAYS("Memory for the buffers of all TCP sockets together. Below the first value the kernel "
                       "does not care; above the second it saves memory until use is below the first; the "
                       "third is the most that may be used."),
        .initial = ALWAYS("from the host's memory at boot"),
        .unit = "memory pages: low, pressure, maximum",
        .scope = {BEFORE(3, 13, "the whole host, although each network namespace has the file"),
                  SINCE(3, 13, "the whole host; only the initial network namespace has the file")},
        .does_not = "It is not counted in bytes, and it gives no single socket more: that is tcp_rmem and "
                    "tcp_wmem.",
    },
    {
        /* tcp(7), doc. 131072: a337531b942b in 4.20. SO_RCVBUF: net.core.rmem_max, socket(7). */
        .key = "net.ipv4.tcp_rmem",
        .does = ALWAYS("The receive buffer of each TCP socket: what it gets under memory pressure, too; what "
                       "it begins with; and up to what the kernel lets it grow by itself."),
        .initial = {BEFORE(4, 20, "4096 87380, and the third from the host's memory"),
                    SINCE(4, 20, "4096 131072, and the third from the host's memory")},
        .unit = "bytes: minimum, default, maximum",
        .scope = NAMESPACE_SINCE(4, 15),
        .does_not = "It is no limit on all sockets together (tcp_mem is), and none on SO_RCVBUF, which turns "
                    "growing off (net.core.rmem_max is).",
    },
    {
        /* tcp(7), doc; socket(7). */
        .key = "net.ipv4.tcp_wmem",
        .does = ALWAYS("The send buffer of each TCP socket: what it gets under memory pressure, too; what it "
                       "begins with; and up to what the kernel lets it grow by itself."),
        .initial = ALWAYS("4096 16384, and the third from the host's memory"),
        .unit = "bytes: minimum, default, maximum",
        .scope = NAMESPACE_SINCE(4, 15),
        .does_not = "It is no limit on all sockets together (tcp_mem is), and none on SO_SNDBUF, which turns "
                    "growing off (net.core.wmem_max is).",
    },
    {
        /* d1e5e6408b30 in 6.1; doc; thash_entries=: kernel-parameters.txt. */
        .key = "net.ipv4.tcp_ehash_entries",
        .does = {BEFORE(6, 1, "Nothing: " NO_FILE_BEFORE "6.1."),
                 SINCE(6, 1,
                       "Shows how many buckets the table of connections has. Below zero: this network "
                       "namespace uses the table of the initial one. It cannot be written; the boot "
                       "parameter thash_entries= sets it.")},
        .initial = {SINCE(6, 1, "from the host's memory at boot")},
        .unit = "buckets",
        .scope = NAMESPACE,
        .does_not = "It is no limit on connections: more than one fit into a bucket.",
        .absent = NO_FILE_BEFORE "6.1",
    },
    {
        /* tcp_metrics.c tcp_update_metrics(); doc. */
        .key = "net.ipv4.tcp_no_metrics_save",
        .does = ALWAYS("1: what a connection has learnt of the path, such as its round-trip time, is not "
                       "remembered for the next one to the same address. 0: it is."),
        .initial = ALWAYS("0"),
        .unit = "0 or 1",
        .scope = NAMESPACE_SINCE(4, 15),
        .does_not = "It concerns no state and no queue: no pile-up gets better or worse by it.",
    },
    {
        /* __nf_conntrack_alloc(), early_drop(); nf_conntrack-sysctl.rst. */
        .key = "net.netfilter.nf_conntrack_max",
        .does = ALWAYS("How many connections the firewall tracks at most. At the limit a packet that opens a "
                       "further one is dropped, unless an entry that can be spared makes room. 0: no limit."),
        .initial = ALWAYS("from the host's memory when the module is loaded"),
        .unit = "tracked connections",
        .scope = ALWAYS("one limit for the whole host; the connections of each network namespace are "
                        "counted against it apart"),
        .does_not = "It limits no sockets: connections that are only forwarded count as well.",
        .absent = "the module nf_conntrack is not loaded",
    },
    {
        /* nf_conntrack-sysctl.rst; nf_conntrack_hash_sysctl(). */
        .key = "net.netfilter.nf_conntrack_buckets",
        .does = ALWAYS("How many buckets the table of tracked connections has. When there are many times as "
                       "many connections, each packet takes longer to look up."),
        .initial = ALWAYS("from the host's memory when the module is loaded"),
        .unit = "buckets",
        .scope = HOST,
        .does_not = "It is no limit on tracked connections: that is nf_conntrack_max.",
        .absent = "the module nf_conntrack is not loaded",
    },
    {
        /* nf_conntrack_proto_tcp.c tcp_timeouts[]; nf_conntrack-sysctl.rst. */
        .key = "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
        .does = ALWAYS("How long after its last packet the firewall still tracks a connection that both "
                       "sides have closed."),
        .initial = ALWAYS("120"),
        .unit = "seconds",
        .scope = NAMESPACE,
        .does_not = "It ends no TIME-WAIT socket: conntrack has its own table and its own timers.",
        .absent = "the module nf_conntrack is not loaded",
    },
    {
        .key = "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
        .does = ALWAYS("How long after its last packet the firewall still tracks a connection that one side "
                       "has closed, with that FIN acknowledged."),
        .initial = ALWAYS("60"),
        .unit = "seconds",
        .scope = NAMESPACE,
        .does_not = "It ends no CLOSE-WAIT socket: only the application does, with close().",
        .absent = "the module nf_conntrack is not loaded",
    },
    {
        .key = "net.netfilter.nf_conntrack_tcp_timeout_established",
        .does = ALWAYS("How long after its last packet the firewall still tracks an open connection."),
        .initial = ALWAYS("432000 (5 days)"),
        .unit = "seconds",
        .scope = NAMESPACE,
        .does_not = "It ends no ESTABLISHED socket. Where it is lower than a connection's idle time, the "
                    "firewall forgets a connection that both ends still have.",
        .absent = "the module nf_conntrack is not loaded",
    },
    {
        /* fs/file_table.c alloc_empty_file(), proc(5). */
        .key = "fs.file-max",
        .does = ALWAYS("How many open files, sockets among them, the host may have. Beyond it socket() and "
                       "accept() fail with ENFILE for processes without CAP_SYS_ADMIN."),
        .initial = ALWAYS("from the host's memory at boot; systemd from 240 on raises it"),
        .unit = "open files",
        .scope = HOST,
        .does_not = "It does not raise what one process may open, which is RLIMIT_NOFILE (LimitNOFILE= of "
                    "the unit): that one fails with EMFILE.",
    },
    {
        /* proc(5). */
        .key = "fs.nr_open",
        .does = ALWAYS("The highest value that RLIMIT_NOFILE, the open files of one process, can be set to."),
        .initial = ALWAYS("1048576"),
        .unit = "open files of one process",
        .scope = HOST,
        .does_not = "It raises no limit by itself: LimitNOFILE= of the unit does.",
    },
};

const struct sysctl_word *sysctl_table(size_t *count) {
    *count = ARRAY_SIZE(table);
    return table;
}
