/* SPDX-License-Identifier: MIT */
#include "ctl_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "lab.h"
#include "util.h"

#define PROGRAM "test/synwaitctl"

enum { ARGUMENTS_MAX = 24, RUN_SECONDS = 60 };

static char sysctl_d[64];

/* $0 is the program, or what stands for it, $1 the directory for /etc/sysctl.d. The descriptor is opened
   before, for the build's directory may be closed to that user; --pdeathsig anew, for a change of user clears
   it. Mounts are in a namespace of their own. */
static const char *const script[] = {
    [CTL_ROOT] = "shift; exec \"$0\" \"$@\"",
    [CTL_NOBODY] =
        "shift; exec 3<\"$0\" && exec setpriv --reuid 65534 --regid 65534 --clear-groups "
        "--bounding-set -all --inh-caps -all --no-new-privs --pdeathsig KILL /proc/self/fd/3 \"$@\"",
    [CTL_NAMED] = "shift; exec unshare -m sh -c 'mount -t tmpfs lab /run && mkdir /run/netns && "
                  "touch /run/netns/" CTL_NETNS " && mount --bind /proc/self/ns/net /run/netns/" CTL_NETNS
                  " && exec \"$0\" \"$@\"' \"$0\" \"$@\"",
    [CTL_HOST] =
        "exec unshare -p -m -f --mount-proc --kill-child sh -c 'mount --bind \"$1\" /etc/sysctl.d && "
        "shift && exec \"$0\" \"$@\"' \"$0\" \"$@\"",
};

struct ctl_run ctl_run(enum ctl_as as, const char *const arguments[]) {
    const char *argv[ARGUMENTS_MAX] = {"/bin/sh", "-c", script[as], lab_program(PROGRAM), sysctl_d};
    size_t count = 5;

    for (size_t i = 0; arguments[i]; i++) {
        assert_in_range(count, 0, ARGUMENTS_MAX - 2);
        argv[count++] = arguments[i];
    }
    struct lab_child *child = lab_start(LAB_HERE, argv);
    struct ctl_run run = {.code = lab_wait_exit(child, RUN_SECONDS)};
    run.output = lab_output(child);
    run.error = lab_error(child);
    lab_release(child);
    return run;
}

void ctl_end(struct ctl_run *run) {
    free(run->output);
    free(run->error);
}

void ctl_sysctl_d(const char *name, const char *text) {
    snprintf(sysctl_d, sizeof sysctl_d, "%s", lab_scratch());
    assert_int_equal(write_file_atomic(sysctl_d, name, text, strlen(text), 0644), 0);
}

/* @return a copy in which blanks in a row are one: how wide a column is does not matter; released with free()
 */
static char *squeeze(const char *text) {
    char *copy = strdup(text), *to = copy;

    assert_non_null(copy);
    for (const char *from = text; *from; from++)
        if (*from != ' ' || from[1] != ' ')
            *to++ = *from;
    *to = '\0';
    return copy;
}

static bool has(const char *text, const char *part) {
    char *squeezed = squeeze(text), *wanted = squeeze(part);
    bool found = strstr(squeezed, wanted) != NULL;

    free(squeezed);
    free(wanted);
    return found;
}

void ctl_expect(const char *text, const char *wanted) {
    if (has(text, wanted))
        return;
    print_error("%s", text);
    fail_msg("\"%s\" is missing", wanted);
}

void ctl_expect_not(const char *text, const char *unwanted) {
    if (!has(text, unwanted))
        return;
    print_error("%s", text);
    fail_msg("\"%s\" is there", unwanted);
}

json_t *ctl_json(const struct ctl_run *run) {
    json_error_t error;
    json_t *json = json_loads(run->output, 0, &error);

    if (!json)
        fail_msg("%s in:\n%s\n%s", error.text, run->output, run->error);
    return json;
}

void ctl_start_load(const char *const argv[]) {
    lab_wait_output(lab_start(LAB_HERE, argv), "READY", 30);
}

void ctl_start_flood(const char *backlog) {
    const char *server[] = {lab_program("tools/tcpload"),
                            "listen",
                            "--addr",
                            CTL_SERVER,
                            "--port",
                            "8080",
                            "--backlog",
                            backlog,
                            NULL};
    const char *flood[] = {lab_program("tools/tcpload"),
                           "flood",
                           "--source-base",
                           "100.64.0.1",
                           "--sources",
                           "60000",
                           "--addr",
                           CTL_SERVER,
                           "--port",
                           "8080",
                           "--rate",
                           "2000",
                           "--count",
                           "60000",
                           NULL};

    ctl_start_load(server);
    ctl_start_load(flood);
}
