/* SPDX-License-Identifier: MIT */
/* Which files are read, in which order, and what is no file. */
#include "config_case.h"

#include "config_file.h"
#include "util.h"

#define MAIN      "synwaitd/synwaitd.conf"
#define DROPIN    "synwaitd/synwaitd.conf.d/"
#define NULL_LINK "->/dev/null"

static void make_link(const struct tree *tree, const char *path, const char *target) {
    char full[512];

    tree_write(tree, path, "");
    tree_path(tree, path, full);
    unlink(full);
    if (symlink(target, full) < 0)
        fail_msg("%s: %s", full, strerror(errno));
}

struct placed {
    const char *path, *text; /* NULL_LINK: a link to /dev/null */
};

static void place(const struct tree *tree, const struct placed files[6]) {
    for (size_t i = 0; i < 6 && files[i].path; i++)
        if (strcmp(files[i].text, NULL_LINK) == 0)
            make_link(tree, files[i].path, "/dev/null");
        else
            tree_write(tree, files[i].path, files[i].text);
}

#define WARNING(n) "thresholds = { closing = { warning = " #n "; }; };"
#define HOLD(n)    "thresholds = { closing = { hold = \"" #n "s\"; }; };"

static void test_which_files_count(void **state) {
    static const struct {
        const char *name;
        struct placed file[6];
        uint64_t warning, hold_sec; /* of `closing`, by default 500 and 60 */
    } rows[] = {
        {"nothing", {{0}}, 500, 60},
        {"etc", {{"etc/" MAIN, WARNING(1)}}, 1, 60},
        {"run", {{"run/" MAIN, WARNING(2)}}, 2, 60},
        {"usr/lib", {{"usr/lib/" MAIN, WARNING(3)}}, 3, 60},
        {"etc before run, and run not read",
         {{"etc/" MAIN, WARNING(1)}, {"run/" MAIN, WARNING(2) HOLD(2)}},
         1,
         60},
        {"run before usr/lib", {{"run/" MAIN, HOLD(2)}, {"usr/lib/" MAIN, WARNING(3)}}, 500, 2},
        {"empty etc masks", {{"etc/" MAIN, ""}, {"usr/lib/" MAIN, WARNING(3)}}, 500, 60},
        {"null link masks", {{"etc/" MAIN, NULL_LINK}, {"usr/lib/" MAIN, WARNING(3)}}, 500, 60},
        {"a drop-in alone", {{"usr/lib/" DROPIN "a.conf", WARNING(4)}}, 4, 60},
        {"drop-in over the main file",
         {{"etc/" MAIN, "thresholds = { closing = { warning = 1; hold = \"1s\"; }; };"},
          {"usr/lib/" DROPIN "a.conf", WARNING(4)}},
         4,
         1},
        {"drop-ins by base name, not by tree",
         {{"etc/" DROPIN "10.conf", WARNING(10)},
          {"run/" DROPIN "30.conf", WARNING(30)},
          {"usr/lib/" DROPIN "20.conf", WARNING(20)}},
         30,
         60},
        {"the earlier tree's drop-in of one name",
         {{"usr/lib/" DROPIN "a.conf", WARNING(3)},
          {"run/" DROPIN "a.conf", WARNING(2)},
          {"etc/" DROPIN "a.conf", HOLD(1)}},
         500,
         1},
        {"an empty drop-in masks",
         {{"usr/lib/" DROPIN "a.conf", WARNING(3)}, {"etc/" DROPIN "a.conf", ""}},
         500,
         60},
        {"a null link masks a drop-in",
         {{"usr/lib/" DROPIN "a.conf", WARNING(3)}, {"run/" DROPIN "a.conf", NULL_LINK}},
         500,
         60},
        {"hidden, and without the suffix",
         {{"etc/" DROPIN ".a.conf", "bad"},
          {"etc/" DROPIN "a.conf~", "bad"},
          {"etc/" DROPIN ".conf", "bad"},
          {"etc/" DROPIN "README", "bad"},
          {"etc/" DROPIN "aconf", "bad"}},
         500,
         60},
    };
    static struct config config;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct tree tree = {.root = ""};
        char error[CONFIG_ERROR_SIZE] = "";
        tree_make(&tree);
        place(&tree, rows[i].file);
        int result = config_load(&config, NULL, tree.root, error);
        tree_remove(&tree);
        if (result < 0)
            fail_msg("%s: %s", rows[i].name, error);
        check_row(rows[i].name, config.rule[CONDITION_CLOSING].warning.value, rows[i].warning);
        check_row(rows[i].name, config.rule[CONDITION_CLOSING].hold_usec, rows[i].hold_sec * USEC_PER_SEC);
    }
}

