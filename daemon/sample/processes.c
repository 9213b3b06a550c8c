/* SPDX-License-Identifier: MIT */
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "proc_links.h"
#include "util.h"

#define ENTRIES          64
#define NOBODY_USEC      (30 * USEC_PER_SEC)
#define ROUND_GAP_USEC   (5 * USEC_PER_SEC)
#define ROUND_GAP_FACTOR 100 /* searching takes at most 1 % of a core, averaged */
#define DENIED_MAX       20
#define DENIED_USEC      (300 * USEC_PER_SEC)
#define LINKS_PER_CLOCK  64 /* read between two looks at the clock */

enum search_state { SEARCH_WANTED, SEARCH_FOUND, SEARCH_NOBODY };

struct process_entry {
    uint64_t inode; /* 0 = free */
    enum search_state state;
    uint64_t used_usec;   /* when it was asked for last */
    uint64_t wanted_from; /* the first round that looks for it everywhere */
    uint64_t until_usec;  /* nobody had it, and until then nobody is asked again */
    uint32_t pid;
    int fd; /* of the process: one readlink() tells whether it still has the socket */
    char comm[COMM_SIZE];
};

struct processes {
    char *proc_root;
    uint64_t budget_usec;
    struct process_entry entry[ENTRIES];
    /* The round under way, and where it stopped: /proc, and the descriptors of one process. */
    struct directory proc, fds;
    uint32_t pid;               /* whose fds are open */
    unsigned int tried, denied; /* other people's processes in this round */
    uint64_t rounds, spent_usec, next_round_usec;
    uint64_t tick_usec, tick_spent_usec; /* the budget is one tick's */
};

struct processes *processes_new(const char *proc_root, uint64_t budget_usec) {
    struct processes *processes = calloc(1, sizeof *processes);

    if (!processes)
        return NULL;
    processes->budget_usec = budget_usec;
    processes->proc_root = strdup(proc_root);
    return processes->proc_root ? processes : processes_free(processes);
}

struct processes *processes_free(struct processes *processes) {
    if (!processes)
        return NULL;
    directory_close(&processes->fds);
    directory_close(&processes->proc);
    free(processes->proc_root);
    free(processes);
    return NULL;
}

static struct process_entry *find(struct processes *processes, uint64_t inode) {
    for (size_t i = 0; i < ENTRIES; i++)
        if (processes->entry[i].inode == inode)
            return &processes->entry[i];
    return NULL;
}

static bool is_wanted(const struct process_entry *entry) {
    return entry->inode > 0 && entry->state == SEARCH_WANTED;
}

static bool any_wanted(const struct processes *processes) {
    for (size_t i = 0; i < ENTRIES; i++)
        if (is_wanted(&processes->entry[i]))
            return true;
    return false;
}

static void want(struct processes *processes, struct process_entry *entry) {
    entry->state = SEARCH_WANTED;
    entry->wanted_from = processes->rounds + 1;
    entry->pid = 0;
}

/* Takes a free place, or the one that was not asked for for the longest time. */
static struct process_entry *make_entry(struct processes *processes, uint64_t inode) {
    struct process_entry *entry = find(processes, 0);

    if (!entry) {
        entry = &processes->entry[0];
        for (size_t i = 1; i < ENTRIES; i++)
            if (processes->entry[i].used_usec < entry->used_usec)
                entry = &processes->entry[i];
    }
    *entry = (struct process_entry){.inode = inode};
    want(processes, entry);
    return entry;
}

static bool still_holds(const struct processes *processes, const struct process_entry *entry) {
    char link[256];
    struct text path = text_in(link, sizeof link);

    text_add(&path, "%s/%u/fd/%d", processes->proc_root, entry->pid, entry->fd);
    int64_t inode = path.cut ? 0 : proc_link_socket(AT_FDCWD, link);
    return inode > 0 && (uint64_t)inode == entry->inode;
}

static void read_comm(const struct processes *processes, struct process_entry *entry) {
    char path[32];

    snprintf(path, sizeof path, "%u/comm", entry->pid);
    proc_read_comm(processes->proc.fd, path, entry->comm);
}

static void found(struct processes *processes, uint64_t inode, const char *link) {
    struct process_entry *entry = find(processes, inode);

    if (!entry || !is_wanted(entry))
        return;
    entry->state = SEARCH_FOUND;
    entry->pid = processes->pid;
    entry->fd = (int)strtol(link, NULL, 10);
    read_comm(processes, entry);
}

static void count_foreign(struct processes *processes, bool denied) {
    if (processes->pid == (uint32_t)getpid())
        return;
    processes->tried++;
    processes->denied += denied;
}

/* Opens the descriptors of the next process. @return false: there is none left */
static bool next_process(struct processes *processes) {
    const struct dirent64 *process = directory_next(&processes->proc);
    char path[32];

    if (!process)
        return false;
    processes->pid = (uint32_t)strtoul(process->d_name, NULL, 10);
    if (processes->pid == 0)
        return true; /* not a process */
    snprintf(path, sizeof path, "%u/fd", processes->pid);
    int result = directory_open(&processes->fds, processes->proc.fd, path, 0);
    if (result == -EACCES || result == -EPERM)
        count_foreign(processes, true);
    return true;
}

