/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "books.h"

#define MESSAGE_MAX 399

static const char *const always[] = {
    "MESSAGE",
    "MESSAGE_ID",
    "PRIORITY",
    "SYSLOG_IDENTIFIER",
    "SYNWAITD_SCHEMA",
    "SYNWAITD_PROBLEM",
    "SYNWAITD_EVENT",
    "SYNWAITD_INCIDENT",
    "SYNWAITD_SEVERITY",
    "SYNWAITD_CONFIDENCE",
    "SYNWAITD_NETNS",
    "SYNWAITD_CAUSE",
    "SYNWAITD_NOT_ADVISED",
};
static const char *const in_one_life[] = {"SYNWAITD_EVIDENCE", "SYNWAITD_ADVICE"};
static const char *const with_number[] = {"SYNWAITD_CONDITION", "SYNWAITD_VALUE", "SYNWAITD_THRESHOLD"};

static bool have(const struct record *record, const char *const keys[], size_t count, struct text *why) {
    for (size_t i = 0; i < count; i++)
        if (!record_get(record, keys[i])) {
            text_add(why, "no field %s in: %s", keys[i], record->field[0]);
            return false;
        }
    return true;
}

/* KEY=value: what journald takes, one line of UTF-8. jansson judges the encoding. */
static bool field_is_clean(const char *field) {
    size_t key = strspn(field, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    const char *value = field + key + 1;

    if (key == 0 || key > RECORD_KEY_MAX || field[key] != '=' || value[0] == '\0' ||
        strlen(value) > RECORD_VALUE_MAX)
        return false;
    for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++)
        if (*c < ' ' || *c == 0x7F)
            return false;
    json_t *text = json_string(value);
    json_decref(text);
    return text != NULL;
}

static bool is_twice(const struct record *record, size_t index) {
    size_t length = strcspn(record->field[index], "=") + 1;

    for (size_t i = 0; i < index; i++)
        if (strncmp(record->field[i], record->field[index], length) == 0)
            return true;
    return false;
}

static bool number_fits(const struct record *record, const struct alert *alert) {
    const char *event = record_get(record, "SYNWAITD_EVENT");

    return strcmp(event, alert_event_name(alert->event)) == 0 &&
           strlen(record_get(record, "MESSAGE_ID")) == 32 &&
           strlen(record_get(record, "SYNWAITD_INCIDENT")) == 16 &&
           strlen(record_get(record, "MESSAGE")) <= MESSAGE_MAX &&
           (record_get(record, "SYNWAITD_DURATION_SEC") != NULL) == (alert->event == EVENT_CLEARED);
}

bool record_is_valid(const struct record *record, const struct alert *alert, bool taken_over,
                     struct text *why) {
    if (!have(record, always, ARRAY_SIZE(always), why))
        return false;
    if (!taken_over && !have(record, in_one_life, ARRAY_SIZE(in_one_life), why))
        return false;
    if (finding_has_number(&alert->finding) && !have(record, with_number, ARRAY_SIZE(with_number), why))
        return false;
    for (size_t i = 0; i < record->count; i++)
        if (!field_is_clean(record->field[i]) || is_twice(record, i)) {
            text_add(why, "not clean, or there twice: %s", record->field[i]);
            return false;
        }
    if (!number_fits(record, alert)) {
        text_add(why, "does not fit its alert: %s", record->field[0]);
        return false;
    }
    return true;
}

size_t record_bytes(const struct record *record) {
    size_t bytes = 0;

    for (size_t i = 0; i < record->count; i++)
        bytes += strlen(record->field[i]) + 1;
    return bytes;
}
