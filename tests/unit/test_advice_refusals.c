/* SPDX-License-Identifier: MIT */
/* The wrong remedies, by brute force: never advised, whatever the kernel, the settings and the cause. */
#include "kernel_case.h"

#include "threshold.h"

#define BIT(knob) (1U << (knob))
_Static_assert(KNOB_COUNT < 32, "one bit per key");

/* Keys that no cause is helped by: raising them hurts, lowering them hurts, or they do nothing about it. */
#define NEVER_ADVISED                                                                                        \
    (BIT(KNOB_TCP_TW_RECYCLE) | BIT(KNOB_TCP_ABORT_ON_OVERFLOW) | BIT(KNOB_TCP_SYNACK_RETRIES) |             \
     BIT(KNOB_TCP_SYN_RETRIES) | BIT(KNOB_TCP_TW_REUSE_DELAY) | BIT(KNOB_TCP_RFC1337) |                      \
     BIT(KNOB_PORTS_RESERVED) | BIT(KNOB_TCP_MAX_ORPHANS) | BIT(KNOB_TCP_ORPHAN_RETRIES) |                   \
     BIT(KNOB_TCP_RETRIES2) | BIT(KNOB_TCP_KEEPALIVE_TIME) | BIT(KNOB_TCP_KEEPALIVE_INTVL) |                 \
     BIT(KNOB_TCP_KEEPALIVE_PROBES) | BIT(KNOB_TCP_MEM_LOW) | BIT(KNOB_TCP_MEM_PRESSURE) |                   \
     BIT(KNOB_TCP_MEM_MAX) | BIT(KNOB_NETDEV_MAX_BACKLOG) | BIT(KNOB_TCP_EHASH_ENTRIES) |                    \
     BIT(KNOB_PORT_RANGE_HIGH)) /* the range is advised under its low bound */

#define SYN_KEYS    (BIT(KNOB_TCP_SYNCOOKIES) | BIT(KNOB_TCP_MAX_SYN_BACKLOG))
#define CLIENT_KEYS (BIT(KNOB_TCP_TW_REUSE) | BIT(KNOB_TCP_TIMESTAMPS) | BIT(KNOB_PORT_RANGE_LOW))
#define EVERY_KEY   (BIT(KNOB_COUNT) - 1)

/* Per cause the keys that are the wrong remedy for it. */
static const uint32_t refused[CAUSE_COUNT] = {
    [CAUSE_SPOOFED_FLOOD] = EVERY_KEY & ~BIT(KNOB_TCP_SYNCOOKIES),
    [CAUSE_ONE_SOURCE_FLOOD] = EVERY_KEY & ~BIT(KNOB_TCP_SYNCOOKIES),
    [CAUSE_SPOOFED_ALIVE_FLOOD] = EVERY_KEY & ~BIT(KNOB_TCP_SYNCOOKIES),
    [CAUSE_BURST] = EVERY_KEY & ~(SYN_KEYS | BIT(KNOB_SOMAXCONN)),
    [CAUSE_SLOW_ACCEPT] = EVERY_KEY,          /* a longer queue only makes clients wait longer */
    [CAUSE_SLOW_ACCEPT_OR_FLOOD] = EVERY_KEY, /* the same */
    [CAUSE_ACCEPT_BURST] = EVERY_KEY & ~BIT(KNOB_SOMAXCONN),
    [CAUSE_LOSSY_RETURN_PATH] = EVERY_KEY,
    [CAUSE_DEFER_ACCEPT] = EVERY_KEY & ~(SYN_KEYS | BIT(KNOB_SOMAXCONN)),
    [CAUSE_HALF_OPEN_UNCLEAR] = EVERY_KEY & ~BIT(KNOB_TCP_SYNCOOKIES),
    [CAUSE_FD_HELD] = EVERY_KEY, /* keepalive, tcp_fin_timeout and tcp_tw_* among them */
    [CAUSE_NOT_ACCEPTED] = EVERY_KEY,
    [CAUSE_TIME_WAIT_INBOUND] = EVERY_KEY & ~BIT(KNOB_TCP_MAX_TW_BUCKETS),
    [CAUSE_TIME_WAIT_OUTBOUND] = EVERY_KEY & ~BIT(KNOB_TCP_MAX_TW_BUCKETS),
    [CAUSE_TIME_WAIT_UNCLEAR] = EVERY_KEY & ~BIT(KNOB_TCP_MAX_TW_BUCKETS),
    [CAUSE_TW_BUCKETS_FULL] = EVERY_KEY & ~BIT(KNOB_TCP_MAX_TW_BUCKETS),
    [CAUSE_PORTS_TIME_WAIT] = EVERY_KEY & ~CLIENT_KEYS,
    [CAUSE_PORTS_LIVE] = EVERY_KEY & ~BIT(KNOB_PORT_RANGE_LOW),
    [CAUSE_PORTS_CLOSE_WAIT] = EVERY_KEY, /* a wider range only lets the leak grow */
    [CAUSE_PORTS_BOUND_FIRST] = EVERY_KEY & ~BIT(KNOB_PORT_RANGE_LOW),
    [CAUSE_PEER_NOT_ANSWERING] = EVERY_KEY,
    [CAUSE_PEER_REFUSES] = EVERY_KEY,
    [CAUSE_SIMULTANEOUS_OPEN] = EVERY_KEY,
    [CAUSE_ZERO_WINDOW] = EVERY_KEY,
    [CAUSE_SLOW_READERS] = EVERY_KEY,
    [CAUSE_PEER_GONE] = EVERY_KEY,
    [CAUSE_FIN_WAIT_2_ORPHANED] = EVERY_KEY & ~BIT(KNOB_TCP_FIN_TIMEOUT),
    [CAUSE_FIN_WAIT_2_HALF_CLOSED] = EVERY_KEY,
    [CAUSE_FINAL_ACK_LOST] = EVERY_KEY,
    [CAUSE_SIMULTANEOUS_CLOSE] = EVERY_KEY,
    [CAUSE_MANY_ESTABLISHED] = EVERY_KEY,
    [CAUSE_IDLE_WITHOUT_KEEPALIVE] = EVERY_KEY, /* keepalive acts only where the application asks for it */
    [CAUSE_ESTABLISHED_UNANSWERED] = EVERY_KEY,
    [CAUSE_ORPHANS] = EVERY_KEY,
    [CAUSE_TCP_MEMORY] = EVERY_KEY,
    [CAUSE_CONNTRACK_TABLE] = EVERY_KEY & ~BIT(KNOB_CONNTRACK_MAX),
    [CAUSE_UNSAFE_SYSCTL] = EVERY_KEY,
    [CAUSE_CANNOT_SAMPLE] = EVERY_KEY,
};

