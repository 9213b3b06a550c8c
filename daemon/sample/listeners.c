/* SPDX-License-Identifier: MIT */
/* The listener table: filled by the BPF iterator or a LISTEN-only dump, one entry per address and port. */
#include <errno.h>
#include <string.h>

#include "state_walk.h"

int state_walk_add_listener(struct state_walk *walk, const struct listener *listener) {
    if (walk->listener_count >= LISTENERS_MAX)
        return -ENOSPC;
    walk->listener[walk->listener_count++] = *listener;
    return 0;
}

static void sift_down(struct listener *heap, size_t root, size_t count) {
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count && endpoint_compare(&heap[child].local, &heap[child + 1].local) < 0)
            child++;
        if (endpoint_compare(&heap[root].local, &heap[child].local) >= 0)
            return;
        struct listener swap = heap[root];
        heap[root] = heap[child];
        heap[child] = swap;
        root = child;
    }
}

/* In place: glibc's qsort() allocates. */
static void heap_sort(struct listener *listener, size_t count) {
    for (size_t root = count / 2; root-- > 0;)
        sift_down(listener, root, count);
    for (size_t last = count; last-- > 1;) {
        struct listener swap = listener[0];
        listener[0] = listener[last];
        listener[last] = swap;
        sift_down(listener, 0, last);
    }
}

/* Whether a's accept queue is the fuller for its backlog; between equals the older socket stands. */
static bool is_fuller(const struct listener *a, const struct listener *b) {
    uint64_t fill_a = (uint64_t)a->accept_queue * b->backlog;
    uint64_t fill_b = (uint64_t)b->accept_queue * a->backlog;

    if (fill_a != fill_b)
        return fill_a > fill_b;
    if (a->accept_queue != b->accept_queue)
        return a->accept_queue > b->accept_queue;
    return a->inode < b->inode;
}

static void merge_member(struct listener *group, const struct listener *member) {
    group->members += member->members;
    group->half_open += member->half_open;
    group->half_open_fresh += member->half_open_fresh;
    if (!is_fuller(member, group))
        return;
    group->accept_queue = member->accept_queue;
    group->backlog = member->backlog;
    group->uid = member->uid;
    group->cgroup = member->cgroup;
    group->inode = member->inode;
}

static void merge_groups(struct state_walk *walk) {
    size_t kept = 0;

    for (size_t i = 0; i < walk->listener_count; i++) {
        if (kept > 0 && endpoint_equal(&walk->listener[kept - 1].local, &walk->listener[i].local))
            merge_member(&walk->listener[kept - 1], &walk->listener[i]);
        else
            walk->listener[kept++] = walk->listener[i];
    }
    walk->listener_count = kept;
}

static void carry_over(struct listener *listener, const struct listener *previous, bool exact_queues) {
    if (!exact_queues) {
        listener->half_open = previous->half_open;
        listener->half_open_fresh = previous->half_open_fresh;
    }
    listener->half_open_walked = previous->half_open_walked;
    listener->half_open_old = previous->half_open_old;
    listener->half_open_patient = previous->half_open_patient;
    listener->half_open_repeated = previous->half_open_repeated;
    listener->half_open_deferred = previous->half_open_deferred;
    listener->nearly_full_looks = previous->nearly_full_looks;
    listener->sources = previous->sources;
    listener->silent_usec = previous->silent_usec;
}

/* Both tables are sorted. */
static void carry_over_all(struct state_walk *walk, const struct listener *previous, size_t count) {
    static const struct listener unknown;
    size_t j = 0;

    for (size_t i = 0; i < walk->listener_count; i++) {
        struct listener *listener = &walk->listener[i];
        int order = 1;
        while (j < count && (order = endpoint_compare(&previous[j].local, &listener->local)) < 0)
            j++;
        carry_over(listener, j < count && order == 0 ? &previous[j] : &unknown, walk->exact_queues);
    }
}

void state_walk_sort_listeners(struct state_walk *walk, const struct listener *previous,
                               size_t previous_count) {
    heap_sort(walk->listener, walk->listener_count);
    merge_groups(walk);
    carry_over_all(walk, previous, previous_count);
}

void state_walk_settle_queues(struct state_walk *walk) {
    for (size_t i = 0; i < walk->listener_count; i++) {
        struct listener *listener = &walk->listener[i];
        uint64_t fresh = (uint64_t)listener->half_open_fresh + listener->half_open_deferred;
        listener->half_open_fresh = fresh < listener->half_open ? (uint32_t)fresh : listener->half_open;
    }
}

uint64_t state_walk_half_open(const struct state_walk *walk) {
    uint64_t sum = 0;

    for (size_t i = 0; i < walk->listener_count; i++)
        sum += walk->listener[i].half_open;
    return sum;
}
