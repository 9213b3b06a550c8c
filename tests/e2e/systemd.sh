#!/bin/bash
# SPDX-License-Identifier: MIT
# synwaitd as a service: real systemd as process 1 of its own pid, mount, net, uts, ipc and cgroup namespaces,
# on an overlay of this machine's root, or of the tree TREE (make_tree.sh), with none of its services. What is
# written goes to a tmpfs of these namespaces and is gone with them. B names the build directory, in this one.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

TREE=${TREE:-/}
parts=$PWD/tests/e2e/systemd

skip_all() {
    echo "SKIPPED systemd: $1"
    checks_skipped=1
    summary
    exit
}

# The namespaces die with their process 1, and all mounts and processes with them. Cgroups do not.
leave() {
    local code=$?
    trap '' INT TERM HUP
    if [ -n "${lab_pid-}" ]; then
        kill -KILL "$lab_pid" 2>/dev/null
        wait "$lab_pid" 2>/dev/null
    fi
    for ((i = 0; i < 100; i++)); do
        remove_cgroup "$cgroup" && break
        sleep 0.05
    done
    rm -rf "$scratch"
    exit "$code"
}

remove_cgroup() {
    [ ! -d "$1" ] || { find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; [ ! -d "$1" ]; }
}

# Those of runs that were killed: a cgroup with a process in it stays.
remove_stale_cgroups() {
    local stale
    for stale in "$hierarchy"/synwaitd-e2e-*; do
        remove_cgroup "$stale" || true
    done
}

# Its process 1 as this machine sees it.
init_pid() {
    pgrep -P "$lab_pid" 2>/dev/null | head -n 1
}

booted() {
    local pid
    pid=$(init_pid) && [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd ] &&
        inside systemctl is-active --quiet lab.target
}

inside() {
    nsenter -t "$(init_pid)" -p -m -n -u -i -C -r -w -- \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "B=${B:-build}" "CI=${CI-}" "$@"
}

# setpriv: should this script be killed, the namespaces go, too.
boot() {
    (
        echo "$BASHPID" >"$cgroup/cgroup.procs" || exit
        exec setpriv --pdeathsig KILL unshare --pid --mount --net --uts --ipc --cgroup --fork --kill-child \
            --propagation private -- "$parts/boot.sh" "$TREE" "$PWD" "$scratch"
    ) >"$scratch/console" 2>&1 </dev/null &
    lab_pid=$!
    for ((i = 0; i < 300; i++)); do
        booted 2>/dev/null && return
        kill -0 "$lab_pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$scratch/console"
    return 1
}

[ "$(id -u)" -eq 0 ] || skip_all 'needs root for namespaces'
for program in lib/systemd/systemd usr/bin/dbus-daemon usr/bin/jq usr/bin/make; do
    [ -x "$TREE/$program" ] || skip_all "$TREE/$program is not installed"
done
hierarchy=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
[ -n "$hierarchy" ] || skip_all 'no cgroup2 hierarchy is mounted'
grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || skip_all 'the kernel has no overlayfs'

cgroup=$hierarchy/synwaitd-e2e-$$
scratch=$(mktemp -d)
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
remove_stale_cgroups
mkdir "$cgroup" || exit
if ! boot; then
    echo 'not ok systemd in its own namespaces'
    echo '0 passed, 1 failed'
    exit 1
fi
# Not in the foreground, where a signal would have to wait for its end.
inside timeout 300 /src/tests/e2e/systemd/run.sh &
wait $!