#define ABSENT UINT64_MAX

/* The settings whose product is tried. */
static const struct axis {
    enum knob knob;
    size_t count;
    uint64_t value[4];
} axes[] = {
    {KNOB_TCP_SYNCOOKIES, 4, {0, 1, 2, ABSENT}},
    {KNOB_SOMAXCONN, 2, {128, 4096}},
    {KNOB_TCP_MAX_SYN_BACKLOG, 3, {64, 2048, ABSENT}},
    {KNOB_TCP_TW_REUSE, 3, {0, 1, 2}},
    {KNOB_TCP_TIMESTAMPS, 3, {0, 1, ABSENT}},
    {KNOB_PORT_RANGE_LOW, 3, {1, 10000, 32768}},
    {KNOB_TCP_FIN_TIMEOUT, 2, {5, 60}},
    {KNOB_TCP_MAX_TW_BUCKETS, 2, {0, 65536}},
};

/* The circumstances besides the settings. */
static const struct circumstance {
    bool listener;
    uint32_t backlog, half_open;
    uint64_t demand;
    uint8_t remote; /* first byte of the destination's address; 0: none */
} circumstances[] = {
    {false, 0, 0, 0, 0},           {false, 0, 0, 0, 127},   {false, 0, 0, 0, 192},
    {true, 128, 0, 0, 0},          {true, 128, 0, 8192, 0}, {true, 128, 4000, 100000, 0},
    {true, 4096, 0, 1000000, 192},
};

static bool set_combination(struct sample *sample, uint64_t number) {
    for (size_t i = 0; i < ARRAY_SIZE(axes); i++) {
        uint64_t value = axes[i].value[number % axes[i].count];
        struct knob_value *knob = &sample->knob[axes[i].knob];
        number /= axes[i].count;
        if (knob->value.status == FIGURE_ABSENT) {
            if (value != axes[i].value[0])
                return false; /* no file in this kernel and namespace: tried once */
            continue;
        }
        knob->value = value == ABSENT ? FIGURE_MISSING : FIGURE_OF(value);
    }
    return true;
}

static uint64_t combinations(void) {
    uint64_t count = 1;

    for (size_t i = 0; i < ARRAY_SIZE(axes); i++)
        count *= axes[i].count;
    return count;
}

/* @return what is wrong with the advice, NULL if nothing. */
static const char *objection_to_syn_key(const struct advice_context *context, const struct advice *advice) {
    if (advice->row->knob == KNOB_TCP_SYNCOOKIES)
        return advice->recommended == 1 ? NULL : "cookies other than 1";
    if (!context->listener)
        return "a queue's length without a listener";
    if (advice->recommended <= advice->current)
        return "a lower limit";
    if (advice->row->knob != KNOB_TCP_MAX_SYN_BACKLOG)
        return NULL;
    if (kernel_at_least(context->sample->kernel, 4, 4))
        return "tcp_max_syn_backlog, which sizes no queue any more";
    return NULL;
}

static const char *objection_to_client_key(const struct advice_context *context,
                                           const struct advice *advice) {
    struct figure timestamps = context->sample->knob[KNOB_TCP_TIMESTAMPS].value;

    if (advice->row->knob != KNOB_PORT_RANGE_LOW) {
        if (advice->recommended != 1)
            return "a value other than 1";
        if (advice->row->knob == KNOB_TCP_TW_REUSE && (!figure_known(timestamps) || timestamps.value == 0))
            return "tcp_tw_reuse without timestamps";
        return NULL;
    }
    if (advice->recommended_high - advice->recommended <= advice->current_high - advice->current)
        return "a port range that is not wider";
    if (advice->recommended < 1024 || advice->recommended_high > 65535)
        return "a port range with privileged ports, or with none";
    return (advice->recommended ^ advice->recommended_high) & 1 ? NULL : "bounds of the same parity";
}

