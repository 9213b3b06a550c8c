/* SPDX-License-Identifier: MIT */
#include "source_ports.h"

#include <string.h>

void source_ports_reset(struct source_port_table *table) {
    table->count = 0;
}

/* @return where the address stands; SOURCE_PORTS_MAX if it is new and the table is full. */
static size_t find_or_add(struct source_port_table *table, const struct endpoint *address) {
    size_t i = 0;

    while (i < table->count && !endpoint_equal(&table->source[i].local, address))
        i++;
    if (i == table->count && i < SOURCE_PORTS_MAX) {
        table->source[i] = (struct source_ports){.local = *address};
        memset(table->used[i], 0, sizeof table->used[i]);
        table->count++;
    }
    return i;
}

void source_ports_count(struct source_port_table *table, const struct endpoint *local) {
    struct endpoint address = *local;
    uint64_t bit = UINT64_C(1) << (local->port % 64);

    address.port = 0;
    address.ifindex = 0;
    size_t i = find_or_add(table, &address);
    if (i == SOURCE_PORTS_MAX)
        return;
    uint64_t *word = &table->used[i][local->port / 64];
    table->source[i].sockets++;
    table->source[i].ports += !(*word & bit);
    *word |= bit;
}

/* Equals in the order of their addresses, so that the same sockets give the same list. */
static bool comes_before(const struct source_ports *a, const struct source_ports *b) {
    if (a->ports != b->ports)
        return a->ports > b->ports;
    return endpoint_compare(&a->local, &b->local) < 0;
}

size_t source_ports_top(const struct source_port_table *table, struct source_ports top[SOURCE_PORTS_MAX]) {
    for (size_t i = 0; i < table->count; i++) {
        size_t at = i;
        for (; at > 0 && comes_before(&table->source[i], &top[at - 1]); at--)
            top[at] = top[at - 1];
        top[at] = table->source[i];
    }
    return table->count;
}
