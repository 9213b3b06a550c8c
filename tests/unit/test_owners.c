/* SPDX-License-Identifier: MIT */
/* The kernel's own cgroup2 tree, with services made here. */
#include "owners.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cgroups.h"
#include "netns_case.h"
#include "tree.h"
#include "util.h"

#define SECOND USEC_PER_SEC

/* Below one directory of the test's own in the cgroup2 tree. */
static char top[256];

/* A cgroup with a process in it that listens. */
struct member {
    char path[512];
    pid_t pid;
    uint64_t cgroup, inode;
};

static int make_top(void **state) {
    char *directory CLEANUP_FREE = cgroup2_directory("/sys/fs/cgroup");
    const char *ci = getenv("CI");

    netns_setup(state);
    if (directory && geteuid() == 0) {
        snprintf(top, sizeof top, "%s/synwaitd-test-%d.slice", directory, (int)getpid());
        if (mkdir(top, 0755) == 0)
            return 0;
    }
    top[0] = '\0';
    print_message("SKIPPED: no cgroup2 tree to make cgroups in\n");
    return ci && strcmp(ci, "true") == 0 ? -1 : 0;
}

static int remove_directory(const char *path, const struct stat *status, int type, struct FTW *ftw) {
    (void)status;
    (void)ftw;
    return type == FTW_DP ? rmdir(path) : 0;
}

/* A failed test leaves its processes, and one that has just ended can hold its cgroup for a moment. */
static int remove_top(void **state) {
    char path[300];

    (void)state;
    if (!top[0])
        return 0;
    snprintf(path, sizeof path, "%s/cgroup.kill", top);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "1", 1) != 1)
        print_message("%s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    for (int i = 0; i < 500 && access(top, F_OK) == 0; i++) {
        nftw(top, remove_directory, 16, FTW_DEPTH | FTW_PHYS);
        usleep(10000);
    }
    return access(top, F_OK) == 0 ? -1 : 0;
}

static void need_cgroups(void) {
    if (!top[0])
        skip();
}

static uint64_t inode_of(const char *path) {
    struct stat status;

    if (stat(path, &status) < 0)
        fail_msg("%s: %s", path, strerror(errno));
    return status.st_ino;
}

static void listen_in(const char *cgroup, int report_fd) {
    char procs[600];
    struct stat status;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "listener");
    snprintf(procs, sizeof procs, "%s/cgroup.procs", cgroup);
    int fd = open(procs, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
        _exit(1);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listen(listener, 1) < 0 || fstat(listener, &status) < 0 ||
        write(report_fd, &status.st_ino, sizeof status.st_ino) != sizeof status.st_ino)
        _exit(1);
    for (;;)
        pause();
}

static struct member start(const char *path) {
    struct member member = {0};
    int report[2];
    ino_t inode;

    snprintf(member.path, sizeof member.path, "%s/%s", top, path);
    for (char *slash = member.path + strlen(top) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(member.path, 0755);
        *slash = '/';
    }
    if (mkdir(member.path, 0755) < 0)
        fail_msg("%s: %s", member.path, strerror(errno));
    member.cgroup = inode_of(member.path);
    assert_int_equal(pipe2(report, O_CLOEXEC), 0);
    member.pid = fork();
    if (member.pid == 0)
        listen_in(member.path, report[1]);
    close(report[1]);
    ssize_t got = read(report[0], &inode, sizeof inode);
    close(report[0]);
    assert_int_equal(got, sizeof inode);
    member.inode = inode;
    return member;
}

static void stop(const struct member *member) {
    kill(member->pid, SIGKILL);
    waitpid(member->pid, NULL, 0);
}

static struct owners *real_owners(void) {
    need_cgroups();
    struct owners *owners = owners_new("/proc", "/sys/fs/cgroup");
    assert_non_null(owners);
    return owners;
}

