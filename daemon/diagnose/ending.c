/* SPDX-License-Identifier: MIT */
#include "ending.h"

#include <stddef.h>

/* A leak names its port, not always the address. */
static const struct listener *listener_on_port(const struct sample *sample, uint16_t port) {
    for (size_t i = 0; i < sample->listener_count && port != 0; i++)
        if (sample->listener[i].local.port == port)
            return &sample->listener[i];
    return NULL;
}

static const struct listener *listener_of(const struct finding *finding, const struct sample *sample) {
    if (finding->family != FAMILY_HANDSHAKE && finding->family != FAMILY_CLOSE_WAIT)
        return NULL;
    const struct listener *listener = sample_find_listener(sample, &finding->local);
    if (!listener && finding->family == FAMILY_CLOSE_WAIT)
        return listener_on_port(sample, finding->local.port);
    return listener;
}

void ending_begin(struct ending_watch *watch, const struct finding *finding, const struct sample *sample) {
    const struct listener *listener = listener_of(finding, sample);

    *watch = (struct ending_watch){0};
    if (!listener)
        return;
    watch->listener = listener->local;
    ending_follow(watch, sample);
}

static void note(struct ending_watch *watch, enum ending ending, uint64_t now_usec) {
    watch->seen = ending;
    watch->seen_usec = now_usec;
}

/* Of several sockets on one port the sample shows the fullest, now this one, now that: nothing to compare. */
static void compare_socket(struct ending_watch *watch, const struct listener *listener, uint64_t now_usec) {
    if (watch->inode != 0 && watch->inode != listener->inode)
        note(watch, ENDING_LISTENER_RESTARTED, now_usec);
    else if (watch->backlog != 0 && listener->backlog > watch->backlog)
        note(watch, ENDING_LIMIT_RAISED, now_usec);
    watch->inode = listener->inode;
    watch->backlog = listener->backlog;
}

void ending_follow(struct ending_watch *watch, const struct sample *sample) {
    if (watch->listener.family == ENDPOINT_NONE || !sample->listeners_known)
        return;
    const struct listener *listener = sample_find_listener(sample, &watch->listener);
    if (!listener) {
        if (!watch->gone)
            note(watch, ENDING_LISTENER_GONE, sample->taken_usec);
        watch->gone = true;
        return;
    }
    if (watch->gone)
        note(watch, ENDING_LISTENER_RESTARTED, sample->taken_usec);
    watch->gone = false;
    if (listener->members == 1)
        compare_socket(watch, listener, sample->taken_usec);
}

void ending_follow_limit(struct ending_watch *watch, const struct breach *before, const struct breach *lead,
                         uint64_t now_usec) {
    bool comparable = before->condition == lead->condition && before->limit_source == lead->limit_source &&
                      figure_known(before->limit) && figure_known(lead->limit);

    if (watch->listener.family == ENDPOINT_NONE && comparable && lead->limit.value > before->limit.value)
        note(watch, ENDING_LIMIT_RAISED, now_usec);
}

enum ending ending_of(const struct ending_watch *watch, const struct outcome_watch *changes,
                      uint64_t now_usec) {
    bool recent = now_usec - watch->seen_usec <= RECENT_USEC;

    if (recent && (watch->seen == ENDING_LISTENER_GONE || watch->seen == ENDING_LISTENER_RESTARTED))
        return watch->seen;
    if (outcome_may_have_ended(changes, now_usec))
        return ENDING_SYSCTL;
    return recent ? watch->seen : ENDING_UNKNOWN;
}

const char *ending_name(enum ending ending) {
    static const char *const name[] = {
        [ENDING_UNKNOWN] = "",
        [ENDING_SYSCTL] = "sysctl",
        [ENDING_LISTENER_GONE] = "listener-gone",
        [ENDING_LISTENER_RESTARTED] = "listener-restarted",
        [ENDING_LIMIT_RAISED] = "limit-raised",
    };

    return name[ending];
}
