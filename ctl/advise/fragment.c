/* SPDX-License-Identifier: MIT */
#include "fragment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "remedy.h"
#include "util.h"

#define PORTS 65536

struct fragment *fragment_new(void) {
    return calloc(1, sizeof(struct fragment));
}

static void free_values(struct fragment_key *key) {
    free(key->current);
    free(key->recommended);
}

struct fragment *fragment_free(struct fragment *fragment) {
    if (!fragment)
        return NULL;
    for (size_t i = 0; i < fragment->key_count; i++)
        free_values(&fragment->key[i]);
    free(fragment);
    return NULL;
}

void fragment_cleanup(struct fragment **fragment) {
    *fragment = fragment_free(*fragment);
}

static struct fragment_key *find_key(struct fragment *fragment, enum knob knob) {
    for (size_t i = 0; i < fragment->key_count; i++)
        if (fragment->key[i].advice.row->knob == knob)
            return &fragment->key[i];
    return NULL;
}

static bool changes_more(uint64_t current, uint64_t value, uint64_t than) {
    uint64_t change = value > current ? value - current : current - value;
    uint64_t other = than > current ? than - current : current - than;

    return change > other;
}

/* Bounds of a range each for itself: the wider range has both. */
static void merge(struct advice *advice, const struct advice *other) {
    if (changes_more(advice->current, other->recommended, advice->recommended))
        advice->recommended = other->recommended;
    if (changes_more(advice->current_high, other->recommended_high, advice->recommended_high))
        advice->recommended_high = other->recommended_high;
}

void fragment_add(struct fragment *fragment, const struct finding *finding) {
    for (size_t i = 0; i < finding->advice_count; i++) {
        const struct advice *advice = &finding->advice[i];
        struct fragment_key *key = find_key(fragment, advice->row->knob);
        if (key) {
            merge(&key->advice, advice);
        } else {
            key = &fragment->key[fragment->key_count++];
            key->advice = *advice;
        }
        if (key->reason_count < FRAGMENT_REASONS_MAX)
            key->reason[key->reason_count++] = (struct fragment_reason){finding, advice->row};
    }
}

static void write_range(FILE *stream, unsigned int first, unsigned int last) {
    fprintf(stream, "%s%u", ftell(stream) > 0 ? "," : "", first);
    if (last > first)
        fprintf(stream, "-%u", last);
}

char *port_list_format(const uint64_t map[PORTS / 64]) {
    char *list = NULL;
    size_t size;
    FILE *stream = open_memstream(&list, &size);

    if (!stream)
        return NULL;
    for (unsigned int port = 0; port < PORTS; port++) {
        if (!port_map_has(map, (uint16_t)port))
            continue;
        unsigned int first = port;
        while (port + 1 < PORTS && port_map_has(map, (uint16_t)(port + 1)))
            port++;
        write_range(stream, first, port);
    }
    if (fclose(stream) == 0)
        return list;
    free(list);
    return NULL;
}

/* The list of reserved ports, with those of services that connect() may take. */
static char *list_ports(const struct sample *sample, bool recommended) {
    uint64_t map[PORTS / 64] = {0};
    struct figure low = sample->knob[KNOB_PORT_RANGE_LOW].value;
    struct figure high = sample->knob[KNOB_PORT_RANGE_HIGH].value;

    if (sample->reserved_ports)
        memcpy(map, sample->reserved_ports, sizeof map);
    for (size_t i = 0; recommended && sample->reserved_ports && i < sample->listener_count; i++) {
        uint16_t port = audit_port_at_risk(sample, i, figure_or(low, PORTS), figure_or(high, 0));
        if (port != 0)
            map[port / 64] |= UINT64_C(1) << (port % 64);
    }
    return port_list_format(map);
}

static char *value_of(const struct advice *advice, const struct sample *sample, bool recommended) {
    char buffer[SYSCTL_VALUE_SIZE];
    struct text text = text_in(buffer, sizeof buffer);

    if (advice->row->knob == KNOB_PORTS_RESERVED)
        return list_ports(sample, recommended);
    sysctl_value_format(advice, recommended, &text);
    return strdup(buffer);
}

/* A list of ports that cannot be read now must not be written as an empty one. */
static void drop_unchanged(struct fragment *fragment) {
    size_t kept = 0;

    for (size_t i = 0; i < fragment->key_count; i++) {
        if (strcmp(fragment->key[i].current, fragment->key[i].recommended) == 0)
            free_values(&fragment->key[i]);
        else
            fragment->key[kept++] = fragment->key[i];
    }
    fragment->key_count = kept;
}

int fragment_set_values(struct fragment *fragment, const struct sample *sample) {
    for (size_t i = 0; i < fragment->key_count; i++) {
        struct fragment_key *key = &fragment->key[i];
        key->writable = sample->knob[key->advice.row->knob].writable;
        key->current = value_of(&key->advice, sample, false);
        key->recommended = value_of(&key->advice, sample, true);
        if (!key->current || !key->recommended)
            return -ENOMEM;
    }
    drop_unchanged(fragment);
    return 0;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* @return a key that a file sets which is read after one called @p name; NULL: there is none */
static const struct fragment_key *find_later(const struct fragment *fragment, const char *name) {
    for (size_t i = 0; i < fragment->key_count; i++)
        if (strcmp(base_name(fragment->key[i].origin.path), name) > 0)
            return &fragment->key[i];
    return NULL;
}

static void look_up(struct fragment *fragment, struct fragment_key *key, const char *root) {
    const char *name = knob_name(key->advice.row->knob);

    if (sysctl_files_find(root, name, &key->origin) < 0 || key->origin.incomplete ||
        sysctl_conf_find(root, name, &key->last) < 0 || key->last.incomplete)
        fragment->incomplete = true;
}

void fragment_find_files(struct fragment *fragment, const char *root) {
    char path[SYSCTL_PATH_SIZE];

    for (size_t i = 0; i < fragment->key_count; i++)
        look_up(fragment, &fragment->key[i], root);
    fragment->name = find_later(fragment, FRAGMENT_NAME) ? FRAGMENT_LATE_NAME : FRAGMENT_NAME;
    fragment->late = find_later(fragment, fragment->name);
    snprintf(path, sizeof path, "%s" FRAGMENT_DIRECTORY "/%s", root, fragment->name);
    fragment->exists = access(path, F_OK) == 0;
}
