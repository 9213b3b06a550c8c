/* SPDX-License-Identifier: MIT */
/*
 * bench PART ARGUMENT...: one part of what tests/bench/run measures, in the network namespace it is started
 * in. What it prints is for tests/bench/collect.jq.
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { EXIT_USAGE = 2 };

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} parts[] = {
    {"tick", bench_tick},     {"dump", bench_dump},     {"iterator", bench_iterator},
    {"walk", bench_walk},     {"proc", bench_proc},     {"command", bench_command},
    {"scrape", bench_scrape}, {"owners", bench_owners}, {"daemon", bench_daemon},
    {"ready", bench_ready},   {"detect", bench_detect},
};

char *bench_argument(int argc, char **argv, int index) {
    if (index < argc)
        return argv[index];
    fprintf(stderr, "bench %s: argument %d is missing\n", argv[0], index);
    exit(EXIT_USAGE);
}

unsigned int bench_number(int argc, char **argv, int index, unsigned int most) {
    const char *text = bench_argument(argc, argv, index);
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= most)
        return (unsigned int)value;
    fprintf(stderr, "bench %s: \"%s\" is not a number from 0 to %u\n", argv[0], text, most);
    exit(EXIT_USAGE);
}

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(parts); i++) {
        if (strcmp(argv[1], parts[i].name) != 0)
            continue;
        int result = parts[i].run(argc - 1, argv + 1);
        if (result < 0)
            fprintf(stderr, "bench %s: %s\n", argv[1], strerror(-result));
        return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    fprintf(stderr, "usage: bench PART ARGUMENT..., see tests/bench/bench.h\n");
    return EXIT_USAGE;
}
