# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# synwaitd@.service in a network namespace with a name.
instance=synwaitd@blue.service

starts_in_its_namespace() {
    local pid
    ip netns add blue && ip -n blue link set lo up && systemctl start $instance || return
    pid=$(main_pid $instance)
    [ "$(stat -Lc %i "/proc/$pid/ns/net")" = "$(stat -Lc %i /run/netns/blue)" ] &&
        grep -q '^CapEff:.0000000000000000$' "/proc/$pid/status"
}

# And the one on the host does not.
alerts_with_its_name() {
    load_unit e2e-blue -p NetworkNamespacePath=/run/netns/blue \
        hold --addr 127.0.0.1 --port 8090 --count 300 --seconds 60 || return
    wait_until 15 told established-pileup raised SYNWAITD_NETNS=blue &&
        ! told established-pileup raised SYNWAITD_NETNS=host SYNWAITD_UNIT=e2e-blue.service
}

has_directories_of_its_own() {
    jq -e '.netns == "blue"' /run/synwaitd-blue/status.json && status_figure '.netns == "host"' &&
        [ -e /var/lib/private/synwaitd-blue/incidents.json ]
}

ends_alone() {
    systemctl stop $instance e2e-blue && is Result success $instance && [ ! -e /run/synwaitd-blue ] &&
        is ActiveState active && systemctl clean --what=state $instance && ip netns del blue
}

says_assertion() {
    journalctl -q --no-pager -u synwaitd@none.service | grep -i assert
}

fails_without_the_namespace() {
    ! systemctl start synwaitd@none.service 2>/dev/null && is NRestarts 0 synwaitd@none.service &&
        wait_until 10 says_assertion
}

# What the daemon may do must not depend on where it runs.
sandboxed_alike() {
    diff <(sed -n '/^# It has to see/,$p' systemd/synwaitd.service) \
        <(sed -n '/^# It has to see/,$p' systemd/synwaitd@.service)
}

namespace_checks() {
    check 'synwaitd@blue starts in network namespace blue' starts_in_its_namespace
    check 'its exposure is 0.8 at most' exposure_at_most 0.8 $instance
    check 'its alerts have the name' alerts_with_its_name
    check 'it has runtime and state directories of its own' has_directories_of_its_own
    check 'it ends alone' ends_alone
    check 'without the namespace it fails, and is not tried again' fails_without_the_namespace
    check 'both units have the same limits and sandbox' sandboxed_alike
}
