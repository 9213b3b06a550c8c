/* SPDX-License-Identifier: MIT */
#include "cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "directory.h"
#include "owners.h"
#include "util.h"

#define SETS            128
#define WAYS            8 /* 1,024 cgroups are remembered */
#define DEPTH_MAX       32
#define DIRECTORIES_MAX 20000 /* per step */
#define WALK_GAP_USEC   (5 * USEC_PER_SEC)
#define WALK_GAP_FACTOR 100 /* a walk takes at most 1 % of a core, averaged */
#define ABSENT_USEC     (60 * USEC_PER_SEC)

struct cgroup_entry {
    uint64_t id;           /* never 0 */
    uint64_t used_usec;    /* when it was asked for last; 0 = seen in passing */
    uint64_t wanted_since; /* the first walk that looks for it; 0 = nobody has to look */
    uint64_t absent_until; /* not in the tree; looked for again from then on */
    uint64_t seen_in;      /* number of the last walk that met it */
    bool known;
    char unit[UNIT_SIZE];
};

struct cgroups {
    char *directory;
    uint64_t budget_usec;
    uint8_t
        filled[SETS]; /* entries of each set; those behind them are never looked at, so they take no memory */
    struct cgroup_entry entry[SETS][WAYS];
    /* The walk that is under way: directories open from the top down to where it stopped. */
    struct directory open[DEPTH_MAX];
    size_t path_length[DEPTH_MAX]; /* of path, at each of them */
    size_t depth;                  /* 0 = none under way */
    char path[DEPTH_MAX * (NAME_MAX + 1) + 1];
    uint64_t walks; /* the number of the walk under way, or of the last one */
    uint64_t stepped_usec;
    uint64_t paid_until_usec; /* walks so far are paid for by the time until then; one may be ahead of it */
    uint64_t spent_usec;      /* by the walk so far */
    bool asked;               /* a wanted id may be missing */
};

static bool is_cgroup2(const char *path) {
    struct statfs status;

    return statfs(path, &status) == 0 && (unsigned long)status.f_type == CGROUP2_SUPER_MAGIC;
}

char *cgroup2_directory(const char *cgroup_root) {
    char *unified = NULL;

    if (is_cgroup2(cgroup_root))
        return strdup(cgroup_root);
    if (asprintf(&unified, "%s/unified", cgroup_root) < 0)
        return NULL;
    if (is_cgroup2(unified))
        return unified;
    free(unified);
    return NULL;
}

struct cgroups *cgroups_new(const char *directory, uint64_t budget_usec) {
    struct cgroups *cgroups = calloc(1, sizeof *cgroups);

    if (!cgroups)
        return NULL;
    cgroups->budget_usec = budget_usec;
    cgroups->directory = directory ? strdup(directory) : NULL;
    return directory && !cgroups->directory ? cgroups_free(cgroups) : cgroups;
}

static void stop_walk(struct cgroups *cgroups) {
    while (cgroups->depth > 0)
        directory_close(&cgroups->open[--cgroups->depth]);
}

struct cgroups *cgroups_free(struct cgroups *cgroups) {
    if (!cgroups)
        return NULL;
    stop_walk(cgroups);
    free(cgroups->directory);
    free(cgroups);
    return NULL;
}

/* Fibonacci hashing to 7 bits: the kernel counts ids up. */
static size_t set_of(uint64_t id) {
    return (size_t)((id * UINT64_C(0x9E3779B97F4A7C15)) >> 57);
}

static struct cgroup_entry *find(struct cgroups *cgroups, uint64_t id) {
    struct cgroup_entry *set = cgroups->entry[set_of(id)];

    for (size_t i = 0; i < cgroups->filled[set_of(id)]; i++)
        if (set[i].id == id)
            return &set[i];
    return NULL;
}

/* The next place of the id's set, or that of the entry that was not asked for for the longest time. */
static struct cgroup_entry *oldest(struct cgroups *cgroups, uint64_t id) {
    struct cgroup_entry *set = cgroups->entry[set_of(id)], *found = &set[0];
    uint8_t *filled = &cgroups->filled[set_of(id)];

    if (*filled < WAYS)
        return &set[(*filled)++];
    for (size_t i = 1; i < WAYS; i++) {
        if (set[i].used_usec < found->used_usec ||
            (set[i].used_usec == found->used_usec && set[i].seen_in < found->seen_in))
            found = &set[i];
    }
    return found;
}

static bool is_missing(const struct cgroup_entry *entry) {
    return entry->wanted_since > 0;
}

void cgroups_want(struct cgroups *cgroups, uint64_t now_usec, uint64_t id) {
    struct cgroup_entry *entry = id > 0 ? find(cgroups, id) : NULL;

    if (id == 0)
        return;
    if (!entry) {
        entry = oldest(cgroups, id);
        *entry = (struct cgroup_entry){.id = id};
    }
    entry->used_usec = now_usec;
    if (entry->known || is_missing(entry) || now_usec < entry->absent_until)
        return;
    entry->wanted_since = cgroups->walks + 1;
    cgroups->asked = true;
}

