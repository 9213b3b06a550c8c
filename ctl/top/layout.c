/* SPDX-License-Identifier: MIT */
#include "top_layout.h"

#define HEADINGS 4 /* that an empty line may stand in front of */

static size_t least_of(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Gives up to @p wanted lines, but none if there are not @p least. */
static size_t give(size_t *room, size_t least, size_t wanted) {
    size_t given = least_of(*room, wanted);

    if (given < least)
        return 0;
    *room -= given;
    return given;
}

struct top_layout top_layout_of(const struct top_wish *wish) {
    size_t room = wish->height > 2 ? wish->height - 2 : 0;
    size_t full = TOP_STATES + 1 - wish->states_compact;
    size_t incidents = least_of(wish->incidents, 2), cause = least_of(wish->cause, 2);
    struct top_layout layout = {0};

    layout.incidents = give(&room, 1, 1 + incidents);
    layout.states = give(&room, 1, wish->states_compact);
    layout.source = give(&room, 1, 1);
    layout.cause = give(&room, cause, cause);
    layout.rates = give(&room, 1, 1);
    layout.listeners = give(&room, 2, wish->listeners > 0 ? 2 : 0);
    layout.rates += give(&room, 1, layout.rates > 0 ? wish->rates - 1 : 0);
    if (room >= full) {
        layout.states += give(&room, full, full);
        layout.states_full = true;
    }
    if (layout.cause > 0)
        layout.cause += give(&room, 1, wish->cause - cause);
    layout.incidents += give(&room, 1, wish->incidents - incidents);
    if (layout.listeners > 0)
        layout.listeners += give(&room, 1, wish->listeners - 1);
    layout.spaced = room >= HEADINGS;
    return layout;
}
