/* SPDX-License-Identifier: MIT */
/* One datagram of an answer to a sock_diag dump. */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "sock_diag.h"

#define SEQUENCE      0x5359 /* of the recorded answers */
#define BYTES_LEAST   88     /* a netlink header and struct inet_diag_msg */
#define ERRNO_LARGEST 4095

static void check_endpoint(const struct endpoint *endpoint) {
    char text[ENDPOINT_TEXT_SIZE];
    struct endpoint again;

    MUST(endpoint->family == ENDPOINT_IPV4 || endpoint->family == ENDPOINT_IPV6);
    endpoint_format(endpoint, text);
    MUST(endpoint_parse(text, &again) == 0 && endpoint_equal(endpoint, &again));
}

static void check_socket(const struct diag_socket *socket, void *context) {
    size_t *count = context;

    MUST(socket->state >= STATE_ESTABLISHED && socket->state < STATE_COUNT);
    MUST(!socket->request || (socket->state == STATE_SYN_RECV && socket->inode == 0));
    check_endpoint(&socket->local);
    check_endpoint(&socket->remote);
    ++*count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    size_t count = 0;
    char *datagram = malloc(length + (length == 0));

    MUST(datagram);
    memcpy(datagram, bytes, length);
    int result = sock_diag_parse(datagram, length, SEQUENCE, check_socket, &count);
    free(datagram);
    MUST(result <= 1 && result >= -ERRNO_LARGEST);
    MUST(result < 1 || length >= NLMSG_HDRLEN);
    MUST(count * BYTES_LEAST <= length);
    return 0;
}
