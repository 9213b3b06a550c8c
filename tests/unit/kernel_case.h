/* SPDX-License-Identifier: MIT */
/* The sysctls as each kernel presents them, and advice as text. */
#ifndef SYNWAITD_TEST_KERNEL_CASE_H
#define SYNWAITD_TEST_KERNEL_CASE_H

#include "case.h"

#include "advice.h"
#include "util.h"

/** The kernels of the matrix: each differs from the one before in what advice looks at. */
enum release { K3_10, K4_4, K4_9, K4_12, K4_19, K5_4, K5_15, K6_1, K6_18, RELEASES };

static const struct kernel_version releases[RELEASES] = {
    [K3_10] = {3, 10}, [K4_4] = {4, 4},   [K4_9] = {4, 9}, [K4_12] = {4, 12}, [K4_19] = {4, 19},
    [K5_4] = {5, 4},   [K5_15] = {5, 15}, [K6_1] = {6, 1}, [K6_18] = {6, 18},
};

/** Where a sysctl can be found: first kernel, last kernel, first one with a file in a child namespace. */
struct presence {
    enum knob knob;
    struct kernel_version since, gone, in_child;
};

#define ALWAYS                                                                                               \
    { 0, 0 }
#define NEVER                                                                                                \
    { 99, 0 }
#define ANY_AGE ALWAYS, NEVER

/* Not listed: always there, also in a child namespace. Sources: KERNEL-FACTS section 3, ip-sysctl.rst. */
static const struct presence presences[] = {
    {KNOB_TCP_SYNCOOKIES, ANY_AGE, {4, 6}},
    {KNOB_TCP_SYNACK_RETRIES, ANY_AGE, {4, 6}},
    {KNOB_TCP_SYN_RETRIES, ANY_AGE, {4, 6}},
    {KNOB_TCP_ORPHAN_RETRIES, ANY_AGE, {4, 6}},
    {KNOB_TCP_RETRIES2, ANY_AGE, {4, 6}},
    {KNOB_TCP_FIN_TIMEOUT, ANY_AGE, {4, 6}},
    {KNOB_TCP_KEEPALIVE_TIME, ANY_AGE, {4, 5}},
    {KNOB_TCP_KEEPALIVE_INTVL, ANY_AGE, {4, 5}},
    {KNOB_TCP_KEEPALIVE_PROBES, ANY_AGE, {4, 5}},
    {KNOB_PORT_RANGE_LOW, ANY_AGE, {3, 13}},
    {KNOB_PORT_RANGE_HIGH, ANY_AGE, {3, 13}},
    {KNOB_PORTS_RESERVED, ANY_AGE, {3, 16}},
    {KNOB_TCP_MAX_SYN_BACKLOG, ANY_AGE, {4, 11}},
    {KNOB_TCP_MAX_TW_BUCKETS, ANY_AGE, {4, 11}},
    {KNOB_TCP_TW_REUSE, ANY_AGE, {4, 10}},
    {KNOB_TCP_TIMESTAMPS, ANY_AGE, {4, 13}},
    {KNOB_TCP_ABORT_ON_OVERFLOW, ANY_AGE, {4, 15}},
    {KNOB_TCP_RFC1337, ANY_AGE, {4, 15}},
    {KNOB_TCP_TW_RECYCLE, ALWAYS, {4, 12}, {4, 11}},
    {KNOB_TCP_TW_REUSE_DELAY, {6, 14}, NEVER, ALWAYS},
    {KNOB_TCP_EHASH_ENTRIES, {6, 1}, NEVER, ALWAYS},
    {KNOB_TCP_MAX_ORPHANS, ANY_AGE, NEVER},
    {KNOB_NETDEV_MAX_BACKLOG, ANY_AGE, NEVER},
};

/** The defaults of old kernels, where they differ, and of what quiet_sample() leaves out. tcp_max_syn_backlog
 *  follows memory: a small one for the old. */
static inline void kernel_defaults(struct sample *sample) {
    static const struct {
        enum knob knob;
        uint64_t value;
        struct kernel_version until; /* this kernel no more */
    } old[] = {
        {KNOB_SOMAXCONN, 128, {5, 4}},
        {KNOB_TCP_MAX_SYN_BACKLOG, 256, {4, 20}},
        {KNOB_TCP_TW_REUSE, 0, {4, 18}},
        {KNOB_PORT_RANGE_HIGH, 61000, {4, 2}},
    };
    static const struct {
        enum knob knob;
        uint64_t value;
    } further[] = {
        {KNOB_TCP_TW_RECYCLE, 0},         {KNOB_TCP_TW_REUSE_DELAY, 1000}, {KNOB_TCP_RFC1337, 0},
        {KNOB_TCP_ORPHAN_RETRIES, 0},     {KNOB_TCP_RETRIES2, 15},         {KNOB_TCP_KEEPALIVE_INTVL, 75},
        {KNOB_TCP_KEEPALIVE_PROBES, 9},   {KNOB_NETDEV_MAX_BACKLOG, 1000}, {KNOB_TCP_MEM_LOW, 1000},
        {KNOB_TCP_EHASH_ENTRIES, 131072},
    };

    for (size_t i = 0; i < ARRAY_SIZE(further); i++)
        sample->knob[further[i].knob] = (struct knob_value){FIGURE_OF(further[i].value), true};
    for (size_t i = 0; i < ARRAY_SIZE(old); i++)
        if (!kernel_at_least(sample->kernel, old[i].until.major, old[i].until.minor))
            sample->knob[old[i].knob].value = FIGURE_OF(old[i].value);
}

static inline bool kernel_reached(struct kernel_version kernel, struct kernel_version mark) {
    return kernel_at_least(kernel, mark.major, mark.minor);
}

/** Takes away what this kernel, or this kernel's child namespaces, do not have. */
static inline void kernel_remove_files(struct sample *sample, bool child) {
    for (size_t i = 0; i < ARRAY_SIZE(presences); i++) {
        const struct presence *presence = &presences[i];
        bool there = kernel_reached(sample->kernel, presence->since) &&
                     !kernel_reached(sample->kernel, presence->gone) &&
                     (!child || kernel_reached(sample->kernel, presence->in_child));
        if (!there)
            sample->knob[presence->knob] = (struct knob_value){FIGURE_MISSING, false};
    }
    if (child)
        sample->knob[KNOB_CONNTRACK_MAX].writable = false;
}

/** A quiet host of that kernel with its default sysctls, or a child namespace on it. */
static inline struct sample kernel_sample(enum release release, bool child) {
    struct sample sample = quiet_sample();

    sample.kernel = releases[release];
    kernel_defaults(&sample);
    kernel_remove_files(&sample, child);
    return sample;
}

/** Writes "key=value key=low-high". */
static inline void advice_text(const struct advice *advice, size_t count, char *buffer, size_t size) {
    struct text text = text_in(buffer, size);

    buffer[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        text_add(&text, "%s%s=%llu", i ? " " : "", knob_name(advice[i].row->knob),
                 (unsigned long long)advice[i].recommended);
        if (advice[i].row->knob == KNOB_PORT_RANGE_LOW)
            text_add(&text, "-%llu", (unsigned long long)advice[i].recommended_high);
    }
}

#endif
