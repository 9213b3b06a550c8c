/* SPDX-License-Identifier: MIT */
#include "books.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_USEC   (5 * USEC_PER_SEC) /* another diagnosis is not told sooner */
#define LATE_USEC     (30 * USEC_PER_SEC)
#define LEAST_BACKLOG 128                 /* of a listener */
#define CHANGES_USEC  (10 * USEC_PER_SEC) /* of sysctls so many are told in it */

static struct account *find_account(struct books *books, uint64_t id) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        if (books->account[i].open && books->account[i].id == id)
            return &books->account[i];
    return NULL;
}

static const struct account *find_same(const struct books *books, const struct finding *finding,
                                       const struct account *but) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        const struct account *other = &books->account[i];
        if (other->open && other != but &&
            (other->problem == finding->problem || other->family == finding->family) &&
            scope_equal(&other->scope, &finding->scope))
            return other;
    }
    return NULL;
}

static struct account *new_account(struct books *books) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        if (!books->account[i].open)
            return &books->account[i];
    return NULL;
}

static bool open_account(struct books *books, const struct alert *alert, struct text *why) {
    struct account *account = new_account(books);

    if (alert->incident_id <= books->last_id || !account) {
        text_add(why, "raised under an old id, the last was %016" PRIx64, books->last_id);
        return false;
    }
    books->last_id = alert->incident_id;
    *account = (struct account){
        .open = true,
        .id = alert->incident_id,
        .raised_usec = books->now_usec,
    };
    return true;
}

static bool reminder_is_due(const struct books *books, const struct config *config,
                            const struct account *account) {
    return config->reminder_usec > 0 && account->family != FAMILY_SYSCTL &&
           books->now_usec - account->told_usec >= config->reminder_usec;
}

/* Of the families with one condition the severity falls no sooner than that condition's clear lets it. */
static bool may_fall(const struct books *books, const struct config *config, const struct account *account,
                     const struct alert *alert) {
    enum condition condition = alert->finding.lead.condition;

    if (condition >= CONDITION_COUNT || account->family == FAMILY_HANDSHAKE ||
        account->family == FAMILY_TIME_WAIT || account->fell_usec == 0)
        return true;
    /* Either fall may have been told late, while another diagnosis settled. */
    return books->now_usec - account->fell_usec + 2 * SETTLE_USEC >=
           config_rule(config, condition, alert->finding.scope.local.port)->clear_usec;
}

/* What an alert "changed" may be for: a sysctl, another diagnosis, another severity; each in its time. */
static bool may_change(const struct books *books, const struct config *config, const struct account *account,
                       const struct alert *alert) {
    uint64_t now = books->now_usec;

    if (alert->outcome.verdict != VERDICT_NONE || alert->outcome.changes.count > 0)
        return account->outcomes < OUTCOMES_KEPT ||
               now - account->outcome_usec[account->outcomes % OUTCOMES_KEPT] >= CHANGES_USEC;
    if (alert->rediagnosed)
        return account->rediagnosed_usec == 0 || now - account->rediagnosed_usec >= SETTLE_USEC;
    if (alert->finding.severity == account->severity)
        return false;
    return alert->finding.severity > account->severity || may_fall(books, config, account, alert);
}

static void book_change(struct books *books, struct account *account, const struct alert *alert) {
    if (alert->outcome.verdict != VERDICT_NONE || alert->outcome.changes.count > 0) {
        account->outcome_usec[account->outcomes++ % OUTCOMES_KEPT] = books->now_usec;
    } else if (alert->rediagnosed) {
        account->rediagnosed_usec = books->now_usec;
    }
    if (alert->finding.severity < account->severity)
        account->fell_usec = books->now_usec;
}

static bool event_is_due(const struct books *books, const struct config *config,
                         const struct account *account, const struct alert *alert) {
    switch (alert->event) {
    case EVENT_CHANGED:
        return may_change(books, config, account, alert);
    case EVENT_REMINDER:
        return reminder_is_due(books, config, account);
    default:
        return true;
    }
}

static bool book_record(struct books *books, const struct alert *alert, bool taken_over, struct text *why) {
    struct record *record = record_from_alert(alert, "host");

    if (!record) {
        text_add(why, "no memory for a record");
        return false;
    }
    size_t bytes = record_bytes(record), message = strlen(record_get(record, "MESSAGE"));
    books->record_bytes += bytes;
    if (bytes > books->record_bytes_max)
        books->record_bytes_max = bytes;
    if (message > books->message_bytes_max)
        books->message_bytes_max = message;
    bool valid = record_is_valid(record, alert, taken_over, why);
    free(record);
    return valid;
}

