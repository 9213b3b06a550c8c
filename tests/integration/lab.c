/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "util.h"

enum { CHILDREN_MAX = 16, POLL_MSEC = 20, PATHS = 4, EXEC_FAILED = 127 };

/* Kept for the teardown, which must find them after an assertion has left the test. */
static struct lab_child children[CHILDREN_MAX];
static char scratch[32];
static bool bpffs_mounted;

static void skip_aloud(const char *reason) {
    const char *ci = getenv("CI");

    print_message("SKIPPED: %s\n", reason);
    if (ci && strcmp(ci, "true") == 0)
        fail_msg("CI=true does not allow a skipped test");
    skip();
}

void lab_need_root(void) {
    if (geteuid() != 0)
        skip_aloud("needs root for network namespaces");
}

void lab_need_file(const char *path) {
    if (access(path, F_OK) < 0)
        skip_aloud(path);
}

static void pause_briefly(void) {
    nanosleep(&(struct timespec){.tv_nsec = POLL_MSEC * 1000000L}, NULL);
}

void lab_enter(void) {
    lab_need_root();
    if (unshare(CLONE_NEWNET) < 0)
        fail_msg("unshare: %s", strerror(errno));
    lab_shell(LAB_HERE, "tests/tools/silent-link");
}

void lab_enter_own_table(const char *buckets) {
    lab_need_root();
    if (unshare(CLONE_NEWNET) < 0)
        fail_msg("unshare: %s", strerror(errno));
    if (access("/proc/sys/net/ipv4/tcp_child_ehash_entries", F_OK) == 0)
        lab_sysctl("net/ipv4/tcp_child_ehash_entries", buckets);
    lab_enter();
}

void lab_mount_bpffs(const char *options) {
    lab_need_file(lab_program("synwaitd-bpf"));
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        fail_msg("mount namespace: %s", strerror(errno));
    if (mount("bpf", "/sys/fs/bpf", "bpf", 0, options) < 0)
        fail_msg("bpffs: %s", strerror(errno));
    bpffs_mounted = true;
}

void lab_run_loader(const char *verb) {
    lab_shell(LAB_HERE, "%s %s", lab_program("synwaitd-bpf"), verb);
}

static int open_namespace(void) {
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fail_msg("/proc/self/ns/net: %s", strerror(errno));
    return fd;
}

int lab_peer_namespace(void) {
    int here = open_namespace();

    if (unshare(CLONE_NEWNET) < 0)
        fail_msg("unshare: %s", strerror(errno));
    int peer = open_namespace();
    if (setns(here, CLONE_NEWNET) < 0)
        fail_msg("setns: %s", strerror(errno));
    close(here);
    lab_shell(LAB_HERE, "ip link add peer0 type veth peer name peer1 netns /proc/%d/fd/%d", getpid(), peer);
    lab_shell(LAB_HERE, "ip addr add 192.0.2.1/24 dev peer0 && ip link set peer0 up");
    lab_shell(peer, "ip addr add 192.0.2.2/24 dev peer1 && ip link set peer1 up && ip link set lo up");
    return peer;
}

void lab_sysctl(const char *path, const char *value) {
    CLEANUP_FD int sys = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    CLEANUP_FD int fd = openat(sys, path, O_WRONLY | O_CLOEXEC);
    ssize_t length = (ssize_t)strlen(value);

    if (fd < 0 || write(fd, value, (size_t)length) != length)
        fail_msg("%s: %s", path, strerror(errno));
}

void lab_shell(int netns, const char *format, ...) {
    char command[1024];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_in_range(length, 1, sizeof command - 1);
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    struct lab_child *child = lab_start(netns, argv);
    int code = lab_wait_exit(child, 30);
    CLEANUP_FREE char *error = lab_error(child);
    if (code != 0)
        fail_msg("%s: exit %d: %s", command, code, error);
    lab_release(child);
}

void lab_release(struct lab_child *child) {
    child->used = false;
    lab_end_input(child);
    close(child->output);
    close(child->error);
}

/* This program is BUILD/test/integration/test_x. */
const char *lab_program(const char *name) {
    static char path[PATHS][PATH_MAX + 64];
    static unsigned int next;
    char *slot = path[next++ % PATHS];
    ssize_t length = readlink("/proc/self/exe", slot, PATH_MAX);

    assert_in_range(length, 1, PATH_MAX - 1);
    slot[length] = '\0';
    for (int up = 0; up < 3; up++)
        *strrchr(slot, '/') = '\0';
    size_t used = strlen(slot);
    snprintf(slot + used, PATH_MAX + 64 - used, "/%s", name);
    return slot;
}

static struct lab_child *free_slot(void) {
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (!children[i].used)
            return &children[i];
    fail_msg("more than %d children", CHILDREN_MAX);
    return NULL;
}

