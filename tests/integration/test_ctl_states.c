/* SPDX-License-Identifier: MIT */
/* synwaitctl states on known sockets: its counts against those made here and against ss. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/load/states.h"
#include "lab.h"
#include "sockets_case.h"
#include "tcp_state.h"
#include "util.h"

#define SERVER  "198.18.0.1"
#define SERVER6 "2001:db8:1::1"

static const char *ss_name(enum tcp_state state) {
    return state == STATE_ESTABLISHED ? "ESTAB" : tcp_state_name(state);
}

/* The namespace has all states in these kinds, made by the test. */
struct made {
    struct states states[STATES_KINDS];
    unsigned int kinds;
};

static void make(struct made *made, unsigned int kinds) {
    lab_enter();
    for (made->kinds = 0; made->kinds < kinds; made->kinds++)
        assert_int_equal(states_make(&made->states[made->kinds], (enum states_kind)made->kinds), 0);
}

static void release(struct made *made) {
    while (made->kinds > 0)
        states_release(&made->states[--made->kinds]);
}

static long long total_made(void) {
    long long total = 0;

    for (int state = STATE_ESTABLISHED; state < STATE_COUNT; state++)
        total += state == STATE_CLOSED ? 0 : states_count(state);
    return total;
}

/* Every state of a JSON answer without --by. */
static void check_counts(const json_t *rows, unsigned int kinds) {
    for (enum tcp_state state = STATE_ESTABLISHED; state < STATE_COUNT; state++) {
        if (state == STATE_CLOSED)
            continue;
        long long made = kinds * states_count((int)state);
        const json_t *row = sockets_object(rows, "state", tcp_state_name(state));
        if (sockets_number(row, "sockets") != made || sockets_ss_lines(ss_name(state)) != (size_t)made)
            fail_msg("%s: made %lld, states %lld, ss %zu", tcp_state_name(state), made,
                     sockets_number(row, "sockets"), sockets_ss_lines(ss_name(state)));
    }
    assert_int_equal(json_array_size(rows), STATE_COUNT - 2);
}

/* The counters of the kernel and a dump of all give the same. */
static void test_total(void **state) {
    static const char *const ways[] = {
        "--json states", "states --json -s listen -s syn-sent -s syn-recv -s established "
                         "-s fin-wait-1 -s fin-wait-2 -s close-wait -s closing -s last-ack -s time-wait"};
    struct made made;

    (void)state;
    make(&made, STATES_KINDS);
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        json_t *rows = sockets_json(ways[i]);
        check_counts(rows, STATES_KINDS);
        json_decref(rows);
    }
    CLEANUP_SOCKETS_RUN struct sockets_run run = sockets_ctl("states");
    char line[64];
    assert_int_equal(run.code, 0);
    snprintf(line, sizeof line, "\n  CLOSE-WAIT        %u\n", STATES_KINDS * states_count(STATE_CLOSE_WAIT));
    assert_non_null(strstr(run.output, line));
    snprintf(line, sizeof line, "\n  total            %lld\n", STATES_KINDS * total_made());
    assert_non_null(strstr(run.output, line));
    release(&made);
}

/* "in" and "out" of a port that both have are apart. */
static const json_t *port_row(const json_t *rows, long long port, const char *direction) {
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (sockets_number(row, "port") == port && strcmp(sockets_text(row, "direction"), direction) == 0)
            return row;
    }
    fail_msg("no row of port %lld %s", port, direction);
    return NULL;
}

static void check_row_states(const json_t *row, enum tcp_state state, long long wanted) {
    const json_t *value = json_object_get(json_object_get(row, "states"), tcp_state_name(state));

    if (json_integer_value(value) != wanted)
        fail_msg("%s: %lld, not %lld", tcp_state_name(state), (long long)json_integer_value(value), wanted);
}

