/* SPDX-License-Identifier: MIT */
/* synwaitctl sockets on known sockets: what it tells of each, and whom it names. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/load/states.h"
#include "lab.h"
#include "sockets_case.h"
#include "tcp_state.h"
#include "util.h"

#define SERVER  "198.18.0.1"
#define SERVER6 "2001:db8:1::1"

static struct states states;

static void make(enum states_kind kind) {
    lab_enter();
    assert_int_equal(states_make(&states, kind), 0);
}

static size_t count_with(const json_t *rows, const char *key, const char *text) {
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *value = sockets_text(json_array_get(rows, i), key);
        count += value && strcmp(value, text) == 0;
    }
    return count;
}

/* Every socket is listed once, in its state, and ss lists as many. */
static void test_all_states(void **state) {
    size_t total = 0;

    (void)state;
    for (enum states_kind kind = STATES_IPV4; kind < STATES_KINDS; kind++) {
        make(kind);
        json_t *rows = sockets_json("sockets --json");
        for (enum tcp_state number = STATE_ESTABLISHED; number < STATE_COUNT; number++) {
            if (number == STATE_CLOSED)
                continue;
            size_t listed = count_with(rows, "state", tcp_state_name(number));
            if (listed != states_count((int)number))
                fail_msg("%s: %zu, not %u", tcp_state_name(number), listed, states_count((int)number));
            total += listed;
        }
        assert_int_equal(json_array_size(rows), total);
        assert_int_equal(sockets_ss_lines(NULL), total);
        CLEANUP_SOCKETS_RUN struct sockets_run run = sockets_ctl("sockets");
        assert_int_equal(sockets_check_lines(run.output, SIZE_MAX), 1 + total);
        sockets_check_harmless(run.output);
        total = 0;
        json_decref(rows);
        states_release(&states);
    }
}

/* What a row of a state has; "" for a member that is null. */
static void test_members(void **state) {
    static const struct {
        const char *state, *age_is, *timer;
        bool queues, backlog, held;
    } rows[] = {
        {"LISTEN", "", "", false, true, true},
        {"SYN-SENT", "about", "retransmit", true, false, true},
        {"CLOSE-WAIT", "at-least", "", true, false, true},
        {"ESTABLISHED", "silent", "", true, false, true},
        {"LAST-ACK", "silent", "retransmit", true, false, false},
        {"TIME-WAIT", "exact", "time-wait", false, false, false},
    };
    uint64_t begun_usec = now_monotonic_usec();

    (void)state;
    make(STATES_MAPPED);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    json_t *all = sockets_json("sockets --json");
    uint64_t most_msec = (now_monotonic_usec() - begun_usec) / USEC_PER_MSEC + 1;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const json_t *row = sockets_object(all, "state", rows[i].state);
        const char *age_is = sockets_text(row, "age_is"), *timer = sockets_text(row, "timer");
        print_message("  %s\n", rows[i].state);
        assert_string_equal(age_is ? age_is : "", rows[i].age_is);
        assert_string_equal(timer ? timer : "", rows[i].timer);
        assert_int_equal(json_is_integer(json_object_get(row, "receive_queue")), rows[i].queues);
        assert_int_equal(json_is_integer(json_object_get(row, "send_queue")), rows[i].queues);
        assert_int_equal(json_is_integer(json_object_get(row, "backlog")), rows[i].backlog);
        assert_int_equal(json_is_integer(json_object_get(row, "inode")), rows[i].held);
        assert_int_equal(json_is_integer(json_object_get(row, "uid")), rows[i].held);
        assert_int_equal(json_is_integer(json_object_get(row, "pid")), rows[i].held);
        assert_true(sockets_number(row, "cookie") > 0);
        assert_true(sockets_number(row, "retransmits") >= 0);
        if (age_is) /* it was made after begun_usec, and before the nap; the kernel's clock may tick in 10 ms
                     */
            assert_in_range(sockets_number(row, "age_msec"), 280, most_msec);
        if (rows[i].held)
            assert_int_equal(sockets_number(row, "pid"), getpid());
    }
    const json_t *listener = sockets_object(all, "local", "[::]:8200");
    assert_int_equal(sockets_number(listener, "backlog"), 128);
    assert_int_equal(sockets_number(listener, "accept_queue"), 0);
    assert_null(sockets_text(listener, "peer"));
    assert_string_equal(sockets_text(sockets_object(all, "state", "CLOSE-WAIT"), "peer"), "203.0.113.9:443");
    json_decref(all);
    states_release(&states);
}

