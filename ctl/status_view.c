/* SPDX-License-Identifier: MIT */
/*
 * Needed are the keys that status.json has had from its first day; what came later may be missing, and is
 * then unknown. Keys that we do not know are passed over: later versions may add some.
 */
#include "status_view.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define FILE_BYTES_MAX    (2 * VIEW_BYTES)
#define PATH_BYTES_SHOWN  100 /* of the error */
#define NAME_SIZE         32  /* of an object: "incidents[63]" */
#define INTERVAL_MAX_USEC (3600 * USEC_PER_SEC)
#define STALE_MIN_USEC    (3 * USEC_PER_SEC)
#define STALE_INTERVALS   3
#define A_NUMBER          "must be a whole number from 0 to 9223372036854775807"

_Static_assert(JSON_INTEGER_IS_LONG_LONG, "numbers have 64 bits");

static const char *const rate_name[RATE_COUNT] = {
    [RATE_ACTIVE_OPENS] = "active_opens",
    [RATE_PASSIVE_OPENS] = "passive_opens",
    [RATE_COOKIES_SENT] = "cookies_sent",
    [RATE_COOKIES_VALID] = "cookies_valid",
    [RATE_LISTEN_OVERFLOWS] = "listen_overflows",
    [RATE_LISTEN_DROPS] = "listen_drops",
    [RATE_TIME_WAIT_OVERFLOWS] = "time_wait_overflows",
};

const char *status_rate_name(enum status_rate rate) {
    return rate_name[rate];
}

bool status_view_is_stale(const struct status_view *view, uint64_t realtime_usec) {
    uint64_t allowed = STALE_INTERVALS * view->interval_usec;

    if (realtime_usec < view->time_usec)
        return true;
    return realtime_usec - view->time_usec > (allowed > STALE_MIN_USEC ? allowed : STALE_MIN_USEC);
}

/* The first mistake is kept and makes the rest meaningless. */
struct reader {
    const char *path;
    char *error; /* of STATUS_ERROR_SIZE bytes */
    int result;  /* 0 or -errno */
};

/* One object of the file; without json it is not there, and all that it could have is unknown. */
struct object {
    struct reader *reader;
    json_t *json;
    char name[NAME_SIZE]; /* "" for the outermost */
};

__attribute__((format(printf, 3, 4))) static void refuse(struct reader *reader, int result,
                                                         const char *format, ...) {
    char what[STATUS_ERROR_SIZE];
    va_list args;

    if (reader->result < 0)
        return;
    reader->result = result;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    struct text text = text_in(reader->error, STATUS_ERROR_SIZE);
    text_add_at_most(&text, reader->path, PATH_BYTES_SHOWN);
    text_add(&text, "%s", what);
    text_clean(reader->error);
}

static void refuse_key(const struct object *object, const char *key, const char *why) {
    refuse(object->reader, -EBADMSG, ": %s%s%s: %s", object->name, object->name[0] ? "." : "", key, why);
}

static void refuse_missing(const struct object *object, const char *key) {
    refuse_key(object, key, "is missing");
}

static struct figure figure_from(const struct object *object, const char *key, const json_t *value) {
    if (!value || json_is_null(value))
        return FIGURE_NONE;
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        return FIGURE_OF((uint64_t)json_integer_value(value));
    refuse_key(object, key, A_NUMBER ", or null");
    return FIGURE_NONE;
}

static struct figure get_figure(const struct object *object, const char *key) {
    return figure_from(object, key, json_object_get(object->json, key));
}

static uint64_t get_number(const struct object *object, const char *key) {
    const json_t *value = json_object_get(object->json, key);

    if (json_is_integer(value) && json_integer_value(value) >= 0)
        return (uint64_t)json_integer_value(value);
    if (value)
        refuse_key(object, key, A_NUMBER);
    else if (object->json)
        refuse_missing(object, key);
    return 0;
}

static bool get_bool(const struct object *object, const char *key) {
    const json_t *value = json_object_get(object->json, key);

    if (value && !json_is_boolean(value))
        refuse_key(object, key, "must be true or false");
    else if (!value && object->json)
        refuse_missing(object, key);
    return json_is_true(value);
}

