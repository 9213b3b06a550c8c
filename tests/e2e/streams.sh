#!/bin/bash
# SPDX-License-Identifier: MIT
# What the daemon does when its output fails and when it is asked to reload again and again; with ten
# connections in a network namespace of its own to tell about. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

build=${B:-build}

own_namespaces 'output streams' "$@"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ip link set lo up
echo 'thresholds = { established = { enabled = true; warning = 5; hold = "0s"; }; };' \
    >"$scratch/conf"
mkfifo "$scratch/ready"
"$build/tools/tcpload" hold --addr 127.0.0.1 --port 8080 --count 10 --seconds 120 </dev/null \
    >"$scratch/ready" &
read -r _ <"$scratch/ready"

daemon() {
    timeout 60 "$build/synwaitd" --config "$scratch/conf" "$@"
}

alert_is_printed() {
    daemon --log-target json --ticks 2 2>/dev/null | grep -q '"SYNWAITD_EVENT":"raised"'
}

reader_gone_ends_with_1() {
    daemon --log-target "$1" --ticks 2 2>"$scratch/log" | true
    [ "${PIPESTATUS[0]}" -eq 1 ] && grep -q 'standard output: an alert could not be written' "$scratch/log"
}

full_disk_ends_with_1() {
    daemon --log-target "$1" --ticks 2 >/dev/full 2>"$scratch/log"
    [ $? -eq 1 ] && grep -q 'No space left on device' "$scratch/log"
}

# A closed descriptor must not become the netlink socket: then sampling would break.
closed_output_is_no_harm() {
    daemon --log-target json --ticks 2 >&- 2>"$scratch/log" && ! grep -q 'sampling' "$scratch/log"
}

reloads_do_not_put_off_sampling() {
    local begin=$SECONDS pid
    "$build/synwaitd" --config "$scratch/conf" --log-target json --ticks 4 >/dev/null 2>"$scratch/log" &
    pid=$!
    sleep 0.3
    while [ $((SECONDS - begin)) -lt 20 ] && kill -HUP $pid 2>/dev/null; do
        sleep 0.3
    done
    wait $pid && [ $((SECONDS - begin)) -le 10 ] && grep -q 'configuration reloaded' "$scratch/log"
}

check 'the connections are told' alert_is_printed
for target in json console; do
    check "$target: a reader that goes away is an error" reader_gone_ends_with_1 $target
    check "$target: a full disk is an error" full_disk_ends_with_1 $target
done
check 'a closed standard output does no harm' closed_output_is_no_harm
check 'reloads in a row do not put off sampling' reloads_do_not_put_off_sampling
summary
