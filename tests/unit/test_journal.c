/* SPDX-License-Identifier: MIT */
/* The journal sink against a journald of our own: sd_journal_sendv() and access() are defined here. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#include "sample_alerts.h"

#define RECEIVED_MAX 2048
#define LONG_USEC    (10 * USEC_PER_SEC)

/* What journald does, and what it got. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool absent;   /* no socket */
    bool hung;     /* sends do not return */
    int error;     /* what sends return */
    size_t calls;  /* of sd_journal_sendv() */
    size_t looked; /* for the socket */
    size_t count;
    char message[RECEIVED_MAX][96];
    char evidence[RECEIVED_MAX][96];
    sigset_t blocked;
    size_t stack_bytes;
} journald = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

int access(const char *path, int mode) {
    if (strcmp(path, JOURNAL_SOCKET_PATH) != 0)
        return faccessat(AT_FDCWD, path, mode, 0);
    pthread_mutex_lock(&journald.lock);
    journald.looked++;
    bool absent = journald.absent;
    pthread_mutex_unlock(&journald.lock);
    errno = ENOENT;
    return absent ? -1 : 0;
}

static void keep(const struct iovec *field, const char *key, char *value, size_t size) {
    size_t length = strlen(key);

    if (field->iov_len > length && memcmp(field->iov_base, key, length) == 0)
        snprintf(value, size, "%.*s", (int)(field->iov_len - length), (const char *)field->iov_base + length);
}

static void look_at_thread(void) {
    pthread_attr_t attributes;

    pthread_sigmask(SIG_BLOCK, NULL, &journald.blocked);
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    pthread_attr_getstacksize(&attributes, &journald.stack_bytes);
    pthread_attr_destroy(&attributes);
}

int sd_journal_sendv(const struct iovec *field, int count) {
    pthread_mutex_lock(&journald.lock);
    journald.calls++;
    pthread_cond_broadcast(&journald.changed);
    while (journald.hung)
        pthread_cond_wait(&journald.changed, &journald.lock);
    int result = journald.error;
    if (result == 0 && journald.count < RECEIVED_MAX) {
        look_at_thread();
        for (int i = 0; i < count; i++) {
            keep(&field[i], "MESSAGE=", journald.message[journald.count], sizeof journald.message[0]);
            keep(&field[i], "SYNWAITD_EVIDENCE=", journald.evidence[journald.count],
                 sizeof journald.evidence[0]);
        }
        journald.count++;
    }
    pthread_mutex_unlock(&journald.lock);
    return result;
}

static void set_journald(bool absent, bool hung, int error) {
    pthread_mutex_lock(&journald.lock);
    journald.absent = absent;
    journald.hung = hung;
    journald.error = error;
    pthread_cond_broadcast(&journald.changed);
    pthread_mutex_unlock(&journald.lock);
}

static size_t read_number(const size_t *number) {
    pthread_mutex_lock(&journald.lock);
    size_t value = *number;
    pthread_mutex_unlock(&journald.lock);
    return value;
}

/* Waits until the number is reached, for at most ten seconds. */
static void wait_for(const char *what, const size_t *number, size_t wanted) {
    uint64_t end = now_monotonic_usec() + LONG_USEC;

    while (read_number(number) < wanted) {
        if (now_monotonic_usec() > end)
            fail_msg("%s: %zu after ten seconds, wanted %zu", what, read_number(number), wanted);
        usleep(1000);
    }
}

static int start(void **state) {
    (void)state;
    set_journald(false, false, 0);
    journald.calls = journald.looked = journald.count = 0;
    memset(journald.message, 0, sizeof journald.message);
    memset(journald.evidence, 0, sizeof journald.evidence);
    return journal_open();
}

static int stop(void **state) {
    (void)state;
    set_journald(false, false, 0);
    journal_close(LONG_USEC);
    return 0;
}

static void send_log(size_t number) {
    char text[32];

    snprintf(text, sizeof text, "line %zu", number);
    journal_send(record_from_log(6, text));
}

static void send_alert(size_t number) {
    struct alert alert = sample_leak();

    alert.finding.evidence[0] = (struct evidence){"number", number};
    alert.finding.evidence_count = 1;
    journal_send(record_from_alert(&alert, "host"));
}

static void expect_log(size_t index, size_t number) {
    char text[32];

    snprintf(text, sizeof text, "line %zu", number);
    assert_string_equal(journald.message[index], text);
}

static void expect_alert(size_t index, size_t number, size_t dropped) {
    char text[64];
    int length = snprintf(text, sizeof text, "number=%zu", number);

    if (dropped > 0)
        snprintf(text + length, sizeof text - (size_t)length, " alerts_dropped=%zu", dropped);
    assert_string_equal(journald.evidence[index], text);
}

/* One record is inside the hung sd_journal_sendv(), the queue behind it is empty. */
static void hang(void) {
    set_journald(false, true, 0);
    send_log(0);
    wait_for("calls", &journald.calls, 1);
}

static void test_records_arrive_in_order(void **state) {
    (void)state;
    for (size_t i = 0; i < 200; i++)
        send_log(i);
    wait_for("records", &journald.count, 200);
    for (size_t i = 0; i < 200; i++)
        expect_log(i, i);
    assert_int_equal(journal_dropped(), 0);
}

