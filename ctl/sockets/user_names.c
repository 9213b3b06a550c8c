/* SPDX-License-Identifier: MIT */
#include "user_names.h"

#include <pwd.h>
#include <stdio.h>

#include "util.h"

const char *user_name(struct user_names *names, uint32_t uid) {
    for (size_t i = 0; i < names->count; i++)
        if (names->user[i].uid == uid)
            return names->user[i].name;
    if (names->count == USERS_KEPT)
        names->count--; /* the last place is for all that are too many */
    const struct passwd *user = getpwuid(uid);
    size_t at = names->count++;
    names->user[at].uid = uid;
    struct text text = text_in(names->user[at].name, USER_NAME_SIZE);
    if (user)
        text_add(&text, "%s", user->pw_name);
    else
        text_add(&text, "%u", uid);
    return names->user[at].name;
}
