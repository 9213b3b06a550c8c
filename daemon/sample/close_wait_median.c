/* SPDX-License-Identifier: MIT */
#include "close_wait_median.h"

/* Murmur3's 64-bit finalizer: the kernel counts cookies up, and their order must not decide. */
static uint64_t scramble(uint64_t key) {
    key = (key ^ (key >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    key = (key ^ (key >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return key ^ (key >> 33);
}

void close_wait_median_begin(struct close_wait_median *median) {
    median->present.count = 0;
}

static void swap(struct close_wait_member *a, struct close_wait_member *b) {
    struct close_wait_member moved = *a;

    *a = *b;
    *b = moved;
}

static void sift_down(struct close_wait_member *heap, size_t root, size_t count) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && heap[child + 1].hash > heap[child].hash)
            child++;
        if (heap[root].hash >= heap[child].hash)
            return;
        swap(&heap[root], &heap[child]);
    }
}

static void sift_up(struct close_wait_member *heap, size_t place) {
    for (size_t parent; place > 0 && heap[parent = (place - 1) / 2].hash < heap[place].hash; place = parent)
        swap(&heap[parent], &heap[place]);
}

void close_wait_median_count(struct close_wait_median *median, uint64_t cookie, uint64_t since_usec) {
    struct close_wait_sample *present = &median->present;
    struct close_wait_member member = {.hash = scramble(cookie), .first_seen_usec = since_usec};

    if (present->count < CLOSE_WAIT_SAMPLE) {
        present->member[present->count] = member;
        sift_up(present->member, present->count++);
    } else if (member.hash < present->member[0].hash) {
        present->member[0] = member;
        sift_down(present->member, 0, present->count);
    }
}

/* In place: glibc's qsort() allocates. */
static void sort(struct close_wait_sample *heap) {
    for (size_t last = heap->count; last-- > 1;) {
        swap(&heap->member[0], &heap->member[last]);
        sift_down(heap->member, 0, last);
    }
}

/* Both ascend. */
static void carry_over(struct close_wait_sample *present, const struct close_wait_sample *last) {
    size_t j = 0;

    for (size_t i = 0; i < present->count; i++) {
        struct close_wait_member *member = &present->member[i];
        while (j < last->count && last->member[j].hash < member->hash)
            j++;
        if (j < last->count && last->member[j].hash == member->hash)
            member->first_seen_usec = last->member[j].first_seen_usec;
    }
}

/* The latest sighting that half of them do not come after. */
static uint64_t middle(const struct close_wait_sample *sample) {
    uint64_t seen[CLOSE_WAIT_SAMPLE] = {0};

    for (size_t i = 0; i < sample->count; i++) {
        size_t at = i;
        for (; at > 0 && seen[at - 1] > sample->member[i].first_seen_usec; at--)
            seen[at] = seen[at - 1];
        seen[at] = sample->member[i].first_seen_usec;
    }
    return seen[(sample->count - 1) / 2];
}

uint64_t close_wait_median_end(struct close_wait_median *median, uint64_t now_usec) {
    sort(&median->present);
    carry_over(&median->present, &median->last);
    median->last = median->present;
    return median->last.count > 0 ? now_usec - middle(&median->last) : 0;
}