static void test_writer_takes_no_signal(void **state) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};
    sigset_t own;

    (void)state;
    send_log(0);
    wait_for("records", &journald.count, 1);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        assert_true(sigismember(&journald.blocked, signals[i]));
#ifndef __SANITIZE_THREAD__ /* which adds to it */
    assert_true(journald.stack_bytes <= 65536);
#endif
    pthread_sigmask(SIG_BLOCK, NULL, &own);
    assert_false(sigismember(&own, SIGTERM));
}

static void test_absent_journald_is_waited_for(void **state) {
    (void)state;
    set_journald(true, false, 0);
    for (size_t i = 0; i < 10; i++)
        send_alert(i);
    wait_for("looks", &journald.looked, 2);
    assert_int_equal(read_number(&journald.calls), 0);
    set_journald(false, false, 0);
    wait_for("records", &journald.count, 10);
    for (size_t i = 0; i < 10; i++)
        expect_alert(i, i, 0);
    assert_int_equal(journal_dropped(), 0);
}

static void test_errors_are_tried_again_slowly(void **state) {
    (void)state;
    set_journald(false, false, -ECONNREFUSED);
    send_log(0);
    wait_for("calls", &journald.calls, 1);
    for (size_t i = 1; i < 50; i++)
        send_log(i);
    usleep(1500000);
    size_t calls = read_number(&journald.calls);
    assert_in_range(calls, 2, 3);
    set_journald(false, false, 0);
    wait_for("records", &journald.count, 50);
    for (size_t i = 0; i < 50; i++)
        expect_log(i, i);
}

/* What journald will never take holds up nothing, is counted, and is told with the next alert. */
static void test_refused_record_is_passed_over(void **state) {
    static const int error[] = {-EMSGSIZE, -E2BIG, -EINVAL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(error); i++) {
        size_t calls = read_number(&journald.calls);
        set_journald(false, false, error[i]);
        send_alert(2 * i);
        wait_for("calls", &journald.calls, calls + 1);
        uint64_t end = now_monotonic_usec() + LONG_USEC;
        while (journal_dropped() < i + 1 && now_monotonic_usec() < end)
            usleep(1000);
        set_journald(false, false, 0);
        send_alert(2 * i + 1);
        wait_for("records", &journald.count, i + 1);
        assert_int_equal(read_number(&journald.calls), calls + 2);
        expect_alert(i, 2 * i + 1, 1);
    }
    assert_int_equal(journal_dropped(), ARRAY_SIZE(error));
}

static void test_hung_journald_blocks_nobody(void **state) {
    uint64_t before = now_monotonic_usec();

    (void)state;
    hang();
    for (size_t i = 1; i < 10000; i++)
        send_log(i);
    assert_true(now_monotonic_usec() - before < 5 * USEC_PER_SEC);
    assert_int_equal(read_number(&journald.count), 0);
    assert_int_equal(journal_dropped(), 0); /* log lines are no alerts */
    set_journald(false, false, 0);
    wait_for("records", &journald.count, 1 + JOURNAL_QUEUE_MAX);
    expect_log(0, 0);
    for (size_t i = 1; i <= JOURNAL_QUEUE_MAX; i++)
        expect_log(i, 9999 - JOURNAL_QUEUE_MAX + i);
}

static void test_log_lines_are_dropped_before_alerts(void **state) {
    (void)state;
    hang();
    for (size_t i = 0; i < JOURNAL_QUEUE_MAX - 2; i++)
        send_alert(i);
    send_log(1);
    send_log(2);
    send_alert(1000); /* instead of line 1 */
    send_alert(1001); /* instead of line 2 */
    send_log(3);      /* no line is left: this one goes */
    assert_int_equal(journal_dropped(), 0);
    set_journald(false, false, 0);
    wait_for("records", &journald.count, 1 + JOURNAL_QUEUE_MAX);
    expect_alert(1, 0, 0);
    expect_alert(JOURNAL_QUEUE_MAX - 2, JOURNAL_QUEUE_MAX - 3, 0);
    expect_alert(JOURNAL_QUEUE_MAX - 1, 1000, 0);
    expect_alert(JOURNAL_QUEUE_MAX, 1001, 0);
}

static void test_dropped_alerts_are_told(void **state) {
    (void)state;
    hang();
    for (size_t i = 0; i < JOURNAL_QUEUE_MAX + 3; i++)
        send_alert(i);
    assert_int_equal(journal_dropped(), 3);
    set_journald(false, false, 0);
    wait_for("records", &journald.count, 1 + JOURNAL_QUEUE_MAX);
    expect_alert(1, 3, 0);
    expect_alert(JOURNAL_QUEUE_MAX - 2, JOURNAL_QUEUE_MAX, 1);
    expect_alert(JOURNAL_QUEUE_MAX, JOURNAL_QUEUE_MAX + 2, 1);
    send_alert(9);
    wait_for("records", &journald.count, 2 + JOURNAL_QUEUE_MAX);
    expect_alert(JOURNAL_QUEUE_MAX + 1, 9, 0);
}

