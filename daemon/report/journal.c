/* SPDX-License-Identifier: MIT */
/*
 * sd_journal_sendv() blocks while journald hangs, and drops without an error while its socket is absent
 * (journal-send.c answers ENOENT with 0). So one thread does the sending, and it looks for the socket first.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

#define WRITER_STACK_BYTES 65536
#define RETRY_USEC         USEC_PER_SEC

struct journal {
    pthread_t writer;
    pthread_mutex_t lock;
    pthread_cond_t changed;      /* for the writer: something queued, or to stop */
    pthread_cond_t sent;         /* for who waits: the writer has one less, or is gone */
    struct record *first, *last; /* oldest first */
    size_t count;
    size_t log_lines; /* of these */
    bool sending;     /* the writer holds one more */
    bool sending_alert;
    bool calling; /* it is inside sd_journal_sendv() */
    bool stop;
    bool abandoned; /* nobody waits for the writer any more: it releases all this itself */
    uint64_t dropped;
    uint64_t alerts_untold; /* dropped since the last alert that told of it */
};

static struct journal *journal;

bool journal_is_stderr(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char *end;

    if (!stream || fstat(STDERR_FILENO, &status) < 0)
        return false;
    uintmax_t device = strtoumax(stream, &end, 10);
    if (*end != ':')
        return false;
    uintmax_t inode = strtoumax(end + 1, &end, 10);
    return *end == '\0' && status.st_dev == device && status.st_ino == inode;
}

static struct timespec deadline_after(uint64_t usec) {
    uint64_t at = now_monotonic_usec();

    at = usec > UINT64_MAX / 2 - at ? UINT64_MAX / 2 : at + usec;
    return (struct timespec){.tv_sec = (time_t)(at / USEC_PER_SEC),
                             .tv_nsec = (long)(at % USEC_PER_SEC) * 1000};
}

/* Takes the record behind @p previous, or the first if NULL, out of the queue. */
static struct record *queue_take(struct journal *j, struct record *previous) {
    struct record **link = previous ? &previous->next : &j->first;
    struct record *record = *link;

    *link = record->next;
    if (j->last == record)
        j->last = previous;
    record->next = NULL;
    j->count--;
    j->log_lines -= !record->is_alert;
    return record;
}

static void queue_append(struct journal *j, struct record *record) {
    record->next = NULL;
    if (j->last)
        j->last->next = record;
    else
        j->first = record;
    j->last = record;
    j->count++;
    j->log_lines += !record->is_alert;
}

static bool alerts_pending(const struct journal *j) {
    return j->count > j->log_lines || j->sending_alert;
}

static void drop(struct journal *j, struct record *record) {
    j->dropped += record->is_alert;
    if (record->is_alert)
        j->alerts_untold += 1 + record->alerts_dropped;
    free(record);
}

/* Makes room for one more by dropping the oldest log line, else the oldest alert. */
static void queue_make_room(struct journal *j) {
    struct record *previous = NULL;

    if (j->log_lines > 0)
        for (struct record *record = j->first; record->is_alert; record = record->next)
            previous = record;
    drop(j, queue_take(j, previous));
}

/* What the journal did not take before the end is said on standard error, unless that is the journal too, or
   nobody reads it. */
static void last_words(const struct record *record) {
    const char *message = record_get(record, "MESSAGE");
    struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (message && !journal_is_stderr() && poll(&output, 1, 0) > 0)
        fprintf(stderr, "<%d>synwaitd: not in the journal: %s\n", record->priority, message);
}

static void give_up(struct journal *j, struct record *record) {
    last_words(record);
    drop(j, record);
}

static void drop_all(struct journal *j) {
    while (j->first)
        give_up(j, queue_take(j, NULL));
}

