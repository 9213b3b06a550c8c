/* SPDX-License-Identifier: MIT */
/*
 * The most frequent keys of a stream in fixed memory: exact while every key has a slot, beyond that the
 * Space-Saving sketch (Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in
 * Data Streams", ICDT 2005). A count is never too low, and too high by at most the slot's error, which is at
 * most stream / slots; a key that is more frequent than that has a slot.
 */
#ifndef SYNWAITD_HEAVY_HITTERS_H
#define SYNWAITD_HEAVY_HITTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAVY_KEY_WORDS 5

/** What the caller makes of it; unused words are 0. */
struct heavy_key {
    uint64_t word[HEAVY_KEY_WORDS];
};

/** One counted key. The links are the sketch's own. */
struct heavy_slot {
    struct heavy_key key;
    uint32_t count;
    uint32_t error;       /* the true count is at most this much lower */
    uint16_t first, next; /* chains of keys with the same hash: a slot's number + 1, 0 = end */
};

#define HEAVY_SLOTS_MAX 65534

/** A sketch over the caller's memory. */
struct heavy_hitters {
    struct heavy_slot *slot;
    size_t slots, used;
    size_t cursor;  /* where to look for the next slot to take over */
    uint32_t least; /* no count is lower once all slots are taken */
    uint64_t seed;
};

/**
 * @param memory @p slots of them, at most HEAVY_SLOTS_MAX, all zero; it has to outlive the sketch
 * @param seed of the hash: secret, so that no peer can choose addresses which share a chain
 */
void heavy_hitters_init(struct heavy_hitters *sketch, struct heavy_slot *memory, size_t slots, uint64_t seed);

/** Forgets every key, at the cost of those that were used. */
void heavy_hitters_reset(struct heavy_hitters *sketch);

/**
 * Counts @p key once.
 * @return its slot's number, which stays the key's until heavy_hitters_is_new() says that another took over
 */
size_t heavy_hitters_count(struct heavy_hitters *sketch, const struct heavy_key *key);

/** @return whether the last count of @p slot gave it to its key: what the caller keeps for it begins anew. */
bool heavy_hitters_is_new(const struct heavy_hitters *sketch, size_t slot);

#endif
