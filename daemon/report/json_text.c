/* SPDX-License-Identifier: MIT */
#include "json_text.h"

#include "record.h"

struct json_text json_text_in(char *buffer, size_t size) {
    return (struct json_text){.text = text_in(buffer, size), .empty = true};
}

struct json_text json_text_members_in(char *buffer, size_t size, unsigned int depth) {
    return (struct json_text){.text = text_in(buffer, size), .depth = depth, .empty = true};
}

static void put_line(struct json_text *json) {
    static const char blanks[] = "\n               ";
    size_t indent = json->depth < sizeof blanks - 2 ? json->depth : sizeof blanks - 2;

    text_put(&json->text, blanks, 1 + indent);
    json->has_lines = true;
}

/* U+FFFD also stands for each byte of what is UTF-8 but not printable (printable_length()). */
static void put_special(struct text *text, unsigned char byte) {
    static const char hex[] = "0123456789abcdef";
    const char escape[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 0xF]};
    const char quoted[] = {'\\', (char)byte};

    if (byte == '"' || byte == '\\')
        text_put(text, quoted, sizeof quoted);
    else if (byte < 0x80)
        text_put(text, escape, sizeof escape);
    else
        text_put_string(text, "\\ufffd");
}

static bool is_plain(char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* @return how many bytes can stand as they are */
static size_t plain_length(const char *string) {
    const char *at = string;

    for (;;) {
        size_t length = is_plain(*at) ? 1 : *at & 0x80 ? printable_length(at) : 0;
        if (length == 0)
            return (size_t)(at - string);
        at += length;
    }
}

static void put_string(struct text *text, const char *string) {
    text_put(text, "\"", 1);
    for (;;) {
        size_t length = plain_length(string);
        text_put(text, string, length);
        string += length;
        if (*string == '\0')
            break;
        put_special(text, (unsigned char)*string++);
    }
    text_put(text, "\"", 1);
}

/* What stands before a value: comma, line, key. */
static void begin(struct json_text *json, const char *key, bool nested) {
    if (!json->empty)
        text_put(&json->text, ",", 1);
    if (json->depth > 0 && (key || nested))
        put_line(json);
    else if (!json->empty)
        text_put(&json->text, " ", 1);
    json->empty = false;
    if (!key)
        return;
    put_string(&json->text, key);
    text_put(&json->text, ": ", 2);
}

static void open_nested(struct json_text *json, const char *key, const char *bracket) {
    begin(json, key, true);
    text_put(&json->text, bracket, 1);
    json->depth++;
    json->empty = true;
    json->has_lines = false;
}

static void close_nested(struct json_text *json, const char *bracket) {
    json->depth--;
    if (json->has_lines)
        put_line(json);
    text_put(&json->text, bracket, 1);
    json->empty = false;
    json->has_lines = true; /* this one stands on a line of its own */
}

void json_text_open_object(struct json_text *json, const char *key) {
    open_nested(json, key, "{");
}

void json_text_close_object(struct json_text *json) {
    close_nested(json, "}");
}

void json_text_open_array(struct json_text *json, const char *key) {
    open_nested(json, key, "[");
}

void json_text_close_array(struct json_text *json) {
    close_nested(json, "]");
}

void json_text_number(struct json_text *json, const char *key, uint64_t number) {
    begin(json, key, false);
    text_put_number(&json->text, number > INT64_MAX ? INT64_MAX : number);
}

void json_text_figure(struct json_text *json, const char *key, struct figure figure) {
    if (figure_known(figure)) {
        json_text_number(json, key, figure.value);
        return;
    }
    begin(json, key, false);
    text_put(&json->text, "null", 4);
}

void json_text_bool(struct json_text *json, const char *key, bool value) {
    begin(json, key, false);
    text_put_string(&json->text, value ? "true" : "false");
}

void json_text_string(struct json_text *json, const char *key, const char *string) {
    begin(json, key, false);
    put_string(&json->text, string);
}

/* They begin with their own line. */
void json_text_members(struct json_text *json, const char *members, size_t length) {
    if (!json->empty)
        text_put(&json->text, ",", 1);
    text_put(&json->text, members, length);
    json->empty = false;
    json->has_lines = true;
}
