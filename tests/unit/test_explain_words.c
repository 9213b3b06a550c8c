/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "advice.h"
#include "audit.h"
#include "case.h"
#include "explain_case.h"
#include "problem.h"
#include "tree.h"
#include "util.h"

static struct sysctl_context context_of(struct kernel_version kernel) {
    return (struct sysctl_context){.kernel = kernel, .sys_fd = -1, .ports = ""};
}

static json_t *told(const char *word, const struct sysctl_context *context) {
    const struct sysctl_word *row = sysctl_find(word);

    if (!row)
        fail_msg("%s is not explained", word);
    json_t *json = sysctl_to_json(row, context);
    assert_non_null(json);
    return json;
}

static const struct kernel_version kernels[] = {{3, 10}, {4, 4}, {4, 9}, {4, 12}, {4, 19},
                                                {5, 4},  {6, 1}, {6, 5}, {6, 14}, {6, 18}};

static void test_every_sysctl(void **state) {
    CLEANUP_FD int sys_fd = open("/proc/sys", O_PATH | O_DIRECTORY);
    size_t count;
    const struct sysctl_word *table = sysctl_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(kernels); k++) {
            struct sysctl_context context = context_of(kernels[k]);
            context.sys_fd = sys_fd;
            context.hazards = UINT32_MAX;
            context.ports = "8080, 9000";
            json_t *json = sysctl_to_json(&table[i], &context);
            assert_non_null(json);
            assert_string_equal(field(json, "word"), table[i].key);
            assert_non_null(field(json, "does"));
            assert_non_null(field(json, "scope"));
            check_page(table[i].key, sysctl_print, json);
            json_decref(json);
        }
    }
}

static void test_every_knob_is_explained(void **state) {
    (void)state;
    for (int i = 0; i < KNOB_COUNT; i++)
        if (!sysctl_find(knob_name((enum knob)i)))
            fail_msg("%s is not explained", knob_name((enum knob)i));
}