/* Whether the record would advise against the very thing: "KEY", "KEY=value" or "lowering KEY". */
static bool named_as_wrong(enum cause cause, const struct advice *advice) {
    const struct wrong_remedy *wrong = problem_info(cause_info(cause)->problem)->wrong;
    char same[128], lowering[128];

    snprintf(same, sizeof same, "%s=%llu", knob_name(advice->row->knob),
             (unsigned long long)advice->recommended);
    snprintf(lowering, sizeof lowering, "lowering %s", knob_name(advice->row->knob));
    for (size_t i = 0; i < WRONG_REMEDIES_MAX && wrong[i].remedy; i++)
        if (strcmp(wrong[i].remedy, knob_name(advice->row->knob)) == 0 ||
            strcmp(wrong[i].remedy, same) == 0 ||
            (strcmp(wrong[i].remedy, lowering) == 0 && advice->recommended < advice->current))
            return true;
    return false;
}

static const char *objection(const struct advice_context *context, const struct advice *advice) {
    enum knob knob = advice->row->knob;

    if ((NEVER_ADVISED | refused[context->cause]) & BIT(knob))
        return "a wrong remedy";
    if (named_as_wrong(context->cause, advice))
        return "advised and advised against";
    if (!figure_known(context->sample->knob[knob].value) || !context->sample->knob[knob].writable)
        return "a key that is not there";
    if (advice->recommended == advice->current && advice->recommended_high == advice->current_high)
        return "no change";
    if ((SYN_KEYS | BIT(KNOB_SOMAXCONN)) & BIT(knob))
        return objection_to_syn_key(context, advice);
    if (CLIENT_KEYS & BIT(knob))
        return objection_to_client_key(context, advice);
    if (knob == KNOB_TCP_FIN_TIMEOUT)
        return advice->recommended >= 15 && advice->recommended < advice->current ? NULL : "a bad timeout";
    return advice->recommended > advice->current ? NULL : "a lower limit"; /* buckets, conntrack */
}

static void check_advice(const struct advice_context *context) {
    struct advice advice[ADVICE_MAX];
    size_t count = advise(context, advice);
    uint32_t seen = 0;

    for (size_t i = 0; i < count; i++) {
        enum knob knob = advice[i].row->knob;
        const char *wrong = seen & BIT(knob) ? "the same key twice" : objection(context, &advice[i]);
        seen |= BIT(knob);
        if (wrong)
            fail_msg("cause %d (%s), %u.%u: %s %llu -> %llu: %s", context->cause,
                     cause_info(context->cause)->brief, context->sample->kernel.major,
                     context->sample->kernel.minor, knob_name(knob), (unsigned long long)advice[i].current,
                     (unsigned long long)advice[i].recommended, wrong);
    }
}

static void check_causes(const struct sample *sample, const struct circumstance *now) {
    struct listener listener = listener_on(80, now->backlog);
    struct endpoint remote = {.family = ENDPOINT_IPV4, .address = {now->remote, 0, 2, 9}};
    struct advice_context context = {.sample = sample,
                                     .listener = now->listener ? &listener : NULL,
                                     .remote = now->remote ? &remote : NULL,
                                     .demand = now->demand};

    listener.half_open = now->half_open;
    for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++) {
        context.cause = (enum cause)cause;
        check_advice(&context);
    }
}

static void check_kernel(enum release release, bool child) {
    struct sample original = kernel_sample(release, child), sample = original;

    for (uint64_t number = 0; number < combinations(); number++) {
        memcpy(sample.knob, original.knob, sizeof sample.knob);
        if (!set_combination(&sample, number))
            continue;
        for (size_t i = 0; i < ARRAY_SIZE(circumstances); i++)
            check_causes(&sample, &circumstances[i]);
    }
}

static void test_product(void **state) {
    (void)state;
    for (int release = 0; release < RELEASES; release++) {
        check_kernel((enum release)release, false);
        check_kernel((enum release)release, true);
    }
}

/* A new cause has to say which keys are wrong for it. */
static void test_no_cause_is_left_out(void **state) {
    (void)state;
    for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++)
        if (refused[cause] == 0)
            fail_msg("cause %d (%s) refuses nothing", cause, cause_info((enum cause)cause)->brief);
}

/* The table itself names no key that is never advised. */
static void test_table(void **state) {
    size_t count;
    const struct advice_row *row = advice_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        check_row(knob_name(row[i].knob), NEVER_ADVISED & BIT(row[i].knob), 0);
        for (const enum cause *cause = row[i].causes; *cause != CAUSE_NONE; cause++)
            check_row(cause_info(*cause)->brief, refused[*cause] & BIT(row[i].knob), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_cause_is_left_out),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_product),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
