/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cause.h"
#include "problem.h"
#include "remedy.h"
#include "util.h"

#define SCHEMA     "1"
#define IDENTIFIER "synwaitd"
#define ELLIPSIS   "\xE2\x80\xA6"

/* Longer than a value may be, so that a value too long is seen to be. */
#define VALUE_ROOM (4 * RECORD_VALUE_MAX)

/* Fields under construction, with room for the longest of each. */
struct builder {
    size_t count;
    size_t offset[RECORD_FIELDS_MAX];
    size_t used;
    char text[RECORD_FIELDS_MAX * (RECORD_KEY_MAX + 1 + RECORD_VALUE_MAX + 1)];
};

/* The main thread's alone. On the stack all its 44 KiB would become resident, to stay: each page is touched
   there (-fstack-clash-protection). Here it is what a record fills. */
static struct builder *new_builder(void) {
    static struct builder builder;

    builder.count = 0;
    builder.used = 0;
    return &builder;
}

void text_add_at_most(struct text *text, const char *value, size_t limit) {
    char cut[RECORD_VALUE_MAX + 1];

    if (strlen(value) <= limit) {
        text_add(text, "%s", value);
        return;
    }
    struct text head = text_in(cut, limit - strlen(ELLIPSIS) + 1);
    text_add(&head, "%s", value);
    text_add(text, "%s" ELLIPSIS, cut);
}

/* Adds KEY=value, cleaned and cut to size; an empty value is no field. */
static void put(struct builder *builder, const char *key, const char *value) {
    char cleaned[VALUE_ROOM + 1];
    struct text whole = text_in(cleaned, sizeof cleaned);

    if (value[0] == '\0' || builder->count == RECORD_FIELDS_MAX)
        return;
    text_add(&whole, "%s", value);
    text_clean(cleaned);
    builder->offset[builder->count++] = builder->used;
    char *start = builder->text + builder->used;
    int key_length = snprintf(start, RECORD_KEY_MAX + 2, "%.*s=", RECORD_KEY_MAX, key);
    struct text field = text_in(start + key_length, RECORD_VALUE_MAX + 1);
    text_add_at_most(&field, cleaned, RECORD_VALUE_MAX);
    builder->used += (size_t)key_length + field.length + 1;
}

static void put_number(struct builder *builder, const char *key, uint64_t number) {
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    put(builder, key, text);
}

static void put_endpoint(struct builder *builder, const char *key, const struct endpoint *endpoint) {
    char text[ENDPOINT_TEXT_SIZE];

    if (endpoint->family == ENDPOINT_NONE)
        return;
    endpoint_format(endpoint, text);
    put(builder, key, text);
}

/* Whole pairs only: a list that ends within a value would advise a wrong one. */
static void put_sysctls(struct builder *builder, const char *key, const struct finding *finding,
                        bool recommended) {
    char value[VALUE_ROOM + 1];
    struct finding some = *finding;
    struct text text;

    do {
        text = text_in(value, sizeof value);
        sysctl_format(&some, recommended, &text);
    } while (text.length > RECORD_VALUE_MAX && some.advice_count-- > 0);
    put(builder, key, value);
}

static void put_formatted(struct builder *builder, const char *key, const struct finding *finding,
                          void (*format)(const struct finding *finding, struct text *text)) {
    char value[VALUE_ROOM + 1];
    struct text text = text_in(value, sizeof value);

    format(finding, &text);
    put(builder, key, value);
}

static int alert_priority(const struct alert *alert) {
    if (alert->event == EVENT_CLEARED)
        return 5;
    if (alert->finding.family == FAMILY_SYSCTL)
        return 6; /* nothing is wrong yet */
    return alert->finding.severity == SEVERITY_CRITICAL ? 3 : 4;
}

static void put_identity(struct builder *builder, const struct alert *alert, const char *netns) {
    const struct finding *finding = &alert->finding;
    const struct problem_info *info = problem_info(finding->problem);
    char message[RECORD_VALUE_MAX + 1];
    char id[INCIDENT_ID_SIZE];

    message_format(alert, message, sizeof message);
    incident_id_format(alert->incident_id, id);
    put(builder, "MESSAGE", message);
    put(builder, "MESSAGE_ID", info->message_id);
    put_number(builder, "PRIORITY", (uint64_t)alert_priority(alert));
    put(builder, "SYSLOG_IDENTIFIER", IDENTIFIER);
    put(builder, "SYNWAITD_SCHEMA", SCHEMA);
    put(builder, "SYNWAITD_PROBLEM", info->slug);
    put(builder, "SYNWAITD_EVENT", alert_event_name(alert->event));
    put(builder, "SYNWAITD_INCIDENT", id);
    put(builder, "SYNWAITD_SEVERITY", severity_name(finding->severity));
    put(builder, "SYNWAITD_CONFIDENCE", confidence_name(finding->confidence));
    put(builder, "SYNWAITD_NETNS", netns);
}