/* Those that told of lost alerts and are lost themselves must not take the number with them. */
static void test_no_dropped_alert_is_forgotten(void **state) {
    size_t sent = 3 * JOURNAL_QUEUE_MAX, told = 0;

    (void)state;
    hang();
    for (size_t i = 0; i < sent; i++)
        send_alert(i);
    assert_int_equal(journal_dropped(), sent - JOURNAL_QUEUE_MAX);
    set_journald(false, false, 0);
    wait_for("records", &journald.count, 1 + JOURNAL_QUEUE_MAX);
    for (size_t i = 1; i <= JOURNAL_QUEUE_MAX; i++) {
        const char *dropped = strstr(journald.evidence[i], "alerts_dropped=");
        told += dropped ? strtoul(dropped + strlen("alerts_dropped="), NULL, 10) : 0;
    }
    assert_int_equal(told, sent - JOURNAL_QUEUE_MAX);
}

static void test_close_waits_for_what_is_queued(void **state) {
    (void)state;
    for (size_t i = 0; i < 100; i++)
        send_log(i);
    journal_close(LONG_USEC);
    assert_int_equal(journald.count, 100);
    journal_close(LONG_USEC);
    assert_int_equal(journal_open(), 0);
}

static void *recover_soon(void *unused) {
    usleep(200000);
    set_journald(false, false, 0);
    return unused;
}

/* The last record is out of the queue already, but not delivered. */
static void test_close_waits_for_what_is_being_sent(void **state) {
    pthread_t thread;

    (void)state;
    hang();
    assert_int_equal(pthread_create(&thread, NULL, recover_soon, NULL), 0);
    journal_close(LONG_USEC);
    assert_int_equal(read_number(&journald.count), 1);
    pthread_join(thread, NULL);
    assert_int_equal(journal_open(), 0);
}

static void test_close_does_not_hang(void **state) {
    static const struct {
        const char *name;
        bool absent, hung;
        int error;
    } row[] = {
        {"absent", true, false, 0},
        {"error", false, false, -EAGAIN},
        {"hung", false, true, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        set_journald(row[i].absent, row[i].hung, row[i].error);
        for (size_t k = 0; k < 10; k++)
            send_log(k);
        uint64_t before = now_monotonic_usec();
        journal_close(300000);
        uint64_t took = now_monotonic_usec() - before;
        if (took < 290000 || took > 2 * USEC_PER_SEC)
            fail_msg("%s: closed after %llu us", row[i].name, (unsigned long long)took);
        set_journald(false, false, 0);
        assert_int_equal(journal_open(), 0);
    }
}

/* Log lines are not waited for, alerts until they are sent or refused. */
static void test_settles_when_alerts_are_sent(void **state) {
    (void)state;
    assert_true(journal_settle(0));
    hang();
    assert_true(journal_settle(0));
    send_alert(1);
    assert_false(journal_settle(20000));
    set_journald(false, false, 0);
    assert_true(journal_settle(LONG_USEC));
    assert_int_equal(read_number(&journald.count), 2);
    set_journald(false, true, 0);
    send_alert(2);
    wait_for("calls", &journald.calls, 3);
    assert_false(journal_settle(20000)); /* it is not in the queue any more, but not sent */
    set_journald(false, false, -EMSGSIZE);
    assert_true(journal_settle(LONG_USEC));
    assert_int_equal(journal_dropped(), 1);
}

static void test_opens_once(void **state) {
    (void)state;
    assert_int_equal(journal_open(), -EBUSY);
}

static void test_stderr_is_the_journal(void **state) {
    struct stat status;
    char stream[64];

    (void)state;
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    assert_true(journal_is_stderr());
    const char *const wrong[] = {"", "1", "1:", "x:y", "1:2:3", "0:0"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        setenv("JOURNAL_STREAM", wrong[i], 1);
        if (journal_is_stderr())
            fail_msg("\"%s\" is taken for standard error", wrong[i]);
    }
    unsetenv("JOURNAL_STREAM");
    assert_false(journal_is_stderr());
}

#define WITH_JOURNAL(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_JOURNAL(test_records_arrive_in_order),
        WITH_JOURNAL(test_writer_takes_no_signal),
        WITH_JOURNAL(test_absent_journald_is_waited_for),
        WITH_JOURNAL(test_errors_are_tried_again_slowly),
        WITH_JOURNAL(test_refused_record_is_passed_over),
        WITH_JOURNAL(test_hung_journald_blocks_nobody),
        WITH_JOURNAL(test_log_lines_are_dropped_before_alerts),
        WITH_JOURNAL(test_dropped_alerts_are_told),
        WITH_JOURNAL(test_no_dropped_alert_is_forgotten),
        WITH_JOURNAL(test_close_waits_for_what_is_queued),
        WITH_JOURNAL(test_close_waits_for_what_is_being_sent),
        WITH_JOURNAL(test_close_does_not_hang),
        WITH_JOURNAL(test_settles_when_alerts_are_sent),
        WITH_JOURNAL(test_opens_once),
        cmocka_unit_test(test_stderr_is_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
