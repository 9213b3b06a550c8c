/* SPDX-License-Identifier: MIT */
/*
 * Slots are found through a chained index. Once all are taken, a new key takes over one with the least count,
 * together with that count. Counts only rise, so one look around the slots finds all that have a given count,
 * and the least count, which decides how many times to look around, is at most stream / slots: it costs no
 * more than one slot looked at for each key counted.
 */
#include "heavy_hitters.h"

#include <string.h>

void heavy_hitters_init(struct heavy_hitters *sketch, struct heavy_slot *memory, size_t slots,
                        uint64_t seed) {
    *sketch = (struct heavy_hitters){.slot = memory, .slots = slots, .seed = seed};
}

/* The multiplier is Murmur3's; the shift brings the high bits, the best mixed ones, back to the low ones. */
static size_t bucket_of(const struct heavy_hitters *sketch, const struct heavy_key *key) {
    uint64_t hash = sketch->seed;

    for (size_t i = 0; i < HEAVY_KEY_WORDS; i++) {
        hash = (hash ^ key->word[i]) * UINT64_C(0xFF51AFD7ED558CCD);
        hash ^= hash >> 32;
    }
    return (size_t)(((hash & UINT32_MAX) * sketch->slots) >> 32);
}

void heavy_hitters_reset(struct heavy_hitters *sketch) {
    for (size_t i = 0; i < sketch->used; i++)
        sketch->slot[bucket_of(sketch, &sketch->slot[i].key)].first = 0;
    sketch->used = sketch->cursor = 0;
    sketch->least = 0;
}

/* Before the cursor no slot has the least count any more. */
static size_t find_least(struct heavy_hitters *sketch) {
    while (sketch->slot[sketch->cursor].count != sketch->least)
        if (++sketch->cursor == sketch->slots) {
            sketch->cursor = 0;
            sketch->least++;
        }
    return sketch->cursor;
}

static void unlink_slot(struct heavy_hitters *sketch, size_t number) {
    uint16_t *link = &sketch->slot[bucket_of(sketch, &sketch->slot[number].key)].first;

    while (*link != number + 1)
        link = &sketch->slot[*link - 1].next;
    *link = sketch->slot[number].next;
}

/* A free slot, or the one with the least count: the newcomer inherits that as its possible error. */
static size_t take_slot(struct heavy_hitters *sketch, const struct heavy_key *key, size_t bucket) {
    bool full = sketch->used == sketch->slots;
    size_t number = full ? find_least(sketch) : sketch->used++;
    struct heavy_slot *taken = &sketch->slot[number];

    if (full)
        unlink_slot(sketch, number);
    taken->key = *key;
    taken->error = full ? taken->count : 0;
    taken->count = taken->error;
    taken->next = sketch->slot[bucket].first;
    sketch->slot[bucket].first = (uint16_t)(number + 1);
    return number;
}

size_t heavy_hitters_count(struct heavy_hitters *sketch, const struct heavy_key *key) {
    size_t bucket = bucket_of(sketch, key);
    uint16_t link = sketch->slot[bucket].first;

    while (link != 0 && memcmp(&sketch->slot[link - 1].key, key, sizeof *key) != 0)
        link = sketch->slot[link - 1].next;
    size_t number = link != 0 ? link - 1U : take_slot(sketch, key, bucket);
    sketch->slot[number].count++;
    return number;
}

bool heavy_hitters_is_new(const struct heavy_hitters *sketch, size_t slot) {
    return sketch->slot[slot].count - sketch->slot[slot].error == 1;
}
