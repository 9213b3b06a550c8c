/* SPDX-License-Identifier: MIT */
/* A port with a rule of its own is not the host's: from the walk to what is said of the host and of the port.
 */
#include "case.h"

#include "diagnose.h"
#include "observe.h"
#include "share_tables.h"
#include "state_walk.h"
#include "util.h"

#define RULED_PORT 8080
#define OTHER_PORT 80
#define RULED      5000 /* sockets there, the same in every walk */
#define OTHERS     120  /* elsewhere */
#define WALKS      4
#define OF_RULED   8080 /* cgroups */
#define OF_OTHERS  4711
#define NONE       999999

static struct state_walk walk;
static struct share_tables *shares;
static struct config config;

static int make(void **state) {
    (void)state;
    shares = share_tables_new();
    return shares ? state_walk_init(&walk) : -1;
}

static int release(void **state) {
    (void)state;
    shares = share_tables_free(shares);
    state_walk_release(&walk);
    return 0;
}

static void add_listener(uint16_t port, uint64_t cgroup) {
    struct listener listener = listener_on(port, 128);

    listener.cgroup = cgroup;
    assert_int_equal(state_walk_add_listener(&walk, &listener), 0);
}

/* A rule for @p condition on RULED_PORT. */
static void make_rule(enum condition condition, bool enabled) {
    config_defaults(&config);
    config.port_count = 1;
    config.port[0] = (struct port_rule){.port = RULED_PORT};
    config.port[0].overrides[condition] = true;
    config.port[0].rule[condition] = config.rule[condition];
    config.port[0].rule[condition].enabled = enabled;
}

static void count(const struct diag_socket *socket) {
    uint16_t port = socket->local.port < 32768 ? socket->local.port : 0;

    if (state_walk_count(&walk, socket))
        share_tables_count(shares, socket, port);
    else
        share_tables_count_at_port(shares, socket, port);
}

static void count_many(struct diag_socket socket, uint16_t port, uint64_t first_cookie, uint64_t number) {
    socket.local = listener_on(port, 0).local;
    socket.remote = socket.local;
    socket.cgroup = port == RULED_PORT ? OF_RULED : OF_OTHERS;
    socket.silent_msec = UINT32_MAX;
    for (uint64_t i = 0; i < number; i++) {
        socket.cookie = first_cookie + i;
        count(&socket);
    }
}

/* Walks for a quarter of a minute. @param turnover of the others in each walk */
static struct sample sample_of(const struct diag_socket *ruled, const struct diag_socket *other,
                               uint16_t other_port, uint64_t turnover) {
    struct sample sample = quiet_sample();

    for (uint64_t turn = 0; turn < WALKS; turn++) {
        walk.listener_count = 0;
        add_listener(OTHER_PORT, OF_OTHERS);
        add_listener(RULED_PORT, OF_RULED);
        sample.taken_usec = sample.walked_usec += 5 * USEC_PER_SEC;
        state_walk_set_time(&walk, sample.walked_usec);
        state_walk_begin(&walk, &config, 5);
        share_tables_reset(shares, WALK_STATE_MASK);
        count_many(*ruled, RULED_PORT, 1, RULED);
        count_many(*other, other_port, 1000000 + turn * turnover, OTHERS);
        state_walk_end(&walk);
    }
    state_walk_figures(&walk, FIGURE_OF(2), &sample);
    sample.listener = walk.listener;
    sample.listener_count = walk.listener_count;
    sample.port = walk.port;
    sample.port_count = walk.port_count;
    sample.detail = walk.detail;
    sample.close_wait_median_usec = walk.close_wait_median_usec;
    sample.shares = shares;
    return sample;
}

/* The breach of the scope that a finding is wanted for. */
static void remember(const struct observation *seen, void *context) {
    struct breach *breach = context;

    if (seen->scope.kind != breach->scope.kind)
        return;
    breach->scope = seen->scope;
    breach->value = seen->value.value;
}

static struct finding find(const struct sample *sample, enum condition condition, enum scope_kind kind) {
    static struct finding findings[FINDINGS_MAX];
    struct breach breach = {
        .condition = condition, .severity = SEVERITY_WARNING, .scope.kind = kind, .threshold = 100};

    observe(&config, sample, condition, remember, &breach);
    assert_int_equal(breach.value, kind == SCOPE_HOST ? OTHERS : RULED);
    assert_int_equal(diagnose(sample, &breach, 1, findings), 1);
    return findings[0];
}

static uint64_t evidence_of(const struct finding *finding, const char *key) {
    for (size_t i = 0; i < finding->evidence_count; i++)
        if (strcmp(finding->evidence[i].key, key) == 0)
            return finding->evidence[i].value;
    return NONE;
}

