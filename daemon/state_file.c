/* SPDX-License-Identifier: MIT */
/*
 * Numbers of enums may change from one version to the next, so the file has names. A cause's name is its
 * brief text. Evidence, shares and advice are not kept: the next sample gives them anew. Hazards are bits all
 * the same: should their numbers change, the worst is one alert that they did.
 */
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record.h"
#include "util.h"

#define SCHEMA         1
#define FILE_BYTES_MAX (256 * 1024)
#define NO_CONDITION   "none"

static const char *const family_name[FAMILY_COUNT] = {
    [FAMILY_HANDSHAKE] = "handshake",
    [FAMILY_CLOSE_WAIT] = "close-wait",
    [FAMILY_TIME_WAIT] = "time-wait",
    [FAMILY_PORTS] = "ports",
    [FAMILY_OUTBOUND_HANDSHAKE] = "outbound-handshake",
    [FAMILY_FIN_WAIT_1] = "fin-wait-1",
    [FAMILY_FIN_WAIT_2] = "fin-wait-2",
    [FAMILY_LAST_ACK] = "last-ack",
    [FAMILY_CLOSING] = "closing",
    [FAMILY_ESTABLISHED] = "established",
    [FAMILY_ORPHANS] = "orphans",
    [FAMILY_TCP_MEMORY] = "tcp-memory",
    [FAMILY_CONNTRACK] = "conntrack",
    [FAMILY_SYSCTL] = "sysctl",
    [FAMILY_SAMPLING] = "sampling",
};

static const char *const scope_kind_name[] = {
    [SCOPE_HOST] = "host",
    [SCOPE_LISTENER] = "listener",
    [SCOPE_PORT] = "port",
    [SCOPE_DESTINATION] = "destination",
};

static const char *name_of_family(int family) {
    return family_name[family];
}

static const char *name_of_scope_kind(int kind) {
    return scope_kind_name[kind];
}

static const char *name_of_cause(int cause) {
    return cause_info((enum cause)cause)->brief;
}

static const char *name_of_confidence(int confidence) {
    return confidence_name((enum confidence)confidence);
}

static const char *name_of_severity(int severity) {
    return severity_name((enum severity)severity);
}

static const char *name_of_limit_source(int source) {
    return source == LIMIT_NONE ? "" : limit_source_name((enum limit_source)source);
}

static const char *name_of_condition(int condition) {
    return condition == CONDITION_COUNT ? NO_CONDITION : condition_info((enum condition)condition)->name;
}

/* @return the value from @p first to @p last that is called @p name, or -EBADMSG */
static int find_name(const char *name, int first, int last, const char *(*name_of)(int value)) {
    for (int i = first; i <= last; i++) {
        const char *candidate = name_of(i);
        if (candidate && strcmp(candidate, name) == 0)
            return i;
    }
    return -EBADMSG;
}

/* JSON's integers are signed; no count of sockets comes near. */
static json_int_t number(uint64_t value) {
    return value > INT64_MAX ? INT64_MAX : (json_int_t)value;
}

/* A port without an address is ":PORT". */
static json_t *endpoint_to_json(const struct endpoint *endpoint) {
    char text[ENDPOINT_TEXT_SIZE];

    endpoint_format(endpoint, text);
    if (endpoint->family == ENDPOINT_NONE && endpoint->port != 0)
        snprintf(text, sizeof text, ":%u", endpoint->port);
    return json_string(text);
}

static json_t *scope_to_json(const struct scope *scope) {
    return json_pack("{s:s, s:o, s:o}", "kind", name_of_scope_kind((int)scope->kind), "local",
                     endpoint_to_json(&scope->local), "remote", endpoint_to_json(&scope->remote));
}

static json_t *breach_to_json(const struct breach *breach) {
    bool limited = figure_known(breach->limit);

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:s, s:I}", "condition",
        name_of_condition((int)breach->condition), "severity", name_of_severity((int)breach->severity),
        "scope", scope_to_json(&breach->scope), "blamed", endpoint_to_json(&breach->blamed), "value",
        number(breach->value), "threshold", number(breach->threshold), "limit",
        limited ? json_integer(number(breach->limit.value)) : json_null(), "limit_source",
        name_of_limit_source((int)breach->limit_source), "measured_usec", number(breach->measured_usec));
}

