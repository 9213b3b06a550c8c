/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include "knobs.h"
#include "util.h"

static struct tree tree;
static struct knob_value knob[KNOB_COUNT];
static struct reserved_ports reserved;
static char reason[SOURCE_REASON_SIZE];

static const struct {
    const char *path, *text;
} defaults[] = {
    {"net/core/somaxconn", "4096\n"},           {"net/ipv4/tcp_syncookies", "1\n"},
    {"net/ipv4/tcp_fin_timeout", "60\n"},       {"net/ipv4/ip_local_port_range", "32768\t60999\n"},
    {"net/ipv4/ip_local_reserved_ports", "\n"}, {"net/ipv4/tcp_mem", "287898\t383867\t575796\n"},
};

static int make_tree(void **state) {
    (void)state;
    tree_make(&tree);
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        tree_write(&tree, defaults[i].path, defaults[i].text);
    return 0;
}

static int remove_tree(void **state) {
    (void)state;
    tree_remove(&tree);
    return 0;
}

static struct knob_files files;

static int read_all(void) {
    CLEANUP_FD int fd = open(tree.root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (size_t i = 0; i < KNOB_COUNT; i++)
        knob[i] = (struct knob_value){FIGURE_OF(4711), true};
    reserved.known = true;
    knob_files_init(&files);
    int result = knobs_read(&files, fd, knob, &reserved, reason);
    knob_files_close(&files);
    return result;
}

static void check_knob(const char *name, enum knob index, enum figure_status status, uint64_t value) {
    check_row(name, knob[index].value.status, status);
    if (status == FIGURE_KNOWN)
        check_row(name, knob[index].value.value, value);
}

static void test_good(void **state) {
    static const struct {
        enum knob knob;
        uint64_t value;
    } rows[] = {
        {KNOB_SOMAXCONN, 4096},       {KNOB_TCP_SYNCOOKIES, 1},        {KNOB_TCP_FIN_TIMEOUT, 60},
        {KNOB_PORT_RANGE_LOW, 32768}, {KNOB_PORT_RANGE_HIGH, 60999},   {KNOB_PORTS_RESERVED, 0},
        {KNOB_TCP_MEM_LOW, 287898},   {KNOB_TCP_MEM_PRESSURE, 383867}, {KNOB_TCP_MEM_MAX, 575796},
    };

    (void)state;
    assert_int_equal(read_all(), 0);
    assert_string_equal(reason, "");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_knob(knob_name(rows[i].knob), rows[i].knob, FIGURE_KNOWN, rows[i].value);
    check_knob("no such file", KNOB_TCP_TW_RECYCLE, FIGURE_ABSENT, 0);
    check_knob("no such directory", KNOB_CONNTRACK_MAX, FIGURE_ABSENT, 0);
    assert_false(knob[KNOB_TCP_TW_RECYCLE].writable);
}

static void test_bad(void **state) {
    static const struct {
        const char *name, *path, *text;
        enum knob knob;
        const char *reason;
    } rows[] = {
        {"letters", "net/ipv4/tcp_fin_timeout", "abc\n", KNOB_TCP_FIN_TIMEOUT,
         "net.ipv4.tcp_fin_timeout: \"abc\" is not a number"},
        {"negative", "net/ipv4/tcp_fin_timeout", "-1\n", KNOB_TCP_FIN_TIMEOUT,
         "net.ipv4.tcp_fin_timeout: \"-1\" is not a number"},
        {"hexadecimal", "net/ipv4/tcp_fin_timeout", "0x3c\n", KNOB_TCP_FIN_TIMEOUT,
         "net.ipv4.tcp_fin_timeout: \"0x3c\" is not a number"},
        {"beyond 64 bits", "net/ipv4/tcp_fin_timeout", "18446744073709551616\n", KNOB_TCP_FIN_TIMEOUT,
         "net.ipv4.tcp_fin_timeout: \"18446744073709551616\" is not a number"},
        {"long rubbish", "net/ipv4/tcp_fin_timeout", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n",
         KNOB_TCP_FIN_TIMEOUT,
         "net.ipv4.tcp_fin_timeout: \"abcdefghijklmnopqrstuvwxyzabcdef\" is not a number"},
        {"unprintable", "net/ipv4/tcp_fin_timeout", "\x01\xff\n", KNOB_TCP_FIN_TIMEOUT,
         "net.ipv4.tcp_fin_timeout: \"??\" is not a number"},
        {"empty", "net/ipv4/tcp_fin_timeout", "", KNOB_TCP_FIN_TIMEOUT,
         "net.ipv4.tcp_fin_timeout: 0 values where 1 are expected"},
        {"two values for one", "net/ipv4/tcp_fin_timeout", "60 61\n", KNOB_TCP_FIN_TIMEOUT,
         "net.ipv4.tcp_fin_timeout: 2 values where 1 are expected"},
        {"two values for three", "net/ipv4/tcp_mem", "1\t2\n", KNOB_TCP_MEM_PRESSURE,
         "net.ipv4.tcp_mem: 2 values where 3 are expected"},
        {"one bound of the range", "net/ipv4/ip_local_port_range", "32768\n", KNOB_PORT_RANGE_LOW,
         "net.ipv4.ip_local_port_range: 1 values where 2 are expected"},
        {"reserved without a range", "net/ipv4/ip_local_port_range", "32768 x\n", KNOB_PORTS_RESERVED,
         "net.ipv4.ip_local_port_range: \"x\" is not a number"},
        {"no list of ports", "net/ipv4/ip_local_reserved_ports", "80-\n", KNOB_PORTS_RESERVED,
         "net.ipv4.ip_local_reserved_ports: not a list of ports"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        tree_write(&tree, rows[i].path, rows[i].text);
        int result = read_all();
        if (result >= 0 || strcmp(reason, rows[i].reason) != 0)
            fail_msg("%s: %d \"%s\", wanted \"%s\"", rows[i].name, result, reason, rows[i].reason);
        check_knob(rows[i].name, rows[i].knob, FIGURE_UNKNOWN, 0);
        check_row(rows[i].name, knob[rows[i].knob].writable, false);
        check_knob(rows[i].name, KNOB_SOMAXCONN, FIGURE_KNOWN, 4096); /* the others are filled */
        for (size_t j = 0; j < ARRAY_SIZE(defaults); j++)
            tree_write(&tree, defaults[j].path, defaults[j].text);
    }
}

static void test_directory(void **state) {
    char path[512];

    (void)state;
    tree_write(&tree, "net/ipv4/tcp_tw_reuse/x", "");
    assert_int_equal(read_all(), -EISDIR);
    assert_string_equal(reason, "net.ipv4.tcp_tw_reuse: Is a directory");
    check_knob("directory", KNOB_TCP_TW_REUSE, FIGURE_UNKNOWN, 0);
    tree_write(&tree, "net/ipv4/tcp_tw_reuse/x", NULL);
    tree_path(&tree, "net/ipv4/tcp_tw_reuse", path);
    assert_int_equal(rmdir(path), 0);
}

static void test_too_long(void **state) {
    char text[1024];

    (void)state;
    memset(text, '1', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    tree_write(&tree, "net/core/somaxconn", text);
    assert_int_equal(read_all(), -EFBIG);
    assert_string_equal(reason, "net.core.somaxconn: File too large");
    tree_write(&tree, "net/core/somaxconn", "4096\n");
}

/* Mode bits tell what is writable: the sandbox's read-only mount does not count, nor does being root. */
static void test_writable(void **state) {
    (void)state;
    tree_mode(&tree, "net/core/somaxconn", 0444);
    assert_int_equal(read_all(), 0);
    assert_false(knob[KNOB_SOMAXCONN].writable);
    assert_true(knob[KNOB_TCP_SYNCOOKIES].writable);
    tree_mode(&tree, "net/core/somaxconn", 0644);
}

static void test_reserved_ports(void **state) {
    static const struct {
        const char *text;
        unsigned int low, high;
        int count;
    } rows[] = {
        {"", 32768, 60999, 0},
        {"\n", 32768, 60999, 0},
        {"8080\n", 32768, 60999, 0},
        {"32768\n", 32768, 60999, 1},
        {"60999\n", 32768, 60999, 1},
        {"61000\n", 32768, 60999, 0},
        {"32767-32769\n", 32768, 60999, 2},
        {"8080,40000,50000-50009\n", 32768, 60999, 11},
        {"40000-40010,40005-40020,40000\n", 32768, 60999, 21},
        {"0-65535\n", 0, 65535, 65536},
        {"1-65535", 32768, 60999, 28232},
        {"65535", 65535, 65535, 1},
        {"40000", 60999, 32768, 0},
        {"65536", 0, 65535, -EBADMSG},
        {"5-4", 0, 65535, -EBADMSG},
        {"-5", 0, 65535, -EBADMSG},
        {"5-", 0, 65535, -EBADMSG},
        {",", 0, 65535, -EBADMSG},
        {"5,", 0, 65535, -EBADMSG},
        {"5,,6", 0, 65535, -EBADMSG},
        {"5 6", 0, 65535, -EBADMSG},
        {"x", 0, 65535, -EBADMSG},
        {"1-2-3", 0, 65535, -EBADMSG},
        {"99999999999999999999", 0, 65535, -EBADMSG},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_row(rows[i].text, reserved_ports_within(rows[i].text, rows[i].low, rows[i].high, &reserved),
                  rows[i].count);
}

static bool is_reserved(unsigned int port) {
    return (reserved.port[port / 64] >> (port % 64)) & 1;
}

/* The whole list, also what lies outside the range; known without the range, unknown without the list. */
static void test_reserved_map(void **state) {
    static const struct {
        const char *name, *range, *list;
        bool known;
    } rows[] = {
        {"list", "32768 60999\n", "0,80,8080-8081,40000,65535\n", true},
        {"range unreadable", "x y\n", "0,80,8080-8081,40000,65535\n", true},
        {"no list of ports", "32768 60999\n", "0,80,8080-8081,40000,65535,x\n", false},
        {"no such file", "32768 60999\n", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        tree_write(&tree, "net/ipv4/ip_local_port_range", rows[i].range);
        tree_write(&tree, "net/ipv4/ip_local_reserved_ports", rows[i].list);
        read_all();
        check_row(rows[i].name, reserved.known, rows[i].known);
        for (unsigned int port = 0; port < 65536 && rows[i].known; port++)
            if (is_reserved(port) !=
                (port == 0 || port == 80 || port == 8080 || port == 8081 || port == 40000 || port == 65535))
                fail_msg("%s: port %u", rows[i].name, port);
    }
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        tree_write(&tree, defaults[i].path, defaults[i].text);
}

/* From 6.1 a minus says that the table is the host's; no other knob may have one. */
static void test_ehash_entries(void **state) {
    static const struct {
        const char *text;
        enum figure_status status;
        uint64_t value;
    } rows[] = {
        {"262144\n", FIGURE_KNOWN, 262144}, {"-262144\n", FIGURE_KNOWN, 262144}, {"0\n", FIGURE_KNOWN, 0},
        {"--5\n", FIGURE_UNKNOWN, 0},       {"-\n", FIGURE_UNKNOWN, 0},          {"5-\n", FIGURE_UNKNOWN, 0},
        {NULL, FIGURE_ABSENT, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *name = rows[i].text ? rows[i].text : "no such file";
        tree_write(&tree, "net/ipv4/tcp_ehash_entries", rows[i].text);
        check_row(name, read_all() < 0, rows[i].status == FIGURE_UNKNOWN);
        check_knob(name, KNOB_TCP_EHASH_ENTRIES, rows[i].status, rows[i].value);
    }
}

/* The kernel takes it, and every connection is then over the limit. */
static void test_negative_limit(void **state) {
    (void)state;
    tree_write(&tree, "net/ipv4/tcp_max_tw_buckets", "-2147483648\n");
    assert_int_equal(read_all(), 0);
    check_knob("INT_MIN", KNOB_TCP_MAX_TW_BUCKETS, FIGURE_KNOWN, 0);
    tree_write(&tree, "net/ipv4/tcp_max_tw_buckets", "-x\n");
    assert_true(read_all() < 0);
    tree_write(&tree, "net/ipv4/tcp_max_tw_buckets", "65536\n");
}

/* As many as the kernel can list: every other port. */
static void test_longest_list(void **state) {
    static char text[65536 * 6];
    size_t length = 0;

    (void)state;
    for (unsigned int port = 1; port < 65536; port += 2)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%u", length ? "," : "", port);
    tree_write(&tree, "net/ipv4/ip_local_reserved_ports", text);
    assert_int_equal(read_all(), 0);
    check_knob("every other port", KNOB_PORTS_RESERVED, FIGURE_KNOWN, 14116);
    tree_write(&tree, "net/ipv4/ip_local_reserved_ports", "\n");
}

static void test_real(void **state) {
    CLEANUP_FD int fd = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    knob_files_init(&files);
    for (int i = 0; i < 2; i++) /* opened, and read again */
        assert_int_equal(knobs_read(&files, fd, knob, &reserved, reason), 0);
    knob_files_close(&files);
    assert_true(figure_known(knob[KNOB_SOMAXCONN].value));
    assert_true(figure_known(knob[KNOB_PORT_RANGE_HIGH].value));
    assert_true(figure_known(knob[KNOB_PORTS_RESERVED].value));
    assert_true(knob[KNOB_TCP_FIN_TIMEOUT].writable);
}

/* From one reading to the next a value changes, and a module comes. */
static void test_kept_open(void **state) {
    CLEANUP_FD int fd = open(tree.root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    knob_files_init(&files);
    assert_int_equal(knobs_read(&files, fd, knob, &reserved, reason), 0);
    check_knob("before", KNOB_CONNTRACK_MAX, FIGURE_ABSENT, 0);
    int kept = files.fd[KNOB_TCP_FIN_TIMEOUT];
    tree_write(&tree, "net/ipv4/tcp_fin_timeout", "7\n");
    tree_write(&tree, "net/netfilter/nf_conntrack_max", "65536\n");
    assert_int_equal(knobs_read(&files, fd, knob, &reserved, reason), 0);
    check_knob("changed", KNOB_TCP_FIN_TIMEOUT, FIGURE_KNOWN, 7);
    check_knob("came", KNOB_CONNTRACK_MAX, FIGURE_KNOWN, 65536);
    assert_true(kept >= 0 && files.fd[KNOB_TCP_FIN_TIMEOUT] == kept);
    assert_true(knob[KNOB_CONNTRACK_MAX].writable);
    knob_files_close(&files);
    assert_int_equal(fcntl(kept, F_GETFD), -1);
    tree_write(&tree, "net/ipv4/tcp_fin_timeout", "60\n");
    tree_write(&tree, "net/netfilter/nf_conntrack_max", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_bad),
        cmocka_unit_test(test_directory),     cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_writable),      cmocka_unit_test(test_reserved_ports),
        cmocka_unit_test(test_longest_list),  cmocka_unit_test(test_real),
        cmocka_unit_test(test_kept_open),     cmocka_unit_test(test_reserved_map),
        cmocka_unit_test(test_ehash_entries), cmocka_unit_test(test_negative_limit),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
