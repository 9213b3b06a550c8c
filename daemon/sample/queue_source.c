/* SPDX-License-Identifier: MIT */
/*
 * The iterator ends at the first socket of this namespace that does not listen. Where there are few, the
 * kernel passes by many empty buckets, or other namespaces' sockets, to find one.
 */
#include "queue_source.h"

#include <inttypes.h>
#include <string.h>

#include "source_status.h"
#include "util.h"

#define PAUSE_USEC (60 * USEC_PER_SEC)

/* CPU time up to which reading it is worth it; a dump takes a tenth of that. */
#define FAIR_USEC              500
#define FAIR_PER_LISTENER_USEC 2
#define FAR_TOO_DEAR           20 /* times that much is enough at once */
#define DEAR_READINGS          3  /* a single one may be a cold cache's */
#define PAUSE_DOUBLINGS        6

bool queue_source_due(struct queue_source *source, uint64_t now_usec) {
    source->exact = false;
    return now_usec >= source->resume_usec;
}

/* Counts readings in a row that were not worth it. @return whether they are too many */
static bool is_dear(struct queue_source *source, uint64_t spent_usec, uint32_t listeners) {
    uint64_t fair_usec = FAIR_USEC + FAIR_PER_LISTENER_USEC * (uint64_t)listeners;

    if (spent_usec <= fair_usec)
        source->dear_readings = 0;
    else if (spent_usec > FAR_TOO_DEAR * fair_usec && source->dear_readings < DEAR_READINGS)
        source->dear_readings = DEAR_READINGS;
    else if (source->dear_readings < DEAR_READINGS + PAUSE_DOUBLINGS)
        source->dear_readings++;
    return source->dear_readings >= DEAR_READINGS;
}

void queue_source_note(struct queue_source *source, const char *path, int result, uint64_t spent_usec,
                       uint32_t listeners, uint64_t now_usec) {
    bool dear = is_dear(source, spent_usec, listeners);
    uint32_t doublings = dear ? source->dear_readings - DEAR_READINGS : 0;

    source->exact = result == 0;
    source->works = result == 0 && !dear;
    source->reason[0] = '\0';
    if (result < 0)
        source_reason(source->reason, "%s: %s", path, strerror(-result));
    else if (dear)
        source_reason(source->reason,
                      "the iterator took %" PRIu64 " us: few sockets here, in a hash table that is large or "
                      "full of others'",
                      spent_usec);
    source->resume_usec = source->works ? 0 : now_usec + (PAUSE_USEC << doublings);
}
