#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo: each of its three problems is raised and cleared, in time, and nothing is left, also when it is
# interrupted. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

build=${B:-build}
output=$(mktemp)
trap 'rm -f "$output"' EXIT

if [ "$(id -u)" -ne 0 ]; then
    echo 'SKIPPED demo: needs root for network namespaces'
    checks_skipped=1
    summary
    exit
fi

# An alert's headline: time, event, severity, problem.
told() {
    [ "$(grep -cE "^[0-9:]{8} $1 [a-z]+ $2\$" "$output")" -eq 1 ]
}

in_time() {
    local begin=$SECONDS
    demo/run "$build" >"$output" 2>&1 && [ $((SECONDS - begin)) -le 45 ]
}

# What the demo makes is named after its process.
remains() {
    ip netns list | grep "synwaitd-demo-\(peer-\)\?$demo_pid\b"
    grep -lz 'demo/[s]ynwaitd.conf' /proc/[0-9]*/cmdline 2>/dev/null
}

# A child of this script that leads a process group of its own, as a terminal's foreground job does. It does
# not ignore the interrupt even where make was started so, as in the background.
interrupted() {
    set -m
    env --default-signal=INT demo/run "$build" >"$output" 2>&1 &
    demo_pid=$!
    set +m
    for ((i = 0; i < 100; i++)); do
        grep -q '^### 1\.' "$output" && break
        sleep 0.1
    done
    kill -INT -- "-$demo_pid"
    wait "$demo_pid"
    demo_code=$?
    [ $demo_code -eq 130 ] || { echo "exit code $demo_code after:"; cat "$output"; return 1; }
}

check 'ends well within 45 s' in_time
for problem in syn-flood close-wait-leak port-exhaustion; do
    check "$problem is raised once" told raised $problem
    check "$problem is cleared once" told cleared $problem
done
demo_pid='[0-9]*'
check 'nothing is left' nothing remains
interrupted
code=$?
check 'an interrupt ends it' [ $code -eq 0 ]
check 'nothing is left after an interrupt' nothing remains
summary