static void test_filters(void **state) {
    static const struct {
        const char *arguments, *state;
        bool alone; /* of this state only */
    } rows[] = {
        {"sockets --json --port 443", "CLOSE-WAIT", false},
        {"sockets --json -s close-wait", "CLOSE-WAIT", true},
        {"sockets --json -s FIN_WAIT2 --port 443", "FIN-WAIT-2", true},
        {"sockets --json --peer 203.0.113.0/24 -s time-wait", "TIME-WAIT", true},
        {"sockets --json --peer 203.0.113.9 --limit 0", "LAST-ACK", false},
    };

    (void)state;
    make(STATES_IPV4);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *all = sockets_json(rows[i].arguments);
        size_t wanted = 0;
        for (int number = STATE_ESTABLISHED; number < STATE_COUNT; number++) {
            const char *name = tcp_state_name((enum tcp_state)number);
            bool asked = number != STATE_CLOSED && (!rows[i].alone || strcmp(name, rows[i].state) == 0);
            wanted += asked ? states_count(number) : 0;
        }
        if (!rows[i]
                 .alone) /* the listeners and their half-opens have another port, and the listeners no peer */
            wanted -= states_count(STATE_LISTEN) + (i == 0 ? states_count_of("SYN-RECV half-open") : 0);
        if (json_array_size(all) != wanted || count_with(all, "state", rows[i].state) == 0)
            fail_msg("%s: %zu, not %zu", rows[i].arguments, json_array_size(all), wanted);
        json_decref(all);
    }
    json_t *port = sockets_json("sockets --json -p 8000");
    assert_int_equal(count_with(port, "state", "LISTEN"), 1);
    assert_int_equal(count_with(port, "state", "SYN-RECV"), states_count_of("SYN-RECV half-open"));
    assert_int_equal(json_array_size(port), 1 + states_count_of("SYN-RECV half-open"));
    json_decref(port);
    CLEANUP_SOCKETS_RUN struct sockets_run none = sockets_ctl("sockets --peer 192.0.2.9");
    assert_int_equal(none.code, 0);
    assert_string_equal(none.output, "There is no such socket.\n");
    states_release(&states);
}

static void test_limit(void **state) {
    (void)state;
    make(STATES_IPV4);
    CLEANUP_SOCKETS_RUN struct sockets_run table = sockets_ctl("sockets --state time-wait --limit 5");
    assert_non_null(strstr(table.output, "and 8 more; --limit 0 shows all\n"));
    assert_int_equal(sockets_check_lines(table.output, SIZE_MAX), 1 + 5 + 1);
    CLEANUP_SOCKETS_RUN struct sockets_run json = sockets_ctl("sockets --state time-wait --limit 5 --json");
    assert_string_equal(json.error, "and 8 more; --limit 0 shows all\n");
    json_t *rows = sockets_json("sockets --state time-wait --limit 13 --json");
    assert_int_equal(json_array_size(rows), 13);
    json_decref(rows);
    /* The first of the order: what listens, then what is rare. */
    rows = sockets_json("sockets --limit 3 --json");
    assert_int_equal(count_with(rows, "state", "LISTEN"), 2);
    assert_int_equal(count_with(rows, "state", "SYN-SENT"), 1);
    json_decref(rows);
    states_release(&states);
}

static void check_owner(const json_t *row, const char *unit, bool guessed, int pid) {
    const char *named = sockets_text(row, "unit");
    char wanted[64];

    snprintf(wanted, sizeof wanted, "%s-%d.service", unit, (int)getpid());
    if (!named || strcmp(named, wanted) != 0)
        fail_msg("%s: unit %s", wanted, named ? named : "(none)");
    assert_int_equal(json_is_true(json_object_get(row, "unit_guessed")), guessed);
    if (pid == 0) {
        assert_true(json_is_null(json_object_get(row, "pid")));
        return;
    }
    assert_int_equal(sockets_number(row, "pid"), pid);
    assert_string_equal(sockets_text(row, "comm"), "tcpload");
}