static void check_error(const struct tree *tree, const char *name, int result, int wanted_result,
                        const char *error, const char *wanted) {
    size_t root = strlen(tree->root);

    check_row(name, -result, -wanted_result);
    if (strncmp(error, tree->root, root) != 0 || strcmp(error + root, wanted) != 0)
        fail_msg("%s: \"%s\", wanted \"%s%s\"", name, error, tree->root, wanted);
}

/* The later setting is named with its own file, the other one with file and line as well. */
static void test_mistakes_over_several_files(void **state) {
    static const struct {
        const char *name;
        struct placed file[6];
        const char *error;
    } rows[] = {
        {"drop-in against main",
         {{"etc/" MAIN, "\n" WARNING(100)},
          {"run/" DROPIN "50-x.conf", "\n\nthresholds = { closing = { critical = 50; }; };"}},
         "/run/" DROPIN "50-x.conf:3: thresholds.closing.critical: 50 is below warning = 100 "
         "(synwaitd.conf:2), allowed: warning up to critical"},
        {"drop-in against drop-in",
         {{"etc/" DROPIN "2.conf", WARNING(100)},
          {"etc/" DROPIN "1.conf", "thresholds = { closing = { critical = 50; }; };"}},
         "/etc/" DROPIN "2.conf:1: thresholds.closing.warning: 100 is above critical = 50 (1.conf:1), "
         "allowed: warning up to critical"},
        {"a port's rule in two files",
         {{"etc/" MAIN,
           "ports = ( { port = 1; }, { port = 2; thresholds = { closing = { warning = 7; }; }; } );"},
          {"etc/" DROPIN "1.conf",
           "ports = ( { port = 2; thresholds = { closing = {\ncritical = 6; }; }; } );"}},
         "/etc/" DROPIN "1.conf:2: ports[0].thresholds.closing.critical: 6 is below warning = 7 "
         "(synwaitd.conf:1), allowed: warning up to critical"},
        {"the first bad file ends it",
         {{"etc/" DROPIN "1.conf", "\nx = 1;"}, {"etc/" DROPIN "2.conf", "y = 1;"}},
         "/etc/" DROPIN "1.conf:2: x: unknown key, allowed: sampling, thresholds, ports, alerts, output"},
    };
    static struct config config;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct tree tree = {.root = ""};
        char error[CONFIG_ERROR_SIZE] = "";
        tree_make(&tree);
        place(&tree, rows[i].file);
        int result = config_load(&config, NULL, tree.root, error);
        tree_remove(&tree);
        check_error(&tree, rows[i].name, result, -EINVAL, error, rows[i].error);
    }
}

