/* SPDX-License-Identifier: MIT */
/* Listeners and their queues from the BPF iterator that synwaitd-bpf(8) has pinned. */
#ifndef SYNWAITD_LISTENER_QUEUES_H
#define SYNWAITD_LISTENER_QUEUES_H

#include <limits.h>
#include <stddef.h>

#include "sample.h"

#define LISTENER_QUEUES_DIRECTORY "/sys/fs/bpf/synwaitd"
#define LISTENER_QUEUES_NAME      "listener_queues"
#define LISTENER_QUEUES_PATH      LISTENER_QUEUES_DIRECTORY "/" LISTENER_QUEUES_NAME
/* Where the unit shows it to the daemon, below the runtime directory: the bpffs itself is root's alone. */
#define LISTENER_QUEUES_SHOWN "bpf/" LISTENER_QUEUES_NAME

typedef void (*listener_callback)(const struct listener *listener, void *context);

/**
 * Calls back for each listening socket of the reader's network namespace, in no order, members 1 each, with
 * half_open and half_open_fresh; what only a walk can tell is 0. An ordinary open() and read(): no bpf() call
 * and no privilege.
 * @param path the pinned iterator
 * @return 0; -errno of open() or read(); -EBADMSG if what comes is not made of records
 */
int listener_queues_read(const char *path, listener_callback callback, void *context);

/**
 * @param runtime_directory of the daemon; NULL: none
 * @param path receives the one that the unit shows below it, if it is there
 * @return that, or LISTENER_QUEUES_PATH
 */
const char *listener_queues_find(const char *runtime_directory, char path[PATH_MAX]);

/**
 * Reads what one read() gave.
 * @param bytes, length of whole struct listener_record
 * @return 0 or -EBADMSG
 */
int listener_queues_parse(const void *bytes, size_t length, listener_callback callback, void *context);

#endif
