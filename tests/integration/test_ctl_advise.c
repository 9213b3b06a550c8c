/* SPDX-License-Identifier: MIT */
/* synwaitctl advise: what it prints is a file for sysctl.d, and sysctl(8) really sets these values. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl_run.h"
#include "lab.h"
#include "util.h"

#define SERVER       "198.18.0.1"
#define NARROW_RANGE "40000 40199"

/* Some 195 of 200 ports towards one destination, in TIME-WAIT: now and then the kernel ends one or two early.
 */
static void exhaust_ports(void) {
    const char *server[] = {lab_program("tools/tcpload"), "listen", "--addr", SERVER, "--port", "8080", NULL};
    const char *client[] = {
        lab_program("tools/tcpload"), "churn", "--addr", SERVER, "--port", "8080", "--count", "195", NULL};

    lab_sysctl("net/ipv4/ip_local_port_range", NARROW_RANGE);
    ctl_start_load(server);
    ctl_start_load(client);
}

static bool is_assignment(const char *line, size_t length) {
    const char *equals = memmem(line, length, " = ", 3);

    return strncmp(line, "net.", 4) == 0 && equals && (size_t)(equals + 3 - line) < length;
}

/* Every line is a comment, blank, or "key = value". @return how many of the latter */
static unsigned int check_fragment(const struct ctl_run *run) {
    unsigned int assignments = 0;

    assert_int_equal(run->code, 0);
    assert_string_equal(run->error, "");
    for (const char *line = run->output; *line;) {
        size_t length = strcspn(line, "\n");
        bool assignment = is_assignment(line, length);
        if (length > 0 && line[0] != '#' && !assignment)
            fail_msg("no line of sysctl.d: %.*s", (int)length, line);
        assignments += assignment;
        line += length + 1;
    }
    return assignments;
}

/* Applies the output with sysctl(8) to this namespace. */
static void apply(const struct ctl_run *run) {
    static const char name[] = "advice.conf";
    const char *directory = lab_scratch();

    assert_int_equal(write_file_atomic(directory, name, run->output, strlen(run->output), 0644), 0);
    lab_shell(LAB_HERE, "PATH=$PATH:/usr/sbin:/sbin sysctl -p %s/%s", directory, name);
}

static void expect_sysctl(const char *path, const char *wanted) {
    CLEANUP_FD int sys = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char text[256];

    assert_true(read_file_at(sys, path, text, sizeof text) > 0);
    text[strcspn(text, "\n")] = '\0';
    for (char *tab = text; (tab = strchr(tab, '\t'));)
        *tab = ' ';
    assert_string_equal(text, wanted);
}

static void test_applied(void **state) {
    (void)state;
    lab_enter();
    exhaust_ports();
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "advise", "--seconds", "1");
    assert_int_equal(check_fragment(&run), 2);
    ctl_expect(run.output, "\nnet.ipv4.tcp_tw_reuse = 1\n");
    ctl_expect(run.output, "\nnet.ipv4.ip_local_port_range = 10000 65535\n");
    ctl_expect(run.output, "\n# critical: Ephemeral ports running out towards " SERVER ":8080");
    ctl_expect(run.output, "\n#   effect    more local ports for each destination\n");
    ctl_expect(run.output, "\n#   cost      relies on timestamps at both ends\n");
    ctl_expect(run.output, "\n#   scope     this network namespace\n");
    ctl_expect(run.output, "\n#   now       40000 40199\n");
    expect_sysctl("net/ipv4/tcp_tw_reuse", "2");
    expect_sysctl("net/ipv4/ip_local_port_range", NARROW_RANGE);
    apply(&run);
    expect_sysctl("net/ipv4/tcp_tw_reuse", "1");
    expect_sysctl("net/ipv4/ip_local_port_range", "10000 65535");
    CLEANUP_CTL_RUN struct ctl_run after = CTL_RUN(CTL_ROOT, "advise", "--seconds", "1");
    assert_int_equal(check_fragment(&after), 0);
    ctl_expect(after.output, "# nothing to advise: no threshold is exceeded\n");
}

/* Files of sysctl.d are not applied to another namespace: the commands are printed instead. */
static void test_other_namespace(void **state) {
    (void)state;
    lab_enter();
    exhaust_ports();
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_NAMED, "advise", "--seconds", "1");
    assert_int_equal(check_fragment(&run), 2);
    ctl_expect(run.output, "# This is the network namespace " CTL_NETNS ".");
    ctl_expect(run.output, "\n#     sysctl -w net.ipv4.tcp_tw_reuse=1\n");
    ctl_expect(run.output, "\n#     sysctl -w net.ipv4.ip_local_port_range=\"10000 65535\"\n");
    ctl_expect_not(run.output, "/etc/sysctl.d");
}

