/* SPDX-License-Identifier: MIT */
/* Addresses with ports, and networks, as text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "harness.h"
#include "socket_filter.h"
#include "util.h"

static void check_endpoint(const char *text) {
    struct endpoint endpoint, again;
    char first[ENDPOINT_TEXT_SIZE], second[ENDPOINT_TEXT_SIZE];
    int result = endpoint_parse(text, &endpoint);

    MUST(result == 0 || result == -EINVAL);
    if (result < 0)
        return;
    endpoint_format(&endpoint, first);
    MUST(endpoint_parse(first, &again) == 0 && endpoint_equal(&endpoint, &again));
    endpoint_format(&again, second);
    MUST(strcmp(first, second) == 0);
}

static void check_network(const char *text) {
    struct peer_network network;
    int result = peer_network_parse(text, &network);

    MUST(result == 0 || result == -EINVAL);
    if (result < 0)
        return;
    MUST(network.address.family == ENDPOINT_IPV4 || network.address.family == ENDPOINT_IPV6);
    MUST(network.prefix <= (network.address.family == ENDPOINT_IPV4 ? 32 : 128));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    CLEANUP_FREE char *text = fuzz_string(bytes, length);

    check_endpoint(text);
    check_network(text);
    return 0;
}
