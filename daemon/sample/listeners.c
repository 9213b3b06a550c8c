/* SPDX-License-Identifier: MIT */
/* The listener table: filled by a LISTEN-only dump, one entry per address and port. */
#include <errno.h>
#include <string.h>

#include "state_walk.h"

int state_walk_add_listener(struct state_walk *walk, const struct diag_socket *socket) {
    if (walk->listener_count >= LISTENERS_MAX)
        return -ENOSPC;
    walk->listener[walk->listener_count++] = (struct listener){
        .local = socket->local,
        .members = 1,
        .accept_queue = socket->receive_queue,
        .backlog = socket->send_queue,
        .uid = socket->uid,
        .cgroup = socket->cgroup,
        .inode = socket->inode,
    };
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

/* Both tables are sorted. */
static void carry_over_half_open(struct state_walk *walk, const struct listener *previous, size_t count) {
    size_t j = 0;

    for (size_t i = 0; i < walk->listener_count; i++) {
        struct listener *listener = &walk->listener[i];
        int order = 1;
        while (j < count && (order = endpoint_compare(&previous[j].local, &listener->local)) < 0)
            j++;
        bool known = j < count && order == 0;
        listener->half_open = known ? previous[j].half_open : 0;
        listener->half_open_fresh = known ? previous[j].half_open_fresh : 0;
        listener->half_open_old = known ? previous[j].half_open_old : 0;
        listener->half_open_patient = known ? previous[j].half_open_patient : 0;
        listener->half_open_repeated = known ? previous[j].half_open_repeated : 0;
        listener->half_open_deferred = known ? previous[j].half_open_deferred : 0;
        listener->nearly_full_looks = known ? previous[j].nearly_full_looks : 0;
        listener->sources = known ? previous[j].sources : (struct half_open_sources){0};
        listener->silent_usec = known ? previous[j].silent_usec : 0;
    }
}

void state_walk_sort_listeners(struct state_walk *walk, const struct listener *previous,
                               size_t previous_count) {
    heap_sort(walk->listener, walk->listener_count);
    merge_groups(walk);
    carry_over_half_open(walk, previous, previous_count);
}
