/* SPDX-License-Identifier: MIT */
/*
 * Network namespaces and child processes for the integration tests. Namespaces have no name and children die
 * with the test, so nothing is left behind however the test ends.
 */
#ifndef INTEGRATION_LAB_H
#define INTEGRATION_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LAB_HERE (-1) /* the namespace the test is in */

/** A process under test. Its output is kept in memory files. */
struct lab_child {
    bool used;
    pid_t pid; /* 0 once it has ended */
    int input; /* write end of its standard input */
    int output, error;
    int status; /* as of waitpid(), once it has ended */
};

/** Without root, skips the test aloud; under CI=true fails it. */
void lab_need_root(void);

/** Without this program, or file of the kernel's, likewise. */
void lab_need_file(const char *path);

/** Puts the test process into a new namespace with loopback and the silent link. */
void lab_enter(void);

/**
 * Makes a second namespace, linked to this one: here is 192.0.2.1, there 192.0.2.2.
 * @return a descriptor to start children in it with
 */
int lab_peer_namespace(void);

/**
 * lab_enter(), with a hash table of its own where the kernel has that (Linux 6.1): then the listener iterator
 * does not have to go through the host's table to find a socket that does not listen.
 * @param buckets how large it is, e.g. LAB_SMALL_TABLE
 */
void lab_enter_own_table(const char *buckets);
#define LAB_SMALL_TABLE "4096"

/** Mounts a bpffs that nobody else sees, until the teardown; without synwaitd-bpf, skips the test aloud,
 * under CI=true fails it.
 */
void lab_mount_bpffs(const char *options);

/** Runs `synwaitd-bpf VERB`, which must succeed. */
void lab_run_loader(const char *verb);

/** Writes a sysctl of this namespace, e.g. lab_sysctl("net/ipv4/tcp_synack_retries", "1"). */
void lab_sysctl(const char *path, const char *value);

/** Runs a shell command in @p netns, which must succeed. */
void lab_shell(int netns, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** @return the path of a program of this build, e.g. "tools/tcpload"; valid until the next call but three. */
const char *lab_program(const char *name);

/** Starts argv[0], a path, in @p netns. */
struct lab_child *lab_start(int netns, const char *const argv[]);

/** @return all that has come on standard output or error so far; released with free(). */
char *lab_output(const struct lab_child *child);
char *lab_error(const struct lab_child *child);

/** Waits until the text stands in the output; the test fails if it does not in @p seconds. */
void lab_wait_output(struct lab_child *child, const char *text, unsigned int seconds);
void lab_wait_error(struct lab_child *child, const char *text, unsigned int seconds);

/** Waits for the end; the test fails if it does not come in @p seconds or by a signal. @return exit code */
int lab_wait_exit(struct lab_child *child, unsigned int seconds);

/** Forgets a child that has ended, whose output is not needed any more: a test can have 16 at a time. */
void lab_release(struct lab_child *child);

void lab_signal(const struct lab_child *child, int number);

/** Closes its standard input, which tells tcpload to end. */
void lab_end_input(struct lab_child *child);

/** @return a new directory for the test's files; it goes with all that is in it at the teardown. */
const char *lab_scratch(void);

/** For cmocka's teardown: ends every child that still runs, removes the scratch directory and the bpffs. */
int lab_teardown(void **state);

#endif
