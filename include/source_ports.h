/* SPDX-License-Identifier: MIT */
/* Which local ports each local address holds, for the first few addresses seen: one bit per port. */
#ifndef SYNWAITD_SOURCE_PORTS_H
#define SYNWAITD_SOURCE_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "sample.h"

/** About 64 KiB. An address's map is not touched before the address is seen. */
struct source_port_table {
    size_t count;
    struct source_ports source[SOURCE_PORTS_MAX];
    uint64_t used[SOURCE_PORTS_MAX][65536 / 64];
};

void source_ports_reset(struct source_port_table *table);

/** Counts a socket with local address and port @p local; of a ninth address it is left out. */
void source_ports_count(struct source_port_table *table, const struct endpoint *local);

/** Copies what was counted, most ports first. @return how many, at most SOURCE_PORTS_MAX. */
size_t source_ports_top(const struct source_port_table *table, struct source_ports top[SOURCE_PORTS_MAX]);

#endif
