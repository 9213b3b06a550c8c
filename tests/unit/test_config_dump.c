/* SPDX-License-Identifier: MIT */
/* dump, load, dump is the same text; the shipped file, the man pages and the unit keep up with the code. */
#include "config_case.h"

#include "config_keys.h"
#include "problem.h"
#include "random_config.h"
#include "util.h"

#define SHIPPED   "conf/synwaitd.conf"
#define MAN_CONF  "man/synwaitd.conf.5"
#define MAN       "man/synwaitd.8"
#define TEXT_SIZE 65536

static void read_text(const char *path, char text[TEXT_SIZE]) {
    int length = read_file_at(AT_FDCWD, path, text, TEXT_SIZE);
    if (length < 0)
        fail_msg("%s: %s", path, strerror(-length));
}

static void check_same_dump(const struct tree *tree, const char *name, const struct config *config) {
    static struct config loaded;
    char error[CONFIG_ERROR_SIZE];
    CLEANUP_FREE char *first = dump_text(config);

    if (load_text(tree, first, &loaded, error) < 0)
        fail_msg("%s: %s in\n%s", name, error, first);
    CLEANUP_FREE char *second = dump_text(&loaded);
    if (strcmp(first, second) != 0)
        fail_msg("%s: dumped\n%s\nthen\n%s", name, first, second);
}

static void test_defaults(void **state) {
    static struct config config;

    config_defaults(&config);
    check_same_dump(*state, "defaults", &config);
}

static void test_random_values(void **state) {
    static struct config config;
    uint64_t seed = 88172645463325252ULL;

    for (int i = 0; i < 300; i++) {
        random_config(&seed, &config);
        check_same_dump(*state, "random", &config);
    }
}

static void test_full_disk(void **state) {
    static struct config config;
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    config_defaults(&config);
    assert_int_equal(config_dump(&config, full), -ENOSPC);
    fclose(full);
}

/* Copies the shipped file with its settings uncommented ("#key = ...") and prose ("# ...") left out. */
static void uncomment(const char *shipped, char *out) {
    while (*shipped != '\0') {
        size_t length = strcspn(shipped, "\n");
        size_t indent = strspn(shipped, " ");
        bool prose = shipped[indent] == '#' && (shipped[indent + 1] == ' ' || shipped[indent + 1] == '\n');
        if (!prose && length > indent) {
            size_t hash = shipped[indent] == '#' ? 1 : 0;
            out += sprintf(out, "%.*s%.*s\n", (int)indent, shipped, (int)(length - indent - hash),
                           shipped + indent + hash);
        }
        shipped += length + (shipped[length] == '\n');
    }
    *out = '\0';
}

/* As it is shipped the file changes nothing; uncommented it is, line for line, what the dump prints. */
static void test_shipped_file(void **state) {
    static char shipped[TEXT_SIZE], bare[TEXT_SIZE];
    static struct config config;
    char error[CONFIG_ERROR_SIZE];

    config_defaults(&config);
    CLEANUP_FREE char *defaults = dump_text(&config);
    read_text(SHIPPED, shipped);
    uncomment(shipped, bare);
    assert_string_equal(bare, defaults);
    memset(&config, 0, sizeof config);
    check_row(error, -load_text(*state, shipped, &config, error), 0);
    CLEANUP_FREE char *loaded = dump_text(&config);
    assert_string_equal(loaded, defaults);
}

/* @return where @p wanted begins in @p text of @p path */
static const char *find_text(const char *path, const char *text, const char *wanted) {
    const char *at = strstr(text, wanted);

    if (at)
        return at;
    fail_msg("%s does not have: %s", path, wanted);
    return text;
}

/* The row of the defaults' table: values without their quotes. */
static void man_row(const struct condition_info *info, char row[256]) {
    struct text out = text_in(row, 256);

    text_add(&out, "\n.It Cm %s Ta %s", info->name, info->defaults.enabled ? "yes" : "no");
    for (int key = RULE_WARNING; key < RULE_KEY_COUNT; key++) {
        char value[KEY_TEXT_SIZE];
        config_key_format(&config_rule_keys()[key], &info->defaults, value);
        bool quoted = value[0] == '"';
        text_add(&out, " Ta %.*s", (int)(strlen(value) - (quoted ? 2 : 0)), value + quoted);
    }
    text_add(&out, "\n");
}

/* The condition's paragraph, up to the next item. */
static void man_paragraph(const char *man, const char *name, char paragraph[1024]) {
    char item[64];

    snprintf(item, sizeof item, "\n.It Cm %s\n", name);
    const char *start = find_text(MAN_CONF, man, item) + strlen(item);
    const char *end = strstr(start, "\n.It "), *last = strstr(start, "\n.El");
    if (!end || last < end)
        end = last;
    snprintf(paragraph, 1024, "%.*s", (int)(end + 1 - start), start);
}

static void test_man_page_of_conditions(void **state) {
    static char man[TEXT_SIZE];

    (void)state;
    read_text(MAN_CONF, man);
    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        char row[256], paragraph[1024], limit[128];
        man_row(info, row);
        find_text(MAN_CONF, man, row);
        man_paragraph(man, info->name, paragraph);
        snprintf(limit, sizeof limit, "Percentages are of %s.\n", info->limit ? info->limit : "nothing");
        check_row(info->name, strstr(paragraph, limit) != NULL, info->limit != NULL);
        check_row(info->name, strstr(paragraph, "Counts only.\n") != NULL, info->limit == NULL);
        check_row(info->name, strstr(paragraph, "Per port.\n") != NULL, info->per_port);
        check_row(info->name, strstr(paragraph, "per second") != NULL, info->is_rate);
        if (info->state != 0)
            check_row(info->name, strstr(paragraph, tcp_state_name(info->state)) != NULL, true);
    }
}

static void test_man_page_of_sections(void **state) {
    static char man[TEXT_SIZE];
    static struct config config;

    (void)state;
    config_defaults(&config);
    read_text(MAN_CONF, man);
    for (int i = 0; i < SECTION_COUNT; i++) {
        const struct config_section *section = config_section((enum config_section_id)i);
        for (size_t k = 0; k < section->count; k++) {
            char item[64], value[KEY_TEXT_SIZE], wanted[128];
            snprintf(item, sizeof item, "\n.It Ic %s No = ", section->key[k].name);
            const char *at = find_text(MAN_CONF, man, item);
            const char *said = find_text(MAN_CONF, at, "\nDefault: ");
            config_key_format(&section->key[k], &config, value);
            bool quoted = value[0] == '"';
            snprintf(wanted, sizeof wanted, "\nDefault: %.*s.\n", (int)(strlen(value) - (quoted ? 2 : 0)),
                     value + quoted);
            check_row(section->key[k].name, strncmp(said, wanted, strlen(wanted)), 0);
        }
    }
    for (int k = 0; k < RULE_KEY_COUNT; k++) {
        char item[64];
        snprintf(item, sizeof item, "\n.It Ic %s No = ", config_rule_keys()[k].name);
        find_text(MAN_CONF, man, item);
    }
}

static void test_man_page_of_problems(void **state) {
    static char man[TEXT_SIZE];

    (void)state;
    read_text(MAN, man);
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        char item[128];
        snprintf(item, sizeof item, "\n.It Cm %s Bq %s\n", info->slug, info->message_id);
        find_text(MAN, man, item);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_random_values),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_shipped_file),
        cmocka_unit_test(test_man_page_of_conditions),
        cmocka_unit_test(test_man_page_of_sections),
        cmocka_unit_test(test_man_page_of_problems),
    };
    return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
