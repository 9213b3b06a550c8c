#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian package, built in a tree of each release: twice with the same bytes, clean for that release's
# lintian, and installed, upgraded, removed and purged in a tree that has nothing else. B names the build
# directory, TARBALL that of make dist.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
. tests/lib.sh
. tests/packages/lib.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# build_in TREE DIR: the packages in DIR of the tree. Arguments after that run the build, with another
# environment.
build_in() {
    local tree=$1 dir=$2
    shift 2
    rm -rf "${tree:?}$dir" && mkdir -p "$tree$dir" && cp -a "$scratch/source/." "$tree$dir" || return
    inside "$tree" "$@" sh -c "cd $dir/synwaitd-* && dpkg-buildpackage -us -uc" || return
    rm -rf "${tree:?}$dir"/synwaitd-*/
}

# Other directory, umask, host name, time zone, language, number of jobs and home; a later time by itself.
build_otherwise() {
    (umask 027 && export -f build_in inside profiles_of && export scratch suite &&
        unshare --uts bash -c 'hostname elsewhere && build_in "$@"' bash "$1" /srv/another/place/for/it \
            env TZ=Pacific/Kiritimati LC_ALL=C LANG=de_DE.UTF-8 HOME=/nowhere \
            DEB_BUILD_OPTIONS="nocheck parallel=1")
}

# All but .buildinfo, and .changes with its sum: they tell of the environment.
same_packages() {
    local one=$1/build two=$1/srv/another/place/for/it file
    for file in "$one"/*.deb "$one"/*.dsc "$one"/*.tar.*; do
        cmp "$file" "$two/$(basename "$file")" || return
    done
}

# A release's lintian may be older than the policy that the package follows.
lint() {
    inside "$1" sh -c 'lintian --allow-root --fail-on error,warning --suppress-tags newer-standards-version \
        --color never /build/*.changes' | grep -v '^N: '
}

# older PACKAGE FILE: the same package with a lower version.
older() {
    local unpacked=$scratch/unpacked
    rm -rf "$unpacked"
    dpkg-deb -R "$1" "$unpacked" && sed -i 's/^Version: .*/Version: 0.0.1-1/' "$unpacked/DEBIAN/control" &&
        dpkg-deb --root-owner-group -b "$unpacked" "$2"
}

# Into an overlay, in a mount namespace of its own: the tree stays as it is, and nothing stays mounted.
life_in_tree() {
    local suite=$1 layers=$trees/$1-life
    rm -rf "$layers" && mkdir -p "$layers/upper/packages" "$layers/work" "$layers/root" &&
        cp "$trees/$suite-build"/build/synwaitd_*.deb "$layers/upper/packages/new.deb" &&
        older "$layers/upper/packages/new.deb" "$layers/upper/packages/old.deb" &&
        cp tests/lib.sh tests/packages/life "$layers/upper/packages" || return
    # shellcheck disable=SC2016 # meant for the inner shell
    WITH_BPF=$([ -n "$(profiles_of "$suite")" ] || echo yes) unshare --mount --propagation private bash -c '
        mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/root" &&
        mount -t proc proc "$2/root/proc" && mount -t tmpfs tmpfs "$2/root/run" &&
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin WITH_BPF="$WITH_BPF" SUITE="$3" \
            chroot "$2/root" /packages/life
        ' bash "$trees/$suite" "$layers" "$suite" </dev/null | tee "$scratch/life"
    rm -rf "$layers"
}

# The counts of the script that runs inside become part of ours.
life() {
    life_in_tree "$1"
    local passed failed
    passed=$(grep -c '^ok ' "$scratch/life") failed=$(grep -c '^not ok ' "$scratch/life")
    grep -qE '^[0-9]+ passed' "$scratch/life" || {
        echo "not ok $1: install to purge: the script did not end"
        failed=$((failed + 1))
    }
    checks_passed=$((checks_passed + passed)) checks_failed=$((checks_failed + failed))
}

versions_agree() {
    local version
    version=$(sed -n 's/^VERSION := //p' Makefile)
    grep -q "^synwaitd ($version-" debian/changelog ||
        { echo 'debian/changelog is of another version'; return 1; }
    grep -q "^Version: *$version\$" packaging/synwaitd.spec ||
        { echo 'the spec is of another version'; return 1; }
}

check 'the packages have the version of the Makefile' versions_agree
needs debootstrap 'Debian packages' || { summary; exit; }
check 'source for the package' tools/make-deb --source "$TARBALL" "$scratch/source"
for suite in ${SUITES:-bullseye bookworm trixie}; do
    tree=$trees/$suite-build
    check "$suite: a tree to build in" build_tree "$suite" "$scratch"/source/synwaitd-*
    check "$suite: the package is built" build_in "$tree" /build env
    [ -n "$(profiles_of "$suite")" ] && echo "$suite: without synwaitd-bpf, libbpf is too old"
    check "$suite: built again elsewhere" build_otherwise "$tree"
    check "$suite: both builds are bit for bit the same" same_packages "$tree"
    check "$suite: lintian finds neither error nor warning" nothing lint "$tree"
    life "$suite"
done
summary
