/* SPDX-License-Identifier: MIT */
/* One look: what stands now is told at once, whatever has to last for the daemon. */
#include "netns_case.h"

#include "config.h"
#include "look.h"
#include "sampler.h"
#include "util.h"

#define HOUR_USEC (3600 * USEC_PER_SEC)

enum { PORT = 9000, CONNECTIONS = 3 };

/* Everything would have to last for an hour: two ends of each connection are one too many. */
static void demanding_config(struct config *config) {
    config_defaults(config);
    for (int i = 0; i < CONDITION_COUNT; i++)
        config->rule[i].hold_usec = HOUR_USEC;
    config->rule[CONDITION_ESTABLISHED].enabled = true;
    config->rule[CONDITION_ESTABLISHED].warning.value = CONNECTIONS * 2;
}

static void test_at_once(void **state) {
    struct config config, before;

    (void)state;
    need_root();
    struct service service = serve(PORT, 16);
    connect_some(&service, PORT, CONNECTIONS);
    demanding_config(&config);
    before = config;
    CLEANUP_LOOK struct look *look = look_new(&config);
    assert_non_null(look);
    look_for(look, 1);
    assert_memory_equal(&config, &before, offsetof(struct config, port));
    assert_int_equal(sampler_info(look->sampler)->ticks, 2);
    assert_int_equal(look->alert_count, 1);
    assert_int_equal(look->alert[0].finding.problem, PROBLEM_ESTABLISHED_PILEUP);
    assert_int_equal(look->alert[0].event, EVENT_RAISED);
    assert_int_equal(look->alert[0].finding.lead.value, CONNECTIONS * 2);
    CLEANUP_FREE struct record *record = look_record(look, 0);
    assert_string_equal(record_get(record, "SYNWAITD_PROBLEM"), "established-pileup");
    assert_string_equal(record_get(record, "SYNWAITD_VALUE"), "6");
    assert_string_equal(record_get(record, "SYNWAITD_NETNS"), look->netns);
    end(&service);
}

/* A look remembers no incident: what is over is not told, what still stands is told as new. */
static void test_again_and_over(void **state) {
    struct config config;

    (void)state;
    need_root();
    struct service service = serve(PORT + 1, 16);
    connect_some(&service, PORT + 1, CONNECTIONS);
    demanding_config(&config);
    config.rule[CONDITION_ESTABLISHED].clear_usec = 0;
    CLEANUP_LOOK struct look *look = look_new(&config);
    look_tick(look);
    look_tick(look);
    assert_int_equal(look->alert_count, 1);
    assert_int_equal(look->alert[0].event, EVENT_RAISED);
    end(&service);
    look_tick(look);
    assert_int_equal(look->alert_count, 0);
}

/* What is held for one port is not held either. */
static void test_port_rule(void **state) {
    struct config config;

    (void)state;
    need_root();
    struct service service = serve(PORT + 2, CONNECTIONS - 1);
    struct sockaddr_in address = loopback(PORT + 2);
    for (size_t i = 0; i < CONNECTIONS; i++) { /* nobody takes them */
        service.client[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        service.server[i] = -1;
        service.count++;
        assert_int_equal(connect(service.client[i], (const struct sockaddr *)&address, sizeof address), 0);
    }
    demanding_config(&config);
    config.rule[CONDITION_ESTABLISHED].enabled = false;
    config.port_count = 1;
    config.port[0].port = PORT + 2;
    config.port[0].overrides[CONDITION_ACCEPT_QUEUE] = true;
    config.port[0].rule[CONDITION_ACCEPT_QUEUE] = config.rule[CONDITION_ACCEPT_QUEUE];
    config.port[0].rule[CONDITION_ACCEPT_QUEUE].floor = 1;
    CLEANUP_LOOK struct look *look = look_new(&config);
    look_tick(look);
    look_tick(look);
    assert_int_equal(look->alert_count, 1);
    assert_int_equal(look->alert[0].finding.problem, PROBLEM_ACCEPT_QUEUE_FULL);
    end(&service);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_again_and_over),
        cmocka_unit_test(test_port_rule),
    };

    return cmocka_run_group_tests(tests, netns_setup, NULL);
}