/* What is longer than the field is cut at a whole character. */
static void get_late_text(const struct object *object, const char *key, char *field, size_t size) {
    const json_t *value = json_object_get(object->json, key);
    struct text text = text_in(field, size);

    if (value && !json_is_string(value))
        refuse_key(object, key, "must be a string");
    if (!json_is_string(value))
        return;
    text_put_string(&text, json_string_value(value));
    text_clean(field);
}

static void get_text(const struct object *object, const char *key, char *field, size_t size) {
    if (object->json && !json_object_get(object->json, key))
        refuse_missing(object, key);
    get_late_text(object, key, field, size);
}

static struct object get_late_object(const struct object *parent, const char *key) {
    struct object object = {.reader = parent->reader, .json = json_object_get(parent->json, key)};
    struct text name = text_in(object.name, sizeof object.name);

    text_put_string(&name, key);
    if (!object.json || json_is_object(object.json))
        return object;
    refuse_key(parent, key, "must be an object");
    object.json = NULL;
    return object;
}

static struct object get_object(const struct object *parent, const char *key) {
    struct object object = get_late_object(parent, key);

    if (!object.json)
        refuse_missing(parent, key);
    return object;
}

static json_t *get_array(const struct object *object, const char *key, size_t most) {
    json_t *array = json_object_get(object->json, key);
    char why[64];

    if (!array)
        refuse_missing(object, key);
    else if (!json_is_array(array))
        refuse_key(object, key, "must be an array");
    else if (json_array_size(array) > most) {
        snprintf(why, sizeof why, "must have at most %zu items", most);
        refuse_key(object, key, why);
        array = NULL;
    }
    return array;
}

/* One of an array that get_array() has given. */
static struct object get_item(const struct object *parent, const json_t *array, const char *key,
                              size_t index) {
    struct object object = {.reader = parent->reader, .json = json_array_get(array, index)};

    snprintf(object.name, sizeof object.name, "%s[%zu]", key, index);
    if (!json_is_object(object.json)) {
        refuse(parent->reader, -EBADMSG, ": %s: must be an object", object.name);
        object.json = NULL;
    }
    return object;
}

static void read_states(const struct object *root, struct status_view *view) {
    struct object states = get_object(root, "states"), ages = get_late_object(root, "ages_usec");

    for (int state = 1; state < STATE_COUNT; state++) {
        if (state == STATE_CLOSED)
            continue;
        view->state[state] = get_figure(&states, tcp_state_name((enum tcp_state)state));
        view->state_age_usec[state] = get_figure(&ages, tcp_state_name((enum tcp_state)state));
    }
    view->ports_age_usec = get_figure(&ages, "ports");
}

static void read_walk(const struct object *root, struct status_view *view) {
    struct object walk = get_late_object(root, "walk");

    view->walk.known = walk.json != NULL;
    view->walk.age_usec = get_figure(&walk, "age_usec");
    view->walk.count = get_number(&walk, "count");
    view->walk.cpu_usec = get_number(&walk, "cpu_usec");
    view->walk.budget_allows_in_usec = get_number(&walk, "budget_allows_in_usec");
    view->walk.overdue = get_bool(&walk, "overdue");
}

static void read_half_open(const struct object *root, struct status_view *view) {
    struct object half_open = get_late_object(root, "half_open");
    char counted_by[16];

    view->half_open.known = half_open.json != NULL;
    get_text(&half_open, "counted_by", counted_by, sizeof counted_by);
    view->half_open.by_iterator = strcmp(counted_by, "iterator") == 0;
    if (half_open.json && !view->half_open.by_iterator && strcmp(counted_by, "walk") != 0)
        refuse_key(&half_open, "counted_by", "must be \"iterator\" or \"walk\"");
    view->half_open.age_usec = get_figure(&half_open, "age_usec");
    get_text(&half_open, "iterator_fails", view->half_open.iterator_fails,
             sizeof view->half_open.iterator_fails);
}

static void read_rates(const struct object *root, struct status_view *view) {
    struct object rates = get_object(root, "rates_per_sec");

    for (int i = 0; i < RATE_COUNT; i++)
        view->rate[i] = get_figure(&rates, rate_name[i]);
}

