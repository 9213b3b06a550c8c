/* SPDX-License-Identifier: MIT */
/* Where reports go. The journal is replaced by sd_journal_sendv() and access() of our own. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal.h"
#include "log.h"
#include "sample_alerts.h"

/* What the journal got; read after report_close(), which ends the writer. */
static char journal_text[4096];

int access(const char *path, int mode) {
    return strcmp(path, JOURNAL_SOCKET_PATH) == 0 ? 0 : faccessat(AT_FDCWD, path, mode, 0);
}

int sd_journal_sendv(const struct iovec *field, int count) {
    size_t used = strlen(journal_text);

    for (int i = 0; i < count && used + field[i].iov_len + 2 < sizeof journal_text; i++) {
        memcpy(journal_text + used, field[i].iov_base, field[i].iov_len);
        used += field[i].iov_len;
        journal_text[used++] = '\n';
        journal_text[used] = '\0';
    }
    return 0;
}

/* Standard output and error, caught in files. */
struct caught {
    int saved[3];
    char text[3][8192];
};

static void catch_begin(struct caught *caught) {
    fflush(NULL);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        FILE *file = tmpfile();
        assert_non_null(file);
        caught->saved[fd] = dup(fd);
        dup2(fileno(file), fd);
        fclose(file);
    }
}

static void catch_end(struct caught *caught) {
    fflush(NULL);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        ssize_t got = pread(fd, caught->text[fd], sizeof caught->text[fd] - 1, 0);
        caught->text[fd][got > 0 ? got : 0] = '\0';
        dup2(caught->saved[fd], fd);
        close(caught->saved[fd]);
    }
}

static void report_both(enum log_target target, struct caught *caught) {
    struct alert alert = sample_leak();

    journal_text[0] = '\0';
    catch_begin(caught);
    int result = report_open(target);
    report_alert(record_from_alert(&alert, "host"));
    report_log(6, "a line with %d", 42);
    report_close(USEC_PER_SEC);
    catch_end(caught);
    assert_int_equal(result, 0);
}

static void expect(const char *row, const char *where, const char *text, const char *wanted) {
    if (wanted ? !strstr(text, wanted) : text[0] != '\0')
        fail_msg("%s: %s has \"%s\" instead of \"%s\"", row, where, text, wanted ? wanted : "");
}

static void test_targets(void **state) {
    static const struct {
        const char *name;
        enum log_target target;
        const char *out, *err, *journal; /* NULL: nothing at all */
    } row[] = {
        {"console", LOG_TARGET_CONSOLE, "raised warning close-wait-leak", "synwaitd: a line with 42\n", NULL},
        {"json", LOG_TARGET_JSON, "\"SYNWAITD_PROBLEM\":\"close-wait-leak\"", "synwaitd: a line with 42\n",
         NULL},
        {"journal", LOG_TARGET_JOURNAL, NULL, NULL, "SYNWAITD_PROBLEM=close-wait-leak\n"},
        {"journal takes the lines too", LOG_TARGET_JOURNAL, NULL, NULL, "MESSAGE=a line with 42\n"},
        {"auto without a journal", LOG_TARGET_AUTO, "raised warning close-wait-leak",
         "synwaitd: a line with 42\n", NULL},
    };
    static struct caught caught;

    (void)state;
    unsetenv("JOURNAL_STREAM");
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        report_both(row[i].target, &caught);
        expect(row[i].name, "standard output", caught.text[STDOUT_FILENO], row[i].out);
        expect(row[i].name, "standard error", caught.text[STDERR_FILENO], row[i].err);
        expect(row[i].name, "journal", journal_text, row[i].journal);
    }
}

static void test_auto_finds_the_journal(void **state) {
    struct stat status;
    char stream[64];

    (void)state;
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    assert_int_equal(report_open(LOG_TARGET_AUTO), 0);
    assert_int_equal(report_target(), LOG_TARGET_JOURNAL);
    assert_int_equal(report_dropped(), 0);
    report_close(USEC_PER_SEC);
    unsetenv("JOURNAL_STREAM");
    assert_int_equal(report_target(), LOG_TARGET_CONSOLE);
}

static void test_open_twice_is_refused(void **state) {
    (void)state;
    assert_int_equal(report_open(LOG_TARGET_JOURNAL), 0);
    assert_int_equal(report_open(LOG_TARGET_JOURNAL), -EBUSY);
    report_close(USEC_PER_SEC);
}

static void test_full_output_is_said(void **state) {
    struct alert alert = sample_leak();
    static struct caught caught;

    (void)state;
    catch_begin(&caught);
    int full = open("/dev/full", O_WRONLY);
    dup2(full, STDOUT_FILENO);
    close(full);
    report_open(LOG_TARGET_JSON);
    report_alert(record_from_alert(&alert, "host"));
    report_close(0);
    catch_end(&caught);
    clearerr(stdout);
    expect("full", "standard error", caught.text[STDERR_FILENO],
           "synwaitd: standard output: an alert could not be written: No space left on device\n");
}

/* Longer than the pipe, which takes the first part of it. */
static struct record *long_record(void) {
    static const size_t size = sizeof(struct record) + RECORD_FIELDS_MAX * 512;
    struct record *record = calloc(1, size);

    assert_non_null(record);
    char *end = (char *)record + size;
    for (size_t i = 0; i < RECORD_FIELDS_MAX; i++) {
        char *field = end - (i + 1) * 512;
        int length = snprintf(field, 512, "FIELD_%zu=", i);
        memset(field + length, 'x', 511 - (size_t)length);
        record->field[i] = field;
    }
    record->count = RECORD_FIELDS_MAX;
    record->is_alert = true;
    return record;
}

/* A daemon that is to end does not wait for the reader of a half of it. */
static void test_a_stuck_reader_holds_nobody(void **state) {
    static struct caught caught;
    sigset_t ending;
    int ends[2];

    (void)state;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    raise(SIGTERM);
    catch_begin(&caught);
    int result =
        pipe(ends) < 0 || fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0 ? -errno : report_open(LOG_TARGET_JSON);
    dup2(ends[1], STDOUT_FILENO);
    report_alert(long_record());
    bool failed = report_failed();
    report_close(0);
    catch_end(&caught);
    close(ends[0]);
    close(ends[1]);
    sigtimedwait(&ending, NULL, &(struct timespec){0});
    sigprocmask(SIG_UNBLOCK, &ending, NULL);
    assert_int_equal(result, 0);
    assert_true(failed);
    expect("stuck", "standard error", caught.text[STDERR_FILENO], "could not be written: Interrupted");
}

static void test_names(void **state) {
    static const struct {
        const char *name;
        int target;
    } row[] = {{"auto", LOG_TARGET_AUTO},
               {"journal", LOG_TARGET_JOURNAL},
               {"console", LOG_TARGET_CONSOLE},
               {"json", LOG_TARGET_JSON},
               {"JSON", -1},
               {"", -1},
               {"syslog", -1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++)
        if (log_target_from_name(row[i].name) != row[i].target)
            fail_msg("\"%s\" is %d", row[i].name, log_target_from_name(row[i].name));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_auto_finds_the_journal),
        cmocka_unit_test(test_open_twice_is_refused),
        cmocka_unit_test(test_full_output_is_said),
        cmocka_unit_test(test_a_stuck_reader_holds_nobody),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
