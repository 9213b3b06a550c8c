#!/bin/bash
# SPDX-License-Identifier: MIT
# The metrics file under real load: clean for promtool, served whole by the real node_exporter, bounded, never
# seen half. Listeners with full queues, a flood and exhausted ports, in a network namespace of its own. B
# names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

build=${B:-build}
programs=$build/monitoring/usr/bin

if [ "${1-}" != inside ] && [ "$(id -u)" -eq 0 ]; then
    tools/fetch-monitoring "$build/monitoring" || echo 'promtool and node_exporter cannot be fetched'
fi
own_namespaces metrics "$@"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
metrics=$scratch/run/synwaitd.prom
listeners_max=10 # VIEW_LISTENERS
most=$(sed -nE 's/.*at most ([0-9]+) series.*/\1/p' man/synwaitd-metrics.5)
mkdir "$scratch/run"

# load ARGUMENT...: tcpload in the background, once its condition stands.
load() {
    local ready=$scratch/ready.$RANDOM line
    mkfifo "$ready"
    "$build/tools/tcpload" "$@" --seconds 120 </dev/null >"$ready" &
    read -r line <"$ready" && [[ $line == READY* ]] || echo "tcpload $*: $line"
}

# More listeners with waiting connections than are shown, an IPv6 one too; a flood; and most of the ports that
# there are towards one destination, from two local addresses.
make_load() {
    local port
    tests/tools/silent-link
    echo '40000 40199' >/proc/sys/net/ipv4/ip_local_port_range
    for port in {8001..8012}; do
        load listen --addr 127.0.0.1 --port "$port" --backlog 4 --accept none
        load clients --addr 127.0.0.1 --port "$port" --count 2
    done
    load listen --addr 2001:db8:1::1 --port 8443 --backlog 4 --accept none
    load clients --addr 2001:db8:1::1 --port 8443 --count 4
    load listen --addr 127.0.0.1 --port 5432 --accept all
    load clients --addr 127.0.0.1 --port 5432 --count 180
    load clients --addr 127.0.0.1 --port 5432 --source-base 127.0.0.2 --count 90
    "$build/tools/tcpload" flood --source-base 100.64.0.1 --sources 1000 --addr 198.18.0.1 --port 80 \
        --rate 500 --count 5000 </dev/null >/dev/null &
    load listen --addr 198.18.0.1 --port 80 --backlog 64
}

start_daemon() {
    cat >"$scratch/conf" <<'CONF'
sampling = { interval = "100ms"; cpu-budget = "20%"; };
thresholds = {
    syn-recv = { warning = "20%"; hold = "0s"; };
    accept-queue = { warning = "20%"; hold = "0s"; };
    ports = { warning = "50%"; floor = 50; hold = "0s"; };
};
CONF
    RUNTIME_DIRECTORY=$scratch/run "$build/synwaitd" --config "$scratch/conf" --log-target json \
        >"$scratch/alerts" 2>"$scratch/log" &
    daemon=$!
}

# shows PATTERN: waits until a line of the file matches it whole.
shows() {
    local i
    for ((i = 0; i < 300; i++)); do
        grep -qsxE "$1" "$metrics" && return 0
        sleep 0.1
    done
    echo "no line $1"
    grep "^${1%%[ \\]*}" "$metrics"
    cat "$scratch/log"
    return 1
}

