/* SPDX-License-Identifier: MIT */
#include "tcp_state.h"

#include <stddef.h>

const enum tcp_state tcp_states_in_order[STATES_WITH_SOCKETS + 1] = {
    STATE_LISTEN,     STATE_SYN_SENT, STATE_SYN_RECV, STATE_ESTABLISHED, STATE_FIN_WAIT_1, STATE_FIN_WAIT_2,
    STATE_CLOSE_WAIT, STATE_CLOSING,  STATE_LAST_ACK, STATE_TIME_WAIT,   STATE_CLOSED,
};

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
