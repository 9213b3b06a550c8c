/* SPDX-License-Identifier: MIT */
/* An address and a port, IPv4 and IPv6 alike. */
#ifndef SYNWAITD_ENDPOINT_H
#define SYNWAITD_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDPOINT_TEXT_SIZE 64 /* "[ffff:...%4294967295]:65535" and the NUL */

enum endpoint_family { ENDPOINT_NONE = 0, ENDPOINT_IPV4 = 4, ENDPOINT_IPV6 = 6 };

/** An IPv4-mapped IPv6 address is IPv4 here. Unused address bytes are 0, so memcmp compares. */
struct endpoint {
    uint8_t address[16]; /* network order; IPv4 in the first 4 bytes */
    uint32_t ifindex;    /* bound device, 0 = any */
    uint16_t port;       /* host order; 0 = none */
    uint8_t family;      /* enum endpoint_family */
    uint8_t reserved;
};

/**
 * Fills @p endpoint from a kernel answer.
 * @param family AF_INET or AF_INET6; ::ffff:a.b.c.d becomes IPv4
 * @param address 4 or 16 bytes, network order; @param port host order
 */
void endpoint_set(struct endpoint *endpoint, int family, const void *address, uint16_t port);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/** Orders by port, family, address, device: the order of sorted tables. @return below, at or above 0. */
int endpoint_compare(const struct endpoint *a, const struct endpoint *b);

bool endpoint_is_wildcard(const struct endpoint *endpoint);
bool endpoint_is_loopback(const struct endpoint *endpoint);

/**
 * Writes "192.0.2.1:80" or "[2001:db8::1]:80"; the bare address when port is 0; "" for ENDPOINT_NONE. A bound
 * device follows the address: "192.0.2.1%3:80".
 */
void endpoint_format(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE]);

/** Reads what endpoint_format() wrote. @return 0 or -EINVAL. */
int endpoint_parse(const char *text, struct endpoint *endpoint);

#endif
