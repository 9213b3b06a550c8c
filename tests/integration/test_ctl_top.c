/* SPDX-License-Identifier: MIT */
/* `synwaitctl top` in a terminal: what the screen shows of real sockets, and how the terminal is left. */
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/load/states.h"
#include "daemon.h"
#include "lab.h"
#include "terminal.h"
#include "util.h"

#define SERVER   "198.18.0.1"
#define NO_FILE  "/nonexistent/status.json" /* no daemon, whatever runs on this machine */
#define LEAK     "close-wait-leak"
#define ENTER    "\r"
#define CTRL_C   "\003"
#define CTRL_L   "\014"
#define CTRL_Z   "\032"
#define KEY_DOWN "\033OB" /* in the mode that curses sets */

static const struct terminal_kind xterm = {"xterm", "C.UTF-8", 24, 80, NULL};

static const struct {
    const char *name;
    int state;
} states_shown[] = {
    {"LISTEN", TCP_LISTEN},           {"SYN-SENT", TCP_SYN_SENT},    {"SYN-RECV", TCP_SYN_RECV},
    {"ESTABLISHED", TCP_ESTABLISHED}, {"FIN-WAIT-1", TCP_FIN_WAIT1}, {"FIN-WAIT-2", TCP_FIN_WAIT2},
    {"CLOSE-WAIT", TCP_CLOSE_WAIT},   {"LAST-ACK", TCP_LAST_ACK},    {"CLOSING", TCP_CLOSING},
    {"TIME-WAIT", TCP_TIME_WAIT},
};

static int teardown(void **state) {
    terminal_end_all();
    return lab_teardown(state);
}

static struct terminal *start_top(const struct terminal_kind *kind, const char *file, const char *config) {
    const char *argv[] = {lab_program("test/synwaitctl"),
                          "top",
                          "--config",
                          config ? config : "/dev/null",
                          "--file",
                          file,
                          NULL};

    return terminal_start(kind, argv);
}

static const char *write_config(const char *text) {
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/synwaitd.conf", lab_scratch());
    CLEANUP_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    return path;
}

static struct lab_child *start_leak(const char *port, const char *count) {
    const char *argv[] = {
        lab_program("tools/tcpload"), "leak", "--addr", SERVER, "--port", port, "--count", count, NULL};
    struct lab_child *child = lab_start(LAB_HERE, argv);

    lab_wait_output(child, "READY", 60);
    return child;
}

static void quit(struct terminal *terminal) {
    terminal_keys(terminal, "q");
    assert_int_equal(terminal_wait_exit(terminal), 0);
    terminal_check_restored(terminal);
}

static void wait_all_states(struct terminal *terminal) {
    for (size_t i = 0; i < ARRAY_SIZE(states_shown); i++)
        terminal_wait_count(terminal, states_shown[i].name, states_count(states_shown[i].state));
}

/* Title, all ten states with their counts, rates, listeners, incidents and keys; then a socket more. */
static void test_counts(void **state) {
    struct states states;

    (void)state;
    lab_enter();
    assert_int_equal(states_make(&states, STATES_IPV4), 0);
    struct terminal *terminal = start_top(&xterm, NO_FILE, NULL);
    wait_all_states(terminal);
    terminal_wait_line(terminal, 0, "synwaitctl top");
    terminal_wait_line(terminal, 0, "every 1 s");
    terminal_wait_line(terminal, 1, "own samples");
    terminal_wait(terminal, NO_FILE);
    terminal_wait(terminal, "PER SECOND");
    terminal_wait(terminal, "5/128"); /* half-opens at the first listener */
    terminal_wait(terminal, "INCIDENTS: none open");
    terminal_wait(terminal, "\u2588\u2588"); /* a sparkline */
    terminal_wait_line(terminal, 23, "q quit");
    start_leak("8080", "30");
    terminal_wait_count(terminal, "CLOSE-WAIT", states_count(TCP_CLOSE_WAIT) + 30);
    assert_true(terminal->screen.alternate);
    quit(terminal);
    states_release(&states);
}

