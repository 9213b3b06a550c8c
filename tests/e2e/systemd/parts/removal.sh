# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The end of a service's life.

stops_cleanly() {
    systemctl stop synwaitd && is Result success && is ExecMainStatus 0 && is ActiveState inactive || return
    [ ! -e /run/synwaitd ] && [ ! -e /sys/fs/bpf/synwaitd ] && nothing pgrep -x synwaitd
}

# As README.md has it; the configuration is the admin's, and here the test's.
uninstall() {
    systemctl disable --quiet synwaitd && systemctl clean --what=state synwaitd && make_quietly B="$build" uninstall &&
        rm -rf /etc/synwaitd "$dropins" && systemctl daemon-reload
}

left_over() {
    written | sort | comm -13 "$scratch/before" -
    journalctl --list-catalog | grep -i synwait
    systemctl list-unit-files --no-legend 'synwaitd*'
}

removal_checks() {
    check 'stop is clean' stops_cleanly
    check 'uninstall' uninstall
    check 'nothing is left' nothing left_over
}
