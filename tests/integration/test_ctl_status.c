/* SPDX-License-Identifier: MIT */
/* synwaitctl status: what the daemon wrote in a namespace with known sockets, and what others may have
 * written.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon.h"
#include "lab.h"
#include "page.h"
#include "util.h"
#include "view.h"

#define PROGRAM     "test/synwaitctl"
#define QUICK       "thresholds = { close-wait = { warning = 10; critical = 100; hold = \"1s\"; }; };\n"
#define NO_STATUS   "output = { status = false; };\n"
#define OUTPUT_SIZE (256 * 1024)
#define LIMIT_SEC   30

/* What one run has printed. */
struct run {
    int code;
    char *output, *error;
};

static void run_free(struct run *run) {
    free(run->output);
    free(run->error);
}

static struct run run_status(const char *file, const char *option) {
    const char *argv[] = {lab_program(PROGRAM), "status", "--file", file, option, NULL};
    struct lab_child *child = lab_start(LAB_HERE, argv);
    struct run run = {.code = lab_wait_exit(child, LIMIT_SEC)};

    run.output = lab_output(child);
    run.error = lab_error(child);
    lab_end_input(child);
    close(child->output);
    close(child->error);
    child->used = false; /* there are many runs in a test */
    return run;
}

/* The path of a file in the scratch directory. */
static const char *path_of(const char *directory, const char *name) {
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static struct lab_child *start_daemon(const char *directory, const char *config) {
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/test.conf", directory);
    assert_int_equal(write_file_atomic(directory, "test.conf", config, strlen(config), 0600), 0);
    setenv("RUNTIME_DIRECTORY", directory, 1);
    struct lab_child *daemon = daemon_start(DAEMON_SANITIZED, path, NULL);
    unsetenv("RUNTIME_DIRECTORY");
    return daemon;
}

static void load(const char *const argv[]) {
    lab_wait_output(lab_start(LAB_HERE, argv), "READY", 60);
}

/* 200 sockets each in CLOSE-WAIT and FIN-WAIT-2, 5 of 8 in an accept queue, 2 listeners. */
static void make_sockets(void) {
    const char *leak[] = {lab_program("tools/tcpload"),
                          "leak",
                          "--addr",
                          "127.0.0.1",
                          "--port",
                          "8080",
                          "--count",
                          "200",
                          NULL};
    load(leak);
    const char *listener[] = {lab_program("tools/tcpload"),
                              "listen",
                              "--addr",
                              "127.0.0.1",
                              "--port",
                              "8090",
                              "--backlog",
                              "8",
                              "--accept",
                              "none",
                              NULL};
    load(listener);
    const char *clients[] = {lab_program("tools/tcpload"),
                             "clients",
                             "--addr",
                             "127.0.0.1",
                             "--port",
                             "8090",
                             "--count",
                             "5",
                             "--lifetime-msec",
                             "600000",
                             NULL};
    load(clients);
}

/* @return the file as JSON, whole at any time */
static json_t *load_file(const char *file) {
    json_error_t error;
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);

    if (!root)
        fail_msg("%s: %s", file, error.text);
    return root;
}

static json_int_t points_in(const char *file) {
    json_t *root = access(file, R_OK) == 0 ? load_file(file) : NULL;
    json_int_t points = json_integer_value(json_object_get(json_object_get(root, "history"), "points"));

    json_decref(root);
    return points;
}

/* Waits until the incident is open, and the first steps of the history are over. */
static void wait_view(struct lab_child *daemon, const char *file) {
    daemon_wait_alerts(daemon, "close-wait-leak", "raised", 1, LIMIT_SEC);
    for (int i = 0; i < LIMIT_SEC * 20 && points_in(file) < 2; i++)
        usleep(50000);
    assert_true(points_in(file) >= 2);
}

/* A line with these words in this order, whatever blanks are between them. */
static void check_line(const char *output, const char *words) {
    char line[1024], squeezed[1024];

    for (const char *at = output; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
        struct text text = text_in(squeezed, sizeof squeezed);
        char *rest = line;
        for (char *word; (word = strsep(&rest, " "));)
            if (*word)
                text_add(&text, "%s%s", text.length > 0 ? " " : "", word);
        if (strncmp(squeezed, words, strlen(words)) == 0)
            return;
    }
    fail_msg("no line \"%s\" in\n%s", words, output);
}