static void put_condition(struct builder *builder, const struct breach *lead) {
    const struct condition_info *info = condition_info(lead->condition);

    put(builder, "SYNWAITD_CONDITION", info->name);
    if (info->state != 0)
        put(builder, "SYNWAITD_STATE", tcp_state_name(info->state));
    put_number(builder, "SYNWAITD_VALUE", lead->value);
    put_number(builder, "SYNWAITD_THRESHOLD", lead->threshold);
    if (!figure_known(lead->limit))
        return;
    put_number(builder, "SYNWAITD_LIMIT", lead->limit.value);
    if (lead->limit_source != LIMIT_NONE)
        put(builder, "SYNWAITD_LIMIT_SOURCE", limit_source_name(lead->limit_source));
}

/* On cleared nothing is told that could be old. */
static void put_age(struct builder *builder, const struct alert *alert) {
    if (alert->event != EVENT_CLEARED)
        put_number(builder, "SYNWAITD_AGE_MSEC", alert->finding.age_usec / USEC_PER_MSEC);
}

static void put_who(struct builder *builder, const struct finding *finding) {
    char peer[PEER_TEXT_SIZE];

    put_endpoint(builder, "SYNWAITD_LOCAL", &finding->local);
    if (finding->local.port != 0)
        put_number(builder, "SYNWAITD_LOCAL_PORT", finding->local.port);
    peer_format(finding, peer);
    put(builder, "SYNWAITD_PEER", peer);
    put(builder, "SYNWAITD_UNIT", finding->unit);
    if (finding->pid != 0)
        put_number(builder, "SYNWAITD_PID", finding->pid);
    put(builder, "SYNWAITD_COMM", finding->comm);
}

static void cause_format(const struct finding *finding, struct text *text) {
    const char *sentence = cause_info(finding->cause)->sentence;

    if (sentence)
        text_add(text, "%s", sentence);
    if (finding->detail[0] != '\0')
        text_add(text, "%s%s: %s", sentence ? " " : "",
                 finding->family == FAMILY_SYSCTL ? "Listening ports in the range" : "Reason",
                 finding->detail);
}

static void put_advice(struct builder *builder, const struct finding *finding,
                       const struct provenance *provenance) {
    char value[VALUE_ROOM + 1];
    struct text text = text_in(value, sizeof value);

    advice_format(finding, provenance, &text);
    put(builder, "SYNWAITD_ADVICE", value);
    put_sysctls(builder, "SYNWAITD_SYSCTL", finding, true);
    put_sysctls(builder, "SYNWAITD_SYSCTL_CURRENT", finding, false);
    if (!provenance)
        return;
    text = text_in(value, sizeof value);
    sysctl_files_format(finding, provenance, &text);
    put(builder, "SYNWAITD_SYSCTL_FILE", value);
}

static void put_explanation(struct builder *builder, const struct finding *finding,
                            const struct provenance *provenance) {
    char evidence[RECORD_VALUE_MAX + 1];

    evidence_format(finding, evidence, sizeof evidence);
    put(builder, "SYNWAITD_EVIDENCE", evidence);
    put_formatted(builder, "SYNWAITD_CAUSE", finding, cause_format);
    put_advice(builder, finding, provenance);
    put_formatted(builder, "SYNWAITD_NOT_ADVISED", finding, not_advised_format);
    put_formatted(builder, "SYNWAITD_CAPTURE", finding, capture_format);
}

/* Pairs as in SYNWAITD_SYSCTL, as many as fit whole. */
static void put_changes(struct builder *builder, const char *key, const struct knob_changes *changes,
                        bool old) {
    char value[RECORD_VALUE_MAX + 1];
    struct text text = text_in(value, sizeof value);

    for (size_t i = 0; i < changes->count; i++) {
        const struct knob_change *change = &changes->change[i];
        const char *quote = change->parts > 1 || change->knob == KNOB_PORTS_RESERVED ? "\"" : "";
        char buffer[160];
        struct text pair = text_in(buffer, sizeof buffer);
        text_add(&pair, "%s%s=%s", i > 0 ? " " : "", knob_name(change->knob), quote);
        knob_change_format(change, old, &pair);
        text_add(&pair, "%s", quote);
        if (text.length + pair.length > RECORD_VALUE_MAX)
            break;
        text_add(&text, "%s", buffer);
    }
    put(builder, key, value);
}

