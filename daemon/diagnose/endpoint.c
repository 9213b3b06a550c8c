/* SPDX-License-Identifier: MIT */
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "util.h"

void endpoint_set(struct endpoint *endpoint, int family, const void *address, uint16_t port) {
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    const uint8_t *bytes = address;

    *endpoint = (struct endpoint){.port = port};
    if (family == AF_INET6 && memcmp(bytes, mapped, sizeof mapped) != 0) {
        endpoint->family = ENDPOINT_IPV6;
        memcpy(endpoint->address, bytes, 16);
        return;
    }
    endpoint->family = ENDPOINT_IPV4;
    memcpy(endpoint->address, family == AF_INET6 ? bytes + sizeof mapped : bytes, 4);
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b) {
    return endpoint_compare(a, b) == 0;
}

int endpoint_compare(const struct endpoint *a, const struct endpoint *b) {
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    int address = memcmp(a->address, b->address, sizeof a->address);
    if (address != 0)
        return address < 0 ? -1 : 1;
    if (a->ifindex != b->ifindex)
        return a->ifindex < b->ifindex ? -1 : 1;
    return 0;
}

bool endpoint_is_wildcard(const struct endpoint *endpoint) {
    static const uint8_t any[16];

    return endpoint->family != ENDPOINT_NONE && memcmp(endpoint->address, any, sizeof any) == 0;
}

bool endpoint_is_loopback(const struct endpoint *endpoint) {
    static const uint8_t loopback6[16] = {[15] = 1};

    if (endpoint->family == ENDPOINT_IPV4)
        return endpoint->address[0] == 127;
    return endpoint->family == ENDPOINT_IPV6 && memcmp(endpoint->address, loopback6, sizeof loopback6) == 0;
}

void endpoint_format(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE]) {
    struct text out = text_in(text, ENDPOINT_TEXT_SIZE);
    char address[INET6_ADDRSTRLEN] = "";

    if (endpoint->family == ENDPOINT_NONE)
        return;
    bool ipv6 = endpoint->family == ENDPOINT_IPV6;
    bool brackets = ipv6 && endpoint->port != 0;
    inet_ntop(ipv6 ? AF_INET6 : AF_INET, endpoint->address, address, sizeof address);
    text_add(&out, "%s%s", brackets ? "[" : "", address);
    if (endpoint->ifindex != 0)
        text_add(&out, "%%%u", endpoint->ifindex);
    if (brackets)
        text_add(&out, "]");
    if (endpoint->port != 0)
        text_add(&out, ":%u", endpoint->port);
}

/* Reads "ADDRESS" or "ADDRESS%IFINDEX". */
static int parse_host(const char *text, size_t length, int family, struct endpoint *endpoint) {
    const char *percent = memchr(text, '%', length);
    size_t address_length = percent ? (size_t)(percent - text) : length;
    char copy[INET6_ADDRSTRLEN];
    uint8_t address[16];
    uint64_t ifindex = 0;

    if (address_length >= sizeof copy)
        return -EINVAL;
    memcpy(copy, text, address_length);
    copy[address_length] = '\0';
    if (inet_pton(family, copy, address) != 1)
        return -EINVAL;
    if (percent && (decimal_parse(percent + 1, length - address_length - 1, &ifindex) < 0 || ifindex == 0 ||
                    ifindex > UINT32_MAX))
        return -EINVAL;
    endpoint_set(endpoint, family, address, 0);
    endpoint->ifindex = (uint32_t)ifindex;
    return 0;
}

/* Reads ":PORT", or nothing. */
static int parse_port(const char *text, struct endpoint *endpoint) {
    uint64_t port;

    if (*text == '\0')
        return 0;
    if (*text != ':' || decimal_parse(text + 1, strlen(text + 1), &port) < 0 || port == 0 ||
        port > UINT16_MAX)
        return -EINVAL;
    endpoint->port = (uint16_t)port;
    return 0;
}

int endpoint_parse(const char *text, struct endpoint *endpoint) {
    struct endpoint parsed = {0};
    const char *colon = strchr(text, ':');
    const char *host = text;
    size_t length;
    const char *rest;

    if (*text == '\0') {
        *endpoint = parsed;
        return 0;
    }
    bool ipv6 = *text == '[' || (colon && strchr(colon + 1, ':'));
    if (*text == '[') {
        const char *close = strchr(text, ']');
        if (!close)
            return -EINVAL;
        host = text + 1;
        length = (size_t)(close - host);
        rest = close + 1;
    } else {
        length = colon && !ipv6 ? (size_t)(colon - text) : strlen(text);
        rest = text + length;
    }
    if (parse_host(host, length, ipv6 ? AF_INET6 : AF_INET, &parsed) < 0 || parse_port(rest, &parsed) < 0)
        return -EINVAL;
    *endpoint = parsed;
    return 0;
}
