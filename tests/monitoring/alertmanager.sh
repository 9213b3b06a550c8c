#!/bin/bash
# SPDX-License-Identifier: MIT
# The example for Alertmanager: amtool on its routes, and a real Alertmanager, in a network namespace of its
# own, on what inhibits what. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/monitoring/lib.sh

config=monitoring/alertmanager/alertmanager.yml
if [ "${1-}" != inside ]; then
    needs_programs Alertmanager
    [ "$(id -u)" -eq 0 ] || skip_all 'Alertmanager: needs root for namespaces'
    exec timeout 120 unshare --mount --net --pid --fork --kill-child --mount-proc -- "$0" inside
fi
PATH=$programs:$PATH

goes_to() {
    local receiver=$1
    shift
    amtool config routes test --config.file=$config --verify.receivers="$receiver" "$@"
}

alertmanager_answers() {
    amtool --alertmanager.url=http://127.0.0.1:9093 alert query >/dev/null 2>&1
}

# verdict WANTED SOURCE TARGET: whether the second of two alerts, given as words of labels, is inhibited or
# free.
verdict() {
    local am=(amtool --alertmanager.url=http://127.0.0.1:9093 alert) found
    # shellcheck disable=SC2086 # words
    "${am[@]}" add $2 && "${am[@]}" add $3 || return
    # shellcheck disable=SC2086
    case $("${am[@]}" query --output=json --inhibited --active $3) in
    *'"inhibitedBy":["'*) found=inhibited ;;
    *'"inhibitedBy":[]'*) found=free ;;
    *) found='not there' ;;
    esac
    [ "$found" = "$1" ] || { echo "$found"; return 1; }
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
check 'amtool check-config' amtool check-config $config
while read -r receiver labels; do
    # shellcheck disable=SC2086 # words
    check "$labels: to $receiver" goes_to "$receiver" $labels
done <<'END'
pager alertname=SynwaitdSynFlood problem=syn-flood severity=critical instance=a
chat alertname=SynwaitdSynFlood problem=syn-flood severity=warning instance=a
low alertname=SynwaitdUnsafeSysctl problem=unsafe-sysctl severity=info instance=a
pager alertname=SynwaitdFleetFlood problem=syn-flood severity=critical
chat alertname=SynwaitdStale severity=warning instance=a
low alertname=SynwaitdWalkOverdue severity=info instance=a
low alertname=SomethingElse severity=critical
END

ip link set lo up
show_templates
prometheus-alertmanager --config.file=$config --storage.path="$scratch" --cluster.listen-address= \
    --web.listen-address=127.0.0.1:9093 >"$scratch/log" 2>&1 &
check 'Alertmanager takes it' wait_for 20 alertmanager_answers
row=0
flood='alertname=SynwaitdSynFlood problem=syn-flood cluster=c@'
leak='alertname=SynwaitdCloseWaitLeak problem=close-wait-leak cluster=c@'
ports='alertname=SynwaitdPortExhaustion problem=port-exhaustion cluster=c@'
fleet_flood='alertname=SynwaitdFleetFlood problem=syn-flood severity=critical'
fleet_leak='alertname=SynwaitdFleetProblem problem=close-wait-leak severity=critical cluster=c@'
stale='alertname=SynwaitdStale severity=warning cluster=c@'
silent='alertname=SynwaitdFleetSilent severity=critical'
while IFS='|' read -r wanted name source target; do
    # Each row has hosts and clusters of its own.
    row=$((row + 1))
    check "$wanted: $name" verdict "$wanted" "${source//@/$row}" "${target//@/$row}"
done <<END
inhibited|the warning by the critical|$flood severity=critical instance=a@|$flood severity=warning instance=a@
free|the warning of another host|$flood severity=critical instance=a@|$flood severity=warning instance=b@
free|the warning of another problem|$leak severity=critical instance=a@|$flood severity=warning instance=a@
free|the critical by the warning|$flood severity=warning instance=a@|$flood severity=critical instance=a@
inhibited|a host's page by the fleet's flood|$fleet_flood cluster=c@|$flood severity=critical instance=a@
free|a page of another cluster|$fleet_flood cluster=d@|$flood severity=critical instance=a@
free|another problem's page|$fleet_flood cluster=c@|$leak severity=critical instance=a@
inhibited|a leak's warning by the fleet's|$fleet_leak|$leak severity=warning instance=a@
free|a leak's page by the fleet's|$fleet_leak|$leak severity=critical instance=a@
free|a client's warning, of any destination|alertname=SynwaitdFleetPortsToDestination \
severity=critical destination=d cluster=c@|$ports severity=warning instance=a@
inhibited|missed ticks by the dead man|$stale instance=a@|alertname=SynwaitdTicksMissed \
severity=warning cluster=c@ instance=a@
free|missed ticks of another host|$stale instance=a@|alertname=SynwaitdTicksMissed severity=warning \
cluster=c@ instance=b@
free|what a dead daemon saw last|$stale instance=a@|$flood severity=critical instance=a@
inhibited|a source by its incident|alertname=SynwaitdSamplingDegraded problem=sampling-degraded \
severity=warning cluster=c@ instance=a@|alertname=SynwaitdSourceDegraded source=s severity=warning \
cluster=c@ instance=a@
inhibited|a dead man by the fleet's|alertname=SynwaitdFleetDead severity=critical \
cluster=c@|$stale instance=a@
inhibited|a dead man by a host that is down|alertname=HostDown instance=a@|$stale instance=a@
free|what a host saw before it was down|alertname=HostDown instance=a@|$flood severity=critical instance=a@
free|the fleet's page by its like|$fleet_leak|$fleet_flood cluster=c@
free|a dead man by another cluster's silence|$silent cluster=d@|$stale instance=a@
inhibited|a dead man by the silence of all clusters|$silent|$stale instance=a@
END
check 'it has nothing to say against it' nothing \
    grep -E 'level=(warn|error) component=configuration' "$scratch/log"
summary
