/* SPDX-License-Identifier: MIT */
/* Findings over time: what is new, what changed, what is over. Pure; the caller owns the table. */
#ifndef SYNWAITD_INCIDENT_H
#define SYNWAITD_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnose.h"
#include "ending.h"
#include "outcome.h"

#define INCIDENTS_MAX    64
#define INCIDENT_ID_SIZE 17 /* 16 hex digits and the NUL */

enum alert_event { EVENT_RAISED, EVENT_CHANGED, EVENT_REMINDER, EVENT_CLEARED };

struct incident {
    bool open;
    uint64_t id;
    uint64_t raised_usec; /* CLOCK_MONOTONIC */
    uint64_t alerted_usec;
    struct breach peak; /* the leading breach at its highest value, of the condition that raised it */
    uint64_t differs_since_usec; /* another diagnosis than the one told, since then; 0 = none */
    uint64_t
        keep_until_usec; /* taken over from a previous life: not cleared before its condition can be judged */
    bool seen;           /* scratch of one update */
    struct finding finding; /* the last one told */
    struct breach lead;     /* of the last finding, told or not */
    struct outcome_watch changes;
    struct ending_watch watch;
};

/** Memory of the incident stage. Zeroed, then next_id set to any number not used before. */
struct incident_table {
    size_t end; /* none is open from here on: what is never looked at takes no memory */
    uint64_t next_id;
    uint64_t raised[PROBLEM_COUNT]; /* so far, by the problem first told */
    size_t overlooked;              /* by the last update: not raised, for the table was full */
    struct figure knob[KNOB_COUNT]; /* last known sysctls */
    struct figure syn_drops;        /* per second, at the last update */
    struct incident incident[INCIDENTS_MAX];
};

/** Something to tell. Holds no pointers into the table. */
struct alert {
    enum alert_event event;
    uint64_t incident_id;
    uint64_t duration_usec; /* since raised */
    uint64_t peak;
    bool rediagnosed;       /* changed: another problem, cause or hazard, not just another severity */
    struct finding finding; /* on cleared: the last one */
    struct outcome outcome; /* changed: of sysctls, if it has any; cleared: the last one */
    enum ending ending;     /* on cleared */
};

/**
 * Compares findings with the open incidents.
 * raised: no open incident of this family and scope. changed: severity rose, or fell for good (the threshold
 * stage holds it), or another problem, cause or hazard has been found for 5 s; a sysctl has changed, and
 * again a minute later what came of it. reminder: open, nothing told for reminder_usec (0 = never; never for
 * FAMILY_SYSCTL). cleared: no finding any more.
 * @param sample what the findings come from; its taken_usec is now
 * @param alerts receives at most INCIDENTS_MAX + FINDINGS_MAX
 * @return how many
 */
size_t incident_update(struct incident_table *table, const struct finding *findings, size_t count,
                       const struct sample *sample, uint64_t reminder_usec,
                       struct alert alerts[INCIDENTS_MAX + FINDINGS_MAX]);

/**
 * Takes back an alert of the last update that could not be told: what was raised is raised again, with
 * another id, and what was cleared is cleared again, by the next update that finds it so.
 */
void incident_untell(struct incident_table *table, const struct alert *alert);

/** Writes the id as it stands in SYNWAITD_INCIDENT. */
void incident_id_format(uint64_t id, char text[INCIDENT_ID_SIZE]);

/** @return "raised", "changed", "reminder" or "cleared". */
const char *alert_event_name(enum alert_event event);

#endif
