/* SPDX-License-Identifier: MIT */
/* Records of the listener iterator made by hand; the iterator itself: tests/integration. */
#include "tree.h"

#include "listener_queues.h"
#include "listener_record.h"
#include "util.h"

#include <sys/socket.h>

static struct listener seen[4];
static size_t seen_count;

static void remember(const struct listener *listener, void *context) {
    (void)context;
    if (seen_count < ARRAY_SIZE(seen))
        seen[seen_count] = *listener;
    seen_count++;
}

static struct listener_record record_of(uint16_t family, const char *address) {
    struct listener_record record = {
        .inode = 4242,
        .cgroup = 1ULL << 40,
        .ifindex = 3,
        .uid = 1000,
        .half_open = 17,
        .half_open_young = 16,
        .accept_queue = 5,
        .backlog = 128,
        .family = family,
        .port = 8080,
    };
    struct endpoint endpoint;

    assert_int_equal(endpoint_parse(address, &endpoint), 0);
    memcpy(record.address, endpoint.address, sizeof record.address);
    return record;
}

static void test_records(void **state) {
    static const struct {
        const char *address, *wanted;
        uint16_t family;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1%3:8080", AF_INET},
        {"0.0.0.0", "0.0.0.0%3:8080", AF_INET},
        {"2001:db8::1", "[2001:db8::1%3]:8080", AF_INET6},
        {"::", "[::%3]:8080", AF_INET6},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct listener_record record = record_of(rows[i].family, rows[i].address);
        char local[ENDPOINT_TEXT_SIZE];
        seen_count = 0;
        assert_int_equal(listener_queues_parse(&record, sizeof record, remember, NULL), 0);
        check_row(rows[i].address, seen_count, 1);
        endpoint_format(&seen[0].local, local);
        assert_string_equal(local, rows[i].wanted);
        check_row("members", seen[0].members, 1);
        check_row("half-open", seen[0].half_open, 17);
        check_row("fresh", seen[0].half_open_fresh, 16);
        check_row("accept queue", seen[0].accept_queue, 5);
        check_row("backlog", seen[0].backlog, 128);
        check_row("uid", seen[0].uid, 1000);
        check_row("cgroup", seen[0].cgroup, 1ULL << 40);
        check_row("inode", seen[0].inode, 4242);
        check_row("of a walk", seen[0].half_open_walked, 0);
    }
}

/* The address of an IPv4 listener on an IPv6 socket. */
static void test_mapped(void **state) {
    struct listener_record record = record_of(AF_INET6, "::");

    (void)state;
    memcpy(record.address, (const uint8_t[16]){[10] = 0xFF, [11] = 0xFF, 192, 0, 2, 1}, 16);
    record.ifindex = 0;
    seen_count = 0;
    assert_int_equal(listener_queues_parse(&record, sizeof record, remember, NULL), 0);
    check_row("IPv4", seen[0].local.family, ENDPOINT_IPV4);
    assert_memory_equal(seen[0].local.address, ((const uint8_t[16]){192, 0, 2, 1}), 16);
}

/* What a file in the iterator's place may hold; it ends as a file does. */
static void test_files(void **state) {
    enum { SIZE = sizeof(struct listener_record) };
    static const struct {
        const char *name;
        size_t records, bytes;
        uint16_t family;
        int result;
        size_t seen;
    } rows[] = {
        {"empty", 0, 0, AF_INET, 0, 0},
        {"one", 1, 0, AF_INET, 0, 1},
        {"more than one read holds", 1000, 0, AF_INET6, 0, 1000},
        {"half a record", 0, SIZE / 2, AF_INET, -EBADMSG, 0},
        {"a record and a byte", 1, 1, AF_INET, -EBADMSG, 0},
        {"no family", 1, 0, 0, -EBADMSG, 0},
        {"a family of later kernels", 1, 0, 99, -EBADMSG, 0},
    };
    static char text[1001 * SIZE];
    struct tree tree;
    char path[512];

    (void)state;
    tree_make(&tree);
    tree_path(&tree, "queues", path);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP_FILE FILE *file = fopen(path, "we");
        struct listener_record record = record_of(rows[i].family, "::");
        assert_non_null(file);
        for (size_t j = 0; j < rows[i].records; j++)
            fwrite(&record, sizeof record, 1, file);
        fwrite(text, 1, rows[i].bytes, file);
        fflush(file);
        seen_count = 0;
        check_row(rows[i].name, listener_queues_read(path, remember, NULL), rows[i].result);
        check_row(rows[i].name, seen_count, rows[i].seen);
    }
    tree_remove(&tree);
}

static void test_no_file(void **state) {
    struct tree tree;
    char path[512], link[512], fifo[512];

    (void)state;
    tree_make(&tree);
    tree_path(&tree, "nothing", path);
    tree_path(&tree, "link", link);
    tree_path(&tree, "fifo", fifo);
    assert_int_equal(symlink("/etc/hostname", link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    seen_count = 0;
    check_row("nothing there", listener_queues_read(path, remember, NULL), -ENOENT);
    check_row("a directory", listener_queues_read(tree.root, remember, NULL), -EISDIR);
    check_row("a link is not followed", listener_queues_read(link, remember, NULL), -ELOOP);
    check_row("a FIFO without a writer is not waited for", listener_queues_read(fifo, remember, NULL), 0);
    check_row("nobody", seen_count, 0);
    assert_int_equal(unlink(fifo), 0);
    tree_remove(&tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