static void test_ports_are_merged(void **state) {
    static const struct placed files[6] = {
        {"etc/" MAIN,
         "ports = ( { port = 443; thresholds = { closing = { warning = 7; hold = \"7s\"; }; }; },"
         "{ port = 80; thresholds = { last-ack = { warning = 8; }; }; } );"},
        {"etc/" DROPIN "1.conf", "ports = ( { port = 443; thresholds = { closing = { hold = \"9s\"; }; "
                                 "syn-recv = { floor = 3; }; }; } );"
                                 "thresholds = { closing = { clear = \"11s\"; }; };"},
    };
    static struct config config;
    struct tree tree = {.root = ""};
    char error[CONFIG_ERROR_SIZE] = "";

    (void)state;
    tree_make(&tree);
    place(&tree, files);
    int result = config_load(&config, NULL, tree.root, error);
    tree_remove(&tree);
    check_row(error, -result, 0);
    assert_int_equal(config.port_count, 2);
    assert_int_equal(config.port[0].port, 80);
    const struct threshold_rule *rule = config_rule(&config, CONDITION_CLOSING, 443);
    assert_int_equal(rule->warning.value, 7);
    assert_int_equal(rule->critical.value, 5000);
    assert_int_equal(rule->hold_usec, 9 * USEC_PER_SEC);
    assert_int_equal(rule->clear_usec, 11 * USEC_PER_SEC);
    assert_int_equal(config_rule(&config, CONDITION_SYN_RECV, 443)->floor, 3);
    assert_int_equal(config_rule(&config, CONDITION_LAST_ACK, 80)->warning.value, 8);
    assert_false(config_rule(&config, CONDITION_CLOSING, 80) != &config.rule[CONDITION_CLOSING]);
}

static void test_what_is_no_file(void **state) {
    const struct tree *tree = *state;
    static struct config config;
    static const struct {
        const char *path, *error;
        int result;
    } rows[] = {
        {"/missing", "/missing: cannot be read: No such file or directory", -ENOENT},
        {"/etc", "/etc: is a directory, allowed: a regular file", -EINVAL},
        {"/fifo", "/fifo: is a FIFO, allowed: a regular file", -EINVAL},
        {"/zero", "/zero: is a device, allowed: a regular file", -EINVAL},
        {"/dangling", "/dangling: cannot be read: No such file or directory", -ENOENT},
        {"/etc/file/x", "/etc/file/x: cannot be read: Not a directory", -ENOTDIR},
        {"/growing", "/growing: grows while it is read, allowed: a file that is finished", -EINVAL},
        {"/large", "/large: is too large, allowed: 1 MiB", -EINVAL},
    };
    char full[512];

    tree_write(tree, "etc/file", "");
    tree_path(tree, "fifo", full);
    assert_int_equal(mkfifo(full, 0600), 0);
    make_link(tree, "zero", "/dev/zero");
    make_link(tree, "dangling", "nowhere");
    make_link(tree, "growing", "/proc/version"); /* of no bytes when it is opened */
    tree_write(tree, "large", "");
    tree_path(tree, "large", full);
    assert_int_equal(truncate(full, CONFIG_FILE_MAX_BYTES + 1), 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char error[CONFIG_ERROR_SIZE] = "";
        tree_path(tree, rows[i].path + 1, full);
        int result = config_load(&config, full, "", error);
        check_error(tree, rows[i].path, result, rows[i].result, error, rows[i].error);
    }
    assert_int_equal(config_load(&config, "/dev/null", "", full), 0);
}

static void test_nul_bytes(void **state) {
    static const char text[] = "alerts = { };\n\0thresholds = 5;";
    static struct config config;
    char full[512], error[CONFIG_ERROR_SIZE] = "";

    tree_path(*state, "nul", full);
    FILE *stream = fopen(full, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, sizeof text, stream), sizeof text);
    fclose(stream);
    int result = config_load(&config, full, "", error);
    check_error(*state, "nul", result, -EINVAL, error, "/nul:2: NUL byte, allowed: text");
}

