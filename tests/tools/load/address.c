/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* sockaddr_storage is meant to be seen as the family's own type. */
static struct sockaddr_in *v4(struct sockaddr_storage *address) {
    return (struct sockaddr_in *)address;
}

static struct sockaddr_in6 *v6(struct sockaddr_storage *address) {
    return (struct sockaddr_in6 *)address;
}

int address_parse(const char *text, uint16_t port, struct sockaddr_storage *address) {
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &v4(address)->sin_addr) == 1)
        address->ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6(address)->sin6_addr) == 1)
        address->ss_family = AF_INET6;
    else
        return -EINVAL;
    address_set_port(address, port);
    return 0;
}

socklen_t address_length(const struct sockaddr_storage *address) {
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

void address_set_port(struct sockaddr_storage *address, uint16_t port) {
    if (address->ss_family == AF_INET)
        v4(address)->sin_port = htons(port);
    else
        v6(address)->sin6_port = htons(port);
}

uint16_t address_port(const struct sockaddr_storage *address) {
    struct sockaddr_storage copy = *address;

    return ntohs(copy.ss_family == AF_INET ? v4(&copy)->sin_port : v6(&copy)->sin6_port);
}

void address_add(struct sockaddr_storage *address, uint32_t offset) {
    if (address->ss_family == AF_INET) {
        struct in_addr *ipv4 = &v4(address)->sin_addr;
        ipv4->s_addr = htonl(ntohl(ipv4->s_addr) + offset);
    } else {
        struct in6_addr *ipv6 = &v6(address)->sin6_addr;
        ipv6->s6_addr32[3] = htonl(ntohl(ipv6->s6_addr32[3]) + offset);
    }
}

void address_add_subnets(struct sockaddr_storage *address, uint32_t offset) {
    if (address->ss_family == AF_INET) {
        address_add(address, offset);
    } else {
        struct in6_addr *ipv6 = &v6(address)->sin6_addr;
        ipv6->s6_addr32[1] = htonl(ntohl(ipv6->s6_addr32[1]) + offset);
    }
}

struct sockaddr_storage address_mapped(const struct sockaddr_storage *ipv4) {
    struct sockaddr_storage from = *ipv4;
    struct sockaddr_storage mapped = {.ss_family = AF_INET6};

    v6(&mapped)->sin6_port = v4(&from)->sin_port;
    v6(&mapped)->sin6_addr.s6_addr32[2] = htonl(0xFFFF);
    v6(&mapped)->sin6_addr.s6_addr32[3] = v4(&from)->sin_addr.s_addr;
    return mapped;
}
