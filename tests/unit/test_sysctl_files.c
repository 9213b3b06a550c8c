/* SPDX-License-Identifier: MIT */
#include <sys/wait.h>

#include "audit.h"
#include "sysctl_files.h"
#include "tree.h"
#include "util.h"

#define KEY     "net.ipv4.tcp_tw_reuse"
#define A       "/etc/sysctl.d/10-a.conf"
#define B       "/etc/sysctl.d/20-b.conf"
#define ETC_C   "/etc/sysctl.d/30-c.conf"
#define RUN_A   "/run/sysctl.d/10-a.conf"
#define LOCAL_A "/usr/local/lib/sysctl.d/10-a.conf"
#define USR_A   "/usr/lib/sysctl.d/10-a.conf"
#define USR_C   "/usr/lib/sysctl.d/30-c.conf"
#define LIB_A   "/lib/sysctl.d/10-a.conf"

static struct tree tree;

static int setup(void **state) {
    (void)state;
    tree_make(&tree);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    tree_remove(&tree);
    return 0;
}

static void write_at(const char *path, const char *text) {
    tree_write(&tree, path + 1, text);
}

static void expect(const char *row, const char *path, unsigned int line, const char *value) {
    struct sysctl_origin origin;
    int result = sysctl_files_find(tree.root, KEY, &origin);

    check_row(row, result, path != NULL);
    if (strcmp(origin.path, path ? path : "") != 0 || strcmp(origin.value, value) != 0)
        fail_msg("%s: \"%s\" from \"%s\"", row, origin.value, origin.path);
    check_row(row, origin.line, line);
    check_row(row, origin.incomplete, false);
}