/* Terminals that can do less, and other locales. */
static void test_kinds(void **state) {
    static const struct {
        struct terminal_kind kind;
        const char *shown, *not_shown;
        bool colored;
    } rows[] = {
        {{"xterm", "C.UTF-8", 24, 80, NULL}, "\u2588", "#", true},
        {{"xterm", "C", 24, 80, NULL}, "#", "\u2588", true},
        {{"xterm", "C.UTF-8", 24, 80, "1"}, "\u2588", "#", false},
        {{"vt100", "C.UTF-8", 24, 80, NULL}, "\u2588", "#", false},
        {{"ansi", "C", 24, 80, NULL}, "#", "\u2588", true},
    };
    const char *listen[] = {"tools/tcpload", "listen", "--addr",   SERVER, "--port", "8080",
                            "--backlog",     "4",      "--accept", "none", NULL};
    const char *clients[] = {"tools/tcpload", "clients", "--addr", SERVER, "--port", "8080",
                             "--count",       "4",       "--rate", "100",  NULL};

    (void)state;
    lab_enter();
    listen[0] = lab_program("tools/tcpload");
    clients[0] = lab_program("tools/tcpload");
    lab_wait_output(lab_start(LAB_HERE, listen), "READY", 60);
    lab_wait_output(lab_start(LAB_HERE, clients), "READY", 60);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        print_message("%s %s\n", rows[i].kind.name, rows[i].kind.locale);
        struct terminal *terminal = start_top(&rows[i].kind, NO_FILE, NULL);
        terminal_wait(terminal, "4/4"); /* the accept queue, full: a bar */
        terminal_wait(terminal, rows[i].shown);
        terminal_wait_gone(terminal, rows[i].not_shown);
        terminal_wait_count(terminal, "ESTABLISHED", 8);
        terminal_wait_line(terminal, 23, "q quit");
        assert_int_equal(terminal->screen.colored > 0, rows[i].colored);
        quit(terminal);
        terminal_end_all();
    }
}

static void test_sizes(void **state) {
    static const struct {
        size_t rows, columns;
        const char *shown;
    } sizes[] = {
        {12, 40, "TIME-WAIT"}, {50, 200, "LIMITED BY"}, {8, 30, "own samples"}, {3, 10, "window"},
        {1, 1, "~"},           {24, 80, "PEAK"},
    };
    struct states states;

    (void)state;
    lab_enter();
    assert_int_equal(states_make(&states, STATES_IPV4), 0);
    struct terminal *terminal = start_top(&(struct terminal_kind){"xterm", "C", 24, 80, NULL}, NO_FILE, NULL);
    wait_all_states(terminal);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        print_message("%zux%zu\n", sizes[i].columns, sizes[i].rows);
        terminal_resize(terminal, sizes[i].rows, sizes[i].columns);
        terminal_wait(terminal, sizes[i].shown);
        if (sizes[i].rows < 8)
            continue;
        terminal_wait_line(terminal, 0, "synwaitctl top");
        terminal_wait_line(terminal, sizes[i].rows - 1, "q quit");
        if (sizes[i].rows >= 12)
            wait_all_states(terminal);
    }
    quit(terminal);
    states_release(&states);
}

/* Nothing is read while it is paused: another one that is not shows that time has gone on meanwhile. */
static void test_pause(void **state) {
    (void)state;
    lab_enter();
    struct terminal *paused = start_top(&xterm, NO_FILE, NULL);
    struct terminal *running = start_top(&xterm, NO_FILE, NULL);
    terminal_wait_count(paused, "CLOSE-WAIT", 0);
    terminal_keys(paused, "p");
    terminal_wait_line(paused, 0, "PAUSED");
    start_leak("8080", "7");
    terminal_wait_count(running, "CLOSE-WAIT", 7);
    start_leak("8081", "7");
    terminal_wait_count(running, "CLOSE-WAIT", 14);
    terminal_keys(paused, "h");
    terminal_wait(paused, "Keys");
    terminal_keys(paused, "x");
    terminal_wait_count(paused, "CLOSE-WAIT", 0);
    terminal_keys(paused, " ");
    terminal_wait_count(paused, "CLOSE-WAIT", 14);
    terminal_wait_gone(paused, "PAUSED");
    quit(paused);
    quit(running);
}

static void test_keys(void **state) {
    (void)state;
    lab_enter();
    struct terminal *terminal = start_top(&xterm, NO_FILE, NULL);
    terminal_wait(terminal, "q quit");
    terminal_keys(terminal, "h");
    terminal_wait(terminal, "Keys");
    terminal_wait_line(terminal, 23, "any other key: back");
    terminal_keys(terminal, "\033"); /* Escape */
    terminal_wait_line(terminal, 23, "h help");
    terminal_keys(terminal, "-");
    terminal_wait_line(terminal, 0, "every 0.5 s");
    terminal_keys(terminal, "-+++++");
    terminal_wait_line(terminal, 0, "every 10 s");
    screen_feed(&terminal->screen, "other text", strlen("other text"));
    terminal_keys(terminal, CTRL_L);
    terminal_wait_gone(terminal, "other text");
    terminal_keys(terminal, "e"); /* no incident: nothing to explain */
    terminal_keys(terminal, "+");
    terminal_wait_line(terminal, 23, "e explain");
    quit(terminal);
}

