/* SPDX-License-Identifier: MIT */
/* Sockets that fail, and the table that has to know of it. What must succeed fails the test if it does not.
 */
#ifndef INTEGRATION_ERRNOS_H
#define INTEGRATION_ERRNOS_H

#include <stdint.h>
#include <sys/socket.h>

#include "explain_words.h"

#define LOOPBACK "127.0.0.1"

/** @return errno of a call that has just ended with @p result; 0 if it succeeded. */
int error_of(long result);

/** The error is the one that is wanted, and the table lists it for this call. */
void check_error(const char *name, int got, int wanted, enum errno_call call);

/** @param flags SOCK_NONBLOCK or 0. @return an IPv4 TCP socket */
int new_socket(int flags);
void set_option(int fd, int level, int option, int value);

/** @return 0 or errno */
int connect_to(int fd, const char *text, uint16_t port);
int bind_to(int fd, const char *text, uint16_t port);
int read_error(int fd);
int write_error(int fd);

/** @return SO_ERROR, which is 0 from then on. */
int pending_error(int fd);

/** @return a listener with SO_REUSEADDR. */
int listen_on(const char *text, uint16_t port);
int connected(const char *text, uint16_t port);
int accepted(int listener);

/** Waits for events of poll(). */
void wait_for(int fd, short events);

/** Closes it with a reset. */
void reset_now(int fd);

#endif
