/* SPDX-License-Identifier: MIT */
/* The command line of a verb: options, arguments, and every way to get them wrong. */
#include "case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl.h"
#include "tcp_state.h"
#include "util.h"

/* What the program prints goes to a file meanwhile. */
struct capture {
    int descriptor, saved;
    FILE *file;
};

static struct capture begin_capture(FILE *stream) {
    struct capture capture = {.descriptor = fileno(stream), .file = tmpfile()};

    assert_non_null(capture.file);
    fflush(stream);
    capture.saved = dup(capture.descriptor);
    assert_true(capture.saved >= 0);
    assert_true(dup2(fileno(capture.file), capture.descriptor) >= 0);
    return capture;
}

static void end_capture(struct capture *capture, FILE *stream, char *text, size_t size) {
    fflush(stream);
    dup2(capture->saved, capture->descriptor);
    close(capture->saved);
    rewind(capture->file);
    text[fread(text, 1, size - 1, capture->file)] = '\0';
    fclose(capture->file);
}

/* A verb with an option of each kind. */
struct answers {
    uint64_t seconds, count;
    uint16_t port;
    enum tcp_state state;
    const char *text;
    bool flag;
};

enum { OPTIONS = 6, ARGUMENTS_MAX = 8 };

struct outcome_of_parse {
    bool go_on;
    int code;
    struct ctl ctl;
    struct answers answers;
    char output[4096], error[4096];
};

static struct outcome_of_parse parse(const struct verb *verb, const char *const *argument) {
    struct outcome_of_parse seen = {.code = -1, .ctl = {.page = {.color = true}}};
    const struct verb_option option[OPTIONS] = {
        {'s', "seconds", "N", "how long", ctl_parse_seconds, CTL_ALLOWED_SECONDS, &seen.answers.seconds},
        {0, "port", "PORT", "local port", ctl_parse_port, CTL_ALLOWED_PORT, &seen.answers.port},
        {0, "state", "STATE", "in this state", ctl_parse_state, CTL_ALLOWED_STATE, &seen.answers.state},
        {0, "limit", "N", "how many", ctl_parse_count, CTL_ALLOWED_COUNT, &seen.answers.count},
        {0, "text", "TEXT", "any", ctl_parse_text, "", &seen.answers.text},
        {'f', "flag", NULL, "a flag", NULL, NULL, &seen.answers.flag},
    };
    char *argv[ARGUMENTS_MAX + 2] = {(char *)verb->name};
    int argc = 1;

    for (; argument[argc - 1]; argc++)
        argv[argc] = (char *)argument[argc - 1];
    struct capture output = begin_capture(stdout), error = begin_capture(stderr);
    seen.go_on = ctl_parse(&seen.ctl, verb, option, OPTIONS, argc, argv, &seen.code);
    end_capture(&error, stderr, seen.error, sizeof seen.error);
    end_capture(&output, stdout, seen.output, sizeof seen.output);
    return seen;
}

static const struct verb plain = {.name = "look", .summary = "looks", .json = true};
static const struct verb wordy = {.name = "tell", .argument = "WORD", .summary = "tells", .json = true};
static const struct verb optional = {.name = "draw", .argument = "[WORD]", .summary = "draws"};

#define HINT(verb) "Try 'synwaitctl " verb " --help'.\n"

