/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

bool input_watched(void) {
    struct stat status;

    if (fstat(STDIN_FILENO, &status) < 0)
        return false;
    return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(STDIN_FILENO);
}

bool input_ended(void) {
    char byte[64];

    return read(STDIN_FILENO, byte, sizeof byte) <= 0;
}

int msec_until(uint64_t due_usec) {
    uint64_t now_usec = now_monotonic_usec();

    if (now_usec >= due_usec)
        return 0;
    uint64_t msec = (due_usec - now_usec) / USEC_PER_MSEC + 1;
    return msec < INT_MAX ? (int)msec : INT_MAX;
}