static void check_page(const char *output) {
    assert_non_null(strstr(output, "synwaitd " SYNWAITD_VERSION ", network namespace "));
    check_line(output, "CLOSE-WAIT 200 ");
    check_line(output, "FIN-WAIT-2 200 ");
    check_line(output, "ESTABLISHED 10 ");
    check_line(output, "LISTEN 2 ");
    check_line(output, "SYN-SENT 0 ");
    check_line(output, "passive opens ");
    check_line(output, "127.0.0.1:8090 0 8 0% 5 8 62% listen() backlog");
    check_line(output, "half-open counted ");
    check_line(output, "critical close-wait-leak");
    check_line(output, "where 127.0.0.1:8080");
    check_line(output, "own cost ");
    check_line(output, "cause The peers have closed");
    assert_non_null(strstr(output, "0 missed"));
    assert_non_null(strstr(output, "\xE2\x96\x88\xE2\x96\x88")); /* full blocks: the leak stands */
}

/* Whatever is in the file is in the output; nothing else is but two keys. */
static void check_same(const char *file, const char *output, bool stale) {
    json_error_t error;
    json_t *written = load_file(file), *printed = json_loads(output, JSON_REJECT_DUPLICATES, &error);

    if (!printed)
        fail_msg("%s: %s", error.text, output);
    assert_int_equal(json_is_true(json_object_get(printed, "stale")), stale);
    assert_true(json_is_integer(json_object_get(printed, "age_usec")));
    json_object_del(printed, "stale");
    json_object_del(printed, "age_usec");
    if (!json_equal(written, printed))
        fail_msg("not as in the file:\n%s", output);
    json_decref(written);
    json_decref(printed);
}

/* No line is wider; nothing but line ends is a control character. */
static void check_clean(const char *name, const char *output, size_t width) {
    for (const char *at = output; *at;) {
        size_t length = strcspn(at, "\n");
        for (size_t i = 0, bytes; i < length; i += bytes) {
            bytes = printable_length(&at[i]);
            if (bytes == 0)
                fail_msg("%s: byte %02x in %.*s", name, (unsigned char)at[i], (int)length, at);
        }
        if (page_columns(at, length) > width)
            fail_msg("%s: wider than %zu: %.*s", name, width, (int)length, at);
        at += length + (at[length] == '\n');
    }
}

/* In the child, after fork(): becomes `synwaitctl status` on the terminal. */
static void become(const char *terminal, const char *const argv[]) {
    CLEANUP_FD int fd = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fd, STDOUT_FILENO);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

/* @return what it prints on a terminal of so many columns, with the terminal's own "\r" left out */
static char *on_terminal(unsigned short columns, const char *file) {
    const char *argv[] = {lab_program(PROGRAM), "status", "--no-color", "--file", file, NULL};
    CLEANUP_FD int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    char terminal[64], *output = calloc(1, OUTPUT_SIZE);
    size_t length = 0, kept = 0;

    assert_non_null(output);
    assert_true(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
    assert_int_equal(ptsname_r(fd, terminal, sizeof terminal), 0);
    CLEANUP_FD int open_end = open(terminal, O_RDWR | O_NOCTTY | O_CLOEXEC); /* or reading fails too soon */
    assert_true(open_end >= 0);
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
    pid_t child = fork();
    if (child == 0)
        become(terminal, argv);
    int status = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (bool ended = false; !ended;) {
        ended = waitpid(child, &status, WNOHANG) == child;
        for (ssize_t got; (got = read(fd, output + length, OUTPUT_SIZE - 1 - length)) > 0;)
            length += (size_t)got;
        usleep(10000);
    }
    assert_true(WIFEXITED(status) && length > 0);
    for (size_t i = 0; i < length; i++)
        if (output[i] != '\r')
            output[kept++] = output[i];
    output[kept] = '\0';
    return output;
}

static const unsigned short widths[] = {40, 80, 200};

static void check_widths(const char *name, const char *file) {
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        CLEANUP_FREE char *output = on_terminal(widths[i], file);
        check_clean(name, output, widths[i]);
        check_line(output, "LISTEN ");
        check_line(output, "cause ");
    }
}

