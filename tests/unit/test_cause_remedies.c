/* SPDX-License-Identifier: MIT */
/* What helps against a cause without a host to look at. */
#include "case.h"

#include "audit.h"
#include "remedy.h"
#include "util.h"

struct list {
    char text[8192];
    size_t count;
    bool too_long;
};

static void add(const char *remedy, void *context) {
    struct list *list = context;
    struct text text = {list->text, sizeof list->text, strlen(list->text), false};

    text_add(&text, "%zu) %s\n", ++list->count, remedy);
    list->too_long = list->too_long || text.cut || remedy[0] == '\0';
}

static struct list remedies_of(enum cause cause) {
    struct list list = {0};

    remedies_of_cause(cause, add, &list);
    return list;
}

static void test_every_cause_has_some(void **state) {
    (void)state;
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        struct list list = remedies_of((enum cause)i);
        const char *brief = cause_info((enum cause)i)->brief;
        check_row(brief, list.count > 0, 1);
        check_row(brief, list.too_long, 0);
        check_row(brief, strchr(list.text, '@') != NULL, 0);
    }
}

static void test_sysctls_are_named(void **state) {
    static const struct {
        const char *name;
        enum cause cause;
        const char *has, *lacks;
    } rows[] = {
        {"one", CAUSE_FIN_WAIT_2_ORPHANED,
         "2) the sysctl that synwaitctl advise names, if any: net.ipv4.tcp_fin_timeout (orphaned", ", net."},
        {"several", CAUSE_PORTS_TIME_WAIT, "), net.ipv4.tcp_tw_reuse (connect()", "@"},
        {"the same one in two ways is named once", CAUSE_SPOOFED_FLOOD,
         "net.ipv4.tcp_syncookies (a full SYN queue goes on", "2 is for tests"},
        {"an old kernel's is told apart", CAUSE_BURST,
         "net.ipv4.tcp_max_syn_backlog up to Linux 4.3 (lets SYN queues", "@"},
        {"none", CAUSE_FD_HELD, "1) fix the application", "sysctl"},
        {"without a number", CAUSE_ACCEPT_BURST, "raise the application's listen() backlog and restart it",
         "@"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct list list = remedies_of(rows[i].cause);
        if (!strstr(list.text, rows[i].has) || strstr(list.text, rows[i].lacks))
            fail_msg("%s:\n%s", rows[i].name, list.text);
    }
}

static void test_hazards_are_named(void **state) {
    struct list list = remedies_of(CAUSE_UNSAFE_SYSCTL);

    (void)state;
    assert_int_equal(list.count, HAZARD_COUNT);
    for (int i = 0; i < HAZARD_COUNT; i++) {
        const struct advice_row *row = audit_hazard((enum hazard)i).row;
        check_row(row->effect, strstr(list.text, row->effect) != NULL, 1);
        check_row(row->effect, strstr(list.text, knob_name(row->knob)) != NULL, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cause_has_some),
        cmocka_unit_test(test_sysctls_are_named),
        cmocka_unit_test(test_hazards_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
