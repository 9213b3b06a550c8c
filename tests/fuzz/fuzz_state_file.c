/* SPDX-License-Identifier: MIT */
/* The incident state file; what was taken up is saved and taken up again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "state_file.h"
#include "util.h"

#define BOOT "0123456789abcdef0123456789abcdef"
#define NOW  UINT64_C(1000000000000)

static struct incident_table table, again; /* large */

static void check_incident(const struct incident *incident) {
    const struct finding *finding = &incident->finding;

    MUST(incident->open && incident->raised_usec <= incident->alerted_usec && incident->alerted_usec <= NOW);
    MUST(finding->family < FAMILY_COUNT && finding->lead.condition <= CONDITION_COUNT);
    MUST(finding->cause < CAUSE_COUNT && cause_info(finding->cause)->problem == finding->problem);
    MUST(fuzz_is_clean(finding->detail) && fuzz_is_clean(finding->unit));
}

/* @return as state_file_parse(), in a table of which nothing is left from before */
static int parse(const char *text, size_t length, struct incident_table *into) {
    memset(into->incident, 0, into->end * sizeof into->incident[0]);
    into->end = 0;
    return state_file_parse(text, length, BOOT, NOW, into);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    int count = parse((const char *)bytes, length, &table);

    MUST(count == -EBADMSG || (count >= 0 && count <= INCIDENTS_MAX));
    if (count <= 0)
        return 0;
    MUST(table.end == (size_t)count);
    for (size_t i = 0; i < table.end; i++)
        check_incident(&table.incident[i]);
    CLEANUP_FREE char *text = state_file_format(BOOT, &table);
    MUST(text && parse(text, strlen(text), &again) == count && again.next_id == table.next_id);
    MUST(memcmp(again.incident, table.incident, (size_t)count * sizeof table.incident[0]) == 0);
    return 0;
}
