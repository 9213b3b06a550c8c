/* SPDX-License-Identifier: MIT */
#include "holders.h"

#include "proc_tree.h"
#include "util.h"

static void fill(const struct tree *tree) {
    add_process(tree, 100, "nginx\n");
    add_link(tree, 100, 0, "/dev/null");
    add_link(tree, 100, 1, "pipe:[11]");
    add_link(tree, 100, 2, "socket:[]");
    add_link(tree, 100, 3, "socket:[12");
    add_link(tree, 100, 4, "/tmp/socket:[13]");
    add_link(tree, 100, 5, "socket:[14]");
    add_link(tree, 100, 6, "socket:[15]");
    add_link(tree, 100, 8, "socket:[14]");
    add_process(tree, 200, "a\nb 56789012345678\n");
    add_link(tree, 200, 7, "socket:[4294967295]");
    tree_write(tree, "net/fd/tcp", "");
    tree_write(tree, "300/comm", "ended\n");
}

static void test_found(void **state) {
    static const struct {
        uint64_t inode;
        uint32_t pid;
        const char *comm;
    } rows[] = {
        {11, 0, ""},
        {12, 0, ""},
        {13, 0, ""},
        {14, 100, "nginx"},
        {15, 100, "nginx"},
        {UINT32_MAX, 200, "a\nb 56789012345"},
        {UINT64_C(1) << 32, 0, ""},
    };
    struct socket_holder holder[ARRAY_SIZE(rows)] = {0};

    fill(*state);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        holder[i].inode = rows[i].inode;
    const struct tree *tree = *state;
    struct holders_pass pass = holders_find(tree->root, holder, ARRAY_SIZE(rows), USEC_PER_SEC);
    assert_int_equal(pass.found, 3);
    assert_int_equal(pass.denied, 0);
    assert_false(pass.cut);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct socket_holder *got = holders_get(holder, ARRAY_SIZE(rows), rows[i].inode);
        assert_ptr_equal(got, &holder[i]);
        assert_int_equal(got->pid, rows[i].pid);
        assert_string_equal(got->comm, rows[i].comm);
    }
    assert_null(holders_get(holder, ARRAY_SIZE(rows), 1));
    assert_null(holders_get(holder, ARRAY_SIZE(rows), 16));
}

static void test_bounds(void **state) {
    const struct tree *tree = *state;
    struct socket_holder holder = {.inode = 14};

    fill(tree);
    assert_true(holders_find(tree->root, &holder, 1, 0).cut);
    assert_int_equal(holder.pid, 0);
    assert_int_equal(holders_find("/nowhere", &holder, 1, USEC_PER_SEC).found, 0);
    assert_int_equal(holders_find(tree->root, NULL, 0, USEC_PER_SEC).found, 0);
}

/* Root may look everywhere, so this takes another user. */
static void test_denied(void **state) {
    const struct tree *tree = *state;
    struct socket_holder holder = {.inode = 14};

    fill(tree);
    tree_mode(tree, "100/fd", 0);
    bool root = geteuid() == 0;
    tree_mode(tree, "", 0755);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    struct holders_pass pass = holders_find(tree->root, &holder, 1, USEC_PER_SEC);
    if (root)
        assert_int_equal(seteuid(0), 0);
    tree_mode(tree, "100/fd", 0755);
    assert_int_equal(pass.found, 0);
    assert_int_equal(pass.denied, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_bounds, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(test_denied, tree_setup, tree_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
