/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "address.h"

enum { HOP_LIMIT = 64, WINDOW_BYTES = 64240 };

int wire_open(int family) {
    int on = 1;
    int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

    if (fd < 0)
        return -errno;
    /* IPv4 raw sockets of IPPROTO_RAW imply IP_HDRINCL (raw(7)); IPv6 has its own option since Linux 4.5. */
    if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof on) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* The Internet checksum of RFC 1071, over an even number of bytes, not yet folded. */
static uint32_t sum16(const void *data, size_t bytes, uint32_t sum) {
    const unsigned char *byte = data;

    for (size_t i = 0; i + 1 < bytes; i += 2)
        sum += (uint32_t)(byte[i] << 8 | byte[i + 1]);
    return sum;
}

static uint16_t fold(uint32_t sum) {
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

/* TCP checksums the addresses, the protocol and the length besides the segment (RFC 9293 section 3.1). */
static void build_tcp(const struct segment *segment, const void *addresses, size_t address_bytes,
                      unsigned char *out) {
    struct tcphdr tcp = {
        .source = htons(address_port(&segment->from)),
        .dest = htons(address_port(&segment->to)),
        .seq = htonl(segment->sequence),
        .ack_seq = htonl(segment->acknowledgment),
        .doff = sizeof tcp / 4,
        .window = htons(WINDOW_BYTES),
    };

    tcp.th_flags = segment->flags;
    uint32_t sum = sum16(addresses, address_bytes, IPPROTO_TCP + sizeof tcp);
    tcp.check = htons(fold(sum16(&tcp, sizeof tcp, sum)));
    memcpy(out, &tcp, sizeof tcp);
}

static size_t build_ipv4(const struct segment *segment, unsigned char *packet) {
    const struct sockaddr_in *from = (const struct sockaddr_in *)&segment->from;
    const struct sockaddr_in *to = (const struct sockaddr_in *)&segment->to;
    struct iphdr ip = {
        .version = 4,
        .ihl = sizeof ip / 4,
        .tot_len = htons(sizeof ip + sizeof(struct tcphdr)),
        .ttl = HOP_LIMIT,
        .protocol = IPPROTO_TCP,
        .saddr = from->sin_addr.s_addr,
        .daddr = to->sin_addr.s_addr,
    };

    memcpy(packet, &ip, sizeof ip); /* the kernel fills in the IP checksum: raw(7) */
    build_tcp(segment, packet + offsetof(struct iphdr, saddr), 8, packet + sizeof ip);
    return sizeof ip + sizeof(struct tcphdr);
}

static size_t build_ipv6(const struct segment *segment, unsigned char *packet) {
    const struct sockaddr_in6 *from = (const struct sockaddr_in6 *)&segment->from;
    const struct sockaddr_in6 *to = (const struct sockaddr_in6 *)&segment->to;
    struct ip6_hdr ip = {.ip6_src = from->sin6_addr, .ip6_dst = to->sin6_addr};

    ip.ip6_flow = htonl(6U << 28);
    ip.ip6_plen = htons(sizeof(struct tcphdr));
    ip.ip6_nxt = IPPROTO_TCP;
    ip.ip6_hlim = HOP_LIMIT;
    memcpy(packet, &ip, sizeof ip);
    build_tcp(segment, packet + offsetof(struct ip6_hdr, ip6_src), 32, packet + sizeof ip);
    return sizeof ip + sizeof(struct tcphdr);
}

size_t wire_build(const struct segment *segment, unsigned char packet[WIRE_PACKET_BYTES]) {
    return segment->from.ss_family == AF_INET ? build_ipv4(segment, packet) : build_ipv6(segment, packet);
}

struct sockaddr_storage wire_target(const struct sockaddr_storage *to) {
    struct sockaddr_storage target = *to;

    address_set_port(&target, 0); /* for an IPv6 raw socket a port would be a protocol: raw(7), ipv6(7) */
    return target;
}

int wire_send(int fd, const struct segment *segment) {
    unsigned char packet[WIRE_PACKET_BYTES];
    size_t length = wire_build(segment, packet);
    struct sockaddr_storage target = wire_target(&segment->to);

    if (sendto(fd, packet, length, 0, (const struct sockaddr *)&target, address_length(&target)) < 0)
        return -errno;
    return 0;
}
