/* SPDX-License-Identifier: MIT */
/* Whole dumps: how many sockets to ask for in a byte, then datagrams, each behind its length in 32 bits. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "sock_diag.h"

static uint32_t told, restarts;

static void count_socket(const struct diag_socket *socket, void *context) {
    MUST(socket && !context);
    told++;
}

static void restart(void *context) {
    MUST(!context && ++restarts <= 2);
    told = 0;
}

static int dump(struct sock_diag *diag, uint32_t most) {
    const struct diag_request request = {.state_mask = UINT32_MAX, .most = most};

    told = restarts = 0;
    int result = sock_diag_dump(diag, &request, count_socket, restart, NULL);
    MUST(result <= 1 && result >= -4095 && result != -EINTR && (most == 0 ? result < 1 : told <= most));
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    uint32_t size, most = length > 0 ? bytes[0] : 0;
    int ends[2];

    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    struct sock_diag *diag = sock_diag_attach(ends[1]);
    for (size_t at = 1; at + sizeof size <= length; at += size) {
        memcpy(&size, bytes + at, sizeof size);
        at += sizeof size;
        size = size < length - at ? size : (uint32_t)(length - at);
        send(ends[0], bytes + at, size, MSG_DONTWAIT);
    }
    shutdown(ends[0], SHUT_WR);     /* nothing more will come: no waiting */
    if (dump(diag, most) != -EBUSY) /* then it would go on with the kernel itself */
        dump(diag, most);
    sock_diag_close(diag);
    return close(ends[0]);
}
