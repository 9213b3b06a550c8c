/* SPDX-License-Identifier: MIT */
/* One file: every key's range, and one case for each kind of mistake with the exact message. */
#include "config_case.h"

#include "util.h"

#define COUNTS   "an integer from 1 to 4611686018427387904"
#define PERCENTS "a percentage from \"0.01%\" to \"100%\""
#define CONDITIONS                                                                                           \
    "syn-sent, syn-recv, established, fin-wait-1, fin-wait-2, close-wait, closing, last-ack, time-wait, "    \
    "syn-overflow, accept-overflow, accept-queue, time-wait-overflow, ports, orphans, tcp-memory, conntrack"
#define PORT_CONDITIONS "syn-recv, fin-wait-1, fin-wait-2, close-wait, closing, last-ack, accept-queue"
#define RULE_KEYS       "enabled, warning, critical, floor, hold, clear"
#define PORT_ENTRY      "{ port = 1 to 65535; thresholds = { ... }; }"

struct bad {
    const char *name, *text, *error;
};

/* Padding counts as well: not a byte may change. */
static bool same_bytes(const void *a, const void *b, size_t size) {
    return memcmp(a, b, size) == 0;
}

static void check_bad(const struct tree *tree, const struct bad *rows, size_t count) {
    static struct config config, before;

    memset(&before, 0xA5, sizeof before);
    for (size_t i = 0; i < count; i++) {
        char error[CONFIG_ERROR_SIZE];
        config = before;
        check_row(rows[i].name, -load_text(tree, rows[i].text, &config, error), EINVAL);
        if (strcmp(error, rows[i].error) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", rows[i].name, error, rows[i].error);
        check_row(rows[i].name, same_bytes(&config, &before, sizeof config), true);
    }
}

static void test_syntax(void **state) {
    static const struct bad rows[] = {
        {"no value", "sampling = {\n interval = ;\n};", "case.conf:2: syntax error"},
        {"group without an end", "sampling = {\n", "case.conf:2: syntax error"},
        {"one brace too many", "sampling = { };\n}", "case.conf:2: syntax error"},
        {"no name", "\n= 5;", "case.conf:2: syntax error"},
        {"not ASCII", "s\u00e4mpling = { };", "case.conf:1: syntax error"},
        {"binary", "\n\x01\x02", "case.conf:2: syntax error"},
        {"twice the same key", "sampling = { interval = \"1s\";\ninterval = \"2s\"; };",
         "case.conf:2: syntax error: duplicate setting name"},
        {"mixed array", "ports = [ 1, \"x\" ];",
         "case.conf:1: syntax error: mismatched element type in array"},
        {"string without an end", "# one\nalerts = { reminder = \"5s; };\n",
         "case.conf:2: string without an end, allowed: \"...\""},
        {"string that ends in a backslash", "alerts = { reminder = \"5s\\\"",
         "case.conf:1: string without an end, allowed: \"...\""},
        {"comment without an end", "alerts = { };\n\n/* and\nso on",
         "case.conf:3: comment without an end, allowed: /* ... */"},
        {"include", "# @include \"x\"\n@include \"other.conf\"\n",
         "case.conf:2: @include is not supported, allowed: drop-ins in synwaitd.conf.d"},
        {"number beyond 64 bits", "thresholds = {\n close-wait = { warning = 9223372036854775808; }; };",
         "case.conf:2: number beyond 64 bits, allowed: integers up to 4611686018427387904"},
        {"hexadecimal number beyond 64 bits", "x = 0x8000000000000000;",
         "case.conf:1: number beyond 64 bits, allowed: integers up to 4611686018427387904"},
    };
    check_bad(*state, rows, ARRAY_SIZE(rows));
}

static void test_unknown_keys(void **state) {
    static const struct bad rows[] = {
        {"section", "\nsample = { };",
         "case.conf:2: sample: unknown key, allowed: sampling, thresholds, ports, alerts, output"},
        {"in sampling", "sampling = { Interval = \"1s\"; };",
         "case.conf:1: sampling.Interval: unknown key, allowed: interval, cpu-budget, walk-max-age"},
        {"in alerts", "alerts = { remind = \"1s\"; };",
         "case.conf:1: alerts.remind: unknown key, allowed: reminder"},
        {"in output", "output = { syslog = true; };",
         "case.conf:1: output.syslog: unknown key, allowed: journal, metrics, status"},
        {"condition", "thresholds = {\n syn-rcvd = { }; };",
         "case.conf:2: thresholds.syn-rcvd: unknown condition, allowed: " CONDITIONS},
        {"in a condition", "thresholds = { closing = { warn = 5; }; };",
         "case.conf:1: thresholds.closing.warn: unknown key, allowed: " RULE_KEYS},
        {"in a port entry", "ports = ( { port = 1; threshold = { }; } );",
         "case.conf:1: ports[0].threshold: unknown key, allowed: port, thresholds"},
        {"condition of a port", "ports = ( { port = 1; thresholds = { x = { }; }; } );",
         "case.conf:1: ports[0].thresholds.x: unknown condition, allowed: " PORT_CONDITIONS},
        {"condition not for ports", "ports = ( { port = 1; thresholds = { time-wait = { }; }; } );",
         "case.conf:1: ports[0].thresholds.time-wait: is not judged for one port, allowed: " PORT_CONDITIONS},
    };
    check_bad(*state, rows, ARRAY_SIZE(rows));
}

static void test_wrong_types(void **state) {
    static const struct bad rows[] = {
        {"section", "sampling = 5;", "case.conf:1: sampling: is an integer, allowed: a group, { ... }"},
        {"thresholds", "thresholds = \"x\";",
         "case.conf:1: thresholds: is a string, allowed: a group, { ... }"},
        {"condition", "thresholds = { ports = true; };",
         "case.conf:1: thresholds.ports: is a boolean, allowed: a group, { ... }"},
        {"condition as a list", "thresholds = { ports = ( ); };",
         "case.conf:1: thresholds.ports: is a list, allowed: a group, { ... }"},
        {"ports as a group", "ports = { };",
         "case.conf:1: ports: is a group, allowed: a list of groups, ( { ... }, ... )"},
        {"ports as an array", "ports = [ 443 ];",
         "case.conf:1: ports: is an array, allowed: a list of groups, ( { ... }, ... )"},
        {"port entry", "ports = ( 443 );", "case.conf:1: ports[0]: is an integer, allowed: a group, { ... }"},
        {"port's thresholds", "ports = ( { port = 1; thresholds = 1; } );",
         "case.conf:1: ports[0].thresholds: is an integer, allowed: a group, { ... }"},
        {"integer for a time span", "sampling = {\n\n interval = 3; };",
         "case.conf:3: sampling.interval: is an integer, allowed: a time span from \"100ms\" to \"1min\"; "
         "write it as a string, e.g. \"3s\""},
        {"float for a time span", "thresholds = { ports = { hold = 1.5; }; };",
         "case.conf:1: thresholds.ports.hold: is a floating-point number, allowed: a time span from \"0s\" "
         "to \"1w\"; write it as a string, e.g. \"3s\""},
        {"group for a time span", "alerts = { reminder = { }; };",
         "case.conf:1: alerts.reminder: is a group, allowed: \"0\", or a time span from \"10s\" to \"1w\""},
        {"integer for a percentage", "sampling = { cpu-budget = 1; };",
         "case.conf:1: sampling.cpu-budget: is an integer, allowed: " PERCENTS
         "; write it as a string, e.g. \"1%\""},
        {"integer for a boolean", "output = { journal = 1; };",
         "case.conf:1: output.journal: is an integer, allowed: true or false"},
        {"string for a boolean", "thresholds = { ports = { enabled = \"yes\"; }; };",
         "case.conf:1: thresholds.ports.enabled: is a string, allowed: true or false"},
        {"boolean for a threshold", "thresholds = { ports = { warning = true; }; };",
         "case.conf:1: thresholds.ports.warning: is a boolean, allowed: " COUNTS ", or " PERCENTS},
        {"float for a count", "thresholds = { closing = { warning = 0.5; }; };",
         "case.conf:1: thresholds.closing.warning: is a floating-point number, allowed: " COUNTS},
        {"percentage for a floor", "thresholds = { ports = { floor = \"5%\"; }; };",
         "case.conf:1: thresholds.ports.floor: is a string, allowed: an integer from 0 to "
         "4611686018427387904"},
        {"string for a port", "ports = ( { port = \"https\"; } );",
         "case.conf:1: ports[0].port: is a string, allowed: an integer from 1 to 65535"},
    };
    check_bad(*state, rows, ARRAY_SIZE(rows));
}

static void test_out_of_range(void **state) {
    static const struct bad rows[] = {
        {"interval too short", "sampling = { interval = \"99.999ms\"; };",
         "case.conf:1: sampling.interval: \"99.999ms\" is out of range, allowed: a time span from \"100ms\" "
         "to \"1min\""},
        {"interval too long", "sampling = { interval = \"60.000001s\"; };",
         "case.conf:1: sampling.interval: \"60.000001s\" is out of range, allowed: a time span from "
         "\"100ms\" to \"1min\""},
        {"interval beyond 64 bits", "sampling = { interval = \"999999y\"; };",
         "case.conf:1: sampling.interval: \"999999y\" is out of range, allowed: a time span from \"100ms\" "
         "to \"1min\""},
        {"walk-max-age too long", "sampling = { walk-max-age = \"61min\"; };",
         "case.conf:1: sampling.walk-max-age: \"61min\" is out of range, allowed: a time span from "
         "\"100ms\" to \"1h\""},
        {"reminder too short", "alerts = { reminder = \"9s\"; };",
         "case.conf:1: alerts.reminder: \"9s\" is out of range, allowed: \"0\", or a time span from "
         "\"10s\" to \"1w\""},
        {"no time span", "alerts = { reminder = \"often\"; };",
         "case.conf:1: alerts.reminder: \"often\" is no time span, allowed: \"0\", or a time span from "
         "\"10s\" to \"1w\""},
        {"hold too long", "thresholds = { closing = { hold = \"8d\"; }; };",
         "case.conf:1: thresholds.closing.hold: \"8d\" is out of range, allowed: a time span from \"0s\" to "
         "\"1w\""},
        {"budget of nothing", "sampling = { cpu-budget = \"0%\"; };",
         "case.conf:1: sampling.cpu-budget: \"0%\" is out of range, allowed: " PERCENTS},
        {"budget above a core", "sampling = { cpu-budget = \"100.01%\"; };",
         "case.conf:1: sampling.cpu-budget: \"100.01%\" is out of range, allowed: " PERCENTS},
        {"budget far above", "sampling = { cpu-budget = \"99999999999999999999%\"; };",
         "case.conf:1: sampling.cpu-budget: \"99999999999999999999%\" is out of range, allowed: " PERCENTS},
        {"three decimals", "sampling = { cpu-budget = \"0.125%\"; };",
         "case.conf:1: sampling.cpu-budget: \"0.125%\" is no percentage, allowed: " PERCENTS},
        {"no sign", "sampling = { cpu-budget = \"5\"; };",
         "case.conf:1: sampling.cpu-budget: \"5\" is no percentage, allowed: " PERCENTS},
        {"no digit before the point", "sampling = { cpu-budget = \".5%\"; };",
         "case.conf:1: sampling.cpu-budget: \".5%\" is no percentage, allowed: " PERCENTS},
        {"space before the sign", "sampling = { cpu-budget = \"5 %\"; };",
         "case.conf:1: sampling.cpu-budget: \"5 %\" is no percentage, allowed: " PERCENTS},
        {"a word for a threshold", "\n\nthresholds = { syn-recv = { warning = \"abc\"; }; };",
         "case.conf:3: thresholds.syn-recv.warning: \"abc\" is no count and no percentage, allowed: " COUNTS
         ", or " PERCENTS},
        {"a count in quotes", "thresholds = { closing = { warning = \"50\"; }; };",
         "case.conf:1: thresholds.closing.warning: \"50\" is no count and no percentage, allowed: " COUNTS},
        {"a percentage of no limit", "thresholds = { closing = { warning = \"50%\"; }; };",
         "case.conf:1: thresholds.closing.warning: \"50%\" is a percentage, but closing has no limit that it "
         "could be of, allowed: " COUNTS},
        {"threshold 0", "thresholds = { closing = { warning = 0; }; };",
         "case.conf:1: thresholds.closing.warning: 0 is out of range, allowed: " COUNTS},
        {"negative threshold", "thresholds = { closing = { critical = -5; }; };",
         "case.conf:1: thresholds.closing.critical: -5 is out of range, allowed: " COUNTS},
        {"large negative threshold", "thresholds = { closing = { critical = -5000000000; }; };",
         "case.conf:1: thresholds.closing.critical: -5000000000 is out of range, allowed: " COUNTS},
        {"threshold above 2^62", "thresholds = { closing = { critical = 4611686018427387905L; }; };",
         "case.conf:1: thresholds.closing.critical: 4611686018427387905 is out of range, allowed: " COUNTS},
        {"negative floor", "thresholds = { closing = { floor = -1; }; };",
         "case.conf:1: thresholds.closing.floor: -1 is out of range, allowed: an integer from 0 to "
         "4611686018427387904"},
        {"port 0", "ports = ( { port = 1; }, { port = 0; } );",
         "case.conf:1: ports[1].port: 0 is out of range, allowed: an integer from 1 to 65535"},
        {"port 65536", "ports = (\n{ port = 65536; } );",
         "case.conf:2: ports[0].port: 65536 is out of range, allowed: an integer from 1 to 65535"},
    };
    check_bad(*state, rows, ARRAY_SIZE(rows));
}

static void test_what_does_not_go_together(void **state) {
    static const struct bad rows[] = {
        {"warning above the default critical", "thresholds = { closing = { warning = 5001; }; };",
         "case.conf:1: thresholds.closing.warning: 5001 is above critical = 5000 (the default), allowed: "
         "warning up to critical"},
        {"critical below the default warning", "thresholds = {\nclosing = { critical = 499; }; };",
         "case.conf:2: thresholds.closing.critical: 499 is below warning = 500 (the default), allowed: "
         "warning up to critical"},
        {"the later of two is blamed", "thresholds = { closing = {\n warning = 9;\n critical = 8;\n }; };",
         "case.conf:3: thresholds.closing.critical: 8 is below warning = 9 (line 2), allowed: warning up to "
         "critical"},
        {"the later of two is blamed, other order",
         "thresholds = { closing = {\n critical = 8;\n warning = 9;\n }; };",
         "case.conf:3: thresholds.closing.warning: 9 is above critical = 8 (line 2), allowed: warning up to "
         "critical"},
        {"percentages", "thresholds = { ports = { warning = \"95.01%\"; }; };",
         "case.conf:1: thresholds.ports.warning: \"95.01%\" is above critical = \"95%\" (the default), "
         "allowed: warning up to critical"},
        {"a switched-off condition too", "thresholds = { closing = { enabled = false; warning = 5001; }; };",
         "case.conf:1: thresholds.closing.warning: 5001 is above critical = 5000 (the default), allowed: "
         "warning up to critical"},
        {"units", "thresholds = { syn-recv = { warning = 100; }; };",
         "case.conf:1: thresholds.syn-recv.warning: 100 is not of the same unit as critical = \"90%\" (the "
         "default), allowed: both counts or both percentages"},
        {"port rule above the general critical",
         "thresholds = { closing = {\ncritical = 600; }; };\nports = (\n{ port = 1;\nthresholds = {\n"
         "closing = { warning = 601; }; }; } );",
         "case.conf:6: ports[0].thresholds.closing.warning: 601 is above critical = 600 (line 2), allowed: "
         "warning up to critical"},
        {"general rule set later than the port's",
         "ports = ( { port = 9; }, { port = 1; thresholds = {\nclosing = { warning = 1000; }; }; } );\n"
         "thresholds = { closing = {\ncritical = 600; }; };",
         "case.conf:4: thresholds.closing.critical: 600 is below warning = 1000 (line 2), allowed: warning "
         "up to critical"},
        {"interval above the default walk-max-age", "sampling = { interval = \"31s\"; };",
         "case.conf:1: sampling.interval: \"31s\" is longer than walk-max-age = \"30s\" (the default), "
         "allowed: walk-max-age of at least interval"},
        {"walk-max-age below interval", "sampling = {\ninterval = \"2s\";\nwalk-max-age = \"1s\"; };",
         "case.conf:3: sampling.walk-max-age: \"1s\" is shorter than interval = \"2s\" (line 2), allowed: "
         "walk-max-age of at least interval"},
        {"no port", "ports = (\n{ thresholds = { }; } );",
         "case.conf:2: ports[0]: has no port, allowed: " PORT_ENTRY},
        {"one port twice", "ports = ( { port = 80; },\n{ port = 443; },\n{ port = 80; } );",
         "case.conf:3: ports[2].port: 80 is already the port of ports[0] (line 1), allowed: each port once "
         "in a file"},
    };
    check_bad(*state, rows, ARRAY_SIZE(rows));
}

/* A value's bytes go to logs and to JSON, so a message is one line of valid UTF-8. */
static void test_messages_are_printable(void **state) {
    static const struct bad rows[] = {
        {"control characters", "alerts = { reminder = \"\x1b[31m\n5s\"; };",
         "case.conf:1: alerts.reminder: \"?[31m?5s\" is no time span, allowed: \"0\", or a time span from "
         "\"10s\" to \"1w\""},
        {"no UTF-8 in its shortest form, and a control character of C1",
         "alerts = { reminder = \"\xE0\x80\x80\xC2\x9B\"; };",
         "case.conf:1: alerts.reminder: \"?????\" is no time span, allowed: \"0\", or a time span from "
         "\"10s\" to \"1w\""},
        {"not UTF-8", "alerts = { reminder = \"5\xb5s\"; };",
         "case.conf:1: alerts.reminder: \"5?s\" is no time span, allowed: \"0\", or a time span from "
         "\"10s\" to \"1w\""},
        {"C1 control, overlong and text turned around",
         "alerts = { reminder = \"\xC2\x9B\xE0\x80\xAF\xE2\x80\xAE\"; };",
         "case.conf:1: alerts.reminder: \"????????\" is no time span, allowed: \"0\", or a time span from "
         "\"10s\" to \"1w\""},
        {"UTF-8", "alerts = { reminder = \"\u00fc\u20ac\U0001f600\"; };",
         "case.conf:1: alerts.reminder: \"\u00fc\u20ac\U0001f600\" is no time span, allowed: \"0\", or a "
         "time span from \"10s\" to \"1w\""},
        {"a long value", "alerts = { reminder = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"; };",
         "case.conf:1: alerts.reminder: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is no time span, "
         "allowed: \"0\", or a time span from \"10s\" to \"1w\""},
        {"a long name", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1;",
         "case.conf:1: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: unknown key, allowed: sampling, "
         "thresholds, ports, alerts, output"},
    };
    check_bad(*state, rows, ARRAY_SIZE(rows));
}