/* What is there but cannot be used is told, instead of running on with the defaults. */
static void test_broken_search_path(void **state) {
    static const struct {
        const char *name, *file, *link, *error;
        int result;
    } rows[] = {
        {"main file leads nowhere", NULL, "etc/" MAIN,
         "/etc/" MAIN ": cannot be read: No such file or directory", -ENOENT},
        {"drop-in leads nowhere", NULL, "run/" DROPIN "a.conf",
         "/run/" DROPIN "a.conf: cannot be read: No such file or directory", -ENOENT},
        {"directory is a file", "etc/synwaitd", NULL, "/etc/" MAIN ": cannot be read: Not a directory",
         -ENOTDIR},
        {"drop-in directory is a file", "run/synwaitd/synwaitd.conf.d", NULL,
         "/run/synwaitd/synwaitd.conf.d: cannot be read: Not a directory", -ENOTDIR},
        {"drop-in is a directory", "etc/" DROPIN "a.conf/x", NULL,
         "/etc/" DROPIN "a.conf: is a directory, allowed: a regular file", -EINVAL},
    };
    static struct config config;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct tree tree = {.root = ""};
        char error[CONFIG_ERROR_SIZE] = "";
        tree_make(&tree);
        if (rows[i].file)
            tree_write(&tree, rows[i].file, "");
        if (rows[i].link)
            make_link(&tree, rows[i].link, "nowhere");
        int result = config_load(&config, NULL, tree.root, error);
        tree_remove(&tree);
        check_error(&tree, rows[i].name, result, rows[i].result, error, rows[i].error);
    }
}

static void test_too_many_files(void **state) {
    static struct config config;
    struct tree tree = {.root = ""};
    char error[CONFIG_ERROR_SIZE] = "";

    (void)state;
    tree_make(&tree);
    for (int i = 0; i <= CONFIG_FILES_MAX; i++) {
        char path[64];
        snprintf(path, sizeof path, "etc/" DROPIN "%03d.conf", i);
        tree_write(&tree, path, "");
    }
    int result = config_load(&config, NULL, tree.root, error);
    tree_remove(&tree);
    check_row(error, -result, E2BIG);
    assert_non_null(strstr(error, ".conf: too many files, allowed: 256"));
}

/* The end of a long path is what tells files apart; the message stays within its size. */
static void test_long_paths(void **state) {
    char path[4096], error[CONFIG_ERROR_SIZE + 8];
    static struct config config;

    (void)state;
    memset(path, '/', sizeof path);
    memset(error, 'E', sizeof error);
    snprintf(path + 3000, sizeof path - 3000, "missing.conf");
    assert_int_equal(config_load(&config, path, "", error), -ENOENT);
    assert_true(strlen(error) < 256);
    assert_memory_equal(error, ".../", 4);
    assert_non_null(strstr(error, "/missing.conf: cannot be read: No such file or directory"));
    assert_memory_equal(error + CONFIG_ERROR_SIZE, "EEEEEEEE", 8);
    memset(path, 'r', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(config_load(&config, NULL, path, error), -ENAMETOOLONG);
    assert_non_null(strstr(error, ": path too long, allowed: 4095 bytes"));
}

static void test_fail_stays_in_its_buffer(void **state) {
    char error[CONFIG_ERROR_SIZE + 8], wrong[2 * CONFIG_ERROR_SIZE];

    (void)state;
    memset(error, 'E', sizeof error);
    memset(wrong, 'w', sizeof wrong - 1);
    wrong[sizeof wrong - 1] = '\0';
    assert_int_equal(config_fail(error, "a.conf", 3, "x.y", "%s", wrong), -EINVAL);
    assert_memory_equal(error, "a.conf:3: x.y: www", 18);
    assert_int_equal(strlen(error), CONFIG_ERROR_SIZE - 1);
    assert_memory_equal(error + CONFIG_ERROR_SIZE, "EEEEEEEE", 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_files_count),
        cmocka_unit_test(test_mistakes_over_several_files),
        cmocka_unit_test(test_ports_are_merged),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_broken_search_path),
        cmocka_unit_test(test_too_many_files),
        cmocka_unit_test(test_long_paths),
        cmocka_unit_test(test_fail_stays_in_its_buffer),
    };
    return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
