/* SPDX-License-Identifier: MIT */
#include "half_open_sources.h"

#include <string.h>

/* An IPv6 host may use any address of its /64 (RFC 4291, RFC 8981); of IPv4 the bytes 4 to 7 are 0. */
static uint64_t source_key(const struct endpoint *endpoint) {
    uint64_t key;

    memcpy(&key, endpoint->address, sizeof key);
    return key;
}

/* Murmur3's 64-bit finalizer: neighbours differ in every bit, which linear counting rests on. */
static uint64_t scramble(uint64_t key) {
    key = (key ^ (key >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    key = (key ^ (key >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return key ^ (key >> 33);
}

void half_open_sources_count(struct half_open_sources *sources, const struct endpoint *remote) {
    uint64_t bit = scramble(source_key(remote) ^ remote->family) % SOURCE_BITS;

    sources->seen[bit / 64] |= UINT64_C(1) << (bit % 64);
}
