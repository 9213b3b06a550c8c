/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "sample_alerts.h"

static char *print(struct record *record) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    assert_int_equal(json_print_record(stream, record), 0);
    fclose(stream);
    free(record);
    return text;
}

/* One line, and the record's fields as strings in the record's order. */
static void test_fields_and_order(void **state) {
    struct alert (*const sample[])(void) = {sample_flood, sample_leak, sample_ports, sample_degraded};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sample); i++) {
        struct alert alert = sample[i]();
        struct record *record = record_from_alert(&alert, "host");
        char *text = print(record_from_alert(&alert, "host"));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        assert_int_equal(json_object_size(object), record->count);
        void *member = json_object_iter(object);
        for (size_t k = 0; k < record->count; k++, member = json_object_iter_next(object, member)) {
            char field[2048];
            snprintf(field, sizeof field, "%s=%s", json_object_iter_key(member),
                     json_string_value(json_object_iter_value(member)));
            assert_string_equal(field, record->field[k]);
        }
        json_decref(object);
        free(text);
        free(record);
    }
}

static void test_odd_text_stays_json(void **state) {
    static const struct {
        const char *name, *text, *wanted;
    } row[] = {
        {"quotes", "a \"b\" \\c", "a \"b\" \\c"},
        {"no UTF-8", "\xFF\xFE.", "??."},
        {"line feed", "a\nb", "a?b"},
        {"euro", "\xE2\x82\xAC", "\xE2\x82\xAC"},
        {"beyond the first plane", "\xF0\x9F\x92\xA9", "\xF0\x9F\x92\xA9"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        char *text = print(record_from_log(6, row[i].text));
        json_t *object = json_loads(text, 0, NULL);
        const char *message = json_string_value(json_object_get(object, "MESSAGE"));
        if (!message || strcmp(message, row[i].wanted) != 0)
            fail_msg("%s: %s", row[i].name, text);
        json_decref(object);
        free(text);
    }
}

static void test_full_device_is_an_error(void **state) {
    FILE *full = fopen("/dev/full", "w");
    struct record *record = record_from_log(6, "lost");

    (void)state;
    assert_non_null(full);
    assert_int_equal(json_print_record(full, record), -ENOSPC);
    fclose(full);
    free(record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_and_order),
        cmocka_unit_test(test_odd_text_stays_json),
        cmocka_unit_test(test_full_device_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
