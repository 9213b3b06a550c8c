/* SPDX-License-Identifier: MIT */
#include "sockets_case.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroups.h"
#include "lab.h"
#include "page.h"
#include "util.h"

#define PROGRAM  "test/synwaitctl"
#define SERVICES 4

static char cgroup[SERVICES][512];
static size_t cgroups;

void sockets_release(struct sockets_run *run) {
    free(run->output);
    free(run->error);
}

/* Splits at blanks; @p words keeps what argv points to. */
static void split(const char *arguments, char words[SOCKETS_WORDS_SIZE],
                  const char *argv[SOCKETS_ARGUMENTS_MAX + 9], size_t count) {
    assert_true(strlen(arguments) < SOCKETS_WORDS_SIZE);
    snprintf(words, SOCKETS_WORDS_SIZE, "%s", arguments);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        assert_true(count < SOCKETS_ARGUMENTS_MAX + 8);
        argv[count++] = word;
    }
    argv[count] = NULL;
}

/* There are places for a few children only. */
static void give_back(struct lab_child *child) {
    lab_end_input(child);
    close(child->output);
    close(child->error);
    child->used = false;
}

static struct sockets_run finish(struct lab_child *child) {
    struct sockets_run run = {.code = lab_wait_exit(child, 60)};

    run.output = lab_output(child);
    run.error = lab_error(child);
    give_back(child);
    return run;
}

struct sockets_run sockets_ctl(const char *arguments) {
    const char *argv[SOCKETS_ARGUMENTS_MAX + 9] = {lab_program(PROGRAM)};
    char words[SOCKETS_WORDS_SIZE];

    split(arguments, words, argv, 1);
    return finish(lab_start(LAB_HERE, argv));
}

/* The descriptor is opened before: the build's directory may be closed to that user. */
#define AS_NOBODY                                                                                            \
    "exec 3<\"$0\" && exec setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "          \
    "--inh-caps -all --no-new-privs /proc/self/fd/3 \"$@\""

struct sockets_run sockets_ctl_as_nobody(const char *arguments) {
    const char *argv[SOCKETS_ARGUMENTS_MAX + 9] = {"/bin/sh", "-c", AS_NOBODY, lab_program(PROGRAM)};
    char words[SOCKETS_WORDS_SIZE];

    split(arguments, words, argv, 4);
    return finish(lab_start(LAB_HERE, argv));
}

/* Until the other end is closed for good; carriage returns are the terminal's own. */
static char *read_all(int controller) {
    char *text = NULL, part[4096];
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    ssize_t got;

    assert_non_null(stream);
    while ((got = read(controller, part, sizeof part)) > 0)
        for (ssize_t i = 0; i < got; i++)
            if (part[i] != '\r')
                fputc(part[i], stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

char *sockets_on_terminal(unsigned short width, bool as_nobody, const char *arguments) {
    const struct winsize size = {.ws_row = 50, .ws_col = width};
    CLEANUP_FD int controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char words[SOCKETS_WORDS_SIZE];
    char script[1024];

    assert_int_equal(grantpt(controller), 0);
    assert_int_equal(unlockpt(controller), 0);
    assert_int_equal(ioctl(controller, TIOCSWINSZ, &size), 0);
    const char *terminal = ptsname(controller);
    assert_non_null(terminal);
    snprintf(script, sizeof script, "exec >%s 2>&1 && export TERM=xterm && %s", terminal,
             as_nobody ? AS_NOBODY : "exec \"$0\" \"$@\"");
    const char *argv[SOCKETS_ARGUMENTS_MAX + 9] = {"/bin/sh", "-c", script, lab_program(PROGRAM)};
    split(arguments, words, argv, 4);
    struct lab_child *child = lab_start(LAB_HERE, argv);
    char *text = read_all(controller);
    int code = lab_wait_exit(child, 60);
    give_back(child);
    if (code != 0)
        fail_msg("synwaitctl %s: exit %d\n%s", arguments, code, text);
    return text;
}

json_t *sockets_json(const char *arguments) {
    CLEANUP_SOCKETS_RUN struct sockets_run run = sockets_ctl(arguments);
    json_error_t error;

    if (run.code != 0)
        fail_msg("synwaitctl %s: exit %d: %s", arguments, run.code, run.error);
    json_t *json = json_loads(run.output, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_array(json))
        fail_msg("synwaitctl %s: %s\n%s", arguments, error.text, run.output);
    return json;
}

/* Colours are ours. */
static size_t skip_color(const char *line) {
    size_t length = line[0] == '\033' && line[1] == '[' ? 2 + strspn(line + 2, "0123456789;") : 0;

    return length > 0 && line[length] == 'm' ? length + 1 : 0;
}

size_t sockets_check_lines(const char *text, size_t most) {
    size_t lines = 0;

    for (const char *line = text; *line; lines++) {
        size_t columns = 0;
        const char *at = line;
        for (; *at && *at != '\n';) {
            size_t color = skip_color(at);
            columns += color == 0 && page_columns(at, 1);
            at += color > 0 ? color : 1;
        }
        if (columns > most)
            fail_msg("%zu columns, %zu allowed:\n%.*s", columns, most, (int)(at - line), line);
        line = *at ? at + 1 : at;
    }
    return lines;
}

void sockets_check_harmless(const char *text) {
    for (size_t bytes; *text; text += bytes) {
        bytes = *text == '\n' ? 1 : printable_length(text);
        if (bytes == 0)
            fail_msg("character %d in:\n%s", *text, text);
    }
}

const json_t *sockets_object(const json_t *array, const char *key, const char *text) {
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *object = json_array_get(array, i);
        const char *value = json_string_value(json_object_get(object, key));
        if (value && strcmp(value, text) == 0)
            return object;
    }
    char *dump CLEANUP_FREE = json_dumps(array, 0);
    fail_msg("no \"%s\": \"%s\" in %s", key, text, dump);
    return NULL;
}

long long sockets_number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        fail_msg("\"%s\" is no number", key);
    return (long long)json_integer_value(value);
}

