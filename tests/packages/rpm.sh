#!/bin/bash
# SPDX-License-Identifier: MIT
# The RPM, by this machine's rpmbuild: twice with the same bytes, clean for rpmlint, installed into an empty
# root and erased again. B names the build directory, TARBALL that of make dist.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
. tests/lib.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

build() {
    tools/make-rpm "$TARBALL" "$B/rpm"
}

build_otherwise() {
    (umask 027 && TZ=Pacific/Kiritimati LC_ALL=C HOME=/nowhere \
        tools/make-rpm "$TARBALL" "$scratch/another/place")
}

# The source RPM names the directory that it was made in.
same_packages() {
    local file
    for file in "$B"/rpm/RPMS/*/*.rpm; do
        cmp "$file" "$scratch/another/place/${file#"$B"/rpm/}" || return
    done
}

# It ends with 0 also after warnings.
lint() {
    rpmlint -c packaging/rpmlint.toml packaging/synwaitd.spec "$B"/rpm/RPMS/*/*.rpm "$B"/rpm/SRPMS/*.rpm |
        tee "$scratch/lint"
    grep -q ' 0 errors, 0 warnings' "$scratch/lint"
}

# Alone in its root: no package that it needs, and nothing that its scripts could call.
in_root() {
    rpm --root "$scratch/root" "$@"
}

install_package() {
    mkdir "$scratch/root" && in_root --initdb &&
        in_root -i --force-debian --nodeps --noscripts "$B"/rpm/RPMS/*/*.rpm
}

is_whole() {
    nothing in_root -V --nodeps synwaitd
}

files() {
    find "$scratch/root" -name '*synwait*'
}

if needs rpmbuild RPM; then
    check 'rpm: the package is built' build
    check 'rpm: built again elsewhere' build_otherwise
    check 'rpm: both builds are bit for bit the same' same_packages
    needs rpmlint rpmlint && check 'rpm: rpmlint finds neither error nor warning' lint
    check 'rpm: installs into an empty root' install_package
    check 'rpm: its files are whole' is_whole
    check 'rpm: is erased' in_root -e --nodeps --noscripts synwaitd
    check 'rpm: nothing is left' nothing files
fi
summary
