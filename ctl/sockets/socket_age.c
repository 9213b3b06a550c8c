/* SPDX-License-Identifier: MIT */
#include "socket_age.h"

#include <inttypes.h>

#include "sample.h"
#include "util.h"

#define MSEC_PER_SEC     1000U
#define RTO_MAX_SEC      120 /* include/net/tcp.h TCP_RTO_MAX_SEC */
#define RESENDS_MAX      64
#define TIMER_RETRANSMIT 1
#define TIMER_KEEPALIVE  2
#define TIMER_TIME_WAIT  3
#define TIMER_ZERO       4

/* The timer counts down from 60 s, and starts again when the peer repeats its FIN. */
static struct socket_age of_time_wait(const struct diag_socket *socket) {
    uint32_t whole_msec = TIME_WAIT_SEC * MSEC_PER_SEC;

    if (!socket->minisocket || socket->expires_msec > whole_msec)
        return (struct socket_age){0};
    return (struct socket_age){AGE_EXACT, whole_msec - socket->expires_msec};
}

/* Wait before resend @p number, from 0 on: 1 s, as often as @p linear says, then doubled each time. */
static uint64_t wait_msec(unsigned int number, unsigned int linear) {
    unsigned int doubled = number > linear ? number - linear : 0;
    uint64_t seconds = doubled < 7 ? UINT64_C(1) << doubled : RTO_MAX_SEC;

    return seconds * MSEC_PER_SEC;
}

/*
 * SYNs and SYN-ACKs go out again after 1, 2, 4 s and so on (tcp_timer.c, inet_connection_sock.c
 * reqsk_timer_handler), so what was sent again tells when the first one was sent. A peer that repeats its SYN
 * is answered out of turn: then this is too much.
 */
static struct socket_age of_handshake(const struct diag_socket *socket, unsigned int linear) {
    uint64_t passed_msec = 0;

    if (socket->timer != TIMER_RETRANSMIT || socket->retransmits > RESENDS_MAX)
        return (struct socket_age){0};
    for (unsigned int i = 0; i < socket->retransmits; i++)
        passed_msec += wait_msec(i, linear);
    uint64_t wait = wait_msec(socket->retransmits, linear);
    if (socket->expires_msec > wait)
        return (struct socket_age){0};
    return (struct socket_age){AGE_ABOUT, passed_msec + wait - socket->expires_msec};
}

static struct socket_age of_silence(const struct diag_socket *socket, enum socket_age_kind kind) {
    if (socket->silent_msec == UINT32_MAX)
        return (struct socket_age){0};
    return (struct socket_age){kind, socket->silent_msec};
}

struct socket_age socket_age(const struct diag_socket *socket, unsigned int syn_linear_timeouts) {
    switch (socket->state) {
    case STATE_TIME_WAIT:
        return of_time_wait(socket);
    case STATE_SYN_RECV:
        return socket->request ? of_handshake(socket, 0) : (struct socket_age){0};
    case STATE_SYN_SENT:
        return of_handshake(socket, syn_linear_timeouts);
    case STATE_CLOSE_WAIT:
        return of_silence(socket, AGE_AT_LEAST);
    case STATE_ESTABLISHED:
    case STATE_FIN_WAIT_1:
    case STATE_FIN_WAIT_2:
    case STATE_CLOSING:
    case STATE_LAST_ACK:
        return of_silence(socket, AGE_SILENT);
    case STATE_CLOSED:
    case STATE_LISTEN:
    case STATE_COUNT:
        break;
    }
    return (struct socket_age){0};
}

const char *socket_age_kind_name(enum socket_age_kind kind) {
    static const char *const name[] = {
        [AGE_EXACT] = "exact",
        [AGE_AT_LEAST] = "at-least",
        [AGE_ABOUT] = "about",
        [AGE_SILENT] = "silent",
    };

    return name[kind];
}

/* The two largest units, without a blank, and what is below them is cut off: "59s", "1h59min". */
static void add_span(struct text *text, uint64_t msec) {
    static const struct {
        const char *name;
        uint64_t seconds;
    } unit[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    uint64_t left = msec / MSEC_PER_SEC;
    size_t at = 0;

    while (at + 1 < ARRAY_SIZE(unit) && left < unit[at].seconds)
        at++;
    text_add(text, "%" PRIu64 "%s", left / unit[at].seconds, unit[at].name);
    left %= unit[at].seconds;
    if (at + 1 < ARRAY_SIZE(unit) && left >= unit[at + 1].seconds)
        text_add(text, "%" PRIu64 "%s", left / unit[at + 1].seconds, unit[at + 1].name);
}

void socket_age_format(struct socket_age age, char text[SOCKET_AGE_TEXT_SIZE]) {
    static const char *const mark[] = {
        [AGE_EXACT] = "",
        [AGE_AT_LEAST] = ">=",
        [AGE_ABOUT] = "~",
        [AGE_SILENT] = "silent:",
    };
    struct text out = text_in(text, SOCKET_AGE_TEXT_SIZE);

    if (age.kind == AGE_NONE)
        return;
    text_add(&out, "%s", mark[age.kind]);
    add_span(&out, age.msec);
}

/* Timer 2 is keepalive's; without a process it ends an orphan in FIN-WAIT-2 (tcp_timer.c
 * tcp_keepalive_timer). */
static bool lingers(const struct diag_socket *socket) {
    return socket->state == STATE_FIN_WAIT_2 && (socket->minisocket || socket->inode == 0);
}

void socket_timer_format(const struct diag_socket *socket, char text[SOCKET_AGE_TEXT_SIZE]) {
    struct text out = text_in(text, SOCKET_AGE_TEXT_SIZE);

    if (lingers(socket) && (socket->timer == TIMER_KEEPALIVE || socket->minisocket)) {
        text_add(&out, "ends-in:");
        add_span(&out, socket->expires_msec);
    } else if (socket->timer == TIMER_RETRANSMIT && socket->retransmits > 0) {
        text_add(&out, "resent:%u", socket->retransmits);
    } else if (socket->timer == TIMER_ZERO) {
        text_add(&out, "zero-window:%u", socket->retransmits);
    } else if (socket->timer == TIMER_KEEPALIVE) {
        text_add(&out, "keepalive:");
        add_span(&out, socket->expires_msec);
    }
}

const char *socket_timer_name(const struct diag_socket *socket) {
    switch (socket->timer) {
    case TIMER_RETRANSMIT:
        return "retransmit";
    case TIMER_KEEPALIVE:
        return lingers(socket) ? "linger" : "keepalive";
    case TIMER_TIME_WAIT:
        return lingers(socket) ? "linger" : "time-wait";
    case TIMER_ZERO:
        return "zero-window";
    default:
        return NULL;
    }
}
