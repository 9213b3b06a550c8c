/* SPDX-License-Identifier: MIT */
#include "audit.h"
#include "case.h"
#include "util.h"

#define EFFECT_MAX 75
#define MINUTE     (60 * USEC_PER_SEC)
#define UNREADABLE UINT64_MAX
#define NO_FILE    (UINT64_MAX - 1)
#define BIT(name)  (1U << HAZARD_##name)

static uint64_t none_reserved[65536 / 64];

struct setting {
    enum knob knob;
    uint64_t value;
};

static void set(struct sample *sample, enum knob knob, uint64_t value) {
    struct figure figure = value == UNREADABLE ? FIGURE_NONE
                           : value == NO_FILE  ? FIGURE_MISSING
                                               : FIGURE_OF(value);

    sample->knob[knob] = (struct knob_value){figure, true};
}

static struct sample safe_sample(void) {
    struct sample sample = quiet_sample();

    set(&sample, KNOB_TCP_EHASH_ENTRIES, 131072);
    sample.reserved_ports = none_reserved;
    return sample;
}

#define SETTINGS_MAX 3

static const struct {
    const char *name;
    struct setting setting[SETTINGS_MAX];
    size_t settings;
    uint32_t wanted;
    uint64_t recommended; /* of the first advice */
} row[] = {
    {"defaults", {{0}}, 0, 0, 0},
    {"cookies off", {{KNOB_TCP_SYNCOOKIES, 0}}, 1, BIT(SYNCOOKIES_OFF), 1},
    {"cookies forced", {{KNOB_TCP_SYNCOOKIES, 2}}, 1, BIT(SYNCOOKIES_FORCED), 1},
    {"cookies not built in", {{KNOB_TCP_SYNCOOKIES, NO_FILE}}, 1, 0, 0},
    {"timestamps off", {{KNOB_TCP_TIMESTAMPS, 0}}, 1, BIT(TIMESTAMPS_OFF), 1},
    {"timestamps without offset", {{KNOB_TCP_TIMESTAMPS, 2}}, 1, 0, 0},
    {"tw_reuse", {{KNOB_TCP_TW_REUSE, 1}}, 1, 0, 0},
    {"tw_reuse without timestamps",
     {{KNOB_TCP_TW_REUSE, 1}, {KNOB_TCP_TIMESTAMPS, 0}},
     2,
     BIT(TW_REUSE_WITHOUT_TIMESTAMPS),
     1},
    {"tw_recycle", {{KNOB_TCP_TW_RECYCLE, 1}}, 1, BIT(TW_RECYCLE), 0},
    {"tw_recycle, any other value", {{KNOB_TCP_TW_RECYCLE, 2}}, 1, BIT(TW_RECYCLE), 0},
    {"tw_recycle off", {{KNOB_TCP_TW_RECYCLE, 0}}, 1, 0, 0},
    {"abort_on_overflow", {{KNOB_TCP_ABORT_ON_OVERFLOW, 1}}, 1, BIT(ABORT_ON_OVERFLOW), 0},
    {"abort_on_overflow, any other value", {{KNOB_TCP_ABORT_ON_OVERFLOW, 2}}, 1, BIT(ABORT_ON_OVERFLOW), 0},
    {"tw buckets low", {{KNOB_TCP_MAX_TW_BUCKETS, 65535}}, 1, BIT(MAX_TW_BUCKETS_LOW), 65536},
    {"tw buckets high", {{KNOB_TCP_MAX_TW_BUCKETS, 2000000}}, 1, 0, 0},
    {"orphans low", {{KNOB_TCP_MAX_ORPHANS, 4096}}, 1, BIT(MAX_ORPHANS_LOW), 65536},
    {"orphans in a child namespace", {{KNOB_TCP_MAX_ORPHANS, NO_FILE}}, 1, 0, 0},
    {"child namespace with a table of its own",
     {{KNOB_TCP_EHASH_ENTRIES, 4096}, {KNOB_TCP_MAX_TW_BUCKETS, 2048}},
     2,
     0,
     0},
    {"size of the table not known",
     {{KNOB_TCP_EHASH_ENTRIES, NO_FILE}, {KNOB_TCP_MAX_TW_BUCKETS, 1}, {KNOB_TCP_MAX_ORPHANS, 1}},
     3,
     0,
     0},
    {"fin_timeout 9", {{KNOB_TCP_FIN_TIMEOUT, 9}}, 1, BIT(FIN_TIMEOUT_SHORT), 60},
    {"fin_timeout 10", {{KNOB_TCP_FIN_TIMEOUT, 10}}, 1, 0, 0},
    {"fin_timeout 120", {{KNOB_TCP_FIN_TIMEOUT, 120}}, 1, 0, 0},
    {"fin_timeout 121", {{KNOB_TCP_FIN_TIMEOUT, 121}}, 1, BIT(FIN_TIMEOUT_LONG), 60},
    {"both bounds even", {{KNOB_PORT_RANGE_HIGH, 60998}}, 1, BIT(PORT_RANGE_PARITY), 32768},
    {"both bounds odd", {{KNOB_PORT_RANGE_LOW, 1025}}, 1, BIT(PORT_RANGE_PARITY), 1025},
    {"range of one port", {{KNOB_PORT_RANGE_LOW, 60999}}, 1, 0, 0},
    {"unreadable",
     {{KNOB_TCP_SYNCOOKIES, UNREADABLE},
      {KNOB_PORT_RANGE_LOW, UNREADABLE},
      {KNOB_TCP_FIN_TIMEOUT, UNREADABLE}},
     3,
     0,
     0},
};

