/* SPDX-License-Identifier: MIT */
#include "netns.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define NAMED_DIR "/run/netns" /* where ip-netns(8) binds names to namespaces */

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool find_name(const struct stat *own, char *text, size_t size) {
    DIR *directory = opendir(NAMED_DIR);
    bool found = false;
    struct stat named;

    if (!directory)
        return false;
    for (const struct dirent *entry; !found && (entry = readdir(directory));) {
        found = fstatat(dirfd(directory), entry->d_name, &named, 0) == 0 && same_file(own, &named);
        if (found)
            snprintf(text, size, "%s", entry->d_name);
    }
    closedir(directory);
    return found;
}

void netns_name(char *text, size_t size) {
    struct stat own, init;

    if (stat("/proc/self/ns/net", &own) < 0) {
        snprintf(text, size, "host");
        return;
    }
    bool init_known = stat("/proc/1/ns/net", &init) == 0;
    if (init_known && same_file(&own, &init)) {
        snprintf(text, size, "host");
        return;
    }
    if (find_name(&own, text, size))
        return;
    if (init_known)
        snprintf(text, size, "net:[%ju]", (uintmax_t)own.st_ino);
    else
        snprintf(text, size, "host");
}
