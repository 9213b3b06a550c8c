/* SPDX-License-Identifier: MIT */
#include "socket_query.h"

#include <errno.h>
#include <string.h>

#include "util.h"

static const char *hint_for(int error) {
    static const struct {
        int error;
        const char *hint;
    } hints[] = {
        {EPERM,
         "A sandbox or security module forbids NETLINK_SOCK_DIAG here; try it as root, outside of it."},
        {EACCES,
         "A sandbox or security module forbids NETLINK_SOCK_DIAG here; try it as root, outside of it."},
        {ENOENT, "The kernel cannot dump TCP sockets: 'modprobe tcp_diag' loads what is missing."},
        {EOPNOTSUPP, "The kernel cannot dump TCP sockets: 'modprobe tcp_diag' loads what is missing."},
        {EPROTONOSUPPORT, "The kernel has no NETLINK_SOCK_DIAG: 'modprobe inet_diag' loads it."},
        {EAFNOSUPPORT, "Netlink sockets are forbidden here (RestrictAddressFamilies= of a unit?)."},
        {EAGAIN,
         "The sockets changed too fast for the kernel to list them; try again, or with --port or --state."},
        {ENOMEM, "With --port, --state or --limit there is less to hold."},
    };

    for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
        if (hints[i].error == error)
            return hints[i].hint;
    return NULL;
}

int socket_query_failed(const struct verb *verb, int result) {
    ctl_error(verb, hint_for(-result), "the TCP sockets: %s", strerror(-result));
    return CTL_FAILED;
}

int socket_query_open(struct socket_query *query, const struct verb *verb) {
    query->diag = sock_diag_open();
    if (!query->diag)
        return socket_query_failed(verb, -errno);
    query->names = socket_names_new("/sys/fs/cgroup");
    if (!query->names)
        return socket_query_failed(verb, -ENOMEM);
    int result = socket_names_read_listeners(query->names, query->diag);
    return result < 0 ? socket_query_failed(verb, result) : CTL_OK;
}

void socket_query_close(struct socket_query *query) {
    sock_diag_close(query->diag);
    socket_names_free(query->names);
}
