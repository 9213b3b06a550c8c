/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "counter_history.h"
#include "counters.h"
#include "decimal.h"
#include "destination_watch.h"
#include "knobs.h"
#include "proc_files.h"
#include "socket_sampler.h"
#include "source_status.h"
#include "survey.h"
#include "util.h"
#include "walk_budget.h"

#define FILE_SIZE      16384
#define KNOBS_AGE_USEC (10 * USEC_PER_SEC)

struct sampler {
    struct proc_files files;
    struct socket_sampler *sockets;
    struct counter_history history;
    struct walk_budget budget;       /* of walks */
    struct walk_budget extra_budget; /* of what is counted only while it may matter: ports, surveys */
    struct destination_watch watch;
    struct survey_watch time_wait_watch, established_watch;
    bool walk_known;                /* the last walk was good */
    struct figure half_open;        /* of all listeners; unknown where only a walk counts them */
    struct figure walked_half_open; /* the same at the last walk */
    struct knob_files knob_files;
    bool knobs_read;
    uint64_t knobs_usec;
    uint32_t good_ticks[SOURCE_COUNT];
    struct figure previous_increase[COUNTER_COUNT];
    struct figure previous_gauge[GAUGE_COUNT];
    struct reserved_ports reserved_ports;
    struct sampler_info info;
    struct sample sample;
    char text[FILE_SIZE];
};

/* Two thirds of the CPU budget are for walks and a third for the rest: a count of ports may take seconds, and
   must not put off what everything else rests on. */
static uint64_t walk_price_usec(uint64_t cpu_usec) {
    return cpu_usec * 3 / 2;
}

static void pay_for_extra(struct sampler *sampler, uint64_t cpu_usec) {
    walk_budget_spend(&sampler->extra_budget, cpu_usec * 3);
}

static void note(struct sampler *sampler, enum source source, int result, const char *reason) {
    source_status_update(&sampler->sample.source[source], &sampler->good_ticks[source], result, reason);
}

/* Reads "6.18.44-rt": the first two numbers; 0.0 if there are none. */
static struct kernel_version parse_version(const char *release) {
    size_t major_length = strcspn(release, ".");
    uint64_t major = 0, minor = 0;

    if (release[major_length] != '.' || decimal_parse(release, major_length, &major) < 0)
        return (struct kernel_version){0};
    const char *rest = release + major_length + 1;
    if (decimal_parse(rest, strspn(rest, "0123456789"), &minor) < 0)
        return (struct kernel_version){0};
    return (struct kernel_version){(uint32_t)major, (uint32_t)minor};
}

static struct kernel_version read_version(struct proc_files *files) {
    char release[128];
    struct utsname name;
    CLEANUP_FD int sys_fd = proc_files_open(files, "sys", O_PATH | O_DIRECTORY);

    if (sys_fd >= 0 && read_file_at(sys_fd, "kernel/osrelease", release, sizeof release) > 0)
        return parse_version(release);
    return uname(&name) == 0 ? parse_version(name.release) : (struct kernel_version){0};
}

struct sampler *sampler_new(const char *proc_root, const char *queues_path) {
    struct sampler *sampler = calloc(1, sizeof *sampler);

    if (!sampler)
        return NULL;
    knob_files_init(&sampler->knob_files);
    bool ok = proc_files_init(&sampler->files, proc_root) == 0;
    sampler->sockets = socket_sampler_new(queues_path);
    if (!ok || !sampler->sockets) {
        sampler_free(sampler);
        errno = ENOMEM;
        return NULL;
    }
    sampler->sample.kernel = sampler->info.kernel = read_version(&sampler->files);
    sampler->info.one_pass = socket_sampler_one_pass(sampler->sockets);
    sampler->info.ipv6 = proc_files_have_ipv6(&sampler->files);
    sampler->info.queues = socket_sampler_queues(sampler->sockets);
    return sampler;
}

