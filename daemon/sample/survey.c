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
    struct survey survey;
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

static void look_at(const struct diag_socket *socket, void *context) {
    struct look *look = context;
    uint16_t port = socket->local.port;

    survey_count(&look->survey, socket, (look->listening[port / 64] >> (port % 64)) & 1);
}

static void look_again(void *context) {
    struct look *look = context;

    look->survey = (struct survey){0};
}

int survey_take(enum tcp_state state, const uint64_t listening[65536 / 64], struct survey *survey) {
    const struct diag_request request = {
        .state_mask = 1U << state,
        .with_info = state == STATE_ESTABLISHED,
        .most = state == STATE_ESTABLISHED ? SURVEY_ESTABLISHED_MOST : SURVEY_TIME_WAIT_MOST,
    };
    struct look look = {.listening = listening};
    struct sock_diag *diag = sock_diag_open();

    *survey = (struct survey){0};
    if (!diag)
        return -errno;
    int result = sock_diag_dump(diag, &request, look_at, look_again, &look);
    sock_diag_close(diag);
    if (result < 0)
        return result;
    *survey = look.survey;
    survey->complete = result == 0;
    survey->taken_usec = now_monotonic_usec();
    return 0;
}