static void test_by_port(void **state) {
    struct made made;

    (void)state;
    make(&made, 2);
    json_t *rows = sockets_json("states --by port --limit 0 --json");
    long long sum = 0;
    for (size_t i = 0; i < json_array_size(rows); i++)
        sum += sockets_number(json_array_get(rows, i), "total");
    assert_int_equal(sum, 2 * total_made());
    for (enum states_kind kind = STATES_IPV4; kind <= STATES_IPV6; kind++) {
        const json_t *row = port_row(rows, states_listen_port(kind), "in");
        assert_int_equal(sockets_number(row, "total"), 1 + states_count_of("SYN-RECV half-open"));
        check_row_states(row, STATE_LISTEN, 1);
        check_row_states(row, STATE_SYN_RECV, states_count_of("SYN-RECV half-open"));
    }
    /* All connections of both kinds go to one remote port; it is the largest row. */
    const json_t *out = port_row(rows, 443, "out");
    assert_ptr_equal(out, json_array_get(rows, 0));
    check_row_states(out, STATE_TIME_WAIT, 2 * states_count(STATE_TIME_WAIT));
    check_row_states(out, STATE_SYN_RECV, 2 * states_count_of("SYN-RECV simultaneous"));
    assert_null(json_object_get(json_object_get(out, "states"), "LISTEN"));
    json_decref(rows);
    CLEANUP_SOCKETS_RUN struct sockets_run run = sockets_ctl("states --by port");
    assert_non_null(strstr(run.output, "\n  to :443 out "));
    assert_non_null(strstr(run.output, "\n  :8000 in "));
    assert_null(strstr(run.output, "CLOSED"));
    release(&made);
}

static void test_by_peer_and_family(void **state) {
    static const struct {
        const char *arguments, *key, *value;
        int kinds, listeners; /* of how many kinds are the sockets in the row */
    } rows[] = {
        {"states --by family --json", "family", "IPv6", 1, 2},
        {"states --by family --json", "family", "IPv4", 2, 1},
        {"states --by peer --json", "peer", "203.0.113.9", 2, 0},
        {"states --by peer --json", "peer", "2001:db8:2::9", 1, 0},
    };
    struct made made;

    (void)state;
    make(&made, STATES_KINDS);
    long long listeners = states_count(STATE_LISTEN), others = total_made() - listeners;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *all = sockets_json(rows[i].arguments);
        const json_t *row = sockets_object(all, rows[i].key, rows[i].value);
        long long wanted = rows[i].kinds * others + rows[i].listeners * listeners;
        if (sockets_number(row, "total") != wanted)
            fail_msg("%s: %lld, not %lld", rows[i].value, sockets_number(row, "total"), wanted);
        json_decref(all);
    }
    release(&made);
}

static void test_filters(void **state) {
    static const struct {
        const char *arguments;
        enum tcp_state state;
        unsigned int kinds;
    } rows[] = {
        {"states --json --peer 203.0.113.0/24", STATE_CLOSE_WAIT, 2},
        {"states --json --peer ::ffff:203.0.113.9", STATE_TIME_WAIT, 2},
        {"states --json --peer 2001:db8:2::/48", STATE_FIN_WAIT_2, 1},
        {"states --json --peer 2001:db8:3::/48", STATE_FIN_WAIT_2, 0},
        {"states --json --state last_ack", STATE_LAST_ACK, 3},
        {"states --json --port 443", STATE_ESTABLISHED, 3},
        {"states --json --port 443 --state closing --peer 203.0.113.9", STATE_CLOSING, 2},
        {"states --json --unit there-is-none", STATE_LISTEN, 0},
    };
    struct made made;

    (void)state;
    make(&made, STATES_KINDS);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *all = sockets_json(rows[i].arguments);
        const json_t *row = sockets_object(all, "state", tcp_state_name(rows[i].state));
        long long wanted = rows[i].kinds * states_count((int)rows[i].state);
        if (sockets_number(row, "sockets") != wanted)
            fail_msg("%s: %lld, not %lld", rows[i].arguments, sockets_number(row, "sockets"), wanted);
        json_decref(all);
    }
    release(&made);
}

