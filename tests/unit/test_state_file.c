/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sample_alerts.h"
#include "state_file.h"

#define BOOT "0123456789abcdef0123456789abcdef"
#define NOW  (100 * USEC_PER_SEC)

static char directory[] = "/tmp/state_file.XXXXXX";
static char path[sizeof directory + sizeof STATE_FILE_NAME];

static int make_directory(void **state) {
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/%s", directory, STATE_FILE_NAME);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static void add(struct incident_table *table, size_t index, struct alert alert) {
    alert.finding.evidence_count = 0;
    alert.finding.advice_count = 0;
    memset(alert.finding.evidence, 0, sizeof alert.finding.evidence);
    memset(alert.finding.advice, 0, sizeof alert.finding.advice);
    table->end = index + 1 > table->end ? index + 1 : table->end;
    table->incident[index] = (struct incident){
        .open = true,
        .id = alert.incident_id,
        .raised_usec = 10 * USEC_PER_SEC,
        .alerted_usec = 20 * USEC_PER_SEC,
        .peak = {.condition = alert.finding.lead.condition, .value = alert.peak},
        .finding = alert.finding,
    };
}

static void fill_table(struct incident_table *table) {
    memset(table, 0, sizeof *table);
    table->next_id = 0xFEDCBA9876543210;
    add(table, 0, sample_flood());
    add(table, 1, sample_leak());
    add(table, 2, sample_ports());
    add(table, 3, sample_degraded());
    add(table, 4, sample_unsafe());
    table->incident[2].finding.backlog_advised = 4096;
    table->incident[0].watch.listener = table->incident[0].finding.local;
    table->incident[0].watch.inode = 4711;
    strcpy(table->incident[0].finding.unit, "nginx.service");
}

static void expect_same(const char *row, const struct incident *got, const struct incident *wanted) {
    const struct finding *a = &got->finding, *b = &wanted->finding;
    bool same = got->open && got->id == wanted->id && got->raised_usec == wanted->raised_usec &&
                got->alerted_usec == wanted->alerted_usec && got->peak.value == wanted->peak.value &&
                got->peak.condition == wanted->peak.condition && a->problem == b->problem &&
                a->family == b->family && a->cause == b->cause && a->confidence == b->confidence &&
                a->severity == b->severity && a->backlog_advised == b->backlog_advised &&
                a->hazards == b->hazards && scope_equal(&a->scope, &b->scope) &&
                endpoint_equal(&a->local, &b->local) && endpoint_equal(&a->peer, &b->peer) &&
                strcmp(a->detail, b->detail) == 0 && strcmp(a->unit, b->unit) == 0 &&
                a->evidence_count == 0 && a->advice_count == 0 &&
                endpoint_equal(&got->watch.listener, &wanted->watch.listener) &&
                got->watch.inode == wanted->watch.inode && got->lead.value == b->lead.value;
    bool same_lead =
        a->lead.condition == b->lead.condition && a->lead.severity == b->lead.severity &&
        scope_equal(&a->lead.scope, &b->lead.scope) && endpoint_equal(&a->lead.blamed, &b->lead.blamed) &&
        a->lead.value == b->lead.value && a->lead.threshold == b->lead.threshold &&
        figure_known(a->lead.limit) == figure_known(b->lead.limit) &&
        a->lead.limit.value == b->lead.limit.value && a->lead.limit_source == b->lead.limit_source &&
        a->lead.measured_usec == b->lead.measured_usec;

    if (!same || !same_lead)
        fail_msg("%s: the %s differs", row, same ? "lead" : "incident");
}

static void test_round_trip(void **state) {
    static const char *const name[] = {"flood", "leak", "ports", "degraded", "unsafe"};
    struct incident_table saved, loaded = {0};
    struct stat status;

    (void)state;
    fill_table(&saved);
    umask(0);
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), 5);
    assert_true(loaded.next_id == saved.next_id);
    for (size_t i = 0; i < ARRAY_SIZE(name); i++)
        expect_same(name[i], &loaded.incident[i], &saved.incident[i]);
    assert_false(loaded.incident[5].open);
}

/* Gaps in the table close up; a full table is kept whole. */
static void test_gaps_and_full_table(void **state) {
    struct incident_table saved = {.next_id = 1000}, loaded = {0};

    (void)state;
    add(&saved, 7, sample_leak());
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), 1);
    assert_true(loaded.incident[0].open);
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        struct alert alert = sample_leak();
        alert.incident_id = i;
        alert.finding.scope.local.port = (uint16_t)(1 + i);
        add(&saved, i, alert);
    }
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), INCIDENTS_MAX);
}

