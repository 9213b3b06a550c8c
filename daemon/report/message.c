/* SPDX-License-Identifier: MIT */
/* MESSAGE must say everything on its own: many forwarders carry nothing else (systemd.journal-fields(7)). */
#include <inttypes.h>
#include <string.h>

#include "cause.h"
#include "problem.h"
#include "record.h"
#include "remedy.h"
#include "util.h"

#define MESSAGE_MAX       400 /* with the NUL */
#define UNIT_MAX_BYTES    72  /* of names in the place, so that the numbers have room */
#define PART_MIN          24  /* bytes; less of a cause or a remedy says nothing */
#define OLD_USEC          (5 * USEC_PER_SEC)
#define CHANGES_MAX_BYTES 160 /* of the settings named, so that the rest has room */

/* What the numbers of a condition are. */
static const char *const noun[CONDITION_COUNT] = {
    [CONDITION_SYN_SENT] = "unanswered connection attempts",
    [CONDITION_SYN_RECV] = "half-open connections",
    [CONDITION_ESTABLISHED] = "established connections",
    [CONDITION_FIN_WAIT_1] = "sockets in FIN-WAIT-1",
    [CONDITION_FIN_WAIT_2] = "sockets in FIN-WAIT-2",
    [CONDITION_CLOSE_WAIT] = "sockets in CLOSE-WAIT",
    [CONDITION_CLOSING] = "sockets in CLOSING",
    [CONDITION_LAST_ACK] = "sockets in LAST-ACK",
    [CONDITION_TIME_WAIT] = "sockets in the TIME-WAIT table",
    [CONDITION_SYN_OVERFLOW] = "SYN/s over a full SYN queue",
    [CONDITION_ACCEPT_OVERFLOW] = "connections/s lost to a full accept queue",
    [CONDITION_ACCEPT_QUEUE] = "waiting connections",
    [CONDITION_TIME_WAIT_OVERFLOW] = "closes/s over a full TIME-WAIT table",
    [CONDITION_PORTS] = "ephemeral ports",
    [CONDITION_ORPHANS] = "orphaned sockets",
    [CONDITION_TCP_MEMORY] = "pages of TCP memory",
    [CONDITION_CONNTRACK] = "tracked connections",
};