static void test_each_setting(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct sample sample = safe_sample();
        struct audit audit = {0};
        struct finding finding = {0};
        for (size_t k = 0; k < row[i].settings; k++)
            set(&sample, row[i].setting[k].knob, row[i].setting[k].value);
        check_row(row[i].name, audit_update(&audit, &sample, &finding), row[i].wanted != 0);
        check_row(row[i].name, finding.hazards, row[i].wanted);
        check_row(row[i].name, finding.advice_count, row[i].wanted != 0);
        check_row(row[i].name, finding.advice[0].recommended, row[i].recommended);
    }
}

static void test_range_moves_its_high_bound(void **state) {
    static const struct {
        const char *name;
        uint64_t low, high, wanted;
    } range[] = {
        {"up", 32768, 60998, 60999},
        {"down from the top", 1025, 65535, 65534},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(range); i++) {
        struct sample sample = safe_sample();
        struct audit audit = {0};
        struct finding finding;
        set(&sample, KNOB_PORT_RANGE_LOW, range[i].low);
        set(&sample, KNOB_PORT_RANGE_HIGH, range[i].high);
        assert_true(audit_update(&audit, &sample, &finding));
        check_row(range[i].name, finding.advice[0].recommended, range[i].low);
        check_row(range[i].name, finding.advice[0].current_high, range[i].high);
        check_row(range[i].name, finding.advice[0].recommended_high, range[i].wanted);
    }
}

static void test_old_kernel_does_not_care_for_parity(void **state) {
    struct sample sample = safe_sample();
    struct audit audit = {0};
    struct finding finding;

    (void)state;
    sample.kernel = (struct kernel_version){3, 10};
    set(&sample, KNOB_PORT_RANGE_LOW, 1025);
    assert_false(audit_update(&audit, &sample, &finding));
}

static void test_finding(void **state) {
    struct sample sample = safe_sample();
    struct audit audit = {0};
    struct finding finding;

    (void)state;
    set(&sample, KNOB_TCP_SYNCOOKIES, 0);
    set(&sample, KNOB_PORT_RANGE_LOW, 1025);
    sample.knob[KNOB_TCP_SYNCOOKIES].writable = false; /* a container: told all the same */
    assert_true(audit_update(&audit, &sample, &finding));
    assert_int_equal(finding.problem, PROBLEM_UNSAFE_SYSCTL);
    assert_int_equal(finding.family, FAMILY_SYSCTL);
    assert_int_equal(finding.scope.kind, SCOPE_HOST);
    assert_int_equal(finding.severity, SEVERITY_WARNING);
    assert_int_equal(finding.confidence, CONFIDENCE_HIGH);
    assert_int_equal(finding.lead.condition, CONDITION_COUNT);
    assert_int_equal(finding.lead.measured_usec, sample.taken_usec);
    assert_int_equal(finding.advice_count, 2);
    assert_int_equal(finding.evidence_count, 3);
    assert_string_equal(finding.evidence[0].key, "net.ipv4.tcp_syncookies");
    assert_int_equal(finding.evidence[0].value, 0);
    assert_string_equal(finding.evidence[2].key, "port_range_high");
    assert_int_equal(finding.evidence[2].value, 60999);
    assert_string_equal(finding.detail, "");
}

static void listen_on(struct listener listener[], struct sample *sample, const uint16_t ports[],
                      size_t count) {
    for (size_t i = 0; i < count; i++)
        listener[i] = listener_on(ports[i], 511);
    sample->listener = listener;
    sample->listener_count = count;
}

