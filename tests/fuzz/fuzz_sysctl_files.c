/* SPDX-License-Identifier: MIT */
/* /etc/sysctl.conf and, with the same rules, a file of sysctl.d. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "sysctl_files.h"

#define KEY "net.ipv4.tcp_max_syn_backlog"

static unsigned int count_lines(const uint8_t *bytes, size_t length) {
    unsigned int lines = 1;

    for (size_t i = 0; i < length; i++)
        lines += bytes[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    static int fd = -1;
    char path[256];
    struct sysctl_origin origin;

    if (fd < 0)
        fd = fuzz_file("etc/sysctl.conf", path);
    fuzz_fill(fd, bytes, length);
    int result = sysctl_conf_find(fuzz_directory(), KEY, &origin);
    MUST(result == 0 || result == 1);
    MUST(origin.incomplete == (memchr(bytes, '\0', length) != NULL));
    if (result == 0)
        return 0;
    MUST(strcmp(origin.path, "/etc/sysctl.conf") == 0);
    MUST(origin.line >= 1 && origin.line <= count_lines(bytes, length));
    MUST(strpbrk(origin.value, "\n\t\r\v\f") == NULL && strstr(origin.value, "  ") == NULL);
    return 0;
}
