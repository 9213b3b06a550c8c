/* SPDX-License-Identifier: MIT */
/* The BPF iterator on the real kernel: the same listeners as a dump, and half-opens that no dump tells. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/load/address.h"
#include "../tools/load/peers.h"
#include "config.h"
#include "lab.h"
#include "listener_queues.h"
#include "sampler.h"
#include "util.h"

#define NOBODY  65534
#define SERVER  "198.18.0.1" /* of the silent link */
#define SOURCES "100.64.0.1"

#define LARGEST_TABLE "16777216"

static struct config config;

static void enter(const char *options, const char *buckets) {
    lab_enter_own_table(buckets);
    lab_mount_bpffs(options);
    config_defaults(&config);
}

static int listen_on(const char *text, uint16_t port, int backlog) {
    struct sockaddr_storage address;

    assert_int_equal(address_parse(text, port, &address), 0);
    int fd = peers_listen(&address, backlog);
    if (fd < 0)
        fail_msg("%s port %u: %s", text, port, strerror(-fd));
    return fd;
}

/* A member of a SO_REUSEPORT group, or a listener bound to a device. */
static int listen_with(int option, const void *value, socklen_t size, uint16_t port) {
    struct sockaddr_storage address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(address_parse(SERVER, port, &address), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, option, value, size), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(struct sockaddr_in)), 0);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

static void connect_some(const char *text, uint16_t port, int count) {
    struct sockaddr_storage address;

    assert_int_equal(address_parse(text, port, &address), 0);
    for (int i = 0; i < count; i++) { /* kept open to the end of the test program */
        int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    }
}

/* Forged SYNs, all of them before it returns. */
static void flood(const char *address, const char *port, const char *source, const char *count) {
    const char *argv[] = {lab_program("tools/tcpload"),
                          "flood",
                          "--source-base",
                          source,
                          "--sources",
                          "5000",
                          "--addr",
                          address,
                          "--port",
                          port,
                          "--rate",
                          "20000",
                          "--count",
                          count,
                          NULL};

    assert_int_equal(lab_wait_exit(lab_start(LAB_HERE, argv), 30), 0);
}

static void check_same(const struct listener *iterated, const struct listener *dumped) {
    char name[ENDPOINT_TEXT_SIZE];

    endpoint_format(&dumped->local, name);
    print_message("  %s: %u members, accept queue %u of %u, half-open %u\n", name, iterated->members,
                  iterated->accept_queue, iterated->backlog, iterated->half_open);
    assert_true(endpoint_equal(&iterated->local, &dumped->local));
    assert_int_equal(iterated->members, dumped->members);
    assert_int_equal(iterated->accept_queue, dumped->accept_queue);
    assert_int_equal(iterated->backlog, dumped->backlog);
    assert_int_equal(iterated->half_open, dumped->half_open);
    assert_int_equal(iterated->half_open_fresh, dumped->half_open_fresh);
    assert_int_equal(iterated->uid, dumped->uid);
    assert_int_equal(iterated->cgroup, dumped->cgroup);
    assert_int_equal(iterated->inode, dumped->inode);
}

static void make_listeners(void) {
    const int one = 1;

    listen_on(SERVER, 8001, 16);
    listen_on("0.0.0.0", 8002, 4096);
    listen_on("::", 8003, 32); /* dual-stack */
    listen_on("::1", 8004, 0);
    listen_on("::ffff:127.0.0.1", 8005, 8);
    for (int i = 0; i < 3; i++)
        listen_with(SO_REUSEPORT, &one, sizeof one, 8006);
    listen_with(SO_BINDTODEVICE, "lo", sizeof "lo", 8007);
    assert_int_equal(seteuid(NOBODY), 0);
    listen_on("127.0.0.1", 8008, 1);
    assert_int_equal(seteuid(0), 0);
    connect_some(SERVER, 8001, 5);
    connect_some("::1", 8003, 3);
    connect_some("127.0.0.1", 8003, 2);
}

