/* SPDX-License-Identifier: MIT */
/* Every state, problem and condition explained, as text and as JSON, at every width. */
#include "case.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "condition.h"
#include "explain.h"
#include "page.h"
#include "problem.h"
#include "remedy.h"
#include "state_table.h"
#include "util.h"

#define OUTPUT_SIZE 131072

/* What the verb has printed, and with which line breaks as blanks. */
static char printed[OUTPUT_SIZE], errors[4096], flat[OUTPUT_SIZE];

static void flatten(void) {
    size_t length = 0;

    for (const char *at = printed; *at; at++)
        if (*at != '\n' && *at != ' ')
            flat[length++] = *at;
        else if (length > 0 && flat[length - 1] != ' ')
            flat[length++] = ' ';
    flat[length] = '\0';
}

/* Reads back what went to a descriptor while it stood for @p number. */
static void restore(int number, int saved, int memory, char *text, size_t size) {
    ssize_t got = pread(memory, text, size - 1, 0);

    dup2(saved, number);
    close(saved);
    close(memory);
    text[got > 0 ? got : 0] = '\0';
}

static int run_verb(size_t width, bool json, const char *const argv[]) {
    int memory = memfd_create("error", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
    int output = memfd_create("output", MFD_CLOEXEC), saved_output = dup(STDOUT_FILENO);
    struct ctl ctl = {.json = json, .page = {.stream = stdout, .width = width}};
    int argc = 0;

    while (argv[argc])
        argc++;
    fflush(stdout);
    dup2(memory, STDERR_FILENO);
    dup2(output, STDOUT_FILENO);
    int code = verb_explain.run(&ctl, argc, (char **)argv);
    fflush(stdout);
    restore(STDOUT_FILENO, saved_output, output, printed, sizeof printed);
    restore(STDERR_FILENO, saved, memory, errors, sizeof errors);
    flatten();
    return code;
}

static int explain(const char *word, size_t width) {
    const char *argv[] = {"explain", word, NULL};

    return run_verb(width, false, argv);
}

/* @return the explanations, to be released with json_decref() */
static json_t *explain_json(const char *word) {
    const char *argv[] = {"explain", word, NULL};

    check_row(word, run_verb(80, true, argv), CTL_OK);
    json_t *json = json_loads(printed, 0, NULL);
    if (!json_is_array(json) || json_array_size(json) == 0)
        fail_msg("%s: %s", word, printed);
    return json;
}

static void expect(const char *word, const char *text) {
    if (!strstr(flat, text))
        fail_msg("%s: \"%s\" is missing in\n%s", word, text, printed);
}

static void expect_remedy(const char *remedy, void *context) {
    expect(context, remedy);
}

static void expect_causes(const char *word, enum problem problem, enum cause only) {
    const struct wrong_remedy *wrong = problem_info(problem)->wrong;

    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        if (cause_info((enum cause)i)->problem != problem || (only != CAUSE_NONE && (int)only != i))
            continue;
        expect(word, cause_info((enum cause)i)->sentence);
        remedies_of_cause((enum cause)i, expect_remedy, (void *)word);
    }
    for (size_t i = 0; i < WRONG_REMEDIES_MAX && wrong[i].remedy && only == CAUSE_NONE; i++) {
        expect(word, wrong[i].remedy);
        expect(word, wrong[i].why);
    }
}

static void expect_edges(enum tcp_state state) {
    size_t count;
    const struct state_edge *edge = state_edges(&count);

    for (size_t i = 0; i < count; i++) {
        char line[800];
        if (edge[i].from != state && edge[i].to != state)
            continue;
        enum tcp_state other = edge[i].from == state ? edge[i].to : edge[i].from;
        snprintf(line, sizeof line, " %s: %s%s ", tcp_state_name(other), edge[i].event,
                 edge_remark(edge[i].kind));
        expect(tcp_state_name(state), line);
    }
}

static void test_states(void **state) {
    (void)state;
    for (int i = 1; i < STATE_COUNT; i++) {
        const struct state_info *info = state_info((enum tcp_state)i);
        const char *name = tcp_state_name((enum tcp_state)i);
        check_row(name, explain(name, 80), CTL_OK);
        check_row(name, strncmp(printed, name, strlen(name)), 0);
        expect(name, info->meaning);
        expect(name, info->who);
        expect(name, info->waits);
        expect(name, info->timer);
        expect_edges((enum tcp_state)i);
        check_row(name, (info->problem_count == 0) == (info->harmless != NULL), 1);
        if (info->harmless)
            expect(name, info->harmless);
        for (size_t p = 0; p < info->problem_count; p++) {
            const struct state_problem *problem = &info->problem[p];
            expect(name, problem_info(problem->problem)->meaning);
            expect_causes(name, problem->problem, problem->only);
            if (problem->only != CAUSE_NONE)
                check_row(name, cause_info(problem->only)->problem, problem->problem);
        }
    }
}