static void test_listeners_in_the_range(void **state) {
    static const struct {
        const char *name;
        uint16_t port[12];
        size_t ports;
        const char *wanted; /* NULL: no hazard */
    } list[] = {
        {"outside", {80, 443, 32767, 61000}, 4, NULL},
        {"bounds", {32768, 60999}, 2, "32768, 60999"},
        {"two addresses", {40001, 40001}, 2, "40001"},
        {"reserved", {80, 50000}, 2, NULL},
        {"reserved beside", {50000, 50001}, 2, "50001"},
        {"eight",
         {40001, 40002, 40003, 40004, 40005, 40006, 40007, 40008},
         8,
         "40001, 40002, 40003, 40004, 40005, 40006, 40007, 40008"},
        {"ten",
         {40001, 40002, 40003, 40004, 40005, 40006, 40007, 40008, 40009, 40010},
         10,
         "40001, 40002, 40003, 40004, 40005, 40006, 40007, 40008 and 2 more"},
    };
    static uint64_t reserved[65536 / 64];
    struct listener listener[12];

    (void)state;
    reserved[50000 / 64] |= UINT64_C(1) << (50000 % 64);
    for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
        struct sample sample = safe_sample();
        struct audit audit = {0};
        struct finding finding = {0};
        sample.reserved_ports = reserved;
        listen_on(listener, &sample, list[i].port, list[i].ports);
        check_row(list[i].name, audit_update(&audit, &sample, &finding), list[i].wanted != NULL);
        check_row(list[i].name, finding.hazards, list[i].wanted ? BIT(LISTENERS_IN_PORT_RANGE) : 0);
        if (strcmp(finding.detail, list[i].wanted ? list[i].wanted : "") != 0)
            fail_msg("%s: \"%s\"", list[i].name, finding.detail);
    }
}

static void test_somaxconn(void **state) {
    static const struct {
        const char *name;
        uint64_t somaxconn;
        uint32_t backlog;
        uint32_t wanted;
    } limit[] = {
        {"cut", 128, 128, BIT(SOMAXCONN_SMALL)},
        {"listening since before it was cut", 64, 128, BIT(SOMAXCONN_SMALL)},
        {"asks for less", 128, 127, 0},
        {"no listener", 128, 0, 0},
        {"a choice above the old default", 129, 129, 0},
    };
    static const uint16_t port = 80;
    struct listener listener;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(limit); i++) {
        struct sample sample = safe_sample();
        struct audit audit = {0};
        struct finding finding = {0};
        listen_on(&listener, &sample, &port, limit[i].backlog > 0);
        listener.backlog = limit[i].backlog;
        set(&sample, KNOB_SOMAXCONN, limit[i].somaxconn);
        audit_update(&audit, &sample, &finding);
        check_row(limit[i].name, finding.hazards, limit[i].wanted);
        if (limit[i].wanted)
            check_row(limit[i].name, finding.advice[0].recommended, 4096);
    }
}

/* What a host does over time; each step starts from the one before. */
enum step_kind { SET, TIME, LISTEN, NO_LISTENERS_KNOWN, RESERVED_UNKNOWN };

static const struct step {
    const char *name;
    enum step_kind kind;
    struct setting setting;
    uint16_t port; /* LISTEN; 0: nobody */
    uint64_t after_usec;
    uint32_t wanted;
} story[] = {
    {"safe at first", TIME, {0}, 0, USEC_PER_SEC, 0},
    {"a listener comes", LISTEN, {0}, 40001, USEC_PER_SEC, 0},
    {"it is seen after a minute", TIME, {0}, 0, MINUTE, BIT(LISTENERS_IN_PORT_RANGE)},
    {"it goes, and nothing flaps", LISTEN, {0}, 0, 2 * MINUTE, BIT(LISTENERS_IN_PORT_RANGE)},
    {"a value changes", SET, {KNOB_TCP_SYNCOOKIES, 0}, 0, USEC_PER_SEC, BIT(SYNCOOKIES_OFF)},
    {"unreadable: stays", SET, {KNOB_TCP_SYNCOOKIES, UNREADABLE}, 0, USEC_PER_SEC, BIT(SYNCOOKIES_OFF)},
    {"another changes: the unreadable one stays",
     SET,
     {KNOB_TCP_TIMESTAMPS, 0},
     0,
     USEC_PER_SEC,
     BIT(SYNCOOKIES_OFF) | BIT(TIMESTAMPS_OFF)},
    {"readable and safe", SET, {KNOB_TCP_SYNCOOKIES, 1}, 0, USEC_PER_SEC, BIT(TIMESTAMPS_OFF)},
    {"a listener comes again", LISTEN, {0}, 40001, USEC_PER_SEC, BIT(TIMESTAMPS_OFF)},
    {"the other change", SET, {KNOB_TCP_TIMESTAMPS, 1}, 0, USEC_PER_SEC, BIT(LISTENERS_IN_PORT_RANGE)},
    {"listeners unknown", NO_LISTENERS_KNOWN, {0}, 0, USEC_PER_SEC, BIT(LISTENERS_IN_PORT_RANGE)},
    {"what they did stays over a change",
     SET,
     {KNOB_TCP_FIN_TIMEOUT, 5},
     0,
     USEC_PER_SEC,
     BIT(LISTENERS_IN_PORT_RANGE) | BIT(FIN_TIMEOUT_SHORT)},
    {"known again: looked at at once", LISTEN, {0}, 0, USEC_PER_SEC, BIT(FIN_TIMEOUT_SHORT)},
    {"reserved ports unknown", RESERVED_UNKNOWN, {0}, 0, USEC_PER_SEC, BIT(FIN_TIMEOUT_SHORT)},
    {"no guess about them", LISTEN, {0}, 40001, USEC_PER_SEC, BIT(FIN_TIMEOUT_SHORT)},
    {"all safe", SET, {KNOB_TCP_FIN_TIMEOUT, 60}, 0, USEC_PER_SEC, 0},
};