static void test_good(void **state) {
    static const struct {
        const char *name, *text, *dumped;
    } rows[] = {
        {"shortest interval", "sampling = { interval = \"100ms\"; };", "interval = \"100ms\";"},
        {"longest interval", "sampling = { interval = \"1min\"; walk-max-age = \"1min\"; };",
         "interval = \"1min\";"},
        {"longest walk-max-age", "sampling = { walk-max-age = \"1h\"; };", "walk-max-age = \"1h\";"},
        {"smallest budget", "sampling = { cpu-budget = \"0.01%\"; };", "cpu-budget = \"0.01%\";"},
        {"one decimal", "sampling = { cpu-budget = \"0.50%\"; };", "cpu-budget = \"0.5%\";"},
        {"largest budget", "sampling = { cpu-budget = \"100.00%\"; };", "cpu-budget = \"100%\";"},
        {"no reminders", "alerts = { reminder = \"0\"; };", "reminder = \"0s\";"},
        {"shortest reminder", "alerts = { reminder = \"10\"; };", "reminder = \"10s\";"},
        {"longest reminder", "alerts = { reminder = \"1week\"; };", "reminder = \"1w\";"},
        {"output off", "output = { journal = FALSE; metrics = false; status = false; };",
         "journal = false;\n    metrics = false;\n    status = false;"},
        {"output on", "output = { journal = true; };", "journal = true;"},
        {"a condition off", "thresholds = { ports = { enabled = false; }; };", "ports = { enabled = false;"},
        {"a condition on", "thresholds = { established = { enabled = True; }; };",
         "established = { enabled = true;"},
        {"counts where percentages are the default",
         "thresholds = { syn-recv = { warning = 1; critical = 1; }; };", "warning = 1; critical = 1;"},
        {"smallest percentage", "thresholds = { conntrack = { warning = \"0.01%\"; }; };",
         "warning = \"0.01%\"; critical = \"95%\";"},
        {"warning and critical equal", "thresholds = { closing = { warning = 5000; }; };",
         "warning = 5000; critical = 5000;"},
        {"beyond 32 bits", "thresholds = { closing = { critical = 2147483648; }; };",
         "critical = 2147483648L;"},
        {"beyond 32 bits, hexadecimal", "thresholds = { closing = { critical = 0xFFFFFFFF; }; };",
         "critical = 4294967295L;"},
        {"just within 32 bits", "thresholds = { closing = { critical = 2147483647; }; };",
         "critical = 2147483647;"},
        {"with the suffix", "thresholds = { closing = { critical = 6000L; }; };", "critical = 6000;"},
        {"2^62",
         "thresholds = { closing = { critical = 4611686018427387904; floor = 4611686018427387904; }; };",
         "critical = 4611686018427387904L; floor = 4611686018427387904L;"},
        {"sums of time spans", "thresholds = { closing = { hold = \"1min30s\"; clear = \"0\"; }; };",
         "hold = \"1min 30s\"; clear = \"0s\";"},
        {"numbers in comments and strings",
         "# 99999999999999999999 @include { ( [ \"\n// x\n/* \" */ alerts = { reminder = \"10s\" \"\"; };",
         "reminder = \"10s\";"},
        {"colons and no separators", "alerts: { reminder: \"20s\" } output: { status: false }",
         "reminder = \"20s\";"},
        {"empty groups", "sampling = {}; thresholds = { closing = {}; }; ports = (); alerts = {};",
         "ports = ( );"},
        {"a port", "ports = ( { thresholds = { closing = { warning = 5; }; }; port = 0x50; } );",
         "        port = 80;\n        thresholds = {\n            closing = { enabled = true; warning = 5; "
         "critical = 5000; floor = 0; hold = \"1min\"; clear = \"1min\"; };\n        };\n    }\n);"},
        {"a port inherits what the file says later",
         "ports = ( { port = 80; thresholds = { closing = { warning = 5; }; }; } );\n"
         "thresholds = { closing = { enabled = false; critical = 700; }; };",
         "            closing = { enabled = false; warning = 5; critical = 700;"},
        {"a port without rules", "ports = ( { port = 80; } );",
         "port = 80;\n        thresholds = {\n        };"},
        {"ports are sorted", "ports = ( { port = 65535; }, { port = 1; } );",
         "port = 1;\n        thresholds = {\n        };\n    },\n    {\n        port = 65535;"},
    };
    static struct config config;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char error[CONFIG_ERROR_SIZE];
        int result = load_text(*state, rows[i].text, &config, error);
        if (result < 0)
            fail_msg("%s: %s", rows[i].name, error);
        CLEANUP_FREE char *dump = dump_text(&config);
        if (!strstr(dump, rows[i].dumped))
            fail_msg("%s: \"%s\" is not in\n%s", rows[i].name, rows[i].dumped, dump);
    }
}

static void test_rule_of_a_port(void **state) {
    static struct config config;
    char error[CONFIG_ERROR_SIZE];

    assert_int_equal(load_text(*state,
                               "ports = ( { port = 443; thresholds = { closing = { warning = 5; }; }; } );",
                               &config, error),
                     0);
    assert_true(config_rule(&config, CONDITION_CLOSING, 443) != &config.rule[CONDITION_CLOSING]);
    assert_false(config_rule(&config, CONDITION_CLOSING, 80) != &config.rule[CONDITION_CLOSING]);
    assert_false(config_rule(&config, CONDITION_LAST_ACK, 443) != &config.rule[CONDITION_LAST_ACK]);
    assert_int_equal(config_rule(&config, CONDITION_CLOSING, 443)->warning.value, 5);
    assert_ptr_equal(config_rule(&config, CONDITION_CLOSING, 80), &config.rule[CONDITION_CLOSING]);
    assert_ptr_equal(config_rule(&config, CONDITION_LAST_ACK, 443), &config.rule[CONDITION_LAST_ACK]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_what_does_not_go_together),
        cmocka_unit_test(test_messages_are_printable),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_rule_of_a_port),
    };
    return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