static void test_lines(void **state) {
    static const struct {
        const char *name, *text;
        unsigned int line; /* 0: nobody sets it */
        const char *value;
    } row[] = {
        {"plain", "net.ipv4.tcp_tw_reuse = 1\n", 1, "1"},
        {"no blanks, no newline", "net.ipv4.tcp_tw_reuse=1", 1, "1"},
        {"slashes", "net/ipv4/tcp_tw_reuse = 1\n", 1, "1"},
        {"absolute", "/net/ipv4/tcp_tw_reuse = 1\n", 1, "1"},
        {"mixed separators are another key", "net.ipv4/tcp_tw_reuse = 1\n", 0, ""},
        {"indented, with a carriage return", "\t net.ipv4.tcp_tw_reuse\t=  1 \r\n", 1, "1"},
        {"comments and blank lines", "# a\n\n  ; b\nnet.ipv4.tcp_tw_reuse = 1\n", 4, "1"},
        {"commented out", "#net.ipv4.tcp_tw_reuse = 1\n", 0, ""},
        {"errors ignored", "-net.ipv4.tcp_tw_reuse = 1\n", 1, "1"},
        {"another key", "net.ipv4.tcp_tw_reuse_delay = 1\nnet.ipv4.tcp_tw = 2\n", 0, ""},
        {"not an assignment", "net.ipv4.tcp_tw_reuse 1\n", 0, ""},
        {"the last line wins", "net.ipv4.tcp_tw_reuse = 1\nnet/ipv4/tcp_tw_reuse = 2\n", 2, "2"},
        {"two numbers", "net.ipv4.tcp_tw_reuse =  1024 \t 65535\n", 1, "1024 65535"},
        {"equals sign in the value", "net.ipv4.tcp_tw_reuse = a=b\n", 1, "a=b"},
        {"nothing follows what is cut within a character",
         "net.ipv4.tcp_tw_reuse = 12345678901234567890123456789012345678901234567890123456789012\xC3\xA4 1\n",
         1, "12345678901234567890123456789012345678901234567890123456789012"},
        {"empty value", "net.ipv4.tcp_tw_reuse =\n", 1, ""},
        {"glob", "net.ipv4.tcp_* = 1\n", 1, "1"},
        {"glob of one part", "net/*/tcp_tw_reus[a-f] = 1\n", 1, "1"},
        {"a star ends at a slash", "net.* = 1\n", 0, ""},
        {"the whole key outranks a later glob", "net.ipv4.tcp_tw_reuse = 1\nnet.ipv4.* = 2\n", 1, "1"},
        {"the later glob", "net.ipv4.* = 2\nnet.*.tcp_tw_reuse = 1\n", 2, "1"},
        {"excluded from globs", "net.ipv4.* = 2\n-net.ipv4.tcp_tw_reuse\n", 0, ""},
        {"excluded after all", "net.ipv4.tcp_tw_reuse = 1\n-net.ipv4.tcp_tw_reuse\n", 0, ""},
        {"set after all", "-net.ipv4.tcp_tw_reuse\nnet.ipv4.tcp_tw_reuse = 1\n", 2, "1"},
        {"another key excluded", "net.ipv4.* = 2\n-net.ipv4.tcp_rfc1337\n", 1, "2"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        write_at(A, row[i].text);
        expect(row[i].name, row[i].line > 0 ? A : NULL, row[i].line, row[i].value);
    }
}

#define FILES_PER_ROW 4

static void test_directories(void **state) {
    static const struct {
        const char *name;
        struct {
            const char *path, *text;
        } file[FILES_PER_ROW];
        const char *path, *value;
    } row[] = {
        {"none", {{0}}, NULL, ""},
        {"/etc masks /run", {{A, KEY "=1"}, {RUN_A, KEY "=2"}}, A, "1"},
        {"/run masks /usr/local", {{LOCAL_A, KEY "=1"}, {RUN_A, KEY "=2"}}, RUN_A, "2"},
        {"/usr/local masks /usr", {{USR_A, KEY "=1"}, {LOCAL_A, KEY "=2"}}, LOCAL_A, "2"},
        {"/usr masks /lib", {{USR_A, KEY "=1"}, {LIB_A, KEY "=2"}}, USR_A, "1"},
        {"/lib", {{LIB_A, KEY "=2"}}, LIB_A, "2"},
        {"an empty file masks", {{A, ""}, {USR_A, KEY "=1"}}, NULL, ""},
        {"by name, not by directory", {{A, KEY "=1"}, {USR_C, KEY "=2"}}, USR_C, "2"},
        {"by name, though a later directory", {{ETC_C, KEY "=1"}, {USR_A, KEY "=2"}}, ETC_C, "1"},
        {"the last name", {{B, KEY "=1"}, {A, KEY "=2"}}, B, "1"},
        {"the whole key in an earlier file", {{A, KEY "=1"}, {B, "net.ipv4.* = 2"}}, A, "1"},
        {"excluded elsewhere", {{A, "net.ipv4.* = 2"}, {USR_C, "-" KEY}}, NULL, ""},
        {
            "no *.conf",
            {{"/etc/sysctl.d/a.conf.bak", KEY "=1"},
             {"/etc/sysctl.d/.conf", KEY "=1"},
             {"/etc/sysctl.d/.x.conf", KEY "=1"}},
            NULL,
            "",
        },
        {"sysctl.conf is not read by itself", {{"/etc/sysctl.conf", KEY "=1"}}, NULL, ""},
        {"a directory of that name", {{"/etc/sysctl.d/a.conf/b.conf", KEY "=1"}}, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        for (size_t k = 0; k < FILES_PER_ROW && row[i].file[k].path; k++)
            write_at(row[i].file[k].path, row[i].file[k].text);
        expect(row[i].name, row[i].path, row[i].path != NULL, row[i].value);
        tree_remove(&tree);
        if (mkdir(tree.root, 0755) < 0)
            fail_msg("%s", tree.root);
    }
}

static void make_link(const char *target, const char *path) {
    char full[512];

    tree_path(&tree, path + 1, full);
    if (symlink(target, full) < 0)
        fail_msg("%s", full);
}

static void test_links(void **state) {
    (void)state;
    write_at(USR_A, KEY " = 1\n");
    tree_write(&tree, "etc/sysctl.conf", "\n" KEY " = 2\n");
    tree_write(&tree, "etc/sysctl.d/x", "");
    expect("not linked", USR_A, 1, "1");
    make_link("/dev/null", A);
    expect("masked by /dev/null", NULL, 0, "");
    make_link("../sysctl.conf", "/etc/sysctl.d/99-sysctl.conf");
    expect("as on Debian", "/etc/sysctl.d/99-sysctl.conf", 2, "2");
    make_link("nothing", "/etc/sysctl.d/99-z.conf");
    expect("a dangling link", "/etc/sysctl.d/99-sysctl.conf", 2, "2");
}

/* A pipe must not block the daemon, and what is no file is not missed. */
static void test_odd_files(void **state) {
    char full[512];

    (void)state;
    write_at(B, KEY " = 1\n");
    tree_path(&tree, &A[1], full);
    assert_int_equal(mkfifo(full, 0600), 0);
    expect("beside a pipe", B, 1, "1");
    make_link(".", "/etc/sysctl.d/30-c.conf");
    expect("beside a link to a directory", B, 1, "1");
}

static void expect_incomplete(const char *row, int result) {
    struct sysctl_origin origin;

    check_row(row, sysctl_files_find(tree.root, KEY, &origin), result);
    check_row(row, origin.incomplete, true);
}

static void test_too_large(void **state) {
    char *text = malloc(1024 * 1024 + 2);

    (void)state;
    assert_non_null(text);
    memset(text, '\n', 1024 * 1024 + 1);
    text[1024 * 1024 + 1] = '\0';
    write_at(A, text);
    write_at(B, KEY " = 1\n");
    expect_incomplete("over 1 MiB", 1);
    text[1024 * 1024] = '\0';
    write_at(A, text);
    expect("just 1 MiB", B, 1, "1");
    free(text);
}

/* The first two are as much as is read for one key. */
static void test_too_large_together(void **state) {
    char *text = malloc(1024 * 1024 + 1);

    (void)state;
    assert_non_null(text);
    memset(text, '\n', 1024 * 1024);
    text[1024 * 1024] = '\0';
    write_at(A, text);
    write_at(B, text);
    expect("2 MiB", NULL, 0, "");
    write_at(ETC_C, KEY " = 1\n");
    expect_incomplete("and a little more", 0);
    free(text);
}

static void test_binary(void **state) {
    static const char text[] = KEY " = 1\n\0\n" KEY " = 2\n";
    char full[512];

    (void)state;
    write_at(A, "");
    tree_path(&tree, &A[1], full);
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, sizeof text - 1, file), sizeof text - 1);
    fclose(file);
    write_at(B, KEY " = 3\n");
    expect_incomplete("beside another", 1);
    tree_write(&tree, &B[1], NULL);
    expect_incomplete("alone", 0);
}

