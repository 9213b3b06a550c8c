/* SPDX-License-Identifier: MIT */
/* Whose the sockets are, as the kernel tells it, in a network namespace. */
#include "netns_case.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "sampler.h"
#include "shares.h"
#include "util.h"

static struct config config;

static int enter(void **state) {
    config = (struct config){.cpu_budget_permyriad = 10000};
    config.rule[CONDITION_TIME_WAIT] = (struct threshold_rule){.enabled = true, .warning = {1, UNIT_COUNT}};
    config.rule[CONDITION_ESTABLISHED] = config.rule[CONDITION_TIME_WAIT];
    return netns_setup(state);
}

/* The inode number of this process's cgroup in the v2 hierarchy, which is the cgroup's id; 0 if not found. */
static uint64_t own_cgroup(void) {
    static const char *const roots[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    char text[4096], path[4096];
    struct stat status;

    if (read_file_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof text) <= 0)
        return 0;
    const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (!line)
        return 0;
    line = strchr(line, '/');
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
        int length = snprintf(path, sizeof path, "%s%.*s/cgroup.procs", roots[i],
                              line ? (int)strcspn(line, "\n") : 0, line ? line : "");
        if (length < 0 || length >= (int)sizeof path || stat(path, &status) < 0)
            continue;
        *strrchr(path, '/') = '\0';
        return stat(path, &status) == 0 ? status.st_ino : 0;
    }
    return 0;
}

static uint64_t inode_of(int fd) {
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

static void check_holder(const char *name, const struct shares *shares, uint32_t sockets, uint64_t cgroup) {
    check_row(name, shares->sockets, sockets);
    check_row(name, shares->estimate, false);
    check_row(name, shares->holder_count, 1);
    check_row(name, shares->holder[0].sockets, sockets);
    check_row(name, shares->holder[0].cgroup, cgroup);
    check_row(name, shares->address_count, 1);
    check_row(name, shares->address[0].sockets, sockets);
    check_row(name, shares->address[0].prefix_length, 32);
    check_row(name, shares->address[0].network.address[0], 127);
}

/* A leak of three, and two that are fine. */
static void test_leak(void **state) {
    uint64_t cgroup = own_cgroup();
    struct shares shares;

    (void)state;
    need_root();
    struct service service = serve(8010, 16);
    connect_some(&service, 8010, 5);
    for (size_t i = 0; i < 3; i++) {
        close(service.client[i]);
        service.client[i] = -1;
    }
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    shares_find(sample->shares, STATE_CLOSE_WAIT, 8010, &shares);
    check_row("at once", shares.sockets, 3);
    usleep(100000); /* the delayed ACKs of the FINs */
    sample = sampler_take(sampler, &config, false);
    check_row("listener", sample->listener_count, 1);
    if (cgroup != 0)
        check_row("listener", sample->listener[0].cgroup, cgroup);
    shares_find(sample->shares, STATE_CLOSE_WAIT, 8010, &shares);
    check_holder("CLOSE-WAIT", &shares, 3, sample->listener[0].cgroup);
    bool held = false;
    for (size_t i = 0; i < 3; i++)
        held = held || shares.holder[0].inode == inode_of(service.server[i]);
    check_row("inode", held, true);
    check_row("median", sample->close_wait_median_usec >= 100000, true);
    check_row("median", sample->close_wait_median_usec < 60 * USEC_PER_SEC, true);
    shares_find(sample->shares, STATE_ESTABLISHED, 8010, &shares); /* the server's ends */
    check_holder("ESTABLISHED", &shares, 2, sample->listener[0].cgroup);
    shares_find(sample->shares, STATE_ESTABLISHED, 0, &shares);
    check_holder("ESTABLISHED", &shares, 4, sample->listener[0].cgroup);
    shares_find(sample->shares, STATE_FIN_WAIT_2, 0, &shares);
    check_row("FIN-WAIT-2", shares.sockets, 3);
    end(&service);
    sample = sampler_take(sampler, &config, false);
    shares_find(sample->shares, STATE_CLOSE_WAIT, 0, &shares);
    check_row("gone", shares.sockets + shares.holder_count + shares.address_count, 0);
    check_row("gone", sample->close_wait_median_usec, 0);
}

static void test_time_wait(void **state) {
    struct shares shares;

    (void)state;
    need_root();
    struct service service = serve(8011, 16);
    connect_some(&service, 8011, 2);
    for (size_t i = 0; i < 2; i++) {
        close(service.server[i]);
        close(service.client[i]);
        service.client[i] = service.server[i] = -1;
    }
    usleep(100000); /* the delayed ACKs of the FINs */
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    shares_find(sample->shares, STATE_TIME_WAIT, 8011, &shares);
    check_row("sockets", shares.sockets, 2);
    check_row("addresses", shares.address_count, 1);
    check_row("holders", shares.holder_count, 0);
    end(&service);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_leak, enter),
        cmocka_unit_test_setup(test_time_wait, enter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
