/* SPDX-License-Identifier: MIT */
/* Sysctls that change while an incident is open, and whether that helped. Pure; for the incident stage. */
#ifndef SYNWAITD_OUTCOME_H
#define SYNWAITD_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnose.h"
#include "sample.h"
#include "util.h"

#define KNOB_PARTS_MAX 3 /* values of one key: tcp_mem */

/** One key that changed. */
struct knob_change {
    enum knob knob; /* the first of its values */
    size_t parts;   /* how many values it has */
    uint64_t from[KNOB_PARTS_MAX];
    uint64_t to[KNOB_PARTS_MAX];
};

/** Keys that changed at one tick, or since the first of them. Zeroed: none. */
struct knob_changes {
    struct knob_change change[KNOB_COUNT]; /* room for every key: one that is back must be found again */
    size_t count;
    bool syn; /* among them one that decides what becomes of a SYN when the queue is full */
};

enum verdict {
    VERDICT_NONE, /* nothing changed, or everything is back as it was */
    VERDICT_PENDING,
    VERDICT_HELPED,    /* down to 80 % or less */
    VERDICT_NO_EFFECT, /* between */
    VERDICT_WORSE,     /* up to 120 % or more */
    VERDICT_UNKNOWN,   /* what was measured before could not be measured again */
};

/** What is compared. */
struct outcome_figure {
    struct figure value;
    struct figure limit; /* unknown where there is none, and for events per second */
};

#define RECENT_USEC 120000000ULL /* what happened longer ago ended nothing */

/** What an alert tells of changed sysctls. */
struct outcome {
    enum verdict verdict;
    struct knob_changes changes;
    uint64_t waited_usec;     /* from the last change to the verdict */
    bool drops;               /* compared are SYNs dropped per second, not the leading breach's value */
    enum condition condition; /* of the leading breach */
    struct outcome_figure before, after;
};

/** What an open incident remembers of them; zeroed: no change. */
struct outcome_watch {
    struct outcome outcome; /* all changes since the first that is not judged */
    uint64_t changed_usec;  /* CLOCK_MONOTONIC of the last; 0 = none */
    struct figure drops_before;
    uint64_t told_since_usec; /* a window of 10 s, and the changes told in it */
    uint32_t told;
    bool untold;    /* there were more: told when the window is over */
    bool subsiding; /* the breach was already going when the first came */
    bool related;   /* one of them acts on this problem */
};

/**
 * Compares the sample's sysctls with those known before. A value not known before, or not now, is no change.
 * @param known the last known values, unknown at start; brought up to date
 * @return the keys that changed, in the order of enum knob
 */
struct knob_changes knob_changes_find(struct figure known[KNOB_COUNT], const struct sample *sample);

/** Writes the old or the new value as sysctl(8) shows it, e.g. "1024 65535"; of the reserved ports how many.
 */
void knob_change_format(const struct knob_change *change, bool old, struct text *text);

/** @return SYNs per second that were dropped, over the recent window; those lost to accept() do not count. */
struct figure outcome_syn_drops(const struct sample *sample);

/**
 * Notes a change during an incident. A further one within the minute starts the minute anew and keeps the
 * first figures.
 * @param before the leading breach before the change; @param drops outcome_syn_drops() before it
 * @return what to tell: these changes, pending; VERDICT_NONE if every key is back where it was
 */
struct outcome outcome_begin(struct outcome_watch *watch, const struct knob_changes *changes,
                             const struct finding *finding, const struct breach *before, struct figure drops,
                             uint64_t now_usec);

/**
 * Judges after a minute; while nothing can be compared it waits for one more.
 * @return whether there is a verdict to tell, in watch->outcome
 */
bool outcome_judge(struct outcome_watch *watch, const struct finding *finding, const struct sample *sample);

/**
 * Holds back a key that is switched to and fro.
 * @param changed something changed just now
 * @return whether to tell of changes now: at most two are told in 10 s, those held back once they are over
 */
bool outcome_may_tell(struct outcome_watch *watch, bool changed, uint64_t now_usec);

/** @return whether the changes may have ended an incident that is over @p now_usec: one acts on the problem,
 * fresh, not judged in vain. */
bool outcome_may_have_ended(const struct outcome_watch *watch, uint64_t now_usec);

/** @return "pending", "helped", "no-effect", "worse" or "unknown"; "" for VERDICT_NONE. */
const char *verdict_name(enum verdict verdict);

#endif
