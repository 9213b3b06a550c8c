#!/bin/bash
# SPDX-License-Identifier: MIT
# boot.sh LOWER SOURCE SCRATCH: process 1 of the lab's namespaces. Makes a root from LOWER, with SOURCE at
# /src if LOWER is the machine's own root, as systemd expects it of a container manager, and becomes systemd.
set -eu

lower=$1
source=$2
scratch=$3
root=$scratch/root

# overlay LOWER NAME WHERE: with what is written in the lab's tmpfs.
overlay() {
    mkdir -p "$scratch/$2.upper" "$scratch/$2.work" "$3"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$scratch/$2.upper,workdir=$scratch/$2.work" "$3"
}

# What belongs to the whole machine stays out of reach; net is the lab's own.
mount_proc() {
    mount -t proc proc "$root/proc" -o nosuid,noexec,nodev
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
    mount -o remount,bind,ro,nosuid,noexec,nodev "$root/proc/sys"
    [ -e "$root/proc/sysrq-trigger" ] || return 0
    mount --bind "$root/proc/sysrq-trigger" "$root/proc/sysrq-trigger"
    mount -o remount,bind,ro "$root/proc/sysrq-trigger"
}

# The bpffs as systemd mounts it on a machine, where it would not in a container.
mount_sys() {
    mount -t sysfs sysfs "$root/sys" -o ro,nosuid,noexec,nodev
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" -o nosuid,noexec,nodev
    mount -t bpf bpf "$root/sys/fs/bpf" -o nosuid,noexec,nodev,mode=700 || echo 'without a bpffs'
}

make_dev() {
    local node
    mount -t tmpfs tmpfs "$root/dev" -o mode=755,nosuid,size=1m
    for node in null:3 zero:5 full:7 random:8 urandom:9; do
        mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"
    done
    mknod -m 666 "$root/dev/tty" c 5 0
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666,mode=620
    mount -t tmpfs tmpfs "$root/dev/shm" -o mode=1777,nosuid,nodev
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s fd/0 "$root/dev/stdin"
    ln -s fd/1 "$root/dev/stdout"
    ln -s fd/2 "$root/dev/stderr"
}

# Nothing of the machine is started or mounted: no unit of its own, no wish of a target, no generator.
forget_the_machine() {
    local units=$root/usr/lib/systemd/system
    rm -rf "$root"/etc/systemd/{system,system-generators,journald.conf.d} "$root"/var/lib/systemd \
        "$root"/usr/lib/systemd/system-generators "$units"/*.{wants,requires} "$root"/var/log/journal
    # Where /lib is no link to usr/lib.
    units=$root/lib/systemd/system
    [ -L "$root/lib" ] || rm -rf "$units"/*.{wants,requires} "$units-generators"
    # Of a synwaitd of its own.
    rm -rf "$root"/etc/synwaitd "$root"/var/lib/synwaitd "$root"/var/lib/private/synwaitd
    tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
    echo lab >"$root/etc/hostname"
}

make_target() {
    local units=$root/etc/systemd/system
    mkdir -p "$units" "$root/etc/systemd/journald.conf.d"
    cat >"$units/lab.target" <<'END'
[Unit]
Description=Lab
Requires=basic.target
Wants=systemd-journald.socket systemd-journald.service dbus.socket
After=basic.target systemd-journald.service
END
    ln -s lab.target "$units/default.target"
    printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\nForwardToWall=no\n' \
        >"$root/etc/systemd/journald.conf.d/lab.conf"
}

mount -t tmpfs tmpfs "$scratch" -o mode=755,size=1g
mkdir "$root"
overlay "$lower" root "$root"
[ "$lower" != / ] || overlay "$source" source "$root/src"
mount_proc
mount_sys
make_dev
mount -t tmpfs tmpfs "$root/run" -o mode=755,nosuid,size=128m
mount -t tmpfs tmpfs "$root/tmp" -o mode=1777,nosuid,size=128m
forget_the_machine
make_target
# What is written to the root from here on, for the checks to look at.
mkdir "$root/run/written"
mount --bind "$scratch/root.upper" "$root/run/written"
mount -o remount,bind,ro "$root/run/written"
hostname lab
ip link set lo up

cd "$root"
mkdir .old
pivot_root . .old
umount -l /.old
rmdir /.old
# The clock and the kernel's modules are everybody's.
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-syslog,-wake_alarm \
    /lib/systemd/systemd --system --show-status=no