static void put_outcome(struct builder *builder, const struct outcome *outcome) {
    put_changes(builder, "SYNWAITD_CHANGED", &outcome->changes, false);
    put_changes(builder, "SYNWAITD_CHANGED_FROM", &outcome->changes, true);
    put(builder, "SYNWAITD_OUTCOME", verdict_name(outcome->verdict));
    if (figure_known(outcome->before.value))
        put_number(builder, "SYNWAITD_OUTCOME_BEFORE", outcome->before.value.value);
    if (figure_known(outcome->after.value))
        put_number(builder, "SYNWAITD_OUTCOME_AFTER", outcome->after.value.value);
}

static struct record *finish(const struct builder *builder, int priority, bool is_alert) {
    struct record *record = malloc(sizeof *record + builder->used);

    if (!record)
        return NULL;
    *record = (struct record){.priority = priority, .is_alert = is_alert, .count = builder->count};
    memcpy(record->text, builder->text, builder->used);
    for (size_t i = 0; i < builder->count; i++)
        record->field[i] = record->text + builder->offset[i];
    return record;
}

struct record *record_from_alert(const struct alert *alert, const char *netns) {
    return record_with_files(alert, netns, NULL);
}

struct record *record_with_files(const struct alert *alert, const char *netns,
                                 const struct provenance *provenance) {
    const struct finding *finding = &alert->finding;
    struct builder *builder = new_builder();

    put_identity(builder, alert, netns);
    if (finding_has_number(finding)) {
        put_condition(builder, &finding->lead);
        put_age(builder, alert);
    }
    put_who(builder, finding);
    put_explanation(builder, finding, provenance);
    put_outcome(builder, &alert->outcome);
    if (alert->event == EVENT_CLEARED) {
        put_number(builder, "SYNWAITD_DURATION_SEC", alert->duration_usec / USEC_PER_SEC);
        if (finding_has_number(finding))
            put_number(builder, "SYNWAITD_PEAK", alert->peak);
        put(builder, "SYNWAITD_ENDED_BY", ending_name(alert->ending));
    }
    return finish(builder, alert_priority(alert), true);
}

struct record *record_from_log(int priority, const char *message) {
    struct builder *builder = new_builder();

    put(builder, "MESSAGE", message);
    put_number(builder, "PRIORITY", (uint64_t)priority);
    put(builder, "SYSLOG_IDENTIFIER", IDENTIFIER);
    return finish(builder, priority, false);
}

const char *record_get(const struct record *record, const char *key) {
    size_t length = strlen(key);

    for (size_t i = 0; i < record->count; i++)
        if (strncmp(record->field[i], key, length) == 0 && record->field[i][length] == '=')
            return record->field[i] + length + 1;
    return NULL;
}

/* Puts the pair behind the others, dropping the last of them if there is no room. */
static void put_evidence_with(struct builder *builder, const char *evidence, const char *pair) {
    char value[RECORD_VALUE_MAX + 1];
    size_t room = sizeof value - strlen(pair) - 2;
    size_t length = strlen(evidence);

    while (length > room) {
        do
            length--;
        while (length > 0 && evidence[length] != ' ');
    }
    snprintf(value, sizeof value, "%.*s%s%s", (int)length, evidence, length > 0 ? " " : "", pair);
    put(builder, "SYNWAITD_EVIDENCE", value);
}

struct record *record_add_dropped(struct record *record, uint64_t alerts) {
    const char *evidence = record_get(record, "SYNWAITD_EVIDENCE");
    struct builder *builder = new_builder();
    char pair[48];

    snprintf(pair, sizeof pair, "alerts_dropped=%" PRIu64, alerts);
    for (size_t i = 0; i < record->count; i++) {
        const char *value = strchr(record->field[i], '=') + 1;
        char key[RECORD_KEY_MAX + 1];
        snprintf(key, sizeof key, "%.*s", (int)(value - record->field[i] - 1), record->field[i]);
        if (evidence && value == evidence)
            put_evidence_with(builder, evidence, pair);
        else
            put(builder, key, value);
    }
    if (!evidence)
        put(builder, "SYNWAITD_EVIDENCE", pair);
    struct record *replacement = finish(builder, record->priority, record->is_alert);
    if (!replacement)
        return record;
    replacement->alerts_dropped = alerts;
    free(record);
    return replacement;
}