/* One alert against the account of its incident. */
static bool book(struct books *books, const struct config *config, const struct alert *alert,
                 struct text *why) {
    if (alert->event == EVENT_RAISED && !open_account(books, alert, why))
        return false;
    struct account *account = find_account(books, alert->incident_id);
    if (!account || (account->told_usec == books->now_usec && alert->event != EVENT_RAISED)) {
        text_add(why, "%s", account ? "told twice at one tick" : "it is not open");
        return false;
    }
    if (!event_is_due(books, config, account, alert)) {
        text_add(why, "not due: told last %" PRIu64 " us ago", books->now_usec - account->told_usec);
        return false;
    }
    if (find_same(books, &alert->finding, account)) {
        text_add(why, "another one is open of the same problem and scope");
        return false;
    }
    if (alert->event == EVENT_CHANGED)
        book_change(books, account, alert);
    account->problem = alert->finding.problem;
    account->family = alert->finding.family;
    account->scope = alert->finding.scope;
    account->severity = alert->finding.severity;
    account->told_usec = books->now_usec;
    account->open = alert->event != EVENT_CLEARED;
    return book_record(books, alert, account->taken_over, why);
}

bool books_agree(const struct books *books, const struct pipeline *pipeline, struct text *why) {
    size_t open = 0;

    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        open += books->account[i].open;
    if (open != pipeline_open_incidents(pipeline)) {
        text_add(why, "%zu incidents are open, by the alerts %zu", pipeline_open_incidents(pipeline), open);
        return false;
    }
    for (size_t i = 0; i < pipeline->incidents.end; i++) {
        const struct incident *incident = &pipeline->incidents.incident[i];
        if (!incident->open || find_account((struct books *)books, incident->id))
            continue;
        text_add(why, "incident %016" PRIx64 " is open, but was not raised", incident->id);
        return false;
    }
    return true;
}

/* The time of which one interval counts. */
bool is_gap(const struct books *books, const struct config *config) {
    return books->now_usec - books->taken_usec > 5 * config->interval_usec;
}

static bool has_room(const struct pipeline *pipeline) {
    return pipeline->tracker.end < TRACKS_MAX && pipeline_open_incidents(pipeline) < INCIDENTS_MAX;
}

/* More listeners are full than there are tracks, and more tracks over than incidents. */
static bool crowd_is_untold(const struct books *books, const struct pipeline *pipeline,
                            const struct config *config, const struct sample *sample, uint64_t crowded_usec) {
    const struct threshold_rule *rule = &config->rule[CONDITION_ACCEPT_QUEUE];
    uint64_t since = crowded_usec > books->began_usec ? crowded_usec : books->began_usec;

    return crowded_usec != 0 && rule->enabled && rule->warning.unit == UNIT_PERMYRIAD &&
           rule->floor <= LEAST_BACKLOG && sample->listeners_known &&
           sample->taken_usec - since > rule->hold_usec + LATE_USEC &&
           (pipeline->tracker.overlooked == 0 || pipeline->incidents.overlooked == 0);
}

static void count(struct books *books, const struct alert *alert) {
    books->alerts++;
    books->by_event[alert->event]++;
    books->by_problem[alert->finding.problem]++;
    books->raised_by_problem[alert->finding.problem] += alert->event == EVENT_RAISED;
}

/* Something came between: what was over for some time may have to begin again. */
static void books_interrupt(struct books *books) {
    for (int i = 0; i < CONDITION_COUNT; i++)
        books->watch[i].steady_usec = books->now_usec;
}

bool books_tick(struct books *books, const struct config *config, const struct sample *sample,
                const struct pipeline *pipeline, size_t alerts, uint64_t crowded_usec, struct text *why) {
    books->now_usec = sample->taken_usec;
    books->ticks++;
    if (!sample->listeners_known || is_gap(books, config))
        books->began_usec = books->now_usec;
    watch_tick(books, config, sample);
    for (size_t i = 0; i < alerts; i++) {
        const struct alert *alert = &pipeline->alert[i];
        if (book(books, config, alert, why) && watch_allows(books, config, alert, why)) {
            count(books, alert);
            continue;
        }
        text_add(why, ", told of %s %s %016" PRIx64, problem_info(alert->finding.problem)->slug,
                 alert_event_name(alert->event), alert->incident_id);
        return false;
    }
    books->taken_usec = sample->taken_usec;
    if (crowd_is_untold(books, pipeline, config, sample, crowded_usec)) {
        text_add(why, "more is over than there is room for, and nothing says so");
        return false;
    }
    if (!has_room(pipeline)) {
        books->crowded_ticks++;
        books_interrupt(books);
    }
    return books_agree(books, pipeline, why) && watch_agrees(books, config, why);
}

void books_begin(struct books *books) {
    books->began_usec = books->now_usec;
    books_interrupt(books);
}

void books_take_over(struct books *books) {
    for (size_t i = 0; i < INCIDENTS_MAX; i++)
        books->account[i].taken_over = true;
    books_begin(books);
}

void books_forget(struct books *books) {
    memset(books->account, 0, sizeof books->account);
    books_interrupt(books);
}
