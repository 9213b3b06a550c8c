/* SPDX-License-Identifier: MIT */
#include "port_slices.h"

#include <stddef.h>

#define STEP_OPS 5 /* one range: two comparisons with a port each, and a jump */

bool port_slices_have(const struct port_slices *slices, uint16_t port) {
    if (slices->width == 0)
        return true;
    if (port < PORT_SLICES_FIRST + slices->offset)
        return false;
    return (port - PORT_SLICES_FIRST - slices->offset) % PORT_SLICES_SPACING < slices->width;
}

/*
 * "Accept if first <= port <= last, else go on behind." Offsets count bytes from an operation: exactly to the
 * end accepts, 4 beyond it rejects, and what is skipped must be reachable by the `yes` branches, which
 * therefore only ever go to the next operation (inet_diag.c inet_diag_bc_audit).
 */
static void put_range(struct inet_diag_bc_op *op, size_t ops_left, unsigned char at_least,
                      unsigned char at_most, unsigned int first, unsigned int last) {
    const unsigned short size = sizeof *op;
    const unsigned short behind = ops_left == STEP_OPS ? size : 0; /* the last one rejects */

    op[0] =
        (struct inet_diag_bc_op){at_least, (unsigned char)(2 * size), (unsigned short)(5 * size + behind)};
    op[1] = (struct inet_diag_bc_op){.no = (unsigned short)first};
    op[2] = (struct inet_diag_bc_op){at_most, (unsigned char)(2 * size), (unsigned short)(3 * size + behind)};
    op[3] = (struct inet_diag_bc_op){.no = (unsigned short)last};
    op[4] = (struct inet_diag_bc_op){INET_DIAG_BC_JMP, (unsigned char)size,
                                     (unsigned short)((ops_left - 4) * size)};
}

void port_slices_filter(const struct port_slices *slices, struct inet_diag_bc_op ops[PORT_SLICES_OPS]) {
    size_t at = 0;

    for (unsigned int i = 0; i < PORT_SLICES; i++) {
        unsigned int first = PORT_SLICES_FIRST + slices->offset + i * PORT_SLICES_SPACING;
        unsigned int last = first + slices->width - 1U;
        put_range(ops + at, PORT_SLICES_OPS - at, INET_DIAG_BC_S_GE, INET_DIAG_BC_S_LE, first, last);
        at += STEP_OPS;
        put_range(ops + at, PORT_SLICES_OPS - at, INET_DIAG_BC_D_GE, INET_DIAG_BC_D_LE, first, last);
        at += STEP_OPS;
    }
}