/* Two real leaks: the worse is first; what is told of the selected one is about that one. */
static void test_incidents(void **state) {
    static const char config[] = "thresholds = { close-wait = { warning = 5; critical = 2000; }; };\n"
                                 "ports = ( { port = 8081; thresholds = {\n"
                                 "    close-wait = { warning = 5; critical = 20; }; }; } );\n";

    (void)state;
    lab_enter();
    start_leak("8080", "10");
    start_leak("8081", "30");
    struct terminal *terminal = start_top(&xterm, NO_FILE, write_config(config));
    terminal_wait(terminal, "INCIDENTS: 2 open");
    terminal_wait(terminal, ">critical");
    terminal_wait(terminal, " warning");
    terminal_wait(terminal, "holds the descriptors");
    assert_int_equal(screen_color_of(&terminal->screen, "critical"), 1);
    assert_int_equal(screen_color_of(&terminal->screen, "warning"), 3);
    terminal_keys(terminal, KEY_DOWN);
    terminal_wait(terminal, ">warning");
    terminal_keys(terminal, "k");
    terminal_wait(terminal, ">critical");
    terminal_keys(terminal, "e");
    terminal_wait(terminal, "critical: CLOSE-WAIT leak");
    terminal_wait(terminal, "CAUSE");
    terminal_wait(terminal, "1) ");
    terminal_wait(terminal, "NOT");
    terminal_keys(terminal, "jjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
    terminal_wait_gone(terminal, "critical: CLOSE-WAIT leak");
    terminal_wait(terminal, "WHAT IT IS");
    terminal_keys(terminal, ENTER);
    terminal_wait(terminal, "INCIDENTS: 2 open");
    quit(terminal);
}

/* However it is ended, it ends well and leaves the terminal as it was. */
static void test_ends(void **state) {
    static const struct {
        const char *name, *keys;
        int signal;
    } rows[] = {
        {"q", "q", 0},
        {"Ctrl-C", CTRL_C, 0},
        {"SIGTERM", "", SIGTERM},
        {"SIGINT", "", SIGINT},
        {"SIGHUP", "", SIGHUP},
        {"SIGQUIT", "", SIGQUIT},
        {"end of input", "\004", 0},
        {"on the help page", "hq", 0},
        {"paused", "pq", 0},
    };

    (void)state;
    lab_enter();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        print_message("%s\n", rows[i].name);
        struct terminal *terminal = start_top(&xterm, NO_FILE, NULL);
        terminal_wait(terminal, "q quit");
        assert_true(terminal->screen.alternate && terminal->screen.cursor_hidden);
        terminal_keys(terminal, rows[i].keys);
        if (rows[i].signal != 0)
            terminal_signal(terminal, rows[i].signal);
        assert_int_equal(terminal_wait_exit(terminal), 0);
        terminal_check_restored(terminal);
        terminal_end_all();
    }
}

static void test_hang_up(void **state) {
    (void)state;
    lab_enter();
    struct terminal *terminal = start_top(&xterm, NO_FILE, NULL);
    terminal_wait(terminal, "q quit");
    terminal_hang_up(terminal);
    assert_int_equal(terminal_wait_exit(terminal), 0);
}

/* The shell gets its terminal back as it was, and a screen that others have written to is drawn anew. */
static void test_stop(void **state) {
    (void)state;
    lab_enter();
    struct terminal *terminal = start_top(&xterm, NO_FILE, NULL);
    terminal_wait(terminal, "q quit");
    terminal_keys(terminal, CTRL_Z);
    terminal_wait_stopped(terminal);
    terminal_check_restored(terminal);
    screen_feed(&terminal->screen, "\033[2Jother text", strlen("\033[2Jother text"));
    terminal_foreground(terminal);
    terminal_wait(terminal, "q quit");
    terminal_wait_gone(terminal, "other text");
    assert_true(terminal->screen.alternate);
    terminal_signal(terminal, SIGSTOP);
    terminal_wait_stopped(terminal);
    screen_feed(&terminal->screen, "\033[2Jother text", strlen("\033[2Jother text"));
    terminal_foreground(terminal);
    terminal_wait(terminal, "q quit");
    terminal_wait_gone(terminal, "other text");
    terminal_keys(terminal, "h"); /* a key that works without a line break */
    terminal_wait(terminal, "Keys");
    terminal_keys(terminal, "h");
    terminal_wait_gone(terminal, "Keys");
    terminal_keys(terminal, CTRL_Z);
    terminal_wait_stopped(terminal);
    terminal_signal(terminal, SIGTERM);
    terminal_foreground(terminal);
    assert_int_equal(terminal_wait_exit(terminal), 0);
    terminal_check_restored(terminal);
}