/* What is leaked at a port whose rule is switched off makes no leak of what comes and goes elsewhere. */
static void test_leak_at_a_port_that_is_off(void **state) {
    static const struct {
        const char *name;
        uint64_t inode;
        uint16_t other_port, local_port;
        uint64_t owner;
    } rows[] = {
        {"the others at another listener", 9, OTHER_PORT, OTHER_PORT, OF_OTHERS},
        {"the others outgoing", 9, 40000, 0, OF_OTHERS},
        {"never accepted there", 0, OTHER_PORT, OTHER_PORT, OF_OTHERS},
    };
    const struct diag_socket other = {.state = STATE_CLOSE_WAIT, .inode = 9};

    (void)state;
    make_rule(CONDITION_CLOSE_WAIT, false);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct diag_socket leaked = {.state = STATE_CLOSE_WAIT, .inode = rows[i].inode};
        struct sample sample = sample_of(&leaked, &other, rows[i].other_port, OTHERS);
        struct finding finding = find(&sample, CONDITION_CLOSE_WAIT, SCOPE_HOST);
        check_row(rows[i].name, finding.quiet, true);
        check_row(rows[i].name, finding.cause, CAUSE_FD_HELD);
        check_row(rows[i].name, finding.local.port, rows[i].local_port);
        check_row(rows[i].name, finding.owner.cgroup, rows[i].owner);
        check_row(rows[i].name, finding.shares.sockets, OTHERS);
        check_row(rows[i].name, evidence_of(&finding, "older_than_5_sec"), 0);
        check_row(rows[i].name, evidence_of(&finding, "held_by_application"), OTHERS);
        check_row(rows[i].name, evidence_of(&finding, "never_accepted"), 0);
        check_row(rows[i].name, evidence_of(&finding, "oldest_sec"), NONE);
        check_row(rows[i].name, evidence_of(&finding, "median_sec"), NONE);
    }
}

static void test_no_others(void **state) {
    const struct diag_socket leaked = {.state = STATE_CLOSE_WAIT}, other = {.state = STATE_LAST_ACK};

    (void)state;
    make_rule(CONDITION_CLOSE_WAIT, true);
    struct sample sample = sample_of(&leaked, &other, OTHER_PORT, 0);
    assert_int_equal(sample.detail.close_wait_since_usec, 0);
    assert_int_equal(sample.close_wait_median_usec, 0);
    assert_int_not_equal(sample_find_port(&sample, RULED_PORT)->detail.close_wait_since_usec, 0);
}

/* The ages of a leak elsewhere are its own. */
static void test_leak_elsewhere(void **state) {
    const struct diag_socket leaked = {.state = STATE_CLOSE_WAIT, .inode = 9};

    (void)state;
    make_rule(CONDITION_CLOSE_WAIT, true);
    struct sample sample = sample_of(&leaked, &leaked, OTHER_PORT, 0);
    struct finding of_host = find(&sample, CONDITION_CLOSE_WAIT, SCOPE_HOST);
    assert_false(of_host.quiet);
    assert_int_equal(of_host.local.port, OTHER_PORT);
    assert_int_equal(evidence_of(&of_host, "older_than_5_sec"), OTHERS);
    assert_int_equal(evidence_of(&of_host, "oldest_sec"), 15);
    assert_int_equal(evidence_of(&of_host, "median_sec"), 15);
    struct finding of_port = find(&sample, CONDITION_CLOSE_WAIT, SCOPE_PORT);
    assert_false(of_port.quiet);
    assert_int_equal(of_port.local.port, RULED_PORT);
    assert_int_equal(of_port.owner.cgroup, OF_RULED);
    assert_int_equal(evidence_of(&of_port, "older_than_5_sec"), RULED);
    assert_int_equal(evidence_of(&of_port, "oldest_sec"), 15);
    assert_int_equal(evidence_of(&of_port, "median_sec"), NONE);
}

