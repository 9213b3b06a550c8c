/* SPDX-License-Identifier: MIT */
#include "shares.h"

void shares_find(const struct share_tables *tables, enum tcp_state state, uint16_t port,
                 struct shares *shares) {
    (void)tables;
    (void)state;
    (void)port;
    *shares = (struct shares){0};
}
