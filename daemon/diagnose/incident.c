/* SPDX-License-Identifier: MIT */
#include "incident.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SETTLE_USEC 5000000ULL /* another diagnosis must hold this long before it is told */

/* One call of incident_update(). */
struct update {
    struct incident_table *table;
    const struct sample *sample;
    uint64_t now_usec;
    uint64_t reminder_usec;
    struct knob_changes changes;
    struct alert *alert;
    size_t count;
};

static struct incident *find_incident(struct incident_table *table, const struct finding *finding) {
    for (size_t i = 0; i < table->end; i++) {
        struct incident *incident = &table->incident[i];
        if (incident->open && incident->finding.family == finding->family &&
            scope_equal(&incident->finding.scope, &finding->scope))
            return incident;
    }
    return NULL;
}

/* That of one that has just been cleared comes last: incident_untell() may have to take it back. */
static struct incident *free_incident(const struct update *update) {
    struct incident_table *table = update->table;
    size_t found = INCIDENTS_MAX;

    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        const struct incident *incident = &table->incident[i];
        bool just_cleared = incident->id != 0 && incident->alerted_usec == update->now_usec;
        if (!incident->open && (!just_cleared || found == INCIDENTS_MAX))
            found = i;
        if (!incident->open && !just_cleared)
            break;
    }
    if (found == INCIDENTS_MAX)
        return NULL;
    table->end = found < table->end ? table->end : found + 1;
    return &table->incident[found];
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
    for (size_t i = 0; i < table->end && finding->linked != FAMILY_NONE; i++) {
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
    struct incident *incident = free_incident(update);

    if (!incident) { /* it is raised as soon as another is cleared */
        update->table->overlooked++;
        return;
    }
    *incident = (struct incident){
        .open = true,
        .id = update->table->next_id++,
        .raised_usec = update->now_usec,
        .peak = finding->lead,
        .seen = true,
        .finding = *finding,
        .lead = finding->lead,
    };
    update->table->raised[finding->problem]++;
    ending_begin(&incident->watch, finding, update->sample);
    tell(update, incident, EVENT_RAISED);
}

/* A breach that subsides, or cannot be measured now, explains nothing any more: its evidence is gone. */
static bool lacks_evidence(const struct finding *finding) {
    return finding->lead.stale || finding->quiet ||
           (finding->lead.condition < CONDITION_COUNT && finding->lead.value < finding->lead.threshold);
}

/* Whether the diagnosis differs from the one told. */
static bool differs(const struct incident *incident, const struct finding *finding) {
    return finding->cause != incident->finding.cause || finding->problem != incident->finding.problem ||
           finding->hazards != incident->finding.hazards;
}

/* A guess does not take the place of a better diagnosis of another problem. */
static bool is_weaker(const struct incident *incident, const struct finding *finding) {
    return finding->problem != incident->finding.problem && finding->confidence == CONFIDENCE_LOW &&
           incident->finding.confidence > CONFIDENCE_LOW;
}

/* Whether it has differed long enough to be told; meanwhile nothing else is, for it would not fit together.
 */
static bool has_settled(struct incident *incident, const struct finding *finding, uint64_t now_usec) {
    if (!differs(incident, finding) || lacks_evidence(finding) || is_weaker(incident, finding)) {
        incident->differs_since_usec = 0;
        return false;
    }
    if (incident->differs_since_usec == 0)
        incident->differs_since_usec = now_usec;
    return now_usec - incident->differs_since_usec >= SETTLE_USEC;
}

/* A diagnosis without evidence is not told by the way: the last one told stands, and who it was laid to. */
static struct finding tellable(const struct incident *incident, const struct finding *finding, bool settled) {
    struct finding last = *finding;

    if (settled || !differs(incident, finding)) {
        if (lacks_evidence(finding) && finding->owner.cgroup == 0)
            memcpy(last.unit, incident->finding.unit, sizeof last.unit);
        return last;
    }
    last = incident->finding;
    last.severity = finding->severity;
    return last;
}

/* What a breach that subsides asks for is too little: a backlog for the few that still come. */
static void keep_last_advice(const struct incident *incident, struct finding *told) {
    memcpy(told->advice, incident->finding.advice, sizeof told->advice);
    told->advice_count = incident->finding.advice_count;
    told->backlog_advised = incident->finding.backlog_advised;
    told->backlog_suffices = incident->finding.backlog_suffices;
}

static void tell_outcome(struct update *update, struct incident *incident, const struct finding *finding,
                         const struct outcome *outcome) {
    struct finding told = tellable(incident, finding, false);
    /* What it was about, where the change ended it at once: there may be nothing left to count. */
    if (lacks_evidence(finding) && incident->lead.condition == told.lead.condition) {
        told = incident->finding;
        told.severity = finding->severity;
        told.lead = incident->lead;
        told.advice_count = 0;
    }
    incident->finding = told;
    tell(update, incident, EVENT_CHANGED);
    update->alert[update->count - 1].outcome = *outcome;
}

/* Sysctls that changed just now, or a minute ago. @return whether an alert tells of them. */
static bool follow_changes(struct update *update, struct incident *incident, const struct finding *finding) {
    if (!finding_has_number(finding))
        return false;
    bool changed = update->changes.count > 0;
    struct outcome outcome = incident->changes.outcome;
    if (changed)
        outcome = outcome_begin(&incident->changes, &update->changes, finding, &incident->lead,
                                update->table->syn_drops, update->now_usec);
    if (outcome_may_tell(&incident->changes, changed, update->now_usec)) {
        tell_outcome(update, incident, finding, &outcome);
        return true;
    }
    if (changed || !outcome_judge(&incident->changes, finding, update->sample))
        return false;
    tell_outcome(update, incident, finding, &incident->changes.outcome);
    return true;
}

