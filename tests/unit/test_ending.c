/* SPDX-License-Identifier: MIT */
/* What the clearing of an incident is laid to. */
#include "case.h"

#include "incident.h"
#include "util.h"

#define SECOND USEC_PER_SEC

/* One host with one listener on port 80, whose incident is open. */
struct bench {
    struct sample sample;
    struct listener listener;
    struct incident_table table;
    struct finding finding;
    struct alert alert[INCIDENTS_MAX + FINDINGS_MAX];
    size_t count;
};

static struct bench bench;

static void tick(bool found) {
    bench.sample.taken_usec += SECOND;
    bench.finding.lead.measured_usec = bench.sample.taken_usec;
    bench.count = incident_update(&bench.table, &bench.finding, found, &bench.sample, 0, bench.alert);
}

static void ticks(int seconds) {
    for (int i = 0; i < seconds; i++)
        tick(true);
}

static void raise(enum problem_family family, enum condition condition) {
    memset(&bench, 0, sizeof bench);
    bench.sample = quiet_sample();
    bench.listener = listener_on(80, 128);
    bench.listener.inode = 4711;
    bench.sample.listener = &bench.listener;
    bench.sample.listener_count = 1;
    bench.finding = (struct finding){
        .problem = PROBLEM_CLOSE_WAIT_LEAK,
        .family = family,
        .cause = CAUSE_FD_HELD,
        .severity = SEVERITY_WARNING,
        .lead = {.condition = condition, .severity = SEVERITY_WARNING, .value = 1000, .threshold = 100},
        .local = bench.listener.local,
    };
    tick(true);
}

static void nothing(void) {
}

static void close_listener(void) {
    bench.sample.listener_count = 0;
}

static void lose_sight(void) {
    bench.sample.listener_count = 0;
    bench.sample.listeners_known = false;
}

static void restart(void) {
    bench.listener.inode = 4712;
}

static void restart_slowly(void) {
    close_listener();
    ticks(5);
    bench.sample.listener_count = 1;
    bench.listener.inode = 4712;
    bench.listener.members = 2;
}

/* A second process joins with SO_REUSEPORT, and its socket is the fuller one. */
static void grow_group(void) {
    bench.listener.inode = 4712;
    bench.listener.members = 2;
}

/* Rolling: the second joins, then the first leaves. */
static void roll_over(void) {
    grow_group();
    ticks(5);
    bench.listener.members = 1;
}

static void listen_again(void) {
    bench.listener.backlog = 4096;
}

static void restart_with_more(void) {
    restart();
    ticks(1);
    listen_again();
    bench.listener.inode = 4713;
}

static void change_sysctl(void) {
    bench.sample.knob[KNOB_TCP_FIN_TIMEOUT].value = FIGURE_OF(10);
}

static void change_keepalive(void) {
    bench.sample.knob[KNOB_TCP_KEEPALIVE_TIME].value = FIGURE_OF(600);
}

static void change_backlog(void) {
    bench.sample.knob[KNOB_SOMAXCONN].value = FIGURE_OF(8192);
}

static void change_keepalive_and_backlog(void) {
    change_keepalive();
    change_backlog();
}

static void change_and_restart(void) {
    change_sysctl();
    restart();
}

static void change_when_subsiding(void) {
    bench.finding.lead.value = 99;
    ticks(1);
    change_sysctl();
}

static void change_and_widen(void) {
    change_sysctl();
    bench.finding.lead.limit = FIGURE_OF(2000);
}

static void raise_limit(void) {
    bench.finding.lead.limit = FIGURE_OF(2000);
}

static void lower_limit(void) {
    bench.finding.lead.limit = FIGURE_OF(1000);
}

