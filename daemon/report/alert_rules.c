/* SPDX-License-Identifier: MIT */
#include "alert_rules.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cause.h"
#include "remedy.h"

#define WIDTH     98
#define TEXT_SIZE 1100

/* For printf of Go's templates, with the alert's instance and job as arguments. */
#define HOST            "instance=%[1]q,job=%[2]q"
#define OF_HOST(metric) metric "{" HOST "}"
/* Of the last two scrapes: over minutes a flood that has just begun would look harmless. */
#define RATE(metric)    "irate(" OF_HOST(metric) "[5m])"
#define FULLEST(metric) "topk(1, " OF_HOST(metric) ")"
#define STATE(state)    "synwaitd_tcp_sockets{state='" state "'," HOST "}"
/* The limit has the labels of what it limits, or fewer. */
#define LIMIT(metric, value) OF_HOST(metric) " and ignoring (state, destination) " value

#define COUNT "printf \"%.0f\""

/* What an alert tells as the host's figure at the moment, by a query of its own. */
struct shown_figure {
    const char *value, *limit; /* PromQL; limit NULL: none */
    const char *format;        /* Prometheus' template function */
    const char *what;
};

static const struct shown_figure figure_of_condition[CONDITION_COUNT] = {
    [CONDITION_SYN_SENT] = {STATE("SYN-SENT"), NULL, COUNT, "in SYN-SENT"},
    [CONDITION_SYN_RECV] = {FULLEST("synwaitd_listener_half_open"),
                            LIMIT("synwaitd_listener_half_open_limit",
                                  FULLEST("synwaitd_listener_half_open")),
                            COUNT, "half-open at {{ .Labels.local }}"},
    [CONDITION_ESTABLISHED] = {STATE("ESTABLISHED"), NULL, COUNT, "in ESTABLISHED"},
    [CONDITION_FIN_WAIT_1] = {STATE("FIN-WAIT-1"), NULL, COUNT, "in FIN-WAIT-1"},
    [CONDITION_FIN_WAIT_2] = {STATE("FIN-WAIT-2"), NULL, COUNT, "in FIN-WAIT-2"},
    [CONDITION_CLOSE_WAIT] = {STATE("CLOSE-WAIT"), NULL, COUNT, "in CLOSE-WAIT"},
    [CONDITION_CLOSING] = {STATE("CLOSING"), NULL, COUNT, "in CLOSING"},
    [CONDITION_LAST_ACK] = {STATE("LAST-ACK"), NULL, COUNT, "in LAST-ACK"},
    [CONDITION_TIME_WAIT] = {STATE("TIME-WAIT"), LIMIT("synwaitd_time_wait_limit", STATE("TIME-WAIT")), COUNT,
                             "in TIME-WAIT"},
    [CONDITION_SYN_OVERFLOW] = {RATE("synwaitd_syncookies_sent_total"), NULL, "humanize",
                                "SYN cookies a second"},
    [CONDITION_ACCEPT_OVERFLOW] = {RATE("synwaitd_listen_overflows_total"), NULL, "humanize",
                                   "refused by a full accept queue a second"},
    [CONDITION_ACCEPT_QUEUE] = {FULLEST("synwaitd_listener_accept_queue"),
                                LIMIT("synwaitd_listener_backlog", FULLEST("synwaitd_listener_accept_queue")),
                                COUNT, "wait for accept() at {{ .Labels.local }}"},
    [CONDITION_TIME_WAIT_OVERFLOW] = {RATE("synwaitd_time_wait_overflows_total"), NULL, "humanize",
                                      "closed without TIME-WAIT a second"},
    [CONDITION_PORTS] = {FULLEST("synwaitd_destination_ports_in_use"),
                         LIMIT("synwaitd_local_ports", FULLEST("synwaitd_destination_ports_in_use")), COUNT,
                         "ports in use to {{ .Labels.destination }}"},
    [CONDITION_ORPHANS] = {OF_HOST("synwaitd_orphans"),
                           LIMIT("synwaitd_orphans_limit", OF_HOST("synwaitd_orphans")), COUNT, "orphans"},
    [CONDITION_TCP_MEMORY] = {OF_HOST("synwaitd_tcp_memory_bytes"),
                              LIMIT("synwaitd_tcp_memory_limit_bytes", OF_HOST("synwaitd_tcp_memory_bytes")),
                              "humanize1024", "bytes of TCP memory"},
    [CONDITION_CONNTRACK] = {OF_HOST("synwaitd_conntrack_entries"),
                             LIMIT("synwaitd_conntrack_limit", OF_HOST("synwaitd_conntrack_entries")), COUNT,
                             "connections tracked"},
};

/* Leaves a loop open over what the query finds. */
static void add_query(struct text *text, const char *query) {
    text_add(text, "{{ range query (printf \"%s\" $labels.instance $labels.job) }}", query);
}

static void add_figure(struct text *text, const struct shown_figure *figure) {
    add_query(text, figure->value);
    text_add(text, "{{ .Value | %s }}", figure->format);
    if (figure->limit) {
        add_query(text, figure->limit);
        text_add(text, " of {{ .Value | %s }}{{ end }}", figure->format);
    }
    text_add(text, " %s. {{ end }}", figure->what);
}