/* The rows shown and the rest are all there is. */
static void test_limit(void **state) {
    enum { PEERS = 50, SHOWN = 7 };
    const char *listener[] = {
        lab_program("tools/tcpload"), "listen", "--addr", SERVER, "--port", "8080", NULL};
    const char *flood[] = {lab_program("tools/tcpload"),
                           "flood",
                           "--source-base",
                           "10.9.0.1",
                           "--sources",
                           "50",
                           "--addr",
                           SERVER,
                           "--port",
                           "8080",
                           "--rate",
                           "1000",
                           "--count",
                           "50",
                           NULL};

    (void)state;
    lab_enter();
    lab_wait_output(lab_start(LAB_HERE, listener), "READY", 30);
    assert_int_equal(lab_wait_exit(lab_start(LAB_HERE, flood), 30), 0);
    json_t *rows = sockets_json("states --by peer --limit 7 --json --state syn-recv");
    assert_int_equal(json_array_size(rows), SHOWN + 1);
    const json_t *rest = json_array_get(rows, SHOWN);
    assert_true(json_is_true(json_object_get(rest, "rest")));
    assert_int_equal(sockets_number(rest, "keys"), PEERS - SHOWN);
    assert_int_equal(sockets_number(rest, "total"), PEERS - SHOWN);
    check_row_states(rest, STATE_SYN_RECV, PEERS - SHOWN);
    json_decref(rows);
    CLEANUP_SOCKETS_RUN struct sockets_run run = sockets_ctl("states --by peer --limit 7 --state syn-recv");
    assert_non_null(strstr(run.output, "and 43 more with 43 sockets; --limit 0 shows all\n"));
    assert_int_equal(sockets_check_lines(run.output, SIZE_MAX), 1 + SHOWN + 2);
    CLEANUP_SOCKETS_RUN struct sockets_run all = sockets_ctl("states --by peer --limit 0 --state syn-recv");
    assert_null(strstr(all.output, "more"));
    assert_int_equal(sockets_check_lines(all.output, SIZE_MAX), 1 + PEERS + 1);
}

/* What has no cgroup of its own any more is counted where its listener is. */
static void test_by_unit(void **state) {
    char unit[64];

    (void)state;
    lab_need_root();
    sockets_service_make("states-a");
    sockets_service_make("states-b");
    lab_enter();
    sockets_service_start("states-a", "leak --addr " SERVER " --port 8080 --count 12");
    sockets_service_start("states-b",
                          "timewait-inbound --addr " SERVER6 " --port 8081 --count 9 --source-base "
                          "2001:db8:1::1");
    json_t *rows = sockets_json("states --by unit --json");
    snprintf(unit, sizeof unit, "states-a-%d.service", (int)getpid());
    check_row_states(sockets_object(rows, "unit", unit), STATE_CLOSE_WAIT, 12);
    check_row_states(sockets_object(rows, "unit", unit), STATE_LISTEN, 1);
    snprintf(unit, sizeof unit, "states-b-%d.service", (int)getpid());
    check_row_states(sockets_object(rows, "unit", unit), STATE_TIME_WAIT, 9);
    json_decref(rows);
    rows = sockets_json("states --json --unit states-a-*");
    assert_int_equal(sockets_number(sockets_object(rows, "state", "CLOSE-WAIT"), "sockets"), 12);
    assert_int_equal(sockets_number(sockets_object(rows, "state", "TIME-WAIT"), "sockets"), 0);
    json_decref(rows);
}

static void test_terminal(void **state) {
    static const unsigned short widths[] = {40, 80, 200};
    static const char *const arguments[] = {"states", "states --by port", "states --by peer",
                                            "states --by unit", "states --by family"};
    struct made made;

    (void)state;
    make(&made, STATES_KINDS);
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
        for (size_t j = 0; j < ARRAY_SIZE(arguments); j++) {
            char *text CLEANUP_FREE = sockets_on_terminal(widths[i], false, arguments[j]);
            assert_true(sockets_check_lines(text, widths[i]) > 1);
            /* The state with the most sockets is the last one that goes. */
            assert_non_null(strstr(text, "TIME-WAIT"));
        }
    char *wide CLEANUP_FREE = sockets_on_terminal(200, false, "states --by port");
    assert_non_null(strstr(wide,
                           "  LISTEN  SYN-SENT  SYN-RECV  ESTABLISHED  FIN-WAIT-1  FIN-WAIT-2  CLOSE-WAIT  "
                           "CLOSING  LAST-ACK  TIME-WAIT"));
    release(&made);
}

