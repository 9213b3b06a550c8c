/* SPDX-License-Identifier: MIT */
/* A list of sockets for people and for programs. */
#ifndef SYNWAITD_SOCKET_VIEW_H
#define SYNWAITD_SOCKET_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "endpoint.h"
#include "page.h"
#include "socket_list.h"

/**
 * Prints it as a table. A terminal gets the columns that have anything to tell, and of those as many as it
 * has room for; in a narrow one of the local address only the port is left.
 * @return 0 or -ENOMEM
 */
int socket_view_print_table(const struct page *page, const struct socket_list *list);

/** Prints it as a JSON array, one object on a line. @return 0 or -ENOMEM */
int socket_view_print_json(const struct socket_list *list);

/** @return whether the kernel tells whose it is: not of what no process has, or no longer has. */
bool socket_view_has_user(const struct diag_socket *socket);

/**
 * Writes an endpoint in at most @p columns_max columns: what is too much is cut from the address, not the
 * port.
 * @param columns_max at least 9
 */
void socket_view_endpoint(const struct endpoint *endpoint, size_t columns_max, char text[ENDPOINT_TEXT_SIZE]);

#endif
