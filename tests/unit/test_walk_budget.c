/* SPDX-License-Identifier: MIT */
#include "case.h"

#include "destination_watch.h"
#include "util.h"
#include "walk_budget.h"

#define ONE_PERCENT 100U
#define FULL        600000 /* 60 s worth of one percent */

static void test_fill(void **state) {
    static const struct {
        const char *name;
        int64_t balance;
        uint64_t elapsed;
        uint32_t permyriad;
        int64_t wanted;
    } rows[] = {
        {"a second of one percent", 0, USEC_PER_SEC, 100, 10000},
        {"a tenth of a second", 0, USEC_PER_SEC / 10, 100, 1000},
        {"a second of the least budget", 0, USEC_PER_SEC, 1, 100},
        {"a second of a whole core", 0, USEC_PER_SEC, 10000, 1000000},
        {"up to the brim", FULL - 1, USEC_PER_SEC, 100, FULL},
        {"full stays full", FULL, USEC_PER_SEC, 100, FULL},
        {"out of the red", -10000, USEC_PER_SEC, 100, 0},
        {"still in the red", -10001, USEC_PER_SEC, 100, -1},
        {"no time", 5, 0, 100, 5},
        {"a minute", 0, 60 * USEC_PER_SEC, 100, FULL},
        {"a year asleep", -1000000, 31536000 * USEC_PER_SEC, 10000, 60000000},
        {"the longest time", -1, UINT64_MAX - 5, 100, FULL},
        {"the budget was lowered", FULL, USEC_PER_SEC, 10, 60000},
        {"no budget", 5, USEC_PER_SEC, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct walk_budget budget = {.started = true, .filled_usec = 5, .balance_usec = rows[i].balance};
        walk_budget_fill(&budget, 5 + rows[i].elapsed, rows[i].permyriad);
        check_row(rows[i].name, budget.balance_usec, rows[i].wanted);
        check_row(rows[i].name, budget.filled_usec, 5 + rows[i].elapsed);
    }
}

static void test_starts_full(void **state) {
    struct walk_budget budget = {0};

    (void)state;
    walk_budget_fill(&budget, 123456789, ONE_PERCENT);
    assert_int_equal(budget.balance_usec, FULL);
    walk_budget_spend(&budget, FULL);
    assert_false(walk_budget_positive(&budget));
    walk_budget_spend(&budget, 1);
    assert_int_equal(budget.balance_usec, -1);
    walk_budget_fill(&budget, 123456788, ONE_PERCENT); /* a clock that went back gives nothing */
    assert_int_equal(budget.balance_usec, -1);
}

static void test_due(void **state) {
    static const struct {
        const char *name;
        int64_t balance;
        struct walk_signs signs;
        bool due;
    } rows[] = {
        {"full", FULL, {.max_age_usec = 30}, true},
        {"half full", FULL / 2, {.max_age_usec = 30}, true},
        {"just under half", FULL / 2 - 1, {.max_age_usec = 30}, false},
        {"under half, unknown", FULL / 2 - 1, {.unknown = true, .max_age_usec = 30}, true},
        {"under half, jumped", FULL / 2 - 1, {.jumped = true, .max_age_usec = 30}, true},
        {"under half, old", FULL / 2 - 1, {.age_usec = 30, .max_age_usec = 30}, true},
        {"under half, not quite old", FULL / 2 - 1, {.age_usec = 29, .max_age_usec = 30}, false},
        {"nearly empty, jumped", 1, {.jumped = true, .max_age_usec = 30}, true},
        {"empty, jumped", 0, {.jumped = true, .max_age_usec = 30}, false},
        {"overdrawn, every sign", -1, {true, true, 31, 30, 0}, false},
        {"full, but sooner than cost / budget",
         FULL,
         {.age_usec = 999, .max_age_usec = 3000, .cost_usec = 10},
         false},
        {"full, at cost / budget", FULL, {.age_usec = 1000, .max_age_usec = 3000, .cost_usec = 10}, true},
        {"sooner, jumped",
         FULL,
         {.jumped = true, .age_usec = 1, .max_age_usec = 3000, .cost_usec = 10},
         true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct walk_budget budget = {.started = true, .balance_usec = rows[i].balance};
        check_row(rows[i].name, walk_due(&budget, ONE_PERCENT, &rows[i].signs), rows[i].due);
    }
}

static void test_wait(void **state) {
    static const struct {
        const char *name;
        int64_t balance;
        uint32_t permyriad;
        uint64_t wanted;
    } rows[] = {
        {"full", FULL, 100, 0},
        {"hardly any", 1, 100, 0},
        {"empty", 0, 100, 100},
        {"a second's worth below", -9999, 100, USEC_PER_SEC},
        {"the least budget", -99, 1, USEC_PER_SEC},
        {"a whole core", -999999, 10000, USEC_PER_SEC},
        {"no budget", 0, 0, UINT64_MAX},
        {"no budget, something left", 5, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct walk_budget budget = {.started = true, .filled_usec = 5, .balance_usec = rows[i].balance};
        uint64_t wait = walk_budget_wait_usec(&budget, rows[i].permyriad);
        check_row(rows[i].name, wait, rows[i].wanted);
        if (wait == 0 || wait == UINT64_MAX)
            continue;
        walk_budget_fill(&budget, 5 + wait, rows[i].permyriad);
        check_row(rows[i].name, walk_budget_positive(&budget), true);
    }
}

/* A month of ticks whose walks cost more than the budget: on average it holds. */
static void test_average(void **state) {
    struct walk_budget budget = {0};
    uint64_t spent = 0, now = 1;
    const uint64_t seconds = 30 * 86400;

    (void)state;
    for (uint64_t i = 0; i < seconds; i++, now += USEC_PER_SEC) {
        const struct walk_signs signs = {.jumped = i % 3 == 0, .max_age_usec = 30};
        walk_budget_fill(&budget, now, ONE_PERCENT);
        if (!walk_due(&budget, ONE_PERCENT, &signs))
            continue;
        walk_budget_spend(&budget, 80000);
        spent += 80000;
    }
    check_row("within", spent <= seconds * 10000 + FULL + 80000, true);
    check_row("used", spent >= seconds * 9900, true);
}

static struct figure quiet_increase[COUNTER_COUNT], quiet_gauge[GAUGE_COUNT];

static int make_quiet(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        quiet_increase[i] = FIGURE_OF(0);
    for (size_t i = 0; i < GAUGE_COUNT; i++)
        quiet_gauge[i] = FIGURE_OF(0);
    return 0;
}

static void test_counter_jumps(void **state) {
    static const struct {
        const char *name;
        enum counter counter;
        struct figure before, now;
        bool jumped;
    } rows[] = {
        {"cookies", COUNTER_SYNCOOKIES_SENT, {0, FIGURE_KNOWN}, {1, FIGURE_KNOWN}, true},
        {"cookies still", COUNTER_SYNCOOKIES_SENT, {9, FIGURE_KNOWN}, {1, FIGURE_KNOWN}, true},
        {"cookies over", COUNTER_SYNCOOKIES_SENT, {9, FIGURE_KNOWN}, {0, FIGURE_KNOWN}, false},
        {"queue full, cookies", COUNTER_REQ_QUEUE_FULL_COOKIES, {0, FIGURE_KNOWN}, {1, FIGURE_KNOWN}, true},
        {"queue full, drop", COUNTER_REQ_QUEUE_FULL_DROP, {0, FIGURE_KNOWN}, {1, FIGURE_KNOWN}, true},
        {"listen overflow", COUNTER_LISTEN_OVERFLOWS, {0, FIGURE_KNOWN}, {1, FIGURE_KNOWN}, true},
        {"listen drop", COUNTER_LISTEN_DROPS, {0, FIGURE_KNOWN}, {1, FIGURE_KNOWN}, true},
        {"TIME-WAIT overflow", COUNTER_TIME_WAIT_OVERFLOW, {0, FIGURE_KNOWN}, {1, FIGURE_KNOWN}, true},
        {"unknown", COUNTER_LISTEN_DROPS, {0, FIGURE_KNOWN}, {1, FIGURE_UNKNOWN}, false},
        {"an ordinary counter", COUNTER_OUT_RSTS, {0, FIGURE_KNOWN}, {1000, FIGURE_KNOWN}, false},
        {"64 more opens", COUNTER_PASSIVE_OPENS, {0, FIGURE_KNOWN}, {64, FIGURE_KNOWN}, false},
        {"65 more opens", COUNTER_PASSIVE_OPENS, {0, FIGURE_KNOWN}, {65, FIGURE_KNOWN}, true},
        {"65 fewer opens", COUNTER_PASSIVE_OPENS, {65, FIGURE_KNOWN}, {0, FIGURE_KNOWN}, true},
        {"a tenth more opens", COUNTER_PASSIVE_OPENS, {1000, FIGURE_KNOWN}, {1100, FIGURE_KNOWN}, false},
        {"over a tenth more", COUNTER_PASSIVE_OPENS, {1000, FIGURE_KNOWN}, {1101, FIGURE_KNOWN}, true},
        {"over a tenth fewer", COUNTER_PASSIVE_OPENS, {1000, FIGURE_KNOWN}, {899, FIGURE_KNOWN}, true},
        {"failed attempts", COUNTER_ATTEMPT_FAILS, {0, FIGURE_KNOWN}, {65, FIGURE_KNOWN}, true},
        {"rate unknown before", COUNTER_PASSIVE_OPENS, {0, FIGURE_UNKNOWN}, {65, FIGURE_KNOWN}, false},
        {"rate unknown now", COUNTER_PASSIVE_OPENS, {65, FIGURE_KNOWN}, {0, FIGURE_UNKNOWN}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct figure before[COUNTER_COUNT], now[COUNTER_COUNT];
        memcpy(before, quiet_increase, sizeof before);
        memcpy(now, quiet_increase, sizeof now);
        before[rows[i].counter] = rows[i].before;
        now[rows[i].counter] = rows[i].now;
        check_row(rows[i].name, counters_jumped(before, now, quiet_gauge, quiet_gauge), rows[i].jumped);
    }
}

static void test_gauge_jumps(void **state) {
    static const struct {
        const char *name;
        enum gauge gauge;
        uint64_t before, now;
        bool jumped;
    } rows[] = {
        {"TIME-WAIT up", GAUGE_TIME_WAIT, 0, 65, true},
        {"TIME-WAIT a little", GAUGE_TIME_WAIT, 0, 64, false},
        {"TIME-WAIT down", GAUGE_TIME_WAIT, 70, 5, true},
        {"many TIME-WAIT", GAUGE_TIME_WAIT, 60000, 65999, false},
        {"IPv4 sockets", GAUGE_INUSE, 100, 200, true},
        {"IPv6 sockets", GAUGE_INUSE6, 100, 200, true},
        {"orphans do not count", GAUGE_ORPHANS, 0, 9999, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct figure before[GAUGE_COUNT], now[GAUGE_COUNT];
        memcpy(before, quiet_gauge, sizeof before);
        memcpy(now, quiet_gauge, sizeof now);
        before[rows[i].gauge] = FIGURE_OF(rows[i].before);
        now[rows[i].gauge] = FIGURE_OF(rows[i].now);
        check_row(rows[i].name, counters_jumped(quiet_increase, quiet_increase, before, now), rows[i].jumped);
    }
}

static void test_destination_warning(void **state) {
    static const struct {
        const char *name;
        struct threshold_rule rule;
        struct figure ports, warning;
    } rows[] = {
        {"80 % of the defaults",
         {true, {8000, UNIT_PERMYRIAD}, {0}, 100, 0, 0},
         {28232, FIGURE_KNOWN},
         {22586, FIGURE_KNOWN}},
        {"the floor is higher",
         {true, {8000, UNIT_PERMYRIAD}, {0}, 100, 0, 0},
         {100, FIGURE_KNOWN},
         {100, FIGURE_KNOWN}},
        {"a count", {true, {500, UNIT_COUNT}, {0}, 100, 0, 0}, {0, FIGURE_UNKNOWN}, {500, FIGURE_KNOWN}},
        {"range unknown",
         {true, {8000, UNIT_PERMYRIAD}, {0}, 100, 0, 0},
         {0, FIGURE_UNKNOWN},
         {0, FIGURE_UNKNOWN}},
        {"off", {false, {8000, UNIT_PERMYRIAD}, {0}, 100, 0, 0}, {28232, FIGURE_KNOWN}, {0, FIGURE_UNKNOWN}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct figure warning = destination_warning(&rows[i].rule, rows[i].ports);
        check_row(rows[i].name, warning.status, rows[i].warning.status);
        check_row(rows[i].name, figure_or(warning, 0), rows[i].warning.value);
    }
}

static void test_destination_due(void **state) {
    enum { OPENS = 5000, MANY = OPENS + 1000 };
    static const struct {
        const char *name;
        bool counted;
        uint64_t fullest, age_sec, sockets, active_opens;
        bool due;
    } rows[] = {
        {"never counted", false, 0, 0, 60000, MANY, true},
        {"never counted, as many opened as are a breach", false, 0, 0, 60000, 1000, true},
        {"never counted, fewer opened", false, 0, 0, 60000, 999, false},
        {"half of the warning", true, 500, 1, 60000, MANY, true},
        {"half of the warning, none opened", true, 500, 1, 60000, OPENS, true},
        {"under half, at once", true, 499, 1, 90000, MANY, false},
        {"under half, after 9 s", true, 499, 9, 90000, MANY, false},
        {"under half, grown by a tenth", true, 499, 10, 66000, MANY, true},
        {"under half, grown by less", true, 499, 10, 65999, MANY, false},
        {"under half, shrunk", true, 499, 29, 30000, MANY, false},
        {"under half, after 30 s", true, 0, 30, 60000, MANY, true},
        {"under half, enough opened", true, 400, 30, 60000, OPENS + 600, true},
        {"under half, too few opened", true, 400, 30, 60000, OPENS + 599, false},
        {"under half, none opened for an hour", true, 499, 3600, 90000, OPENS, false},
        {"the counter was reset", true, 400, 30, 60000, 7, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct destination_watch watch = {
            .counted = rows[i].counted,
            .counted_usec = 77,
            .sockets = 60000,
            .fullest = rows[i].fullest,
            .active_opens = FIGURE_OF(OPENS),
        };
        uint64_t now = 77 + rows[i].age_sec * USEC_PER_SEC;
        check_row(rows[i].name,
                  destination_count_due(&watch, now, rows[i].sockets, FIGURE_OF(rows[i].active_opens), 1000),
                  rows[i].due);
        if (!rows[i].due && rows[i].age_sec >= 30) /* a counter that cannot be read decides nothing */
            check_row(rows[i].name, destination_count_due(&watch, now, 60000, FIGURE_NONE, 1000), true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_starts_full),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_counter_jumps),
        cmocka_unit_test(test_gauge_jumps),
        cmocka_unit_test(test_destination_warning),
        cmocka_unit_test(test_destination_due),
    };

    return cmocka_run_group_tests(tests, make_quiet, NULL);
}