/* A problem that the number of sockets in a state can raise stands with the state. */
static void test_states_have_their_problems(void **state) {
    (void)state;
    for (int c = 0; c < CONDITION_COUNT; c++) {
        const struct condition_info *condition = condition_info((enum condition)c);
        for (int p = 0; p < PROBLEM_COUNT && condition->state != 0; p++) {
            const struct state_info *info = state_info(condition->state);
            bool listed = false;
            for (size_t i = 0; i < info->problem_count; i++)
                listed = listed || (int)info->problem[i].problem == p;
            if ((problem_info((enum problem)p)->conditions & CONDITION_BIT(c)) != 0 && !listed)
                fail_msg("%s: %s is missing", condition->name, problem_info((enum problem)p)->slug);
        }
    }
}

static void test_problems(void **state) {
    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        char command[80];
        check_row(info->slug, explain(info->slug, 80), CTL_OK);
        expect(info->slug, info->title);
        expect(info->slug, info->meaning);
        expect(info->slug, info->evidence);
        expect_causes(info->slug, (enum problem)i, CAUSE_NONE);
        snprintf(command, sizeof command, "journalctl -b -x MESSAGE_ID=%s\n", info->message_id);
        check_row(info->slug, strstr(printed, command) != NULL, 1);
        char *raised = strstr(flat, " raised by ");
        assert_non_null(raised);
        for (int c = 0; c < CONDITION_COUNT; c++)
            if ((info->conditions & CONDITION_BIT(c)) != 0)
                expect(info->slug, condition_info((enum condition)c)->name);
        check_row(info->slug, strstr(raised, "raised by no threshold ") != NULL, info->conditions == 0);
    }
}

static void test_conditions(void **state) {
    (void)state;
    for (int i = 0; i < CONDITION_COUNT; i++) {
        const struct condition_info *info = condition_info((enum condition)i);
        check_row(info->name, explain(info->name, 80), CTL_OK);
        expect(info->name, info->meaning);
        expect(info->name, info->unit);
        expect(info->name, info->limit ? info->limit : "nothing: it has no limit");
        expect(info->name, " default enabled=");
        for (int p = 0; p < PROBLEM_COUNT; p++) {
            const struct problem_info *problem = problem_info((enum problem)p);
            char item[128];
            snprintf(item, sizeof item, " %s (%s) ", problem->slug, problem->title);
            check_row(item, strstr(flat, item) != NULL, (problem->conditions & CONDITION_BIT(i)) != 0);
        }
    }
}

/* Which kinds a word is of, in order. */
static void test_words_of_two_kinds(void **state) {
    static const struct {
        const char *word, *kinds;
    } rows[] = {
        {"close-wait", "state condition "},
        {"CLOSE_WAIT", "state condition "},
        {"closewait", "state condition "},
        {"syn-received", "state "},
        {"SYN-RECEIVED", "state "},
        {"syn-rcvd", "state "},
        {"FIN_WAIT1", "state condition "},
        {"closed", "state "},
        {"LISTEN", "state "},
        {"states", "state "},
        {"time-wait-overflow", "problem condition "},
        {"Syn_Flood", "problem "},
        {"tcp_memory", "condition "},
        {"tcp_tw_reuse", "sysctl "},
        {"net/core/somaxconn", "sysctl "},
        {"econnrefused", "errno "},
        {"110", "errno "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char kinds[64];
        struct text text = text_in(kinds, sizeof kinds);
        json_t *json = explain_json(rows[i].word);
        for (size_t k = 0; k < json_array_size(json); k++)
            text_add(&text, "%s ", json_string_value(json_object_get(json_array_get(json, k), "kind")));
        json_decref(json);
        if (strcmp(kinds, rows[i].kinds) != 0)
            fail_msg("%s is of kind %s, wanted %s", rows[i].word, kinds, rows[i].kinds);
        check_row(rows[i].word, explain(rows[i].word, 80), CTL_OK);
    }
}

static void check_not_empty(const char *word, const char *key, json_t *value) {
    const char *name;
    json_t *item;
    size_t index;

    /* A sysctl that is a list may be empty. */
    if (json_is_string(value) && json_string_length(value) == 0 && strcmp(key, "value") != 0)
        fail_msg("%s: %s is empty", word, key);
    if (json_is_string(value) && strchr(json_string_value(value), '@'))
        fail_msg("%s: %s has a mark left: %s", word, key, json_string_value(value));
    json_object_foreach(value, name, item) check_not_empty(word, name, item);
    json_array_foreach(value, index, item) check_not_empty(word, key, item);
}

struct words {
    char word[128][64];
    size_t count;
};

static void list(struct words *words) {
    const char *argv[] = {"explain", "--list", NULL};

    assert_int_equal(run_verb(80, false, argv), CTL_OK);
    words->count = 0;
    for (char *line = strtok(printed, "\n"); line; line = strtok(NULL, "\n"))
        snprintf(words->word[words->count++], 64, "%s", line);
}

static void test_json_of_every_word(void **state) {
    static struct words words;

    (void)state;
    list(&words);
    assert_true(words.count > PROBLEM_COUNT + CONDITION_COUNT);
    for (size_t i = 0; i < words.count; i++) {
        json_t *json = explain_json(words.word[i]);
        check_not_empty(words.word[i], words.word[i], json);
        json_decref(json);
    }
}

/* At the column where the text beside a label, or below it, starts. */
static bool is_command(const char *line) {
    static const char *const commands[] = {"journalctl ", "synwaitctl "};

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const char *found = strstr(line, commands[i]);
        if (found && (found == line + 4 || found == line + PAGE_INDENT))
            return true;
    }
    return false;
}