static void read_listener(const struct object *object, struct status_listener *listener) {
    get_text(object, "local", listener->local, sizeof listener->local);
    listener->half_open = get_figure(object, "half_open");
    listener->half_open_limit = get_figure(object, "half_open_limit");
    listener->accept_queue = get_number(object, "accept_queue");
    listener->backlog = get_number(object, "backlog");
    get_text(object, "limited_by", listener->limited_by, sizeof listener->limited_by);
}

static void read_listeners(const struct object *root, struct status_view *view) {
    const json_t *array = get_array(root, "listeners", VIEW_LISTENERS);

    view->listener_count = json_array_size(array);
    for (size_t i = 0; i < view->listener_count; i++) {
        struct object object = get_item(root, array, "listeners", i);
        read_listener(&object, &view->listener[i]);
    }
}

static void read_incident(const struct object *object, struct status_incident *incident) {
    get_text(object, "id", incident->id, sizeof incident->id);
    get_text(object, "problem", incident->problem, sizeof incident->problem);
    get_text(object, "severity", incident->severity, sizeof incident->severity);
    get_text(object, "local", incident->local, sizeof incident->local);
    get_late_text(object, "peer", incident->peer, sizeof incident->peer);
    get_late_text(object, "unit", incident->unit, sizeof incident->unit);
    get_text(object, "cause", incident->cause, sizeof incident->cause);
    incident->age_sec = get_number(object, "age_sec");
}

static void read_incidents(const struct object *root, struct status_view *view) {
    const json_t *array = get_array(root, "incidents", INCIDENTS_MAX);

    view->incident_count = json_array_size(array);
    for (size_t i = 0; i < view->incident_count; i++) {
        struct object object = get_item(root, array, "incidents", i);
        read_incident(&object, &view->incident[i]);
    }
}

static void read_degraded(const struct object *root, struct status_view *view) {
    struct object degraded = get_object(root, "degraded");
    const char *name;
    json_t *reason;

    if (json_object_size(degraded.json) > SOURCE_COUNT) {
        refuse(root->reader, -EBADMSG, ": degraded: must have at most %d members", SOURCE_COUNT);
        return;
    }
    json_object_foreach(degraded.json, name, reason) {
        struct status_degraded *source = &view->degraded[view->degraded_count++];
        struct text text = text_in(source->source, sizeof source->source);
        text_put_string(&text, name);
        text_clean(source->source);
        get_text(&degraded, name, source->reason, sizeof source->reason);
    }
}

static void read_series(const struct object *series, const char *name, size_t points, struct figure *figure) {
    const json_t *array = json_object_get(series->json, name);
    char why[80];

    if (!array)
        return;
    if (!json_is_array(array) || json_array_size(array) != points) {
        snprintf(why, sizeof why, "must be an array of %zu items, as history.points says", points);
        refuse_key(series, name, why);
        return;
    }
    for (size_t i = 0; i < points; i++)
        figure[i] = figure_from(series, name, json_array_get(array, i));
}

static void read_history(const struct object *root, struct status_view *view) {
    struct object history = get_late_object(root, "history"), series;

    if (!history.json)
        return;
    uint64_t points = get_number(&history, "points");
    view->history_step_usec = get_number(&history, "step_usec");
    if (view->history_step_usec == 0)
        refuse_key(&history, "step_usec", "must be at least 1");
    if (points > STATUS_HISTORY) {
        refuse(root->reader, -EBADMSG, ": history.points: must be at most %d", STATUS_HISTORY);
        return;
    }
    view->history_count = points;
    series = get_object(&history, "series");
    snprintf(series.name, sizeof series.name, "history.series");
    for (int state = 1; state < STATE_COUNT; state++)
        if (state != STATE_CLOSED)
            read_series(&series, tcp_state_name((enum tcp_state)state), points, view->history[state]);
}

static void read_daemon(const struct object *root, struct status_view *view) {
    bool has_interval = json_object_get(root->json, "interval_usec") != NULL;

    get_text(root, "version", view->version, sizeof view->version);
    get_text(root, "netns", view->netns, sizeof view->netns);
    view->time_usec = get_number(root, "time_usec");
    view->interval_usec = has_interval ? get_number(root, "interval_usec") : 0;
    if (has_interval && (view->interval_usec == 0 || view->interval_usec > INTERVAL_MAX_USEC))
        refuse_key(root, "interval_usec", "must be a whole number from 1 to 3600000000");
    view->ticks = get_number(root, "ticks");
    view->missed_ticks = get_number(root, "missed_ticks");
    view->cpu_usec = get_number(root, "cpu_usec");
    view->alerts_dropped = get_number(root, "alerts_dropped");
}

