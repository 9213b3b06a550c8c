/* SPDX-License-Identifier: MIT */
/* /proc/net/snmp, netstat, sockstat and sockstat6: a text is read as each of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "harness.h"
#include "util.h"

struct result {
    int code;
    struct figure figure[COUNTER_COUNT + GAUGE_COUNT];
    char reason[SOURCE_REASON_SIZE];
};

static struct result parse(enum source source, const char *text) {
    struct result result;

    memset(&result, 0, sizeof result);
    result.code = source == SOURCE_SNMP || source == SOURCE_NETSTAT
                      ? counters_parse(source, text, result.figure, result.reason)
                      : sockstat_parse(source, text, result.figure, result.reason);
    MUST(result.code == 0 || result.code == -EBADMSG);
    MUST((result.code == 0) == (result.reason[0] == '\0') && fuzz_is_clean(result.reason));
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    static const char before[] = "Other: 1 2\nTcpOther: a\n";
    char *text = fuzz_string(bytes, length), *longer = NULL;

    MUST(asprintf(&longer, "%s%s", before, text) >= 0);
    for (enum source source = SOURCE_SOCKSTAT; source <= SOURCE_NETSTAT; source++) {
        const struct result alone = parse(source, text), behind = parse(source, longer);
        MUST(alone.code == behind.code && strcmp(alone.reason, behind.reason) == 0);
        for (size_t i = 0; i < ARRAY_SIZE(alone.figure); i++)
            MUST(alone.figure[i].status <= FIGURE_KNOWN &&
                 alone.figure[i].status == behind.figure[i].status &&
                 alone.figure[i].value == behind.figure[i].value);
    }
    free(longer);
    free(text);
    return 0;
}