static json_t *finding_to_json(const struct finding *finding) {
    char detail[SOURCE_REASON_SIZE], unit[UNIT_SIZE];
    struct text text = text_in(detail, sizeof detail), unit_text = text_in(unit, sizeof unit);

    text_add(&text, "%s", finding->detail);
    text_clean(detail);
    text_add(&unit_text, "%s", finding->unit);
    text_clean(unit);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:s, s:s}", "family",
        name_of_family((int)finding->family), "problem", problem_info(finding->problem)->slug, "cause",
        name_of_cause((int)finding->cause), "confidence", name_of_confidence((int)finding->confidence),
        "severity", name_of_severity((int)finding->severity), "scope", scope_to_json(&finding->scope), "lead",
        breach_to_json(&finding->lead), "local", endpoint_to_json(&finding->local), "peer",
        endpoint_to_json(&finding->peer), "backlog_advised", number(finding->backlog_advised), "hazards",
        number(finding->hazards), "detail", detail, "unit", unit);
}

static json_t *incident_to_json(const struct incident *incident) {
    char id[INCIDENT_ID_SIZE];

    incident_id_format(incident->id, id);
    return json_pack("{s:s, s:I, s:I, s:I, s:s, s:o, s:I, s:o}", "id", id, "raised_usec",
                     number(incident->raised_usec), "alerted_usec", number(incident->alerted_usec), "peak",
                     number(incident->peak.value), "peak_condition",
                     name_of_condition((int)incident->peak.condition), "listener",
                     endpoint_to_json(&incident->watch.listener), "listener_inode",
                     number(incident->watch.inode), "finding", finding_to_json(&incident->finding));
}

static json_t *table_to_json(const char *boot_id, const struct incident_table *table) {
    json_t *incidents = json_array();
    char next_id[INCIDENT_ID_SIZE];

    incident_id_format(table->next_id, next_id);
    for (size_t i = 0; i < table->end; i++)
        if (table->incident[i].open &&
            json_array_append_new(incidents, incident_to_json(&table->incident[i])) < 0) {
            json_decref(incidents);
            return NULL;
        }
    return json_pack("{s:i, s:s, s:s, s:o}", "schema", SCHEMA, "boot_id", boot_id, "next_id", next_id,
                     "incidents", incidents);
}

char *state_file_format(const char *boot_id, const struct incident_table *table) {
    json_t *root = table_to_json(boot_id, table);
    char *text = root ? json_to_text(root, JSON_INDENT(1)) : NULL;

    json_decref(root);
    return text;
}

int state_file_save(const char *directory, const char *boot_id, const struct incident_table *table) {
    CLEANUP_FREE char *text = state_file_format(boot_id, table);

    if (!text)
        return -ENOMEM;
    return write_file_atomic(directory, STATE_FILE_NAME, text, strlen(text), 0600);
}

/* One value read from the file; the first mistake is kept and makes the rest meaningless. */
struct reader {
    int error;
    uint64_t now_usec;
    bool from_future;
};

static int read_name(struct reader *reader, const char *name, int first, int last,
                     const char *(*name_of)(int value)) {
    int value = find_name(name, first, last, name_of);

    if (value >= 0)
        return value;
    reader->error = -EBADMSG;
    return first;
}

static uint64_t read_number(struct reader *reader, json_int_t value) {
    if (value >= 0)
        return (uint64_t)value;
    reader->error = -EBADMSG;
    return 0;
}

static uint64_t read_time(struct reader *reader, json_int_t value) {
    uint64_t usec = read_number(reader, value);

    reader->from_future |= usec > reader->now_usec;
    return usec;
}

static uint64_t read_id(struct reader *reader, const char *text) {
    const size_t length = INCIDENT_ID_SIZE - 1;

    if (strlen(text) == length && strspn(text, "0123456789abcdef") == length)
        return strtoull(text, NULL, 16);
    reader->error = -EBADMSG;
    return 0;
}

static void read_endpoint(struct reader *reader, const char *text, struct endpoint *endpoint) {
    char *end;

    *endpoint = (struct endpoint){0};
    if (text[0] == ':' && text[1] >= '1' && text[1] <= '9' && strlen(text) <= strlen(":65535")) {
        unsigned long port = strtoul(text + 1, &end, 10);
        if (*end == '\0' && port <= UINT16_MAX) {
            endpoint->port = (uint16_t)port;
            return;
        }
    }
    if (strlen(text) >= ENDPOINT_TEXT_SIZE || endpoint_parse(text, endpoint) < 0)
        reader->error = -EBADMSG;
}