const char *sockets_text(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value) && !json_is_null(value))
        fail_msg("\"%s\" is neither text nor null", key);
    return json_string_value(value);
}

size_t sockets_ss_lines(const char *state) {
    const char *argv[] = {"/bin/sh", "-c", "exec ss -Htan", NULL};
    CLEANUP_SOCKETS_RUN struct sockets_run ss = finish(lab_start(LAB_HERE, argv));
    size_t count = 0;

    assert_int_equal(ss.code, 0);
    for (char *line = strtok(ss.output, "\n"); line; line = strtok(NULL, "\n"))
        count += !state || (strncmp(line, state, strlen(state)) == 0 && line[strlen(state)] == ' ');
    return count;
}

static void skip_without_tree(void) {
    const char *ci = getenv("CI");

    print_message("SKIPPED: no cgroup2 tree to make cgroups in\n");
    if (ci && strcmp(ci, "true") == 0)
        fail_msg("CI=true does not allow a skipped test");
    skip();
}

static void path_of(const char *name, char path[512]) {
    char *directory CLEANUP_FREE = cgroup2_directory("/sys/fs/cgroup");

    if (!directory)
        skip_without_tree();
    snprintf(path, 512, "%s/%s-%d.service", directory ? directory : "", name, (int)getpid());
}

void sockets_service_make(const char *name) {
    assert_true(cgroups < SERVICES);
    path_of(name, cgroup[cgroups]);
    if (mkdir(cgroup[cgroups], 0755) < 0)
        skip_without_tree();
    cgroups++;
}

int sockets_service_start(const char *name, const char *arguments) {
    char path[512], procs[544];
    char words[SOCKETS_WORDS_SIZE];

    path_of(name, path);
    snprintf(procs, sizeof procs, "%s/cgroup.procs", path);
    const char *argv[SOCKETS_ARGUMENTS_MAX + 9] = {"/bin/sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", procs,
                                                   lab_program("tools/tcpload")};
    split(arguments, words, argv, 5);
    struct lab_child *child = lab_start(LAB_HERE, argv);
    lab_wait_output(child, "READY", 30);
    return child->pid;
}

/* A process that has just ended can hold its cgroup for a moment. */
int sockets_teardown(void **state) {
    int result = lab_teardown(state);

    for (; cgroups > 0; cgroups--) {
        const char *path = cgroup[cgroups - 1];
        for (int i = 0; i < 500 && rmdir(path) < 0 && errno == EBUSY; i++)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        result |= access(path, F_OK) == 0 ? -1 : 0;
    }
    return result;
}
