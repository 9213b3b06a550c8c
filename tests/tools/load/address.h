/* SPDX-License-Identifier: MIT */
/* Numeric IPv4 and IPv6 socket addresses. */
#ifndef LOAD_ADDRESS_H
#define LOAD_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

/** Reads a numeric address. @return 0 or -EINVAL. */
int address_parse(const char *text, uint16_t port, struct sockaddr_storage *address);

socklen_t address_length(const struct sockaddr_storage *address);

void address_set_port(struct sockaddr_storage *address, uint16_t port);
uint16_t address_port(const struct sockaddr_storage *address);

/** Adds @p offset to the last 32 bits of the address. */
void address_add(struct sockaddr_storage *address, uint32_t offset);

/** Counts the address up by @p offset; an IPv6 one by whole /64s. */
void address_add_subnets(struct sockaddr_storage *address, uint32_t offset);

/** @return the IPv4-mapped IPv6 form of an IPv4 address. */
struct sockaddr_storage address_mapped(const struct sockaddr_storage *ipv4);

#endif
