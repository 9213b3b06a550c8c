/* SPDX-License-Identifier: MIT */
#include "processes.h"

#include <sys/wait.h>

#include "netns_case.h"
#include "proc_tree.h"
#include "util.h"

#define SECOND USEC_PER_SEC

static struct processes *processes_of(const struct tree *tree) {
    struct processes *processes = processes_new(tree->root, USEC_PER_SEC);

    assert_non_null(processes);
    return processes;
}

static void check_found(struct processes *processes, uint64_t now_usec, uint64_t inode, uint32_t wanted,
                        const char *wanted_comm) {
    char comm[COMM_SIZE];
    uint32_t pid;

    assert_true(processes_find(processes, now_usec, inode, &pid, comm));
    assert_int_equal(pid, wanted);
    assert_string_equal(comm, wanted_comm);
}

static void check_unknown(struct processes *processes, uint64_t now_usec, uint64_t inode) {
    char comm[COMM_SIZE] = "left over";
    uint32_t pid = 1;

    assert_false(processes_find(processes, now_usec, inode, &pid, comm));
    assert_int_equal(pid, 0);
    assert_string_equal(comm, "");
}

static void found_by_inode(void **state) {
    const struct tree *tree = *state;

    add_process(tree, 100, "nginx\n");
    add_link(tree, 100, 0, "/dev/null");
    add_link(tree, 100, 1, "pipe:[4711]");
    add_link(tree, 100, 2, "anon_inode:[eventpoll]");
    add_link(tree, 100, 3, "/tmp/socket:[4711]");
    add_process(tree, 200, "a\nb 56789012345678\n");
    add_link(tree, 200, 7, "socket:[4711]");
    add_link(tree, 200, 8, "socket:[4294967295]");
    tree_write(tree, "net/tcp", "");
    struct processes *processes = processes_of(tree);
    check_found(processes, SECOND, 4711, 200, "a\nb 56789012345");
    check_found(processes, 100 * SECOND, 4294967295, 200, "a\nb 56789012345");
    check_unknown(processes, 100 * SECOND, 0);
    processes_free(processes);
}

/* No kernel writes such links; they are no sockets, and no errors either. */
static void passes_over_strange_links(void **state) {
    const struct tree *tree = *state;

    add_process(tree, 90, "a\n");
    add_link(tree, 90, 3, "socket:[4711x");
    add_process(tree, 100, "b\n");
    for (int fd = 0; fd < 9; fd++) /* in whatever order they are read */
        add_link(tree, 100, fd, fd == 4 ? "socket:[4711]" : "socket:[18446744073709551615]");
    struct processes *processes = processes_of(tree);
    check_found(processes, SECOND, 4711, 100, "b");
    processes_free(processes);
}

/* A known process that closed the socket, or ended, is not named any more; the new holder is. */
static void follows_the_socket(void **state) {
    const struct tree *tree = *state;
    struct processes *processes = processes_of(tree);

    add_process(tree, 100, "old\n");
    add_link(tree, 100, 3, "socket:[77]");
    check_found(processes, SECOND, 77, 100, "old");
    add_link(tree, 100, 3, "socket:[78]");
    add_process(tree, 200, "new\n");
    add_link(tree, 200, 3, "socket:[77]");
    check_unknown(processes, 2 * SECOND, 77); /* the next round is not due yet */
    check_found(processes, 1000 * SECOND, 77, 200, "new");
    processes_free(processes);
}

static void nobody_is_remembered(void **state) {
    const struct tree *tree = *state;
    struct processes *processes = processes_of(tree);

    check_unknown(processes, SECOND, 5);
    add_process(tree, 100, "late\n");
    add_link(tree, 100, 3, "socket:[5]");
    check_unknown(processes, 29 * SECOND, 5);
    check_found(processes, 1000 * SECOND, 5, 100, "late");
    processes_free(processes);
}

/* More inodes than the cache holds. */
static void many_inodes(void **state) {
    const struct tree *tree = *state;
    struct processes *processes = processes_of(tree);
    char target[64];

    add_process(tree, 100, "many\n");
    for (int fd = 0; fd < 200; fd++) {
        snprintf(target, sizeof target, "socket:[%d]", 1000 + fd);
        add_link(tree, 100, fd, target);
    }
    for (uint64_t i = 0; i < 200; i++)
        check_found(processes, 1000 * SECOND * (i + 1), 1000 + i, 100, "many");
    for (uint64_t i = 0; i < 200; i++)
        check_unknown(processes, 1000 * SECOND * (i + 1001), 5000 + i);
    check_found(processes, 5000 * SECOND * 1000, 1000, 100, "many");
    processes_free(processes);
}

/* Cut by time, it goes on with the next process, and within one that has many descriptors. */
static void cut_search_goes_on(void **state) {
    const struct tree *tree = *state;
    struct processes *processes = processes_new(tree->root, 1);
    char target[64], comm[COMM_SIZE];
    uint32_t pid = 0;
    size_t ticks = 0;

    for (unsigned int i = 1; i <= 50; i++)
        add_process(tree, i, "idle\n");
    for (int fd = 0; fd < 1000; fd++) {
        snprintf(target, sizeof target, "socket:[%d]", 1000 + fd);
        add_link(tree, 25, fd, target);
    }
    add_process(tree, 60, "last\n");
    add_link(tree, 60, 3, "socket:[7]");
    add_link(tree, 60, 4, "socket:[8]");
    bool both = false;
    for (uint64_t now = SECOND; !both && ticks < 10000; ticks++, now += SECOND) {
        both = processes_find(processes, now, 7, &pid, comm);
        both = processes_find(processes, now, 1999, &pid, comm) && both;
    }
    assert_true(both);
    assert_int_equal(pid, 25);
    assert_in_range(ticks, 10, 2000);
    processes_free(processes);
}