/* Output that was stopped does not keep it from ending. */
static void test_stopped_output(void **state) {
    (void)state;
    lab_enter();
    struct terminal *terminal = start_top(&xterm, NO_FILE, NULL);
    terminal_wait(terminal, "q quit");
    terminal_keys(terminal, "\023"); /* Ctrl-S */
    terminal_signal(terminal, SIGTERM);
    assert_int_equal(terminal_wait_exit(terminal), 0);
    terminal_check_restored(terminal);
}

/* Runs a daemon that writes into @p directory. */
static struct lab_child *start_daemon(const char *directory, const char *config) {
    setenv("RUNTIME_DIRECTORY", directory, 1);
    struct lab_child *daemon = daemon_start(DAEMON_RELEASE, config, NULL);
    unsetenv("RUNTIME_DIRECTORY");
    return daemon;
}

/* The daemon's view while it runs; once it is stopped, samples of our own; and back. */
static void test_daemon(void **state) {
    const char *config = write_config("sampling = { walk-max-age = \"1s\"; };\n"
                                      "thresholds = { close-wait = { warning = 5; hold = \"1s\"; }; };\n");
    char directory[PATH_MAX], file[PATH_MAX + 16];

    (void)state;
    lab_enter();
    snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(config, '/') - config), config);
    snprintf(file, sizeof file, "%s/status.json", directory);
    start_leak("8080", "12");
    struct lab_child *daemon = start_daemon(directory, config);
    daemon_wait_alerts(daemon, LEAK, "raised", 1, 20);
    struct terminal *terminal = start_top(&xterm, file, NULL);
    terminal_wait_line(terminal, 1, "daemon, ");
    terminal_wait_line(terminal, 1, "CPU ");
    terminal_wait_count(terminal, "CLOSE-WAIT", 12);
    terminal_wait(terminal, ">warning"); /* of the daemon's configuration: ours has other thresholds */
    terminal_keys(terminal, "e");
    terminal_wait(terminal, "warning: CLOSE-WAIT leak");
    terminal_wait(terminal, "1) ");
    terminal_keys(terminal, "x");
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, 20), 0);
    terminal_wait_line(terminal, 1, "own samples since ");
    terminal_wait_line(terminal, 1, "stale");
    terminal_wait(terminal, "INCIDENTS: none open");
    terminal_wait_count(terminal, "CLOSE-WAIT", 12);
    start_daemon(directory, config);
    terminal_wait_line(terminal, 1, "daemon since ");
    terminal_wait(terminal, ">warning");
    quit(terminal);
}

static void expect_refusal(struct lab_child *child, const char *text) {
    assert_int_equal(lab_wait_exit(child, 20), 2);
    lab_wait_error(child, text, 1);
    lab_wait_error(child, "synwaitctl status", 1);
    CLEANUP_FREE char *output = lab_output(child);
    assert_string_equal(output, "");
}

/* Where there is no full screen it says what to do instead. */
static void test_no_terminal(void **state) {
    static const char *const names[] = {"dumb", "none-such", ""};
    const char *argv[] = {lab_program("test/synwaitctl"), "top", NULL};
    char error[1024];

    (void)state;
    lab_need_root();
    expect_refusal(lab_start(LAB_HERE, argv), "standard input is no terminal");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        print_message("TERM=\"%s\"\n", names[i]);
        struct terminal *terminal =
            start_top(&(struct terminal_kind){names[i], "C", 24, 80, NULL}, NO_FILE, NULL);
        assert_int_equal(terminal_wait_exit(terminal), 2);
        terminal_check_restored(terminal);
        ssize_t got = pread(terminal->error, error, sizeof error - 1, 0);
        assert_true(got > 0);
        error[got] = '\0';
        assert_non_null(strstr(error, "this terminal is not known"));
        terminal_end_all();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_counts, teardown),
        cmocka_unit_test_teardown(test_kinds, teardown),
        cmocka_unit_test_teardown(test_sizes, teardown),
        cmocka_unit_test_teardown(test_pause, teardown),
        cmocka_unit_test_teardown(test_keys, teardown),
        cmocka_unit_test_teardown(test_incidents, teardown),
        cmocka_unit_test_teardown(test_ends, teardown),
        cmocka_unit_test_teardown(test_hang_up, teardown),
        cmocka_unit_test_teardown(test_stop, teardown),
        cmocka_unit_test_teardown(test_stopped_output, teardown),
        cmocka_unit_test_teardown(test_daemon, teardown),
        cmocka_unit_test_teardown(test_no_terminal, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