/* In the child, after fork(). */
static void become(int netns, int input, const struct lab_child *child, const char *const argv[]) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (netns != LAB_HERE && setns(netns, CLONE_NEWNET) < 0)
        _exit(EXEC_FAILED);
    dup2(input, STDIN_FILENO);
    dup2(child->output, STDOUT_FILENO);
    dup2(child->error, STDERR_FILENO);
    execv(argv[0], (char *const *)argv);
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    _exit(EXEC_FAILED);
}

struct lab_child *lab_start(int netns, const char *const argv[]) {
    struct lab_child *child = free_slot();
    int input[2];

    if (pipe2(input, O_CLOEXEC) < 0)
        fail_msg("pipe: %s", strerror(errno));
    *child = (struct lab_child){.used = true,
                                .input = input[1],
                                .output = memfd_create("output", MFD_CLOEXEC),
                                .error = memfd_create("error", MFD_CLOEXEC)};
    child->pid = fork();
    if (child->pid == 0)
        become(netns, input[0], child, argv);
    close(input[0]);
    if (child->pid < 0)
        fail_msg("fork: %s", strerror(errno));
    return child;
}

static char *whole_file(int fd) {
    struct stat status;

    if (fstat(fd, &status) < 0)
        fail_msg("fstat: %s", strerror(errno));
    char *text = calloc(1, (size_t)status.st_size + 1);
    assert_non_null(text);
    ssize_t got = pread(fd, text, (size_t)status.st_size, 0);
    assert_int_equal(got, status.st_size);
    return text;
}

char *lab_output(const struct lab_child *child) {
    return whole_file(child->output);
}

char *lab_error(const struct lab_child *child) {
    return whole_file(child->error);
}

/* Takes note of the end, if it has come. */
static void reap(struct lab_child *child) {
    if (child->pid > 0 && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
        child->pid = 0;
}

static bool file_has(int fd, const char *text) {
    CLEANUP_FREE char *whole = whole_file(fd);

    return strstr(whole, text) != NULL;
}

static void wait_text(struct lab_child *child, int fd, const char *text, unsigned int seconds) {
    uint64_t end_usec = now_monotonic_usec() + seconds * USEC_PER_SEC;

    for (;;) {
        reap(child);
        if (file_has(fd, text))
            return;
        if (child->pid == 0 || now_monotonic_usec() > end_usec)
            break;
        pause_briefly();
    }
    CLEANUP_FREE char *output = lab_output(child);
    CLEANUP_FREE char *error = lab_error(child);
    fail_msg("no \"%s\" within %u s (%s)\nstandard output: %s\nstandard error: %s", text, seconds,
             child->pid ? "still running" : "it has ended", output, error);
}

void lab_wait_output(struct lab_child *child, const char *text, unsigned int seconds) {
    wait_text(child, child->output, text, seconds);
}

void lab_wait_error(struct lab_child *child, const char *text, unsigned int seconds) {
    wait_text(child, child->error, text, seconds);
}

int lab_wait_exit(struct lab_child *child, unsigned int seconds) {
    uint64_t end_usec = now_monotonic_usec() + seconds * USEC_PER_SEC;

    for (reap(child); child->pid > 0; reap(child)) {
        if (now_monotonic_usec() > end_usec)
            fail_msg("still running after %u s", seconds);
        pause_briefly();
    }
    CLEANUP_FREE char *error = lab_error(child);
    if (!WIFEXITED(child->status))
        fail_msg("ended by signal %d\nstandard error: %s", WTERMSIG(child->status), error);
    return WEXITSTATUS(child->status);
}

void lab_signal(const struct lab_child *child, int number) {
    if (child->pid > 0)
        kill(child->pid, number);
}

void lab_end_input(struct lab_child *child) {
    if (child->input >= 0)
        close(child->input);
    child->input = -1;
}

const char *lab_scratch(void) {
    assert_int_equal(scratch[0], '\0');
    snprintf(scratch, sizeof scratch, "/tmp/synwaitd-test-XXXXXX");
    assert_non_null(mkdtemp(scratch));
    return scratch;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

static void remove_scratch(void) {
    nftw(scratch, remove_entry, CHILDREN_MAX, FTW_DEPTH | FTW_PHYS);
    scratch[0] = '\0';
}

int lab_teardown(void **state) {
    (void)state;
    if (bpffs_mounted)
        umount2("/sys/fs/bpf", MNT_DETACH); /* the next test may be about doing without */
    bpffs_mounted = false;
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct lab_child *child = &children[i];
        if (!child->used)
            continue;
        if (child->pid > 0) {
            kill(child->pid, SIGKILL);
            waitpid(child->pid, &child->status, 0);
        }
        lab_end_input(child);
        close(child->output);
        close(child->error);
        *child = (struct lab_child){0};
    }
    if (scratch[0] != '\0')
        remove_scratch(); /* nobody writes there any more */
    return 0;
}
