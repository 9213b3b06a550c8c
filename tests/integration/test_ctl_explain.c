/* SPDX-License-Identifier: MIT */
/* The counts that explain shows, against sockets in every state made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../tools/load/states.h"
#include "lab.h"
#include "state_diagram.h"
#include "util.h"

/* Runs a shell script whose $0 is synwaitctl. */
static char *run(const char *script) {
    const char *argv[] = {"/bin/sh", "-c", script, lab_program("test/synwaitctl"), NULL};
    struct lab_child *child = lab_start(LAB_HERE, argv);
    int code = lab_wait_exit(child, 60);
    CLEANUP_FREE char *error = lab_error(child);

    if (code != 0)
        fail_msg("%s: exit %d: %s", script, code, error);
    return lab_output(child);
}

static const char *row_of(const char *text, size_t wanted) {
    for (size_t row = 0; row < wanted && text; row++) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return text;
}

/* In ASCII, where bytes are columns. */
static void check_boxes(const char *output) {
    size_t count;
    const struct diagram_box *box = diagram_boxes(&count);

    for (size_t i = 0; i < count; i++) {
        const char *line = row_of(output, box[i].row + 1);
        const char *name = tcp_state_name(box[i].state);
        unsigned int made = states_count((int)box[i].state);
        char shown[DIAGRAM_BOX_WIDTH];
        assert_non_null(line);
        snprintf(shown, sizeof shown, "%s", line + box[i].column + 1);
        if (box[i].state == STATE_CLOSED ? !strstr(shown, " - ") : strtoul(shown, NULL, 10) != made)
            fail_msg("%s: made %u, shown \"%s\" in\n%s", name, made, shown, output);
    }
}

static void test_diagram(void **state) {
    struct states states;

    (void)state;
    lab_enter();
    assert_int_equal(states_make(&states, STATES_IPV4), 0);
    CLEANUP_FREE char *ascii = run("LC_ALL=C exec \"$0\" explain states");
    check_boxes(ascii);
    CLEANUP_FREE char *unicode = run("LC_ALL=C.UTF-8 exec \"$0\" explain states");
    assert_non_null(strstr(unicode, "\u250C\u2500 SYN-SENT "));
    states_release(&states);
}

static void test_json(void **state) {
    struct states states;
    const char *name;
    json_t *count;

    (void)state;
    lab_enter();
    assert_int_equal(states_make(&states, STATES_IPV6), 0);
    CLEANUP_FREE char *output = run("exec \"$0\" --json explain states");
    json_t *json = json_loads(output, 0, NULL);
    json_t *counts = json_object_get(json_array_get(json, 0), "counts");
    assert_int_equal(json_object_size(counts), STATE_COUNT - 1);
    json_object_foreach(counts, name, count) {
        unsigned int made = 0;
        for (int i = 1; i < STATE_COUNT; i++)
            if (strcmp(name, tcp_state_name((enum tcp_state)i)) == 0)
                made = states_count(i);
        if (strcmp(name, "CLOSED") == 0 ? !json_is_null(count) : json_integer_value(count) != made)
            fail_msg("%s: made %u in %s", name, made, output);
    }
    json_decref(json);
    states_release(&states);
}

#define EACH_STATE(program)                                                                                  \
    "for s in LISTEN SYN-SENT SYN-RECV ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK "       \
    "TIME-WAIT CLOSED; do " program " explain $s | sed -n 1p; done"

/* One state alone, also for who has no privilege at all. */
static void test_state(void **state) {
    static const char *const scripts[] = {
        EACH_STATE("\"$0\""),
        "exec 3<\"$0\" && exec setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "
        "--inh-caps -all --no-new-privs --pdeathsig KILL sh -c '" EACH_STATE("/proc/self/fd/3") "'",
    };
    struct states states;

    (void)state;
    lab_enter();
    assert_int_equal(states_make(&states, STATES_MAPPED), 0);
    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
        CLEANUP_FREE char *output = run(scripts[i]);
        for (int wanted = 1; wanted < STATE_COUNT; wanted++) {
            const char *name = tcp_state_name((enum tcp_state)wanted);
            unsigned int made = states_count(wanted);
            char head[128];
            snprintf(head, sizeof head, "%s: a TCP state, %u socket%s now\n", name, made,
                     made == 1 ? "" : "s");
            if (wanted == STATE_CLOSED)
                snprintf(head, sizeof head, "%s: a TCP state\n", name);
            if (!strstr(output, head))
                fail_msg("wanted %sgot %s", head, output);
        }
    }
    states_release(&states);
}

/* The thresholds of the file that is asked for, a port's own among them. */
static void test_thresholds_in_force(void **state) {
    static const char file[] =
        "thresholds = { close-wait = { warning = 77; }; };\n"
        "ports = ({ port = 443; thresholds = { close-wait = { warning = 7; }; }; });\n";
    char script[512];

    (void)state;
    const char *scratch = lab_scratch();
    snprintf(script, sizeof script,
             "cat >%s/x.conf <<'END' && exec \"$0\" --config %s/x.conf explain close-wait\n%sEND\n", scratch,
             scratch, file);
    CLEANUP_FREE char *output = run(script);
    assert_non_null(strstr(output, "  default   enabled=true; warning=100;"));
    assert_non_null(strstr(output, "  in force  enabled=true; warning=77;"));
    assert_non_null(strstr(output, "            for port 443: enabled=true; warning=7;"));
    snprintf(script, sizeof script, "exec \"$0\" --json --config %s/x.conf explain close-wait", scratch);
    CLEANUP_FREE char *text = run(script);
    json_t *json = json_loads(text, 0, NULL);
    json_t *condition = json_array_get(json, 1);
    json_t *port = json_array_get(json_object_get(condition, "in_force_on_ports"), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(condition, "in_force"), "warning")),
                     77);
    assert_int_equal(json_integer_value(json_object_get(port, "port")), 443);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(port, "rule"), "warning")), 7);
    assert_string_equal(json_string_value(json_object_get(json_object_get(condition, "default"), "hold")),
                        "30s");
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_diagram, lab_teardown),
        cmocka_unit_test_teardown(test_json, lab_teardown),
        cmocka_unit_test_teardown(test_state, lab_teardown),
        cmocka_unit_test_teardown(test_thresholds_in_force, lab_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
