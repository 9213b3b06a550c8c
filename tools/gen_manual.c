/* SPDX-License-Identifier: MIT */
/* Prints the man page named, with its lists made from the tables. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "manual.h"
#include "util.h"

int main(int argc, char **argv) {
    static char page[1 << 18];

    if (argc != 2) {
        fputs("usage: gen_manual PAGE\n", stderr);
        return 2;
    }
    int result = read_file_at(AT_FDCWD, argv[1], page, sizeof page);
    if (result >= 0)
        result = manual_update(page, stdout);
    if (result < 0)
        fprintf(stderr, "gen_manual: %s: %s\n", argv[1], strerror(-result));
    return result < 0;
}