static void test_errors(void **state) {
    static const struct {
        const char *name;
        const struct verb *verb;
        const char *argument[ARGUMENTS_MAX];
        const char *wanted; /* on standard error, up to the program's name in what getopt says */
    } rows[] = {
        {"no number",
         &plain,
         {"--seconds", "x"},
         "synwaitctl look: --seconds \"x\": must be a whole number from 1 to 60\n" HINT("look")},
        {"not printable",
         &plain,
         {"--seconds", "\033[2J\xE2\x80\xAE"},
         "synwaitctl look: --seconds \"?[2J???\": must be a whole number from 1 to 60\n" HINT("look")},
        {"no seconds", &plain, {"--seconds=0"}, "--seconds \"0\": must be"},
        {"too many seconds", &plain, {"-s61"}, "--seconds \"61\": must be"},
        {"a fraction", &plain, {"--seconds", "1.5"}, "--seconds \"1.5\": must be"},
        {"negative", &plain, {"--seconds", "-1"}, "--seconds \"-1\": must be"},
        {"empty", &plain, {"--seconds", ""}, "--seconds \"\": must be"},
        {"port 0", &plain, {"--port", "0"}, "--port \"0\": must be a number from 1 to 65535\n"},
        {"port too high", &plain, {"--port", "65536"}, "--port \"65536\": must be"},
        {"no state",
         &plain,
         {"--state", "opened"},
         "--state \"opened\": must be a TCP state such as close-wait\n"},
        {"closed is not to be seen", &plain, {"--state", "closed"}, "--state \"closed\": must be"},
        {"no count", &plain, {"--limit", "many"}, "--limit \"many\": must be a whole number\n"},
        {"too large",
         &plain,
         {"--limit", "18446744073709551616"},
         "--limit \"18446744073709551616\": must be"},
        {"unknown option", &plain, {"--colour"}, "unrecognized option '--colour'\n" HINT("look")},
        {"unknown letter", &plain, {"-x"}, "invalid option -- 'x'\n" HINT("look")},
        {"missing value", &plain, {"--port"}, "option '--port' requires an argument\n" HINT("look")},
        {"value of a flag",
         &plain,
         {"--flag=yes"},
         "option '--flag' doesn't allow an argument\n" HINT("look")},
        {"ambiguous", &plain, {"--s", "1"}, "option '--s' is ambiguous"},
        {"an argument too many",
         &plain,
         {"now"},
         "synwaitctl look: argument \"now\": there are none, only options\n" HINT("look")},
        {"two arguments",
         &wordy,
         {"a", "b"},
         "synwaitctl tell: argument \"b\": there is only one\n" HINT("tell")},
        {"missing argument", &wordy, {NULL}, "synwaitctl tell: WORD is missing\n" HINT("tell")},
        {"no JSON", &optional, {"--json"}, "unrecognized option '--json'\n" HINT("draw")},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct outcome_of_parse seen = parse(rows[i].verb, rows[i].argument);
        check_row(rows[i].name, seen.go_on, false);
        check_row(rows[i].name, seen.code, CTL_USAGE);
        if (!strstr(seen.error, rows[i].wanted))
            fail_msg("%s: %s", rows[i].name, seen.error);
        if (seen.output[0] != '\0')
            fail_msg("%s: standard output: %s", rows[i].name, seen.output);
    }
}

/* The common options stand before the verb, where nobody knows yet that it has no JSON. */
static void test_json_before_the_verb(void **state) {
    struct ctl ctl = {.json = true};
    char *argv[] = {"draw", NULL}, error_text[1024];
    int code = -1;

    (void)state;
    struct capture error = begin_capture(stderr);
    bool go_on = ctl_parse(&ctl, &optional, NULL, 0, 1, argv, &code);
    end_capture(&error, stderr, error_text, sizeof error_text);
    assert_false(go_on);
    assert_int_equal(code, CTL_USAGE);
    assert_string_equal(error_text,
                        "synwaitctl draw: --json: this verb is for a person alone\n" HINT("draw"));
}

static void test_values(void **state) {
    static const char *const all[ARGUMENTS_MAX] = {
        "-s60", "--port=65535", "--limit", "18446744073709551615", "--text", "a b", "-f", NULL};
    static const char *const none[] = {NULL};
    static const char *const common[] = {"word", "--json", "--config", "x.conf", "--no-color", NULL};
    static const char *const twice[] = {"--seconds", "1", "--seconds", "2", NULL};

    (void)state;
    struct outcome_of_parse seen = parse(&plain, all);
    assert_true(seen.go_on);
    assert_int_equal(seen.answers.seconds, 60);
    assert_int_equal(seen.answers.port, 65535);
    assert_true(seen.answers.count == UINT64_MAX);
    assert_string_equal(seen.answers.text, "a b");
    assert_true(seen.answers.flag);
    assert_null(seen.ctl.argument);
    assert_true(seen.ctl.page.color);
    seen = parse(&plain, none);
    assert_true(seen.go_on);
    assert_false(seen.answers.flag || seen.ctl.json);
    assert_null(seen.ctl.config_file);
    seen = parse(&wordy, common);
    assert_true(seen.go_on && seen.ctl.json);
    assert_string_equal(seen.ctl.argument, "word");
    assert_string_equal(seen.ctl.config_file, "x.conf");
    assert_false(seen.ctl.page.color);
    seen = parse(&optional, none);
    assert_true(seen.go_on);
    assert_null(seen.ctl.argument);
    seen = parse(&plain, twice);
    assert_int_equal(seen.answers.seconds, 2);
}

