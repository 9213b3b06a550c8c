/* SPDX-License-Identifier: MIT */
/* What `synwaitctl advise` would have set: each sysctl once, with its value and every reason for it. */
#ifndef SYNWAITD_FRAGMENT_H
#define SYNWAITD_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnose.h"
#include "sysctl_files.h"

#define FRAGMENT_REASONS_MAX 8
#define FRAGMENT_DIRECTORY   "/etc/sysctl.d"
#define FRAGMENT_NAME        "99-synwaitd.conf" /* first in a directory where nothing is in the way */
#define FRAGMENT_LATE_NAME   "zz-synwaitd.conf"

/** A finding that asks for a sysctl, and in which words. */
struct fragment_reason {
    const struct finding *finding;
    const struct advice_row *row;
};

struct fragment_key {
    struct advice advice; /* of several the one that changes most */
    bool writable;        /* in this namespace */
    struct fragment_reason reason[FRAGMENT_REASONS_MAX];
    size_t reason_count;
    char *current, *recommended; /* as in a file: "32768 60999", "8080,9000-9100" */
    struct sysctl_origin origin; /* what sets it at boot; path "": nothing, or not looked up */
    struct sysctl_origin last; /* /etc/sysctl.conf, which `sysctl --system` reads after all else; likewise */
};

struct fragment {
    struct fragment_key key[KNOB_COUNT];
    size_t key_count;
    bool exists;                     /* there is a file of the name already */
    bool incomplete;                 /* a file could not be read */
    const char *name;                /* in FRAGMENT_DIRECTORY; NULL: not looked up */
    const struct fragment_key *late; /* one that a file sets which is read even after it, or NULL */
};

/** @return an empty one, or NULL with errno ENOMEM. */
struct fragment *fragment_new(void);
struct fragment *fragment_free(struct fragment *fragment);

/** Frees it when the variable leaves scope. */
#define CLEANUP_FRAGMENT __attribute__((cleanup(fragment_cleanup)))
void fragment_cleanup(struct fragment **fragment);

/** Adds what @p finding, which is borrowed, advises. A sysctl that is there already gets one more reason. */
void fragment_add(struct fragment *fragment, const struct finding *finding);

/**
 * Works out the texts of all values, once all is added, and drops what would not change.
 * @param sample that the findings come from: the list of reserved ports is its, and what is added to it
 * @return 0 or -ENOMEM
 */
int fragment_set_values(struct fragment *fragment, const struct sample *sample);

/**
 * Looks up which files set them, and chooses a name that is read after all of these.
 * @param root in front of the directories, "" for the host's own
 */
void fragment_find_files(struct fragment *fragment, const char *root);

struct look;
struct page;

/**
 * Prints the fragment for sysctl.d(5): all but "key = value" is a comment.
 * @param look that it comes from; its problems are told, too
 * @param all whether unsafe settings were added to it
 * @return 0 or -ENOMEM
 */
int fragment_print(const struct fragment *fragment, const struct look *look, bool all,
                   const struct page *page);

/**
 * Writes a set of ports as in ip_local_reserved_ports, "8080,9000-9100"; "" for none.
 * @return the text, released with free(), or NULL with errno ENOMEM
 */
char *port_list_format(const uint64_t map[65536 / 64]);

#endif
