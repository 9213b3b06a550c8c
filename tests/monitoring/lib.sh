# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the checks of monitoring/: Debian's programs, fetched into the build directory. After tests/lib.sh.
build=$(realpath "${B:-build}")
programs=$build/monitoring/usr/bin

skip_all() {
    echo "SKIPPED $1"
    echo '0 passed, 0 failed, 1 skipped'
    exit
}

# needs_programs NAME: ends the script as skipped where they cannot be had.
needs_programs() {
    tools/fetch-monitoring "$build/monitoring" >&2 ||
        skip_all "$1: prometheus, alertmanager and node_exporter cannot be fetched"
    PATH=$programs:$PATH
}

# In a mount namespace of its own: Debian's alertmanager has its templates at a fixed place.
show_templates() {
    [ -e /usr/share/prometheus/alertmanager ] ||
        mount -t overlay overlay -o "lowerdir=$build/monitoring/usr/share:/usr/share" /usr/share
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || return
        sleep 0.2
    done
}
