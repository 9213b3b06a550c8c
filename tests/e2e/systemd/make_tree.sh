#!/bin/bash
# SPDX-License-Identifier: MIT
# make_tree.sh SUITE DIR: a minimal Debian of that suite in DIR, with this source built in DIR/src/build by
# its own compiler and libraries. What is there already is used again.
set -eu
cd "$(dirname "$0")/../../.."

suite=$1
tree=$2

# What is mounted for debootstrap and the build is gone with this namespace, whatever way it ends.
if [ "${3-}" != inside ]; then
    exec unshare --mount --pid --fork --kill-child --propagation private -- "$0" "$suite" "$tree" inside
fi

# The mirror that this machine is set up for.
mirror() {
    # shellcheck disable=SC2016 # apt-get's own placeholder
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' |
        grep -v security | head -n 1
}

# Proxies and the like hold for the tree, too.
copy_apt_settings() {
    apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-)' \
        >"$tree/etc/apt/apt.conf.d/90machine" || true
    cp /etc/resolv.conf "$tree/etc/resolv.conf"
}

make_tree() {
    local source
    source=$(mirror)
    [ -n "$source" ] || { echo "$suite: no Debian mirror in the configuration of apt"; return 1; }
    rm -rf "$tree"
    mkdir -p "$tree"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,make "$suite" "$tree" "$source" ||
        return
    touch "$tree/.complete"
}

# Without the trees themselves, which are in the build directory.
copy_source() {
    mkdir -p "$tree/src"
    tar --exclude=./build --exclude=./.git -cf - . | tar -C "$tree/src" -xf -
}

in_tree() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 chroot "$tree" "$@"
}

[ -e "$tree/.complete" ] || make_tree
copy_apt_settings
copy_source
mount -t proc proc "$tree/proc"
in_tree /src/tools/install-deps systemd
in_tree make -s -C /src -j"$(nproc)" all build/tools/tcpload
