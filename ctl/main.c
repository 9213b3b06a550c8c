/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "util.h"

/* In the order in which an admin wants them. */
static const struct verb *const verbs[] = {
    &verb_diagnose, &verb_status,  &verb_states, &verb_sockets,
    &verb_advise,   &verb_explain, &verb_check,  &verb_top,
};

static void print_help(void) {
    puts("Usage: synwaitctl [OPTION]... VERB [OPTION]...\n"
         "Tell why TCP connections pile up on this host, and what helps. It only reads.\n");
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        char left[32];
        struct text text = text_in(left, sizeof left);
        text_add(&text, "%s %s", verbs[i]->name, verbs[i]->argument ? verbs[i]->argument : "");
        printf("  %-16s %s\n", left, verbs[i]->summary);
    }
    puts("\nOptions, before the verb or after it:\n"
         "  --json           print JSON (every verb but top)\n"
         "  --config FILE    thresholds from this file alone\n"
         "  --no-color       no colour, as with NO_COLOR\n"
         "  --help           print this text; after a verb, its options\n"
         "  --version        print the version\n"
         "\nExit status: 0 success, 1 failure at run time, 2 usage, 78 configuration; of check 0 to 3.\n"
         "See synwaitctl(8).");
}

/* The common options may come before the verb as well. @return -EINVAL: usage; else what is left to do */
static int read_options(struct ctl *ctl, int argc, char **argv) {
    enum { OPT_JSON = 256, OPT_CONFIG, OPT_NO_COLOR, OPT_HELP, OPT_VERSION };
    static const struct option options[] = {
        {"json", no_argument, NULL, OPT_JSON},         {"config", required_argument, NULL, OPT_CONFIG},
        {"no-color", no_argument, NULL, OPT_NO_COLOR}, {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},   {0},
    };

    for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
        switch (option) {
        case OPT_JSON:
            ctl->json = true;
            break;
        case OPT_CONFIG:
            ctl->config_file = optarg;
            break;
        case OPT_NO_COLOR:
            ctl->no_color = true;
            break;
        case OPT_HELP:
            print_help();
            return 0;
        case OPT_VERSION:
            puts("synwaitctl " SYNWAITD_VERSION);
            return 0;
        default:
            return -EINVAL;
        }
    }
    return optind;
}

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static int usage(void) {
    fputs("Try 'synwaitctl --help'.\n", stderr);
    return CTL_USAGE;
}

static int run(int argc, char **argv) {
    struct ctl ctl = {.page = page_on(stdout, page_wants_color(stdout))};
    int first = read_options(&ctl, argc, argv);

    if (first <= 0)
        return first < 0 ? usage() : CTL_OK;
    if (first == argc) {
        ctl_error(NULL, NULL, "what to do is missing");
        return usage();
    }
    const struct verb *verb = find_verb(argv[first]);
    if (!verb) {
        ctl_error(NULL, NULL, "\"%s\" is none of its verbs", argv[first]);
        return usage();
    }
    return verb->run(&ctl, argc - first, argv + first);
}

int main(int argc, char **argv) {
    int exit_code = run(argc, argv);

    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit_code;
    ctl_error(NULL, NULL, "standard output: %s", strerror(errno));
    return exit_code == CTL_OK ? CTL_FAILED : exit_code;
}
