/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "ctl.h"
#include "explain.h"
#include "explain_case.h"
#include "problem.h"
#include "util.h"

static bool is_word(const char *word) {
    enum tcp_state tcp;

    for (int i = 0; i < PROBLEM_COUNT; i++)
        if (strcmp(word, problem_info((enum problem)i)->slug) == 0)
            return true;
    return ctl_parse_state(word, &tcp) == 0 || sysctl_find(word) || errno_find(word);
}

static void test_every_errno(void **state) {
    size_t count;
    const struct errno_word *table = errno_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        json_t *json = errno_to_json(&table[i]);
        assert_non_null(json);
        assert_string_equal(table[i].name, strerrorname_np(table[i].number));
        assert_string_equal(field(json, "text"), strerror(table[i].number));
        check_row(table[i].name, json_integer_value(json_object_get(json, "number")), table[i].number);
        check_row(table[i].name, errno_calls(&table[i]) != 0, true);
        check_row(table[i].name, table[i].check[0] && table[i].command[0], true);
        for (size_t k = 0; table[i].condition[k].calls != 0; k++)
            if (table[i].condition[k].word && !is_word(table[i].condition[k].word))
                fail_msg("%s: %s is no word", table[i].name, table[i].condition[k].word);
        check_page(table[i].name, errno_print, json);
        json_decref(json);
    }
}

static void test_needed_errnos(void **state) {
    static const int needed[] = {13, 22, 23, 24, 98, 99, 100, 101, 103, 104, 105, 110, 111, 113, 115};
    char word[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        snprintf(word, sizeof word, "%d", needed[i]);
        const struct errno_word *row = errno_find(word);
        check_row(word, row ? row->number : 0, needed[i]);
    }
}

static void test_find_errno(void **state) {
    static const struct {
        const char *name, *word;
        int wanted;
    } row[] = {
        {"number", "110", ETIMEDOUT},
        {"below zero", "-110", ETIMEDOUT},
        {"name", "ETIMEDOUT", ETIMEDOUT},
        {"other case", "econnReset", ECONNRESET},
        {"alias", "ewouldblock", EAGAIN},
        {"0", "0", 0},
        {"not explained", "2", 0},
        {"a name not explained", "ENOENT", 0},
        {"number and more", "110x", 0},
        {"minus alone", "-", 0},
        {"huge", "18446744073709551726", 0},
        {"32 bits more", "4294967406", 0},
        {"empty", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        const struct errno_word *found = errno_find(row[i].word);
        check_row(row[i].name, found ? found->number : 0, row[i].wanted);
    }
}

static void count_word(const char *word, void *context) {
    assert_true(word[0] != '\0');
    ++*(size_t *)context;
}

static void test_kinds(void **state) {
    static const struct {
        const char *name;
        const struct explained_kind *kind;
        const char *word, *wanted;
    } row[] = {
        {"sysctl", &explained_sysctls, "somaxconn", "net.core.somaxconn"},
        {"errno", &explained_errnos, "110", "ETIMEDOUT"},
    };
    size_t rows[ARRAY_SIZE(row)];

    (void)state;
    sysctl_table(&rows[0]);
    errno_table(&rows[1]);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        size_t words = 0;
        char *text = NULL;
        size_t size;
        json_t *json = NULL;
        struct ctl ctl = {.json = true, .page = {.width = 80}};
        assert_string_equal(row[i].kind->name, row[i].name);
        row[i].kind->words(count_word, &words);
        check_row(row[i].name, words, rows[i]);
        assert_true(row[i].kind->explain(&ctl, row[i].word, &json));
        assert_string_equal(field(json, "word"), row[i].wanted);
        json_decref(json);
        ctl.json = false;
        ctl.page.stream = open_memstream(&text, &size);
        assert_false(row[i].kind->explain(&ctl, "no-such-word", &json));
        assert_int_equal(ftell(ctl.page.stream), 0);
        assert_true(row[i].kind->explain(&ctl, row[i].word, &json));
        fclose(ctl.page.stream);
        assert_memory_equal(text, row[i].wanted, strlen(row[i].wanted));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_errno),
        cmocka_unit_test(test_needed_errnos),
        cmocka_unit_test(test_find_errno),
        cmocka_unit_test(test_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
