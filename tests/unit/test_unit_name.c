/* SPDX-License-Identifier: MIT */
#include "owners.h"

#include "case.h"

#define ID       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHORT_ID "0123456789ab"
#define USER     "/user.slice/user-1000.slice/user@1000.service"
#define POD      "pod2f7a1b2c-0d3e-4f56-8a9b-0c1d2e3f4a5b"
#define POD_PATH "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod2f7a1b2c_0d3e.slice"

static const struct name_row {
    const char *name, *path, *unit;
} rows[] = {
    {"the root", "/", ""},
    {"the root, as the walk writes it", "", ""},
    {"service", "/system.slice/nginx.service", "nginx.service"},
    {"service in slices of its own", "/web.slice/web-front.slice/nginx.service", "nginx.service"},
    {"service without a slice", "/nginx.service", "nginx.service"},
    {"instance in its template's slice", "/system.slice/system-getty.slice/getty@tty1.service",
     "getty@tty1.service"},
    {"delegated: below a service", "/system.slice/nginx.service/worker/3", "nginx.service"},
    {"delegated: a scope below a service", "/system.slice/a.service/b.scope", "a.service"},
    {"delegated: a slice below a service", "/system.slice/a.service/b.slice", "a.service"},
    {"socket", "/system.slice/sshd.socket", "sshd.socket"},
    {"mount", "/system.slice/mnt-nfs.mount", "mnt-nfs.mount"},
    {"swap", "/system.slice/dev-sda2.swap", "dev-sda2.swap"},
    {"systemd's escapes stay", "/system.slice/mnt-my\\x2ddisk.mount", "mnt-my\\x2ddisk.mount"},
    {"escaped from a controller's files", "/system.slice/_cpu.service", "cpu.service"},
    {"a name that starts with _", "/system.slice/__odd.service", "_odd.service"},
    {"escaped slice", "/_memory.slice", "memory.slice"},
    {"slice as the last resort", "/system.slice", "system.slice"},
    {"the deepest slice", "/web.slice/web-front.slice", "web-front.slice"},
    {"something in a slice", "/web.slice/worker", "web.slice"},
    {"nothing but a suffix is no unit", "/system.slice/.service", "system.slice"},
    {"a suffix in the middle is no unit", "/a.service.d/x", "x"},
    {"session", "/user.slice/user-1000.slice/session-3.scope", "session-3.scope"},
    {"user's service", USER "/app.slice/foo.service", "user@1000.service/foo.service"},
    {"user's service, delegated below", USER "/app.slice/foo.service/x", "user@1000.service/foo.service"},
    {"user's scope", USER "/app.slice/app-gnome-x-1.scope", "user@1000.service/app-gnome-x-1.scope"},
    {"user manager alone", USER, "user@1000.service"},
    {"user's slice", USER "/app.slice", "user@1000.service"},
    {"user's socket activation", USER "/init.scope", "user@1000.service/init.scope (socket activation)"},
    {"socket activation", "/init.scope", "init.scope (socket activation)"},
    {"a cgroup like init.scope", "/system.slice/a.service/init.scope", "a.service"},
    {"docker, systemd driver", "/system.slice/docker-" ID ".scope", "docker/" SHORT_ID},
    {"docker, cgroupfs driver", "/docker/" ID, "docker/" SHORT_ID},
    {"docker, below the container", "/docker/" ID "/system.slice/a.service", "docker/" SHORT_ID},
    {"docker, below docker's service", "/system.slice/docker.service/docker/" ID, "docker/" SHORT_ID},
    {"the docker daemon", "/system.slice/docker.service", "docker.service"},
    {"docker, a digit short", "/system.slice/docker-123.scope", "docker-123.scope"},
    {"docker, no hex", "/system.slice/docker-" SHORT_ID "xyz.scope", "docker-" SHORT_ID "xyz.scope"},
    {"an id alone", "/jobs/" ID, ID},
    {"rootless docker", USER "/user.slice/docker-" ID ".scope", "docker/" SHORT_ID},
    {"podman", "/machine.slice/libpod-" ID ".scope/container", "podman/" SHORT_ID},
    {"podman, cgroupfs driver", "/libpod_parent/libpod-" ID, "podman/" SHORT_ID},
    {"rootless podman", USER "/user.slice/libpod-" ID ".scope", "podman/" SHORT_ID},
    {"podman's monitor", "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope"},
    {"podman under a unit of its own", "/system.slice/web.service/libpod-payload-" ID, "web.service"},
    {"containerd", "/system.slice/cri-containerd-" ID ".scope", "containerd/" SHORT_ID},
    {"nerdctl", "/system.slice/nerdctl-" ID ".scope", "containerd/" SHORT_ID},
    {"cri-o", "/system.slice/crio-" ID ".scope", "crio/" SHORT_ID},
    {"kubernetes with containerd", POD_PATH "/cri-containerd-" ID ".scope", "containerd/" SHORT_ID},
    {"kubernetes with cri-o", POD_PATH "/crio-" ID ".scope/container", "crio/" SHORT_ID},
    {"kubernetes with cri-o, cgroupfs driver", "/kubepods/besteffort/" POD "/crio-" ID, "crio/" SHORT_ID},
    {"kubernetes with docker", POD_PATH "/docker-" ID ".scope", "docker/" SHORT_ID},
    {"kubernetes, runtime unknown", "/kubepods/burstable/" POD "/" ID, "kubernetes/" SHORT_ID},
    {"kubernetes, guaranteed", "/kubepods/" POD "/" ID, "kubernetes/" SHORT_ID},
    {"kubernetes, runtime unknown, systemd driver", POD_PATH "/" ID, "kubernetes/" SHORT_ID},
    {"kubernetes inside the kubelet's slice", "/kubelet.slice" POD_PATH "/" ID, "kubernetes/" SHORT_ID},
    {"containerd given systemd's notation",
     "/system.slice/containerd.service/kubepods-besteffort-" POD ".slice:cri-containerd:" ID,
     "containerd/" SHORT_ID},
    {"lxc, its payload", "/lxc.payload.web", "lxc/web"},
    {"lxc, below its payload", "/lxc.payload.web/system.slice/nginx.service", "lxc/web"},
    {"lxc, older", "/lxc/web/init.scope", "lxc/web"},
    {"lxc, docker inside", "/lxc.payload.web/docker/" ID, "lxc/web"},
    {"lxc's monitor", "/lxc.monitor.web", "lxc.monitor.web"},
    {"machine", "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
     "machine-qemu\\x2d1\\x2dvm.scope"},
    {"nspawn", "/machine.slice/systemd-nspawn@web.service/payload/init.scope", "systemd-nspawn@web.service"},
    {"nothing known", "/jobs/batch/7", "7"},
    {"empty parts", "//jobs//7/", "7"},
    {"blanks in a unit", "/system.slice/a (socket activation).service", "a_(socket_activation).service"},
    {"blanks in a user's unit", USER "/a. First: b.service", "user@1000.service/a._First:_b.service"},
    {"blanks in a container's name", "/lxc.payload.a b", "lxc/a_b"},
    {"blanks in a slice", "/a b.slice", "a_b.slice"},
    {"blanks elsewhere", "/jobs/a b", "a_b"},
    {"bytes stay as they are", "/system.slice/a\n\x1b[31m\xff.service", "a\n\x1b[31m\xff.service"},
};

static void names(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char unit[UNIT_SIZE];
        memset(unit, 'x', sizeof unit);
        unit_from_cgroup_path(rows[i].path, unit);
        if (strcmp(unit, rows[i].unit) != 0)
            fail_msg("%s: got \"%s\", wanted \"%s\"", rows[i].name, unit, rows[i].unit);
    }
}

/* The longest name that a directory can have stays whole; with its user in front, it is cut. */
static void long_names(void **state) {
    char name[256], path[600], unit[UNIT_SIZE];

    (void)state;
    memset(name, 'n', sizeof name);
    memcpy(name + 255 - strlen(".service"), ".service", sizeof ".service");
    snprintf(path, sizeof path, "/system.slice/%s/%s", name, name);
    unit_from_cgroup_path(path, unit);
    assert_string_equal(unit, name);
    snprintf(path, sizeof path, USER "/app.slice/%s", name);
    unit_from_cgroup_path(path, unit);
    assert_int_equal(strlen(unit), UNIT_SIZE - 1);
    assert_memory_equal(unit, "user@1000.service/nnn", 21);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(long_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