/* Both ways of listing, at a moment at which nothing changes. */
static void test_as_a_dump(void **state) {
    (void)state;
    enter("mode=0700", LAB_SMALL_TABLE);
    lab_run_loader("load");
    int peer = lab_peer_namespace();
    make_listeners();
    const char *other[] = {lab_program("tools/tcpload"),
                           "listen",
                           "--addr",
                           "192.0.2.2",
                           "--port",
                           "8009",
                           "--backlog",
                           "5",
                           "--seconds",
                           "60",
                           NULL};
    lab_wait_output(lab_start(peer, other), "READY", 10);
    flood(SERVER, "8001", SOURCES, "3");
    flood(SERVER, "8003", SOURCES, "4");
    flood(SERVER, "8006", SOURCES, "20");
    CLEANUP_SAMPLER struct sampler *iterating = sampler_new("/proc", LISTENER_QUEUES_PATH);
    CLEANUP_SAMPLER struct sampler *dumping = sampler_new("/proc", NULL);
    const struct sample *iterated = sampler_take(iterating, &config, false);
    const struct sample *dumped = sampler_take(dumping, &config, false);
    assert_true(sampler_info(iterating)->queues->exact);
    assert_false(sampler_info(dumping)->queues->exact);
    assert_int_equal(iterated->listener_count, 8);
    assert_int_equal(dumped->listener_count, 8);
    for (size_t i = 0; i < dumped->listener_count; i++)
        check_same(&iterated->listener[i], &dumped->listener[i]);
    assert_int_equal(iterated->state[STATE_LISTEN].value, dumped->state[STATE_LISTEN].value);
    assert_int_equal(iterated->state[STATE_SYN_RECV].value, 27);
}

static const struct listener *listener_at(const struct sample *sample, uint16_t port) {
    for (size_t i = 0; i < sample->listener_count; i++)
        if (sample->listener[i].local.port == port)
            return &sample->listener[i];
    fail_msg("no listener at port %u", port);
    return NULL;
}

/* Without a walk: up to the limit, kept apart by listener, and no longer young after a second. */
static void test_half_open_without_a_walk(void **state) {
    (void)state;
    enter("mode=0700", LAB_SMALL_TABLE);
    lab_run_loader("load");
    listen_on(SERVER, 8001, 16);
    listen_on("::", 8002, 64);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", LISTENER_QUEUES_PATH);
    sampler_take(sampler, &config, false);
    config.cpu_budget_permyriad = 0;
    flood(SERVER, "8001", SOURCES, "1000");
    flood(SERVER, "8002", SOURCES, "40");
    const struct sample *sample = sampler_take(sampler, &config, false);
    assert_false(sample->walked);
    assert_int_equal(listener_at(sample, 8001)->half_open, 17);
    assert_int_equal(listener_at(sample, 8001)->half_open_fresh, 17);
    assert_int_equal(listener_at(sample, 8002)->half_open, 40);
    assert_int_equal(sample->state[STATE_SYN_RECV].value, 57);
    assert_int_equal(sample->half_open_usec, sample->taken_usec);
    assert_true(sample->walked_usec < sample->taken_usec);
    sleep(2);
    sample = sampler_take(sampler, &config, false);
    assert_int_equal(listener_at(sample, 8002)->half_open, 40);
    assert_int_equal(listener_at(sample, 8002)->half_open_fresh, 0);
    assert_int_equal(sampler_info(sampler)->walks, 1);
}

/* Half-opens that pile up move no counter before the queue is full: the walk comes for them all the same. */
static void test_a_jump_is_walked(void **state) {
    (void)state;
    enter("mode=0700", LAB_SMALL_TABLE);
    lab_run_loader("load");
    listen_on(SERVER, 8001, 4096);
    config.cpu_budget_permyriad = 1; /* enough for a walk that cannot wait, not for a routine one */
    config.walk_max_age_usec = 3600 * USEC_PER_SEC;
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", LISTENER_QUEUES_PATH);
    sampler_take(sampler, &config, false);
    assert_false(sampler_take(sampler, &config, false)->walked);
    flood(SERVER, "8001", SOURCES, "64");
    assert_false(sampler_take(sampler, &config, false)->walked);
    flood(SERVER, "8001", "100.65.0.1", "1");
    const struct sample *sample = sampler_take(sampler, &config, false);
    assert_true(sample->walked);
    assert_int_equal(listener_at(sample, 8001)->half_open_walked, 65);
}