static void test_endings(void **state) {
    static const struct {
        const char *name;
        enum problem_family family;
        void (*happen)(void);
        int seconds; /* from then to the clearing */
        enum ending wanted;
    } rows[] = {
        {"nothing known", FAMILY_HANDSHAKE, nothing, 10, ENDING_UNKNOWN},
        {"closed", FAMILY_HANDSHAKE, close_listener, 10, ENDING_LISTENER_GONE},
        {"closed, two minutes ago", FAMILY_HANDSHAKE, close_listener, 119, ENDING_LISTENER_GONE},
        {"closed, longer ago", FAMILY_HANDSHAKE, close_listener, 121, ENDING_UNKNOWN},
        {"listeners not readable", FAMILY_HANDSHAKE, lose_sight, 10, ENDING_UNKNOWN},
        {"another socket", FAMILY_HANDSHAKE, restart, 10, ENDING_LISTENER_RESTARTED},
        {"closed and back", FAMILY_HANDSHAKE, restart_slowly, 10, ENDING_LISTENER_RESTARTED},
        {"a group's fullest socket", FAMILY_HANDSHAKE, grow_group, 10, ENDING_UNKNOWN},
        {"a group rolled over", FAMILY_HANDSHAKE, roll_over, 10, ENDING_LISTENER_RESTARTED},
        {"listen() with more", FAMILY_HANDSHAKE, listen_again, 10, ENDING_LIMIT_RAISED},
        {"another socket with more", FAMILY_HANDSHAKE, restart_with_more, 10, ENDING_LISTENER_RESTARTED},
        {"leaking process restarted", FAMILY_CLOSE_WAIT, restart, 10, ENDING_LISTENER_RESTARTED},
        {"leaking process ended", FAMILY_CLOSE_WAIT, close_listener, 10, ENDING_LISTENER_GONE},
        {"no listener's problem", FAMILY_PORTS, close_listener, 10, ENDING_UNKNOWN},
        {"sysctl within the minute", FAMILY_PORTS, change_sysctl, 10, ENDING_SYSCTL},
        {"sysctl that does not act on it", FAMILY_HANDSHAKE, change_keepalive, 10, ENDING_UNKNOWN},
        {"the same elsewhere", FAMILY_ESTABLISHED, change_keepalive, 10, ENDING_SYSCTL},
        {"one of two acts on it", FAMILY_HANDSHAKE, change_keepalive_and_backlog, 10, ENDING_SYSCTL},
        {"sysctl judged in vain", FAMILY_PORTS, change_sysctl, 70, ENDING_UNKNOWN},
        {"sysctl when it was going", FAMILY_PORTS, change_when_subsiding, 10, ENDING_UNKNOWN},
        {"sysctl and a restart", FAMILY_CLOSE_WAIT, change_and_restart, 10, ENDING_LISTENER_RESTARTED},
        {"sysctl that raises the limit", FAMILY_PORTS, change_and_widen, 10, ENDING_SYSCTL},
        {"limit raised", FAMILY_PORTS, raise_limit, 10, ENDING_LIMIT_RAISED},
        {"a limit beside a listener that did not change", FAMILY_HANDSHAKE, raise_limit, 10, ENDING_UNKNOWN},
        {"limit lowered", FAMILY_PORTS, lower_limit, 10, ENDING_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        raise(rows[i].family,
              rows[i].family == FAMILY_CLOSE_WAIT ? CONDITION_CLOSE_WAIT : CONDITION_TIME_WAIT);
        bench.finding.lead.limit = FIGURE_OF(1500);
        ticks(10);
        rows[i].happen();
        ticks(rows[i].seconds);
        tick(false);
        check_row(rows[i].name, bench.count, 1);
        check_row(rows[i].name, bench.alert[0].event, EVENT_CLEARED);
        check_row(rows[i].name, bench.alert[0].ending, rows[i].wanted);
    }
}

static void test_the_clearing_tells_the_outcome(void **state) {
    static const struct {
        const char *name;
        void (*happen)(void);
        int seconds, then_value;
        enum verdict wanted;
    } rows[] = {
        {"within the minute", change_keepalive, 10, 1000, VERDICT_HELPED},
        {"of what does not act on it", change_backlog, 10, 1000, VERDICT_UNKNOWN},
        {"helped, and told so", change_keepalive, 70, 500, VERDICT_HELPED},
        {"no effect, and told so", change_keepalive, 70, 1000, VERDICT_NONE},
        {"helped, long ago", change_keepalive, 200, 500, VERDICT_NONE},
        {"something else ended it", change_and_restart, 10, 1000, VERDICT_UNKNOWN},
        {"no change", nothing, 10, 1000, VERDICT_NONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        raise(FAMILY_CLOSE_WAIT, CONDITION_CLOSE_WAIT);
        rows[i].happen();
        tick(true);
        bench.finding.lead.value = (uint64_t)rows[i].then_value;
        ticks(rows[i].seconds - 1);
        tick(false);
        check_row(rows[i].name, bench.alert[0].outcome.verdict, rows[i].wanted);
    }
}

/* The alert at the change still tells what it was about when the next measurement has none of it. */
static void test_a_change_that_ends_it_at_once(void **state) {
    (void)state;
    raise(FAMILY_PORTS, CONDITION_PORTS);
    change_sysctl();
    bench.finding.lead.value = 0;
    tick(true);
    check_row("told", bench.alert[0].outcome.verdict, VERDICT_PENDING);
    check_row("with the number before", bench.alert[0].finding.lead.value, 1000);
}

/* A leak may name its port alone. */
static void test_a_port_without_an_address(void **state) {
    (void)state;
    raise(FAMILY_CLOSE_WAIT, CONDITION_CLOSE_WAIT);
    tick(false);
    bench.finding.local = (struct endpoint){.port = 80};
    tick(true);
    restart();
    tick(true);
    tick(false);
    check_row("found by its port", bench.alert[0].ending, ENDING_LISTENER_RESTARTED);
    bench.finding.local = (struct endpoint){0};
    tick(true);
    close_listener();
    tick(true);
    tick(false);
    check_row("no port at all", bench.alert[0].ending, ENDING_UNKNOWN);
}

/* What the state file kept: the listener and its inode. The daemon's own start is no change of anything. */
static void test_after_a_restart_of_the_daemon(void **state) {
    struct incident incident;

    (void)state;
    raise(FAMILY_CLOSE_WAIT, CONDITION_CLOSE_WAIT);
    incident = bench.table.incident[0];
    memset(&bench.table, 0, sizeof bench.table);
    incident.watch = (struct ending_watch){.listener = bench.listener.local, .inode = 4711};
    bench.table.incident[0] = incident;
    bench.table.end = 1;
    change_sysctl();
    bench.listener.backlog = 4096;
    tick(true);
    check_row("nothing to tell", bench.count, 0);
    check_row("nothing seen", bench.table.incident[0].watch.seen, ENDING_UNKNOWN);
    bench.table.incident[0].watch = (struct ending_watch){.listener = bench.listener.local, .inode = 11};
    tick(true);
    tick(false);
    check_row("restarted while nobody looked", bench.alert[0].ending, ENDING_LISTENER_RESTARTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_the_clearing_tells_the_outcome),
        cmocka_unit_test(test_a_change_that_ends_it_at_once),
        cmocka_unit_test(test_a_port_without_an_address),
        cmocka_unit_test(test_after_a_restart_of_the_daemon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
