/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "check.h"
#include "observe.h"
#include "record.h"
#include "util.h"

#define NAME           "SYNWAITD"
#define TEXT_MIN_BYTES 160 /* that performance data leave to the text */

const char *check_status_name(enum check_status status) {
    static const char *const name[] = {
        [CHECK_OK] = "OK",
        [CHECK_WARNING] = "WARNING",
        [CHECK_CRITICAL] = "CRITICAL",
        [CHECK_UNKNOWN] = "UNKNOWN",
    };

    return name[status];
}

struct fullest {
    const struct config *config;
    struct check_figure *figure;
    bool seen;
};

static bool is_fuller(const struct check_figure *a, const struct check_figure *b) {
    if (a->value.status == FIGURE_UNKNOWN || b->value.status == FIGURE_UNKNOWN)
        return a->value.status == FIGURE_UNKNOWN; /* it must not be overlooked */
    uint32_t share_a = permyriad_of(a->value.value, figure_or(a->warning, 0));
    uint32_t share_b = permyriad_of(b->value.value, figure_or(b->warning, 0));
    return share_a != share_b ? share_a > share_b : a->value.value > b->value.value;
}

static struct check_figure figure_of(const struct config *config, const struct observation *seen) {
    struct threshold_figures thresholds = threshold_figures(config, seen);

    return (struct check_figure){
        .condition = seen->condition,
        .value = seen->value,
        .warning = thresholds.warning,
        .critical = thresholds.critical,
        /* What has no limit is held against none, and the one that a rate ran over is not one of rates. */
        .limit = condition_info(seen->condition)->limit ? seen->limit : FIGURE_MISSING,
    };
}

static void take(const struct observation *seen, void *context) {
    struct fullest *fullest = context;
    struct check_figure figure = figure_of(fullest->config, seen);
    bool of_port = seen->scope.kind == SCOPE_LISTENER || seen->scope.kind == SCOPE_PORT;

    if (!config_rule(fullest->config, seen->condition, of_port ? seen->scope.local.port : 0)->enabled)
        return;
    if (!fullest->seen || is_fuller(&figure, fullest->figure))
        *fullest->figure = figure;
    fullest->seen = true;
}

/* What observe() passes over: queues that are empty, and ports that need not be counted, as too few are in
   use. */
static struct observation unseen(const struct sample *sample, enum condition condition) {
    struct observation seen = {.condition = condition, .value = FIGURE_OF(0), .limit = FIGURE_MISSING};

    if (!observe_is_readable(sample, condition)) {
        seen.value = FIGURE_NONE;
    } else if (condition == CONDITION_PORTS) {
        seen.value = FIGURE_MISSING;
        seen.limit = sample_ephemeral_ports(sample);
    }
    return seen;
}

static bool is_enabled(const struct config *config, enum condition condition) {
    bool enabled = config->rule[condition].enabled;

    for (size_t i = 0; i < config->port_count; i++)
        enabled =
            enabled || (config->port[i].overrides[condition] && config->port[i].rule[condition].enabled);
    return enabled;
}

static void measure(const struct config *config, const struct sample *sample, struct check_result *result) {
    for (int i = 0; i < CONDITION_COUNT; i++) {
        enum condition condition = (enum condition)i;
        struct check_figure *figure = &result->figure[result->figure_count];
        struct fullest fullest = {.config = config, .figure = figure};
        if (!is_enabled(config, condition))
            continue;
        observe(config, sample, condition, take, &fullest);
        struct observation nothing = unseen(sample, condition);
        if (!fullest.seen)
            *figure = figure_of(config, &nothing);
        result->figure_count++;
    }
}

/* Neither the value nor a limit that a percentage is of may be missing by an error. */
static bool is_unknown(const struct check_figure *figure) {
    return figure->value.status == FIGURE_UNKNOWN || figure->warning.status == FIGURE_UNKNOWN;
}

static const char *failure(const struct sample *sample) {
    for (int i = 0; i < SOURCE_COUNT; i++)
        if (sample->source[i].failed_ticks > 0)
            return sample->source[i].reason;
    return NULL;
}

/* @return whether there is something that cannot be seen; then @p text tells what and why */
static bool add_unseen(const struct check_result *result, const struct sample *sample, struct text *text) {
    size_t start = text->length;
    const char *reason = failure(sample);

    for (size_t i = 0; i < result->figure_count; i++)
        if (is_unknown(&result->figure[i]))
            text_add(text, "%s%s", text->length > start ? ", " : "cannot see ",
                     condition_info(result->figure[i].condition)->name);
    bool any = text->length > start;
    if (any && reason)
        text_add(text, ": %s", reason);
    return any;
}

static const struct check_figure *nearest(const struct check_result *result) {
    const struct check_figure *found = NULL;

    for (size_t i = 0; i < result->figure_count; i++) {
        const struct check_figure *figure = &result->figure[i];
        bool counts = figure_known(figure->value) && figure->value.value > 0 && figure_known(figure->warning);
        if (counts && (!found || is_fuller(figure, found)))
            found = figure;
    }
    return found;
}

