/* SPDX-License-Identifier: MIT */
/*
 * States and transitions: RFC 9293 figure 5 with the notes below it, and section 3.10 where the figure leaves
 * something out. What Linux does otherwise is marked: tcp_input.c, tcp.c new_state[], tcp_minisocks.c.
 */
#include "state_table.h"

#include "util.h"

#define SENT_AGAIN                                                                                           \
    "The last data and the FIN are sent again: net.ipv4.tcp_orphan_retries times once no process holds "     \
    "the socket (0 stands for 8), else net.ipv4.tcp_retries2 times; TCP_USER_TIMEOUT ends it sooner."

static const struct state_info states[STATE_COUNT] = {
    [STATE_LISTEN] =
        {
            .meaning = "A socket that takes connections. Half-open ones wait in its SYN queue, finished ones "
                       "in its accept queue; its own number says nothing about load.",
            .who = "The server; a listener stays in LISTEN while its connections go on from there.",
            .waits = "SYNs, and the application's accept() for what is finished.",
            .timer = "None: it lasts until close().",
            .problem = {{PROBLEM_ACCEPT_QUEUE_FULL, CAUSE_NONE}, {PROBLEM_SYN_BACKLOG_SMALL, CAUSE_NONE}},
            .problem_count = 2,
        },
    [STATE_SYN_SENT] =
        {
            .meaning = "connect() was called and the SYN was sent; nobody has answered it yet.",
            .who = "The client.",
            .waits = "The SYN-ACK of the server.",
            .timer = "The SYN is sent again net.ipv4.tcp_syn_retries times, about two minutes with the "
                     "default of 6; then connect() fails with ETIMEDOUT.",
            .problem = {{PROBLEM_SYN_SENT_STALL, CAUSE_NONE}},
            .problem_count = 1,
        },
    [STATE_SYN_RECV] =
        {
            .meaning =
                "A SYN has come and was answered with a SYN-ACK: the connection is half-open. It takes a "
                "place in the SYN queue of its listener and belongs to no process; RFC 9293 calls the state "
                "SYN-RECEIVED.",
            .who = "The server; after a simultaneous open both sides, each with a socket of a process.",
            .waits = "The ACK of the client.",
            .timer = "The SYN-ACK is sent again net.ipv4.tcp_synack_retries times, about a minute with the "
                     "default of 5, fewer times in a crowded queue; then it is dropped.",
            .problem = {{PROBLEM_SYN_FLOOD, CAUSE_NONE},
                        {PROBLEM_SYN_BACKLOG_SMALL, CAUSE_NONE},
                        {PROBLEM_HANDSHAKE_LOSS, CAUSE_NONE},
                        {PROBLEM_ACCEPT_QUEUE_FULL, CAUSE_NONE},
                        {PROBLEM_SYN_SENT_STALL, CAUSE_SIMULTANEOUS_OPEN}},
            .problem_count = 5,
        },
    [STATE_ESTABLISHED] =
        {
            .meaning = "The connection is open, and both sides may send.",
            .who = "Both sides; on the server also what waits for accept().",
            .waits = "Data, or either side to close.",
            .timer = "None while nothing is under way, unless the application has set SO_KEEPALIVE "
                     "(net.ipv4.tcp_keepalive_time). Data without an answer is sent again "
                     "net.ipv4.tcp_retries2 times, a quarter of an hour or more with the default of 15.",
            .problem = {{PROBLEM_ESTABLISHED_PILEUP, CAUSE_NONE},
                        {PROBLEM_TCP_MEMORY_PRESSURE, CAUSE_NONE},
                        {PROBLEM_PORT_EXHAUSTION, CAUSE_PORTS_LIVE}},
            .problem_count = 3,
        },
    [STATE_FIN_WAIT_1] =
        {
            .meaning = "The application here has closed. The FIN is on its way, or waits behind data that "
                       "the peer has not taken.",
            .who = "The side that closes first.",
            .waits = "The acknowledgement of the data and the FIN.",
            .timer = SENT_AGAIN,
            .problem = {{PROBLEM_FIN_WAIT_1_STALL, CAUSE_NONE}, {PROBLEM_ORPHAN_PRESSURE, CAUSE_NONE}},
            .problem_count = 2,
        },
    [STATE_FIN_WAIT_2] =
        {
            .meaning = "This side has closed and the peer has acknowledged that, but has not closed itself.",
            .who = "The side that closes first; the peer is in CLOSE-WAIT.",
            .waits = "The FIN of the peer.",
            .timer = "net.ipv4.tcp_fin_timeout once no process holds the socket; none of its own while one "
                     "does, after "
                     "shutdown(). SO_KEEPALIVE probes go on; if they fail, the socket leaves this state but "
                     "the descriptor stays.",
            .problem = {{PROBLEM_FIN_WAIT_2_PILEUP, CAUSE_NONE}},
            .problem_count = 1,
        },
    [STATE_CLOSE_WAIT] =
        {
            .meaning = "The peer has closed. The application here is told by read(), which returns 0, and "
                       "has not called close() yet.",
            .who = "The side that closes second; the peer is in FIN-WAIT-2, or gone.",
            .waits = "The close() of the application here.",
            .timer = "None of its own: it lasts until the application closes or ends. SO_KEEPALIVE probes go "
                     "on, and data without an answer is sent again net.ipv4.tcp_retries2 times; if that "
                     "fails, the socket leaves this state but the descriptor stays.",
            .problem = {{PROBLEM_CLOSE_WAIT_LEAK, CAUSE_NONE},
                        {PROBLEM_PORT_EXHAUSTION, CAUSE_PORTS_CLOSE_WAIT}},
            .problem_count = 2,
        },
    [STATE_CLOSING] =
        {
            .meaning = "Both sides have closed at once: the FIN of the peer has come while ours is not "
                       "acknowledged.",
            .who = "Both sides.",
            .waits = "The acknowledgement of the FIN.",
            .timer = SENT_AGAIN,
            .problem = {{PROBLEM_CLOSING_STALL, CAUSE_NONE}},
            .problem_count = 1,
        },
    [STATE_LAST_ACK] =
        {
            .meaning = "The peer has closed first and the application here after it; our FIN is not "
                       "acknowledged.",
            .who = "The side that closes second.",
            .waits = "The acknowledgement of the FIN.",
            .timer = SENT_AGAIN,
            .problem = {{PROBLEM_LAST_ACK_STALL, CAUSE_NONE}, {PROBLEM_ORPHAN_PRESSURE, CAUSE_NONE}},
            .problem_count = 2,
        },
    [STATE_TIME_WAIT] =
        {
            .meaning = "The connection is over. Its addresses and ports are kept, so that no late segment "
                       "gets into a new connection, and a lost last ACK can be sent again. No process holds "
                       "it any more.",
            .who = "The side that has closed first; after a simultaneous close both.",
            .waits = "Nothing but time.",
            .timer = "60 s, compiled into the kernel; RFC 9293 has twice the maximum segment lifetime, four "
                     "minutes.",
            .problem = {{PROBLEM_TIME_WAIT_PILEUP, CAUSE_NONE},
                        {PROBLEM_TIME_WAIT_OVERFLOW, CAUSE_NONE},
                        {PROBLEM_PORT_EXHAUSTION, CAUSE_PORTS_TIME_WAIT}},
            .problem_count = 3,
        },
    [STATE_CLOSED] =
        {
            .meaning = "No connection: not yet, or not any more.",
            .who = "Neither side; a socket before connect() or listen(), or after a reset until close().",
            .waits = "Nothing.",
            .timer = "None.",
            .harmless = "Nothing can pile up: the kernel lists no connection in this state, so it is not "
                        "counted either. Sockets that a process forgets in it show in its open files.",
        },
};