static void test_every_name_is_its_own(void **state) {
    struct incident_table saved = {.next_id = 1000}, loaded = {0};

    (void)state;
    for (int cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++)
        for (int family = FAMILY_HANDSHAKE; family < FAMILY_SAMPLING; family++) {
            struct alert alert = sample_leak();
            alert.finding.cause = (enum cause)cause;
            alert.finding.problem = cause_info(alert.finding.cause)->problem;
            alert.finding.family = (enum problem_family)family;
            alert.finding.lead.condition = (enum condition)(cause % CONDITION_COUNT);
            alert.finding.lead.limit = FIGURE_OF(1);
            alert.finding.lead.limit_source = (enum limit_source)(cause % (LIMIT_CONNTRACK_MAX + 1));
            add(&saved, 0, alert);
            assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
            assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), 1);
            expect_same(cause_info(alert.finding.cause)->brief, &loaded.incident[0], &saved.incident[0]);
        }
}

static void test_numbers_beyond_json(void **state) {
    struct incident_table saved = {.next_id = UINT64_MAX}, loaded = {0};

    (void)state;
    add(&saved, 0, sample_flood());
    saved.incident[0].peak.value = UINT64_MAX;
    saved.incident[0].id = UINT64_MAX - 1;
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), 1);
    assert_true(loaded.incident[0].peak.value == INT64_MAX);
    assert_true(loaded.incident[0].id == UINT64_MAX - 1);
    assert_true(loaded.next_id == UINT64_MAX);
}

static void test_odd_detail_is_kept_readable(void **state) {
    struct incident_table saved = {.next_id = 1000}, loaded = {0};

    (void)state;
    add(&saved, 0, sample_degraded());
    snprintf(saved.incident[0].finding.detail, SOURCE_REASON_SIZE, "bad \xFF\n \"x\"");
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), 1);
    assert_string_equal(loaded.incident[0].finding.detail, "bad ?? \"x\"");
}

static void test_odd_units(void **state) {
    static char longest[UNIT_SIZE];
    static const struct {
        const char *name, *saved, *loaded;
    } row[] = {
        {"none", "", ""},
        {"an escape", "dev-disk\\x2dby.mount", "dev-disk\\x2dby.mount"},
        {"odd bytes", "a\xFF\n \"x\"\x1b\xC3\xA4", "a?? \"x\"?\xC3\xA4"},
        {"255 bytes", longest, longest},
    };
    struct incident_table saved = {.next_id = 1000}, loaded = {0};

    (void)state;
    memset(longest, 'u', sizeof longest - 1);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        add(&saved, 0, sample_leak());
        strcpy(saved.incident[0].finding.unit, row[i].saved);
        assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
        assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), 1);
        if (strcmp(loaded.incident[0].finding.unit, row[i].loaded) != 0)
            fail_msg("%s: %s", row[i].name, loaded.incident[0].finding.unit);
    }
}

static void test_not_ours_to_continue(void **state) {
    static const struct {
        const char *name, *boot;
        uint64_t now_usec;
        int wanted;
    } row[] = {
        {"same boot", BOOT, NOW, 1},
        {"another boot", "ffffffffffffffffffffffffffffffff", NOW, 0},
        {"alerted just now", BOOT, 20 * USEC_PER_SEC, 1},
        {"from the future", BOOT, 20 * USEC_PER_SEC - 1, 0},
    };
    struct incident_table saved = {.next_id = 1000};

    (void)state;
    add(&saved, 0, sample_leak());
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct incident_table loaded = {.next_id = 5};
        int result = state_file_load(directory, row[i].boot, row[i].now_usec, &loaded);
        if (result != row[i].wanted || loaded.incident[0].open != (row[i].wanted == 1))
            fail_msg("%s: %d", row[i].name, result);
    }
}

static void test_no_file(void **state) {
    struct incident_table table = {.next_id = 5};

    (void)state;
    unlink(path);
    assert_int_equal(state_file_load(directory, BOOT, NOW, &table), 0);
    assert_int_equal(state_file_load("/nonexistent", BOOT, NOW, &table), 0);
    assert_true(state_file_save("/nonexistent", BOOT, &table) == -ENOENT);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(state_file_load(directory, BOOT, NOW, &table), -EISDIR);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(table.next_id, 5);
}

