/* SPDX-License-Identifier: MIT */
/* Datagram sockets in the place of those of journald and of the service manager, read when the test wants it.
 */
#ifndef SYNWAITD_TEST_RECEIVER_H
#define SYNWAITD_TEST_RECEIVER_H

#include <sys/socket.h>
#include <sys/un.h>

#include "host.h"

#define RECEIVED_BYTES (512 * 1024)

struct receiver {
    const char *path;
    int fd;
    char text[RECEIVED_BYTES]; /* all that was received, NUL-terminated */
    size_t length;
};

static inline struct sockaddr_un receiver_address(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

/* At a path where nobody is any more. */
static inline void receiver_open(struct receiver *receiver, const char *path) {
    struct sockaddr_un address = receiver_address(path);

    receiver->path = path;
    receiver->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(receiver->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        fail_msg("%s: %s", path, strerror(errno));
}

/* Its name stays, as when journald is killed: senders get ECONNREFUSED. */
static inline void receiver_die(struct receiver *receiver) {
    close(receiver->fd);
    receiver->fd = -1;
}

static inline void receiver_remove(struct receiver *receiver) {
    receiver_die(receiver);
    unlink(receiver->path);
}

/* Until no sender finds room: then it is as hung as it can be. */
static inline void receiver_fill(const struct receiver *receiver) {
    struct sockaddr_un address = receiver_address(receiver->path);
    CLEANUP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    while (sendto(fd, "full\n", 5, 0, (const struct sockaddr *)&address, sizeof address) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

/* Takes what is there. */
static inline void receiver_read(struct receiver *receiver) {
    for (;;) {
        size_t room = sizeof receiver->text - 1 - receiver->length;
        ssize_t got = recv(receiver->fd, receiver->text + receiver->length, room, 0);
        if (got < 0)
            break;
        receiver->length += (size_t)got;
        receiver->text[receiver->length] = '\0';
    }
}

static inline size_t receiver_count(const struct receiver *receiver, const char *text) {
    size_t count = 0;

    for (const char *at = receiver->text; (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}

/* Reads until the text has come. */
static inline void receiver_wait(struct receiver *receiver, const char *text) {
    uint64_t end_usec = now_monotonic_usec() + WAIT_SECONDS * USEC_PER_SEC;

    for (receiver_read(receiver); !strstr(receiver->text, text); receiver_read(receiver)) {
        if (now_monotonic_usec() > end_usec)
            fail_msg("no \"%s\" in: %s", text, receiver->text);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define NOTIFY         "/run/notify"

/* The daemon with both sockets to send to; ready when its status says so, for it may be able to tell nobody.
 */
static inline struct lab_child *receiver_daemon(const char *program, const char *target) {
    const char *argv[] = {lab_program(program), "--log-target", target, "--config", CONFIG_FILE, NULL};

    setenv("NOTIFY_SOCKET", NOTIFY, 1);
    struct lab_child *daemon = host_start(argv);
    unsetenv("NOTIFY_SOCKET");
    host_wait_status("ticks", 1);
    return daemon;
}

#endif
