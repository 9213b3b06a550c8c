/* SPDX-License-Identifier: MIT */
/* A link of /proc/PID/fd and /proc/PID/comm, with the same bytes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "proc_links.h"
#include "util.h"

static void check_link(const char *target) {
    static int directory_fd = -1;
    if (directory_fd < 0)
        directory_fd = open(fuzz_directory(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target[0] == '\0' || symlinkat(target, directory_fd, "7") < 0)
        return; /* too long for a link */
    int64_t inode = proc_link_socket(directory_fd, "7");
    MUST(unlinkat(directory_fd, "7", 0) == 0);
    MUST(inode >= 0 && inode <= UINT32_MAX);
    MUST(inode == 0 || (strncmp(target, "socket:[", 8) == 0 && target[strlen(target) - 1] == ']'));
    MUST(inode == 0 || strtoll(target + 8, NULL, 10) == inode);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    static int fd = -1;
    static char path[256];
    char comm[COMM_SIZE];
    CLEANUP_FREE char *text = fuzz_string(bytes, length);

    if (fd < 0)
        fd = fuzz_file("comm", path);
    fuzz_fill(fd, bytes, length);
    proc_read_comm(AT_FDCWD, path, comm);
    MUST(strlen(comm) < sizeof comm && strncmp(comm, text, strlen(comm)) == 0);
    check_link(text);
    return 0;
}