/* Text of a folded block: a line break is a space. */
static void print_wrapped(FILE *stream, const char *text) {
    size_t column = 0;

    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " ");
        if (column > 0)
            fputs(column + 1 + length > WIDTH ? "\n" : " ", stream);
        if (column > 0 && column + 1 + length > WIDTH)
            column = 0;
        if (column == 0)
            fputs("            ", stream);
        fwrite(word, 1, length, stream);
        column += length + (column > 0);
        word += length + strspn(word + length, " ");
    }
    fputc('\n', stream);
}

static void print_description(FILE *stream, const struct problem_info *info) {
    char buffer[8 * TEXT_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    text_add(&text, "{{ $value }} open. ");
    for (int condition = 0; condition < CONDITION_COUNT; condition++)
        if (info->conditions & CONDITION_BIT(condition))
            add_figure(&text, &figure_of_condition[condition]);
    if (info == problem_info(PROBLEM_SAMPLING_DEGRADED)) {
        add_query(&text, OF_HOST("synwaitd_source_degraded") " == 1");
        text_add(&text, "{{ .Labels.source }} cannot be read. {{ end }}");
    }
    text_add(&text, "%s", info->meaning);
    fputs("          description: >-\n", stream);
    print_wrapped(stream, buffer);
}

struct first_remedy {
    FILE *stream;
    const char *sentence; /* NULL: the first one has been told */
};

static void print_first_remedy(const char *remedy, void *context) {
    struct first_remedy *first = context;
    char buffer[2 * TEXT_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    if (!first->sentence)
        return;
    text_add(&text, "%s Then: %s.", first->sentence, remedy);
    fputc('\n', first->stream);
    print_wrapped(first->stream, buffer);
    first->sentence = NULL;
}

/* The metric does not know the cause: the host does. */
static void print_action(FILE *stream, enum problem problem) {
    fputs("          action: >-\n", stream);
    print_wrapped(stream, "On the host, synwaitctl diagnose and the journal tell which it is.");
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        const struct cause_info *cause = cause_info((enum cause)i);
        if (cause->problem == problem)
            remedies_of_cause((enum cause)i, print_first_remedy,
                              &(struct first_remedy){stream, cause->sentence});
    }
}

static void print_not_advised(FILE *stream, const struct wrong_remedy *wrong) {
    if (!wrong[0].remedy)
        return;
    fputs("          not_advised: >-\n", stream);
    for (size_t i = 0; i < WRONG_REMEDIES_MAX && wrong[i].remedy; i++) {
        char buffer[TEXT_SIZE];
        struct text text = text_in(buffer, sizeof buffer);
        text_add(&text, "%s: %s.", wrong[i].remedy, wrong[i].why);
        fputs(i > 0 ? "\n" : "", stream);
        print_wrapped(stream, buffer);
    }
}

/* "syn-flood" as SynwaitdSynFlood. */
static void print_name(FILE *stream, const char *slug) {
    fputs("\n      - alert: Synwaitd", stream);
    for (const char *at = slug; *at; at++)
        if (*at != '-')
            fputc(at == slug || at[-1] == '-' ? toupper((unsigned char)*at) : *at, stream);
}

static void print_alert(FILE *stream, enum problem problem) {
    const struct problem_info *info = problem_info(problem);

    print_name(stream, info->slug);
    fprintf(stream, "\n        expr: instance:synwaitd_incidents_open:held{problem=\"%s\"}\n", info->slug);
    /* A finding about settings: nothing is wrong at the moment. */
    if (problem == PROBLEM_UNSAFE_SYSCTL)
        fputs("        labels:\n          severity: info\n", stream);
    fprintf(stream, "        annotations:\n          summary: \"%s on {{ $labels.instance }}\"\n",
            info->title);
    print_description(stream, info);
    print_action(stream, problem);
    print_not_advised(stream, info->wrong);
    fprintf(stream, "          runbook: synwaitctl explain %s\n", info->slug);
    fprintf(stream, "          journal: journalctl -b -x MESSAGE_ID=%s\n", info->message_id);
}

int alert_rules_write(FILE *stream) {
    errno = 0;
    fputs("# SPDX-License-Identifier: MIT\n"
          "# Made by tools/gen_rules.c from the tables of problems and causes. One alert for each problem, "
          "with\n"
          "# the labels problem and severity of the metric. No \"for\": the daemon holds each condition, and "
          "clears\n"
          "# it, by itself.\n"
          "groups:\n"
          "  - name: synwaitd-problems\n"
          "    rules:\n"
          "      # What is open. A host in trouble may be the one that cannot be scraped: what was open then "
          "is held\n"
          "      # for ten minutes.\n"
          "      - record: instance:synwaitd_incidents_open:held\n"
          "        expr: >-\n"
          "          synwaitd_incidents_open > 0\n"
          "          or (instance:synwaitd_incidents_open:held\n"
          "          and on (job, instance) (up == 0 and max_over_time(up[10m]) == 1))\n",
          stream);
    for (int i = 0; i < PROBLEM_COUNT; i++)
        print_alert(stream, (enum problem)i);
    if (fflush(stream) == EOF || ferror(stream))
        return errno != 0 ? -errno : -EIO;
    return 0;
}
