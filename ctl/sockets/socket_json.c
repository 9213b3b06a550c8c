/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "socket_view.h"
#include "user_names.h"
#include "util.h"

static json_t *number_or_null(bool known, uint64_t number) {
    return ctl_json_figure(known ? FIGURE_OF(number) : FIGURE_NONE);
}

static json_t *text_or_null(const char *text) {
    return text && text[0] != '\0' ? ctl_json_text(text) : json_null();
}

static void add_endpoints(json_t *object, const struct diag_socket *socket) {
    char local[ENDPOINT_TEXT_SIZE] = "", peer[ENDPOINT_TEXT_SIZE] = "";

    endpoint_format(&socket->local, local);
    endpoint_format(&socket->remote, peer);
    json_object_set_new(object, "state", json_string(tcp_state_name(socket->state)));
    json_object_set_new(object, "local", json_string(local));
    json_object_set_new(object, "peer", socket->state == STATE_LISTEN ? json_null() : json_string(peer));
}

/* What a minisocket or a half-open has none of, the kernel tells as 0. */
static void add_queues(json_t *object, const struct diag_socket *socket) {
    bool listens = socket->state == STATE_LISTEN, full = !socket->request && !socket->minisocket;

    json_object_set_new(object, "receive_queue", number_or_null(full && !listens, socket->receive_queue));
    json_object_set_new(object, "send_queue", number_or_null(full && !listens, socket->send_queue));
    json_object_set_new(object, "accept_queue", number_or_null(listens, socket->receive_queue));
    json_object_set_new(object, "backlog", number_or_null(listens, socket->send_queue));
}

static void add_times(json_t *object, const struct listed_socket *listed) {
    const struct diag_socket *socket = &listed->socket;
    const char *timer = socket_timer_name(socket);

    json_object_set_new(object, "age_msec", number_or_null(listed->age.kind != AGE_NONE, listed->age.msec));
    json_object_set_new(object, "age_is", text_or_null(socket_age_kind_name(listed->age.kind)));
    json_object_set_new(object, "timer", text_or_null(timer));
    json_object_set_new(object, "timer_msec", number_or_null(timer != NULL, socket->expires_msec));
    json_object_set_new(object, "retransmits", json_integer(socket->retransmits));
}

static void add_owner(json_t *object, const struct socket_list *list, const struct listed_socket *listed,
                      struct user_names *users) {
    const struct diag_socket *socket = &listed->socket;
    const struct socket_holder *holder = socket_list_holder(list, socket);
    bool has_user = socket_view_has_user(socket);

    json_object_set_new(object, "uid", number_or_null(has_user, socket->uid));
    json_object_set_new(object, "user", text_or_null(has_user ? user_name(users, socket->uid) : NULL));
    json_object_set_new(object, "unit", text_or_null(socket_names_text(list->names, listed->unit)));
    json_object_set_new(object, "unit_guessed", json_boolean(listed->unit_guessed));
    json_object_set_new(object, "pid", number_or_null(holder != NULL, holder ? holder->pid : 0));
    json_object_set_new(object, "comm", text_or_null(holder ? holder->comm : NULL));
    json_object_set_new(object, "inode", number_or_null(socket->inode > 0, socket->inode));
    json_object_set_new(object, "cookie", json_integer((json_int_t)socket->cookie));
}

/* Object by object: a tree of all would take a kilobyte for each. */
int socket_view_print_json(const struct socket_list *list) {
    struct user_names users = {0};

    fputs("[", stdout);
    for (size_t i = 0; i < list->count; i++) {
        json_t *object = json_object();
        add_endpoints(object, &list->socket[i].socket);
        add_queues(object, &list->socket[i].socket);
        add_times(object, &list->socket[i]);
        add_owner(object, list, &list->socket[i], &users);
        CLEANUP_FREE char *text = object ? json_dumps(object, 0) : NULL;
        json_decref(object);
        if (!text)
            return -ENOMEM;
        printf("%s\n  %s", i > 0 ? "," : "", text);
    }
    fputs(list->count > 0 ? "\n]\n" : "]\n", stdout);
    return 0;
}
