/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "socket_view.h"
#include "table.h"
#include "user_names.h"
#include "util.h"

#define NARROW   60 /* columns of the terminal, below which two whole addresses are too much */
#define OTHERS   38 /* columns beside two addresses: indent, state, age, gaps */
#define ELLIPSIS "\xE2\x80\xA6"
#define TEXT_MAX (UNIT_SIZE + 8)

enum column { STATE, LOCAL, PEER, QUEUE, AGE, TIMER, PROCESS, UNIT, USER, COLUMNS };

/* The process goes last: it is what one asks for first. */
static const struct table_column columns[COLUMNS] = {
    [STATE] = {.title = "STATE"},
    [LOCAL] = {.title = "LOCAL"},
    [PEER] = {.title = "PEER"},
    [QUEUE] = {.title = "QUEUE", .drop = 4},
    [AGE] = {.title = "AGE", .drop = 2},
    [TIMER] = {.title = "TIMER", .drop = 6},
    [PROCESS] = {.title = "PROCESS", .drop = 1, .shrinks = true},
    [UNIT] = {.title = "UNIT", .drop = 3, .shrinks = true},
    [USER] = {.title = "USER", .drop = 5, .shrinks = true},
};

struct view {
    const struct page *page;
    const struct socket_list *list;
    struct user_names users;
    bool local_port_only;
    size_t local_columns, peer_columns; /* at most */
    enum column shown[COLUMNS];
    size_t shown_count;
};

bool socket_view_has_user(const struct diag_socket *socket) {
    return socket->inode > 0;
}

void socket_view_endpoint(const struct endpoint *endpoint, size_t columns_max,
                          char text[ENDPOINT_TEXT_SIZE]) {
    char whole[ENDPOINT_TEXT_SIZE] = "";

    endpoint_format(endpoint, whole);
    const char *port = endpoint->port != 0 ? strrchr(whole, ':') : NULL;
    size_t length = strlen(whole), port_length = port ? strlen(port) : 0;
    struct text out = text_in(text, ENDPOINT_TEXT_SIZE);
    if (length <= columns_max)
        text_add(&out, "%s", whole);
    else
        text_add(&out, "%.*s" ELLIPSIS "%s", (int)(columns_max - port_length - 1), whole, port ? port : "");
}

static void add_queue(struct text *text, const struct diag_socket *socket) {
    if (socket->state == STATE_LISTEN) {
        text_add(text, "%" PRIu32 "/%" PRIu32, socket->receive_queue, socket->send_queue);
        return;
    }
    if (socket->receive_queue > 0)
        text_add(text, "in:%" PRIu32, socket->receive_queue);
    if (socket->send_queue > 0)
        text_add(text, "%sout:%" PRIu32, text->length > 0 ? "," : "", socket->send_queue);
}

/* A full socket without an inode was not accept()ed yet, or is closed by its process already. */
static const char *why_unheld(const struct diag_socket *socket) {
    if (socket->inode > 0 || socket->request)
        return "";
    if (socket->state == STATE_ESTABLISHED || socket->state == STATE_CLOSE_WAIT)
        return "(not accepted)";
    return socket->state == STATE_TIME_WAIT || socket->state == STATE_SYN_RECV ? "" : "(closed)";
}

static void add_process(struct text *text, const struct socket_list *list, const struct diag_socket *socket) {
    const struct socket_holder *holder = socket_list_holder(list, socket);

    if (holder)
        text_add(text, "%" PRIu32 "/%s", holder->pid, holder->comm);
    else
        text_add(text, "%s", why_unheld(socket));
}

static void add_unit(struct text *text, const struct socket_list *list, const struct listed_socket *listed) {
    const char *unit = socket_names_text(list->names, listed->unit);

    text_add(text, listed->unit_guessed ? "(%s)" : "%s", unit);
}

static void add_local(struct text *text, const struct view *view, const struct endpoint *local) {
    char endpoint[ENDPOINT_TEXT_SIZE];

    if (view->local_port_only) {
        text_add(text, ":%u", local->port);
        return;
    }
    socket_view_endpoint(local, view->local_columns, endpoint);
    text_add(text, "%s", endpoint);
}

static void add_peer(struct text *text, const struct view *view, const struct diag_socket *socket) {
    char endpoint[ENDPOINT_TEXT_SIZE];

    if (socket->state == STATE_LISTEN)
        return;
    socket_view_endpoint(&socket->remote, view->peer_columns, endpoint);
    text_add(text, "%s", endpoint);
}

static void write_cell(struct view *view, const struct listed_socket *listed, enum column column,
                       char cell[TEXT_MAX]) {
    const struct diag_socket *socket = &listed->socket;
    struct text text = text_in(cell, TEXT_MAX);

    if (column == STATE)
        text_add(&text, "%s", tcp_state_name(socket->state));
    else if (column == LOCAL)
        add_local(&text, view, &socket->local);
    else if (column == PEER)
        add_peer(&text, view, socket);
    else if (column == QUEUE)
        add_queue(&text, socket);
    else if (column == AGE)
        socket_age_format(listed->age, cell);
    else if (column == TIMER)
        socket_timer_format(socket, cell);
    else if (column == PROCESS)
        add_process(&text, view->list, socket);
    else if (column == UNIT)
        add_unit(&text, view->list, listed);
    else if (socket_view_has_user(socket))
        text_add(&text, "%s", user_name(&view->users, socket->uid));
}

static bool has_text(struct view *view, enum column column) {
    char cell[TEXT_MAX];

    for (size_t i = 0; i < view->list->count; i++) {
        write_cell(view, &view->list->socket[i], column, cell);
        if (cell[0] != '\0')
            return true;
    }
    return false;
}

static void choose_columns(struct view *view, struct table_column chosen[COLUMNS]) {
    for (enum column column = STATE; column < COLUMNS; column++) {
        if (view->page->terminal && columns[column].drop > 0 && !has_text(view, column))
            continue;
        chosen[view->shown_count] = columns[column];
        view->shown[view->shown_count++] = column;
    }
}

static void choose_widths(struct view *view) {
    const struct page *page = view->page;

    view->local_columns = view->peer_columns = ENDPOINT_TEXT_SIZE - 1;
    if (!page->terminal)
        return;
    view->local_port_only = page->width < NARROW;
    /* Indent, the longest state and port, and gaps: 23 columns. */
    view->peer_columns = view->local_columns =
        view->local_port_only ? page->width - 23 : (page->width - OTHERS) / 2;
}

int socket_view_print_table(const struct page *page, const struct socket_list *list) {
    struct table_column chosen[COLUMNS];
    struct view view = {.page = page, .list = list};
    char cell[TEXT_MAX];

    choose_widths(&view);
    choose_columns(&view, chosen);
    CLEANUP_TABLE struct table *table = table_new(chosen, view.shown_count);
    if (!table)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++)
        for (size_t at = 0; at < view.shown_count; at++) {
            write_cell(&view, &list->socket[i], view.shown[at], cell);
            table_cell(table, "%s", cell[0] == '\0' ? "-" : cell);
        }
    return table_print(table, page);
}
