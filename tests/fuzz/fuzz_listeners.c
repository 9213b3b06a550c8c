/* SPDX-License-Identifier: MIT */
/* What the listener iterator gives. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "listener_queues.h"
#include "listener_record.h"

static void check_listener(const struct listener *listener, void *context) {
    size_t *count = context;
    char text[ENDPOINT_TEXT_SIZE];
    struct endpoint again;

    ++*count;
    MUST(listener->members == 1 && listener->half_open_walked == 0);
    MUST(listener->local.family == ENDPOINT_IPV4 || listener->local.family == ENDPOINT_IPV6);
    endpoint_format(&listener->local, text);
    MUST(endpoint_parse(text, &again) == 0 && endpoint_equal(&listener->local, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    size_t count = 0, records = length / sizeof(struct listener_record);
    char *copy = malloc(length + 2);

    MUST(copy);
    memcpy(copy + 1, bytes, length); /* may stand at any address */
    int result = listener_queues_parse(copy + 1, length, check_listener, &count);
    free(copy);
    MUST(result == 0 || result == -EBADMSG);
    MUST(result < 0 ? count <= records : count == records && length % sizeof(struct listener_record) == 0);
    return 0;
}