static void freed_in_the_middle(void **state) {
    const struct tree *tree = *state;
    struct processes *processes = processes_new(tree->root, 1);

    add_process(tree, 100, "x\n");
    for (int fd = 0; fd < 300; fd++)
        add_link(tree, 100, fd, "socket:[1]");
    for (uint64_t tick = 1; tick < 5; tick++)
        check_unknown(processes, tick * SECOND, 2);
    assert_null(processes_free(processes));
    assert_null(processes_free(NULL));
}

static void no_proc(void **state) {
    struct processes *processes = processes_new("/nowhere/at/all", SECOND);

    (void)state;
    check_unknown(processes, SECOND, 1);
    check_unknown(processes, 1000 * SECOND, 1);
    processes_free(processes);
}

static uint64_t inode_of(int fd) {
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

static void own_process(void **state) {
    char comm[32] = "";

    (void)state;
    need_root();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct processes *processes = processes_new("/proc", 10 * SECOND);
    read_file_at(AT_FDCWD, "/proc/self/comm", comm, sizeof comm);
    comm[strcspn(comm, "\n")] = '\0';
    uint64_t inode = inode_of(fd);
    check_found(processes, SECOND, inode, (uint32_t)getpid(), comm);
    close(fd);
    check_unknown(processes, 1000 * SECOND, inode);
    processes_free(processes);
}

/* Runs as nobody, asks for a socket of its parent; exit status 0: nothing was told. */
static int ask_unprivileged(uint64_t inode) {
    struct processes *processes = processes_new("/proc", SECOND);
    char comm[COMM_SIZE];
    uint32_t pid;

    if (setgid(65534) < 0 || setuid(65534) < 0)
        return 2;
    for (uint64_t now = 100 * SECOND; now < 390 * SECOND; now += 10 * SECOND)
        if (processes_find(processes, now, inode, &pid, comm) || pid != 0)
            return 3;
    processes_free(processes);
    return 0;
}

static int status_of(pid_t child) {
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + status;
}

static void unprivileged(void **state) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    need_root();
    uint64_t inode = inode_of(fd);
    pid_t child = fork();
    if (child == 0) {
        close(fd);
        _exit(ask_unprivileged(inode));
    }
    close(fd);
    assert_int_equal(status_of(child), 0);
}

/* As somebody who is not let in, and later is. @return whether it was looked again before five minutes */
static bool looks_again(const struct tree *tree, unsigned int closed) {
    struct processes *processes = processes_of(tree);
    char path[64], comm[COMM_SIZE];
    uint32_t pid;

    tree_mode(tree, "", 0755);
    for (unsigned int i = 1; i <= closed; i++) {
        add_process(tree, i, "closed\n");
        add_link(tree, i, 3, "socket:[9]");
        snprintf(path, sizeof path, "%u/fd", i);
        tree_mode(tree, path, 0500);
    }
    assert_int_equal(seteuid(65534), 0);
    check_unknown(processes, SECOND, 9);
    assert_int_equal(seteuid(0), 0);
    for (unsigned int i = 1; i <= closed; i++) {
        snprintf(path, sizeof path, "%u/fd", i);
        tree_mode(tree, path, 0755);
    }
    assert_int_equal(seteuid(65534), 0);
    bool early = processes_find(processes, 250 * SECOND, 9, &pid, comm);
    assert_true(processes_find(processes, 302 * SECOND, 9, &pid, comm));
    assert_int_equal(seteuid(0), 0);
    processes_free(processes);
    return early;
}

/* Nobody looks again within five seconds: what is wanted together has to be found together. */
static void wanted_together(void **state) {
    const struct tree *tree = *state;
    struct processes *processes = processes_of(tree);

    add_process(tree, 100, "nginx\n");
    add_link(tree, 100, 3, "socket:[8]");
    add_process(tree, 101, "backend\n");
    add_link(tree, 101, 3, "socket:[9]");
    processes_want(processes, SECOND, 8);
    processes_want(processes, SECOND, 9);
    processes_want(processes, SECOND, 0);
    check_found(processes, SECOND, 8, 100, "nginx");
    check_found(processes, SECOND, 9, 101, "backend");
    processes_free(processes);
}

/* Twenty closed processes in a row: the rest is not even tried, for five minutes. */
static void gives_up(void **state) {
    need_root();
    assert_false(looks_again(*state, 25));
}

static void does_not_give_up(void **state) {
    need_root();
    assert_true(looks_again(*state, 19));
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        in_tree(passes_over_strange_links), in_tree(wanted_together),       in_tree(found_by_inode),
        in_tree(follows_the_socket),        in_tree(nobody_is_remembered),  in_tree(many_inodes),
        in_tree(cut_search_goes_on),        in_tree(freed_in_the_middle),   cmocka_unit_test(no_proc),
        cmocka_unit_test(own_process),      cmocka_unit_test(unprivileged), in_tree(gives_up),
        in_tree(does_not_give_up),
    };

    return cmocka_run_group_tests(tests, netns_setup, NULL);
}