struct sampler *sampler_free(struct sampler *sampler) {
    if (!sampler)
        return NULL;
    socket_sampler_free(sampler->sockets);
    proc_files_release(&sampler->files);
    knob_files_close(&sampler->knob_files);
    free(sampler);
    return NULL;
}

void sampler_cleanup(struct sampler **sampler) {
    *sampler = sampler_free(*sampler);
}

void sampler_ask_ages(struct sampler *sampler) {
    socket_sampler_ask_ages(sampler->sockets);
}

const struct sampler_info *sampler_info(const struct sampler *sampler) {
    return &sampler->info;
}

/* Reads one file and parses it; an empty text leaves every figure of it unknown. */
static void read_counters(struct sampler *sampler, enum proc_file file, enum source source) {
    struct sample *sample = &sampler->sample;
    bool sockstat = source == SOURCE_SOCKSTAT || source == SOURCE_SOCKSTAT6;
    char read_reason[SOURCE_REASON_SIZE] = "", reason[SOURCE_REASON_SIZE];

    int result = proc_files_read(&sampler->files, file, sampler->text, sizeof sampler->text);
    if (result < 0) {
        sampler->text[0] = '\0';
        source_reason(read_reason, "%s: %s", strrchr(source_name(source), '/') + 1, strerror(-result));
    }
    int parsed = sockstat ? sockstat_parse(source, sampler->text, sample->gauge, reason)
                          : counters_parse(source, sampler->text, sample->counter, reason);
    if (source == SOURCE_SOCKSTAT6 && result == -ENOENT && !proc_files_have_ipv6(&sampler->files)) {
        sample->gauge[GAUGE_INUSE6] = FIGURE_OF(0);
        sampler->info.ipv6 = false;
        note(sampler, source, 0, "");
        return;
    }
    if (source == SOURCE_SOCKSTAT6)
        sampler->info.ipv6 = true;
    note(sampler, source, result < 0 ? result : parsed, result < 0 ? read_reason : reason);
}

static struct figure read_conntrack(struct sampler *sampler) {
    uint64_t count;
    int result = proc_files_read(&sampler->files, PROC_CONNTRACK_COUNT, sampler->text, sizeof sampler->text);

    if (result == -ENOENT)
        return FIGURE_MISSING;
    if (result < 0 || decimal_parse(sampler->text, strcspn(sampler->text, "\n"), &count) < 0)
        return FIGURE_NONE;
    return FIGURE_OF(count);
}

static void take_counters(struct sampler *sampler) {
    struct sample *sample = &sampler->sample;

    memcpy(sampler->previous_increase, sample->increase, sizeof sampler->previous_increase);
    memcpy(sampler->previous_gauge, sample->gauge, sizeof sampler->previous_gauge);
    sample->taken_usec = now_monotonic_usec();
    read_counters(sampler, PROC_SNMP, SOURCE_SNMP);
    read_counters(sampler, PROC_NETSTAT, SOURCE_NETSTAT);
    read_counters(sampler, PROC_SOCKSTAT, SOURCE_SOCKSTAT);
    read_counters(sampler, PROC_SOCKSTAT6, SOURCE_SOCKSTAT6);
    sample->gauge[GAUGE_CONNTRACK] = read_conntrack(sampler);
    counter_history_add(&sampler->history, sample);
}

