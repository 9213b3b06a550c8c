/* SPDX-License-Identifier: MIT */
/* User id -> name; each is asked for once. */
#ifndef SYNWAITD_USER_NAMES_H
#define SYNWAITD_USER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define USER_NAME_SIZE 33 /* LOGIN_NAME_MAX of most systems; what is longer is cut */
#define USERS_KEPT     64

/** Zeroed: none is known yet. */
struct user_names {
    struct {
        uint32_t uid;
        char name[USER_NAME_SIZE];
    } user[USERS_KEPT];
    size_t count;
};

/** @return the name, or the number where there is none. Valid until the next call. */
const char *user_name(struct user_names *names, uint32_t uid);

#endif
