/* SPDX-License-Identifier: MIT */
/* What a monitoring plugin says of one look: a status, one line, performance data. */
#ifndef SYNWAITD_CHECK_H
#define SYNWAITD_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "incident.h"
#include "sample.h"

#define CHECK_GIVEN_MAX (4 * CONDITION_COUNT)
#define CHECK_TEXT_SIZE 640
#define CHECK_LINE_SIZE 1000 /* with the NUL: NRPE and mail gateways cut at 1 KiB */

/** The exit codes of the convention. */
enum check_status { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

/** Arguments as given, in their order. */
struct check_given {
    const char *argument[CHECK_GIVEN_MAX];
    size_t count;
};

/** What the command line changes in the configuration. */
struct check_options {
    struct check_given warning, critical; /* "CONDITION=VALUE" */
    struct check_given condition;         /* none: all that are enabled */
};

/**
 * Lays the options over @p config: a threshold enables its condition, and a count also lowers the floor that
 * would keep it from being reached. Rules for single ports stay, unless their condition is left out.
 * @param error receives one clean line
 * @return 0 or -EINVAL
 */
int check_options_apply(const struct check_options *options, struct config *config,
                        char error[CONFIG_ERROR_SIZE]);

/** One condition, where it has several values the one that is fullest against its warning. */
struct check_figure {
    enum condition condition;
    struct figure value; /* absent: nothing to be measured, or no need to */
    struct figure warning, critical;
    struct figure limit;
};

struct check_result {
    enum check_status status;
    char text[CHECK_TEXT_SIZE];
    struct check_figure figure[CONDITION_COUNT]; /* of those that are enabled */
    size_t figure_count;
    size_t problem_count;
};

/**
 * Judges a look. What is wrong outranks what cannot be seen; unsafe settings do not count.
 * @param alert the problems, as look->alert
 */
void check_judge(const struct config *config, const struct sample *sample, const struct alert *alert,
                 size_t alert_count, struct check_result *result);

/** A result that says only why nothing could be judged. */
void check_fail(struct check_result *result, const char *text);

/** Writes "SYNWAITD STATUS - text | performance data"; the text is cut where there is no room. */
void check_line_format(const struct check_result *result, char line[CHECK_LINE_SIZE]);

/** @return "OK", "WARNING", "CRITICAL" or "UNKNOWN". */
const char *check_status_name(enum check_status status);

#endif
