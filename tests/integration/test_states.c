/* SPDX-License-Identifier: MIT */
/* The sampler's counts of all eleven states, against the sockets made here and against ss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/load/address.h"
#include "../tools/load/peers.h"
#include "../tools/load/states.h"
#include "config.h"
#include "lab.h"
#include "sampler.h"
#include "util.h"

/* RFC 9293's names, with ss's own where it differs. */
static const char *ss_name(enum tcp_state state) {
    return state == STATE_ESTABLISHED ? "ESTAB" : tcp_state_name(state);
}

/* Lines of `ss -Htan` in @p state. */
static unsigned int ss_count(const char *lines, enum tcp_state state) {
    const char *name = ss_name(state);
    size_t length = strlen(name);
    unsigned int count = 0;

    for (const char *line = lines; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            count++;
    }
    return count;
}

static char *ss_lines(void) {
    const char *argv[] = {"/bin/sh", "-c", "exec ss -Htan", NULL};
    struct lab_child *ss = lab_start(LAB_HERE, argv);

    assert_int_equal(lab_wait_exit(ss, 30), 0);
    return lab_output(ss);
}

/* Every state at once, so that one failure shows the whole picture. */
static void check_states(const struct sample *sample, unsigned int kinds) {
    CLEANUP_FREE char *lines = ss_lines();
    unsigned int wrong = 0;

    for (enum tcp_state state = STATE_ESTABLISHED; state < STATE_COUNT; state++) {
        unsigned int made = kinds * states_count((int)state);
        struct figure seen = sample->state[state];
        if (state == STATE_CLOSED) {
            wrong += figure_known(seen); /* nothing counts these */
            continue;
        }
        if (figure_known(seen) && seen.value == made && ss_count(lines, state) == made)
            continue;
        print_error("%s: made %u, ss %u, sample %s %u\n", tcp_state_name(state), made, ss_count(lines, state),
                    figure_known(seen) ? "known" : "unknown", (unsigned int)seen.value);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void check_detail(const struct walk_detail *detail, unsigned int kinds) {
    const struct {
        const char *row;
        uint32_t seen;
    } table[] = {
        {"SYN-RECV simultaneous", detail->syn_recv_simultaneous},
        {"FIN-WAIT-1 orphan", detail->fin_wait_1_orphan},
        {"FIN-WAIT-1 zero window", detail->fin_wait_1_zero_window},
        {"FIN-WAIT-2 held", detail->fin_wait_2_held},
        {"FIN-WAIT-2 minisocket", detail->fin_wait_2_minisocket},
        {"FIN-WAIT-2 orphan", detail->fin_wait_2_orphan - detail->fin_wait_2_minisocket},
    };
    unsigned int wrong = 0;

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        unsigned int made = kinds * states_count_of(table[i].row);
        if (table[i].seen == made)
            continue;
        print_error("%s: made %u, sample %u\n", table[i].row, made, table[i].seen);
        wrong++;
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(detail->close_wait_unaccepted, 0);
}

/* The half-opens belong to the first listener of their kind and to nobody else. */
static void check_listener(const struct sample *sample, enum states_kind kind) {
    uint16_t port = states_listen_port(kind);
    unsigned int found = 0;

    assert_true(sample->listeners_known);
    for (size_t i = 0; i < sample->listener_count; i++) {
        const struct listener *listener = &sample->listener[i];
        if (listener->local.port != port)
            continue;
        found++;
        assert_true(endpoint_is_wildcard(&listener->local));
        assert_int_equal(listener->half_open, states_count_of("SYN-RECV half-open"));
        assert_int_equal(listener->half_open_fresh, listener->half_open);
        assert_int_equal(listener->backlog, 128);
        assert_int_equal(listener->accept_queue, 0);
    }
    assert_int_equal(found, 1);
    const struct port_figures *figures = sample_find_port(sample, port);
    assert_non_null(figures);
    assert_int_equal(figures->state[STATE_SYN_RECV], states_count_of("SYN-RECV half-open"));
}

static const struct sample *take(struct sampler **sampler) {
    struct config config;

    config_defaults(&config);
    *sampler = sampler_new("/proc", NULL);
    assert_non_null(*sampler);
    const struct sample *sample = sampler_take(*sampler, &config, false);
    for (enum source source = 0; source < SOURCE_COUNT; source++)
        if (sample->source[source].failed_ticks)
            fail_msg("%s: %s", source_name(source), sample->source[source].reason);
    return sample;
}

static void count_kind(enum states_kind kind) {
    struct states states;

    lab_enter();
    assert_int_equal(states_make(&states, kind), 0);
    CLEANUP_SAMPLER struct sampler *sampler = NULL;
    const struct sample *sample = take(&sampler);
    check_states(sample, 1);
    check_detail(&sample->detail, 1);
    check_listener(sample, kind);
    states_release(&states);
}

static void test_ipv4(void **state) {
    (void)state;
    count_kind(STATES_IPV4);
}

static void test_ipv6(void **state) {
    (void)state;
    count_kind(STATES_IPV6);
}

static void test_mapped(void **state) {
    (void)state;
    count_kind(STATES_MAPPED);
}

static void test_all_kinds_together(void **state) {
    struct states states[STATES_KINDS];

    (void)state;
    lab_enter();
    for (enum states_kind kind = 0; kind < STATES_KINDS; kind++)
        assert_int_equal(states_make(&states[kind], kind), 0);
    CLEANUP_SAMPLER struct sampler *sampler = NULL;
    const struct sample *sample = take(&sampler);
    check_states(sample, STATES_KINDS);
    check_detail(&sample->detail, STATES_KINDS);
    for (enum states_kind kind = 0; kind < STATES_KINDS; kind++) {
        check_listener(sample, kind);
        states_release(&states[kind]);
    }
}

static void test_empty_namespace(void **state) {
    (void)state;
    lab_enter();
    CLEANUP_SAMPLER struct sampler *sampler = NULL;
    check_states(take(&sampler), 0);
}

/* Peers that gave up in the accept queue: CLOSE-WAIT that no process holds. */
static void test_unaccepted(void **state) {
    const char *leak[] = {"/bin/bash", "-c",
                          "for i in 1 2 3 4; do exec 3<>/dev/tcp/127.0.0.1/9000; exec 3>&-; done", NULL};
    struct sockaddr_storage address;

    (void)state;
    lab_enter();
    assert_int_equal(address_parse("127.0.0.1", 9000, &address), 0);
    CLEANUP_FD int listener = peers_listen(&address, 16);
    assert_true(listener >= 0);
    assert_int_equal(lab_wait_exit(lab_start(LAB_HERE, leak), 30), 0);
    CLEANUP_SAMPLER struct sampler *sampler = NULL;
    const struct sample *sample = take(&sampler);
    assert_int_equal(sample->detail.close_wait_unaccepted, 4);
    const struct port_figures *figures = sample_find_port(sample, 9000);
    assert_non_null(figures);
    assert_int_equal(figures->state[STATE_CLOSE_WAIT], 4);
    assert_int_equal(figures->detail.close_wait_unaccepted, 4);
    assert_int_equal(sample->listener_count, 1);
    assert_int_equal(sample->listener[0].accept_queue, 4);
    assert_int_equal(sample->listener[0].backlog, 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_empty_namespace, lab_teardown),
        cmocka_unit_test_teardown(test_ipv4, lab_teardown),
        cmocka_unit_test_teardown(test_ipv6, lab_teardown),
        cmocka_unit_test_teardown(test_mapped, lab_teardown),
        cmocka_unit_test_teardown(test_all_kinds_together, lab_teardown),
        cmocka_unit_test_teardown(test_unaccepted, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
