/* SPDX-License-Identifier: MIT */
#include "survey.h"

#include <errno.h>

#include "destination_watch.h"
#include "util.h"

#define PAUSE_USEC       (30 * USEC_PER_SEC)
#define IDLE_MSEC        60000U
#define UNANSWERED       3
#define TIMER_NONE       0
#define TIMER_RETRANSMIT 1
#define TIMER_KEEPALIVE  2

/* One survey under way. */
struct look {
    const uint64_t *listening;
    struct port_slices slices;
    struct survey survey;
    enum tcp_state state;
    struct share_tables *shares;
};

bool survey_due(const struct survey_watch *watch, uint64_t now_usec) {
    return watch->tried_usec == 0 || now_usec - watch->tried_usec >= PAUSE_USEC;
}

bool survey_needed(const struct threshold_rule *rule, struct figure count, struct figure limit,
                   const struct survey *previous) {
    struct figure warning = destination_warning(rule, limit); /* the same sum for every share of a limit */

    if (!rule->enabled)
        return false;
    if (!figure_known(count) || !figure_known(warning))
        return previous->taken_usec != 0;
    return count.value >= warning.value;
}

void survey_count(struct survey *survey, const struct diag_socket *socket, bool inbound) {
    survey->sockets++;
    survey->inbound += inbound;
    if (socket->state != STATE_ESTABLISHED)
        return;
    survey->keepalive += socket->timer == TIMER_KEEPALIVE;
    survey->idle +=
        socket->timer == TIMER_NONE && socket->silent_msec != UINT32_MAX && socket->silent_msec >= IDLE_MSEC;
    survey->unanswered += socket->timer == TIMER_RETRANSMIT && socket->retransmits >= UNANSWERED;
}

static bool hold_listener(const struct port_slices *slices, const uint64_t listening[65536 / 64]) {
    for (uint32_t slice = 0; slice < PORT_SLICES; slice++) {
        uint32_t first = PORT_SLICES_FIRST + slices->offset + slice * PORT_SLICES_SPACING;
        for (uint32_t i = 0; i < slices->width; i++)
            if (port_map_has(listening, (uint16_t)(first + i)))
                return true;
    }
    return false;
}

/*
 * The first sockets of a dump are no fair part: from 6.15 all of one source and destination lie side by side
 * in the kernel's table, in the order of their local ports (inet_hashtables.c inet_ehashfn), so all may come
 * first or last. The width is even, as connect() prefers ports of one parity (inet_hashtables.c
 * __inet_hash_connect).
 */
struct port_slices survey_slices(uint64_t count, uint32_t most, const uint64_t listening[65536 / 64]) {
    struct port_slices slices = {0};

    if (count <= most)
        return slices;
    slices.width = (uint16_t)(PORT_SLICES_SPACING * (uint64_t)(most / 4 * 3) / count) & 0xFFFE;
    if (slices.width == 0)
        slices.width = 2;
    while (hold_listener(&slices, listening) && slices.offset + 2 * slices.width <= PORT_SLICES_SPACING)
        slices.offset = (uint16_t)(slices.offset + slices.width);
    return slices;
}

/* Of the two ports the one that its side chose from a range decides: the other is the same for all clients.
 */
static void look_at(const struct diag_socket *socket, void *context) {
    struct look *look = context;
    bool inbound = port_map_has(look->listening, socket->local.port);

    if (!port_slices_have(&look->slices, inbound ? socket->remote.port : socket->local.port))
        return;
    survey_count(&look->survey, socket, inbound);
    share_tables_count(look->shares, socket, inbound ? socket->local.port : 0);
}

static void look_again(void *context) {
    struct look *look = context;

    look->survey = (struct survey){0};
    share_tables_reset(look->shares, 1U << look->state);
}

int survey_take(struct sock_diag *diag, enum tcp_state state, uint64_t count,
                const uint64_t listening[65536 / 64], struct share_tables *shares, struct survey *survey) {
    struct diag_request request = {
        .state_mask = 1U << state,
        .with_info = state == STATE_ESTABLISHED,
        .most = state == STATE_ESTABLISHED ? SURVEY_ESTABLISHED_MOST : SURVEY_TIME_WAIT_MOST,
    };
    struct look look = {.listening = listening, .state = state, .shares = shares};

    *survey = (struct survey){0};
    look_again(&look);
    look.slices = request.slices = survey_slices(count, request.most, listening);
    int result = sock_diag_dump_apart(diag, &request, look_at, look_again, &look);
    bool complete = result == 0 && look.slices.width == 0;
    if (result >= 0 && look.survey.sockets == 0 && !complete)
        result = -ENODATA;
    if (result < 0) {
        look_again(&look);
        return result;
    }
    share_tables_set_estimate(shares, state, !complete);
    *survey = look.survey;
    survey->complete = complete;
    survey->taken_usec = now_monotonic_usec();
    return 0;
}
