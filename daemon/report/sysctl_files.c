/* SPDX-License-Identifier: MIT */
/* The rules are those of systemd's sysctl.c (parse_file, apply_all) and conf-files.c. */
#include "sysctl_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

#define FILES_MAX      256
#define FILE_BYTES_MAX (1024 * 1024)
#define ALL_BYTES_MAX  (2 * FILE_BYTES_MAX) /* sampling waits meanwhile, and every advised key is a search */
#define KEY_SIZE       128
#define SUFFIX         ".conf"
#define BLANKS         " \t\r\v\f"

static const char *const directories[] = {"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d",
                                          "/usr/lib/sysctl.d", "/lib/sysctl.d"};

struct file {
    const char *directory;
    char name[NAME_MAX + 1];
};

/* One search; too large for the stack. */
struct search {
    const char *root;
    char key[KEY_SIZE]; /* with slashes */
    struct file file[FILES_MAX];
    size_t file_count;
    const struct file *reading;
    unsigned int line;
    size_t bytes; /* read so far */
    bool incomplete;
    bool excluded; /* "-key": the last word on the key is that nobody sets it */
    struct sysctl_origin exact, glob;
};

/* A first separator that is a dot makes all dots slashes, and slashes, which stand for dots in the name of a
   network interface, dots. The leading slash of an absolute name goes. */
static void normalize(char *key) {
    char first = key[strcspn(key, "./")];

    for (char *at = key; first == '.' && *at; at++) {
        if (*at == '.')
            *at = '/';
        else if (*at == '/')
            *at = '.';
    }
    if (key[0] == '/')
        memmove(key, key + 1, strlen(key));
}

static bool is_masked(const struct search *search, const char *name) {
    for (size_t i = 0; i < search->file_count; i++)
        if (strcmp(search->file[i].name, name) == 0)
            return true;
    return false;
}

static bool is_candidate(const struct dirent *entry) {
    size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);
    bool may_be_file = entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;

    return may_be_file && entry->d_name[0] != '.' && length > suffix &&
           strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

static void list_directory(struct search *search, const char *directory) {
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s%s", search->root, directory);
    DIR *stream = opendir(path);
    if (!stream) {
        search->incomplete = search->incomplete || errno != ENOENT;
        return;
    }
    for (const struct dirent *entry; (entry = readdir(stream));) {
        if (!is_candidate(entry) || is_masked(search, entry->d_name))
            continue;
        if (search->file_count == FILES_MAX) {
            search->incomplete = true;
            break;
        }
        struct file *file = &search->file[search->file_count++];
        file->directory = directory;
        snprintf(file->name, sizeof file->name, "%s", entry->d_name);
    }
    closedir(stream);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

/* @return the text without blanks at both ends */
static char *strip(char *text) {
    text += strspn(text, BLANKS);
    for (size_t length = strlen(text); length > 0 && strchr(BLANKS, text[length - 1]); length--)
        text[length - 1] = '\0';
    return text;
}

static void copy_value(const char *from, char value[SYSCTL_VALUE_SIZE]) {
    struct text text = text_in(value, SYSCTL_VALUE_SIZE);

    while (*from) {
        size_t word = strcspn(from, BLANKS);
        text_add(&text, "%s%.*s", text.length > 0 ? " " : "", (int)word, from);
        from += word + strspn(from + word, BLANKS);
    }
}

static void assign(const struct search *search, struct sysctl_origin *origin, const char *value) {
    *origin = (struct sysctl_origin){.line = search->line};
    snprintf(origin->path, sizeof origin->path, "%s/%s", search->reading->directory, search->reading->name);
    copy_value(value, origin->value);
}

static void read_line(struct search *search, char *line) {
    char *key = strip(line);

    if (key[0] == '\0' || key[0] == '#' || key[0] == ';')
        return;
    char *value = strchr(key, '=');
    if (value)
        *value++ = '\0';
    bool minus = key[0] == '-';
    if (!value && !minus)
        return; /* not an assignment */
    key = strip(key + minus);
    normalize(key);
    if (strcmp(key, search->key) == 0) {
        search->excluded = !value;
        if (value)
            assign(search, &search->exact, strip(value));
    } else if (value && strpbrk(key, "*?[") && fnmatch(key, search->key, FNM_PATHNAME | FNM_PERIOD) == 0) {
        assign(search, &search->glob, strip(value));
    }
}

static void read_lines(struct search *search, char *text) {
    search->line = 0;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        search->line++;
        read_line(search, line);
    }
}

/* @return 0, also for a file that is not there; -errno */
static int read_one(struct search *search, const struct file *file) {
    char path[PATH_MAX];
    struct stat status;

    snprintf(path, sizeof path, "%s%s/%s", search->root, file->directory, file->name);
    if (stat(path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISREG(status.st_mode))
        return 0; /* a link to /dev/null, most likely */
    if (status.st_size > FILE_BYTES_MAX || (size_t)status.st_size > ALL_BYTES_MAX - search->bytes)
        return -EFBIG;
    search->bytes += (size_t)status.st_size;
    size_t size = (size_t)status.st_size + 2; /* the NUL, and one to see that it has grown */
    CLEANUP_FREE char *text = malloc(size);
    if (!text)
        return -ENOMEM;
    int length = read_file_at(AT_FDCWD, path, text, size);
    if (length < 0)
        return length;
    if (strlen(text) < (size_t)length)
        return -EBADMSG; /* what stands behind a NUL would not be seen */
    search->reading = file;
    read_lines(search, text);
    return 0;
}

static struct search *new_search(const char *root, const char *key) {
    struct search *search = calloc(1, sizeof *search);

    if (!search)
        return NULL;
    search->root = root;
    snprintf(search->key, sizeof search->key, "%s", key);
    normalize(search->key);
    return search;
}

/* Reads the files listed, in their order. */
static int conclude(struct search *search, struct sysctl_origin *origin) {
    for (size_t i = 0; i < search->file_count; i++)
        if (read_one(search, &search->file[i]) < 0)
            search->incomplete = true;
    bool exact = search->exact.path[0] != '\0';
    *origin = (struct sysctl_origin){0};
    if (!search->excluded)
        *origin = exact ? search->exact : search->glob;
    origin->incomplete = search->incomplete;
    return origin->path[0] != '\0';
}

int sysctl_files_find(const char *root, const char *key, struct sysctl_origin *origin) {
    CLEANUP_FREE struct search *search = new_search(root, key);

    if (!search)
        return -ENOMEM;
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        list_directory(search, directories[i]);
    qsort(search->file, search->file_count, sizeof search->file[0], by_name);
    return conclude(search, origin);
}

int sysctl_conf_find(const char *root, const char *key, struct sysctl_origin *origin) {
    CLEANUP_FREE struct search *search = new_search(root, key);

    if (!search)
        return -ENOMEM;
    search->file[search->file_count++] = (struct file){.directory = "/etc", .name = "sysctl.conf"};
    return conclude(search, origin);
}

void provenance_find(const char *root, const struct finding *finding, struct provenance *provenance) {
    *provenance = (struct provenance){0};
    for (size_t i = 0; i < finding->advice_count; i++) {
        struct sysctl_origin *origin = &provenance->origin[i];
        if (sysctl_files_find(root, knob_name(finding->advice[i].row->knob), origin) < 0)
            origin->incomplete = true;
        provenance->incomplete = provenance->incomplete || origin->incomplete;
    }
}
