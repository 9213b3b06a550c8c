/* SPDX-License-Identifier: MIT */
#include "netns_case.h"

#include "sampler.h"
#include "survey.h"
#include "util.h"

#define SEC USEC_PER_SEC

static struct config config;

static void test_due(void **state) {
    static const struct {
        const char *name;
        uint64_t tried_usec, now_usec;
        bool due;
    } rows[] = {
        {"never tried", 0, 5, true},
        {"just tried", 5 * SEC, 5 * SEC, false},
        {"nearly 30 s", 5 * SEC, 35 * SEC - 1, false},
        {"30 s", 5 * SEC, 35 * SEC, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct survey_watch watch = {.tried_usec = rows[i].tried_usec};
        check_row(rows[i].name, survey_due(&watch, rows[i].now_usec), rows[i].due);
    }
}

#define KNOWN(v)                                                                                             \
    { (v), FIGURE_KNOWN }
#define UNKNOWN                                                                                              \
    { 0, FIGURE_UNKNOWN }

static void test_needed(void **state) {
    static const struct {
        const char *name;
        struct threshold_rule rule;
        struct figure count, limit;
        bool before, needed;
    } rows[] = {
        {"below the count", {.enabled = true, .warning = {100, UNIT_COUNT}}, KNOWN(99), UNKNOWN, true, false},
        {"the count", {.enabled = true, .warning = {100, UNIT_COUNT}}, KNOWN(100), UNKNOWN, false, true},
        {"disabled", {.enabled = false, .warning = {100, UNIT_COUNT}}, KNOWN(100), UNKNOWN, true, false},
        {"below the share",
         {.enabled = true, .warning = {8000, UNIT_PERMYRIAD}},
         KNOWN(799),
         KNOWN(1000),
         false,
         false},
        {"the share",
         {.enabled = true, .warning = {8000, UNIT_PERMYRIAD}},
         KNOWN(800),
         KNOWN(1000),
         false,
         true},
        {"under the floor",
         {.enabled = true, .warning = {8000, UNIT_PERMYRIAD}, .floor = 900},
         KNOWN(800),
         KNOWN(1000),
         false,
         false},
        {"count unknown", {.enabled = true, .warning = {1, UNIT_COUNT}}, UNKNOWN, UNKNOWN, false, false},
        {"count unknown for once",
         {.enabled = true, .warning = {1, UNIT_COUNT}},
         UNKNOWN,
         UNKNOWN,
         true,
         true},
        {"limit unknown", {.enabled = true, .warning = {1, UNIT_PERMYRIAD}}, KNOWN(9), UNKNOWN, false, false},
        {"limit unknown for once",
         {.enabled = true, .warning = {1, UNIT_PERMYRIAD}},
         KNOWN(9),
         UNKNOWN,
         true,
         true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct survey previous = {.taken_usec = rows[i].before};
        check_row(rows[i].name, survey_needed(&rows[i].rule, rows[i].count, rows[i].limit, &previous),
                  rows[i].needed);
    }
}

static void test_classes(void **state) {
    static const struct {
        const char *name;
        struct diag_socket socket;
        bool inbound;
        uint32_t keepalive, idle, unanswered;
    } rows[] = {
        {"TIME-WAIT", {.state = STATE_TIME_WAIT, .timer = 3, .silent_msec = UINT32_MAX}, true, 0, 0, 0},
        {"busy", {.state = STATE_ESTABLISHED, .silent_msec = 59999}, false, 0, 0, 0},
        {"idle", {.state = STATE_ESTABLISHED, .silent_msec = 60000}, false, 0, 1, 0},
        {"idle time unknown", {.state = STATE_ESTABLISHED, .silent_msec = UINT32_MAX}, false, 0, 0, 0},
        {"keepalive", {.state = STATE_ESTABLISHED, .timer = 2, .silent_msec = 90000}, true, 1, 0, 0},
        {"sent twice", {.state = STATE_ESTABLISHED, .timer = 1, .retransmits = 2}, false, 0, 0, 0},
        {"sent again 3 times", {.state = STATE_ESTABLISHED, .timer = 1, .retransmits = 3}, false, 0, 0, 1},
        {"zero window", {.state = STATE_ESTABLISHED, .timer = 4, .retransmits = 9}, false, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct survey survey = {0};
        survey_count(&survey, &rows[i].socket, rows[i].inbound);
        check_row(rows[i].name, survey.sockets, 1);
        check_row(rows[i].name, survey.inbound, rows[i].inbound);
        check_row(rows[i].name, survey.keepalive, rows[i].keepalive);
        check_row(rows[i].name, survey.idle, rows[i].idle);
        check_row(rows[i].name, survey.unanswered, rows[i].unanswered);
    }
}

static void test_slices(void **state) {
    static const struct {
        const char *name;
        uint64_t count;
        uint32_t most;
        uint32_t first_listener, last_listener; /* ports; 0: none */
        uint16_t offset, width;
    } rows[] = {
        {"few enough", 5000, 5000, 0, 0, 0, 0},
        {"unknown", 0, 5000, 0, 0, 0, 0},
        {"one too many", 5001, 5000, 0, 0, 0, 3070},
        {"four times as many", 20000, 5000, 0, 0, 0, 768},
        {"a million", 1000000, 5000, 0, 0, 0, 14},
        {"absurdly many", UINT64_C(1) << 40, 5000, 0, 0, 0, 2},
        {"a low listener", 20000, 5000, 443, 443, 0, 768},
        {"one in the first slice", 20000, 5000, 8443, 8443, 768, 768},
        {"one in the last slice", 20000, 5000, 61440, 61440, 768, 768},
        {"some over two places", 20000, 5000, 8192, 9500, 1536, 768},
        {"everywhere", 20000, 5000, 1, 65535, 3072, 768},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t listening[65536 / 64] = {0};
        for (uint32_t port = rows[i].first_listener; port > 0 && port <= rows[i].last_listener; port++)
            listening[port / 64] |= 1ULL << (port % 64);
        struct port_slices slices = survey_slices(rows[i].count, rows[i].most, listening);
        check_row(rows[i].name, slices.offset, rows[i].offset);
        check_row(rows[i].name, slices.width, rows[i].width);
    }
}

/* From here on: sockets in a namespace of the test's own. */

static int enter_namespace(void **state) {
    config =
        (struct config){.interval_usec = SEC, .cpu_budget_permyriad = 100, .walk_max_age_usec = 30 * SEC};
    return netns_setup(state);
}

static void count_from(enum condition condition, uint64_t warning) {
    config.rule[condition] = (struct threshold_rule){
        .enabled = true, .warning = {warning, UNIT_COUNT}, .critical = {100000, UNIT_COUNT}};
}

static void check_survey(const char *name, const struct survey *survey, uint32_t sockets, uint32_t inbound,
                         uint32_t keepalive) {
    check_row(name, survey->taken_usec > 0, sockets > 0);
    check_row(name, survey->complete, sockets > 0);
    check_row(name, survey->sockets, sockets);
    check_row(name, survey->inbound, inbound);
    check_row(name, survey->keepalive, keepalive);
    check_row(name, survey->idle + survey->unanswered, 0);
}

/* ESTABLISHED: both ends of each connection; the listener's are inbound. */
static void test_established(void **state) {
    int one = 1;

    (void)state;
    need_root();
    struct service service = serve(8001, 16);
    connect_some(&service, 8001, 5);
    assert_int_equal(setsockopt(service.client[0], SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one), 0);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    count_from(CONDITION_ESTABLISHED, 11);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_survey("too few", &sample->established_survey, 0, 0, 0);
    count_from(CONDITION_ESTABLISHED, 10);
    sample = sampler_take(sampler, &config, false);
    check_survey("enough", &sample->established_survey, 10, 5, 1);
    check_survey("not asked for", &sample->time_wait_survey, 0, 0, 0);

    uint64_t taken = sample->established_survey.taken_usec;
    connect_some(&service, 8001, 2);
    sample = sampler_take(sampler, &config, false);
    check_row("stands for 30 s", sample->established_survey.taken_usec, taken);
    config.rule[CONDITION_ESTABLISHED].enabled = false;
    sample = sampler_take(sampler, &config, false);
    check_survey("disabled", &sample->established_survey, 0, 0, 0);
    end(&service);
}

/* The end that closes first keeps the TIME-WAIT: here the server's for two, the client's for one. */
static void test_time_wait(void **state) {
    static const bool server_first[] = {true, true, false};

    (void)state;
    need_root();
    struct service service = serve(8002, 16);
    connect_some(&service, 8002, ARRAY_SIZE(server_first));
    for (size_t i = 0; i < ARRAY_SIZE(server_first); i++) {
        int *first = server_first[i] ? &service.server[i] : &service.client[i];
        int *second = server_first[i] ? &service.client[i] : &service.server[i];
        close(*first);
        close(*second);
        *first = *second = -1;
    }
    usleep(100000); /* the delayed ACKs of the FINs */
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    count_from(CONDITION_TIME_WAIT, 3);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_survey("TIME-WAIT", &sample->time_wait_survey, 3, 2, 0);
    end(&service);
}

/* No budget, no survey. */
static void test_no_budget(void **state) {
    (void)state;
    need_root();
    struct service service = serve(8003, 16);
    connect_some(&service, 8003, 2);
    config.cpu_budget_permyriad = 0;
    count_from(CONDITION_ESTABLISHED, 1);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_survey("no budget", &sample->established_survey, 0, 0, 0);
    end(&service);
}

/* Where SYN-SENT go: the accept queue of 8005 takes two, which leaves the others without an answer. */
static void test_syn_sent(void **state) {
    enum { CLIENTS = 9, QUEUED = 2 };
    struct sockaddr_in address = loopback(8005);
    int client[CLIENTS];
    char text[ENDPOINT_TEXT_SIZE];

    (void)state;
    need_root();
    struct service service = serve(8005, QUEUED - 1);
    CLEANUP_SAMPLER struct sampler *sampler = sampler_new("/proc", NULL);
    const struct sample *sample = sampler_take(sampler, &config, false);
    check_row("none", sample->syn_sent.ports_in_use, 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        client[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(client[i], (const struct sockaddr *)&address, sizeof address);
    }
    config.walk_max_age_usec = 0;
    for (int turn = 0; turn < 2; turn++) { /* each walk counts anew */
        sample = sampler_take(sampler, &config, false);
        assert_true(sample->walked);
        check_row("SYN-SENT", figure_or(sample->state[STATE_SYN_SENT], 0), CLIENTS - QUEUED);
        check_row("most", sample->syn_sent.ports_in_use, CLIENTS - QUEUED);
    }
    endpoint_format(&sample->syn_sent.remote, text);
    assert_string_equal(text, "127.0.0.1:8005");
    for (size_t i = 0; i < CLIENTS; i++)
        close(client[i]);
    sample = sampler_take(sampler, &config, false);
    check_row("gone", sample->syn_sent.ports_in_use, 0);
    end(&service);
}

#define IN_NETNS(test) cmocka_unit_test_setup(test, enter_namespace)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),    cmocka_unit_test(test_needed), cmocka_unit_test(test_classes),
        cmocka_unit_test(test_slices), IN_NETNS(test_established),    IN_NETNS(test_time_wait),
        IN_NETNS(test_no_budget),      IN_NETNS(test_syn_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
