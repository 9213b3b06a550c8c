/* SPDX-License-Identifier: MIT */
/* synwaitctl under test, run to its end in the test's namespace. */
#ifndef INTEGRATION_CTL_RUN_H
#define INTEGRATION_CTL_RUN_H

#include <jansson.h>

/** As whom, and where it believes to be. */
enum ctl_as {
    CTL_ROOT,
    CTL_NOBODY, /* without root's privileges and capabilities */
    CTL_NAMED,  /* the namespace is called CTL_NETNS, so that it is not the host's */
    CTL_HOST, /* the namespace is that of its pid 1, so that it is the host's; /etc/sysctl.d is the directory
                 that ctl_sysctl_d() has made */
};
#define CTL_NETNS "lab"

/** Its output is kept until ctl_end(). */
struct ctl_run {
    int code;
    char *output, *error;
};

/** Runs it with these arguments, NULL after the last. */
struct ctl_run ctl_run(enum ctl_as as, const char *const arguments[]);
#define CTL_RUN(as, ...) ctl_run(as, (const char *const[]){__VA_ARGS__, NULL})

/** Releases the output when the variable leaves scope. */
#define CLEANUP_CTL_RUN __attribute__((cleanup(ctl_end)))
void ctl_end(struct ctl_run *run);

/** Makes the directory for CTL_HOST, with one file in it. */
void ctl_sysctl_d(const char *name, const char *text);

/** Fails the test unless @p wanted is in @p text, whatever the number of blanks. */
void ctl_expect(const char *text, const char *wanted);

/** Fails the test if @p unwanted is, likewise. */
void ctl_expect_not(const char *text, const char *unwanted);

/** @return the standard output as JSON; released with json_decref(). */
json_t *ctl_json(const struct ctl_run *run);

/** Starts tcpload in this namespace and waits until what it makes stands. */
void ctl_start_load(const char *const argv[]);

/** A listener on CTL_SERVER:8080, and more SYNs from forged sources than its queue holds, for half a minute.
 */
#define CTL_SERVER "198.18.0.1"
void ctl_start_flood(const char *backlog);

#endif
