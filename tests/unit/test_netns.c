/* SPDX-License-Identifier: MIT */
#include "case.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "util.h"

static void need_root(void) {
    const char *ci = getenv("CI");

    if (geteuid() == 0)
        return;
    print_message("SKIPPED: needs root for network namespaces\n");
    if (ci && strcmp(ci, "true") == 0)
        fail_msg("CI=true does not allow a skipped test");
    skip();
}

/* Runs @p body in a child, whose namespaces end with it; it returns 0, or errno. */
static void in_child(int (*body)(void)) {
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(body());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int is_named(const char *wanted) {
    char name[64];

    netns_name(name, sizeof name);
    if (strcmp(name, wanted) == 0)
        return 0;
    fprintf(stderr, "\"%s\", wanted \"%s\"\n", name, wanted);
    return EDOM;
}

/* In a container even root may not see whose namespace pid 1 has. */
static bool init_is_known(void) {
    struct stat init;

    return stat("/proc/1/ns/net", &init) == 0;
}

static int unnamed(void) {
    struct stat own;
    char wanted[64];

    if (unshare(CLONE_NEWNET) < 0 || stat("/proc/self/ns/net", &own) < 0)
        return errno;
    snprintf(wanted, sizeof wanted, "net:[%ju]", (uintmax_t)own.st_ino);
    return is_named(init_is_known() ? wanted : "host");
}

/* As ip-netns(8) does it, in a /run of the child's own. */
static int named(void) {
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/netns", 0755) < 0)
        return errno;
    int other = open("/run/netns/other", O_CREAT | O_CLOEXEC, 0644);
    int own = open("/run/netns/blue", O_CREAT | O_CLOEXEC, 0644);
    if (other < 0 || own < 0 || mount("/proc/self/ns/net", "/run/netns/blue", NULL, MS_BIND, NULL) < 0)
        return errno;
    return is_named("blue");
}

static int cut_to_size(void) {
    char name[4];

    netns_name(name, sizeof name);
    return strlen(name) == sizeof name - 1 ? 0 : EDOM;
}

/* The initial namespace, unless the tests themselves run in another. */
static void test_host(void **state) {
    struct stat own, init;
    char name[64];

    (void)state;
    assert_int_equal(stat("/proc/self/ns/net", &own), 0);
    netns_name(name, sizeof name);
    if (stat("/proc/1/ns/net", &init) == 0)
        assert_int_equal(strcmp(name, "host") == 0, own.st_ino == init.st_ino);
    else
        assert_string_not_equal(name, "");
}

static void test_unnamed(void **state) {
    (void)state;
    need_root();
    in_child(unnamed);
}

static void test_named(void **state) {
    (void)state;
    need_root();
    in_child(named);
}

static void test_cut_to_size(void **state) {
    (void)state;
    in_child(cut_to_size);
}

/* pid 1 cannot be read without privilege: an unnamed namespace then counts as the host's. */
static int unprivileged(void) {
    if (unshare(CLONE_NEWNET) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
        return errno;
    return is_named("host");
}

static void test_unprivileged(void **state) {
    (void)state;
    need_root();
    in_child(unprivileged);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host),        cmocka_unit_test(test_unnamed),      cmocka_unit_test(test_named),
        cmocka_unit_test(test_cut_to_size), cmocka_unit_test(test_unprivileged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