/* Reading ends at the first socket that does not listen, not after the last of all. */
static void test_ends_early(void **state) {
    static char buffer[16384];
    ssize_t got;

    (void)state;
    enter("mode=0700", LAB_SMALL_TABLE);
    lab_run_loader("load");
    listen_on(SERVER, 8001, 16);
    CLEANUP_FD int alone = open(LISTENER_QUEUES_PATH, O_RDONLY | O_CLOEXEC);
    assert_true(read(alone, buffer, sizeof buffer) > 0);
    assert_int_equal(read(alone, buffer, sizeof buffer), 0); /* there is no other socket */
    connect_some(SERVER, 8001, 1);
    CLEANUP_FD int fd = open(LISTENER_QUEUES_PATH, O_RDONLY | O_CLOEXEC);
    do
        got = read(fd, buffer, sizeof buffer);
    while (got > 0);
    assert_int_equal(got, -1);
    assert_int_equal(errno, EAGAIN);
}

/* The iterator goes and comes: the walk counts in between, and nothing becomes unknown or 0. */
static void test_unload(void **state) {
    (void)state;
    enter("mode=0700", LAB_SMALL_TABLE);
    lab_run_loader("load");
    listen_on(SERVER, 8001, 16);
    flood(SERVER, "8001", SOURCES, "10");
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", LISTENER_QUEUES_PATH);
    const struct sample *sample = sampler_take(sampler, &config, false);
    assert_true(sampler_info(sampler)->queues->works);
    assert_int_equal(listener_at(sample, 8001)->half_open, 10);
    lab_run_loader("unload");
    assert_int_equal(access(LISTENER_QUEUES_DIRECTORY, F_OK), -1);
    sample = sampler_take(sampler, &config, false);
    assert_false(sampler_info(sampler)->queues->works);
    assert_string_equal(sampler_info(sampler)->queues->reason,
                        LISTENER_QUEUES_PATH ": No such file or directory");
    assert_true(sample->listeners_known);
    assert_int_equal(sample->source[SOURCE_LISTENERS].failed_ticks, 0);
    assert_int_equal(listener_at(sample, 8001)->half_open, 10);
    assert_true(figure_known(sample->state[STATE_SYN_RECV]));
    lab_run_loader("load");
    lab_run_loader("load"); /* once more does no harm */
    CLEANUP_SAMPLER struct sampler *next = sampler_new("/proc", LISTENER_QUEUES_PATH);
    sampler_take(next, &config, false);
    assert_true(sampler_info(next)->queues->exact);
}

/* Nothing but a listener in a very large table: the third such reading in a row, or a single one that takes
   very long, is the last for a while. */
static void test_too_dear(void **state) {
    (void)state;
    enter("mode=0700", LARGEST_TABLE);
    lab_run_loader("load");
    listen_on(SERVER, 8001, 16);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", LISTENER_QUEUES_PATH);
    const struct queue_source *queues = sampler_info(sampler)->queues;
    int readings = 0;
    do {
        const struct sample *sample = sampler_take(sampler, &config, false);
        assert_true(queues->exact);
        assert_int_equal(sample->listener_count, 1);
    } while (queues->works && ++readings < 3);
    assert_false(queues->works);
    const struct sample *sample = sampler_take(sampler, &config, false);
    assert_false(queues->exact);
    assert_int_equal(sample->listener_count, 1);
    assert_true(figure_known(sample->state[STATE_SYN_RECV]));
    print_message("  %s\n", queues->reason);
    assert_non_null(strstr(queues->reason, "the iterator took "));
}

static void test_ten_thousand(void **state) {
    enum { COUNT = 10000 };

    (void)state;
    enter("mode=0700", LAB_SMALL_TABLE);
    lab_run_loader("load");
    peers_allow_most_files();
    for (int i = 0; i < COUNT; i++)
        listen_on(SERVER, (uint16_t)(10000 + i), 4);
    flood(SERVER, "14321", SOURCES, "3");
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", LISTENER_QUEUES_PATH);
    const struct sample *sample = sampler_take(sampler, &config, false);
    assert_true(sampler_info(sampler)->queues->exact);
    assert_int_equal(sample->listener_count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const struct listener *listener = &sample->listener[i];
        assert_int_equal(listener->local.port, 10000 + i);
        assert_int_equal(listener->half_open, listener->local.port == 14321 ? 3 : 0);
    }
    for (int fd = getdtablesize() - 1; fd > 1024; fd--) /* for the tests that follow */
        close(fd);
}

