/* SPDX-License-Identifier: MIT */
/* Tables of faults: each row injects one into a daemon that has a real problem to tell of, and holds it to
 * what is promised. */
#ifndef FAULTS_FAULT_H
#define FAULTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "../integration/daemon.h"
#include "../integration/lab.h"

#define FAULT_PROBLEM "syn-sent-stall"
#define FAULT_PORT    81 /* that the problem is towards */
#define FAULT_BLIND   "sampling-degraded"

struct fault {
    const char *name, *injected, *promise; /* as in SAMPLING.md */
    void (*run)(const struct fault *fault);
    const char *inject; /* the rest is for run(): what */
    const char *reason; /* what sampling-degraded says of it; NULL: it is not raised */
};

/** How often a problem was raised and cleared. */
struct fault_told {
    const char *problem;
    size_t raised, cleared;
};

/**
 * Runs the rows, each a test of its name, and one more that SAMPLING.md has them.
 * @param program as it stands there, e.g. "test_sampling_proc"
 * @param setup if not NULL, run before the rows: their children live on from row to row
 * @return for main()
 */
int fault_main(const char *program, const struct fault *faults, size_t count, int (*setup)(void **state));

/** Enters a namespace with a scratch directory and the configuration in it: 10 in SYN-SENT are too many.
 * @param rules further members of `thresholds`; @param rest further settings; "" for none
 */
void fault_enter(const char *rules, const char *rest);

/** @return SCRATCH/NAME; valid until the next call but seven */
const char *fault_path(const char *name);

/** Writes SCRATCH/NAME anew in place, so that who has it open reads that. */
void fault_write(const char *name, const char *text);

/** Makes or removes the file that a preloaded fault is present by. */
void fault_switch(const char *name, bool on);

/**
 * Starts a daemon in a mount namespace of its own.
 * @param before a shell command before it, e.g. "mount --bind ... /proc/$$/net &&": $$ will be the daemon
 * @param with what starts it, e.g. "env LD_PRELOAD=..."
 */
struct lab_child *fault_start(const char *program, const char *before, const char *with);

/** The same, with e.g. "--ticks 8". */
struct lab_child *fault_start_for(const char *ticks, const char *program, const char *before,
                                  const char *with);

/** @return for fault_start(): netlink_fault.so with that fault, while SWITCH (a name in the scratch
 * directory) is there; @param once at every other request alone */
const char *fault_preload(const char *inject, const char *switch_name, bool once);

/** 20 connections that nobody answers: FAULT_PROBLEM within some 2 s. */
void fault_problem(void);
void fault_problem_ends(void);

/** Waits until sampling-degraded has been raised @p count times, the last time with @p reason. */
void fault_wait_degraded(struct lab_child *daemon, const char *reason, size_t count, unsigned int seconds);

/** Ends the daemon, which must do so in order, and must have told nothing but these. */
void fault_end(struct lab_child *daemon, const struct fault_told *told, size_t count);

/** The same for a daemon that has ended by itself. */
void fault_check_told(const struct lab_child *daemon, const struct fault_told *told, size_t count);

/** @return for fault_start(), as @p before: the daemon writes status.json */
const char *fault_with_status(void);

/** @return a number of that file (a name in the scratch directory), e.g. "missed_ticks" or
 * "states/CLOSE-WAIT"; -1: unknown */
long long fault_status(const char *file, const char *path);

/** Waits until that file tells of @p count ticks more. */
void fault_wait_ticks(const char *file, long long count);

#endif
