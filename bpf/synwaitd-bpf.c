/* SPDX-License-Identifier: MIT */
/*
 * Pins the listener iterator where the daemon, which has no privilege, can read it as a file, and takes it
 * away again. The only part of synwaitd that runs as root, and only for a moment.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "listener_queues.h"
#include "listener_queues.skel.h"

#define EXIT_USAGE 2
#define BPFFS      "/sys/fs/bpf"

static const char help[] =
    "Usage: synwaitd-bpf load|unload\n"
    "Let synwaitd read the listeners' queues through a BPF iterator; needs root.\n"
    "\n"
    "  load    pin it at " LISTENER_QUEUES_PATH ",\n"
    "          readable by the group of $RUNTIME_DIRECTORY, or by root alone without it\n"
    "  unload  remove it\n"
    "\n"
    "Exit status: 0 success, 1 failure, 2 usage. See synwaitd-bpf(8).\n";

static int complain(const char *what, int error) {
    fprintf(stderr, "synwaitd-bpf: %s: %s\n", what, strerror(-error));
    return error;
}

/* What the usual errors of loading mean. */
static const char *load_problem(int error) {
    switch (error) {
    case -ESRCH:
    case -ENOENT:
        return "the kernel has no BTF with iterators over TCP sockets (CONFIG_DEBUG_INFO_BTF, Linux 5.9)";
    case -EPERM:
    case -EACCES:
        return "loading is not permitted (not root, or kernel lockdown)";
    default:
        return "the kernel does not take the program";
    }
}

/* systemd makes the directory for the service's user, who may be a dynamic one without a name here. */
static int reader_group(gid_t *group) {
    const char *directory = getenv("RUNTIME_DIRECTORY");
    struct stat status;

    *group = 0;
    if (!directory)
        return 0;
    if (stat(directory, &status) < 0)
        return complain(directory, -errno);
    *group = status.st_gid;
    return 0;
}

/* Where everybody may write to the bpffs, the directory may be another's, with anything in it. */
static int make_directory(void) {
    struct statfs filesystem;
    struct stat status;

    if (statfs(BPFFS, &filesystem) < 0)
        return complain(BPFFS, -errno);
    if (filesystem.f_type != BPF_FS_MAGIC)
        return complain("no bpffs is mounted at " BPFFS, -ENODEV);
    if (mkdir(LISTENER_QUEUES_DIRECTORY, 0700) < 0 && errno != EEXIST)
        return complain(LISTENER_QUEUES_DIRECTORY, -errno);
    if (lstat(LISTENER_QUEUES_DIRECTORY, &status) < 0)
        return complain(LISTENER_QUEUES_DIRECTORY, -errno);
    if (!S_ISDIR(status.st_mode) || status.st_uid != 0)
        return complain(LISTENER_QUEUES_DIRECTORY " is not root's directory", -EEXIST);
    if (chmod(LISTENER_QUEUES_DIRECTORY, 0755) < 0) /* whatever the umask */
        return complain(LISTENER_QUEUES_DIRECTORY, -errno);
    return 0;
}

/* Nobody else can read it at any moment: it is made with mode 0600. */
static int pin(struct bpf_link *link, gid_t group) {
    if (unlink(LISTENER_QUEUES_PATH) < 0 && errno != ENOENT)
        return complain(LISTENER_QUEUES_PATH, -errno);
    int result = bpf_link__pin(link, LISTENER_QUEUES_PATH);
    if (result < 0)
        return complain(LISTENER_QUEUES_PATH, result);
    if (chown(LISTENER_QUEUES_PATH, 0, group) < 0 || chmod(LISTENER_QUEUES_PATH, 0440) < 0) {
        result = -errno;
        unlink(LISTENER_QUEUES_PATH);
        return complain(LISTENER_QUEUES_PATH, result);
    }
    return 0;
}

static int load(void) {
    gid_t group;
    int result = reader_group(&group);

    if (result == 0)
        result = make_directory();
    if (result < 0)
        return result;
    struct listener_queues *program = listener_queues__open_and_load();
    if (!program) {
        result = -errno;
        return complain(load_problem(result), result);
    }
    result = listener_queues__attach(program);
    result = result < 0 ? complain("the iterator cannot be made", result)
                        : pin(program->links.listener_queues, group);
    listener_queues__destroy(program);
    return result;
}

static int unload(void) {
    if (unlink(LISTENER_QUEUES_PATH) < 0 && errno != ENOENT)
        return complain(LISTENER_QUEUES_PATH, -errno);
    if (rmdir(LISTENER_QUEUES_DIRECTORY) < 0 && errno != ENOENT)
        return complain(LISTENER_QUEUES_DIRECTORY, -errno);
    return 0;
}

__attribute__((format(printf, 2, 0))) static int print_warning(enum libbpf_print_level level,
                                                               const char *format, va_list args) {
    return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

int main(int argc, char **argv) {
    const char *verb = argc == 2 ? argv[1] : "";

    if (strcmp(verb, "--help") == 0) {
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(verb, "load") != 0 && strcmp(verb, "unload") != 0) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    libbpf_set_print(print_warning);
    int result = strcmp(verb, "load") == 0 ? load() : unload();
    return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
