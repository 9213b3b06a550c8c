/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

json_t *json_from_record(const struct record *record) {
    json_t *object = json_object();

    for (size_t i = 0; object && i < record->count; i++) {
        const char *equals = strchr(record->field[i], '=');
        char key[RECORD_KEY_MAX + 1];
        struct text name = text_in(key, sizeof key);
        text_add(&name, "%.*s", (int)(equals - record->field[i]), record->field[i]);
        if (json_object_set_new(object, key, json_string(equals + 1)) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

char *json_to_text(const json_t *json, size_t flags) {
    size_t length = json_dumpb(json, NULL, 0, flags);
    char *text = length > 0 ? malloc(length + 1) : NULL;

    if (!text)
        return NULL;
    if (json_dumpb(json, text, length, flags) == length) {
        text[length] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

int json_print_record(FILE *stream, const struct record *record) {
    json_t *object = json_from_record(record);

    if (!object)
        return -ENOMEM;
    char *line = json_to_text(object, JSON_COMPACT);
    json_decref(object);
    if (!line)
        return -ENOMEM;
    errno = 0;
    bool written = fprintf(stream, "%s\n", line) >= 0 && fflush(stream) != EOF;
    int error = errno != 0 ? errno : EIO;
    free(line);
    return written ? 0 : -error;
}
