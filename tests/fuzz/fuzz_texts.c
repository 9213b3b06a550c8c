/* SPDX-License-Identifier: MIT */
/* Whatever a stranger can name: cleaned, cut to size, written to JSON. */
#include <jansson.h>
#include <string.h>

#include "harness.h"
#include "json_text.h"
#include "record.h"
#include "util.h"

static void check_json(const char *text, bool clean) {
    static char buffer[32768];
    struct json_text json = json_text_in(buffer, sizeof buffer);

    json_text_open_object(&json, NULL);
    json_text_string(&json, "key", text);
    json_text_close_object(&json);
    MUST(!json.text.cut);
    json_t *root = json_loads(buffer, 0, NULL);
    const char *value = json_string_value(json_object_get(root, "key"));
    MUST(value && (!clean || strcmp(value, text) == 0));
    json_decref(root);
}

static void check_cut(const char *text) {
    char shortened[16 + 1], whole[64];
    struct text cut = text_in(shortened, sizeof shortened), most = text_in(whole, sizeof whole);

    text_put_string(&cut, text);
    MUST(fuzz_is_clean(shortened) && cut.cut == (strlen(text) > 16));
    MUST(memcmp(shortened, text, cut.length) == 0 && (!cut.cut || cut.length > 16 - 4));
    text_add_at_most(&most, text, 16);
    MUST(fuzz_is_clean(whole) && most.length <= 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    CLEANUP_FREE char *text = fuzz_string(bytes, length);
    CLEANUP_FREE char *clean = strdup(text);

    MUST(clean);
    text_clean(clean);
    MUST(fuzz_is_clean(clean) && strlen(clean) == strlen(text));
    MUST(!fuzz_is_clean(text) || strcmp(clean, text) == 0);
    check_json(text, false);
    check_json(clean, true);
    check_cut(clean);
    return 0;
}
