/* SPDX-License-Identifier: MIT */
/* In place of libFuzzer: runs a harness over files, by default over its corpus. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "util.h"

#define INPUT_BYTES_MAX (1024UL * 1024)

static void run(const char *path) {
    static char input[INPUT_BYTES_MAX];

    printf("%s ", path);
    fflush(stdout); /* the last one told is the one that fails */
    int length = read_file_at(AT_FDCWD, path, input, INPUT_BYTES_MAX);
    MUST(length >= 0);
    char *exact = malloc((size_t)length + (length == 0)); /* reading beyond it is seen */
    MUST(exact);
    memcpy(exact, input, (size_t)length);
    LLVMFuzzerTestOneInput((const uint8_t *)exact, (size_t)length);
    free(exact);
    puts("ok");
}

static bool is_visible(const char *name) {
    return name[0] != '.';
}

static int run_corpus(const char *program) {
    char directory[256], path[sizeof directory + sizeof((struct dirent *)0)->d_name];
    int count = 0;
    const char *name = strrchr(program, '/');

    snprintf(directory, sizeof directory, "tests/fuzz/corpus/%s", name ? name + strlen("/fuzz_") : program);
    DIR *stream = opendir(directory);
    MUST(stream);
    for (const struct dirent *entry; (entry = readdir(stream));) {
        if (!is_visible(entry->d_name))
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        run(path);
        count++;
    }
    closedir(stream);
    return count;
}

int main(int argc, char **argv) {
    int count = argc > 1 ? argc - 1 : run_corpus(argv[0]);

    for (int i = 1; i < argc; i++)
        run(argv[i]);
    printf("%d passed, 0 failed\n", count);
    return 0;
}
