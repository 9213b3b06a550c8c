/* SPDX-License-Identifier: MIT */
#include "tcp_state.h"

#include <stddef.h>

const char *tcp_state_name(enum tcp_state state) {
    static const char *const name[STATE_COUNT] = {
        [STATE_ESTABLISHED] = "ESTABLISHED", [STATE_SYN_SENT] = "SYN-SENT",
        [STATE_SYN_RECV] = "SYN-RECV",       [STATE_FIN_WAIT_1] = "FIN-WAIT-1",
        [STATE_FIN_WAIT_2] = "FIN-WAIT-2",   [STATE_TIME_WAIT] = "TIME-WAIT",
        [STATE_CLOSED] = "CLOSED",           [STATE_CLOSE_WAIT] = "CLOSE-WAIT",
        [STATE_LAST_ACK] = "LAST-ACK",       [STATE_LISTEN] = "LISTEN",
        [STATE_CLOSING] = "CLOSING",
    };

    return (unsigned int)state < STATE_COUNT ? name[state] : NULL;
}