static bool reminder_is_due(const struct update *update, const struct incident *incident) {
    return update->reminder_usec > 0 && incident->finding.family != FAMILY_SYSCTL &&
           update->now_usec - incident->alerted_usec >= update->reminder_usec;
}

static void follow(struct update *update, struct incident *incident, const struct finding *finding) {
    bool settled = has_settled(incident, finding, update->now_usec);
    bool settling = incident->differs_since_usec != 0 && !settled;

    incident->seen = true;
    if (finding->lead.condition == incident->peak.condition && finding->lead.value > incident->peak.value)
        incident->peak = finding->lead;
    if (follow_changes(update, incident, finding))
        return; /* a diagnosis that has settled is told at the next tick */
    if (settled || (finding->severity != incident->finding.severity && !settling)) {
        struct finding told = tellable(incident, finding, settled);
        if (lacks_evidence(finding))
            keep_last_advice(incident, &told);
        incident->finding = told;
        incident->differs_since_usec = 0;
        tell(update, incident, EVENT_CHANGED);
        update->alert[update->count - 1].rediagnosed = settled;
        return;
    }
    if (reminder_is_due(update, incident)) {
        incident->finding = tellable(incident, finding, false);
        tell(update, incident, EVENT_REMINDER);
    }
}

/* Keeps what the next update compares with. */
static void remember(struct update *update, struct incident *incident, const struct finding *finding) {
    ending_follow_limit(&incident->watch, &incident->lead, &finding->lead, update->now_usec);
    incident->lead = finding->lead;
    /* A name may take longer than the first tick: cleared is to have it. */
    if (incident->finding.unit[0] == '\0' && !differs(incident, finding))
        memcpy(incident->finding.unit, finding->unit, sizeof finding->unit);
}

/* The minute is not over, but the problem is. */
static struct outcome last_outcome(const struct incident *incident, enum ending ending, uint64_t now_usec) {
    struct outcome outcome = incident->changes.outcome;

    if (outcome.verdict != VERDICT_PENDING)
        return ending == ENDING_SYSCTL ? outcome : (struct outcome){0};
    outcome.verdict = ending == ENDING_SYSCTL ? VERDICT_HELPED : VERDICT_UNKNOWN;
    outcome.waited_usec = now_usec - incident->changes.changed_usec;
    return outcome;
}

static void clear_unseen(struct update *update) {
    struct incident_table *table = update->table;

    for (size_t i = 0; i < table->end; i++) {
        struct incident *incident = &table->incident[i];
        if (!incident->open || incident->seen || update->now_usec < incident->keep_until_usec)
            continue;
        incident->finding.lead = incident->peak; /* the record is about the worst of it */
        tell(update, incident, EVENT_CLEARED);
        struct alert *alert = &update->alert[update->count - 1];
        alert->ending = ending_of(&incident->watch, &incident->changes, update->now_usec);
        alert->outcome = last_outcome(incident, alert->ending, update->now_usec);
        incident->open = false;
    }
    while (table->end > 0 && !table->incident[table->end - 1].open)
        table->end--;
}

/* Incidents that were open before; the new ones come after those that are over. */
static void follow_open(struct update *update, const struct finding *findings, size_t count) {
    for (size_t i = 0; i < update->table->end; i++) {
        struct incident *incident = &update->table->incident[i];
        if (!incident->open)
            continue;
        incident->seen = false;
        ending_follow(&incident->watch, update->sample);
    }
    for (size_t i = 0; i < count; i++) {
        struct incident *incident = find_incident(update->table, &findings[i]);
        if (!incident)
            continue;
        follow(update, incident, &findings[i]);
        remember(update, incident, &findings[i]);
    }
}

size_t incident_update(struct incident_table *table, const struct finding *findings, size_t count,
                       const struct sample *sample, uint64_t reminder_usec,
                       struct alert alerts[INCIDENTS_MAX + FINDINGS_MAX]) {
    struct update update = {.table = table,
                            .sample = sample,
                            .now_usec = sample->taken_usec,
                            .reminder_usec = reminder_usec,
                            .changes = knob_changes_find(table->knob, sample),
                            .alert = alerts};

    table->overlooked = 0;
    follow_open(&update, findings, count);
    clear_unseen(&update);
    for (size_t i = 0; i < count; i++)
        if (!find_incident(table, &findings[i]) && !lacks_evidence(&findings[i]) &&
            !is_explained(table, &findings[i]))
            raise_incident(&update, &findings[i]);
    table->syn_drops = outcome_syn_drops(sample);
    return update.count;
}

void incident_untell(struct incident_table *table, const struct alert *alert) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        struct incident *incident = &table->incident[i];
        if (incident->id != alert->incident_id)
            continue;
        if (alert->event == EVENT_RAISED) {
            incident->open = false;
            table->raised[alert->finding.problem]--;
        }
        if (alert->event == EVENT_CLEARED)
            incident->open = true;
        if (incident->open && i >= table->end)
            table->end = i + 1;
    }
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