static void read_scope(struct reader *reader, json_t *value, struct scope *scope) {
    const char *kind, *local, *remote;

    if (json_unpack(value, "{s:s, s:s, s:s !}", "kind", &kind, "local", &local, "remote", &remote) < 0) {
        reader->error = -EBADMSG;
        return;
    }
    scope->kind = (enum scope_kind)read_name(reader, kind, SCOPE_HOST, SCOPE_DESTINATION, name_of_scope_kind);
    read_endpoint(reader, local, &scope->local);
    read_endpoint(reader, remote, &scope->remote);
}

static void read_limit(struct reader *reader, const json_t *value, struct figure *limit) {
    *limit = FIGURE_NONE;
    if (json_is_integer(value))
        *limit = FIGURE_OF(read_number(reader, json_integer_value(value)));
    else if (!json_is_null(value))
        reader->error = -EBADMSG;
}

static void read_breach(struct reader *reader, json_t *value, struct breach *breach) {
    const char *condition, *severity, *blamed, *source;
    json_int_t number_value, threshold, measured;
    json_t *scope, *limit;

    if (json_unpack(value, "{s:s, s:s, s:o, s:s, s:I, s:I, s:o, s:s, s:I !}", "condition", &condition,
                    "severity", &severity, "scope", &scope, "blamed", &blamed, "value", &number_value,
                    "threshold", &threshold, "limit", &limit, "limit_source", &source, "measured_usec",
                    &measured) < 0) {
        reader->error = -EBADMSG;
        return;
    }
    breach->condition = (enum condition)read_name(reader, condition, 0, CONDITION_COUNT, name_of_condition);
    breach->severity =
        (enum severity)read_name(reader, severity, SEVERITY_WARNING, SEVERITY_CRITICAL, name_of_severity);
    read_scope(reader, scope, &breach->scope);
    read_endpoint(reader, blamed, &breach->blamed);
    breach->value = read_number(reader, number_value);
    breach->threshold = read_number(reader, threshold);
    read_limit(reader, limit, &breach->limit);
    breach->limit_source =
        (enum limit_source)read_name(reader, source, LIMIT_NONE, LIMIT_CONNTRACK_MAX, name_of_limit_source);
    breach->measured_usec = read_time(reader, measured);
}

static void read_text(struct reader *reader, const char *text, char *field, size_t size) {
    size_t length = strlen(text);

    if (length >= size) {
        reader->error = -EBADMSG;
        return;
    }
    memcpy(field, text, length + 1);
    text_clean(field);
}

/* Whatever indexes by condition must be able to trust it: only these families have none. */
static bool lead_fits(const struct finding *finding) {
    bool may_lack = finding->family == FAMILY_SAMPLING || finding->family == FAMILY_SYSCTL;

    return finding->lead.condition != CONDITION_COUNT || may_lack;
}

static void read_finding(struct reader *reader, json_t *value, struct finding *finding) {
    const char *family, *problem, *cause, *confidence, *severity, *local, *peer, *detail;
    const char *unit = ""; /* files from before owners were named have none */
    json_t *scope, *lead;
    json_int_t backlog, hazards = 0; /* files from before the audit have none */

    if (json_unpack(value, "{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:I, s?I, s:s, s?s !}", "family",
                    &family, "problem", &problem, "cause", &cause, "confidence", &confidence, "severity",
                    &severity, "scope", &scope, "lead", &lead, "local", &local, "peer", &peer,
                    "backlog_advised", &backlog, "hazards", &hazards, "detail", &detail, "unit", &unit) < 0) {
        reader->error = -EBADMSG;
        return;
    }
    finding->family =
        (enum problem_family)read_name(reader, family, FAMILY_HANDSHAKE, FAMILY_COUNT - 1, name_of_family);
    finding->cause = (enum cause)read_name(reader, cause, CAUSE_NONE + 1, CAUSE_COUNT - 1, name_of_cause);
    finding->problem = cause_info(finding->cause)->problem;
    finding->confidence =
        (enum confidence)read_name(reader, confidence, CONFIDENCE_LOW, CONFIDENCE_HIGH, name_of_confidence);
    finding->severity =
        (enum severity)read_name(reader, severity, SEVERITY_WARNING, SEVERITY_CRITICAL, name_of_severity);
    read_scope(reader, scope, &finding->scope);
    read_breach(reader, lead, &finding->lead);
    read_endpoint(reader, local, &finding->local);
    read_endpoint(reader, peer, &finding->peer);
    finding->backlog_advised = read_number(reader, backlog);
    finding->hazards = (uint32_t)read_number(reader, hazards);
    read_text(reader, detail, finding->detail, sizeof finding->detail);
    read_text(reader, unit, finding->unit, sizeof finding->unit);
    if (strcmp(problem_info(finding->problem)->slug, problem) != 0 || !lead_fits(finding))
        reader->error = -EBADMSG;
}

