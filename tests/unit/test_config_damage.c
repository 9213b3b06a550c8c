/* SPDX-License-Identifier: MIT */
/* Files made to hurt, and files damaged by chance: no crash, no hang, no half-filled configuration. */
#include "config_case.h"

#include "util.h"

/* Text of @p count entries, ports 1 to count. */
static char *many_ports(int count) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    fputs("ports = (", stream);
    for (int i = 1; i <= count; i++)
        fprintf(stream, "%s{ port = %d; }", i > 1 ? ",\n" : "", i);
    fputs(");", stream);
    fclose(stream);
    return text;
}

static void test_number_of_ports(void **state) {
    CLEANUP_FREE char *just = many_ports(PORT_RULES_MAX), *over = many_ports(PORT_RULES_MAX + 1);
    static struct config config;
    char error[CONFIG_ERROR_SIZE];

    assert_int_equal(load_text(*state, just, &config, error), 0);
    assert_int_equal(config.port_count, PORT_RULES_MAX);
    assert_int_equal(load_text(*state, over, &config, error), -EINVAL);
    assert_string_equal(error, "case.conf:65: ports[64].port: one port too many, allowed: 64 in all files "
                               "together");
}

/* Files that would make libconfig overflow its stack or take minutes. */
static void test_hostile_files(void **state) {
    static const struct {
        const char *name, *unit, *error;
        size_t count;
    } rows[] = {
        {"64 levels", "[", "case.conf:1: syntax error", 64},
        {"65 levels", "[", "case.conf:1: nested too deeply, allowed: 64 levels", 65},
        {"lists in lists", "a=(", "case.conf:1: nested too deeply, allowed: 64 levels", 100000},
        {"groups in groups", "a={", "case.conf:1: nested too deeply, allowed: 64 levels", 100000},
        {"open arrays", "[", "case.conf:1: nested too deeply, allowed: 64 levels", 1000000},
        {"many settings", "a=1;",
         "case.conf:1: too many settings, allowed: 8192 in a file, list elements "
         "included",
         100000},
        {"many elements", "a,",
         "case.conf:1: too many settings, allowed: 8192 in a file, list elements "
         "included",
         100000},
    };
    static struct config config;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t length = strlen(rows[i].unit);
        CLEANUP_FREE char *text = malloc(rows[i].count * length + 1);
        char error[CONFIG_ERROR_SIZE];
        assert_non_null(text);
        for (size_t n = 0; n < rows[i].count; n++)
            memcpy(text + n * length, rows[i].unit, length);
        text[rows[i].count * length] = '\0';
        check_row(rows[i].name, -load_text(*state, text, &config, error), EINVAL);
        if (strcmp(error, rows[i].error) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, error);
    }
}

static uint32_t xorshift(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Whatever a file holds: a configuration or one printable line, and never a half-filled configuration. */
static void test_damaged_files(void **state) {
    static const char alphabet[] = "{}()[]=:;,.\"#/*\\@-%0159LxaAs \n\xb5";
    static struct config config, before;
    uint32_t seed = 2463534242U;
    int refused = 0;

    config_defaults(&before);
    CLEANUP_FREE char *good = dump_text(&before);
    size_t length = strlen(good);
    for (int i = 0; i < 3000; i++) {
        char error[CONFIG_ERROR_SIZE];
        CLEANUP_FREE char *text = strdup(good);
        assert_non_null(text);
        for (uint32_t n = xorshift(&seed) % 4; n < 4; n++)
            text[xorshift(&seed) % length] = alphabet[xorshift(&seed) % (sizeof alphabet - 1)];
        config = before;
        if (load_text(*state, text, &config, error) == 0)
            continue;
        refused++;
        assert_memory_equal(&config, &before, sizeof config);
        assert_memory_equal(error, "case.conf:", 10);
        for (const char *c = error; *c != '\0'; c++)
            assert_true((unsigned char)*c >= ' ');
    }
    assert_in_range(refused, 1000, 2999);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_of_ports),
        cmocka_unit_test(test_hostile_files),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
