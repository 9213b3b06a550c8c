/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "manager.h"

#define EXIT_USAGE         2
#define EXIT_CONFIG        78 /* EX_CONFIG of sysexits.h */
#define CLOSE_TIMEOUT_USEC 2000000ULL
#define LARGE_BYTES        (32 * 1024)

enum action { ACTION_RUN, ACTION_CHECK_CONFIG, ACTION_DUMP_CONFIG, ACTION_VERSION, ACTION_HELP };

struct command_line {
    enum action action;
    enum log_target target;
    struct manager_options options;
};

static const char help[] = "Usage: synwaitd [OPTION]...\n"
                           "Watch TCP connection states and tell why they pile up and what helps.\n"
                           "\n"
                           "  --config FILE        read this file alone, not the search path\n"
                           "  --log-target TARGET  auto, journal, console or json (default: auto)\n"
                           "  --ticks N            end after N intervals\n"
                           "  --check-config       check the configuration and end\n"
                           "  --dump-config        print the complete configuration in force and end\n"
                           "  --version            print the version and end\n"
                           "  --help               print this text and end\n"
                           "\n"
                           "Exit status: 0 success, 1 failure at run time, 2 usage, 78 configuration.\n"
                           "See synwaitd(8) and synwaitd.conf(5).\n";

static int usage_error(const char *what, const char *value, const char *allowed) {
    fprintf(stderr, "synwaitd: %s \"%s\": %s\n", what, value, allowed);
    return -EINVAL;
}

static int parse_ticks(const char *text, uint64_t *ticks) {
    char *end;

    errno = 0;
    *ticks = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || *ticks == 0)
        return usage_error("--ticks", text, "must be a whole number from 1 on");
    return 0;
}

static int parse_target(const char *text, enum log_target *target) {
    int found = log_target_from_name(text);

    if (found < 0)
        return usage_error("--log-target", text, "must be auto, journal, console or json");
    *target = (enum log_target)found;
    return 0;
}

/* @return 0 or -EINVAL, with the reason on standard error */
static int parse_command_line(int argc, char **argv, struct command_line *command) {
    enum { OPT_CONFIG = 256, OPT_LOG_TARGET, OPT_TICKS, OPT_CHECK, OPT_DUMP, OPT_VERSION, OPT_HELP };
    static const struct option options[] = {
        {"config", required_argument, NULL, OPT_CONFIG},
        {"log-target", required_argument, NULL, OPT_LOG_TARGET},
        {"ticks", required_argument, NULL, OPT_TICKS},
        {"check-config", no_argument, NULL, OPT_CHECK},
        {"dump-config", no_argument, NULL, OPT_DUMP},
        {"version", no_argument, NULL, OPT_VERSION},
        {"help", no_argument, NULL, OPT_HELP},
        {0},
    };
    int result = 0;

    for (int option; result == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case OPT_CONFIG:
            command->options.config_file = optarg;
            break;
        case OPT_LOG_TARGET:
            result = parse_target(optarg, &command->target);
            break;
        case OPT_TICKS:
            result = parse_ticks(optarg, &command->options.ticks);
            break;
        case OPT_CHECK:
            command->action = ACTION_CHECK_CONFIG;
            break;
        case OPT_DUMP:
            command->action = ACTION_DUMP_CONFIG;
            break;
        case OPT_VERSION:
            command->action = ACTION_VERSION;
            break;
        case OPT_HELP:
            command->action = ACTION_HELP;
            break;
        default:
            result = -EINVAL; /* getopt has said why */
        }
    }
    if (result == 0 && optind < argc)
        result = usage_error("argument", argv[optind], "there are none, only options");
    return result;
}

static int run(struct config *config, const struct command_line *command) {
    /* An explicit --log-target is stronger than output.journal = false. */
    bool console = command->target == LOG_TARGET_AUTO && !config->journal;
    int result = report_open(console ? LOG_TARGET_CONSOLE : command->target);

    if (result < 0) {
        fprintf(stderr, "synwaitd: cannot open the log target: %s\n", strerror(-result));
        return EXIT_FAILURE;
    }
    result = manager_run(config, &command->options);
    if (result < 0)
        report_log(3, "ended: %s", strerror(-result));
    /* An alert that is not sent by now is told by the next start: sent after all it would be told twice. */
    report_close(report_settle(0) ? CLOSE_TIMEOUT_USEC : 0);
    return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int finish_output(void) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    fprintf(stderr, "synwaitd: standard output: %s\n", strerror(errno));
    return EXIT_FAILURE;
}

/* A closed standard stream would become the next thing opened, and alerts would be written into it. */
static void secure_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0)
            _exit(EXIT_FAILURE);
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away is an error to tell, not a death */
}

/* A large table's pages cost nothing until used if they come straight from the kernel. Once one such block is
   freed, glibc would take later ones from the heap (mallopt(3), M_MMAP_THRESHOLD), and zero all of them. */
static void save_memory(void) {
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_ARENA_MAX, 1); /* the journal's thread needs no heap of its own */
}

int main(int argc, char **argv) {
    struct command_line command = {.target = LOG_TARGET_AUTO};
    static struct config config;
    char error[CONFIG_ERROR_SIZE];

    secure_standard_streams();
    save_memory();
    umask(S_IWGRP | S_IWOTH); /* the mode that each file is made with decides: no second call to set it */
    if (parse_command_line(argc, argv, &command) < 0) {
        fputs("Try 'synwaitd --help'.\n", stderr);
        return EXIT_USAGE;
    }
    if (command.action == ACTION_HELP || command.action == ACTION_VERSION) {
        fputs(command.action == ACTION_HELP ? help : "synwaitd " SYNWAITD_VERSION "\n", stdout);
        return finish_output();
    }
    if (config_load(&config, command.options.config_file, "", error) < 0) {
        fprintf(stderr, "%s\n", error);
        return EXIT_CONFIG;
    }
    malloc_trim(0); /* what reading it took, so that large tables are not put there: they would be zeroed */
    if (command.action == ACTION_CHECK_CONFIG)
        return EXIT_SUCCESS;
    if (command.action == ACTION_RUN)
        return run(&config, &command);
    config_dump(&config, stdout); /* a failed write shows in finish_output() */
    return finish_output();
}