/* Whose a socket is, by its own cgroup or by the listener's. */
static void test_owners(void **state) {
    char table_row[64];

    (void)state;
    lab_need_root();
    sockets_service_make("leaks");
    sockets_service_make("waits");
    sockets_service_make("hangs");
    lab_enter();
    int leaks = sockets_service_start("leaks", "leak --addr " SERVER " --port 8080 --count 3");
    sockets_service_start("waits", "timewait-inbound --addr " SERVER6 " --port 8081 --count 3 --source-base "
                                   "2001:db8:1::1");
    sockets_service_start("hangs", "listen --addr :: --port 8082 --backlog 2 --accept none");
    const char *clients[] = {lab_program("tools/tcpload"),
                             "clients",
                             "--addr",
                             SERVER,
                             "--port",
                             "8082",
                             "--count",
                             "2",
                             "--lifetime-msec",
                             "60000",
                             NULL};
    const char *flood[] = {lab_program("tools/tcpload"),
                           "flood",
                           "--source-base",
                           "10.9.0.1",
                           "--addr",
                           SERVER,
                           "--port",
                           "8082",
                           "--rate",
                           "1000",
                           "--count",
                           "1",
                           NULL};
    assert_int_equal(lab_wait_exit(lab_start(LAB_HERE, flood), 30), 0);
    lab_wait_output(lab_start(LAB_HERE, clients), "READY", 30);
    json_t *rows = sockets_json("sockets --json --port 8080");
    check_owner(sockets_object(rows, "state", "CLOSE-WAIT"), "leaks", false, leaks);
    check_owner(sockets_object(rows, "state", "LISTEN"), "leaks", false, leaks);
    json_decref(rows);
    rows = sockets_json("sockets --json --unit waits-* --state time-wait");
    assert_int_equal(json_array_size(rows), 3);
    check_owner(json_array_get(rows, 0), "waits", true, 0);
    json_decref(rows);
    rows = sockets_json("sockets --json --port 8082 --state syn-recv");
    check_owner(sockets_object(rows, "state", "SYN-RECV"), "hangs", false, 0);
    json_decref(rows);
    /* The clients' own ends are not the service's. */
    rows = sockets_json("sockets --json --unit hangs-* --state established");
    assert_int_equal(json_array_size(rows), 2);
    check_owner(json_array_get(rows, 0), "hangs", false, 0);
    json_decref(rows);
    rows = sockets_json("sockets --json --port 8082 --state listen");
    assert_int_equal(sockets_number(json_array_get(rows, 0), "accept_queue"), 2);
    assert_int_equal(sockets_number(json_array_get(rows, 0), "backlog"), 2);
    json_decref(rows);
    CLEANUP_SOCKETS_RUN struct sockets_run table = sockets_ctl("sockets --limit 0");
    snprintf(table_row, sizeof table_row, " %d/tcpload ", leaks);
    assert_non_null(strstr(table.output, table_row));
    snprintf(table_row, sizeof table_row, " leaks-%d.service ", (int)getpid());
    assert_non_null(strstr(table.output, table_row));
    snprintf(table_row, sizeof table_row, " (waits-%d.service)", (int)getpid());
    assert_non_null(strstr(table.output, table_row));
    assert_non_null(strstr(table.output, " 2/2 "));
    assert_non_null(strstr(table.output, "(not accepted)"));
}

/* A listener of the test's own. */
static int listen_on(uint16_t port) {
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    return fd;
}

/* A process can call itself what it likes. */
static void test_hostile_name(void **state) {
    static const char name[] = "\033]0;x\a\033[J\x9B\n\xE2\x80\x8F";
    char before[16];

    (void)state;
    lab_enter();
    int fd = listen_on(8080);
    assert_int_equal(prctl(PR_GET_NAME, before), 0);
    assert_int_equal(prctl(PR_SET_NAME, name), 0);
    CLEANUP_SOCKETS_RUN struct sockets_run table = sockets_ctl("sockets");
    char *terminal CLEANUP_FREE = sockets_on_terminal(200, false, "sockets --no-color");
    json_t *rows = sockets_json("sockets --json");
    assert_int_equal(prctl(PR_SET_NAME, before), 0);
    sockets_check_harmless(table.output);
    sockets_check_harmless(terminal);
    assert_non_null(strstr(table.output, "/?]0;x??[J?????"));
    assert_non_null(strstr(terminal, "/?]0;x??[J?????"));
    assert_string_equal(sockets_text(json_array_get(rows, 0), "comm"), "?]0;x??[J?????");
    json_decref(rows);
    close(fd);
}

/* The first line with one blank for many: how wide a column is changes with what is in it. */
static void squeeze(const char *text, char *line, size_t size) {
    struct text out = text_in(line, size);

    for (bool end = false; *text && !end; text++) {
        end = *text == '\n';
        if (*text != ' ' || text[1] != ' ')
            text_put(&out, text, 1);
    }
}

