/* SPDX-License-Identifier: MIT */
/* The sysctl.d file of `synwaitctl advise`: each key once, the right value, a name that is read last. */
#include <stdlib.h>

#include "case.h"
#include "fragment.h"
#include "look.h"
#include "page.h"
#include "sample_alerts.h"
#include "tree.h"
#include "util.h"

static const struct advice_row somaxconn = {.knob = KNOB_SOMAXCONN, .effect = "effect of somaxconn"};
static const struct advice_row fin_timeout = {.knob = KNOB_TCP_FIN_TIMEOUT,
                                              .effect = "effect of fin_timeout"};
static const struct advice_row syncookies = {.knob = KNOB_TCP_SYNCOOKIES, .effect = "effect of syncookies"};
static const struct advice_row port_range = {
    .knob = KNOB_PORT_RANGE_LOW, .effect = "effect of the range", .side_effect = "side effect of the range"};

static struct finding finding_with(struct advice advice) {
    return (struct finding){
        .problem = PROBLEM_PORT_EXHAUSTION, .cause = CAUSE_PORTS_LIVE, .advice = {advice}, .advice_count = 1};
}

/* A key that two findings advise has the value that changes most, and both reasons. */
static void test_merged(void **state) {
    static const struct {
        const char *name;
        struct advice first, second;
        size_t keys;
        const char *current, *recommended; /* of the first key */
    } rows[] = {
        {"the larger", {&somaxconn, 128, 256, 0, 0}, {&somaxconn, 128, 4096, 0, 0}, 1, "128", "4096"},
        {"whichever comes first",
         {&somaxconn, 128, 4096, 0, 0},
         {&somaxconn, 128, 256, 0, 0},
         1,
         "128",
         "4096"},
        {"the same", {&somaxconn, 128, 256, 0, 0}, {&somaxconn, 128, 256, 0, 0}, 1, "128", "256"},
        {"the smaller, where less is better",
         {&fin_timeout, 300, 60, 0, 0},
         {&fin_timeout, 300, 30, 0, 0},
         1,
         "300",
         "30"},
        {"the wider range",
         {&port_range, 32769, 32769, 60999, 61000},
         {&port_range, 32769, 10000, 60999, 65535},
         1,
         "32769 60999",
         "10000 65535"},
        {"each bound for itself",
         {&port_range, 32768, 1024, 60999, 61000},
         {&port_range, 32768, 32768, 60999, 65535},
         1,
         "32768 60999",
         "1024 65535"},
        {"different keys", {&syncookies, 0, 1, 0, 0}, {&somaxconn, 128, 256, 0, 0}, 2, "0", "1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP_FRAGMENT struct fragment *fragment = fragment_new();
        struct sample sample = quiet_sample();
        struct finding first = finding_with(rows[i].first), second = finding_with(rows[i].second);
        fragment_add(fragment, &first);
        fragment_add(fragment, &second);
        assert_int_equal(fragment_set_values(fragment, &sample), 0);
        check_row(rows[i].name, fragment->key_count, rows[i].keys);
        check_row(rows[i].name, fragment->key[0].reason_count, rows[i].keys == 1 ? 2 : 1);
        if (strcmp(fragment->key[0].current, rows[i].current) != 0 ||
            strcmp(fragment->key[0].recommended, rows[i].recommended) != 0)
            fail_msg("%s: %s -> %s", rows[i].name, fragment->key[0].current, fragment->key[0].recommended);
    }
}

/* More reasons than there is room for: the first are kept. */
static void test_many_reasons(void **state) {
    CLEANUP_FRAGMENT struct fragment *fragment = fragment_new();
    struct finding finding = finding_with((struct advice){&somaxconn, 128, 256, 0, 0});

    (void)state;
    for (int i = 0; i < 2 * FRAGMENT_REASONS_MAX; i++)
        fragment_add(fragment, &finding);
    assert_int_equal(fragment->key_count, 1);
    assert_int_equal(fragment->key[0].reason_count, FRAGMENT_REASONS_MAX);
}

static void reserve(uint64_t map[65536 / 64], unsigned int first, unsigned int last) {
    for (unsigned int port = first; port <= last; port++)
        map[port / 64] |= UINT64_C(1) << (port % 64);
}

static void test_port_list(void **state) {
    static const struct {
        const char *name;
        unsigned int range[3][2];
        size_t ranges;
        const char *wanted;
    } rows[] = {
        {"none", {{0}}, 0, ""},
        {"one", {{8080, 8080}}, 1, "8080"},
        {"a range", {{9000, 9100}}, 1, "9000-9100"},
        {"two are a range", {{9000, 9001}}, 1, "9000-9001"},
        {"apart", {{22, 22}, {80, 81}, {443, 443}}, 3, "22,80-81,443"},
        {"next to each other", {{80, 90}, {91, 91}, {92, 93}}, 3, "80-93"},
        {"both ends", {{0, 0}, {65535, 65535}}, 2, "0,65535"},
        {"all", {{0, 65535}}, 1, "0-65535"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t map[65536 / 64] = {0};
        for (size_t k = 0; k < rows[i].ranges; k++)
            reserve(map, rows[i].range[k][0], rows[i].range[k][1]);
        CLEANUP_FREE char *list = port_list_format(map);
        if (strcmp(list, rows[i].wanted) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, list);
    }
}

/* A list of ports is added to: all of the services in the range, not only those that the alert names. */
static void test_reserved_ports(void **state) {
    uint64_t reserved[65536 / 64] = {0};
    struct listener listener[12];
    struct sample sample = quiet_sample();
    CLEANUP_FRAGMENT struct fragment *fragment = fragment_new();
    CLEANUP_FRAGMENT struct fragment *blind = fragment_new();

    (void)state;
    for (uint16_t i = 0; i < ARRAY_SIZE(listener); i++)
        listener[i] = listener_on((uint16_t)(40000 + 10 * i), 128);
    listener[0].local.port = 8080;  /* not in the range */
    listener[2].local.port = 40010; /* on two addresses */
    reserve(reserved, 9000, 9002);
    reserve(reserved, 40030, 40030);
    sample.listener = listener;
    sample.listener_count = ARRAY_SIZE(listener);
    sample.reserved_ports = reserved;
    struct alert alert = sample_audited(&sample);
    assert_int_equal(alert.finding.advice_count, 1);
    fragment_add(fragment, &alert.finding);
    assert_int_equal(fragment_set_values(fragment, &sample), 0);
    assert_string_equal(fragment->key[0].current, "9000-9002,40030");
    assert_string_equal(fragment->key[0].recommended,
                        "9000-9002,40010,40030,40040,40050,40060,40070,40080,40090,40100,40110");
    /* A list that cannot be read any more is not replaced. */
    sample.reserved_ports = NULL;
    fragment_add(blind, &alert.finding);
    assert_int_equal(fragment_set_values(blind, &sample), 0);
    assert_int_equal(blind->key_count, 0);
}

#define SETS_IT "net.ipv4.tcp_syncookies = 0\n"

static void test_name(void **state) {
    static const struct {
        const char *name;
        const char *path[3]; /* files that set it */
        const char *wanted;
        bool late, exists, last;
    } rows[] = {
        {"no file", {NULL}, "99-synwaitd.conf", false, false, false},
        {"an earlier one", {"etc/sysctl.d/50-tuning.conf"}, "99-synwaitd.conf", false, false, false},
        {"as late", {"usr/lib/sysctl.d/99-default.conf"}, "99-synwaitd.conf", false, false, false},
        {"sorted behind", {"etc/sysctl.d/99-sysctl.conf"}, "zz-synwaitd.conf", false, false, false},
        {"ours", {"etc/sysctl.d/99-synwaitd.conf"}, "99-synwaitd.conf", false, true, false},
        {"ours of another time", {"etc/sysctl.d/zz-synwaitd.conf"}, "zz-synwaitd.conf", false, true, false},
        {"behind all", {"run/sysctl.d/zzz.conf"}, "zz-synwaitd.conf", true, false, false},
        {"procps alone", {"etc/sysctl.conf"}, "99-synwaitd.conf", false, false, true},
        {"both", {"etc/sysctl.d/98-a.conf", "etc/sysctl.conf"}, "99-synwaitd.conf", false, false, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP_FRAGMENT struct fragment *fragment = fragment_new();
        struct finding finding = finding_with((struct advice){&syncookies, 0, 1, 0, 0});
        struct tree tree;
        tree_make(&tree);
        for (size_t k = 0; rows[i].path[k]; k++)
            tree_write(&tree, rows[i].path[k], SETS_IT);
        fragment_add(fragment, &finding);
        fragment_find_files(fragment, tree.root);
        tree_remove(&tree);
        if (strcmp(fragment->name, rows[i].wanted) != 0)
            fail_msg("%s: %s", rows[i].name, fragment->name);
        check_row(rows[i].name, fragment->late != NULL, rows[i].late);
        check_row(rows[i].name, fragment->exists, rows[i].exists);
        check_row(rows[i].name, fragment->key[0].last.path[0] != '\0', rows[i].last);
        check_row(rows[i].name, fragment->incomplete, false);
    }
}

static char printed[8192];

/* What is printed of these alerts, on the host with the files of @p tree, or in a namespace without one. */
static const char *print(const struct alert *alert, size_t count, bool all, const struct tree *tree) {
    CLEANUP_FRAGMENT struct fragment *fragment = fragment_new();
    struct sample sample = quiet_sample();
    struct look look = {
        .sample = &sample, .alert = (struct alert *)alert, .alert_count = count, .netns = "blue"};
    struct page page = {.stream = fmemopen(printed, sizeof printed, "w"), .width = 80, .color = true};

    sample.knob[KNOB_TCP_FIN_TIMEOUT].writable = false;
    for (size_t i = 0; i < count; i++)
        if (all || alert[i].finding.problem != PROBLEM_UNSAFE_SYSCTL)
            fragment_add(fragment, &alert[i].finding);
    assert_int_equal(fragment_set_values(fragment, &sample), 0);
    if (tree)
        fragment_find_files(fragment, tree->root);
    assert_int_equal(fragment_print(fragment, &look, all, &page), 0);
    fclose(page.stream);
    assert_null(strchr(printed, '\033'));
    return printed;
}

static void expect(const char *row, const char *text, const char *wanted) {
    if (!strstr(text, wanted))
        fail_msg("%s: \"%s\" is missing in:\n%s", row, wanted, text);
}

static void test_text_on_the_host(void **state) {
    struct alert alert = sample_ports();
    struct tree tree;

    (void)state;
    tree_make(&tree);
    tree_write(&tree, "etc/sysctl.d/zzz.conf", "\nnet.ipv4.tcp_tw_reuse = 0\n");
    tree_write(&tree, "etc/sysctl.conf", "\n\nnet.ipv4.ip_local_port_range = 32768 60999\n");
    tree_write(&tree, "etc/sysctl.d/zz-synwaitd.conf", "");
    const char *text = print(&alert, 1, false, &tree);
    tree_remove(&tree);
    expect("head", text, "\n#     /etc/sysctl.d/zz-synwaitd.conf\n# which is read after most files");
    expect("command", text, "\n#     sysctl -p /etc/sysctl.d/zz-synwaitd.conf\n");
    expect("exists", text, "\n# There is such a file already: keep what else it sets.\n");
    expect("late", text,
           "\n# But /etc/sysctl.d/zzz.conf is read even later and sets net.ipv4.tcp_tw_reuse\n"
           "# in line 2: change it there.\n");
    expect("last", text,
           "\n# 'sysctl --system' reads /etc/sysctl.conf after all others, and its line 3 sets\n"
           "# net.ipv4.ip_local_port_range: change it there, too.\n");
    expect("problem", text, "\n# critical: Ephemeral ports running out towards [2001:db8::1]:443");
    expect("origin", text,
           "\n#   now       2; /etc/sysctl.d/zzz.conf:2 says 0 at boot\nnet.ipv4.tcp_tw_reuse = 1\n");
    expect("range", text, "\nnet.ipv4.ip_local_port_range = 1024 65535\n");
}

static void test_text_in_a_namespace(void **state) {
    struct alert alert[] = {sample_ports(), sample_leak(), sample_unsafe(), sample_degraded()};

    (void)state;
    const char *text = print(alert, ARRAY_SIZE(alert), false, NULL);
    expect("head", text, "\n# This is the network namespace blue. The files of sysctl.d are the host's");
    expect("commands", text,
           "\n#     sysctl -w net.ipv4.tcp_tw_reuse=1\n"
           "#     sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"\n");
    expect("leak", text, "\n# no sysctl helps: CLOSE-WAIT leak on port 8080: 200 sockets");
    expect("remedies", text,
           "\n#     1) fix the application: close() when read() returns 0 and on every error\n"
           "#     path\n#     2) until then restart it in time: only that frees the sockets\n");
    expect("degraded", text, "\n# not everything can be seen: ");
    expect("unsafe", text, "\n# 2 unsafe settings: --all\n");
    assert_null(strstr(text, "tcp_syncookies"));
    assert_null(strstr(text, "/etc/sysctl.d"));
    text = print(alert, ARRAY_SIZE(alert), true, NULL);
    expect("unsafe", text,
           "\n#   unsafe    a full SYN queue then drops real clients\n"
           "#   scope     this network namespace\n#   now       0\nnet.ipv4.tcp_syncookies = 1\n");
    expect("not writable", text,
           "\n#             cannot be written in this namespace, only on the host\n"
           "#   now       5\n# net.ipv4.tcp_fin_timeout = 60\n");
    assert_null(strstr(text, "--all"));
    assert_null(strstr(text, "sysctl -w net.ipv4.tcp_fin_timeout"));
}

static void test_nothing(void **state) {
    struct alert leak = sample_leak(), unsafe = sample_unsafe();

    (void)state;
    assert_string_equal(print(NULL, 0, false, NULL), "# nothing to advise: no threshold is exceeded\n");
    assert_string_equal(print(NULL, 0, true, NULL),
                        "# nothing to advise: no threshold is exceeded and no setting is unsafe\n");
    assert_string_equal(print(&unsafe, 1, false, NULL),
                        "# nothing to advise: no threshold is exceeded\n# 2 unsafe settings: --all\n");
    expect(
        "leak", print(&leak, 1, false, NULL),
        "# nothing to advise: no sysctl helps against what is wrong now\n# no sysctl helps: CLOSE-WAIT leak");
}

/* A file's name comes from outside. */
static void test_hostile_name(void **state) {
    struct alert alert = sample_ports();
    struct tree tree;

    (void)state;
    tree_make(&tree);
    tree_write(&tree, "etc/sysctl.d/50-\033[31m\nx.conf", "net.ipv4.tcp_tw_reuse = 2\n");
    expect("clean", print(&alert, 1, false, &tree),
           "#   now       2, set by /etc/sysctl.d/50-?[31m?x.conf:1\n");
    tree_remove(&tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merged),
        cmocka_unit_test(test_many_reasons),
        cmocka_unit_test(test_port_list),
        cmocka_unit_test(test_reserved_ports),
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_text_on_the_host),
        cmocka_unit_test(test_text_in_a_namespace),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_hostile_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