static void test_find_sysctl(void **state) {
    static const struct {
        const char *name, *word, *wanted;
    } row[] = {
        {"full key", "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_tw_reuse"},
        {"slashes", "net/core/somaxconn", "net.core.somaxconn"},
        {"path", "/proc/sys/net/core/somaxconn", "net.core.somaxconn"},
        {"last part", "somaxconn", "net.core.somaxconn"},
        {"other case", "TCP_TW_REUSE", "net.ipv4.tcp_tw_reuse"},
        {"dash", "file-max", "fs.file-max"},
        {"longest", "nf_conntrack_tcp_timeout_established",
         "net.netfilter.nf_conntrack_tcp_timeout_established"},
        {"unknown", "net.ipv4.ip_forward", NULL},
        {"beginning alone", "tcp_tw", NULL},
        {"more", "net.ipv4.tcp_tw_reuse.x", NULL},
        {"other directory", "net.core.tcp_tw_reuse", NULL},
        {"empty", "", NULL},
        {"dot", ".", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        const struct sysctl_word *found = sysctl_find(row[i].word);
        if (!found != !row[i].wanted || (found && strcmp(found->key, row[i].wanted) != 0))
            fail_msg("%s: %s", row[i].name, found ? found->key : "not found");
    }
}

static void test_too_long_a_word(void **state) {
    char word[4096];

    (void)state;
    memset(word, '/', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_null(sysctl_find(word));
    assert_null(errno_find(word));
}

static void test_texts_by_kernel(void **state) {
    static const struct {
        const char *word;
        struct kernel_version kernel;
        const char *key, *has;
    } row[] = {
        {"somaxconn", {4, 3}, "does", "with tcp_max_syn_backlog, the SYN queue"},
        {"somaxconn", {4, 4}, "does", "both the accept queue and the SYN queue"},
        {"somaxconn", {5, 3}, "default", "128"},
        {"somaxconn", {5, 4}, "default", "4096"},
        {"tcp_max_syn_backlog", {4, 3}, "does", "rounded up to a power of two"},
        {"tcp_max_syn_backlog", {4, 4}, "does", "Without effect while tcp_syncookies is 1 or 2"},
        {"tcp_max_syn_backlog", {4, 4}, "does", "less than a quarter"},
        {"tcp_max_syn_backlog", {4, 10}, "scope", "the whole host (from Linux 4.11"},
        {"tcp_max_syn_backlog", {4, 11}, "scope", "this network namespace (the whole host before Linux 4.11"},
        {"tcp_syncookies", {3, 11}, "does", "Any other value"},
        {"tcp_syncookies", {3, 12}, "does", "2: a cookie for every SYN"},
        {"tcp_tw_recycle", {4, 11}, "does", "Clients behind one NAT"},
        {"tcp_tw_recycle", {4, 12}, "does", "it was removed in Linux 4.12"},
        {"tcp_tw_recycle", {4, 12}, "no_value", "it was removed in Linux 4.12"},
        {"tcp_tw_reuse", {4, 17}, "does", "1: where connect() chooses"},
        {"tcp_tw_reuse", {4, 17}, "default", "0"},
        {"tcp_tw_reuse", {4, 18}, "does", "2: between loopback"},
        {"tcp_tw_reuse", {4, 18}, "default", "2"},
        {"tcp_tw_reuse", {4, 9}, "scope", "the whole host (from Linux 4.10"},
        {"tcp_tw_reuse", {4, 10}, "scope", "this network namespace (the whole host before Linux 4.10"},
        {"tcp_tw_reuse", {6, 13}, "does", "older than a second"},
        {"tcp_tw_reuse", {6, 14}, "does", "older than tcp_tw_reuse_delay"},
        {"tcp_tw_reuse_delay", {6, 13}, "does", "Nothing"},
        {"tcp_tw_reuse_delay", {6, 14}, "default", "1000"},
        {"tcp_syn_retries", {6, 4}, "default", "127 s"},
        {"tcp_syn_retries", {6, 5}, "default", "131 s"},
        {"tcp_timestamps", {4, 9}, "does", "0: off. 1: a connection carries timestamps"},
        {"tcp_timestamps", {4, 10}, "does", "2: without the offset"},
        {"ip_local_port_range", {4, 1}, "default", "61000"},
        {"ip_local_port_range", {4, 2}, "default", "32768 60999"},
        {"ip_local_port_range", {4, 2}, "does", "odd or even"},
        {"tcp_rmem", {4, 19}, "default", "87380"},
        {"tcp_rmem", {4, 20}, "default", "131072"},
        {"tcp_max_orphans", {6, 18}, "scope", "only the initial network namespace"},
        {"tcp_ehash_entries", {6, 0}, "does", "Nothing"},
        {"tcp_ehash_entries", {6, 1}, "does", "buckets"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct sysctl_context context = context_of(row[i].kernel);
        CLEANUP_FD int empty = open("/proc/sys/fs", O_PATH | O_DIRECTORY); /* has none of the files */
        context.sys_fd = empty;
        json_t *json = told(row[i].word, &context);
        const char *text = field(json, row[i].key);
        if (!text || !strstr(text, row[i].has))
            fail_msg("%s on %u.%u: %s: %s", row[i].word, row[i].kernel.major, row[i].kernel.minor, row[i].key,
                     text ? text : "none");
        json_decref(json);
    }
}

static bool has_text(const json_t *list, const char *key, const char *wanted) {
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item) {
        if (strcmp(field(item, key), wanted) == 0)
            return true;
    }
    return false;
}

static void test_every_advice_row_shows(void **state) {
    struct sysctl_context context = context_of((struct kernel_version){6, 18});
    size_t count;
    const struct advice_row *advice = advice_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        json_t *json = told(knob_name(advice[i].knob), &context);
        const json_t *list = json_object_get(json, "advised"), *item;
        size_t k, causes = 0;
        while (advice[i].causes[causes] != CAUSE_NONE)
            causes++;
        assert_true(has_text(list, "effect", advice[i].effect));
        json_array_foreach(list, k, item) {
            if (strcmp(field(item, "effect"), advice[i].effect) == 0)
                check_row(advice[i].effect, json_array_size(json_object_get(item, "against")), causes);
        }
        json_decref(json);
    }
}

static void test_kernels_of_advice(void **state) {
    struct sysctl_context context = context_of((struct kernel_version){6, 18});
    json_t *json = told("tcp_max_syn_backlog", &context);
    CLEANUP_FREE char *text = printed(sysctl_print, json, 80);

    (void)state;
    assert_true(
        has_text(json_object_get(json, "advised"), "side_effect", "more kernel memory while they wait"));
    assert_non_null(strstr(text, "kernels   Linux up to 4.3\n"));
    json_decref(json);
}

static void test_every_hazard_shows(void **state) {
    (void)state;
    for (unsigned int i = 0; i < HAZARD_COUNT; i++) {
        struct hazard_info info = audit_hazard((enum hazard)i);
        struct sysctl_context context = context_of((struct kernel_version){6, 18});
        context.ports = "8080, 9000";
        json_t *safe = told(knob_name(info.row->knob), &context);
        context.hazards = 1U << i;
        json_t *unsafe = told(knob_name(info.row->knob), &context);
        CLEANUP_FREE char *before = printed(sysctl_print, safe, 80);
        CLEANUP_FREE char *after = printed(sysctl_print, unsafe, 200);
        assert_true(has_text(json_object_get(safe, "unsafe"), "why", info.row->effect));
        assert_null(strstr(before, "is unsafe"));
        assert_non_null(strstr(after, "is unsafe"));
        bool ports = i == HAZARD_LISTENERS_IN_PORT_RANGE;
        check_row(info.row->effect, strstr(after, "(here 8080, 9000)") != NULL, ports);
        json_decref(safe);
        json_decref(unsafe);
    }
}

static void test_wrong_remedies(void **state) {
    static const struct {
        const char *name, *word, *problem, *remedy;
        bool wanted;
    } row[] = {
        {"full key", "tcp_syncookies", "syn-flood", "net.ipv4.tcp_syncookies=0", true},
        {"second of two", "tcp_fin_timeout", "syn-flood", "net.ipv4.tcp_tw_reuse or tcp_fin_timeout", true},
        {"asterisk", "tcp_keepalive_probes", "close-wait-leak", "net.ipv4.tcp_keepalive_*", true},
        {"beginning of it", "tcp_keepalive_time", "established-pileup", "net.ipv4.tcp_keepalive_time alone",
         true},
        {"not a longer name", "tcp_tw_reuse_delay", "time-wait-pileup",
         "net.ipv4.tcp_tw_reuse for incoming connections", false},
        {"not another of its family", "tcp_keepalive_intvl", "established-pileup",
         "net.ipv4.tcp_keepalive_time alone", false},
    };
    struct sysctl_context context = context_of((struct kernel_version){6, 18});

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        json_t *json = told(row[i].word, &context);
        const json_t *list = json_object_get(json, "wrong_remedies"), *item;
        size_t k;
        bool found = false;
        json_array_foreach(list, k, item) found =
            found || (strcmp(field(item, "problem"), row[i].problem) == 0 &&
                      strcmp(field(item, "remedy"), row[i].remedy) == 0);
        check_row(row[i].name, found, row[i].wanted);
        json_decref(json);
    }
}

