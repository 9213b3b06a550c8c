/* SPDX-License-Identifier: MIT */
#include "socket_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define ROOM_FIRST 256

void socket_list_release(struct socket_list *list) {
    free(list->socket);
    free(list->holder);
}

static int order(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

static uint64_t rank(enum tcp_state state) {
    static const unsigned char rank[STATE_COUNT] = {
        [STATE_LISTEN] = 1,     [STATE_SYN_SENT] = 2,     [STATE_SYN_RECV] = 3,   [STATE_FIN_WAIT_1] = 4,
        [STATE_FIN_WAIT_2] = 5, [STATE_CLOSE_WAIT] = 6,   [STATE_CLOSING] = 7,    [STATE_LAST_ACK] = 8,
        [STATE_CLOSED] = 9,     [STATE_ESTABLISHED] = 10, [STATE_TIME_WAIT] = 11,
    };

    return rank[state];
}

int socket_list_compare(const struct listed_socket *a, const struct listed_socket *b) {
    int result = order(rank(a->socket.state), rank(b->socket.state));

    if (result == 0)
        result = order(a->outgoing, b->outgoing);
    if (result == 0)
        result = order(a->service_port, b->service_port);
    if (result == 0)
        result = order(b->age.msec, a->age.msec);
    if (result == 0)
        result = endpoint_compare(&a->socket.local, &b->socket.local);
    if (result == 0)
        result = endpoint_compare(&a->socket.remote, &b->socket.remote);
    return result;
}

static int by_order(const void *a, const void *b) {
    return socket_list_compare(a, b);
}

static void sort(struct socket_list *list) {
    if (list->count > 1)
        qsort(list->socket, list->count, sizeof *list->socket, by_order);
    if (list->limit > 0 && list->count > list->limit)
        list->count = list->limit;
}

/* With a limit there is room for twice as many; when it is full the last ones go. */
static bool make_room(struct socket_list *list) {
    if (list->count < list->room)
        return true;
    if (list->limit > 0 && list->room >= 2 * list->limit) {
        sort(list);
        return true;
    }
    size_t room = list->room ? 2 * list->room : ROOM_FIRST;
    if (list->limit > 0 && room > list->limit)
        room = 2 * list->limit;
    struct listed_socket *socket = reallocarray(list->socket, room, sizeof *socket);
    if (!socket)
        return false;
    list->socket = socket;
    list->room = room;
    return true;
}

static void take(const struct diag_socket *socket, void *context) {
    struct socket_list *list = context;
    struct listed_socket listed = {.socket = *socket};

    if (!socket_filter_match(list->filter, socket))
        return;
    listed.unit = socket_names_unit(list->names, socket, &listed.unit_guessed);
    if (!socket_filter_match_unit(list->filter, socket_names_text(list->names, listed.unit)))
        return;
    list->matching++;
    if (!make_room(list)) {
        list->failed = true;
        return;
    }
    listed.outgoing = !socket_names_listens(list->names, socket->local.port);
    listed.service_port = listed.outgoing ? socket->remote.port : socket->local.port;
    listed.age = socket_age(socket, list->syn_linear_timeouts);
    list->socket[list->count++] = listed;
}

static void forget(void *context) {
    struct socket_list *list = context;

    list->count = 0;
    list->matching = 0;
}

int socket_list_read(struct socket_list *list, struct sock_diag *diag) {
    struct diag_request request = socket_filter_request(list->filter);

    request.with_info = true;
    int result = sock_diag_dump(diag, &request, take, forget, list);
    sort(list);
    return result == 0 && list->failed ? -ENOMEM : result;
}

static int by_inode(const void *a, const void *b) {
    const struct socket_holder *first = a, *second = b;

    return order(first->inode, second->inode);
}

int socket_list_find_holders(struct socket_list *list, const char *proc_root) {
    if (list->count == 0)
        return 0;
    list->holder = calloc(list->count, sizeof *list->holder);
    if (!list->holder)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++)
        if (list->socket[i].socket.inode > 0)
            list->holder[list->holder_count++].inode = list->socket[i].socket.inode;
    if (list->holder_count > 1)
        qsort(list->holder, list->holder_count, sizeof *list->holder, by_inode);
    /* Who wants all of them will wait. */
    uint64_t budget_usec = list->limit > 0 ? HOLDERS_BUDGET_USEC : HOLDERS_BUDGET_LONG_USEC;
    list->pass = holders_find(proc_root, list->holder, list->holder_count, budget_usec);
    return 0;
}

const struct socket_holder *socket_list_holder(const struct socket_list *list,
                                               const struct diag_socket *socket) {
    const struct socket_holder *holder =
        socket->inode > 0 ? holders_get(list->holder, list->holder_count, socket->inode) : NULL;

    return holder && holder->pid > 0 ? holder : NULL;
}
