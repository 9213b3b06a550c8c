/* SPDX-License-Identifier: MIT */
#include "holders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decimal.h"
#include "directory.h"
#include "proc_links.h"
#include "util.h"

#define LINKS_PER_CLOCK 256

/* A pass under way. */
struct search {
    struct socket_holder *holder;
    size_t count;
    uint64_t end_usec;
    unsigned int links;
    struct holders_pass pass;
    struct directory proc, fds;
};

struct socket_holder *holders_get(struct socket_holder *holder, size_t count, uint64_t inode) {
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (holder[middle].inode == inode)
            return &holder[middle];
        if (holder[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool is_over(struct search *search) {
    if (search->links++ % LINKS_PER_CLOCK == 0 && now_monotonic_usec() > search->end_usec)
        search->pass.cut = true;
    return search->pass.cut || search->pass.found == search->count;
}

static void look_into(struct search *search, int process, uint32_t pid) {
    const struct dirent64 *link;
    char comm[COMM_SIZE] = "";

    while (!is_over(search) && (link = directory_next(&search->fds))) {
        int64_t inode = link->d_name[0] == '.' ? 0 : proc_link_socket(search->fds.fd, link->d_name);
        struct socket_holder *holder =
            inode > 0 ? holders_get(search->holder, search->count, (uint64_t)inode) : NULL;
        if (!holder || holder->pid > 0)
            continue;
        if (comm[0] == '\0')
            proc_read_comm(process, "comm", comm);
        holder->pid = pid;
        memcpy(holder->comm, comm, COMM_SIZE);
        search->pass.found++;
    }
}

/* Processes that have ended by now are passed over. */
static void visit(struct search *search, const char *name) {
    uint64_t pid;

    if (decimal_parse(name, strlen(name), &pid) < 0 || pid > UINT32_MAX)
        return;
    CLEANUP_FD int process = openat(search->proc.fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int result = process < 0 ? process : directory_open(&search->fds, process, "fd", 0);
    search->pass.denied += result == -EACCES || result == -EPERM;
    if (result < 0)
        return;
    look_into(search, process, (uint32_t)pid);
    directory_close(&search->fds);
}

struct holders_pass holders_find(const char *proc_root, struct socket_holder *holder, size_t count,
                                 uint64_t budget_usec) {
    struct search search = {.holder = holder, .count = count, .end_usec = now_monotonic_usec() + budget_usec};
    const struct dirent64 *entry;

    if (count == 0 || directory_open(&search.proc, AT_FDCWD, proc_root, 0) < 0)
        return search.pass;
    while (!is_over(&search) && (entry = directory_next(&search.proc)))
        visit(&search, entry->d_name);
    directory_close(&search.proc);
    return search.pass;
}
