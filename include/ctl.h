/* SPDX-License-Identifier: MIT */
/* What the verbs of synwaitctl share: command line, exit codes, configuration, output. */
#ifndef SYNWAITD_CTL_H
#define SYNWAITD_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "figure.h"
#include "page.h"

/* Exit codes, as the daemon's; `check` has those of monitoring plugins. */
#define CTL_OK     0
#define CTL_FAILED 1
#define CTL_USAGE  2
#define CTL_CONFIG 78

#define RUNTIME_DIRECTORY   "/run/synwaitd" /* RuntimeDirectory= of the unit */
#define CTL_OPTIONS_MAX     12
#define CTL_SECONDS_DEFAULT 3
#define CTL_SECONDS_MAX     60

/** The command line so far, and where output goes. */
struct ctl {
    bool json;
    bool no_color;
    const char *config_file; /* NULL: the search path */
    const char *argument;    /* of the verb; NULL: none was given */
    struct page page;        /* standard output */
};

/** One option of a verb. */
struct verb_option {
    char letter; /* 0: none */
    const char *name;
    const char *argument; /* in the help, e.g. "PORT"; NULL: a flag, and *(bool *)target becomes true */
    const char *help;
    /** Reads the argument into @p target. @return 0 or -EINVAL; an option may be given more than once */
    int (*parse)(const char *text, void *target);
    const char *allowed; /* what is told of a bad argument: "must be a number from 1 to 65535" */
    void *target;
};

/** What can be asked. Each is defined in the file that is called like it. */
struct verb {
    const char *name;
    const char *argument; /* in the help, "WORD" or "[WORD]"; NULL: there is none */
    const char *summary;
    bool json; /* --json works */
    /** @param argv argv[0] is the verb. @return exit code */
    int (*run)(struct ctl *ctl, int argc, char **argv);
};

extern const struct verb verb_diagnose, verb_status, verb_states, verb_sockets, verb_advise, verb_explain,
    verb_check, verb_top;

/**
 * Reads the verb's options and the common ones (--json, --config, --no-color, --help) and its argument.
 * @param option the verb's own, @p count at most CTL_OPTIONS_MAX
 * @param exit_code receives what to end with if the result is false
 * @return whether to go on; if not, help or an error has been printed
 */
bool ctl_parse(struct ctl *ctl, const struct verb *verb, const struct verb_option *option, size_t count,
               int argc, char **argv, int *exit_code);

/* For verb_option.parse, with the texts for verb_option.allowed. */
int ctl_parse_text(const char *text, void *target); /* const char * */
#define CTL_ALLOWED_SECONDS "must be a whole number from 1 to 60"
int ctl_parse_seconds(const char *text, void *target); /* uint64_t */
#define CTL_ALLOWED_PORT "must be a number from 1 to 65535"
int ctl_parse_port(const char *text, void *target); /* uint16_t */
#define CTL_ALLOWED_STATE "must be a TCP state such as close-wait"
int ctl_parse_state(const char *text,
                    void *target); /* enum tcp_state; also fin_wait_1, FIN-WAIT1, syn-rcvd */
#define CTL_ALLOWED_COUNT "must be a whole number"
int ctl_parse_count(const char *text, void *target); /* uint64_t */

/** @return whether their letters and digits are the same: CLOSE-WAIT, close_wait and CloseWait are one. */
bool ctl_same_word(const char *a, const char *b);

/** Prints "synwaitctl VERB: message" to standard error, and a hint below it (NULL: none). */
void ctl_error(const struct verb *verb, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Loads the configuration. @return CTL_OK, or the exit code once the error is printed. */
int ctl_load_config(const struct ctl *ctl, const struct verb *verb, struct config *config);

/**
 * Prints @p value, taking it over, as JSON on standard output; NULL stands for no memory.
 * @return exit code
 */
int ctl_print_json(const struct verb *verb, json_t *value);

/** @return a JSON string of @p text, in which what is no UTF-8 and control characters are '?'. */
json_t *ctl_json_text(const char *text);

/** @return the number; null unless known. */
json_t *ctl_json_figure(struct figure figure);

#endif
