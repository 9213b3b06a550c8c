/* SPDX-License-Identifier: MIT */
/* What it costs to tell whose sockets in CLOSE-WAIT are. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "config.h"
#include "owners.h"
#include "sampler.h"
#include "series.h"
#include "util.h"

enum { WARM_UP = 3 };

/* Shares of the whole host and the names of their owners, none of which is known yet: one tick's part. */
static int name_owners(const struct share_tables *tables, bool processes, struct finding *finding,
                       struct series *cpu_nsec) {
    uint64_t begin = clock_nsec(CLOCK_THREAD_CPUTIME_ID);
    struct owners *owners = owners_new("/proc", "/sys/fs/cgroup");

    if (!owners)
        return -errno;
    *finding = (struct finding){0};
    shares_find(tables, STATE_CLOSE_WAIT, 0, &finding->shares);
    finding->owner = finding->shares.holder[0];
    if (!processes)
        finding->owner.inode = 0;
    owners_name(owners, USEC_PER_SEC, finding, 1);
    owners_free(owners);
    series_add(cpu_nsec, clock_nsec(CLOCK_THREAD_CPUTIME_ID) - begin);
    return 0;
}

static json_t *named(const struct finding *finding) {
    const struct shares *shares = &finding->shares;
    json_t *array = json_array();

    for (size_t i = 0; i < shares->holder_count; i++)
        json_array_append_new(array, json_pack("{s:s, s:I}", "unit", finding->holder_unit[i], "sockets",
                                               (json_int_t)shares->holder[i].sockets));
    return array;
}

int bench_owners(int argc, char **argv) {
    static struct series walk, units, process;
    static struct finding finding;
    static struct config config;
    unsigned int rounds = bench_number(argc, argv, 1, ROUNDS_MAX);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = NULL;
    int result = sampler ? 0 : -errno;

    config_defaults(&config);
    config.cpu_budget_permyriad = PERMYRIAD;      /* so every tick walks: */
    config.walk_max_age_usec = 1;                 /* each is too old for the next */
    config.rule[CONDITION_PORTS].enabled = false; /* its count is not part of every tick */
    for (int i = 0; i < WARM_UP && result == 0; i++)
        sampler_take(sampler, &config, false);
    for (unsigned int i = 0; i < rounds && result == 0; i++) {
        uint64_t walks = sampler_info(sampler)->walks;
        sample = sampler_take(sampler, &config, false);
        if (sampler_info(sampler)->walks > walks)
            series_add(&walk, sampler_info(sampler)->walk_cpu_usec * 1000);
        result = name_owners(sample->shares, false, &finding, &units);
        if (result == 0)
            result = name_owners(sample->shares, true, &finding, &process);
    }
    if (result < 0 || !sample)
        return result;
    return print_json(json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:I}", "part", "owners", "close_wait",
                                (json_int_t)figure_or(sample->state[STATE_CLOSE_WAIT], 0), "owners",
                                named(&finding), "walk_cpu_nsec", series_json(&walk), "units_cpu_nsec",
                                series_json(&units), "process_cpu_nsec", series_json(&process), "peak_kb",
                                (json_int_t)process_figure(getpid(), "status", "VmHWM")));
}