static void test_help(void **state) {
    static const char *const help[] = {"--help", NULL};
    static const struct {
        const char *name;
        const struct verb *verb;
        const char *start;
        bool json;
    } rows[] = {
        {"options alone", &plain, "Usage: synwaitctl look [OPTION]...\nlooks\n\n", true},
        {"an argument", &wordy, "Usage: synwaitctl tell [OPTION]... WORD\ntells\n\n", true},
        {"not needed", &optional, "Usage: synwaitctl draw [OPTION]... [WORD]\ndraws\n\n", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct outcome_of_parse seen = parse(rows[i].verb, help);
        check_row(rows[i].name, seen.go_on, false);
        check_row(rows[i].name, seen.code, CTL_OK);
        if (strncmp(seen.output, rows[i].start, strlen(rows[i].start)) != 0)
            fail_msg("%s: %s", rows[i].name, seen.output);
        check_row(rows[i].name, strstr(seen.output, "\n  --json                   print JSON\n") != NULL,
                  rows[i].json);
        assert_non_null(strstr(seen.output, "\n  -s, --seconds N          how long\n  --port PORT "));
        assert_non_null(strstr(seen.output, "\n  -f, --flag               a flag\n"));
        assert_non_null(strstr(seen.output, "\n  --config FILE            "));
        assert_string_equal(seen.error, "");
    }
}

static void test_states(void **state) {
    static const struct {
        const char *text;
        enum tcp_state wanted;
    } rows[] = {
        {"close-wait", STATE_CLOSE_WAIT},   {"CLOSE-WAIT", STATE_CLOSE_WAIT},
        {"close_wait", STATE_CLOSE_WAIT},   {"CloseWait", STATE_CLOSE_WAIT},
        {"FIN-WAIT-1", STATE_FIN_WAIT_1},   {"FIN_WAIT1", STATE_FIN_WAIT_1},
        {"fin wait 2", STATE_FIN_WAIT_2},   {"syn-recv", STATE_SYN_RECV},
        {"SYN_RECEIVED", STATE_SYN_RECV},   {"syn-rcvd", STATE_SYN_RECV},
        {"syn_sent", STATE_SYN_SENT},       {"ESTAB", STATE_ESTABLISHED},
        {"established", STATE_ESTABLISHED}, {"listen", STATE_LISTEN},
        {"LISTENING", STATE_LISTEN},        {"time-wait", STATE_TIME_WAIT},
        {"lastack", STATE_LAST_ACK},        {"closing", STATE_CLOSING},
    };
    static const char *const wrong[] = {"",         "-",          "close",       "closed",
                                        "fin-wait", "fin-wait-3", "time-wait-1", "all"};
    enum tcp_state found;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        check_row(rows[i].text, -ctl_parse_state(rows[i].text, &found), 0);
        check_row(rows[i].text, found, rows[i].wanted);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        check_row(wrong[i], -ctl_parse_state(wrong[i], &found), EINVAL);
}

static void test_json_values(void **state) {
    static const struct {
        const char *name;
        struct figure figure;
        const char *wanted;
    } rows[] = {
        {"a number", {7, FIGURE_KNOWN}, "7"},
        {"as large as JSON has it", {UINT64_MAX, FIGURE_KNOWN}, "9223372036854775807"},
        {"unknown", {0, FIGURE_UNKNOWN}, "null"},
        {"absent", {0, FIGURE_ABSENT}, "null"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *json = ctl_json_figure(rows[i].figure);
        CLEANUP_FREE char *text = json_dumps(json, JSON_ENCODE_ANY);
        if (strcmp(text, rows[i].wanted) != 0)
            fail_msg("%s: %s", rows[i].name, text);
        json_decref(json);
    }
    json_t *clean = ctl_json_text("a\033[31m\xFF\xC3\xA4");
    assert_string_equal(json_string_value(clean), "a?[31m?\xC3\xA4");
    json_decref(clean);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors), cmocka_unit_test(test_json_before_the_verb),
        cmocka_unit_test(test_values), cmocka_unit_test(test_help),
        cmocka_unit_test(test_states), cmocka_unit_test(test_json_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