static void add_duration(struct text *text, uint64_t usec) {
    static const struct {
        uint64_t seconds;
        const char *name;
    } unit[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    uint64_t rest = (usec + USEC_PER_SEC / 2) / USEC_PER_SEC;
    size_t first = 0;

    while (first + 1 < ARRAY_SIZE(unit) && rest < unit[first].seconds)
        first++;
    text_add(text, "%" PRIu64 " %s", rest / unit[first].seconds, unit[first].name);
    rest %= unit[first].seconds;
    if (first + 1 < ARRAY_SIZE(unit) && rest >= unit[first + 1].seconds)
        text_add(text, " %" PRIu64 " %s", rest / unit[first + 1].seconds, unit[first + 1].name);
}

static void add_opening(struct text *text, const struct alert *alert) {
    switch (alert->event) {
    case EVENT_CHANGED:
        if (alert->finding.family == FAMILY_SYSCTL || alert->finding.family == FAMILY_SAMPLING)
            text_add(text, "Changed: ");
        else if (alert->rediagnosed)
            text_add(text, "Now understood as: ");
        else
            text_add(text,
                     "Now %s: ", alert->finding.severity == SEVERITY_CRITICAL ? "critical" : "a warning");
        break;
    case EVENT_REMINDER:
        text_add(text, "Still there after ");
        add_duration(text, alert->duration_usec);
        text_add(text, ": ");
        break;
    case EVENT_CLEARED:
        text_add(text, "Cleared after ");
        add_duration(text, alert->duration_usec);
        text_add(text, ": ");
        break;
    case EVENT_RAISED:
        break;
    }
}

/* The unit with the next largest share, if that is not next to nothing. */
static const char *other_unit(const struct finding *finding, const char *unit) {
    const struct shares *shares = &finding->shares;

    for (size_t i = 0; i < shares->holder_count; i++)
        if (finding->holder_unit[i][0] != '\0' && strcmp(finding->holder_unit[i], unit) != 0 &&
            (uint64_t)shares->holder[i].sockets * 20 >= shares->sockets)
            return finding->holder_unit[i];
    return NULL;
}

/* The owner; where nobody has more than half of the sockets, who has most. */
static void add_unit(struct text *text, const struct finding *finding) {
    const char *unit = finding->unit[0] != '\0' ? finding->unit : finding->holder_unit[0];
    const char *other = other_unit(finding, unit);

    if (unit[0] == '\0')
        return;
    text_add(text, " (");
    text_add_at_most(text, unit, UNIT_MAX_BYTES);
    if (other && strlen(unit) + strlen(other) <= UNIT_MAX_BYTES)
        text_add(text, ", also %s", other);
    text_add(text, ")");
}

/* Who connects to a service is not why it leaks; half-opens are not what fills an accept queue. */
static bool peers_matter(const struct finding *finding) {
    bool outgoing = finding->local.port == 0;

    switch (finding->family) {
    case FAMILY_CLOSE_WAIT:
    case FAMILY_TIME_WAIT:
    case FAMILY_ESTABLISHED:
        return outgoing;
    default:
        return finding->problem != PROBLEM_ACCEPT_QUEUE_FULL;
    }
}

/* " from 10.9.0.0/24 (98 %)" */
static void add_peer(struct text *text, const struct finding *finding) {
    const struct peer_share *share = finding_main_peer(finding);
    bool incoming = finding->family == FAMILY_HANDSHAKE;
    char peer[PEER_TEXT_SIZE];

    peer_format(finding, peer);
    if (peer[0] == '\0' || !peers_matter(finding))
        return;
    text_add(text, " %s %s", incoming ? "from" : "towards", peer);
    if (share && (incoming || finding->peer.family == ENDPOINT_NONE))
        text_add(text, " (%" PRIu64 " %%)",
                 (uint64_t)(share->sockets - share->error) * 100 / finding->shares.sockets);
}

static void add_destination(struct text *text, const struct finding *finding, const char *local) {
    add_peer(text, finding);
    if (local[0] != '\0')
        text_add(text, " from %s", local);
    add_unit(text, finding);
}

static void add_where(struct text *text, const struct finding *finding) {
    char local[ENDPOINT_TEXT_SIZE];

    endpoint_format(&finding->local, local);
    if (finding->scope.kind == SCOPE_DESTINATION) {
        add_destination(text, finding, local);
        return;
    }
    /* Which wildcard it listens on matters for half-opens alone: an IPv6 one gets the IPv4 SYNs too. */
    bool port_alone = finding->scope.kind == SCOPE_PORT ||
                      (endpoint_is_wildcard(&finding->local) && finding->family != FAMILY_HANDSHAKE);
    if (local[0] != '\0' && !port_alone)
        text_add(text, " on %s", local);
    else if (finding->local.port != 0)
        text_add(text, " on port %" PRIu16, finding->local.port);
    add_unit(text, finding);
    add_peer(text, finding);
}

static void add_forecast(struct text *text, const struct evidence *minutes) {
    if (!minutes || minutes->value >= 60)
        return;
    if (minutes->value == 0)
        text_add(text, ", none left in less than a minute at this rate");
    else
        text_add(text, ", none left in about %" PRIu64 " min at this rate", minutes->value);
}

static const struct evidence *find_evidence(const struct finding *finding, const char *key) {
    for (size_t i = 0; i < finding->evidence_count; i++)
        if (strcmp(finding->evidence[i].key, key) == 0)
            return &finding->evidence[i];
    return NULL;
}

static void add_limit(struct text *text, const struct breach *lead) {
    if (!figure_known(lead->limit)) {
        const char *rate = condition_info(lead->condition)->is_rate ? "/s" : "";
        text_add(text, ", threshold %" PRIu64 "%s", lead->threshold, rate);
        return;
    }
    text_add(text, " of %" PRIu64, lead->limit.value);
    if (lead->limit_source != LIMIT_NONE)
        text_add(text, " (%s)", limit_source_name(lead->limit_source));
}

/* With tcp_syncookies=2 there is no SYN queue to be full. */
static bool cookies_are_forced(const struct finding *finding) {
    const struct evidence *cookies = find_evidence(finding, "tcp_syncookies");

    return finding->lead.condition == CONDITION_SYN_OVERFLOW && cookies && cookies->value == 2;
}

/* As many of the settings as leave room for the remedy. */
static void add_hazards(struct text *text, const struct finding *finding) {
    char buffer[MESSAGE_MAX];
    struct text remedy = text_in(buffer, sizeof buffer);

    text_add(&remedy, ".. First: ");
    advice_format_first(finding, &remedy);
    size_t used = text->length + strlen(": ") + remedy.length + 1;
    text_add(text, ": ");
    hazards_format(finding, used < text->size ? text->size - used : 0, text);
    text_add(text, ".");
}

/* A SYN queue that overflows has two numbers that matter: one is the condition's, the other is evidence. */
static void add_numbers(struct text *text, const struct finding *finding) {
    const struct breach *lead = &finding->lead;
    const struct evidence *queued = find_evidence(finding, "half_open");
    const struct evidence *overflow = find_evidence(finding, "syn_overflow_per_sec");

    if (lead->condition == CONDITION_SYN_OVERFLOW && queued && figure_known(lead->limit)) {
        text_add(text, ": %" PRIu64 " %s", queued->value, noun[CONDITION_SYN_RECV]);
        add_limit(text, lead);
        text_add(text, ", %" PRIu64 " %s", lead->value, noun[CONDITION_SYN_OVERFLOW]);
        return;
    }
    text_add(text, ": %" PRIu64 " %s", lead->value,
             cookies_are_forced(finding) ? "SYN/s answered by cookie and not completed"
                                         : noun[lead->condition]);
    add_limit(text, lead);
    if (lead->condition == CONDITION_PORTS && figure_known(lead->limit) && lead->value < lead->limit.value)
        add_forecast(text, find_evidence(finding, "minutes_left"));
    if (lead->condition == CONDITION_SYN_RECV && overflow)
        text_add(text, ", %" PRIu64 " %s", overflow->value, noun[CONDITION_SYN_OVERFLOW]);
}

/* Where the CPU budget allows few walks, a number may be from a while ago. */
static void add_age(struct text *text, const struct finding *finding) {
    if (finding->age_usec < OLD_USEC)
        return;
    text_add(text, ", counted ");
    add_duration(text, finding->age_usec);
    text_add(text, " ago");
}

/* Adds @p before and as much of @p part as leaves room for a full stop; nothing if that is next to nothing.
 */
static bool add_part(struct text *text, const char *before, const char *part) {
    size_t used = text->length + strlen(before) + strlen(".") + 1;

    if (part[0] == '\0' || used + PART_MIN > text->size)
        return false;
    text_add(text, "%s", before);
    text_add_at_most(text, part, text->size - used);
    return true;
}

static void add_cause(struct text *text, const struct finding *finding) {
    const char *brief = cause_info(finding->cause)->brief;

    add_part(text, "; ", finding->detail[0] != '\0' || !brief ? finding->detail : brief);
    text_add(text, ".");
}

static void add_remedy(struct text *text, const struct finding *finding) {
    char buffer[MESSAGE_MAX];
    struct text remedy = text_in(buffer, sizeof buffer);

    advice_format_first(finding, &remedy);
    if (add_part(text, " First: ", buffer))
        text_add(text, ".");
}

static void add_changes(struct text *text, const struct knob_changes *changes) {
    size_t start = text->length, i;

    for (i = 0; i < changes->count; i++) {
        char buffer[CHANGES_MAX_BYTES];
        struct text one = text_in(buffer, sizeof buffer);
        text_add(&one, "%s ", knob_name(changes->change[i].knob));
        knob_change_format(&changes->change[i], true, &one);
        text_add(&one, " -> ");
        knob_change_format(&changes->change[i], false, &one);
        if (i > 0 && text->length - start + one.length > CHANGES_MAX_BYTES)
            break;
        text_add(text, "%s%s", i > 0 ? ", " : "", buffer);
    }
    if (changes->count > i)
        text_add(text, " and %zu more", changes->count - i);
}

/* "27900 of 28232 ephemeral ports before, 27950 of 55536 now" */
static void add_comparison(struct text *text, const struct outcome *outcome) {
    const struct outcome_figure *before = &outcome->before, *after = &outcome->after;

    text_add(text, "%" PRIu64, before->value.value);
    if (figure_known(before->limit))
        text_add(text, " of %" PRIu64, before->limit.value);
    text_add(text, " %s before, %" PRIu64, outcome->drops ? "SYN/s dropped" : noun[outcome->condition],
             after->value.value);
    if (figure_known(after->limit) && after->limit.value != before->limit.value)
        text_add(text, " of %" PRIu64, after->limit.value);
    text_add(text, " now");
}

static void add_verdict(struct text *text, const struct outcome *outcome) {
    static const char *const effect[] = {
        [VERDICT_HELPED] = "helped",
        [VERDICT_NO_EFFECT] = "had no effect",
        [VERDICT_WORSE] = "made it worse",
        [VERDICT_UNKNOWN] = "had an effect that could not be measured",
    };
    bool several = outcome->changes.count > 1;

    add_changes(text, &outcome->changes);
    text_add(text, " %s %s after ", several ? "have" : "has", effect[outcome->verdict]);
    add_duration(text, outcome->waited_usec);
    if (outcome->verdict == VERDICT_UNKNOWN)
        return;
    text_add(text, ": ");
    add_comparison(text, outcome);
}

static void add_place(struct text *text, const struct finding *finding, bool numbers) {
    char buffer[MESSAGE_MAX];
    struct text place = text_in(buffer, sizeof buffer);

    text_add(&place, "%s", problem_info(finding->problem)->title);
    add_where(&place, finding);
    if (numbers)
        add_numbers(&place, finding);
    add_part(text, ". ", buffer);
}

static void add_outcome(struct text *text, const struct alert *alert) {
    const struct outcome *outcome = &alert->outcome;
    bool judged = outcome->verdict != VERDICT_PENDING && outcome->verdict != VERDICT_NONE;

    if (judged) {
        add_verdict(text, outcome);
        add_place(text, &alert->finding, false);
        add_cause(text, &alert->finding);
        add_remedy(text, &alert->finding);
        return;
    }
    text_add(text, "Setting changed during this: ");
    add_changes(text, &outcome->changes);
    text_add(text,
             outcome->verdict == VERDICT_NONE ? ", as it was before" : "; the effect is told in a minute");
    add_place(text, &alert->finding, true);
    text_add(text, ".");
}

static void add_ending(struct text *text, const struct alert *alert) {
    static const char *const what[] = {
        [ENDING_UNKNOWN] = "",
        [ENDING_SYSCTL] = "a setting changed: ",
        [ENDING_LISTENER_GONE] = "the listener was closed",
        [ENDING_LISTENER_RESTARTED] = "the listener was opened anew",
        [ENDING_LIMIT_RAISED] = "the limit was raised",
    };
    char buffer[MESSAGE_MAX];
    struct text ending = text_in(buffer, sizeof buffer);

    text_add(&ending, "%s", what[alert->ending]);
    if (alert->ending == ENDING_SYSCTL)
        add_changes(&ending, &alert->outcome.changes);
    add_part(text, "; ended when ", buffer);
}

void place_format(const struct finding *finding, char *text, size_t size) {
    struct text place = text_in(text, size);

    text_add(&place, "%s", problem_info(finding->problem)->title);
    add_where(&place, finding);
    text_clean(text);
}

void message_format(const struct alert *alert, char *text, size_t size) {
    const struct finding *finding = &alert->finding;
    bool counted = finding_has_number(finding);
    struct text message = text_in(text, size < MESSAGE_MAX ? size : MESSAGE_MAX);

    if (alert->event == EVENT_CHANGED && alert->outcome.changes.count > 0) {
        add_outcome(&message, alert);
        return;
    }
    add_opening(&message, alert);
    text_add(&message, "%s", problem_info(finding->problem)->title);
    add_where(&message, finding);
    if (alert->event == EVENT_CLEARED) {
        if (counted)
            text_add(&message, ", peak %" PRIu64 " %s", alert->peak, noun[finding->lead.condition]);
        add_ending(&message, alert);
        text_add(&message, ".");
        return;
    }
    if (counted) {
        add_numbers(&message, finding);
        add_age(&message, finding);
    }
    if (finding->family == FAMILY_SYSCTL && finding->advice_count > 0)
        add_hazards(&message, finding);
    else
        add_cause(&message, finding);
    add_remedy(&message, finding);
}
