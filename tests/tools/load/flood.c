/* SPDX-License-Identifier: MIT */
#include "flood.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <time.h>

#include "address.h"
#include "util.h"
#include "wire.h"

enum { BATCH_MAX = 64, FIRST_PORT = 1024, PORTS = 64000 };

/* Each SYN is of another address and port until all pairs are used up. */
static struct segment nth_syn(const struct flood *flood, uint64_t n) {
    struct segment segment = {.from = flood->source_base,
                              .to = flood->destination,
                              .sequence = (uint32_t)(n * 2654435761U), /* any spread will do */
                              .flags = TH_SYN};

    if (flood->subnets)
        address_add_subnets(&segment.from, (uint32_t)(n % flood->sources));
    else
        address_add(&segment.from, (uint32_t)(n % flood->sources));
    address_set_port(&segment.from, (uint16_t)(FIRST_PORT + n / flood->sources % PORTS));
    return segment;
}

/* Sends SYNs number first to first + size - 1. */
static int send_batch(int fd, const struct flood *flood, uint64_t first, unsigned int size) {
    unsigned char packet[BATCH_MAX][WIRE_PACKET_BYTES] = {0};
    struct iovec vector[BATCH_MAX];
    struct mmsghdr message[BATCH_MAX] = {0};
    struct sockaddr_storage target = wire_target(&flood->destination);

    for (unsigned int i = 0; i < size; i++) {
        struct segment segment = nth_syn(flood, first + i);
        vector[i] = (struct iovec){packet[i], wire_build(&segment, packet[i])};
        message[i].msg_hdr = (struct msghdr){.msg_name = &target,
                                             .msg_namelen = address_length(&target),
                                             .msg_iov = &vector[i],
                                             .msg_iovlen = 1};
    }
    for (unsigned int done = 0; done < size;) {
        int now = sendmmsg(fd, message + done, size - done, 0);
        if (now < 0)
            return -errno;
        done += (unsigned int)now;
    }
    return 0;
}

/* Sleeps until SYN number @p n is due. Late means no sleep, so that the rate holds on average. */
static void wait_until_due(const struct flood *flood, uint64_t start_usec, uint64_t n) {
    if (flood->rate == 0)
        return;
    uint64_t due_usec = start_usec + n * USEC_PER_SEC / flood->rate;
    struct timespec due = {.tv_sec = (time_t)(due_usec / USEC_PER_SEC),
                           .tv_nsec = (long)(due_usec % USEC_PER_SEC * 1000)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
        ;
}

/* About two milliseconds' worth, so that the stream is even. */
static unsigned int batch_size(uint64_t rate) {
    uint64_t size = rate / 500;

    if (rate == 0 || size > BATCH_MAX)
        return BATCH_MAX;
    return size > 0 ? (unsigned int)size : 1;
}

int flood_send(const struct flood *flood, uint64_t *sent) {
    CLEANUP_FD int fd = wire_open(flood->destination.ss_family);
    unsigned int batch = batch_size(flood->rate);
    uint64_t start_usec = now_monotonic_usec();

    *sent = 0;
    if (fd < 0)
        return fd;
    while (*sent < flood->count) {
        uint64_t left = flood->count - *sent;
        unsigned int size = left < batch ? (unsigned int)left : batch;
        wait_until_due(flood, start_usec, *sent);
        int error = send_batch(fd, flood, *sent, size);
        if (error < 0)
            return error;
        if (*sent == 0 && flood->started)
            flood->started();
        *sent += size;
    }
    return 0;
}