/* A sysctl that is advised against under its full name is one that can be asked for. */
static void test_every_wrong_sysctl_is_explained(void **state) {
    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct wrong_remedy *wrong = problem_info((enum problem)i)->wrong;
        for (size_t k = 0; k < WRONG_REMEDIES_MAX && wrong[k].remedy; k++) {
            const char *key = strstr(wrong[k].remedy, "net.");
            char word[128];
            if (!key)
                continue;
            snprintf(word, sizeof word, "%.*s", (int)strcspn(key, " =*"), key);
            if (key[strcspn(key, " =*")] != '*' && !sysctl_find(word))
                fail_msg("%s is not explained", word);
        }
    }
}

static void test_value(void **state) {
    static const struct {
        const char *name, *content, *value, *page;
    } row[] = {
        {"one", "4096\n", "4096", "now       4096\n"},
        {"three", "4096\t131072\t33554432\n", "4096 131072 33554432", "now       4096 131072 33554432\n"},
        {"none", "\n", "", "now       empty\n"},
        {"list", "8080,9000-9100\n", "8080,9000-9100", "now       8080, 9000-9100\n"},
        {"escape", "1\033[31m\n", "1?[31m", "now       1?[31m\n"},
    };
    struct sysctl_context context = context_of((struct kernel_version){6, 18});

    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        tree_write(*state, "net/core/somaxconn", row[i].content);
        CLEANUP_FD int sys_fd = open(((struct tree *)*state)->root, O_PATH | O_DIRECTORY);
        context.sys_fd = sys_fd;
        json_t *json = told("somaxconn", &context);
        CLEANUP_FREE char *text = printed(sysctl_print, json, 80);
        if (strcmp(field(json, "value"), row[i].value) != 0 || !strstr(text, row[i].page))
            fail_msg("%s: \"%s\", printed: %s", row[i].name, field(json, "value"), text);
        json_decref(json);
    }
}

