/* SPDX-License-Identifier: MIT */
/* A fair part of many sockets, chosen by port in the kernel. */
#ifndef SYNWAITD_PORT_SLICES_H
#define SYNWAITD_PORT_SLICES_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stdint.h>

#define PORT_SLICES_FIRST   8192 /* below are few ports but servers' */
#define PORT_SLICES_SPACING 4096
#define PORT_SLICES         14 /* up to 65,535 */

/**
 * @width ports of every 4,096, the first at 8,192 + @offset: the same share of whatever range an application
 * or a host chooses its ports from. offset + width is at most 4,096.
 */
struct port_slices {
    uint16_t offset, width; /* width 0: every port */
};

bool port_slices_have(const struct port_slices *slices, uint16_t port);

#define PORT_SLICES_OPS (PORT_SLICES * 2 * 5)

/** Writes the kernel's filter for sockets with the local or the remote port in @p slices. */
void port_slices_filter(const struct port_slices *slices, struct inet_diag_bc_op ops[PORT_SLICES_OPS]);

#endif
