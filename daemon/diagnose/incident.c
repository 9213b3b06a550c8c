/* SPDX-License-Identifier: MIT */
#include "incident.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SETTLE_USEC 5000000ULL /* another diagnosis must hold this long before it is told */

/* One call of incident_update(). */
struct update {
    struct incident_table *table;
    uint64_t now_usec;
    uint64_t reminder_usec;
    struct alert *alert;
    size_t count;
};

static struct incident *find_incident(struct incident_table *table, const struct finding *finding) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        struct incident *incident = &table->incident[i];
        if (incident->open && incident->finding.family == finding->family &&
            scope_equal(&incident->finding.scope, &finding->scope))
            return incident;
    }
    return NULL;
}

static struct incident *free_incident(struct incident_table *table) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        if (!table->incident[i].open)
            return &table->incident[i];
    return NULL;
}

static void tell(struct update *update, struct incident *incident, enum alert_event event) {
    incident->alerted_usec = update->now_usec;
    update->alert[update->count++] = (struct alert){
        .event = event,
        .incident_id = incident->id,
        .duration_usec = update->now_usec - incident->raised_usec,
        .peak = incident->peak.value,
        .finding = incident->finding,
    };
}

/* Whether an open incident tells of the same cause: of the linked family and, for a listener, of the same
 * port. */
static bool is_explained(const struct incident_table *table, const struct finding *finding) {
    for (size_t i = 0; i < INCIDENTS_MAX && finding->linked != FAMILY_NONE; i++) {
        const struct incident *incident = &table->incident[i];
        if (!incident->open || incident->finding.family != finding->linked)
            continue;
        if (finding->linked == FAMILY_HANDSHAKE)
            return incident->finding.problem == PROBLEM_ACCEPT_QUEUE_FULL &&
                   incident->finding.local.port == finding->local.port;
        return finding->family == FAMILY_PORTS || incident->finding.cause == CAUSE_PORTS_CLOSE_WAIT;
    }
    return false;
}

static void raise_incident(struct update *update, const struct finding *finding) {
    struct incident *incident = free_incident(update->table);

    if (!incident)
        return; /* it is raised as soon as another is cleared */
    *incident = (struct incident){
        .open = true,
        .id = update->table->next_id++,
        .raised_usec = update->now_usec,
        .peak = finding->lead,
        .seen = true,
        .finding = *finding,
    };
    tell(update, incident, EVENT_RAISED);
}

/* A breach that subsides, or cannot be measured now, explains nothing any more: its evidence is gone. */
static bool lacks_evidence(const struct finding *finding) {
    return finding->lead.stale || finding->quiet ||
           (finding->lead.condition < CONDITION_COUNT && finding->lead.value < finding->lead.threshold);
}

/* Whether the diagnosis differs from the one told. */
static bool differs(const struct incident *incident, const struct finding *finding) {
    return finding->cause != incident->finding.cause || finding->problem != incident->finding.problem;
}

/* Whether it has differed long enough to be told; meanwhile nothing else is, for it would not fit together.
 */
static bool has_settled(struct incident *incident, const struct finding *finding, uint64_t now_usec) {
    if (!differs(incident, finding) || lacks_evidence(finding)) {
        incident->differs_since_usec = 0;
        return false;
    }
    if (incident->differs_since_usec == 0)
        incident->differs_since_usec = now_usec;
    return now_usec - incident->differs_since_usec >= SETTLE_USEC;
}

/* A diagnosis without evidence is not told by the way: the last one told stands. */
static struct finding tellable(const struct incident *incident, const struct finding *finding, bool settled) {
    if (settled || !differs(incident, finding))
        return *finding;
    struct finding last = incident->finding;
    last.severity = finding->severity;
    return last;
}

static void follow(struct update *update, struct incident *incident, const struct finding *finding) {
    bool settled = has_settled(incident, finding, update->now_usec);
    bool settling = incident->differs_since_usec != 0 && !settled;

    incident->seen = true;
    if (finding->lead.condition == incident->peak.condition && finding->lead.value > incident->peak.value)
        incident->peak = finding->lead;
    if (settled || (finding->severity != incident->finding.severity && !settling)) {
        incident->finding = tellable(incident, finding, settled);
        incident->differs_since_usec = 0;
        tell(update, incident, EVENT_CHANGED);
        update->alert[update->count - 1].rediagnosed = settled;
        return;
    }
    if (update->reminder_usec > 0 && update->now_usec - incident->alerted_usec >= update->reminder_usec) {
        incident->finding = tellable(incident, finding, false);
        tell(update, incident, EVENT_REMINDER);
    }
}

static void clear_unseen(struct update *update) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        struct incident *incident = &update->table->incident[i];
        if (!incident->open || incident->seen || update->now_usec < incident->keep_until_usec)
            continue;
        incident->finding.lead = incident->peak; /* the record is about the worst of it */
        tell(update, incident, EVENT_CLEARED);
        incident->open = false;
    }
}

size_t incident_update(struct incident_table *table, const struct finding *findings, size_t count,
                       uint64_t now_usec, uint64_t reminder_usec,
                       struct alert alerts[INCIDENTS_MAX + FINDINGS_MAX]) {
    struct update update = {
        .table = table, .now_usec = now_usec, .reminder_usec = reminder_usec, .alert = alerts};

    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        table->incident[i].seen = false;
    for (size_t i = 0; i < count; i++) {
        struct incident *incident = find_incident(table, &findings[i]);
        if (incident)
            follow(&update, incident, &findings[i]);
    }
    clear_unseen(&update);
    for (size_t i = 0; i < count; i++)
        if (!find_incident(table, &findings[i]) && !lacks_evidence(&findings[i]) &&
            !is_explained(table, &findings[i]))
            raise_incident(&update, &findings[i]);
    return update.count;
}

void incident_id_format(uint64_t id, char text[INCIDENT_ID_SIZE]) {
    snprintf(text, INCIDENT_ID_SIZE, "%016" PRIx64, id);
}

const char *alert_event_name(enum alert_event event) {
    static const char *const name[] = {
        [EVENT_RAISED] = "raised",
        [EVENT_CHANGED] = "changed",
        [EVENT_REMINDER] = "reminder",
        [EVENT_CLEARED] = "cleared",
    };

    return name[event];
}
