# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Debian trees for the package tests. B names the build directory.
trees=$PWD/$B/trees

profiles_of() {
    [ "$1" != bullseye ] || echo pkg.synwaitd.nobpf # libbpf 0.3 is too old
}

# inside TREE COMMAND...: runs it in the tree, with a policy of starting no service and no terminal to ask on.
inside() {
    local tree=$1
    shift
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        DEB_BUILD_OPTIONS=nocheck DEB_BUILD_PROFILES="$(profiles_of "$suite")" \
        chroot "$tree" "$@" </dev/null
}

# build_tree SUITE SOURCE: a copy of the suite's tree with what the source's debian/control asks for, and
# lintian.
build_tree() {
    local suite=$1 source=$2 tree=$trees/$1-build wanted
    wanted=$(sha256sum <"$source/debian/control")
    tools/make-tree "$suite" "$trees/$suite" || return
    [ "$(cat "$tree/.wanted" 2>/dev/null)" = "$wanted" ] && return
    rm -rf "$tree"
    cp -a "$trees/$suite" "$tree" && mkdir "$tree/source" && cp -a "$source/debian" "$tree/source" &&
        inside "$tree" apt-get update -qq &&
        inside "$tree" apt-get install -y -qq --no-install-recommends dpkg-dev lintian &&
        inside "$tree" apt-get build-dep -y -qq --no-install-recommends ./source &&
        inside "$tree" apt-get clean && rm -r "$tree/source" && echo "$wanted" >"$tree/.wanted"
}
