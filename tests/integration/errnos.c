/* SPDX-License-Identifier: MIT */
#include "errnos.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/load/address.h"

enum { WAIT_MSEC = 10000 };

/* @return errno of a call that has just ended with @p result; 0 if it succeeded */
int error_of(long result) {
    return result < 0 ? errno : 0;
}

/* The error came, and the table lists it for the call. */
void check_error(const char *name, int got, int wanted, enum errno_call call) {
    char number[16];

    if (got != wanted)
        fail_msg("%s: %s, wanted %s", name, got ? strerrorname_np(got) : "no error", strerrorname_np(wanted));
    snprintf(number, sizeof number, "%d", got);
    const struct errno_word *row = errno_find(number);
    if (!row)
        fail_msg("%s: %s is not explained", name, number);
    else if ((errno_calls(row) & call) == 0)
        fail_msg("%s: %s is not listed for this call", name, row->name);
}

static struct sockaddr_storage address_of(const char *text, uint16_t port) {
    struct sockaddr_storage address;

    assert_int_equal(address_parse(text, port, &address), 0);
    return address;
}

int new_socket(int flags) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    if (fd < 0)
        fail_msg("socket: %s", strerror(errno));
    return fd;
}

void set_option(int fd, int level, int option, int value) {
    if (setsockopt(fd, level, option, &value, sizeof value) < 0)
        fail_msg("option %d: %s", option, strerror(errno));
}

int connect_to(int fd, const char *text, uint16_t port) {
    struct sockaddr_storage address = address_of(text, port);

    return error_of(connect(fd, (struct sockaddr *)&address, address_length(&address)));
}

int bind_to(int fd, const char *text, uint16_t port) {
    struct sockaddr_storage address = address_of(text, port);

    return error_of(bind(fd, (struct sockaddr *)&address, address_length(&address)));
}

int listen_on(const char *text, uint16_t port) {
    int fd = new_socket(0);

    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    assert_int_equal(bind_to(fd, text, port), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

int connected(const char *text, uint16_t port) {
    int fd = new_socket(0);

    assert_int_equal(connect_to(fd, text, port), 0);
    return fd;
}

int accepted(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        fail_msg("accept: %s", strerror(errno));
    return fd;
}

int read_error(int fd) {
    char byte;

    return error_of(recv(fd, &byte, 1, 0));
}

int write_error(int fd) {
    return error_of(send(fd, "x", 1, MSG_NOSIGNAL));
}

void wait_for(int fd, short events) {
    struct pollfd poll_fd = {.fd = fd, .events = events};

    assert_int_equal(poll(&poll_fd, 1, WAIT_MSEC), 1);
}

void reset_now(int fd) {
    struct linger linger = {.l_onoff = 1};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}

int pending_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;

    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    return error;
}
