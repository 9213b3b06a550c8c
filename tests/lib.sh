# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For check scripts: one line per check, a summary at the end that tests/run reads.
checks_passed=0 checks_failed=0 checks_skipped=0

# check NAME COMMAND...: passes if the command succeeds; shows what it printed if not.
check() {
    local name=$1 printed
    shift
    if printed=$("$@" 2>&1); then
        echo "ok $name"
        checks_passed=$((checks_passed + 1))
    else
        [ -z "$printed" ] || echo "$printed"
        echo "not ok $name"
        checks_failed=$((checks_failed + 1))
    fi
}

# step NAME COMMAND...: the same without a subshell, for functions that set variables and start processes; the
# output goes to a file in $scratch. Tells how long it took.
step() {
    local name=$1 begin=$SECONDS
    shift
    # shellcheck disable=SC2154 # the caller's directory
    if "$@" >"$scratch/output" 2>&1; then
        echo "ok $name, $((SECONDS - begin)) s"
        checks_passed=$((checks_passed + 1))
    else
        cat "$scratch/output"
        echo "not ok $name"
        checks_failed=$((checks_failed + 1))
    fi
}

# own_namespaces NAME [inside]: starts the script again in network and process namespaces of its own; without
# root counts NAME as skipped and ends it. Call with the script's own arguments.
own_namespaces() {
    if [ "$(id -u)" -ne 0 ]; then
        echo "SKIPPED $1: needs root for network namespaces"
        checks_skipped=1
        summary
        exit
    fi
    [ "${2-}" = inside ] || exec unshare --net --pid --fork --kill-child -- "$0" inside
}

# needs TOOL NAME: whether the tool is there; counts NAME as skipped if not.
needs() {
    command -v "$1" >/dev/null && return 0
    echo "SKIPPED $2: $1 is not installed"
    checks_skipped=$((checks_skipped + 1))
    return 1
}

# nothing COMMAND...: succeeds if the command finds (prints) nothing.
nothing() {
    local found
    found=$("$@" 2>&1)
    [ -z "$found" ] || { echo "$found"; return 1; }
}

summary() {
    echo "$checks_passed passed, $checks_failed failed, $checks_skipped skipped"
    [ "$checks_failed" -eq 0 ]
}
