/* SPDX-License-Identifier: MIT */
/* Cgroup paths. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "owners.h"
#include "record.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    char unit[UNIT_SIZE], below[UNIT_SIZE];
    CLEANUP_FREE char *path = fuzz_string(bytes, length);
    CLEANUP_FREE char *deeper = NULL;

    unit_from_cgroup_path(path, unit);
    MUST(strlen(unit) < sizeof unit);
    MUST((unit[0] == '\0') == (path[strspn(path, "/")] == '\0'));
    /* Slashes at both ends mean nothing. */
    MUST(asprintf(&deeper, "//%s/", path) >= 0);
    unit_from_cgroup_path(deeper, below);
    MUST(strcmp(unit, below) == 0);
    text_clean(unit);
    MUST(fuzz_is_clean(unit) && strlen(unit) == strlen(below));
    return 0;
}
