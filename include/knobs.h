/* SPDX-License-Identifier: MIT */
/* Reads the sysctls of enum knob. */
#ifndef SYNWAITD_KNOBS_H
#define SYNWAITD_KNOBS_H

#include "sample.h"

/** The whole of ip_local_reserved_ports, one bit per port. */
struct reserved_ports {
    bool known; /* the file is there and could be read */
    uint64_t port[65536 / 64];
};

/** The files of the knobs, kept open from one reading to the next. */
struct knob_files {
    int fd[KNOB_COUNT]; /* -1: not open; of several values of one file the first has it */
    bool writable[KNOB_COUNT];
};

void knob_files_init(struct knob_files *files);
void knob_files_close(struct knob_files *files);

/**
 * Reads every knob under @p sys_fd (an O_PATH descriptor of /proc/sys). No such file: ABSENT.
 * @param files stay open, and are looked for again where there was none
 * @param reserved receives the reserved ports
 * @param reason receives what is wrong with the first one that exists but cannot be read or parsed
 * @return 0, or -errno with @p reason set; the other knobs are filled all the same
 */
int knobs_read(struct knob_files *files, int sys_fd, struct knob_value knob[KNOB_COUNT],
               struct reserved_ports *reserved, char reason[SOURCE_REASON_SIZE]);

/**
 * Fills @p reserved from ip_local_reserved_ports ("8080,9000-9100\n") and counts those within [low, high];
 * overlaps count once.
 * @return the count, or -EBADMSG; then none is known
 */
int reserved_ports_within(const char *text, unsigned int low, unsigned int high,
                          struct reserved_ports *reserved);

#endif