#define GIVEN_UP                                                                                             \
    "a reset comes or is sent (SO_LINGER 0, or unread data at close()), or nothing is acknowledged and the " \
    "kernel gives up"

static const struct state_edge edges[] = {
    {STATE_CLOSED, STATE_LISTEN, EDGE_BOTH, "listen()", "the application calls listen()"},
    {STATE_CLOSED, STATE_SYN_SENT, EDGE_BOTH, "connect()", "the application calls connect(), a SYN is sent"},
    {STATE_LISTEN, STATE_SYN_RECV, EDGE_BOTH, "SYN", "a SYN comes, a SYN-ACK is sent"},
    {STATE_LISTEN, STATE_SYN_SENT, EDGE_RFC, NULL, "the application sends, a SYN is sent"},
    {STATE_LISTEN, STATE_ESTABLISHED, EDGE_LINUX, NULL,
     "an ACK with a valid SYN cookie comes: the SYN queue was full and kept no half-open connection"},
    {STATE_LISTEN, STATE_CLOSED, EDGE_BOTH, NULL, "the application calls close()"},
    {STATE_SYN_SENT, STATE_ESTABLISHED, EDGE_BOTH, "SYN-ACK", "a SYN-ACK comes, an ACK is sent"},
    {STATE_SYN_SENT, STATE_SYN_RECV, EDGE_BOTH, "SYN",
     "a SYN without ACK comes, a SYN-ACK is sent: simultaneous open"},
    {STATE_SYN_SENT, STATE_CLOSED, EDGE_BOTH, NULL,
     "a reset or an error comes, the application closes, or the kernel gives up"},
    {STATE_SYN_RECV, STATE_ESTABLISHED, EDGE_BOTH, "ACK", "the ACK of the SYN-ACK comes"},
    {STATE_SYN_RECV, STATE_FIN_WAIT_1, EDGE_BOTH, NULL,
     "the application closes, a FIN is sent; after a simultaneous open alone, as a half-open connection "
     "belongs to no process"},
    {STATE_SYN_RECV, STATE_CLOSE_WAIT, EDGE_RFC, NULL,
     "a FIN comes, an ACK is sent; the ACK in that segment leads to ESTABLISHED first"},
    {STATE_SYN_RECV, STATE_LISTEN, EDGE_BOTH, NULL,
     "a reset comes; on Linux the half-open connection goes, its listener was in LISTEN all the time"},
    {STATE_SYN_RECV, STATE_CLOSED, EDGE_BOTH, NULL,
     "no ACK comes and the kernel gives up; after a simultaneous open also a reset"},
    {STATE_ESTABLISHED, STATE_FIN_WAIT_1, EDGE_BOTH, "close()",
     "the application calls close() or shutdown(), a FIN is sent"},
    {STATE_ESTABLISHED, STATE_CLOSE_WAIT, EDGE_BOTH, "FIN", "a FIN comes, an ACK is sent"},
    {STATE_FIN_WAIT_1, STATE_FIN_WAIT_2, EDGE_BOTH, "ACK", "the ACK of the FIN comes"},
    {STATE_FIN_WAIT_1, STATE_CLOSING, EDGE_BOTH, "FIN",
     "a FIN comes without an ACK of ours, an ACK is sent: simultaneous close"},
    {STATE_FIN_WAIT_1, STATE_TIME_WAIT, EDGE_BOTH, "FIN+ACK",
     "a FIN comes with the ACK of ours, an ACK is sent"},
    {STATE_FIN_WAIT_2, STATE_TIME_WAIT, EDGE_BOTH, "FIN", "a FIN comes, an ACK is sent"},
    {STATE_FIN_WAIT_2, STATE_CLOSED, EDGE_LINUX, "tcp_fin_timeout",
     "no FIN comes within net.ipv4.tcp_fin_timeout, and no process holds the socket"},
    {STATE_CLOSE_WAIT, STATE_LAST_ACK, EDGE_BOTH, "close()", "the application calls close(), a FIN is sent"},
    {STATE_CLOSING, STATE_TIME_WAIT, EDGE_BOTH, "ACK", "the ACK of the FIN comes"},
    {STATE_LAST_ACK, STATE_CLOSED, EDGE_BOTH, "ACK", "the ACK of the FIN comes"},
    {STATE_TIME_WAIT, STATE_CLOSED, EDGE_BOTH, "60 s",
     "60 s have passed; or a reset comes, unless net.ipv4.tcp_rfc1337 is 1"},
    {STATE_TIME_WAIT, STATE_SYN_RECV, EDGE_BOTH, NULL,
     "a SYN comes with a later timestamp or sequence number (RFC 6191), and something listens: the "
     "connection is opened anew"},
    {STATE_ESTABLISHED, STATE_CLOSED, EDGE_BOTH, NULL, GIVEN_UP},
    {STATE_FIN_WAIT_1, STATE_CLOSED, EDGE_BOTH, NULL, GIVEN_UP},
    {STATE_FIN_WAIT_2, STATE_CLOSED, EDGE_BOTH, NULL, GIVEN_UP},
    {STATE_CLOSE_WAIT, STATE_CLOSED, EDGE_BOTH, NULL, GIVEN_UP},
    {STATE_CLOSING, STATE_CLOSED, EDGE_BOTH, NULL, GIVEN_UP},
    {STATE_LAST_ACK, STATE_CLOSED, EDGE_BOTH, NULL, GIVEN_UP},
};

const struct state_info *state_info(enum tcp_state state) {
    return &states[state];
}

const struct state_edge *state_edges(size_t *count) {
    *count = ARRAY_SIZE(edges);
    return edges;
}

const char *edge_remark(enum edge_kind kind) {
    static const char *const remark[] = {
        [EDGE_BOTH] = "", [EDGE_RFC] = " (not on Linux)", [EDGE_LINUX] = " (Linux alone)"};

    return remark[kind];
}