static void journal_release(struct journal *j) {
    drop_all(j);
    pthread_cond_destroy(&j->sent);
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

/* @return 0, or -errno: try again later */
static int send_record(struct record *record) {
    struct iovec field[RECORD_FIELDS_MAX];

    if (access(JOURNAL_SOCKET_PATH, F_OK) < 0)
        return -errno;
    for (size_t i = 0; i < record->count; i++)
        field[i] = (struct iovec){.iov_base = record->text + (record->field[i] - record->text),
                                  .iov_len = strlen(record->field[i])};
    return sd_journal_sendv(field, (int)record->count);
}

/* Errors that are about the record: it would fail for ever, and keep all that come after it. */
static bool is_refused(int result) {
    return result == -EMSGSIZE || result == -E2BIG || result == -EINVAL;
}

/* Sends until the record is gone or the writer has to stop. Called and left with the lock held. */
static void deliver(struct journal *j, struct record *record) {
    for (;;) {
        j->calling = true;
        pthread_mutex_unlock(&j->lock);
        int result = send_record(record);
        pthread_mutex_lock(&j->lock);
        j->calling = false;
        if (result >= 0) {
            free(record);
            return;
        }
        if (is_refused(result)) {
            give_up(j, record);
            return;
        }
        struct timespec retry = deadline_after(RETRY_USEC);
        while (!j->stop && pthread_cond_timedwait(&j->changed, &j->lock, &retry) == 0)
            ;
        if (j->stop) {
            give_up(j, record);
            return;
        }
    }
}

static void *writer(void *context) {
    struct journal *j = context;

    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        if (j->count == 0) {
            pthread_cond_wait(&j->changed, &j->lock);
            continue;
        }
        struct record *record = queue_take(j, NULL);
        j->sending = true;
        j->sending_alert = record->is_alert;
        deliver(j, record);
        j->sending = j->sending_alert = false;
        pthread_cond_signal(&j->sent);
    }
    bool abandoned = j->abandoned;
    pthread_mutex_unlock(&j->lock);
    if (abandoned)
        journal_release(j);
    return NULL;
}

static int start_writer(struct journal *j) {
    pthread_attr_t attributes;
    sigset_t all, before;

    int result = -pthread_attr_init(&attributes);
    if (result < 0)
        return result;
    pthread_attr_setstacksize(&attributes, WRITER_STACK_BYTES);
    /* Signals are the event loop's: a thread without this would take some of them. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = -pthread_create(&j->writer, &attributes, writer, j);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return result;
}

static struct journal *journal_new(void) {
    struct journal *j = calloc(1, sizeof *j);
    pthread_condattr_t attributes;

    if (!j)
        return NULL;
    /* Waiting must not depend on the wall clock, which may be set. */
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, &attributes);
    pthread_cond_init(&j->sent, &attributes);
    pthread_condattr_destroy(&attributes);
    return j;
}

int journal_open(void) {
    if (journal)
        return -EBUSY;
    struct journal *j = journal_new();
    if (!j)
        return -ENOMEM;
    int result = start_writer(j);
    if (result < 0) {
        journal_release(j);
        return result;
    }
    journal = j;
    return 0;
}

void journal_send(struct record *record) {
    struct journal *j = journal;

    pthread_mutex_lock(&j->lock);
    if (j->count == JOURNAL_QUEUE_MAX && !record->is_alert && j->log_lines == 0) {
        drop(j, record);
        pthread_mutex_unlock(&j->lock);
        return;
    }
    if (j->count == JOURNAL_QUEUE_MAX)
        queue_make_room(j);
    if (record->is_alert && j->alerts_untold > 0) {
        record = record_add_dropped(record, j->alerts_untold);
        j->alerts_untold -= record->alerts_dropped;
    }
    queue_append(j, record);
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

uint64_t journal_dropped(void) {
    if (!journal)
        return 0;
    pthread_mutex_lock(&journal->lock);
    uint64_t dropped = journal->dropped;
    pthread_mutex_unlock(&journal->lock);
    return dropped;
}

bool journal_settle(uint64_t timeout_usec) {
    struct timespec deadline = deadline_after(timeout_usec);
    struct journal *j = journal;
    int result = 0;

    pthread_mutex_lock(&j->lock);
    while (alerts_pending(j) && result == 0)
        result = pthread_cond_timedwait(&j->sent, &j->lock, &deadline);
    bool settled = !alerts_pending(j);
    pthread_mutex_unlock(&j->lock);
    return settled;
}

void journal_close(uint64_t timeout_usec) {
    struct timespec deadline = deadline_after(timeout_usec);
    struct journal *j = journal;
    int result = 0;

    if (!j)
        return;
    journal = NULL;
    pthread_mutex_lock(&j->lock);
    while ((j->count > 0 || j->sending) && result == 0)
        result = pthread_cond_timedwait(&j->sent, &j->lock, &deadline);
    j->stop = true;
    /* Inside journald's call it may stay for ever, and leaving must not wait for it. */
    j->abandoned = j->calling;
    bool abandoned = j->abandoned;
    pthread_t thread = j->writer;
    if (abandoned)
        drop_all(j);
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->lock);
    if (abandoned) {
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    journal_release(j);
}
