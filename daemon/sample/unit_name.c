/* SPDX-License-Identifier: MIT */
/* Cgroup path -> the name that an admin would use. Pure. */
#include <stdbool.h>
#include <string.h>

#include "owners.h"
#include "util.h"

#define ID_LENGTH       64 /* of a container: 32 bytes in hex */
#define SHORT_ID_LENGTH 12 /* that docker ps and podman ps show */

/* Part of a path; not terminated. */
struct part {
    const char *start;
    size_t length;
};

static bool next_part(const char **path, struct part *part) {
    *path += strspn(*path, "/");
    *part = (struct part){.start = *path, .length = strcspn(*path, "/")};
    *path += part->length;
    return part->length > 0;
}

static bool is(struct part part, const char *name) {
    return part.length == strlen(name) && memcmp(part.start, name, part.length) == 0;
}

/* A blank is in no unit's name (systemd.unit(5)), nor in a container's; it would make a cgroup's name look
   like more of the sentence that it is told in. */
static void add(struct text *text, const char *before, struct part part) {
    size_t start = text->length;

    text_add(text, "%s%.*s", before, (int)part.length, part.start);
    for (size_t i = start; i < text->length; i++)
        if (text->buffer[i] == ' ')
            text->buffer[i] = '_';
}

/* Only where something is left then. */
static bool cut_prefix(struct part *part, const char *prefix) {
    size_t length = strlen(prefix);

    if (part->length <= length || memcmp(part->start, prefix, length) != 0)
        return false;
    part->start += length;
    part->length -= length;
    return true;
}

static bool cut_suffix(struct part *part, const char *suffix) {
    size_t length = strlen(suffix);

    if (part->length <= length || memcmp(part->start + part->length - length, suffix, length) != 0)
        return false;
    part->length -= length;
    return true;
}

static bool is_id(struct part part) {
    return part.length == ID_LENGTH && strspn(part.start, "0123456789abcdef") >= ID_LENGTH;
}

/* "docker-ID.scope" of the systemd cgroup driver, "crio-ID" and "libpod-ID" of the cgroupfs driver. */
static const char *runtime_of_scope(struct part *part) {
    static const struct {
        const char *prefix, *runtime;
    } scopes[] = {
        {"docker-", "docker"}, {"libpod-", "podman"},      {"cri-containerd-", "containerd"},
        {"crio-", "crio"},     {"nerdctl-", "containerd"},
    };
    struct part id = *part;

    cut_suffix(&id, ".scope");
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
        if (cut_prefix(&id, scopes[i].prefix) && is_id(id)) {
            *part = id;
            return scopes[i].runtime;
        }
    return NULL;
}

/* "SLICE:cri-containerd:ID": containerd with the cgroupfs driver, given a systemd path by the kubelet. */
static const char *runtime_of_triple(struct part *part) {
    if (part->length <= ID_LENGTH)
        return NULL;
    struct part id = {.start = part->start + part->length - ID_LENGTH, .length = ID_LENGTH};
    struct part before = {.start = part->start, .length = part->length - ID_LENGTH};
    if (!is_id(id) || !cut_suffix(&before, ":cri-containerd:"))
        return NULL;
    *part = id;
    return "containerd";
}

/* @param inside the part before; @param part becomes the id or the name of the container */
static const char *runtime_of(struct part inside, bool kubernetes, struct part *part) {
    const char *runtime = runtime_of_scope(part);

    if (!runtime)
        runtime = runtime_of_triple(part);
    if (!runtime && is_id(*part))
        runtime = kubernetes ? "kubernetes" : is(inside, "docker") ? "docker" : NULL;
    if (!runtime && (is(inside, "lxc") || cut_prefix(part, "lxc.payload.")))
        runtime = "lxc";
    return runtime;
}

/* The outermost container: what runs inside it is not what this host's admin started. */
static bool name_container(const char *path, struct text *text) {
    struct part part, inside = {.start = "", .length = 0};
    bool kubernetes = false;

    for (; next_part(&path, &part); inside = part) {
        struct part rest = part;
        const char *runtime = runtime_of(inside, kubernetes, &rest);
        if (runtime) {
            rest.length = is_id(rest) ? SHORT_ID_LENGTH : rest.length;
            text_add(text, "%s", runtime);
            add(text, "/", rest);
            return true;
        }
        kubernetes = kubernetes || is(part, "kubepods") || is(part, "kubepods.slice");
    }
    return false;
}

static bool has_suffix(struct part part, const char *suffix) {
    return cut_suffix(&part, suffix);
}

static bool is_unit(struct part part) {
    static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
        if (has_suffix(part, suffixes[i]))
            return true;
    return false;
}

/* Systemd puts "_" before a name that a controller's file could have (systemd, src/basic: cg_escape()). */
static struct part unescape(struct part part) {
    cut_prefix(&part, "_");
    return part;
}

/* Below slices comes the unit, and below it what is delegated (systemd: Control Group APIs and Delegation).
 */
static bool next_unit(const char **path, struct part *unit, struct part *slice) {
    struct part part;

    while (next_part(path, &part)) {
        *unit = unescape(part);
        if (is_unit(*unit))
            return true;
        if (has_suffix(*unit, ".slice"))
            *slice = *unit;
    }
    return false;
}

static bool name_unit(const char *path, struct text *text) {
    struct part unit, slice = {.start = "", .length = 0}, user = unit = slice;

    if (!next_unit(&path, &unit, &slice)) {
        add(text, "", slice);
        return slice.length > 0;
    }
    user = unit;
    add(text, "", unit);
    /* A user's service manager has units of its own below it. */
    if (cut_prefix(&user, "user@") && has_suffix(user, ".service") && next_unit(&path, &unit, &slice))
        add(text, "/", unit);
    /* Only the manager itself is in there: it opened the socket, and whoever accepts inherits its cgroup. */
    if (is(unit, "init.scope"))
        text_add(text, " (socket activation)");
    return true;
}

void unit_from_cgroup_path(const char *path, char unit[UNIT_SIZE]) {
    struct text text = text_in(unit, UNIT_SIZE);
    struct part part, last = {.start = "", .length = 0};

    if (name_container(path, &text) || name_unit(path, &text))
        return;
    while (next_part(&path, &part))
        last = part;
    add(&text, "", last);
}