/* Every 10 s, at a breach, and at each tick while something is wrong with them. */
static void take_knobs(struct sampler *sampler, bool breached) {
    struct sample *sample = &sampler->sample;
    const struct source_status *status = &sample->source[SOURCE_SYSCTL];
    bool old = !sampler->knobs_read || sample->taken_usec - sampler->knobs_usec >= KNOBS_AGE_USEC;
    char reason[SOURCE_REASON_SIZE] = "";

    if (!old && !breached && status->failed_ticks == 0 && !status->degraded)
        return;
    CLEANUP_FD int sys_fd = proc_files_open(&sampler->files, "sys", O_PATH | O_DIRECTORY);
    int result =
        sys_fd < 0 ? sys_fd
                   : knobs_read(&sampler->knob_files, sys_fd, sample->knob, &sampler->reserved_ports, reason);
    if (sys_fd < 0) {
        memset(sample->knob, 0, sizeof sample->knob);
        sampler->reserved_ports.known = false;
        source_reason(reason, "%s: %s", source_name(SOURCE_SYSCTL), strerror(-result));
    }
    sample->reserved_ports = sampler->reserved_ports.known ? sampler->reserved_ports.port : NULL;
    note(sampler, SOURCE_SYSCTL, result, reason);
    sampler->knobs_read = true;
    sampler->knobs_usec = sample->taken_usec;
}

static struct figure take_listeners(struct sampler *sampler) {
    struct sample *sample = &sampler->sample;
    struct figure listening;
    char reason[SOURCE_REASON_SIZE];

    int result = socket_sampler_list(sampler->sockets, &listening, reason);
    note(sampler, SOURCE_LISTENERS, result, reason);
    /* More than the table holds is a failure to tell about, but those in it are known. */
    sample->listeners_known = figure_known(listening);
    sampler->info.one_pass = socket_sampler_one_pass(sampler->sockets);
    sampler->half_open = sampler->info.queues->exact
                             ? FIGURE_OF(state_walk_half_open(socket_sampler_tables(sampler->sockets)))
                             : FIGURE_NONE;
    return listening;
}

static bool should_walk(struct sampler *sampler, const struct config *config) {
    const struct sample *sample = &sampler->sample;
    const struct walk_signs signs = {
        .unknown = !sampler->walk_known,
        .jumped = counters_jumped(sampler->previous_increase, sample->increase, sampler->previous_gauge,
                                  sample->gauge) ||
                  count_jumped(sampler->walked_half_open, sampler->half_open),
        .age_usec = sample->taken_usec - sample->walked_usec,
        .max_age_usec = config->walk_max_age_usec,
        .cost_usec = walk_price_usec(sampler->info.walk_cpu_usec),
    };

    sampler->info.walk_overdue =
        !walk_budget_positive(&sampler->budget) && (signs.unknown || signs.age_usec >= signs.max_age_usec);
    return sampler->info.ticks == 1 || walk_due(&sampler->budget, config->cpu_budget_permyriad, &signs);
}

static void take_walk(struct sampler *sampler, const struct config *config) {
    struct sample *sample = &sampler->sample;
    struct figure retries = sample->knob[KNOB_TCP_SYNACK_RETRIES].value;
    char reason[SOURCE_REASON_SIZE];

    sample->walked = false;
    if (!should_walk(sampler, config))
        return;
    uint64_t begun = clock_usec(CLOCK_THREAD_CPUTIME_ID);
    /* Without the knob no half-open can be said to have been repeated. */
    uint64_t synack_retries =
        figure_known(retries) && retries.value < UINT32_MAX ? retries.value : UINT32_MAX;
    int result = socket_sampler_walk(sampler->sockets, config, (uint32_t)synack_retries, reason);
    uint64_t spent = clock_usec(CLOCK_THREAD_CPUTIME_ID) - begun;
    walk_budget_spend(&sampler->budget, walk_price_usec(spent));
    sampler->info.walks++;
    sampler->info.walk_cpu_usec = spent;
    sampler->walk_known = result == 0;
    note(sampler, SOURCE_WALK, result, reason);
    if (result < 0)
        return;
    sampler->walked_half_open = sampler->half_open;
    sample->walked = true;
    sample->walked_usec = now_monotonic_usec();
}

static void date_half_open(const struct sampler *sampler, struct sample *sample) {
    if (sampler->info.queues->exact)
        sample->half_open_usec = sample->taken_usec;
    else if (sample->walked)
        sample->half_open_usec = sample->walked_usec;
}

