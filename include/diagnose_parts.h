/* SPDX-License-Identifier: MIT */
/* What the files of the diagnose stage share: one function per family of problems. Pure. */
#ifndef SYNWAITD_DIAGNOSE_PARTS_H
#define SYNWAITD_DIAGNOSE_PARTS_H

#include "diagnose.h"

#define HALF_OPENS_ENOUGH 16 /* of fewer no share is taken, unless they fill the queue */

/** Everything one call of diagnose() works on. */
struct diagnosis {
    const struct sample *sample;
    const struct breach *breach;
    size_t breach_count;
    struct finding *finding; /* FINDINGS_MAX */
    size_t finding_count;
};

/** Starts a finding led by @p lead. @return it, or NULL when FINDINGS_MAX are there. */
struct finding *finding_start(struct diagnosis *diagnosis, enum problem_family family,
                              const struct breach *lead);

/** Names the cause, and with it the problem. */
void finding_conclude(struct finding *finding, enum cause cause, enum confidence confidence);

/** Appends a number that the finding rests on; unknown figures are left out. */
void finding_evidence(struct finding *finding, const char *key, struct figure figure);

/** Takes another breach of the same cause into the finding: its severity counts, its value becomes evidence.
 */
void finding_absorb(struct finding *finding, const struct breach *breach);

/** Fills in the sysctls that help. @p listener and @p remote may be NULL; @p demand 0 if unknown. */
void finding_advise(const struct diagnosis *diagnosis, struct finding *finding,
                    const struct listener *listener, const struct endpoint *remote, uint64_t demand);

/** @return the first finding of @p family, or NULL. */
struct finding *finding_of_family(struct diagnosis *diagnosis, enum problem_family family);

/**
 * Notes whose the sockets in @p state are, of the listening port @p port or of the whole host (0). The cgroup
 * that holds more than half of them owns the finding; its listener does where no cgroup is told.
 */
void finding_shares(const struct sample *sample, struct finding *finding, enum tcp_state state,
                    uint16_t port);

/** Names the local port; its listener by address and backlog if it has just one. */
void finding_locate(const struct sample *sample, struct finding *finding, uint16_t port);

/** Lays the finding to @p listener (NULL: unknown), whose backlog it is about. */
void finding_owned_by_listener(struct finding *finding, const struct listener *listener);

/** Lays the finding to the cgroup that every listener of local @p port has; to nobody if they differ. */
void finding_owned_by_port(const struct sample *sample, struct finding *finding, uint16_t port);

/** Lays the finding to who connects to @p destination. */
void finding_owned_by_destination(struct finding *finding, const struct destination *destination);

/** @return the listener's port that more than half of the sockets in @p state have, or 0. */
uint16_t main_listening_port(const struct sample *sample, enum tcp_state state);

/** SYN queue and accept queue of each listener concerned: a flood, a burst, a slow accept(), loss. */
void diagnose_handshake(struct diagnosis *diagnosis);

/** CLOSE-WAIT, FIN-WAIT-1, FIN-WAIT-2, LAST-ACK, CLOSING. */
void diagnose_closing(struct diagnosis *diagnosis);

/** Ephemeral ports, towards one destination or of one source address. */
void diagnose_ports(struct diagnosis *diagnosis);

/** TIME-WAIT, SYN-SENT. */
void diagnose_outbound(struct diagnosis *diagnosis);

/** ESTABLISHED, orphans, TCP memory, connection tracking. */
void diagnose_resources(struct diagnosis *diagnosis);

/** What synwaitd itself cannot read. */
void diagnose_sampling(struct diagnosis *diagnosis);

#endif
