/* SPDX-License-Identifier: MIT */
/*
 * Slots are found through a chained index. Once all are taken they are also kept as a heap with the least
 * count at the root, which the next new key takes over together with its count.
 */
#include "heavy_hitters.h"

#include <string.h>

void heavy_hitters_init(struct heavy_hitters *sketch, struct heavy_slot *memory, size_t slots,
                        uint64_t seed) {
    *sketch = (struct heavy_hitters){.slot = memory, .slots = slots, .seed = seed};
}

/* The multiplier is Murmur3's; the shift brings its high bits, which hold most of it, back to the low ones.
 */
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
    sketch->used = 0;
}

static void swap_places(struct heavy_slot *slot, size_t a, size_t b) {
    uint16_t moved = slot[a].heap;

    slot[a].heap = slot[b].heap;
    slot[b].heap = moved;
    slot[slot[a].heap].place = (uint16_t)a;
    slot[slot[b].heap].place = (uint16_t)b;
}

static uint32_t count_at(const struct heavy_slot *slot, size_t place) {
    return slot[slot[place].heap].count;
}

static void sift_down(struct heavy_hitters *sketch, size_t root) {
    struct heavy_slot *slot = sketch->slot;

    for (size_t child; (child = 2 * root + 1) < sketch->slots; root = child) {
        if (child + 1 < sketch->slots && count_at(slot, child + 1) < count_at(slot, child))
            child++;
        if (count_at(slot, root) <= count_at(slot, child))
            return;
        swap_places(slot, root, child);
    }
}

static void build_heap(struct heavy_hitters *sketch) {
    for (size_t i = 0; i < sketch->slots; i++)
        sketch->slot[i].heap = sketch->slot[i].place = (uint16_t)i;
    for (size_t root = sketch->slots / 2; root-- > 0;)
        sift_down(sketch, root);
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
    size_t number = full ? sketch->slot[0].heap : sketch->used;
    struct heavy_slot *taken = &sketch->slot[number];

    if (full)
        unlink_slot(sketch, number);
    taken->key = *key;
    taken->error = full ? taken->count : 0;
    taken->count = taken->error;
    taken->next = sketch->slot[bucket].first;
    sketch->slot[bucket].first = (uint16_t)(number + 1);
    if (!full && ++sketch->used == sketch->slots)
        build_heap(sketch);
    return number;
}

size_t heavy_hitters_count(struct heavy_hitters *sketch, const struct heavy_key *key) {
    size_t bucket = bucket_of(sketch, key);
    uint16_t link = sketch->slot[bucket].first;

    while (link != 0 && memcmp(&sketch->slot[link - 1].key, key, sizeof *key) != 0)
        link = sketch->slot[link - 1].next;
    size_t number = link != 0 ? link - 1U : take_slot(sketch, key, bucket);
    sketch->slot[number].count++;
    if (sketch->used == sketch->slots)
        sift_down(sketch, sketch->slot[number].place);
    return number;
}

bool heavy_hitters_is_new(const struct heavy_hitters *sketch, size_t slot) {
    return sketch->slot[slot].count - sketch->slot[slot].error == 1;
}