/* Hands out the tables: listeners of this tick, counts of the last walk. */
static void publish_tables(struct sampler *sampler, struct figure listening) {
    struct sample *sample = &sampler->sample;
    const struct state_walk *tables = socket_sampler_tables(sampler->sockets);

    sample->listener = tables->listener;
    sample->listener_count = sample->listeners_known ? tables->listener_count : 0;
    sample->port = tables->port;
    sample->port_count = tables->port_count;
    sample->detail = tables->detail;
    sample->syn_sent = socket_sampler_syn_sent(sampler->sockets);
    sample->close_wait_median_usec = tables->close_wait_median_usec;
    sample->shares = socket_sampler_shares(sampler->sockets);
    state_walk_figures(sampler->walk_known ? tables : NULL, listening, sample);
    date_half_open(sampler, sample);
    if (!figure_known(sampler->half_open))
        return;
    socket_sampler_settle_queues(sampler->sockets);
    sample->state[STATE_SYN_RECV] =
        FIGURE_OF(sampler->half_open.value + tables->detail.syn_recv_simultaneous);
}

/* Every socket that occupies a port, whatever its state, from the gauges alone. */
static struct figure count_sockets(const struct sample *sample) {
    struct figure inuse = figure_add(sample->gauge[GAUGE_INUSE], sample->gauge[GAUGE_INUSE6]);

    return figure_add(figure_subtract(inuse, sample->state[STATE_LISTEN]), sample->gauge[GAUGE_TIME_WAIT]);
}

static void forget_destinations(struct sampler *sampler) {
    struct sample *sample = &sampler->sample;

    sampler->watch = (struct destination_watch){0};
    sample->destination_count = 0;
    sample->source_ports_count = 0;
    note(sampler, SOURCE_DESTINATIONS, 0, ""); /* what is not needed is not missing */
    if (sample->destinations_usec != 0)
        sample->destinations_usec = sample->taken_usec;
}

/* A kernel without the knob (before 6.14) waits 1 s. */
static uint32_t reuse_delay_msec(const struct sample *sample) {
    struct figure delay_msec = sample->knob[KNOB_TCP_TW_REUSE_DELAY].value;

    return figure_known(delay_msec) && delay_msec.value <= UINT32_MAX ? (uint32_t)delay_msec.value : 1000;
}

/* Towards one destination, or bound by one source address. */
static uint32_t fullest_ports(const struct sample *sample) {
    uint32_t fullest = sample->destination_count > 0 ? sample->destination[0].ports_in_use : 0;

    for (size_t i = 0; i < sample->source_ports_count; i++)
        if (source_ports_are_bound(&sample->source_ports[i]) && sample->source_ports[i].ports > fullest)
            fullest = sample->source_ports[i].ports;
    return fullest;
}

static void count_destinations(struct sampler *sampler, uint64_t sockets) {
    struct sample *sample = &sampler->sample;
    struct figure low = sample->knob[KNOB_PORT_RANGE_LOW].value;
    struct figure high = sample->knob[KNOB_PORT_RANGE_HIGH].value;
    struct port_range range = {.low = 1, .high = UINT16_MAX};
    char reason[SOURCE_REASON_SIZE];

    if (figure_known(low) && figure_known(high) && high.value <= UINT16_MAX)
        range = (struct port_range){(uint32_t)low.value, (uint32_t)high.value};
    uint64_t begun = clock_usec(CLOCK_THREAD_CPUTIME_ID);
    int result =
        socket_sampler_count_destinations(sampler->sockets, range, reuse_delay_msec(sample), sample, reason);
    pay_for_extra(sampler, clock_usec(CLOCK_THREAD_CPUTIME_ID) - begun);
    note(sampler, SOURCE_DESTINATIONS, result, reason);
    if (result < 0)
        return;
    sample->destinations_usec = now_monotonic_usec();
    sampler->watch = (struct destination_watch){
        .counted = true,
        .counted_usec = sample->taken_usec,
        .sockets = sockets,
        .fullest = fullest_ports(sample),
        .active_opens = sample->counter[COUNTER_ACTIVE_OPENS],
    };
}

