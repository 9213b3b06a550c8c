/* SPDX-License-Identifier: MIT */
#include "ctl.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "record.h"
#include "tcp_state.h"
#include "util.h"

#define COMMON_MAX  4
#define ERROR_SIZE  1024
#define OPTION_BASE 256 /* values of long options without a letter */

void ctl_error(const struct verb *verb, const char *hint, const char *format, ...) {
    char what[ERROR_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    text_clean(what);
    fprintf(stderr, "synwaitctl%s%s: %s\n%s%s", verb ? " " : "", verb ? verb->name : "", what,
            hint ? hint : "", hint ? "\n" : "");
}

int ctl_parse_text(const char *text, void *target) {
    *(const char **)target = text;
    return 0;
}

static int parse_within(const char *text, uint64_t least, uint64_t most, uint64_t *value) {
    uint64_t number;

    if (decimal_parse(text, strlen(text), &number) < 0 || number < least || number > most)
        return -EINVAL;
    *value = number;
    return 0;
}

int ctl_parse_seconds(const char *text, void *target) {
    return parse_within(text, 1, CTL_SECONDS_MAX, target);
}

int ctl_parse_port(const char *text, void *target) {
    uint64_t port;
    int result = parse_within(text, 1, UINT16_MAX, &port);

    if (result == 0)
        *(uint16_t *)target = (uint16_t)port;
    return result;
}

int ctl_parse_count(const char *text, void *target) {
    return parse_within(text, 0, UINT64_MAX, target);
}

bool ctl_same_word(const char *a, const char *b) {
    for (;; a++, b++) {
        a += strcspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
        b += strcspn(b, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (*a == '\0')
            return true;
    }
}

int ctl_parse_state(const char *text, void *target) {
    /* As in RFC 9293, in netstat, and in ss's filters. */
    static const struct {
        const char *name;
        enum tcp_state state;
    } alias[] = {
        {"syn-received", STATE_SYN_RECV},
        {"syn-rcvd", STATE_SYN_RECV},
        {"estab", STATE_ESTABLISHED},
        {"listening", STATE_LISTEN},
    };

    for (int state = 1; state < STATE_COUNT; state++)
        if (state != STATE_CLOSED && ctl_same_word(text, tcp_state_name((enum tcp_state)state))) {
            *(enum tcp_state *)target = (enum tcp_state)state;
            return 0;
        }
    for (size_t i = 0; i < ARRAY_SIZE(alias); i++)
        if (ctl_same_word(text, alias[i].name)) {
            *(enum tcp_state *)target = alias[i].state;
            return 0;
        }
    return -EINVAL;
}

static void print_option(const struct verb_option *option) {
    char left[40];
    struct text text = text_in(left, sizeof left);

    if (option->letter != 0)
        text_add(&text, "-%c, ", option->letter);
    text_add(&text, "--%s", option->name);
    if (option->argument)
        text_add(&text, " %s", option->argument);
    printf("  %-24s %s\n", left, option->help);
}

static void print_help(const struct verb *verb, const struct verb_option *option, size_t count) {
    printf("Usage: synwaitctl %s [OPTION]...%s%s\n%s\n\n", verb->name, verb->argument ? " " : "",
           verb->argument ? verb->argument : "", verb->summary);
    for (size_t i = 0; i < count; i++)
        print_option(&option[i]);
    fputs("\nSee synwaitctl(8).\n", stdout);
}

/* @return how many options there are now */
static size_t add_common(struct ctl *ctl, const struct verb *verb, bool *help,
                         struct verb_option all[CTL_OPTIONS_MAX + COMMON_MAX], size_t count) {
    if (verb->json)
        all[count++] = (struct verb_option){.name = "json", .help = "print JSON", .target = &ctl->json};
    all[count++] = (struct verb_option){.name = "config",
                                        .argument = "FILE",
                                        .help = "thresholds from this file alone",
                                        .parse = ctl_parse_text,
                                        .target = &ctl->config_file};
    all[count++] = (struct verb_option){
        .name = "no-color", .help = "no colour, as with NO_COLOR", .target = &ctl->no_color};
    all[count++] = (struct verb_option){.name = "help", .help = "print this text", .target = help};
    return count;
}

static int read_option(const struct verb *verb, const struct verb_option *option, const char *argument) {
    if (!option->argument) {
        *(bool *)option->target = true;
        return 0;
    }
    if (option->parse(argument, option->target) == 0)
        return 0;
    ctl_error(verb, NULL, "--%s \"%s\": %s", option->name, argument, option->allowed);
    return -EINVAL;
}

static const struct verb_option *find_option(const struct verb_option *option, size_t count, int value) {
    if (value >= OPTION_BASE && (size_t)(value - OPTION_BASE) < count)
        return &option[value - OPTION_BASE];
    for (size_t i = 0; i < count && value > 0; i++)
        if (option[i].letter == value)
            return &option[i];
    return NULL;
}

static int read_options(const struct verb *verb, const struct verb_option *option, size_t count, int argc,
                        char **argv) {
    struct option names[CTL_OPTIONS_MAX + COMMON_MAX + 1] = {0};
    char letters[2 * CTL_OPTIONS_MAX + 1];
    struct text text = text_in(letters, sizeof letters);

    for (size_t i = 0; i < count; i++) {
        names[i] = (struct option){option[i].name, option[i].argument ? required_argument : no_argument, NULL,
                                   OPTION_BASE + (int)i};
        if (option[i].letter != 0)
            text_add(&text, "%c%s", option[i].letter, option[i].argument ? ":" : "");
    }
    optind = 0; /* another argv than the last time */
    for (int value; (value = getopt_long(argc, argv, letters, names, NULL)) != -1;) {
        const struct verb_option *found = find_option(option, count, value);
        if (!found || read_option(verb, found, optarg) < 0)
            return -EINVAL; /* getopt has said why */
    }
    return 0;
}

static int read_argument(struct ctl *ctl, const struct verb *verb, int argc, char **argv) {
    bool needed = verb->argument && verb->argument[0] != '[';
    int most = verb->argument ? 1 : 0;

    if (argc - optind > most) {
        ctl_error(verb, NULL, "argument \"%s\": %s", argv[optind + most],
                  most == 0 ? "there are none, only options" : "there is only one");
        return -EINVAL;
    }
    if (needed && optind == argc) {
        ctl_error(verb, NULL, "%s is missing", verb->argument);
        return -EINVAL;
    }
    ctl->argument = optind < argc ? argv[optind] : NULL;
    return 0;
}

bool ctl_parse(struct ctl *ctl, const struct verb *verb, const struct verb_option *option, size_t count,
               int argc, char **argv, int *exit_code) {
    struct verb_option all[CTL_OPTIONS_MAX + COMMON_MAX];
    bool help = false;

    for (size_t i = 0; i < count; i++)
        all[i] = option[i];
    count = add_common(ctl, verb, &help, all, count);
    int result = read_options(verb, all, count, argc, argv);
    if (result == 0 && help) {
        print_help(verb, all, count);
        *exit_code = CTL_OK;
        return false;
    }
    if (result == 0)
        result = read_argument(ctl, verb, argc, argv);
    if (result == 0 && ctl->json && !verb->json) {
        ctl_error(verb, NULL, "--json: this verb is for a person alone");
        result = -EINVAL;
    }
    if (result < 0) {
        fprintf(stderr, "Try 'synwaitctl %s --help'.\n", verb->name);
        *exit_code = CTL_USAGE;
        return false;
    }
    if (ctl->no_color)
        ctl->page.color = false;
    return true;
}

int ctl_load_config(const struct ctl *ctl, const struct verb *verb, struct config *config) {
    char error[CONFIG_ERROR_SIZE];

    if (config_load(config, ctl->config_file, "", error) == 0)
        return CTL_OK;
    ctl_error(verb, NULL, "%s", error);
    return CTL_CONFIG;
}

int ctl_print_json(const struct verb *verb, json_t *value) {
    CLEANUP_FREE char *text = value ? json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY) : NULL;

    json_decref(value);
    if (!text) {
        ctl_error(verb, NULL, "%s", strerror(ENOMEM));
        return CTL_FAILED;
    }
    puts(text);
    return CTL_OK;
}

json_t *ctl_json_text(const char *text) {
    CLEANUP_FREE char *clean = strdup(text);

    if (!clean)
        return NULL;
    text_clean(clean);
    return json_string(clean);
}

json_t *ctl_json_figure(struct figure figure) {
    uint64_t most = INT64_MAX;

    if (!figure_known(figure))
        return json_null();
    return json_integer((json_int_t)(figure.value < most ? figure.value : most));
}