/* What nobody asked for is kept where there is room: it may be asked for when its cgroup is gone. */
static void meet(struct cgroups *cgroups, uint64_t id) {
    struct cgroup_entry *entry = find(cgroups, id);

    if (!entry) {
        entry = oldest(cgroups, id);
        if (entry->used_usec > 0 || entry->seen_in == cgroups->walks)
            return;
        *entry = (struct cgroup_entry){.id = id};
    }
    entry->seen_in = cgroups->walks;
    if (entry->known)
        return;
    entry->wanted_since = 0;
    entry->known = true;
    unit_from_cgroup_path(cgroups->path, entry->unit);
}

/* Opens the next deeper directory; @p path_length is that of its path. @return 0 or -errno */
static int enter(struct cgroups *cgroups, int at_fd, const char *name, int flags, size_t path_length) {
    int result = directory_open(&cgroups->open[cgroups->depth], at_fd, name, flags);

    if (result < 0)
        return result;
    cgroups->path_length[cgroups->depth++] = path_length;
    return 0;
}

static void start_walk(struct cgroups *cgroups) {
    struct stat status;

    cgroups->walks++;
    cgroups->spent_usec = 0;
    cgroups->path[0] = '\0';
    if (enter(cgroups, AT_FDCWD, cgroups->directory, 0, 0) == 0 && fstat(cgroups->open[0].fd, &status) == 0)
        meet(cgroups, status.st_ino);
}

/* A cgroup that is gone by now, or lies too deep, is passed over. */
static void descend(struct cgroups *cgroups, const char *name) {
    if (cgroups->depth < DEPTH_MAX)
        enter(cgroups, cgroups->open[cgroups->depth - 1].fd, name, O_NOFOLLOW, strlen(cgroups->path));
}

/* Takes the next entry of the deepest open directory. @return whether it was a directory */
static bool advance(struct cgroups *cgroups) {
    size_t at = cgroups->depth - 1;
    size_t length = cgroups->path_length[at];
    const struct dirent64 *found = directory_next(&cgroups->open[at]);

    cgroups->path[length] = '\0';
    if (!found) {
        directory_close(&cgroups->open[at]);
        cgroups->depth--;
        return false;
    }
    if (found->d_type != DT_DIR || strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
        return false;
    snprintf(cgroups->path + length, sizeof cgroups->path - length, "/%s", found->d_name);
    /* In the cgroup2 tree d_ino is the id: no stat() is needed (fs/kernfs/dir.c: kernfs_fop_readdir()). */
    meet(cgroups, found->d_ino);
    descend(cgroups, found->d_name);
    return true;
}

/* Ids do not come back: what a whole walk did not meet is gone, or out of this mount's sight. */
static void finish_walk(struct cgroups *cgroups, uint64_t now_usec) {
    uint64_t gap = WALK_GAP_FACTOR * cgroups->spent_usec;

    cgroups->asked = false;
    for (size_t set = 0; set < SETS; set++)
        for (size_t i = 0; i < cgroups->filled[set]; i++) {
            struct cgroup_entry *entry = &cgroups->entry[set][i];
            if (!is_missing(entry))
                continue;
            if (entry->wanted_since > cgroups->walks) {
                cgroups->asked = true; /* asked for when the walk was under way */
                continue;
            }
            entry->wanted_since = 0;
            entry->absent_until = now_usec + ABSENT_USEC;
        }
    uint64_t from_usec = cgroups->paid_until_usec > now_usec ? cgroups->paid_until_usec : now_usec;
    cgroups->paid_until_usec = from_usec + (gap > WALK_GAP_USEC ? gap : WALK_GAP_USEC);
}

void cgroups_walk(struct cgroups *cgroups, uint64_t now_usec) {
    uint64_t start = now_monotonic_usec(), spent = 0;

    if (!cgroups->directory || now_usec == cgroups->stepped_usec)
        return;
    if (cgroups->depth == 0) {
        if (!cgroups->asked || now_usec + WALK_GAP_USEC < cgroups->paid_until_usec)
            return;
        start_walk(cgroups);
    }
    cgroups->stepped_usec = now_usec;
    for (size_t directories = 0; cgroups->depth > 0 && directories < DIRECTORIES_MAX;) {
        if (!advance(cgroups))
            continue;
        directories++;
        spent = now_monotonic_usec() - start;
        if (spent >= cgroups->budget_usec)
            break;
    }
    cgroups->spent_usec += now_monotonic_usec() - start;
    if (cgroups->depth == 0)
        finish_walk(cgroups, now_usec);
}

bool cgroups_unit(const struct cgroups *cgroups, uint64_t id, char unit[UNIT_SIZE]) {
    const struct cgroup_entry *set = cgroups->entry[set_of(id)];

    unit[0] = '\0';
    for (size_t i = 0; id > 0 && i < cgroups->filled[set_of(id)]; i++)
        if (set[i].id == id && set[i].known) {
            memcpy(unit, set[i].unit, UNIT_SIZE);
            return true;
        }
    return false;
}
