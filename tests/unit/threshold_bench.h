/* SPDX-License-Identifier: MIT */
/* The threshold stage with its memory, driven by samples: time is an argument. */
#ifndef SYNWAITD_THRESHOLD_BENCH_H
#define SYNWAITD_THRESHOLD_BENCH_H

#include "case.h"
#include "config.h"
#include "threshold.h"
#include "util.h"

#define SECOND USEC_PER_SEC

struct bench {
    struct config config;
    struct sample sample;
    struct threshold_tracker tracker;
    struct breach breach[BREACHES_MAX];
    size_t count;
};

static inline struct bench fresh(void) {
    struct bench bench = {.sample = quiet_sample()};

    config_defaults(&bench.config);
    return bench;
}

/* Judges the sample `after_usec` later. */
static inline void step(struct bench *bench, uint64_t after_usec) {
    bench->sample.taken_usec += after_usec;
    bench->sample.span_usec = after_usec;
    bench->sample.walked_usec = bench->sample.half_open_usec = bench->sample.destinations_usec =
        bench->sample.taken_usec;
    bench->count = threshold_evaluate(&bench->config, &bench->sample, &bench->tracker, bench->breach);
}

static inline enum severity severity_of(const struct bench *bench, enum condition condition) {
    for (size_t i = 0; i < bench->count; i++)
        if (bench->breach[i].condition == condition)
            return bench->breach[i].severity;
    return SEVERITY_NONE;
}

#endif
