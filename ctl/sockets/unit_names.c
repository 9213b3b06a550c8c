/* SPDX-License-Identifier: MIT */
#include "unit_names.h"

#include <stdlib.h>
#include <string.h>

#include "cgroups.h"
#include "util.h"

#define IDS_MAX          4096 /* cgroups with sockets; what is beyond stays unnamed */
#define SLOTS            (2 * IDS_MAX)
#define WALK_BUDGET_USEC USEC_PER_SEC
#define WALKS_MAX        32 /* walks after the first look for cgroups that came, or went, in between */

/* Cgroups are walked again only after a while, so each walk is told another hour. */
#define WALK_STEP_USEC (3600 * USEC_PER_SEC)

struct unit_names {
    struct cgroups *cgroups;
    unsigned int walks;
    struct {
        uint64_t id; /* 0: free */
        uint32_t number;
    } slot[SLOTS];
    size_t ids;
    char (*unit)[UNIT_SIZE]; /* from UNIT_FIRST on */
    size_t units, room;
};

struct unit_names *unit_names_new(const char *cgroup_root) {
    char *directory CLEANUP_FREE = cgroup2_directory(cgroup_root);
    struct unit_names *names = calloc(1, sizeof *names);

    if (!names)
        return NULL;
    names->cgroups = cgroups_new(directory, WALK_BUDGET_USEC);
    return names->cgroups ? names : unit_names_free(names);
}

struct unit_names *unit_names_free(struct unit_names *names) {
    if (!names)
        return NULL;
    free(names->unit);
    cgroups_free(names->cgroups);
    free(names);
    return NULL;
}

static bool look_up(struct unit_names *names, uint64_t cgroup, char unit[UNIT_SIZE]) {
    if (cgroups_unit(names->cgroups, cgroup, unit))
        return true;
    if (names->walks == WALKS_MAX)
        return false;
    uint64_t now_usec = ++names->walks * WALK_STEP_USEC;
    cgroups_want(names->cgroups, now_usec, cgroup);
    cgroups_walk(names->cgroups, now_usec);
    return cgroups_unit(names->cgroups, cgroup, unit);
}

/* Several cgroups can belong to one unit. */
static uint32_t number_of(struct unit_names *names, const char unit[UNIT_SIZE]) {
    for (size_t i = 0; i < names->units; i++)
        if (strcmp(names->unit[i], unit) == 0)
            return (uint32_t)(UNIT_FIRST + i);
    if (names->units == names->room) {
        size_t room = names->room ? 2 * names->room : 16;
        char(*grown)[UNIT_SIZE] = reallocarray(names->unit, room, sizeof *grown);
        if (!grown)
            return UNIT_NOT_TOLD;
        names->unit = grown;
        names->room = room;
    }
    memcpy(names->unit[names->units++], unit, UNIT_SIZE);
    return (uint32_t)(UNIT_FIRST + names->units - 1);
}

static uint32_t find_out(struct unit_names *names, uint64_t cgroup) {
    char unit[UNIT_SIZE];

    if (!look_up(names, cgroup, unit))
        return UNIT_NOT_TOLD;
    return unit[0] == '\0' ? UNIT_NONE : number_of(names, unit);
}

uint32_t unit_names_number(struct unit_names *names, uint64_t cgroup) {
    size_t at = (size_t)(cgroup * UINT64_C(0x9E3779B97F4A7C15) >> 32) % SLOTS;

    if (cgroup == 0)
        return UNIT_NOT_TOLD;
    for (; names->slot[at].id != 0; at = (at + 1) % SLOTS)
        if (names->slot[at].id == cgroup)
            return names->slot[at].number;
    if (names->ids == IDS_MAX)
        return UNIT_NOT_TOLD;
    names->slot[at].number = find_out(names, cgroup);
    names->slot[at].id = cgroup;
    names->ids++;
    return names->slot[at].number;
}

const char *unit_names_text(const struct unit_names *names, uint32_t number) {
    return number < UNIT_FIRST ? "" : names->unit[number - UNIT_FIRST];
}