static void take_step(const struct step *step, struct sample *sample, struct listener *listener) {
    sample->taken_usec += step->after_usec;
    switch (step->kind) {
    case SET:
        set(sample, step->setting.knob, step->setting.value);
        break;
    case LISTEN:
        *listener = listener_on(step->port, 511);
        sample->listener = listener;
        sample->listener_count = step->port != 0;
        sample->listeners_known = true;
        break;
    case NO_LISTENERS_KNOWN:
        sample->listeners_known = false;
        break;
    case RESERVED_UNKNOWN:
        sample->reserved_ports = NULL;
        break;
    case TIME:
        break;
    }
}

static void test_over_time(void **state) {
    struct sample sample = safe_sample();
    struct audit audit = {0};
    struct listener listener;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(story); i++) {
        struct finding finding = {0};
        take_step(&story[i], &sample, &listener);
        check_row(story[i].name, audit_update(&audit, &sample, &finding), story[i].wanted != 0);
        check_row(story[i].name, finding.hazards, story[i].wanted);
    }
}

static void test_waits_for_the_first_values(void **state) {
    struct sample safe = safe_sample(), sample = safe;
    struct audit audit = {0};
    struct finding finding;

    (void)state;
    memset(sample.knob, 0, sizeof sample.knob);
    assert_false(audit_update(&audit, &sample, &finding));
    assert_int_equal(audit.first_usec, 0);
    sample.taken_usec += MINUTE;
    memcpy(sample.knob, safe.knob, sizeof sample.knob);
    set(&sample, KNOB_TCP_SYNCOOKIES, 0);
    assert_true(audit_update(&audit, &sample, &finding));
    assert_int_equal(audit.first_usec, sample.taken_usec);
    assert_false(audit.repeated);
}

/* As many as can be wrong at once have room, each with a reason that is short enough for MESSAGE. */
static void test_everything_at_once(void **state) {
    static const struct setting bad[] = {{KNOB_TCP_SYNCOOKIES, 0},     {KNOB_TCP_TW_RECYCLE, 1},
                                         {KNOB_TCP_TW_REUSE, 1},       {KNOB_TCP_TIMESTAMPS, 0},
                                         {KNOB_SOMAXCONN, 128},        {KNOB_TCP_MAX_ORPHANS, 1},
                                         {KNOB_TCP_MAX_TW_BUCKETS, 1}, {KNOB_TCP_FIN_TIMEOUT, 1},
                                         {KNOB_PORT_RANGE_LOW, 1025},  {KNOB_TCP_ABORT_ON_OVERFLOW, 1}};
    static const uint16_t port = 8080;
    struct sample sample = safe_sample();
    struct audit audit = {0};
    struct finding finding;
    struct listener listener;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        set(&sample, bad[i].knob, bad[i].value);
    listen_on(&listener, &sample, &port, 1);
    assert_true(audit_update(&audit, &sample, &finding));
    assert_int_equal(finding.advice_count, 10);
    assert_string_equal(finding.detail, "8080");
    for (size_t i = 0; i < finding.advice_count; i++)
        if (strlen(finding.advice[i].row->effect) > EFFECT_MAX)
            fail_msg("%s", finding.advice[i].row->effect);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_setting),
        cmocka_unit_test(test_range_moves_its_high_bound),
        cmocka_unit_test(test_old_kernel_does_not_care_for_parity),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_listeners_in_the_range),
        cmocka_unit_test(test_somaxconn),
        cmocka_unit_test(test_over_time),
        cmocka_unit_test(test_waits_for_the_first_values),
        cmocka_unit_test(test_everything_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
