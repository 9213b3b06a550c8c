/* SPDX-License-Identifier: MIT */
/* What the writer of JSON text writes, jansson reads back. */
#include "case.h"

#include <jansson.h>
#include <stdlib.h>

#include "json_text.h"

/* Reads the whole text strictly. */
static json_t *parse(const char *name, const struct json_text *json) {
    json_error_t error;
    json_t *root =
        json_loadb(json->text.buffer, json->text.length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

    if (!root || json->text.cut)
        fail_msg("%s: %s: %s", name, root ? "cut" : error.text, json->text.buffer);
    return root;
}

static void test_strings(void **state) {
    static const struct {
        const char *name, *string, *read;
    } rows[] = {
        {"empty", "", ""},
        {"plain", "a b/c", "a b/c"},
        {"quote and backslash", "say \"\\n\"", "say \"\\n\""},
        {"a backslash at the end", "\\", "\\"},
        {"control characters", "\x01\t\n\x1b[2J\x1f", "\x01\t\n\x1b[2J\x1f"},
        {"DEL", "\x7f", "\x7f"},
        {"two, three and four bytes", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\x9F",
         "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\x9F"},
        {"C1 control",
         "a\xC2\x9B"
         "b",
         "a\xEF\xBF\xBD\xEF\xBF\xBD"
         "b"},
        {"a lone continuation", "a\x80z", "a\xEF\xBF\xBDz"},
        {"cut at the end", "a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"overlong", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"text turned around", "\xE2\x80\xAE", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"beyond Unicode", "\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"no byte of UTF-8", "\xFF", "\xEF\xBF\xBD"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[256];
        struct json_text json = json_text_in(buffer, sizeof buffer);
        json_text_open_object(&json, NULL);
        json_text_string(&json, rows[i].string, rows[i].string);
        json_text_close_object(&json);
        json_t *root = parse(rows[i].name, &json);
        const char *read = json_string_value(json_object_get(root, rows[i].read));
        if (!read || strcmp(read, rows[i].read) != 0)
            fail_msg("%s: %s", rows[i].name, buffer);
        json_decref(root);
    }
}

/* Every byte, and every pair of bytes that is not from ASCII alone: what comes out is always JSON. */
static void test_every_pair(void **state) {
    (void)state;
    for (unsigned int pair = 1; pair <= 0xFFFF; pair++) {
        char buffer[64];
        const char string[] = {(char)(pair >> 8 ? pair >> 8 : pair), (char)(pair >> 8 ? pair : 0), '\0'};
        struct json_text json = json_text_in(buffer, sizeof buffer);
        json_text_string(&json, NULL, string);
        json_decref(parse("a pair", &json));
    }
}

static void test_numbers(void **state) {
    static const struct {
        const char *name;
        struct figure figure;
        const char *text;
    } rows[] = {
        {"nought", {0, FIGURE_KNOWN}, "0"},
        {"some", {4711, FIGURE_KNOWN}, "4711"},
        {"63 bits", {INT64_MAX, FIGURE_KNOWN}, "9223372036854775807"},
        {"64 bits", {UINT64_MAX, FIGURE_KNOWN}, "9223372036854775807"},
        {"unknown", {5, FIGURE_UNKNOWN}, "null"},
        {"absent", {5, FIGURE_ABSENT}, "null"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char buffer[64];
        struct json_text json = json_text_in(buffer, sizeof buffer);
        json_text_figure(&json, NULL, rows[i].figure);
        if (strcmp(buffer, rows[i].text) != 0)
            fail_msg("%s: %s", rows[i].name, buffer);
    }
}

/* Readable for people: members stand on lines of their own, a row of numbers on one. */
static void test_layout(void **state) {
    char buffer[256];
    struct json_text json = json_text_in(buffer, sizeof buffer);

    (void)state;
    json_text_open_object(&json, NULL);
    json_text_number(&json, "a", 1);
    json_text_open_array(&json, "ring");
    for (uint64_t i = 0; i < 3; i++)
        json_text_number(&json, NULL, i);
    json_text_close_array(&json);
    json_text_open_array(&json, "none");
    json_text_close_array(&json);
    json_text_open_array(&json, "list");
    for (uint64_t i = 0; i < 2; i++) {
        json_text_open_object(&json, NULL);
        json_text_number(&json, "i", i);
        json_text_close_object(&json);
    }
    json_text_close_array(&json);
    json_text_open_object(&json, "empty");
    json_text_close_object(&json);
    json_text_close_object(&json);
    json_decref(parse("layout", &json));
    assert_string_equal(buffer, "{\n"
                                " \"a\": 1,\n"
                                " \"ring\": [0, 1, 2],\n"
                                " \"none\": [],\n"
                                " \"list\": [\n"
                                "  {\n"
                                "   \"i\": 0\n"
                                "  },\n"
                                "  {\n"
                                "   \"i\": 1\n"
                                "  }\n"
                                " ],\n"
                                " \"empty\": {}\n"
                                "}");
}

/* However little room there is, it is said. */
static void test_too_small(void **state) {
    char buffer[64];
    size_t needed = 0;

    (void)state;
    for (size_t size = 1; size <= sizeof buffer; size++) {
        struct json_text json = json_text_in(buffer, size);
        json_text_open_object(&json, NULL);
        json_text_string(&json, "key", "a\"\xC3\xA4\xFF");
        json_text_number(&json, "number", 123456);
        json_text_close_object(&json);
        if (json.text.cut)
            continue;
        needed = needed > 0 ? needed : size;
        json_decref(parse("it fits", &json));
    }
    assert_int_equal(needed, strlen(buffer) + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings), cmocka_unit_test(test_every_pair), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_layout),  cmocka_unit_test(test_too_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
