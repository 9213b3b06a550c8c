/* SPDX-License-Identifier: MIT */
/* status.json; what was understood is printed for a person and as JSON. */
#include <errno.h>

#include "harness.h"
#include "status_print.h"
#include "status_view.h"
#include "util.h"

static struct status_view view; /* large */

static void check_texts(void) {
    MUST(fuzz_is_clean(view.version) && fuzz_is_clean(view.netns));
    MUST(fuzz_is_clean(view.half_open.iterator_fails));
    for (size_t i = 0; i < view.listener_count; i++)
        MUST(fuzz_is_clean(view.listener[i].local) && fuzz_is_clean(view.listener[i].limited_by));
    for (size_t i = 0; i < view.incident_count; i++)
        MUST(fuzz_is_clean(view.incident[i].peer) && fuzz_is_clean(view.incident[i].unit) &&
             fuzz_is_clean(view.incident[i].cause) && fuzz_is_clean(view.incident[i].problem));
    for (size_t i = 0; i < view.degraded_count; i++)
        MUST(fuzz_is_clean(view.degraded[i].source) && fuzz_is_clean(view.degraded[i].reason));
}

static void print(void) {
    CLEANUP_FILE FILE *nowhere = fopen("/dev/null", "w");
    const struct page page = {.stream = nowhere, .width = 80};
    json_t *json = status_to_json(&view, FIGURE_OF(1), false);

    MUST(nowhere && json);
    json_decref(json);
    MUST(status_print(&page, &view, FIGURE_OF(USEC_PER_SEC), true) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    char error[STATUS_ERROR_SIZE];
    int result = status_view_parse("status.json", (const char *)bytes, length, &view, error);

    MUST(result == 0 ? error[0] == '\0' : result == -EBADMSG && error[0] && fuzz_is_clean(error));
    check_texts();
    if (result == 0)
        print();
    return 0;
}