static void test_too_many(void **state) {
    (void)state;
    for (unsigned int i = 0; i < 257; i++) {
        char path[64];
        snprintf(path, sizeof path, "etc/sysctl.d/%03u.conf", i);
        tree_write(&tree, path, "");
        if (i == 255)
            expect("256 files", NULL, 0, "");
    }
    expect_incomplete("257 files", 0);
}

/* As the service's user, who may not read everything. */
static void test_unreadable(void **state) {
    int status;

    (void)state;
    write_at(A, KEY " = 1\n");
    write_at(B, KEY " = 2\n");
    tree_mode(&tree, &B[1], 0);
    tree_mode(&tree, "", 0755);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sysctl_origin origin;
        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(2);
        int result = sysctl_files_find(tree.root, KEY, &origin);
        _exit(result == 1 && origin.incomplete && strcmp(origin.path, A) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_provenance(void **state) {
    struct finding finding = {.advice_count = 2};
    static const struct advice_row reuse = {.knob = KNOB_TCP_TW_REUSE}, range = {.knob = KNOB_PORT_RANGE_LOW};
    struct provenance provenance;

    (void)state;
    finding.advice[0].row = &reuse;
    finding.advice[1].row = &range;
    write_at(A, "net.ipv4.ip_local_port_range = 1024 65000\n");
    provenance_find(tree.root, &finding, &provenance);
    assert_string_equal(provenance.origin[0].path, "");
    assert_string_equal(provenance.origin[1].path, A);
    assert_string_equal(provenance.origin[1].value, "1024 65000");
    assert_false(provenance.incomplete);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TREE(test_lines),      WITH_TREE(test_directories),        WITH_TREE(test_links),
        WITH_TREE(test_odd_files),  WITH_TREE(test_too_large),          WITH_TREE(test_too_many),
        WITH_TREE(test_unreadable), WITH_TREE(test_too_large_together), WITH_TREE(test_binary),
        WITH_TREE(test_provenance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
