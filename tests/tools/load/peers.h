/* SPDX-License-Identifier: MIT */
/* Ordinary connections, both ends in one process, brought into a known state. */
#ifndef LOAD_PEERS_H
#define LOAD_PEERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/** Raises the limit of open files to what @p sockets need. @return 0 or -errno. */
int peers_allow_files(uint64_t sockets);

/** Raises the limit of open files as far as it goes without asking for more than this process was given. */
void peers_allow_most_files(void);

/** Listens on @p address. @return the descriptor or -errno. */
int peers_listen(const struct sockaddr_storage *address, int backlog);

/**
 * Makes @p count connections to a listener of this process; sockets stay open until the process ends.
 * @param source_base the clients' first address (the next one after every 20,000 connections), or NULL;
 *        their ports are 10000 to 29999
 * @param unlisten the listener is closed once they are made
 * @return a value from 0 on, or -errno; so do the next two
 */
int peers_hold(const struct sockaddr_storage *address, const struct sockaddr_storage *source_base,
               uint64_t count, bool unlisten);

/** The same, then every client closes and the server does not: @p count sockets in CLOSE-WAIT. */
int peers_leak(const struct sockaddr_storage *address, uint64_t count);

/**
 * Short connections that the server closes first: @p count TIME-WAIT on the listener's port.
 * @param rate connections per second, 0 = as fast as possible
 */
int peers_time_wait_inbound(const struct sockaddr_storage *address,
                            const struct sockaddr_storage *source_base, uint64_t count, uint64_t rate);

/**
 * Short connections to a listener elsewhere that the client closes first: TIME-WAIT on its own ports.
 * @param rate connections per second, 0 = as fast as possible
 * @return 0; -EADDRNOTAVAIL when no port is left; another -errno. @p made receives how many.
 */
int peers_churn(const struct sockaddr_storage *address, uint64_t count, uint64_t rate, uint64_t *made);

/** Waits until standard input ends or @p seconds have passed. */
void peers_wait(unsigned int seconds);

#endif
