/* SPDX-License-Identifier: MIT */
/* Sysctls: a line each for ip_local_port_range and ip_local_reserved_ports, the rest is every other one's. */
#include <string.h>
#include <sys/mman.h>

#include "harness.h"
#include "knobs.h"

static struct knob_files files;
static struct reserved_ports reserved;
static int range_fd, reserved_fd, other_fd;

static void make_files(void) {
    other_fd = memfd_create("other", 0);
    for (int i = 0; i < KNOB_COUNT; i++)
        files.fd[i] = other_fd;
    files.fd[KNOB_PORT_RANGE_LOW] = range_fd = memfd_create("range", 0);
    files.fd[KNOB_PORTS_RESERVED] = reserved_fd = memfd_create("reserved", 0);
}

static size_t line_length(const uint8_t *bytes, size_t length) {
    const uint8_t *end = memchr(bytes, '\n', length);
    return end ? (size_t)(end - bytes) + 1 : length;
}

static uint64_t count_reserved(const struct knob_value knob[KNOB_COUNT]) {
    uint64_t port = knob[KNOB_PORT_RANGE_LOW].value.value, count = 0;

    for (; port <= knob[KNOB_PORT_RANGE_HIGH].value.value; port++)
        count += port_map_has(reserved.port, (uint16_t)port);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    struct knob_value knob[KNOB_COUNT];
    char reason[SOURCE_REASON_SIZE];
    size_t first = line_length(bytes, length), two = first + line_length(bytes + first, length - first);

    if (other_fd == 0)
        make_files();
    fuzz_fill(range_fd, bytes, first);
    fuzz_fill(reserved_fd, bytes + first, two - first);
    fuzz_fill(other_fd, bytes + two, length - two);
    int result = knobs_read(&files, -1, knob, &reserved, reason);
    MUST(result <= 0 && (result == 0) == (reason[0] == '\0') && fuzz_is_clean(reason));
    const struct figure count = knob[KNOB_PORTS_RESERVED].value;
    MUST(!figure_known(count) || (reserved.known && count.value == count_reserved(knob)));
    return 0;
}