static void add_gist(const struct check_result *result, const struct sample *sample, struct text *text) {
    const struct check_figure *figure = nearest(result);

    text_add(text, "no problem in %zu condition%s, ", result->figure_count,
             result->figure_count == 1 ? "" : "s");
    if (figure) {
        text_add(text, "nearest to its warning: %s %" PRIu64, condition_info(figure->condition)->name,
                 figure->value.value);
        if (figure_known(figure->limit))
            text_add(text, " of %" PRIu64, figure->limit.value);
        text_add(text, " (warning %" PRIu64 ")", figure->warning.value);
    } else {
        text_add(text, "all at 0");
    }
    if (figure_known(sample->state[STATE_ESTABLISHED]))
        text_add(text, "; %" PRIu64 " established", sample->state[STATE_ESTABLISHED].value);
}

/* @return the worst of the problems, or NULL */
static const struct alert *count_problems(const struct alert *alert, size_t count,
                                          struct check_result *result) {
    const struct alert *worst = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct finding *finding = &alert[i].finding;
        if (finding->problem == PROBLEM_UNSAFE_SYSCTL || finding->problem == PROBLEM_SAMPLING_DEGRADED)
            continue;
        result->problem_count++;
        if (!worst || finding->severity > worst->finding.severity)
            worst = &alert[i];
    }
    return worst;
}

static void add_problem(const struct check_result *result, const struct alert *worst, struct text *text) {
    char message[RECORD_VALUE_MAX + 1];

    message_format(worst, message, sizeof message);
    text_add(text, "%s", message);
    if (result->problem_count > 1)
        text_add(text, " And %zu more problem%s.", result->problem_count - 1,
                 result->problem_count > 2 ? "s" : "");
}

static const struct alert *find_degraded(const struct alert *alert, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (alert[i].finding.problem == PROBLEM_SAMPLING_DEGRADED)
            return &alert[i];
    return NULL;
}

/* A '|' would end the text. */
static void clean(char *text) {
    text_clean(text);
    for (char *at = text; (at = strchr(at, '|'));)
        *at = '/';
}

void check_judge(const struct config *config, const struct sample *sample, const struct alert *alert,
                 size_t alert_count, struct check_result *result) {
    struct text text = text_in(result->text, sizeof result->text);
    const struct alert *degraded = find_degraded(alert, alert_count);

    result->figure_count = result->problem_count = 0;
    measure(config, sample, result);
    const struct alert *worst = count_problems(alert, alert_count, result);
    if (worst) {
        result->status = worst->finding.severity == SEVERITY_CRITICAL ? CHECK_CRITICAL : CHECK_WARNING;
        add_problem(result, worst, &text);
    } else if (add_unseen(result, sample, &text)) {
        result->status = CHECK_UNKNOWN;
    } else if (degraded) {
        result->status = CHECK_UNKNOWN;
        message_format(degraded, result->text, sizeof result->text);
    } else {
        result->status = CHECK_OK;
        add_gist(result, sample, &text);
    }
    clean(result->text);
}

void check_fail(struct check_result *result, const char *text) {
    struct text whole = text_in(result->text, sizeof result->text);

    result->status = CHECK_UNKNOWN;
    result->figure_count = result->problem_count = 0;
    text_add(&whole, "%s", text);
    clean(result->text);
}

static void add_number(struct text *text, struct figure figure) {
    text_add(text, ";");
    if (figure_known(figure))
        text_add(text, "%" PRIu64, figure.value);
}

/* 'label'=value;warning;critical;min;max */
static void add_figure(struct text *text, const struct check_figure *figure) {
    text_add(text, " '%s'=", condition_info(figure->condition)->name);
    if (figure_known(figure->value))
        text_add(text, "%" PRIu64, figure->value.value);
    else
        text_add(text, "U");
    add_number(text, figure->warning);
    add_number(text, figure->critical);
    text_add(text, ";0");
    add_number(text, figure->limit);
}

/* Of what this host does not have there is nothing to tell. */
static bool is_absent(const struct check_figure *figure) {
    return figure->value.status == FIGURE_ABSENT && !figure_known(figure->limit);
}

/* As many as fit whole. */
static void add_figures(struct text *text, const struct check_result *result) {
    for (size_t i = 0; i < result->figure_count; i++) {
        char buffer[160];
        struct text one = text_in(buffer, sizeof buffer);
        if (is_absent(&result->figure[i]))
            continue;
        add_figure(&one, &result->figure[i]);
        if (text->length + one.length < text->size)
            text_add(text, "%s", buffer);
    }
}

void check_line_format(const struct check_result *result, char line[CHECK_LINE_SIZE]) {
    char buffer[CHECK_LINE_SIZE - TEXT_MIN_BYTES];
    struct text figures = text_in(buffer, sizeof buffer), text = text_in(line, CHECK_LINE_SIZE);

    add_figures(&figures, result);
    size_t after = figures.length > 0 ? strlen(" |") + figures.length : 0;
    text_add(&text, NAME " %s - ", check_status_name(result->status));
    text_add_at_most(&text, result->text, CHECK_LINE_SIZE - 1 - text.length - after);
    if (after > 0)
        text_add(&text, " |%s", buffer);
}