/* Only while the host-wide figures make a breach possible. */
static void take_destinations(struct sampler *sampler, const struct config *config) {
    const struct sample *sample = &sampler->sample;
    struct figure warning =
        destination_warning(&config->rule[CONDITION_PORTS], sample_ephemeral_ports(sample));
    struct figure sockets = count_sockets(sample);

    if (!config->rule[CONDITION_PORTS].enabled ||
        (figure_known(warning) && figure_known(sockets) && sockets.value < warning.value)) {
        forget_destinations(sampler);
        return;
    }
    if (!figure_known(warning) || !figure_known(sockets) || !walk_budget_positive(&sampler->extra_budget))
        return;
    if (destination_count_due(&sampler->watch, sample->taken_usec, sockets.value,
                              sample->counter[COUNTER_ACTIVE_OPENS], warning.value))
        count_destinations(sampler, sockets.value);
}

/* A survey that is not needed, or that failed, is all 0; one that is needed stands until the next is due. */
static void take_survey(struct sampler *sampler, enum tcp_state state, bool needed,
                        struct survey_watch *watch, struct survey *survey) {
    bool due = survey_due(watch, sampler->sample.taken_usec);

    if (!needed && due) {
        watch->last = (struct survey){0};
        socket_sampler_forget_survey(sampler->sockets, state);
    }
    if (needed && due && walk_budget_positive(&sampler->extra_budget)) {
        uint64_t begun = clock_usec(CLOCK_THREAD_CPUTIME_ID);
        struct figure count = sampler->sample.state[state];
        socket_sampler_survey(sampler->sockets, state, figure_known(count) ? count.value : 0, &watch->last);
        pay_for_extra(sampler, clock_usec(CLOCK_THREAD_CPUTIME_ID) - begun);
        watch->tried_usec = sampler->sample.taken_usec;
    }
    *survey = needed ? watch->last : (struct survey){0};
}

static void take_surveys(struct sampler *sampler, const struct config *config) {
    struct sample *sample = &sampler->sample;
    struct figure overflow = sample->increase[COUNTER_TIME_WAIT_OVERFLOW];
    bool overflowed =
        config->rule[CONDITION_TIME_WAIT_OVERFLOW].enabled && figure_known(overflow) && overflow.value > 0;
    bool many_waiting = survey_needed(&config->rule[CONDITION_TIME_WAIT], sample->state[STATE_TIME_WAIT],
                                      sample->knob[KNOB_TCP_MAX_TW_BUCKETS].value, &sample->time_wait_survey);
    bool many_established =
        survey_needed(&config->rule[CONDITION_ESTABLISHED], sample->state[STATE_ESTABLISHED], FIGURE_MISSING,
                      &sample->established_survey);

    take_survey(sampler, STATE_TIME_WAIT, many_waiting || overflowed, &sampler->time_wait_watch,
                &sample->time_wait_survey);
    take_survey(sampler, STATE_ESTABLISHED, many_established, &sampler->established_watch,
                &sample->established_survey);
}

const struct sample *sampler_take(struct sampler *sampler, const struct config *config, bool breached) {
    struct sample *sample = &sampler->sample;

    sampler->info.ticks++;
    take_counters(sampler);
    walk_budget_fill(&sampler->budget, sample->taken_usec, config->cpu_budget_permyriad);
    walk_budget_fill(&sampler->extra_budget, sample->taken_usec, config->cpu_budget_permyriad);
    take_knobs(sampler, breached);
    struct figure listening = take_listeners(sampler);
    take_walk(sampler, config);
    sampler->info.walk_wait_usec = walk_budget_wait_usec(&sampler->budget, config->cpu_budget_permyriad);
    publish_tables(sampler, listening);
    take_destinations(sampler, config);
    take_surveys(sampler, config);
    return sample;
}
