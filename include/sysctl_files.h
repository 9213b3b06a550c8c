/* SPDX-License-Identifier: MIT */
/* Which file sets a sysctl at boot, by the rules of sysctl.d(5). */
#ifndef SYNWAITD_SYSCTL_FILES_H
#define SYNWAITD_SYSCTL_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "diagnose.h"

#define SYSCTL_PATH_SIZE  288 /* the longest directory and a file name of 255 bytes */
#define SYSCTL_VALUE_SIZE 64

/** Where a sysctl gets its value at boot. */
struct sysctl_origin {
    char path[SYSCTL_PATH_SIZE]; /* without the root; "" if no file sets it */
    unsigned int line;
    char value[SYSCTL_VALUE_SIZE]; /* blanks in a row are one; cut if it is long */
    bool incomplete;               /* a file could not be read: it may be the one that sets it */
};

/**
 * Finds the assignment that is in force after systemd-sysctl has read the *.conf of /etc/sysctl.d,
 * /run/sysctl.d, /usr/local/lib/sysctl.d, /usr/lib/sysctl.d and /lib/sysctl.d: of files of the same name the
 * first directory's counts, all are read in the order of their names, the last assignment wins, and one with
 * the whole key outranks any glob. /etc/sysctl.conf counts where a link in /etc/sysctl.d leads to it, as on
 * Debian: systemd does not read it by itself, only `sysctl --system` of procps does.
 * At most 256 files of up to 1 MiB, 2 MiB together, are read; more, larger or binary ones count as not
 * readable.
 * @param root in front of these directories, "" for the host's own
 * @param key with dots, e.g. "net.ipv4.tcp_tw_reuse"
 * @return 1: @p origin is filled; 0: no file sets it, only origin->incomplete means anything; -ENOMEM
 */
int sysctl_files_find(const char *root, const char *key, struct sysctl_origin *origin);

/** The same for /etc/sysctl.conf alone, which `sysctl --system` of procps reads last of all (sysctl(8)). */
int sysctl_conf_find(const char *root, const char *key, struct sysctl_origin *origin);

/** The origins of a finding's advised sysctls, in the order of its advice. */
struct provenance {
    struct sysctl_origin origin[ADVICE_MAX];
    bool incomplete; /* some file could not be read */
};

/** Looks up every advised sysctl of @p finding; what cannot be found out is no origin. */
void provenance_find(const char *root, const struct finding *finding, struct provenance *provenance);

#endif