/* On the host what sets a value today is named, and the file is read after it. */
static void test_host_files(void **state) {
    (void)state;
    lab_enter();
    exhaust_ports();
    ctl_sysctl_d("99-sysctl.conf", "# ours\nnet.ipv4.tcp_tw_reuse = 2\n");
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_HOST, "advise", "--seconds", "1");
    assert_int_equal(check_fragment(&run), 2);
    ctl_expect(run.output, "\n#     /etc/sysctl.d/zz-synwaitd.conf\n");
    ctl_expect(run.output, "\n#     sysctl -p /etc/sysctl.d/zz-synwaitd.conf\n");
    ctl_expect(run.output, "\n#   now       2, set by /etc/sysctl.d/99-sysctl.conf:2\n");
    CLEANUP_CTL_RUN struct ctl_run again = CTL_RUN(CTL_HOST, "advise", "--seconds", "1", "--json");
    json_t *keys = ctl_json(&again), *problems;
    const char *key, *current, *recommended, *set_by;
    int line;
    assert_int_equal(json_array_size(keys), 2);
    assert_int_equal(json_unpack(json_array_get(keys, 0), "{s:s, s:s, s:s, s:s, s:i, s:o}", "key", &key,
                                 "current", &current, "recommended", &recommended, "set_by", &set_by, "line",
                                 &line, "problems", &problems),
                     0);
    assert_string_equal(key, "net.ipv4.tcp_tw_reuse");
    assert_string_equal(current, "2");
    assert_string_equal(recommended, "1");
    assert_string_equal(set_by, "/etc/sysctl.d/99-sysctl.conf");
    assert_int_equal(line, 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(problems, 0), "problem")),
                        "port-exhaustion");
    assert_true(json_is_null(json_object_get(json_array_get(keys, 1), "set_by")));
    json_decref(keys);
}

static void test_unprivileged(void **state) {
    (void)state;
    lab_enter();
    exhaust_ports();
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_NOBODY, "advise", "--seconds", "1");
    assert_int_equal(check_fragment(&run), 2);
    ctl_expect(run.output, "\nnet.ipv4.tcp_tw_reuse = 1\n");
}

static void test_nothing(void **state) {
    (void)state;
    lab_enter();
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "advise", "--seconds", "1");
    assert_int_equal(check_fragment(&run), 0);
    assert_string_equal(run.output, "# nothing to advise: no threshold is exceeded\n");
    CLEANUP_CTL_RUN struct ctl_run all = CTL_RUN(CTL_ROOT, "advise", "--seconds", "1", "--all");
    assert_string_equal(all.output,
                        "# nothing to advise: no threshold is exceeded and no setting is unsafe\n");
    CLEANUP_CTL_RUN struct ctl_run json = CTL_RUN(CTL_ROOT, "advise", "--seconds", "1", "--json");
    assert_string_equal(json.output, "[]\n");
}

static void test_no_sysctl_helps(void **state) {
    const char *leak[] = {
        lab_program("tools/tcpload"), "leak", "--addr", SERVER, "--port", "8080", "--count", "1100", NULL};

    (void)state;
    lab_enter();
    ctl_start_load(leak);
    lab_shell(LAB_HERE, "sleep 6"); /* then they are old enough to be a leak */
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "advise", "--seconds", "1");
    assert_int_equal(check_fragment(&run), 0);
    ctl_expect(run.output, "# nothing to advise: no sysctl helps against what is wrong now\n");
    ctl_expect(run.output, "\n# no sysctl helps: CLOSE-WAIT leak on " SERVER ":8080");
    ctl_expect(run.output, "\n#     1) fix the application: ");
    ctl_expect(run.output, "\n#     2) until then restart it in time");
}

/* Settings that are unsafe while nothing is wrong are mentioned, and told with --all; ports are added to the
   list that is there. */
static void test_unsafe(void **state) {
    const char *server[] = {
        lab_program("tools/tcpload"), "listen", "--addr", SERVER, "--port", "40007", NULL};

    (void)state;
    lab_enter();
    lab_sysctl("net/ipv4/tcp_syncookies", "0");
    lab_sysctl("net/ipv4/ip_local_reserved_ports", "9000-9002,40000");
    ctl_start_load(server);
    CLEANUP_CTL_RUN struct ctl_run run = CTL_RUN(CTL_ROOT, "advise", "--seconds", "1");
    assert_int_equal(check_fragment(&run), 0);
    ctl_expect(run.output, "# nothing to advise: no threshold is exceeded\n# 2 unsafe settings: --all\n");
    CLEANUP_CTL_RUN struct ctl_run all = CTL_RUN(CTL_ROOT, "advise", "--seconds", "1", "--all");
    assert_int_equal(check_fragment(&all), 2);
    ctl_expect(all.output, "\n#   unsafe    a full SYN queue then drops real clients\n");
    ctl_expect(all.output, "\n#   now       9000-9002,40000\n");
    apply(&all);
    expect_sysctl("net/ipv4/tcp_syncookies", "1");
    expect_sysctl("net/ipv4/ip_local_reserved_ports", "9000-9002,40000,40007");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_applied, lab_teardown),
        cmocka_unit_test_teardown(test_other_namespace, lab_teardown),
        cmocka_unit_test_teardown(test_host_files, lab_teardown),
        cmocka_unit_test_teardown(test_unprivileged, lab_teardown),
        cmocka_unit_test_teardown(test_nothing, lab_teardown),
        cmocka_unit_test_teardown(test_no_sysctl_helps, lab_teardown),
        cmocka_unit_test_teardown(test_unsafe, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
