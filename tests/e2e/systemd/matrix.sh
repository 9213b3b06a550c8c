#!/bin/bash
# SPDX-License-Identifier: MIT
# matrix.sh DIR SUITE...: tests/e2e/systemd.sh in a tree of each Debian suite under DIR, and a table of them.
set -u
cd "$(dirname "$0")/../../.." || exit 1

trees=$PWD/$1
shift
mkdir -p "$trees"

if [ "$(id -u)" -ne 0 ]; then
    echo 'e2e-matrix: needs root for namespaces and debootstrap' >&2
    exit 1
fi

# Of the packages in the tree that matter, one a line.
versions() {
    local package
    for package in systemd libc6 libconfig-dev libmnl-dev libbpf-dev gcc; do
        # shellcheck disable=SC2016 # dpkg-query's own placeholder
        dpkg-query --admindir="$1/var/lib/dpkg" -W -f '${Version}\n' "$package" 2>/dev/null |
            sed -E 's/^[0-9]+://; s/[-+~].*//' | grep . || echo none
    done
}

# What was built there, of what this kernel lets it use.
features() {
    local text=sock_diag
    [ ! -x "$1/src/build/synwaitd-bpf" ] || text+=,iterator
    echo "$text"
}

# number WORD LOG: of the last line of sums.
number() {
    local found
    found=$(sed -nE "s/.*\b([0-9]+) $1.*/\1/p" "$2" | tail -n 1)
    echo "${found:-0}"
}

row() {
    printf '%-9s %-8s %-7s %-9s %-7s %-7s %-5s %-19s %6s %6s %7s %7s\n' "$@"
}

# run SUITE: builds and runs; adds its row. A run that ends without its sums is one failure.
run() {
    local suite=$1 tree=$trees/$1 log=$trees/$1.log begin built failed versions
    begin=$SECONDS
    echo "==== $suite"
    if tests/e2e/systemd/make_tree.sh "$suite" "$tree" >"$trees/$suite.build.log" 2>&1; then
        built=$SECONDS
        TREE=$tree tests/e2e/systemd.sh 2>&1 | tee "$log"
    else
        built=$SECONDS
        tail -n 20 "$trees/$suite.build.log" | tee "$log"
    fi
    failed=$(number failed "$log")
    [ $((failed + $(number passed "$log"))) -gt 0 ] || failed=1
    failures=$((failures + failed))
    mapfile -t versions < <(versions "$tree")
    row "$suite" "${versions[@]}" "$(features "$tree")" "$(number passed "$log")" "$failed" \
        "$(number skipped "$log")" "$((built - begin))+$((SECONDS - built))" >>"$trees/table"
}

failures=0
row tree systemd libc libconfig libmnl libbpf gcc features passed failed skipped 'time s' >"$trees/table"
for suite in "$@"; do
    run "$suite"
done
echo
echo "Kernel $(uname -r); time: to build the tree and synwaitd in it + to run"
cat "$trees/table"
[ "$failures" -eq 0 ]
