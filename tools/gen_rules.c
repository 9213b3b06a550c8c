/* SPDX-License-Identifier: MIT */
/* Prints monitoring/prometheus/synwaitd-problems.rules.yml. */
#include <stdio.h>
#include <string.h>

#include "alert_rules.h"

int main(void) {
    int result = alert_rules_write(stdout);

    if (result < 0)
        fprintf(stderr, "gen_rules: standard output: %s\n", strerror(-result));
    return result < 0;
}
