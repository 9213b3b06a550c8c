#!/bin/bash
# SPDX-License-Identifier: MIT
# make install and uninstall, into a directory of their own. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

make_into() {
    "${MAKE:-make}" --no-print-directory -s B="${B:-build}" DESTDIR="$root" "$@"
}

# Checks what stands under the prefix.
installed() {
    local prefix=$root$1 file
    for file in sbin/synwaitd bin/synwaitctl lib/synwaitd/synwaitd.conf \
        lib/systemd/system/synwaitd{,@}.service \
        lib/systemd/catalog/synwaitd.catalog share/man/man8/synwaitd.8 share/man/man8/synwaitctl.8 \
        share/man/man5/synwaitd.conf.5 share/man/man5/synwaitd-{status,metrics}.5 \
        share/bash-completion/completions/synwaitctl share/doc/synwaitd/{README.md,SECURITY.md,LICENSE} \
        share/doc/synwaitd/synwaitd.service.d/50-processes.conf \
        share/doc/synwaitd/monitoring/{README.md,prometheus/synwaitd.rules.yml,logs/phone/synwaitd-phone}; do
        [ -s "$prefix/$file" ] || { echo "missing: $file"; return 1; }
    done
    ls "$prefix"/share/zsh/*/_synwaitctl >/dev/null || return
    # What gives the daemon privileges is there to be copied, not in force.
    [ ! -e "$prefix/lib/systemd/system/synwaitd.service.d/50-processes.conf" ] ||
        { echo 'the privileges are in force'; return 1; }
    [ ! -e "$root/etc" ] || { echo 'something is in /etc'; return 1; }
}

unit_names() {
    local line
    while read -r line; do
        [[ $line == Exec*"/synwaitd"* && $line != *"=$1/sbin/synwaitd"* ]] && { echo "$line"; return 1; }
    done < <(cat "$root$1"/lib/systemd/system/synwaitd{,@}.service)
    return 0
}

# The loader, and the drop-in that calls it where it is.
has_loader() {
    local prefix=$1 drop_in=$root$1/lib/systemd/system/synwaitd.service.d/10-listener-queues.conf
    [ -x "$root$prefix/lib/synwaitd/synwaitd-bpf" ] || { echo 'no loader'; return 1; }
    grep -q "^ExecStartPre=-+$prefix/lib/synwaitd/synwaitd-bpf load$" "$drop_in" &&
        grep -q "^ExecStopPost=-+$prefix/lib/synwaitd/synwaitd-bpf unload$" "$drop_in"
}

has_no_loader() {
    [ ! -e "$root$1/lib/synwaitd/synwaitd-bpf" ] && [ ! -e "$root$1/lib/systemd/system/synwaitd.service.d" ]
}

runs() {
    "$root$1/sbin/synwaitd" --check-config --config "$root$1/lib/synwaitd/synwaitd.conf"
}

files() {
    find "$root" -type f -o -type l -o -type d -name '*synwait*'
}

for prefix in /usr /usr/local; do
    check "install into $prefix" make_into PREFIX=$prefix install
    check "$prefix has everything, /etc nothing" installed $prefix
    check "$prefix: the units name the installed program" unit_names $prefix
    if [ -x "${B:-build}/synwaitd-bpf" ]; then
        check "$prefix: the loader is called where it is" has_loader $prefix
    else
        checks_skipped=$((checks_skipped + 1))
        echo "SKIPPED $prefix: the loader is called where it is: built without synwaitd-bpf"
    fi
    check "$prefix: the program takes the shipped configuration" runs $prefix
    check "uninstall from $prefix" make_into PREFIX=$prefix uninstall
    check "nothing is left under $prefix" nothing files
done
check 'install without the loader' make_into BPF=no install
check 'then nothing calls it' has_no_loader /usr
check 'uninstall' make_into BPF=no uninstall
check 'nothing is left' nothing files
summary
