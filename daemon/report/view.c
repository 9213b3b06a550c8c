/* SPDX-License-Identifier: MIT */
#include "view.h"

#include "threshold.h"

char view_buffer[VIEW_BYTES];

/* The fuller of the two queues, in permyriad of its limit. */
static uint32_t fill(const struct sample *sample, const struct listener *listener) {
    enum limit_source source;

    if (listener->half_open == 0 && listener->accept_queue == 0)
        return 0; /* as nearly all are */
    struct figure limit = syn_queue_limit(sample, listener, &source);
    uint32_t half_open = permyriad_of(listener->half_open, figure_or(limit, listener->backlog));
    uint32_t accept = permyriad_of(listener->accept_queue, listener->backlog);

    return half_open > accept ? half_open : accept;
}

size_t view_fullest_listeners(const struct sample *sample, bool with_empty,
                              const struct listener *fullest[VIEW_LISTENERS]) {
    uint32_t fills[VIEW_LISTENERS];
    size_t count = 0;

    for (size_t i = 0; i < sample->listener_count; i++) {
        uint32_t here = fill(sample, &sample->listener[i]);
        size_t at = count;
        while (at > 0 && fills[at - 1] < here)
            at--;
        if ((here == 0 && !with_empty) || at == VIEW_LISTENERS)
            continue;
        if (count < VIEW_LISTENERS)
            count++;
        for (size_t j = count - 1; j > at; j--) {
            fills[j] = fills[j - 1];
            fullest[j] = fullest[j - 1];
        }
        fills[at] = here;
        fullest[at] = &sample->listener[i];
    }
    return count;
}

struct figure view_age_usec(const struct sample *sample, uint64_t measured_usec) {
    return measured_usec == 0 ? FIGURE_NONE : FIGURE_OF(sample_age_usec(sample, measured_usec));
}

struct figure view_state_age_usec(const struct sample *sample, enum tcp_state state) {
    if (!figure_known(sample->state[state]))
        return FIGURE_NONE;
    if (state == STATE_LISTEN)
        return FIGURE_OF(0);
    return view_age_usec(sample, state == STATE_SYN_RECV ? sample->half_open_usec : sample->walked_usec);
}
