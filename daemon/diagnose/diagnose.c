/* SPDX-License-Identifier: MIT */
#include "diagnose.h"

#include <stdio.h>
#include <string.h>

#include "diagnose_parts.h"

struct finding *finding_start(struct diagnosis *diagnosis, enum problem_family family,
                              const struct breach *lead) {
    if (diagnosis->finding_count == FINDINGS_MAX)
        return NULL;
    struct finding *finding = &diagnosis->finding[diagnosis->finding_count++];
    *finding = (struct finding){
        .family = family,
        .scope = lead->scope,
        .severity = lead->severity,
        .lead = *lead,
        .local = lead->blamed,
    };
    return finding;
}

void finding_conclude(struct finding *finding, enum cause cause, enum confidence confidence) {
    finding->cause = cause;
    finding->problem = cause_info(cause)->problem;
    finding->confidence = confidence;
}

void finding_evidence(struct finding *finding, const char *key, struct figure figure) {
    if (!figure_known(figure) || finding->evidence_count == EVIDENCE_MAX)
        return;
    finding->evidence[finding->evidence_count++] = (struct evidence){key, figure.value};
}

static const char *breach_key(enum condition condition) {
    static const char *const key[CONDITION_COUNT] = {
        [CONDITION_SYN_SENT] = "syn_sent",
        [CONDITION_SYN_RECV] = "half_open",
        [CONDITION_ESTABLISHED] = "established",
        [CONDITION_FIN_WAIT_1] = "fin_wait_1",
        [CONDITION_FIN_WAIT_2] = "fin_wait_2",
        [CONDITION_CLOSE_WAIT] = "close_wait",
        [CONDITION_CLOSING] = "closing",
        [CONDITION_LAST_ACK] = "last_ack",
        [CONDITION_TIME_WAIT] = "time_wait",
        [CONDITION_SYN_OVERFLOW] = "syn_overflow_per_sec",
        [CONDITION_ACCEPT_OVERFLOW] = "accept_overflow_per_sec",
        [CONDITION_ACCEPT_QUEUE] = "accept_queue",
        [CONDITION_TIME_WAIT_OVERFLOW] = "time_wait_overflow_per_sec",
        [CONDITION_PORTS] = "ports_in_use",
        [CONDITION_ORPHANS] = "orphans",
        [CONDITION_TCP_MEMORY] = "tcp_memory_pages",
        [CONDITION_CONNTRACK] = "conntrack_entries",
    };

    return key[condition];
}

void finding_absorb(struct finding *finding, const struct breach *breach) {
    if (breach->severity > finding->severity)
        finding->severity = breach->severity;
    finding_evidence(finding, breach_key(breach->condition), FIGURE_OF(breach->value));
}

void finding_advise(const struct diagnosis *diagnosis, struct finding *finding,
                    const struct listener *listener, const struct endpoint *remote, uint64_t demand) {
    struct advice_context context = {
        .cause = finding->cause,
        .sample = diagnosis->sample,
        .listener = listener,
        .remote = remote,
        .demand = demand,
    };

    finding->advice_count = advise(&context, finding->advice);
}

struct finding *finding_of_family(struct diagnosis *diagnosis, enum problem_family family) {
    for (size_t i = 0; i < diagnosis->finding_count; i++)
        if (diagnosis->finding[i].family == family)
            return &diagnosis->finding[i];
    return NULL;
}

/* Each source with its reason, and once if they have the same. */
static void add_source(struct finding *finding, int source, const char *reason) {
    size_t used = strlen(finding->detail);

    finding->hazards |= 1U << source;
    if (!strstr(finding->detail, reason))
        snprintf(finding->detail + used, sizeof finding->detail - used, "%s%s", used > 0 ? "; " : "", reason);
}

void diagnose_sampling(struct diagnosis *diagnosis) {
    const struct sample *sample = diagnosis->sample;
    struct finding *finding = NULL;

    for (int i = 0; i < SOURCE_COUNT; i++) {
        const struct source_status *status = &sample->source[i];
        if (!status->degraded)
            continue;
        if (!finding) {
            struct breach none = {.condition = CONDITION_COUNT,
                                  .severity = SEVERITY_WARNING,
                                  .measured_usec = sample->taken_usec};
            finding = finding_start(diagnosis, FAMILY_SAMPLING, &none);
            if (!finding)
                return;
            finding_conclude(finding, CAUSE_CANNOT_SAMPLE, CONFIDENCE_HIGH);
            finding_evidence(finding, "failed_ticks", FIGURE_OF(status->failed_ticks));
        }
        add_source(finding, i, status->reason);
    }
}

static bool rests_on_walk(enum problem_family family) {
    switch (family) {
    case FAMILY_HANDSHAKE:
    case FAMILY_CLOSE_WAIT:
    case FAMILY_TIME_WAIT:
    case FAMILY_OUTBOUND_HANDSHAKE:
    case FAMILY_FIN_WAIT_1:
    case FAMILY_FIN_WAIT_2:
    case FAMILY_LAST_ACK:
    case FAMILY_CLOSING:
    case FAMILY_ESTABLISHED:
        return true;
    default:
        return false;
    }
}

/* How old what the finding rests on is: its value, and what a walk has told. */
static void date(struct finding *finding, const struct sample *sample) {
    if (!finding_has_number(finding))
        return;
    finding->age_usec = sample_age_usec(sample, finding->lead.measured_usec);
    if (rests_on_walk(finding->family) && sample->walked_usec != 0)
        finding_evidence(finding, "walk_age_msec",
                         FIGURE_OF(sample_age_usec(sample, sample->walked_usec) / 1000));
}

size_t diagnose(const struct sample *sample, const struct breach *breaches, size_t count,
                struct finding findings[FINDINGS_MAX]) {
    struct diagnosis diagnosis = {
        .sample = sample, .breach = breaches, .breach_count = count, .finding = findings};

    /* Sampling first: it must not be crowded out. Handshake before closing: a stuck accept() explains both.
     */
    diagnose_sampling(&diagnosis);
    diagnose_handshake(&diagnosis);
    diagnose_closing(&diagnosis);
    diagnose_ports(&diagnosis);
    diagnose_outbound(&diagnosis);
    diagnose_resources(&diagnosis);
    for (size_t i = 0; i < diagnosis.finding_count; i++)
        date(&findings[i], sample);
    return diagnosis.finding_count;
}

bool finding_has_number(const struct finding *finding) {
    return finding->lead.condition < CONDITION_COUNT && finding->lead.severity != SEVERITY_NONE;
}

const char *confidence_name(enum confidence confidence) {
    static const char *const name[] = {
        [CONFIDENCE_LOW] = "low", [CONFIDENCE_MEDIUM] = "medium", [CONFIDENCE_HIGH] = "high"};

    return name[confidence];
}
