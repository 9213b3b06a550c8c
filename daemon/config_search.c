/* SPDX-License-Identifier: MIT */
#include "config_file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

#define FILE_NAME     "synwaitd.conf"
#define DROPIN_SUFFIX ".conf"

/* The administrator's tree first, the vendor's last. */
static const char *const trees[] = {"/etc/synwaitd", "/run/synwaitd", "/usr/lib/synwaitd"};

void config_files_cleanup(struct config_files *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->path[i]);
    files->count = 0;
}

int config_files_add(struct config_files *files, const char *path) {
    if (files->count == CONFIG_FILES_MAX)
        return -E2BIG;
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    files->path[files->count++] = copy;
    return 0;
}

static int add_or_fail(struct config_files *files, const char *path, char error[CONFIG_ERROR_SIZE]) {
    int result = config_files_add(files, path);

    if (result == -E2BIG)
        config_fail(error, path, 0, NULL, "too many files, allowed: %d", CONFIG_FILES_MAX);
    else if (result < 0)
        config_fail(error, path, 0, NULL, "cannot be read: %s", strerror(-result));
    return result;
}

static int join(char path[PATH_MAX], const char *root, const char *directory, const char *name,
                char error[CONFIG_ERROR_SIZE]) {
    int length = snprintf(path, PATH_MAX, "%s%s/%s", root, directory, name);

    if (length >= 0 && length < PATH_MAX)
        return 0;
    config_fail(error, path, 0, NULL, "path too long, allowed: %d bytes", PATH_MAX - 1);
    return -ENAMETOOLONG;
}

/* lstat, so that a link that leads nowhere is an error later instead of being passed over. */
static int add_main_file(struct config_files *files, const char *root, char error[CONFIG_ERROR_SIZE]) {
    for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
        char path[PATH_MAX];
        struct stat status;
        int result = join(path, root, trees[i], FILE_NAME, error);
        if (result < 0)
            return result;
        if (lstat(path, &status) == 0)
            return add_or_fail(files, path, error);
        if (errno == ENOENT)
            continue;
        result = -errno;
        config_fail(error, path, 0, NULL, "cannot be read: %s", strerror(errno));
        return result;
    }
    return 0;
}

const char *config_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Hidden files are what editors leave behind. */
static bool is_dropin(const char *name) {
    size_t length = strlen(name), suffix = strlen(DROPIN_SUFFIX);
    return name[0] != '.' && length > suffix && strcmp(name + length - suffix, DROPIN_SUFFIX) == 0;
}

static bool has_name(const struct config_files *files, const char *name) {
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(config_base_name(files->path[i]), name) == 0)
            return true;
    return false;
}

/* An earlier tree's file of the same name wins, also when it is empty: that is how one is masked. */
static int add_entries(struct config_files *files, DIR *stream, const char *directory,
                       char error[CONFIG_ERROR_SIZE]) {
    for (;;) {
        char path[PATH_MAX];
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry)
            break;
        if (!is_dropin(entry->d_name) || has_name(files, entry->d_name))
            continue;
        int result = join(path, directory, "", entry->d_name, error);
        if (result == 0)
            result = add_or_fail(files, path, error);
        if (result < 0)
            return result;
    }
    if (errno == 0)
        return 0;
    int result = -errno;
    config_fail(error, directory, 0, NULL, "cannot be read: %s", strerror(errno));
    return result;
}

static int add_directory(struct config_files *files, const char *directory, char error[CONFIG_ERROR_SIZE]) {
    DIR *stream = opendir(directory);

    if (!stream && errno == ENOENT)
        return 0;
    if (!stream) {
        int result = -errno;
        config_fail(error, directory, 0, NULL, "cannot be read: %s", strerror(errno));
        return result;
    }
    int result = add_entries(files, stream, directory, error);
    closedir(stream);
    return result;
}

static int compare_base_names(const void *a, const void *b) {
    const char *const *left = a, *const *right = b;
    return strcmp(config_base_name(*left), config_base_name(*right));
}

static int add_dropins(struct config_files *files, const char *root, char error[CONFIG_ERROR_SIZE]) {
    for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
        char directory[PATH_MAX];
        int result = join(directory, root, trees[i], FILE_NAME ".d", error);
        if (result == 0)
            result = add_directory(files, directory, error);
        if (result < 0)
            return result;
    }
    qsort(files->path, files->count, sizeof files->path[0], compare_base_names);
    return 0;
}

int config_files_find(struct config_files *files, const char *root, char error[CONFIG_ERROR_SIZE]) {
    CLEANUP_CONFIG_FILES struct config_files dropins = {0};
    int result = add_main_file(files, root, error);

    if (result == 0)
        result = add_dropins(&dropins, root, error);
    for (size_t i = 0; result == 0 && i < dropins.count; i++)
        result = add_or_fail(files, dropins.path[i], error);
    return result;
}