/* A sysctl's name beside a label, and what is below it. */
static bool is_one_word(const char *line) {
    size_t indent = line[0] == ' ' ? PAGE_INDENT : 0;

    return strlen(line) > indent && !strchr(line + indent, ' ');
}

static void test_width_of_every_word(void **state) {
    static const size_t widths[] = {40, 60, 80, 200};
    static struct words words;

    (void)state;
    list(&words);
    for (size_t w = 0; w < ARRAY_SIZE(widths); w++)
        for (size_t i = 0; i < words.count; i++) {
            check_row(words.word[i], explain(words.word[i], widths[w]), CTL_OK);
            bool commands = false;
            for (char *line = strtok(printed, "\n"); line; line = strtok(NULL, "\n")) {
                commands = commands || strcmp(line, "What to run next") == 0;
                bool whole = commands || is_command(line) || is_one_word(line);
                if (page_columns(line, strlen(line)) > widths[w] && !whole)
                    fail_msg("%s at %zu columns: %s", words.word[i], widths[w], line);
            }
        }
}

/* One word a line, each once, and all of them. */
static void test_list(void **state) {
    static struct words words;

    (void)state;
    list(&words);
    for (size_t i = 0; i < words.count; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(words.word[i], words.word[k]);
    for (int i = 0; i < PROBLEM_COUNT + CONDITION_COUNT; i++) {
        const char *word = i < PROBLEM_COUNT ? problem_info((enum problem)i)->slug
                                             : condition_info((enum condition)(i - PROBLEM_COUNT))->name;
        size_t found = 0;
        for (size_t k = 0; k < words.count; k++)
            found += strcmp(words.word[k], word) == 0;
        check_row(word, found, 1);
    }
    const char *kind[] = {"explain", "--list", "condition", NULL};
    assert_int_equal(run_verb(80, false, kind), CTL_OK);
    assert_int_equal(strncmp(printed, "syn-sent\nsyn-recv\n", 18), 0);
    assert_null(strstr(printed, "syn-flood"));
    const char *bare[] = {"explain", NULL};
    assert_int_equal(run_verb(80, false, bare), CTL_OK);
    expect("explain", "state listen, syn-sent, ");
    expect("explain", " problem syn-flood, ");
    assert_int_equal(run_verb(80, true, bare), CTL_OK);
    json_t *json = json_loads(printed, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "state")), 12);
    assert_int_equal(json_array_size(json_object_get(json, "problem")), PROBLEM_COUNT);
    assert_int_equal(json_array_size(json_object_get(json, "condition")), CONDITION_COUNT);
    json_decref(json);
}

static void test_unknown_words(void **state) {
    static const struct {
        const char *name, *word, *hint;
    } rows[] = {
        {"swapped letters", "clsoe-wait", "Like it: close-wait"},
        {"a part", "overflow", "Like it: time-wait-overflow, syn-overflow, accept-overflow"},
        {"one too many", "syn-floods", "Like it: syn-flood."},
        {"nothing like it", "xyzzy", "every word"},
        {"empty", "", "every word"},
        {"one letter", "x", "every word"},
        {"terminal codes", "\033]0;x\a\033[31m", "\"?]0;x??[31m\""},
        {"no UTF-8", "\xff\xfe", "\"??\""},
        {"long",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaa"
         "aaa",
         "every word"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *argv[] = {"explain", rows[i].word, NULL};
        check_row(rows[i].name, explain(rows[i].word, 80), CTL_USAGE);
        check_row(rows[i].name, printed[0], '\0');
        if (!strstr(errors, rows[i].hint))
            fail_msg("%s: %s", rows[i].name, errors);
        check_row(rows[i].name, run_verb(80, true, argv), CTL_USAGE);
        check_row(rows[i].name, printed[0], '\0');
    }
}

static void test_usage(void **state) {
    const char *both[] = {"explain", "--list", "listen", NULL};
    const char *two[] = {"explain", "listen", "closed", NULL};
    const char *file[] = {"explain", "--config", "/nonexistent", "listen", NULL};

    (void)state;
    assert_int_equal(run_verb(80, false, both), CTL_USAGE);
    assert_int_equal(run_verb(80, false, two), CTL_USAGE);
    assert_int_equal(run_verb(80, false, file), CTL_CONFIG);
    assert_int_equal(printed[0], '\0');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_states_have_their_problems),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_words_of_two_kinds),
        cmocka_unit_test(test_json_of_every_word),
        cmocka_unit_test(test_width_of_every_word),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_unknown_words),
        cmocka_unit_test(test_usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
