/* SPDX-License-Identifier: MIT */
#include "owners.h"

#include <stdlib.h>

#include "cgroups.h"
#include "processes.h"
#include "util.h"

struct owners {
    struct cgroups *cgroups;
    struct processes *processes;
};

struct owners *owners_new(const char *proc_root, const char *cgroup_root) {
    char *directory CLEANUP_FREE = cgroup2_directory(cgroup_root);
    struct owners *owners = calloc(1, sizeof *owners);

    if (!owners)
        return NULL;
    owners->cgroups = cgroups_new(directory, CGROUPS_BUDGET_USEC);
    owners->processes = processes_new(proc_root, PROCESSES_BUDGET_USEC);
    return owners->cgroups && owners->processes ? owners : owners_free(owners);
}

struct owners *owners_free(struct owners *owners) {
    if (!owners)
        return NULL;
    cgroups_free(owners->cgroups);
    processes_free(owners->processes);
    free(owners);
    return NULL;
}

static void want(struct owners *owners, uint64_t now_usec, const struct finding *finding) {
    cgroups_want(owners->cgroups, now_usec, finding->owner.cgroup);
    for (size_t i = 0; i < finding->shares.holder_count; i++)
        cgroups_want(owners->cgroups, now_usec, finding->shares.holder[i].cgroup);
    processes_want(owners->processes, now_usec, finding->owner.inode);
}

static void name(struct owners *owners, uint64_t now_usec, struct finding *finding) {
    cgroups_unit(owners->cgroups, finding->owner.cgroup, finding->unit);
    for (size_t i = 0; i < finding->shares.holder_count; i++)
        cgroups_unit(owners->cgroups, finding->shares.holder[i].cgroup, finding->holder_unit[i]);
    processes_find(owners->processes, now_usec, finding->owner.inode, &finding->pid, finding->comm);
}

/* All are asked for first: one walk and one search find them together. */
void owners_name(struct owners *owners, uint64_t now_usec, struct finding *findings, size_t count) {
    for (size_t i = 0; i < count; i++)
        want(owners, now_usec, &findings[i]);
    cgroups_walk(owners->cgroups, now_usec);
    for (size_t i = 0; i < count; i++)
        name(owners, now_usec, &findings[i]);
}