static void test_running_daemon(void **state) {
    (void)state;
    lab_enter();
    const char *directory = lab_scratch();
    CLEANUP_FREE char *file = strdup(path_of(directory, STATUS_FILE_NAME));
    make_sockets();
    struct lab_child *daemon = start_daemon(directory, QUICK);
    wait_view(daemon, file);
    struct run page = run_status(file, NULL), json = run_status(file, "--json");
    assert_int_equal(page.code, 0);
    assert_string_equal(page.error, "");
    check_page(page.output);
    assert_int_equal(json.code, 0);
    assert_non_null(strstr(json.output, "\"stale\": false"));
    check_widths("real", file);
    run_free(&page);
    run_free(&json);
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, LIMIT_SEC), 0);
    for (int i = 0; i < LIMIT_SEC; i++) {
        page = run_status(file, NULL);
        if (page.code != 0)
            break;
        run_free(&page);
        sleep(1);
    }
    assert_int_equal(page.code, 1);
    assert_non_null(strstr(page.error, "stale: it was written "));
    assert_non_null(strstr(page.error, "systemctl status synwaitd"));
    assert_non_null(strstr(page.output, " ago: stale\n"));
    check_line(page.output, "CLOSE-WAIT 200 ");
    json = run_status(file, "--json");
    assert_int_equal(json.code, 1);
    check_same(file, json.output, true);
    run_free(&page);
    run_free(&json);
}

static void check_refused(const char *name, struct run run, const char *error) {
    if (run.code != 1 || run.output[0] != '\0' || !strstr(run.error, error))
        fail_msg("%s: exit %d\nstandard output: %s\nstandard error: %s", name, run.code, run.output,
                 run.error);
    check_clean(name, run.error, SIZE_MAX);
    run_free(&run);
}

static void test_no_file(void **state) {
    (void)state;
    lab_enter();
    const char *directory = lab_scratch();
    CLEANUP_FREE char *file = strdup(path_of(directory, STATUS_FILE_NAME));
    check_refused("no daemon", run_status(file, NULL), "synwaitd does not run");
    check_refused("no daemon, JSON", run_status(file, "--json"), "synwaitd does not run");
    check_refused("no directory", run_status("/nonexistent/status.json", NULL), "synwaitd does not run");
    struct lab_child *daemon = start_daemon(directory, NO_STATUS);
    lab_wait_error(daemon, "synwaitd", 10);
    for (int i = 0; i < LIMIT_SEC * 20 && access(path_of(directory, METRICS_FILE_NAME), F_OK) < 0; i++)
        usleep(50000);
    check_refused("switched off", run_status(file, NULL), "output.status = false");
    lab_signal(daemon, SIGTERM);
    assert_int_equal(lab_wait_exit(daemon, LIMIT_SEC), 0);
}

static void test_bad_files(void **state) {
    static const struct {
        const char *name, *content, *error;
    } rows[] = {
        {"empty", "", "status.json: is empty: must be a JSON object"},
        {"half-written", "{\n \"schema\": 1,\n \"version\": \"0.", "status.json:3:"},
        {"another schema", "{\"schema\": 2}", "status.json: schema: is 2, must be 1"},
        {"escape sequences", "{\"\\u001b[2J\\u009b\": \x1b[31m", "status.json:1:"},
        {"key with an escape sequence",
         "{\"schema\": 1, \"version\": \"\", \"time_usec\": 1, \"netns\": \"\", \"ticks\": 1, "
         "\"missed_ticks\": 0,"
         " \"cpu_usec\": 0, \"alerts_dropped\": 0, \"states\": {}, \"rates_per_sec\": {}, \"listeners\": [],"
         " \"incidents\": [], \"degraded\": {\"\\u001b[2J\": 5}}",
         "status.json: degraded.?[2J: must be a string"},
    };

    (void)state;
    const char *directory = lab_scratch();
    const char *file = path_of(directory, STATUS_FILE_NAME);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(
            write_file_atomic(directory, STATUS_FILE_NAME, rows[i].content, strlen(rows[i].content), 0600),
            0);
        check_refused(rows[i].name, run_status(file, NULL), rows[i].error);
        check_refused(rows[i].name, run_status(file, "--json"), rows[i].error);
    }
    unlink(file);
    assert_int_equal(mkfifo(file, 0600), 0);
    check_refused("FIFO", run_status(file, NULL), "status.json: must be a regular file");
}

/* Every string is full of these, and long; every number is as large as it can be. */
#define EVIL  "\\u001b[31m\\u0007\\u009b2J\\n\\r\\u007f\\u202e"
#define EVIL4 EVIL EVIL EVIL EVIL
#define LONG  EVIL4 "-without-a-blank-" EVIL4 EVIL4
#define HUGE  "9223372036854775807"