static void ignore(const struct listener *listener, void *context) {
    (void)listener;
    ++*(int *)context;
}

/* @return what reading gives to a process with this user and group and no privilege */
static int read_as(uid_t uid, gid_t gid) {
    int status, count = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
            _exit(255);
        int result = listener_queues_read(LISTENER_QUEUES_PATH, ignore, &count);
        _exit(result < 0 ? -result : count == 1 ? 0 : 254);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* For the group of the runtime directory, as systemd makes it for a dynamic user, and for nobody else. */
static void test_readers(void **state) {
    struct stat status;

    (void)state;
    enter("mode=0755", LAB_SMALL_TABLE);
    const char *directory = lab_scratch();
    assert_int_equal(chown(directory, NOBODY, NOBODY), 0);
    lab_shell(LAB_HERE, "RUNTIME_DIRECTORY=%s %s load", directory, lab_program("synwaitd-bpf"));
    listen_on(SERVER, 8001, 16);
    assert_int_equal(stat(LISTENER_QUEUES_PATH, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0440);
    assert_int_equal(status.st_uid, 0);
    assert_int_equal(status.st_gid, NOBODY);
    assert_int_equal(read_as(NOBODY, NOBODY), 0);
    assert_int_equal(read_as(NOBODY, NOBODY - 1), EACCES);
    lab_run_loader("load"); /* without a runtime directory */
    assert_int_equal(read_as(NOBODY, NOBODY), EACCES);
    assert_int_equal(read_as(0, 0), 0);
}

/* What the loader says where it cannot do its work. */
static void test_loader_fails(void **state) {
    static const struct {
        const char *name, *set_up, *run, *wanted;
        int code;
    } rows[] = {
        {"no verb", "true", "", "Usage: synwaitd-bpf load|unload", 2},
        {"unknown verb", "true", "start", "Usage: synwaitd-bpf load|unload", 2},
        {"another's directory", "mkdir /sys/fs/bpf/synwaitd && chown 65534 /sys/fs/bpf/synwaitd", "load",
         "/sys/fs/bpf/synwaitd is not root's directory", 1},
        {"a link", "rm -rf /sys/fs/bpf/synwaitd; ln -s / /sys/fs/bpf/synwaitd", "load",
         "/sys/fs/bpf/synwaitd is not root's directory", 1},
        {"no bpffs", "umount /sys/fs/bpf", "load", "no bpffs is mounted at /sys/fs/bpf", 1},
        {"nothing to unload", "true", "unload", "", 0},
    };

    (void)state;
    enter("mode=0700", LAB_SMALL_TABLE);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char command[256];
        lab_shell(LAB_HERE, "%s", rows[i].set_up);
        snprintf(command, sizeof command, "%s %s", lab_program("synwaitd-bpf"), rows[i].run);
        const char *argv[] = {"/bin/sh", "-c", command, NULL};
        struct lab_child *loader = lab_start(LAB_HERE, argv);
        int code = lab_wait_exit(loader, 10);
        CLEANUP_FREE char *error = lab_error(loader);
        if (code != rows[i].code || !strstr(error, rows[i].wanted))
            fail_msg("%s: exit %d: %s", rows[i].name, code, error);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_as_a_dump, lab_teardown),
        cmocka_unit_test_teardown(test_half_open_without_a_walk, lab_teardown),
        cmocka_unit_test_teardown(test_a_jump_is_walked, lab_teardown),
        cmocka_unit_test_teardown(test_ends_early, lab_teardown),
        cmocka_unit_test_teardown(test_unload, lab_teardown),
        cmocka_unit_test_teardown(test_too_dear, lab_teardown),
        cmocka_unit_test_teardown(test_ten_thousand, lab_teardown),
        cmocka_unit_test_teardown(test_readers, lab_teardown),
        cmocka_unit_test_teardown(test_loader_fails, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