static void write_text(const char *text, size_t size) {
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

static void read_text(char *text, size_t size) {
    int length = read_file_at(AT_FDCWD, path, text, size);

    assert_true(length > 0);
}

/* Puts @p with in the place of the first @p what. */
static void edit(const char *row, char *text, size_t size, const char *what, const char *with) {
    char *found = strstr(text, what);

    if (!found || strlen(text) + strlen(with) >= size)
        fail_msg("%s: \"%s\" is not in the file", row, what);
    else {
        memmove(found + strlen(with), found + strlen(what), strlen(found + strlen(what)) + 1);
        memcpy(found, with, strlen(with));
    }
}

static void expect_refused(const char *row) {
    struct incident_table table = {.next_id = 5};
    int result = state_file_load(directory, BOOT, NOW, &table);

    if (result != -EBADMSG || table.incident[0].open || table.next_id != 5)
        fail_msg("%s: %d", row, result);
}

/* A good file with one thing wrong. */
static void test_hostile_edits(void **state) {
    static const struct {
        const char *name, *what, *with;
    } row[] = {
        {"schema of another version", "\"schema\": 1", "\"schema\": 2"},
        {"schema no number", "\"schema\": 1", "\"schema\": \"1\""},
        {"key missing", "\"peak\": 1025,", ""},
        {"key unknown", "\"peak\": 1025,", "\"peak\": 1025, \"x\": 1,"},
        {"key twice", "\"peak\": 1025,", "\"peak\": 1025, \"peak\": 1,"},
        {"negative number", "\"peak\": 1025", "\"peak\": -1"},
        {"number beyond 64 bit", "\"peak\": 1025", "\"peak\": 9223372036854775808"},
        {"fraction", "\"peak\": 1025", "\"peak\": 1025.5"},
        {"null", "\"peak\": 1025", "\"peak\": null"},
        {"id too short", "\"0000000000001234\"", "\"1234\""},
        {"id too long", "\"0000000000001234\"", "\"00000000000012345\""},
        {"id no hex", "\"0000000000001234\"", "\"000000000000123g\""},
        {"id signed", "\"0000000000001234\"", "\"-000000000001234\""},
        {"id taken twice", "\"0000000000001234\"", "\"0000000000001235\""},
        {"id is the next", "\"fedcba9876543210\"", "\"0000000000001235\""},
        {"next id", "\"fedcba9876543210\"", "\"\""},
        {"alerted before raised", "\"alerted_usec\": 20000000", "\"alerted_usec\": 9999999"},
        {"family", "\"handshake\"", "\"tango\""},
        {"problem of another cause", "\"syn-flood\"", "\"close-wait-leak\""},
        {"problem unknown", "\"syn-flood\"", "\"flood\""},
        {"cause", "\"the application holds", "\"some application holds"},
        {"confidence", "\"high\"", "\"sure\""},
        {"severity", "\"critical\"", "\"none\""},
        {"scope kind", "\"kind\": \"listener\"", "\"kind\": \"\""},
        {"scope no object", "\"kind\": \"listener\"", "\"kind\": {}"},
        {"condition", "\"syn-recv\"", "\"syn\""},
        {"condition missing where one is needed", "\"condition\": \"syn-recv\"", "\"condition\": \"none\""},
        {"address", "192.0.2.10:80", "192.0.2.256:80"},
        {"port", "192.0.2.10:80", "192.0.2.10:65536"},
        {"endless address", "192.0.2.10:80",
         "192.0.2.10:800000000000000000000000000000000000000000000000000000000000000000000000"},
        {"port alone 0", "\":8080\"", "\":0\""},
        {"port alone too high", "\":8080\"", "\":65536\""},
        {"port alone signed", "\":8080\"", "\":+80\""},
        {"limit", "\"limit\": 1024", "\"limit\": \"1024\""},
        {"limit negative", "\"limit\": 1024", "\"limit\": -1024"},
        {"limit source", "\"listen() backlog\"", "\"listen\""},
        {"NUL in a text", "\"host\"", "\"host\\u0000\""},
        {"detail too long", "No such file or directory",
         "No such file or directory, nor any other of the many files that might have been in the place of "
         "the "
         "file that is none"},
        {"unit no text", "\"nginx.service\"", "4711"},
        {"unit with a NUL", "\"nginx.service\"", "\"nginx\\u0000.service\""},
        {"unit too long", "nginx.service",
         "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
         "9"
         "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
         "9"
         "01234567890123456789012345678901234567890123456789012345"},
        {"listener", "\"listener\": \"192.0.2.10:80\"", "\"listener\": \"192.0.2.10:x\""},
        {"inode negative", "\"listener_inode\": 4711", "\"listener_inode\": -1"},
        {"incidents no list", "\"incidents\": [", "\"incidents\": {}, \"x\": ["},
        {"no UTF-8", "\"host\"", "\"\xFF\""},
    };
    struct incident_table saved;
    static char text[65536];

    (void)state;
    fill_table(&saved);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
        read_text(text, sizeof text);
        edit(row[i].name, text, sizeof text, row[i].what, row[i].with);
        write_text(text, strlen(text));
        expect_refused(row[i].name);
    }
}

