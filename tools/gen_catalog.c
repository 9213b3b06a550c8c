/* SPDX-License-Identifier: MIT */
/* Prints systemd/synwaitd.catalog. */
#include <stdio.h>
#include <string.h>

#include "catalog.h"

int main(void) {
    int result = catalog_write(stdout);

    if (result < 0)
        fprintf(stderr, "gen_catalog: standard output: %s\n", strerror(-result));
    return result < 0;
}