static void names_all(void **state) {
    static const struct {
        const char *path, *unit;
    } rows[] = {
        {"nginx.service", "nginx.service"},
        {"a.slice/a-b.slice/getty@tty1.service/delegated/7", "getty@tty1.service"},
        {"docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "docker/0123456789ab"},
        {"user-1000.slice/user@1000.service/app.slice/mail.service", "user@1000.service/mail.service"},
    };
    struct member member[ARRAY_SIZE(rows)];
    struct finding finding = {.shares.holder_count = 4};
    struct owners *owners = real_owners();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        member[i] = start(rows[i].path);
        finding.shares.holder[i].cgroup = member[i].cgroup;
    }
    finding.owner = (struct holder){.cgroup = member[1].cgroup, .inode = member[1].inode};
    owners_name(owners, SECOND, &finding, 1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_string_equal(finding.holder_unit[i], rows[i].unit);
    assert_string_equal(finding.unit, rows[1].unit);
    assert_int_equal(finding.pid, member[1].pid);
    assert_string_equal(finding.comm, "listener");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        stop(&member[i]);
    owners_free(owners);
}

static void name_one(struct owners *owners, uint64_t now_usec, const struct member *member,
                     struct finding *finding) {
    *finding = (struct finding){.owner = {.cgroup = member->cgroup, .inode = member->inode}};
    owners_name(owners, now_usec, finding, 1);
}

/* The service ends after it was named: the unit stays known, the process does not. */
static void service_ends(void **state) {
    struct owners *owners = real_owners();
    struct finding finding;

    (void)state;
    struct member member = start("short.service");
    name_one(owners, SECOND, &member, &finding);
    assert_string_equal(finding.unit, "short.service");
    assert_int_equal(finding.pid, member.pid);
    stop(&member);
    for (int i = 0; i < 500 && rmdir(member.path) < 0; i++)
        usleep(10000);
    assert_int_equal(access(member.path, F_OK), -1);
    name_one(owners, 1000 * SECOND, &member, &finding);
    assert_string_equal(finding.unit, "short.service");
    assert_int_equal(finding.pid, 0);
    assert_string_equal(finding.comm, "");
    /* One that was never met has no name. */
    struct owners *late = real_owners();
    name_one(late, SECOND, &member, &finding);
    assert_string_equal(finding.unit, "");
    owners_free(late);
    owners_free(owners);
}

/* The kernel takes any byte but a newline and a slash. */
static void odd_names(void **state) {
    char longest[256];
    const char *const names[] = {"a\x1b[31m%s\\x2d\xff.service", longest};
    struct owners *owners = real_owners();

    (void)state;
    memset(longest, 'n', sizeof longest);
    memcpy(longest + 255 - strlen(".service"), ".service", sizeof ".service");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct finding finding;
        struct member member = start(names[i]);
        name_one(owners, 1000 * SECOND * (i + 1), &member, &finding);
        stop(&member);
        assert_string_equal(finding.unit, names[i]);
    }
    owners_free(owners);
}

/* What the daemon can do without any privilege: the unit. Exit status 0: that, and nothing else. */
static int name_unprivileged(const struct member *member) {
    struct owners *owners = real_owners();
    struct finding finding;

    if (setgid(65534) < 0 || setuid(65534) < 0)
        return 2;
    name_one(owners, SECOND, member, &finding);
    owners_free(owners);
    return strcmp(finding.unit, "plain.service") != 0 ? 3 : finding.pid != 0 || finding.comm[0] ? 4 : 0;
}

static void unprivileged(void **state) {
    int status = -1;

    (void)state;
    need_cgroups();
    struct member member = start("plain.service");
    pid_t child = fork();
    if (child == 0)
        _exit(name_unprivileged(&member));
    assert_int_equal(waitpid(child, &status, 0), child);
    stop(&member);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void nothing_there(void **state) {
    struct owners *owners = owners_new("/nowhere/at/all", "/nowhere/at/all");
    struct finding finding = {.owner = {.cgroup = 7, .inode = 7}, .shares.holder_count = 1};

    (void)state;
    assert_non_null(owners);
    memset(finding.unit, 'x', 3);
    owners_name(owners, SECOND, &finding, 1);
    assert_string_equal(finding.unit, "");
    assert_int_equal(finding.pid, 0);
    assert_null(owners_free(owners));
    assert_null(owners_free(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_all),    cmocka_unit_test(service_ends),  cmocka_unit_test(odd_names),
        cmocka_unit_test(unprivileged), cmocka_unit_test(nothing_there),
    };

    return cmocka_run_group_tests(tests, make_top, remove_top);
}