/* Reads some links of the process at hand; closes it when they are all read. */
static void read_links(struct processes *processes) {
    for (size_t i = 0; i < LINKS_PER_CLOCK; i++) {
        const struct dirent64 *link = directory_next(&processes->fds);
        int64_t inode =
            link && link->d_name[0] != '.' ? proc_link_socket(processes->fds.fd, link->d_name) : 0;
        /* Opening takes CAP_DAC_READ_SEARCH, reading the links CAP_SYS_PTRACE: one alone is of no use. */
        bool denied = inode == -EACCES || inode == -EPERM;
        if (!link || denied) {
            count_foreign(processes, denied);
            directory_close(&processes->fds);
            return;
        }
        if (inode > 0)
            found(processes, (uint64_t)inode, link->d_name);
    }
}

/* @param complete every process was looked at: what was not found belongs to nobody that can be seen */
static void end_round(struct processes *processes, uint64_t now_usec, bool complete) {
    uint64_t gap = ROUND_GAP_FACTOR * processes->spent_usec;

    directory_close(&processes->fds);
    directory_close(&processes->proc);
    processes->next_round_usec = now_usec + (gap > ROUND_GAP_USEC ? gap : ROUND_GAP_USEC);
    for (size_t i = 0; complete && i < ENTRIES; i++) {
        struct process_entry *entry = &processes->entry[i];
        if (!is_wanted(entry) || entry->wanted_from > processes->rounds)
            continue;
        entry->state = SEARCH_NOBODY;
        entry->until_usec = now_usec + NOBODY_USEC;
    }
}

static void begin_round(struct processes *processes) {
    directory_open(&processes->proc, AT_FDCWD, processes->proc_root, 0); /* else the next round may */
    processes->rounds++;
    processes->tried = processes->denied = 0;
    processes->spent_usec = 0;
}

/* Without the privilege nearly every process is closed to us: asking all of them each time would be waste. */
static bool hopeless(const struct processes *processes) {
    return processes->tried == DENIED_MAX && processes->denied == DENIED_MAX;
}

/* One process, or some links of it. @return whether the round goes on */
static bool advance(struct processes *processes, uint64_t now_usec) {
    if (processes->fds.is_open) {
        read_links(processes);
    } else if (!next_process(processes)) {
        end_round(processes, now_usec, true);
        return false;
    }
    if (hopeless(processes)) {
        end_round(processes, now_usec, true);
        processes->next_round_usec = now_usec + DENIED_USEC;
        return false;
    }
    if (any_wanted(processes))
        return true;
    end_round(processes, now_usec, false);
    return false;
}

static void search(struct processes *processes, uint64_t now_usec) {
    uint64_t start = now_monotonic_usec(), spent = 0;

    if (processes->tick_usec != now_usec)
        processes->tick_spent_usec = 0;
    processes->tick_usec = now_usec;
    if (processes->tick_spent_usec >= processes->budget_usec)
        return;
    if (!processes->proc.is_open) {
        if (now_usec < processes->next_round_usec)
            return;
        begin_round(processes);
    }
    while (processes->proc.is_open && processes->tick_spent_usec + spent < processes->budget_usec) {
        bool more = advance(processes, now_usec);
        uint64_t passed = now_monotonic_usec() - start;
        processes->spent_usec += passed - spent;
        spent = passed;
        if (!more)
            break;
    }
    processes->tick_spent_usec += spent;
}

/* @return the entry of @p inode, which is wanted unless what is known of it still holds */
static struct process_entry *ask(struct processes *processes, uint64_t now_usec, uint64_t inode) {
    struct process_entry *entry = find(processes, inode);

    if (!entry)
        entry = make_entry(processes, inode);
    else if (entry->used_usec == now_usec)
        return entry; /* looked at in this tick */
    entry->used_usec = now_usec;
    if ((entry->state == SEARCH_FOUND && !still_holds(processes, entry)) ||
        (entry->state == SEARCH_NOBODY && now_usec >= entry->until_usec))
        want(processes, entry);
    return entry;
}

void processes_want(struct processes *processes, uint64_t now_usec, uint64_t inode) {
    if (inode > 0)
        ask(processes, now_usec, inode);
}

bool processes_find(struct processes *processes, uint64_t now_usec, uint64_t inode, uint32_t *pid,
                    char comm[COMM_SIZE]) {
    *pid = 0;
    comm[0] = '\0';
    if (inode == 0)
        return false;
    struct process_entry *entry = ask(processes, now_usec, inode);
    if (is_wanted(entry))
        search(processes, now_usec);
    if (entry->state != SEARCH_FOUND)
        return false;
    *pid = entry->pid;
    memcpy(comm, entry->comm, COMM_SIZE);
    return true;
}