# A file that is open while another takes its place stays as it was; and each look sees the first and the last
# line of a file, whatever the daemon does meanwhile.
is_never_half() {
    local text i first last=synwaitd_walk_age_seconds before='' changes=0
    exec 4<"$metrics" 5<"$metrics"
    before=$(cat <&4)
    for ((i = 0; i < 300; i++)); do
        [ "$(cat "$metrics")" = "$before" ] || break
        sleep 0.1
    done
    if [ $i -eq 300 ] || [ "$(cat <&5)" != "$before" ]; then
        echo 'it was changed in place'
        return 1
    fi
    exec 4<&- 5<&-
    first=${before%%$'\n'*} before=''
    for ((i = 0; i < 1500; i++)); do
        text=$(<"$metrics") || return
        [[ $text == "$first"* && ${text##*$'\n'} == "$last "* ]] ||
            { echo "half, at look $i: $text"; return 1; }
        [ "$text" = "$before" ] || changes=$((changes + 1))
        before=$text
    done
    [ "$changes" -ge 3 ] || { echo "only $changes files in $i looks"; return 1; }
}

reload_is_told() {
    cp "$scratch/conf" "$scratch/good"
    echo 'sampling = { interval = "never"; };' >"$scratch/conf"
    kill -HUP "$daemon"
    shows 'synwaitd_configuration_valid 0' || return
    cp "$scratch/good" "$scratch/conf"
    kill -HUP "$daemon"
    shows 'synwaitd_configuration_valid 1'
}

# Every incident was raised once: the alerts and the counter tell the same.
counts_the_alerts() {
    local problem raised
    sed -nE 's/^synwaitd_incidents_raised_total\{problem="(.*)"\} ([0-9]+)$/\1 \2/p' "$metrics" \
        >"$scratch/raised"
    [ -s "$scratch/raised" ] || return
    while read -r problem raised; do
        [ "$(jq -r --arg p "$problem" 'select(.SYNWAITD_PROBLEM == $p and .SYNWAITD_EVENT == "raised") | 1' \
            "$scratch/alerts" | wc -l)" -eq "$raised" ] || { echo "$problem: $raised"; return 1; }
    done <"$scratch/raised"
}

is_bounded() {
    local series shown
    series=$(grep -vc '^#' "$metrics")
    shown=$(grep -c '^synwaitd_listener_backlog{' "$metrics")
    echo "$series series, $(wc -c <"$metrics") bytes, $shown listeners"
    [ "$series" -le "$most" ] && [ "$shown" -eq "$listeners_max" ] &&
        [ "$(grep -c '^synwaitd_destination_ports_in_use{destination="127.0.0.1:5432"}' "$metrics")" -eq 1 ]
}

promtool_is_silent() {
    "$programs/promtool" check metrics <"$metrics" >"$scratch/lint" 2>&1 && nothing cat "$scratch/lint"
}

# fetch PORT: what stands at /metrics there, without the headers.
fetch() {
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    sed '1,/^\r$/d' <&3
    exec 3>&-
}

start_exporter() {
    local i
    "$programs/prometheus-node-exporter" --web.listen-address=127.0.0.1:9100 --collector.disable-defaults \
        --collector.textfile --collector.textfile.directory="$scratch/run" >"$scratch/exporter.log" 2>&1 &
    for ((i = 0; i < 300; i++)); do
        fetch 9100 >"$scratch/served" 2>/dev/null && return 0
        sleep 0.1
    done
    cat "$scratch/exporter.log"
    return 1
}

# The same names, labels, types and help, and the same numbers, which it writes in another way.
serves_all() {
    grep -qx 'node_textfile_scrape_error 0' "$scratch/served" || { cat "$scratch/exporter.log"; return 1; }
    grep -E '^# (HELP|TYPE) synwaitd_' "$scratch/served" | sort >"$scratch/served.comments"
    grep '^#' "$metrics" | sort | diff - "$scratch/served.comments" || return
    awk '/^#/ { next }
        { value = $NF; sub(/ [^ ]*$/, "") }
        NR == FNR { wanted[$0] = value; left++; next }
        /^synwaitd_/ {
            if (!($0 in wanted) || wanted[$0] + 0 != value + 0) { print "other:", $0, value; bad = 1 }
            left--
        }
        END { if (left) print left, "are missing"; exit bad || left != 0 }' "$metrics" "$scratch/served"
}

make_load
start_daemon
check 'open incidents of a flood' shows \
    'synwaitd_incidents_open\{problem="syn-(flood|backlog-small)",severity="[a-z]*"\} [1-9]'
check 'open incidents of exhausted ports' shows \
    'synwaitd_incidents_open\{problem="port-exhaustion",severity="[a-z]*"\} [1-9]'
check 'ports of a destination with two local addresses: the larger' shows \
    'synwaitd_destination_ports_in_use\{destination="127.0.0.1:5432"\} 180'
check 'their limit' shows 'synwaitd_local_ports 200'
check 'a listener of IPv6' shows 'synwaitd_listener_accept_queue\{local="\[2001:db8:1::1\]:8443"\} 4'
check 'a reload that was refused' reload_is_told
check 'a reader never sees half a file' is_never_half
kill "$daemon"
wait "$daemon"
needs jq 'the counter of incidents' && check 'incidents raised are the alerts raised' counts_the_alerts
check 'bounded' is_bounded
is_bounded
if needs "$programs/promtool" promtool; then
    check 'promtool check metrics' promtool_is_silent
    check 'node_exporter reads it' start_exporter
    check 'node_exporter serves every series unchanged' serves_all
fi
summary
