/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: clocks that are set, a journal socket that answers with errors, and an end in the middle of
 * the writing of a file, as the file $HOST_FAULTS says at any moment (struct host_faults).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../faults/host_faults.h"

static const struct host_faults none;
static const volatile struct host_faults *faults = &none;

__attribute__((constructor)) static void map_faults(void) {
    const char *path = getenv("HOST_FAULTS");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);

    if (page == MAP_FAILED)
        abort();
    faults = page;
    close(fd);
}

int clock_gettime(clockid_t clock_id, struct timespec *tp) {
    if (syscall(SYS_clock_gettime, clock_id, tp) < 0)
        return -1;
    if (clock_id == CLOCK_REALTIME)
        tp->tv_sec += faults->realtime_sec;
    if (clock_id == CLOCK_MONOTONIC)
        tp->tv_sec += faults->monotonic_sec;
    if (clock_id == CLOCK_BOOTTIME)
        tp->tv_sec += faults->monotonic_sec + faults->suspended_sec;
    return 0;
}

static int is_journal(const struct msghdr *message) {
    const struct sockaddr_un *address = message->msg_name;

    return address && message->msg_namelen > offsetof(struct sockaddr_un, sun_path) &&
           strcmp(address->sun_path, "/run/systemd/journal/socket") == 0;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (faults->journal_errno != 0 && is_journal(message)) {
        errno = faults->journal_errno;
        return -1;
    }
    return syscall(SYS_sendmsg, fd, message, flags);
}

int renameat(int oldfd, const char *old, int newfd, const char *new) {
    if (faults->die_before_rename && strcmp(new, "incidents.json") == 0)
        raise(SIGKILL);
    return (int)syscall(SYS_renameat2, oldfd, old, newfd, new, 0);
}