/* What another schema says cannot be told from mistakes. */
static void check_schema(const struct object *root) {
    uint64_t schema = get_number(root, "schema");

    if (schema != STATUS_SCHEMA)
        refuse(root->reader, -EBADMSG,
               ": schema: is %" PRIu64 ", must be %d, which is what synwaitctl " SYNWAITD_VERSION " reads",
               schema, STATUS_SCHEMA);
}

static void read_root(struct reader *reader, json_t *json, struct status_view *view) {
    struct object root = {.reader = reader, .json = json};

    if (!json_is_object(json)) {
        refuse(reader, -EBADMSG, ": must be a JSON object");
        return;
    }
    check_schema(&root);
    read_daemon(&root, view);
    read_states(&root, view);
    read_walk(&root, view);
    read_half_open(&root, view);
    read_rates(&root, view);
    read_listeners(&root, view);
    read_incidents(&root, view);
    read_degraded(&root, view);
    read_history(&root, view);
}

/* The directory may be a link (systemd has /run/private for DynamicUser=), the file is none; one may lead to
   a device that acts when it is opened, and a FIFO would keep us waiting. @return descriptor, or -1 once
   refused */
static int open_file(struct reader *reader) {
    int fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
    struct stat file;

    if (fd < 0) {
        refuse(reader, -errno, ": %s%s", strerror(errno),
               errno == ELOOP ? ": must be the file itself, not a symbolic link" : "");
        return -1;
    }
    if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode))
        return fd;
    refuse(reader, -EBADMSG, ": must be a regular file");
    close(fd);
    return -1;
}

/* @return bytes read, at most @p size, or -1 once refused */
static ssize_t read_whole(struct reader *reader, int fd, char *buffer, size_t size) {
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(fd, buffer + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            refuse(reader, -errno, ": %s", strerror(errno));
            return -1;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

/* Jansson does not go deeper than 2048 levels. @return the value, or NULL once refused */
static json_t *parse(struct reader *reader, const char *buffer, size_t length) {
    json_error_t error;

    if (length == 0) {
        refuse(reader, -EBADMSG, ": is empty: must be a JSON object");
        return NULL;
    }
    json_t *json = json_loadb(buffer, length, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        refuse(reader, -EBADMSG, ":%d:%d: must be a JSON object: %s", error.line, error.column, error.text);
    return json;
}

static json_t *load(struct reader *reader) {
    CLEANUP_FD int fd = open_file(reader);
    CLEANUP_FREE char *buffer = fd >= 0 ? malloc(FILE_BYTES_MAX + 1) : NULL;

    if (fd < 0)
        return NULL;
    if (!buffer) {
        refuse(reader, -ENOMEM, ": %s", strerror(ENOMEM));
        return NULL;
    }
    ssize_t length = read_whole(reader, fd, buffer, FILE_BYTES_MAX + 1);
    if (length < 0)
        return NULL;
    if (length > FILE_BYTES_MAX) {
        refuse(reader, -EBADMSG, ": must have at most %d bytes", FILE_BYTES_MAX);
        return NULL;
    }
    return parse(reader, buffer, (size_t)length);
}

static int read_json(struct reader *reader, json_t *json, struct status_view *view) {
    memset(view, 0, sizeof *view);
    if (json)
        read_root(reader, json, view);
    json_decref(json);
    return reader->result;
}

int status_view_parse(const char *path, const char *bytes, size_t length, struct status_view *view,
                      char error[STATUS_ERROR_SIZE]) {
    struct reader reader = {.path = path, .error = error};

    error[0] = '\0';
    return read_json(&reader, parse(&reader, bytes, length), view);
}

int status_view_read(const char *path, struct status_view *view, char error[STATUS_ERROR_SIZE]) {
    struct reader reader = {.path = path, .error = error};

    error[0] = '\0';
    return read_json(&reader, load(&reader), view);
}