static void test_terminal(void **state) {
    static const struct {
        unsigned short width;
        const char *title; /* what there is room for */
        const char *local; /* of the CLOSE-WAIT sockets */
    } rows[] = {
        {40, " STATE LOCAL PEER\n", "  :21"},
        {80, " STATE LOCAL PEER AGE PROCESS\n", "  [2001:db8:1::1]:21"},
        {200, " STATE LOCAL PEER QUEUE AGE TIMER PROCESS ", "  [2001:db8:1::1]:21"},
    };

    (void)state;
    make(STATES_IPV6);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *text CLEANUP_FREE = sockets_on_terminal(rows[i].width, false, "sockets --no-color");
        char first[256];
        sockets_check_lines(text, rows[i].width);
        sockets_check_harmless(text);
        squeeze(text, first, sizeof first);
        if (strncmp(first, rows[i].title, strlen(rows[i].title)) != 0)
            fail_msg("%s, not %s", first, rows[i].title);
        const char *close_wait = strstr(text, "\n  CLOSE-WAIT ");
        assert_non_null(close_wait);
        assert_true(strstr(close_wait, rows[i].local) != NULL);
    }
    states_release(&states);
}

/* Of long addresses what is in the middle goes, and never the port. */
static void test_long_addresses(void **state) {
    static const unsigned short widths[] = {40, 60, 80, 200};
    static const char server[] = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1";

    (void)state;
    lab_enter();
    lab_shell(LAB_HERE, "ip addr add %s/128 dev lo nodad", server);
    const char *hold[] = {
        lab_program("tools/tcpload"), "hold", "--addr", server, "--port", "8080", "--count", "3", NULL};
    lab_wait_output(lab_start(LAB_HERE, hold), "READY", 30);
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        char *text CLEANUP_FREE = sockets_on_terminal(widths[i], false, "sockets --no-color -s established");
        sockets_check_lines(text, widths[i]);
        assert_non_null(strstr(text, widths[i] == 200 ? "eeee:1]:8080 " : "\xE2\x80\xA6:8080"));
    }
    CLEANUP_SOCKETS_RUN struct sockets_run pipe = sockets_ctl("sockets");
    assert_null(strstr(pipe.output, "\xE2\x80\xA6")); /* nothing is cut */
    assert_non_null(strstr(pipe.output, " UNIT "));
}

/* The state, the age, the queues and the user are for everybody, the process is not. */
static void test_unprivileged(void **state) {
    static const char hint[] = "As root it would also name the processes of 2 more sockets.\n";

    (void)state;
    lab_enter();
    int fd[] = {listen_on(8080), listen_on(8081)};
    CLEANUP_SOCKETS_RUN struct sockets_run run = sockets_ctl_as_nobody("sockets --json");
    assert_int_equal(run.code, 0);
    assert_string_equal(run.error, ""); /* it is no terminal */
    json_t *rows = json_loads(run.output, 0, NULL);
    assert_int_equal(json_array_size(rows), 2);
    const json_t *row = sockets_object(rows, "local", "0.0.0.0:8080");
    assert_true(json_is_null(json_object_get(row, "pid")));
    assert_true(json_is_null(json_object_get(row, "comm")));
    assert_int_equal(sockets_number(row, "uid"), 0);
    assert_string_equal(sockets_text(row, "user"), "root");
    assert_true(sockets_number(row, "inode") > 0);
    json_decref(rows);
    char *nobody CLEANUP_FREE = sockets_on_terminal(80, true, "sockets");
    char *root CLEANUP_FREE = sockets_on_terminal(80, false, "sockets");
    assert_non_null(strstr(nobody, hint));
    assert_non_null(strstr(nobody, " root"));
    assert_null(strstr(root, "As root"));
    close(fd[0]);
    close(fd[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_all_states, sockets_teardown),
        cmocka_unit_test_teardown(test_members, sockets_teardown),
        cmocka_unit_test_teardown(test_filters, sockets_teardown),
        cmocka_unit_test_teardown(test_limit, sockets_teardown),
        cmocka_unit_test_teardown(test_owners, sockets_teardown),
        cmocka_unit_test_teardown(test_hostile_name, sockets_teardown),
        cmocka_unit_test_teardown(test_terminal, sockets_teardown),
        cmocka_unit_test_teardown(test_long_addresses, sockets_teardown),
        cmocka_unit_test_teardown(test_unprivileged, sockets_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