static void test_no_value(void **state) {
    CLEANUP_FD int sys_fd = open(((struct tree *)*state)->root, O_PATH | O_DIRECTORY);
    struct sysctl_context context = context_of((struct kernel_version){6, 18});

    context.sys_fd = sys_fd;
    json_t *json = told("tcp_max_orphans", &context);
    assert_true(json_is_null(json_object_get(json, "value")));
    assert_string_equal(field(json, "no_value"), "not on this kernel or in this namespace");
    json_decref(json);
    context.sys_fd = -1;
    json = told("tcp_max_orphans", &context);
    assert_string_equal(field(json, "no_value"), "cannot be read: Bad file descriptor");
    json_decref(json);
}

static void test_read_only(void **state) {
    static const struct {
        const char *name;
        mode_t mode;
        bool told;
    } row[] = {{"writable", 0644, false}, {"read-only", 0444, true}};
    CLEANUP_FD int sys_fd = open(((struct tree *)*state)->root, O_PATH | O_DIRECTORY);
    struct sysctl_context context = context_of((struct kernel_version){6, 18});

    tree_write(*state, "net/netfilter/nf_conntrack_max", "262144\n");
    context.sys_fd = sys_fd;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        tree_mode(*state, "net/netfilter/nf_conntrack_max", row[i].mode);
        json_t *json = told("nf_conntrack_max", &context);
        CLEANUP_FREE char *text = printed(sysctl_print, json, 80);
        check_row(row[i].name, strstr(text, "It cannot be written here.") != NULL, row[i].told);
        check_row(row[i].name, json_is_false(json_object_get(json, "writable")), row[i].told);
        json_decref(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_sysctl),
        cmocka_unit_test(test_every_knob_is_explained),
        cmocka_unit_test(test_find_sysctl),
        cmocka_unit_test(test_too_long_a_word),
        cmocka_unit_test(test_texts_by_kernel),
        cmocka_unit_test(test_every_advice_row_shows),
        cmocka_unit_test(test_kernels_of_advice),
        cmocka_unit_test(test_every_hazard_shows),
        cmocka_unit_test(test_wrong_remedies),
        cmocka_unit_test(test_every_wrong_sysctl_is_explained),
        cmocka_unit_test_setup_teardown(test_value, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_no_value, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_read_only, tree_setup, tree_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