/* What was not kept before the audit of sysctls and the watch of listeners is none of an incident. */
static void test_file_of_before(void **state) {
    static const char *const gone[] = {"   \"listener\": \"192.0.2.10:80\",\n",
                                       "   \"listener_inode\": 4711,\n", "    \"hazards\": 0,\n"};
    struct incident_table saved, loaded = {.next_id = 5};
    static char text[65536];

    (void)state;
    fill_table(&saved);
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    read_text(text, sizeof text);
    for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
        edit("of before", text, sizeof text, gone[i], "");
    write_text(text, strlen(text));
    assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), 5);
    memset(&saved.incident[0].watch, 0, sizeof saved.incident[0].watch);
    expect_same("of before", &loaded.incident[0], &saved.incident[0]);
}

/* As written before units were kept. */
static void test_file_without_units(void **state) {
    struct incident_table saved = {.next_id = 1000}, loaded = {0};
    static char text[65536];

    (void)state;
    add(&saved, 0, sample_leak());
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    read_text(text, sizeof text);
    edit("no unit", text, sizeof text, ",\n    \"unit\": \"\"", "");
    write_text(text, strlen(text));
    assert_int_equal(state_file_load(directory, BOOT, NOW, &loaded), 1);
    expect_same("no unit", &loaded.incident[0], &saved.incident[0]);
}

static void test_no_json_at_all(void **state) {
    static const char *const text[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "\n\n",
        "{\"schema\": 1}",
        "[[[[[[[[",
        "\177ELF",
        "{\"schema\": 1, \"boot_id\": \"x\", \"next_id\": \"\", \"incidents\": [1]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
        write_text(text[i], strlen(text[i]));
        expect_refused(text[i]);
    }
}

static void test_too_much(void **state) {
    struct incident_table saved;
    static char text[300 * 1024];
    char name[48];

    (void)state;
    memset(text, '[', sizeof text);
    write_text(text, 200 * 1024);
    expect_refused("deeply nested");
    fill_table(&saved);
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    memset(text, ' ', sizeof text);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, 256 * 1024, file), 256 * 1024);
    fclose(file);
    expect_refused("more than 256 KiB");
    /* Every truncation of a good file. */
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    read_text(text, sizeof text);
    for (size_t length = strlen(text) - 2; length > 0; length -= length > 97 ? 97 : length) {
        snprintf(name, sizeof name, "first %zu bytes", length);
        write_text(text, length);
        expect_refused(name);
    }
}

/* A full file, and before its first incident another good one. */
static void test_too_many_incidents(void **state) {
    struct incident_table saved = {.next_id = 1000};
    static char text[262144], more[262144];

    (void)state;
    for (size_t i = 0; i < INCIDENTS_MAX; i++) {
        struct alert alert = sample_leak();
        alert.incident_id = i;
        alert.finding.scope.local.port = (uint16_t)(1 + i);
        add(&saved, i, alert);
    }
    assert_int_equal(state_file_save(directory, BOOT, &saved), 0);
    read_text(text, sizeof text);
    const char *first = strstr(text, "\"incidents\": [");
    const char *second = first ? strstr(first, "\n  },") : NULL;
    assert_non_null(second);
    snprintf(more, sizeof more, "%.*s%s", (int)(second + strlen("\n  },") - text), text,
             first + strlen("\"incidents\": ["));
    edit("too many", more, sizeof more, "\"0000000000000000\"", "\"00000000000000ff\"");
    edit("too many", more, sizeof more, "\":1\"", "\":999\"");
    write_text(more, strlen(more));
    expect_refused("too many");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_gaps_and_full_table),
        cmocka_unit_test(test_every_name_is_its_own),
        cmocka_unit_test(test_numbers_beyond_json),
        cmocka_unit_test(test_odd_detail_is_kept_readable),
        cmocka_unit_test(test_odd_units),
        cmocka_unit_test(test_file_without_units),
        cmocka_unit_test(test_not_ours_to_continue),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_hostile_edits),
        cmocka_unit_test(test_file_of_before),
        cmocka_unit_test(test_no_json_at_all),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_too_many_incidents),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
