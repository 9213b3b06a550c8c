/* SPDX-License-Identifier: MIT */
/* Where an alert says which file sets an advised sysctl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"
#include "sample_alerts.h"

static void set_origin(struct provenance *provenance, size_t index, const char *path, const char *value) {
    struct sysctl_origin *origin = &provenance->origin[index];

    *origin = (struct sysctl_origin){.line = 12};
    snprintf(origin->path, sizeof origin->path, "%s", path);
    snprintf(origin->value, sizeof origin->value, "%s", value);
}

#define TUNING "/etc/sysctl.d/99-tuning.conf"

static const struct {
    const char *name;
    struct alert (*alert)(void);
    const char *path[2], *value[2]; /* of the first two advised; "" sets none */
    bool incomplete;
    const char *wanted[2]; /* within SYNWAITD_ADVICE */
    const char *file;      /* SYNWAITD_SYSCTL_FILE */
} file_row[] = {
    {"both",
     sample_ports,
     {TUNING, TUNING},
     {"2", "32768 60999"},
     false,
     {"tcp_tw_reuse=1 (now 2, set by " TUNING ":12): connect()",
      "(now 32768 60999, set by " TUNING ":12): more"},
     "net.ipv4.tcp_tw_reuse=" TUNING ":12 net.ipv4.ip_local_port_range=" TUNING ":12"},
    {"there",
     sample_ports,
     {TUNING, TUNING},
     {"2", "2"},
     false,
     {"; to keep a sysctl, change it there: an earlier file would be overridden", ""},
     "net.ipv4.tcp_tw_reuse=" TUNING ":12 net.ipv4.ip_local_port_range=" TUNING ":12"},
    {"another value now",
     sample_ports,
     {TUNING, ""},
     {"1", ""},
     false,
     {"(now 2; " TUNING ":12 says 1 at boot): ",
      "; to keep a sysctl, change it in the file named, or put it into /etc/sysctl.d/"},
     "net.ipv4.tcp_tw_reuse=" TUNING ":12"},
    {"none",
     sample_ports,
     {"", ""},
     {"", ""},
     false,
     {"tcp_tw_reuse=1 (now 2): ", "; to keep a sysctl, put it into /etc/sysctl.d/"},
     NULL},
    {"not all read",
     sample_ports,
     {"", ""},
     {"", ""},
     true,
     {"put it into /etc/sysctl.d/ (not every file could be read)", ""},
     NULL},
    {"unsafe",
     sample_unsafe,
     {TUNING, ""},
     {"0", ""},
     false,
     {"tcp_syncookies=1 (now 0, set by " TUNING ":12: a full SYN", ""},
     "net.ipv4.tcp_syncookies=" TUNING ":12"},
    {"a list of ports",
     sample_unsafe_port,
     {TUNING, ""},
     {"80-90", ""},
     false,
     {"to net.ipv4.ip_local_reserved_ports (set by " TUNING ":12: connect()", ""},
     "net.ipv4.ip_local_reserved_ports=" TUNING ":12"},
    {"a name with a blank",
     sample_unsafe,
     {"/etc/sysctl.d/a b.conf", ""},
     {"0", ""},
     false,
     {"set by /etc/sysctl.d/a b.conf:12", ""},
     "net.ipv4.tcp_syncookies=\"/etc/sysctl.d/a b.conf:12\""},
    {"no advice", sample_leak, {"", ""}, {"", ""}, false, {"1) ", ""}, NULL},
};

static void test_files(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(file_row); i++) {
        struct alert alert = file_row[i].alert();
        struct provenance provenance = {.incomplete = file_row[i].incomplete};
        for (size_t k = 0; k < 2; k++)
            set_origin(&provenance, k, file_row[i].path[k], file_row[i].value[k]);
        struct record *record = record_with_files(&alert, "host", &provenance);
        const char *advice = record_get(record, "SYNWAITD_ADVICE");
        for (size_t k = 0; k < 2; k++)
            if (!strstr(advice, file_row[i].wanted[k]))
                fail_msg("%s: %s", file_row[i].name, advice);
        if (!alert.finding.advice_count && strstr(advice, "to keep"))
            fail_msg("%s: %s", file_row[i].name, advice);
        const char *file = record_get(record, "SYNWAITD_SYSCTL_FILE");
        if (file && file_row[i].file ? strcmp(file, file_row[i].file) != 0 : file != file_row[i].file)
            fail_msg("%s: %s", file_row[i].name, file ? file : "(absent)");
        free(record);
    }
}

/* Eight unsafe settings, each set by a file: all are told whole, and the files in their own field. */
static void test_many_unsafe_settings_fit(void **state) {
    struct alert alert = sample_unsafe_all();
    struct provenance provenance = {0};

    (void)state;
    assert_true(alert.finding.advice_count > 8);
    alert.finding.advice_count = 8;
    for (size_t i = 0; i < alert.finding.advice_count; i++)
        set_origin(&provenance, i, TUNING, "0");
    struct record *record = record_with_files(&alert, "host", &provenance);
    const char *advice = record_get(record, "SYNWAITD_ADVICE");
    const char *file = record_get(record, "SYNWAITD_SYSCTL_FILE");
    const char *end = "; to keep a sysctl, see SYNWAITD_SYSCTL_FILE for the file to change";
    if (strstr(advice, "\xE2\x80\xA6") || strcmp(advice + strlen(advice) - strlen(end), end) != 0)
        fail_msg("%zu bytes: %s", strlen(advice), advice);
    for (size_t i = 0; i < alert.finding.advice_count; i++)
        assert_non_null(strstr(file, knob_name(alert.finding.advice[i].row->knob)));
    free(record);
}

/* Half a path would be a wrong one. */
static void test_files_keep_whole_pairs(void **state) {
    struct alert alert = sample_unsafe_all();
    struct provenance provenance = {0};
    char path[SYSCTL_PATH_SIZE];

    (void)state;
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    for (size_t i = 0; i < alert.finding.advice_count; i++)
        set_origin(&provenance, i, path, "0");
    struct record *record = record_with_files(&alert, "host", &provenance);
    const char *file = record_get(record, "SYNWAITD_SYSCTL_FILE");
    assert_true(strlen(file) <= RECORD_VALUE_MAX);
    assert_string_equal(file + strlen(file) - 4, "x:12");
    free(record);
}

static void test_changes_keep_whole_pairs(void **state) {
    struct alert alert = sample_widened(VERDICT_PENDING);
    struct knob_changes *changes = &alert.outcome.changes;

    (void)state;
    for (changes->count = 0; changes->count < KNOB_COUNT; changes->count++)
        changes->change[changes->count] =
            (struct knob_change){KNOB_TCP_FIN_TIMEOUT, 1, {UINT64_MAX}, {UINT64_MAX}};
    struct record *record = record_from_alert(&alert, "host");
    const char *changed = record_get(record, "SYNWAITD_CHANGED");
    const char *last = strrchr(changed, ' ');
    assert_true(strlen(changed) > RECORD_VALUE_MAX / 2);
    assert_string_equal(last, " net.ipv4.tcp_fin_timeout=18446744073709551615");
    free(record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_many_unsafe_settings_fit),
        cmocka_unit_test(test_files_keep_whole_pairs),
        cmocka_unit_test(test_changes_keep_whole_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