static void test_unprivileged(void **state) {
    static const char *const arguments[] = {"states --json", "states --json --by port",
                                            "states --json --by unit"};
    struct made made;

    (void)state;
    make(&made, 1);
    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
        CLEANUP_SOCKETS_RUN struct sockets_run root = sockets_ctl(arguments[i]);
        CLEANUP_SOCKETS_RUN struct sockets_run nobody = sockets_ctl_as_nobody(arguments[i]);
        assert_int_equal(nobody.code, 0);
        assert_string_equal(nobody.error, "");
        assert_string_equal(nobody.output, root.output);
    }
    release(&made);
}

/* A netlink socket is refused, as a sandbox does it. */
static void forbid_netlink(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(99);
}

/* In the child: the filter cannot be taken off again, so a process of its own has it. */
static void become_refused(const char *program, const char *verb, int output, int error) {
    dup2(output, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    forbid_netlink();
    execl(program, program, verb, NULL);
    _exit(98);
}

/* Neither a sample nor a dump can be had: an error with a hint, and nothing on standard output. */
static void test_refused(void **state) {
    static const char *const verbs[] = {"states", "sockets"};

    (void)state;
    lab_enter();
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        const char *program = lab_program("test/synwaitctl");
        CLEANUP_FD int output = memfd_create("output", MFD_CLOEXEC);
        CLEANUP_FD int error = memfd_create("error", MFD_CLOEXEC);
        char told[1024] = "", wanted[128];
        struct stat printed;
        int status;
        pid_t child = fork();
        if (child == 0)
            become_refused(program, verbs[i], output, error);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(pread(error, told, sizeof told - 1, 0) > 0);
        assert_int_equal(fstat(output, &printed), 0);
        snprintf(wanted, sizeof wanted, "synwaitctl %s: the TCP sockets: Operation not permitted\nA sandbox ",
                 verbs[i]);
        /* Two lines: a crash ends with 1 as well, and has more to tell. */
        bool good = WIFEXITED(status) && WEXITSTATUS(status) == 1 && printed.st_size == 0 &&
                    strncmp(told, wanted, strlen(wanted)) == 0 && sockets_check_lines(told, 110) == 2;
        if (!good)
            fail_msg("%s: status %d, %s", verbs[i], status, told);
    }
}

static void test_usage(void **state) {
    static const char *const arguments[] = {
        "states --by",     "states --by state",     "states --limit x",
        "states --port 0", "states --state closed", "states --peer 192.0.2.1/33",
        "states extra",    "sockets --limit -1",    "sockets --peer host",
        "sockets --unit=", "sockets extra",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
        CLEANUP_SOCKETS_RUN struct sockets_run run = sockets_ctl(arguments[i]);
        if (run.code != 2 || run.output[0] != '\0' || !strstr(run.error, "--help"))
            fail_msg("%s: exit %d: %s", arguments[i], run.code, run.error);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_total, sockets_teardown),
        cmocka_unit_test_teardown(test_by_port, sockets_teardown),
        cmocka_unit_test_teardown(test_by_peer_and_family, sockets_teardown),
        cmocka_unit_test_teardown(test_filters, sockets_teardown),
        cmocka_unit_test_teardown(test_limit, sockets_teardown),
        cmocka_unit_test_teardown(test_by_unit, sockets_teardown),
        cmocka_unit_test_teardown(test_terminal, sockets_teardown),
        cmocka_unit_test_teardown(test_unprivileged, sockets_teardown),
        cmocka_unit_test_teardown(test_refused, sockets_teardown),
        cmocka_unit_test_teardown(test_usage, sockets_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