static void read_incident(struct reader *reader, json_t *value, struct incident *incident) {
    json_int_t raised, alerted, peak, inode = 0;
    const char *id, *condition, *listener = ""; /* files from before these were watched have neither */
    json_t *finding;

    if (json_unpack(value, "{s:s, s:I, s:I, s:I, s:s, s?s, s?I, s:o !}", "id", &id, "raised_usec", &raised,
                    "alerted_usec", &alerted, "peak", &peak, "peak_condition", &condition, "listener",
                    &listener, "listener_inode", &inode, "finding", &finding) < 0) {
        reader->error = -EBADMSG;
        return;
    }
    incident->open = true;
    incident->id = read_id(reader, id);
    incident->raised_usec = read_time(reader, raised);
    incident->alerted_usec = read_time(reader, alerted);
    read_finding(reader, finding, &incident->finding);
    enum condition peak_condition =
        (enum condition)read_name(reader, condition, 0, CONDITION_COUNT, name_of_condition);
    incident->peak = incident->finding.lead;
    if (incident->peak.condition != peak_condition)
        incident->peak = (struct breach){.condition = peak_condition};
    incident->peak.value = read_number(reader, peak);
    incident->lead = incident->finding.lead;
    read_endpoint(reader, listener, &incident->watch.listener);
    incident->watch.inode = read_number(reader, inode);
    if (incident->alerted_usec < incident->raised_usec)
        reader->error = -EBADMSG;
}

static bool is_duplicate(const struct incident_table *table, size_t index) {
    const struct incident *incident = &table->incident[index];

    for (size_t i = 0; i < index; i++) {
        const struct incident *other = &table->incident[i];
        if (other->id == incident->id || (other->finding.family == incident->finding.family &&
                                          scope_equal(&other->finding.scope, &incident->finding.scope)))
            return true;
    }
    return incident->id == table->next_id;
}

/* @return how many incidents; 0 if the file is of another boot; -EBADMSG */
static int read_table(json_t *root, const char *boot_id, uint64_t now_usec, struct incident_table *table) {
    struct reader reader = {.now_usec = now_usec};
    const char *boot, *next_id;
    json_t *incidents;
    int schema;

    if (json_unpack(root, "{s:i, s:s, s:s, s:o !}", "schema", &schema, "boot_id", &boot, "next_id", &next_id,
                    "incidents", &incidents) < 0)
        return -EBADMSG;
    if (schema != SCHEMA || !json_is_array(incidents) || json_array_size(incidents) > INCIDENTS_MAX)
        return -EBADMSG;
    table->next_id = read_id(&reader, next_id);
    size_t count = json_array_size(incidents);
    for (size_t i = 0; i < count && reader.error == 0; i++) {
        read_incident(&reader, json_array_get(incidents, i), &table->incident[i]);
        table->end = i + 1;
        if (reader.error == 0 && is_duplicate(table, i))
            reader.error = -EBADMSG;
    }
    if (reader.error < 0)
        return reader.error;
    return strcmp(boot, boot_id) != 0 || reader.from_future ? 0 : (int)count;
}

int state_file_parse(const char *text, size_t length, const char *boot_id, uint64_t now_usec,
                     struct incident_table *table) {
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    int result = root ? read_table(root, boot_id, now_usec, table) : -EBADMSG;

    json_decref(root);
    return result;
}

/* @p text has room for FILE_BYTES_MAX + 1. */
static int read_file(const char *directory, const char *boot_id, uint64_t now_usec, char *text,
                     struct incident_table *table) {
    CLEANUP_FD int dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return errno == ENOENT ? 0 : -errno;
    int length = read_file_at(dir_fd, STATE_FILE_NAME, text, FILE_BYTES_MAX + 1);
    if (length < 0)
        return length == -ENOENT ? 0 : length == -EFBIG ? -EBADMSG : length;
    return state_file_parse(text, (size_t)length, boot_id, now_usec, table);
}

int state_file_load(const char *directory, const char *boot_id, uint64_t now_usec,
                    struct incident_table *table) {
    char *text = malloc(FILE_BYTES_MAX + 1);
    struct incident_table *loaded = calloc(1, sizeof *loaded);
    int result = text && loaded ? read_file(directory, boot_id, now_usec, text, loaded) : -ENOMEM;

    if (result > 0)
        memcpy(table, loaded,
               offsetof(struct incident_table, incident) + loaded->end * sizeof *loaded->incident);
    free(loaded);
    free(text);
    return result;
}