/* Of the other states the cause comes from the sockets that are judged, the host's or the port's. */
static void test_causes(void **state) {
    static const struct diag_socket gone = {
        .state = STATE_FIN_WAIT_1, .inode = 9, .timer = 1, .retransmits = 3};
    static const struct diag_socket zero = {.state = STATE_FIN_WAIT_1, .timer = 4};
    static const struct diag_socket held = {.state = STATE_FIN_WAIT_2, .inode = 9};
    static const struct diag_socket orphan = {.state = STATE_FIN_WAIT_2};
    static const struct diag_socket mini = {.state = STATE_FIN_WAIT_2, .minisocket = true};
    static const struct diag_socket again = {.state = STATE_LAST_ACK, .retransmits = 3};
    static const struct diag_socket once = {.state = STATE_LAST_ACK};
    static const struct diag_socket closing = {.state = STATE_CLOSING};
    static const struct {
        const char *name;
        enum condition condition;
        const struct diag_socket *ruled, *other;
        enum cause of_port, of_host;
        const char *key;
        uint64_t at_port, at_host;
    } rows[] = {
        {"zero window there", CONDITION_FIN_WAIT_1, &zero, &gone, CAUSE_ZERO_WINDOW, CAUSE_PEER_GONE,
         "zero_window", RULED, 0},
        {"peers gone there", CONDITION_FIN_WAIT_1, &gone, &zero, CAUSE_PEER_GONE, CAUSE_ZERO_WINDOW,
         "retransmitted", RULED, 0},
        {"closed by its process", CONDITION_FIN_WAIT_1, &gone, &zero, CAUSE_PEER_GONE, CAUSE_ZERO_WINDOW,
         "closed_by_process", 0, OTHERS},
        {"held there", CONDITION_FIN_WAIT_2, &held, &orphan, CAUSE_FIN_WAIT_2_HALF_CLOSED,
         CAUSE_FIN_WAIT_2_ORPHANED, "half_closed_by_process", RULED, 0},
        {"orphans there", CONDITION_FIN_WAIT_2, &orphan, &held, CAUSE_FIN_WAIT_2_ORPHANED,
         CAUSE_FIN_WAIT_2_HALF_CLOSED, "orphaned", RULED, 0},
        {"minisockets there", CONDITION_FIN_WAIT_2, &mini, &held, CAUSE_FIN_WAIT_2_ORPHANED,
         CAUSE_FIN_WAIT_2_HALF_CLOSED, "orphaned", RULED, 0},
        {"minisockets elsewhere", CONDITION_FIN_WAIT_2, &held, &mini, CAUSE_FIN_WAIT_2_HALF_CLOSED,
         CAUSE_FIN_WAIT_2_ORPHANED, "orphaned", 0, OTHERS},
        {"sent again there", CONDITION_LAST_ACK, &again, &once, CAUSE_FINAL_ACK_LOST, CAUSE_FINAL_ACK_LOST,
         "retransmitted", RULED, 0},
        {"closing", CONDITION_CLOSING, &closing, &closing, CAUSE_SIMULTANEOUS_CLOSE, CAUSE_SIMULTANEOUS_CLOSE,
         "on_that_port", RULED, OTHERS},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        make_rule(rows[i].condition, true);
        struct sample sample = sample_of(rows[i].ruled, rows[i].other, OTHER_PORT, OTHERS);
        struct finding of_port = find(&sample, rows[i].condition, SCOPE_PORT);
        struct finding of_host = find(&sample, rows[i].condition, SCOPE_HOST);
        check_row(rows[i].name, of_port.cause, rows[i].of_port);
        check_row(rows[i].name, of_host.cause, rows[i].of_host);
        check_row(rows[i].name, evidence_of(&of_port, rows[i].key), rows[i].at_port);
        check_row(rows[i].name, evidence_of(&of_host, rows[i].key), rows[i].at_host);
        check_row(rows[i].name, of_port.local.port, RULED_PORT);
        check_row(rows[i].name, of_host.local.port, OTHER_PORT);
        check_row(rows[i].name, of_port.shares.sockets, RULED);
        check_row(rows[i].name, of_host.shares.sockets, OTHERS);
    }
}

/* A rule for one state leaves the port's other states the host's. */
static void test_other_states(void **state) {
    const struct diag_socket leaked = {.state = STATE_CLOSE_WAIT, .inode = 9};

    (void)state;
    make_rule(CONDITION_LAST_ACK, false);
    struct sample sample = sample_of(&leaked, &leaked, OTHER_PORT, OTHERS);
    struct breach breach = {.condition = CONDITION_CLOSE_WAIT,
                            .severity = SEVERITY_WARNING,
                            .value = RULED + OTHERS,
                            .threshold = 100};
    struct finding findings[FINDINGS_MAX];
    assert_int_equal(diagnose(&sample, &breach, 1, findings), 1);
    assert_int_equal(findings[0].local.port, RULED_PORT);
    assert_int_equal(findings[0].owner.cgroup, OF_RULED);
    assert_int_equal(findings[0].shares.sockets, RULED + OTHERS);
    assert_false(findings[0].quiet);
}

/* TIME-WAIT's table has the minisockets of every port. */
static void test_minisockets_of_all_ports(void **state) {
    const struct diag_socket mini = {.state = STATE_FIN_WAIT_2, .minisocket = true};

    (void)state;
    make_rule(CONDITION_FIN_WAIT_2, false);
    struct sample sample = sample_of(&mini, &mini, OTHER_PORT, OTHERS);
    assert_int_equal(sample.detail.fin_wait_2_minisocket, RULED + OTHERS);
    sample.gauge[GAUGE_TIME_WAIT] = FIGURE_OF(RULED + OTHERS + 7);
    state_walk_figures(&walk, FIGURE_OF(2), &sample);
    assert_int_equal(figure_or(sample.state[STATE_TIME_WAIT], NONE), 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leak_at_a_port_that_is_off),
        cmocka_unit_test(test_no_others),
        cmocka_unit_test(test_leak_elsewhere),
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_other_states),
        cmocka_unit_test(test_minisockets_of_all_ports),
    };

    return cmocka_run_group_tests(tests, make, release);
}
