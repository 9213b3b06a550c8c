/* SPDX-License-Identifier: MIT */
/*
 * The median age of CLOSE-WAIT sockets in fixed memory: of those with the smallest hashes of their cookies
 * (bottom-k sampling: Cohen and Kaplan, "Summarizing Data using Bottom-k Sketches", PODC 2007), which are a
 * fair part of all and mostly the same ones in the next walk.
 */
#ifndef SYNWAITD_CLOSE_WAIT_MEDIAN_H
#define SYNWAITD_CLOSE_WAIT_MEDIAN_H

#include <stddef.h>
#include <stdint.h>

#define CLOSE_WAIT_SAMPLE 255

/** Some of the CLOSE-WAIT sockets, and since when they are known. */
struct close_wait_sample {
    struct close_wait_member {
        uint64_t hash; /* of the cookie, one to one */
        uint64_t first_seen_usec;
    } member[CLOSE_WAIT_SAMPLE];
    size_t count;
};

struct close_wait_median {
    struct close_wait_sample last;    /* of the last complete walk, ascending by hash */
    struct close_wait_sample present; /* of the walk under way: a heap with the greatest hash at the root */
};

/** Begins a walk, also one that begins anew. */
void close_wait_median_begin(struct close_wait_median *median);

/** Considers the CLOSE-WAIT socket with @p cookie, which is known to be one since @p since_usec. */
void close_wait_median_count(struct close_wait_median *median, uint64_t cookie, uint64_t since_usec);

/**
 * Ends a complete walk that was at @p now_usec.
 * @return the age that half of the sockets have reached, in microseconds: a lower bound, as a socket is as
 * old as its first sighting; 0 if there are none, or half of them are new
 */
uint64_t close_wait_median_end(struct close_wait_median *median, uint64_t now_usec);

#endif
