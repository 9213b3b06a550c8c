#!/bin/bash
# SPDX-License-Identifier: MIT
# From a flood to a phone: Debian's prometheus, alertmanager and node_exporter with the rules and the examples
# of monitoring/, two hosts with synwaitd, a real flood, a leak and a daemon that is killed. All of it in
# namespaces of its own, which end with this script and all processes in them. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/monitoring/lib.sh

if [ "${1-}" != inside ]; then
    needs_programs 'monitoring, end to end'
    [ "$(id -u)" -eq 0 ] || skip_all 'monitoring, end to end: needs root for namespaces'
    command -v jq >/dev/null || skip_all 'monitoring, end to end: jq is not installed'
    exec timeout 300 unshare --mount --net --pid --fork --kill-child --mount-proc -- "$0" inside
fi
PATH=$programs:$PATH

scratch=/run/scratch
prometheus=http://127.0.0.1:9090
alertmanager=http://127.0.0.1:9093
web1=10.9.1.2:9100 web2=10.9.2.2:9100

say() {
    printf '\n### %2d s: %s\n' $SECONDS "$*"
}

# start NAME COMMAND...: in the background, with what it prints in $scratch/NAME.log.
start() {
    local name=$1
    shift
    "$@" >"$scratch/$name.log" 2>&1 </dev/null &
    pid=$!
}

# host NAME NUMBER: a namespace that this one reaches, where packets to the world get no answer.
host() {
    ip netns add "$1" && ip netns exec "$1" tests/tools/silent-link &&
        ip link add "$1" type veth peer name uplink netns "$1" &&
        ip addr add "10.9.$2.1/24" dev "$1" && ip link set "$1" up &&
        ip -n "$1" addr add "10.9.$2.2/24" dev uplink && ip -n "$1" link set uplink up &&
        ip netns exec "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_synack_retries'
}

# Sets $pid.
start_synwaitd() {
    start "synwaitd-$1" ip netns exec "$1" env RUNTIME_DIRECTORY="$scratch/$1" "$build/synwaitd" \
        --config "$scratch/synwaitd.conf" --log-target json
}

# As monitoring/README.md says: a link in the directory of the textfile collector.
start_exporter() {
    mkdir -p "$scratch/$1/textfile"
    ln -s "$scratch/$1/synwaitd.prom" "$scratch/$1/textfile/"
    start "node_exporter-$1" ip netns exec "$1" prometheus-node-exporter --collector.disable-defaults \
        --collector.textfile --collector.time --collector.textfile.directory="$scratch/$1/textfile" \
        --web.listen-address="$2"
}

# The examples, with intervals of a second and with the receivers replaced by one that writes down what it
# gets.
configure() {
    mkdir -p $scratch/prometheus
    cp monitoring/prometheus/*.rules.yml $scratch/prometheus
    sed "s/15s/1s/; s/\"localhost:9100\"/\"$web1\", \"$web2\"/" monitoring/prometheus/prometheus.yml \
        >$scratch/prometheus/prometheus.yml
    {
        sed '/^receivers:/q; s/group_wait: .*/group_wait: 1s/; s/group_interval: .*/group_interval: 1s/' \
            monitoring/alertmanager/alertmanager.yml
        for receiver in pager chat low; do
            echo "  - name: $receiver"
            echo "    webhook_configs: [{url: 'http://127.0.0.1:9099/$receiver', send_resolved: true}]"
        done
    } >$scratch/alertmanager.yml
    # Thresholds as shipped, times as in the demo.
    sed '/^output/d' demo/synwaitd.conf >$scratch/synwaitd.conf
    echo 'output = { journal = false; status = false; };' >>$scratch/synwaitd.conf
}

# value EXPRESSION: of its first series.
value() {
    promtool query instant $prometheus "$1" 2>/dev/null | sed -nE '1s/.* => ([^ ]+) .*/\1/p'
}

holds() {
    [ -n "$(value "$1")" ]
}

# alerts MATCHER...: what Alertmanager's API shows as active.
alerts() {
    amtool --alertmanager.url=$alertmanager alert query --output=json "$@"
}

shown() {
    [ "$(alerts "$@" | jq length)" -gt 0 ]
}

gone() {
    [ "$(alerts "$@")" = '[]' ]
}

# told STATUS ALERTNAME INSTANCE: whether the receiver has got that.
told() {
    sed -n '/^{/p' $scratch/webhook.log | jq -se --arg status "$1" --arg name "$2" --arg instance "$3" \
        'any(.[].alerts[]; [.status, .labels.alertname, .labels.instance] == [$status, $name, $instance])'
}

# What a message on the phone has.
show_alert() {
    alerts "$@" | jq -r '.[] | "    labels: " + (.labels | to_entries | map(.key + "=" + .value) | join(" ")),
        (.annotations | "    summary: " + .summary, "    description: " + .description,
        "    runbook: " + .runbook, "    journal: " + .journal)'
}