static const char hostile[] =
    "{\"schema\": 1, \"version\": \"" LONG "\", \"time_usec\": %" PRIu64 ", \"netns\": \"" LONG "\","
    " \"interval_usec\": 60000000, \"ticks\": " HUGE ", \"missed_ticks\": " HUGE ", \"cpu_usec\": " HUGE ","
    " \"alerts_dropped\": " HUGE ","
    " \"states\": {\"LISTEN\": " HUGE ", \"TIME-WAIT\": 0, \"CLOSE-WAIT\": null},"
    " \"ages_usec\": {\"LISTEN\": " HUGE ", \"ports\": " HUGE "},"
    " \"walk\": {\"age_usec\": " HUGE ", \"count\": " HUGE ", \"cpu_usec\": " HUGE ","
    " \"budget_allows_in_usec\": " HUGE ", \"overdue\": true},"
    " \"half_open\": {\"counted_by\": \"walk\", \"age_usec\": " HUGE ", \"iterator_fails\": \"" LONG "\"},"
    " \"rates_per_sec\": {\"active_opens\": " HUGE ", \"" EVIL "\": 1},"
    " \"listeners\": [{\"local\": \"" LONG "\", \"half_open\": " HUGE ", \"half_open_limit\": 1,"
    " \"accept_queue\": " HUGE ", \"backlog\": 0, \"limited_by\": \"" LONG "\"},"
    " {\"local\": \"\", \"half_open\": null, \"half_open_limit\": null, \"accept_queue\": 0,"
    " \"backlog\": " HUGE ", \"limited_by\": \"\"}],"
    " \"incidents\": [{\"id\": \"" LONG "\", \"problem\": \"" LONG "\", \"severity\": \"" LONG "\","
    " \"local\": \"" LONG "\", \"peer\": \"" LONG "\", \"unit\": \"" LONG "\", \"cause\": \"" LONG "\","
    " \"age_sec\": " HUGE "}],"
    " \"degraded\": {\"" LONG "\": \"" LONG "\"},"
    " \"history\": {\"step_usec\": " HUGE ", \"points\": 3, \"series\": {\"LISTEN\": [0, null, " HUGE "],"
    " \"" EVIL "\": []}}, \"" EVIL "\": \"" EVIL "\"}";

static void write_hostile(const char *directory, uint64_t time_usec) {
    static char text[OUTPUT_SIZE];
    int length = snprintf(text, sizeof text, hostile, time_usec);

    assert_in_range(length, 1, sizeof text - 1);
    assert_int_equal(write_file_atomic(directory, STATUS_FILE_NAME, text, (size_t)length, 0600), 0);
}

static void test_hostile_file(void **state) {
    (void)state;
    const char *directory = lab_scratch();
    const char *file = path_of(directory, STATUS_FILE_NAME);
    write_hostile(directory, clock_usec(CLOCK_REALTIME));
    struct run page = run_status(file, NULL), json = run_status(file, "--json");
    assert_int_equal(page.code, 0);
    assert_string_equal(page.error, "");
    check_clean("in a pipe", page.output, SIZE_MAX);
    assert_int_equal(json.code, 0);
    check_clean("JSON", json.output, SIZE_MAX);
    json_t *parsed = json_loads(json.output, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    const json_t *incident = json_array_get(json_object_get(parsed, "incidents"), 0);
    check_clean("a string of it", json_string_value(json_object_get(incident, "cause")), SIZE_MAX);
    json_decref(parsed);
    run_free(&page);
    run_free(&json);
    check_widths("hostile", file);
    write_hostile(directory, INT64_MAX);
    page = run_status(file, NULL);
    assert_int_equal(page.code, 1);
    assert_non_null(strstr(page.error, "from after now"));
    check_clean("from after now", page.output, SIZE_MAX);
    run_free(&page);
}

static void test_usage(void **state) {
    const char *argv[] = {lab_program(PROGRAM), "status", "--nonsense", NULL};

    (void)state;
    assert_int_equal(lab_wait_exit(lab_start(LAB_HERE, argv), LIMIT_SEC), 2);
}

static int set_locale(void **state) {
    (void)state;
    return setenv("LC_ALL", "C.UTF-8", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_usage, lab_teardown),
        cmocka_unit_test_teardown(test_bad_files, lab_teardown),
        cmocka_unit_test_teardown(test_hostile_file, lab_teardown),
        cmocka_unit_test_teardown(test_no_file, lab_teardown),
        cmocka_unit_test_teardown(test_running_daemon, lab_teardown),
    };

    return cmocka_run_group_tests(tests, set_locale, NULL);
}
