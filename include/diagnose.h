/* SPDX-License-Identifier: MIT */
/* Breaches and the sample they come from, turned into findings: problem, cause, evidence, advice. Pure. */
#ifndef SYNWAITD_DIAGNOSE_H
#define SYNWAITD_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advice.h"
#include "cause.h"
#include "problem.h"
#include "sample.h"
#include "threshold.h"

#define FINDINGS_MAX (BREACHES_MAX + 2) /* one more for sampling, one for the audit of sysctls */
#define EVIDENCE_MAX 24
#define UNIT_SIZE    256 /* a cgroup's name has at most 255 bytes */
#define COMM_SIZE    16  /* TASK_COMM_LEN */

enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };

/** One number that the diagnosis rests on. */
struct evidence {
    const char *key; /* static, e.g. "cookies_sent_per_sec" */
    uint64_t value;
};

/** Problems that can turn into one another as evidence comes in share one incident. */
enum problem_family {
    FAMILY_NONE,
    FAMILY_HANDSHAKE,
    FAMILY_CLOSE_WAIT,
    FAMILY_TIME_WAIT,
    FAMILY_PORTS,
    FAMILY_OUTBOUND_HANDSHAKE,
    FAMILY_FIN_WAIT_1,
    FAMILY_FIN_WAIT_2,
    FAMILY_LAST_ACK,
    FAMILY_CLOSING,
    FAMILY_ESTABLISHED,
    FAMILY_ORPHANS,
    FAMILY_TCP_MEMORY,
    FAMILY_CONNTRACK,
    FAMILY_SYSCTL,
    FAMILY_SAMPLING,
    FAMILY_COUNT,
};

struct finding {
    enum problem problem;
    enum problem_family family;
    struct scope scope; /* with the family: which incident it belongs to */
    enum cause cause;
    enum confidence confidence;
    enum severity severity; /* the worst of its breaches */
    struct breach lead;     /* the breach that the alert names */
    uint64_t age_usec;      /* of its value, at the sample that the finding was made from */
    struct endpoint local;  /* the listener, or the local port with the largest share; NONE if unknown */
    struct endpoint peer;   /* NONE if unknown */
    struct evidence evidence[EVIDENCE_MAX];
    size_t evidence_count;
    struct shares shares; /* whose the sockets are; empty if that is not known */
    struct holder owner;  /* the cgroup and the socket that the finding is laid to; 0: unknown */
    char unit[UNIT_SIZE]; /* its name, filled in after diagnose() (owners.h); "" = unknown */
    char holder_unit[HOLDERS_MAX][UNIT_SIZE]; /* likewise, of shares.holder */
    uint32_t pid;                             /* likewise; 0 = unknown */
    char comm[COMM_SIZE];
    struct advice advice[ADVICE_MAX];
    size_t advice_count;
    uint64_t backlog_advised; /* for listen(), where a cause asks for more; 0 = none */
    bool backlog_suffices;    /* the application asks for enough: another limit binds */
    bool quiet; /* no alert of its own, but what is open stays open: nothing is wrong for certain */
    enum problem_family linked; /* one cause with that family: not raised while an incident of it is open */
    /* One bit each: of unsafe-sysctl which (audit.h), of sampling-degraded the sources; else 0 */
    uint32_t hazards;
    char detail[SOURCE_REASON_SIZE]; /* sampling-degraded: the reasons; unsafe-sysctl: the ports; else "" */
};

/**
 * Groups breaches with one cause and explains each group.
 * @param breaches as given by threshold_evaluate(); @param count how many
 * @param findings receives at most FINDINGS_MAX
 * @return how many
 */
size_t diagnose(const struct sample *sample, const struct breach *breaches, size_t count,
                struct finding findings[FINDINGS_MAX]);

/**
 * @return the address that more than half of the counted sockets are with, or, if no address has that many,
 * the network; NULL: none has, or there are too few half-open connections to tell
 */
const struct peer_share *finding_main_peer(const struct finding *finding);

/** @return whether @p finding rests on a condition's number; sampling-degraded and unsafe-sysctl do not. */
bool finding_has_number(const struct finding *finding);

/** @return "low", "medium" or "high". */
const char *confidence_name(enum confidence confidence);

#endif