show_value() {
    echo "    $1 = $(value "$1")"
}

# expect SECONDS NAME COMMAND...: a check that waits.
expect() {
    local limit=$1 name=$2
    shift 2
    check "$name" wait_for "$limit" "$@"
}

templates_that_failed() {
    grep -hE 'error executing template|error expanding|<no value>' $scratch/*.log
}

mount -t tmpfs tmpfs /run && mkdir -p /run/netns $scratch && ip link set lo up && show_templates || exit
host web1 1 && host web2 2 && configure || exit

say "web1 and web2 with synwaitd and node_exporter; prometheus and alertmanager"
start_synwaitd web1
start_synwaitd web2
web2_synwaitd=$pid
start_exporter web1 $web1
start_exporter web2 $web2
start webhook "$build/tools/webhook" 9099
start alertmanager prometheus-alertmanager --config.file=$scratch/alertmanager.yml \
    --storage.path=$scratch/am --cluster.listen-address= --web.listen-address=127.0.0.1:9093
start prometheus prometheus --config.file=$scratch/prometheus/prometheus.yml \
    --storage.tsdb.path=$scratch/tsdb --web.listen-address=127.0.0.1:9090
start listen ip netns exec web1 "$build/tools/tcpload" listen --addr 198.18.0.1 --port 80 --backlog 1024
expect 40 'both hosts are scraped' holds 'count(synwaitd_build_info) == 2'
expect 20 'Alertmanager has no alert' gone
show_value "synwaitd_tcp_sockets{state=\"SYN-RECV\",instance=\"$web1\"}"

say 'the daemon of web2 is killed; a flood and a leak on web1'
kill -KILL "$web2_synwaitd"
wait "$web2_synwaitd" 2>/dev/null
start leak ip netns exec web1 "$build/tools/tcpload" leak --addr 198.18.0.1 --port 8080 --count 150
leak=$pid
start flood ip netns exec web1 "$build/tools/tcpload" flood --source-base 100.64.0.1 --sources 60000 \
    --addr 198.18.0.1 --port 80 --rate 8000 --count 400000
flood=$pid
flood_alert=(alertname=SynwaitdSynFlood problem=syn-flood "instance=$web1")
leak_alert=(alertname=SynwaitdCloseWaitLeak problem=close-wait-leak "instance=$web1")
expect 15 'the metric moves' holds "synwaitd_tcp_sockets{state=\"SYN-RECV\",instance=\"$web1\"} > 100"
show_value "synwaitd_tcp_sockets{state=\"SYN-RECV\",instance=\"$web1\"}"
expect 20 'flood: the rule fires' holds \
    "ALERTS{alertname=\"SynwaitdSynFlood\",alertstate=\"firing\",instance=\"$web1\"}"
expect 10 'flood: Alertmanager shows it, with problem and instance' shown "${flood_alert[@]}"
show_alert "${flood_alert[@]}"
expect 20 'leak: Alertmanager shows it' shown "${leak_alert[@]}"
show_alert "${leak_alert[@]}"
expect 10 'flood: the receiver was told that it fires' told firing SynwaitdSynFlood $web1
expect 10 'leak: the receiver was told that it fires' told firing SynwaitdCloseWaitLeak $web1

say 'the flood ends, the leaking server too'
kill "$flood" "$leak"
expect 30 'flood: Alertmanager shows it no more' gone "${flood_alert[@]}"
expect 30 'leak: Alertmanager shows it no more' gone "${leak_alert[@]}"
expect 10 'flood: the receiver was told that it is over' told resolved SynwaitdSynFlood $web1
expect 10 'leak: the receiver was told that it is over' told resolved SynwaitdCloseWaitLeak $web1

say 'web2 has not been heard of'
dead_alert=(alertname=SynwaitdStale "instance=$web2")
expect 60 'dead man: Alertmanager shows it' shown "${dead_alert[@]}"
show_alert "${dead_alert[@]}"
expect 10 'dead man: the receiver was told' told firing SynwaitdStale $web2
start_synwaitd web2
expect 20 'dead man: gone once the daemon is back' gone "${dead_alert[@]}"
expect 10 'dead man: the receiver was told that it is over' told resolved SynwaitdStale $web2
check 'no template has failed' nothing templates_that_failed

say 'what the receiver got, in order'
sed -n '/^{/p' $scratch/webhook.log | jq -r '.receiver as $to | .alerts[] |
    "    to \($to): \(.status) \(.labels.alertname) \(.labels.severity) \(.labels.instance)"'
if [ "$checks_failed" -gt 0 ]; then
    tail -n 5 $scratch/*.log
fi
summary
