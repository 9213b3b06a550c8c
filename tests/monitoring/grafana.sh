#!/bin/bash
# SPDX-License-Identifier: MIT
# The Grafana dashboard: its form, every metric in it against the file that the daemon writes under load, and
# every expression against a real Prometheus that has scraped that file through node_exporter. Grafana itself,
# which Debian does not package, is not run. B names the build directory.
# shellcheck disable=SC2016 # the dollars are jq's and Grafana's
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/monitoring/lib.sh

dashboard=monitoring/grafana/synwaitd.json

# --- Its form -----------------------------------------------------------------------------------------

# none FILTER: the filter finds nothing in the dashboard.
none() {
    nothing jq -r "$1" $dashboard
}

panels='.panels[] | select(.type != "row")'

is_current() {
    jq -e '.schemaVersion >= 38 and .id == null and .uid == null' $dashboard
}

panels_are_complete() {
    none "$panels | select([.title, .description, .fieldConfig.defaults.unit] | any(. == null or . == \"\")) |
        \"\(.id) \(.title)\""
}

# A shared corner would be enough.
panels_do_not_overlap() {
    none '[.panels[] | {title} + .gridPos] as $all | $all[] as $a | $all[] as $b |
        select(($a.x + $a.w > 24) or ($a != $b and $a.x < $b.x + $b.w and $b.x < $a.x + $a.w and
            $a.y < $b.y + $b.h and $b.y < $a.y + $a.h)) | "\($a.title), \($b.title)"'
}

names_are_unique() {
    none '[.panels[].id] | group_by(.)[] | select(length > 1)' &&
        none '[.panels[].title] | group_by(.)[] | select(length > 1)' &&
        none '.panels[] | select(.targets) | [.targets[].refId] | select(length != (unique | length))'
}

# Every source of data is the variable's, wherever it stands.
no_source_by_name() {
    none '.. | objects | select(has("datasource")) | .datasource | select(.uid != "${datasource}")' &&
        none '.panels[] | select(.targets) | .targets[] | select(.datasource == null)' &&
        jq -e 'any(.templating.list[]; .name == "datasource" and .type == "datasource")' $dashboard
}

# Nothing but the variables that it has, and Grafana's own.
variables_exist() {
    none '[.templating.list[].name, "__rate_interval", "__url_time_range", "__dashboard", "__data"] as $known
        | .. | strings | scan("\\$\\{?([a-z_]+)") | .[0] | select(IN($known[]) | not)'
}

# As Grafana would ask, of the host that the test has.
expressions() {
    jq -r "$panels"' | .targets[].expr' $dashboard |
        sed "s/\$__rate_interval/1m/g; s/\$instance/$host/g"
    # The variable is read by this.
    jq -r '.templating.list[] | select(.type == "query") | .query.query' $dashboard |
        sed -nE 's/^label_values\((.*), (.*)\)$/count by (\2) (\1)/p'
}

form_checks() {
    check 'it is valid JSON of a current Grafana' is_current
    check 'every panel has a title, a description and a unit' panels_are_complete
    check 'no two panels overlap, none stands out' panels_do_not_overlap
    check 'every panel and query has its own name' names_are_unique
    check 'every query goes to the chosen source' no_source_by_name
    check 'it uses variables that exist' variables_exist
}

if [ "${1-}" != inside ]; then
    needs jq 'Grafana dashboard' || { summary; exit; }
    form_checks
    if [ "$(id -u)" -ne 0 ]; then
        echo 'SKIPPED expressions: needs root for network namespaces'
        checks_skipped=$((checks_skipped + 1))
        summary
        exit
    fi
    needs_programs 'Grafana dashboard'
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    RUNTIME_DIRECTORY=$scratch timeout 20 "$build/synwaitd" --log-target json --ticks 2 &>"$scratch/log"
    unshare --net --pid --fork --kill-child -- "$0" inside $checks_passed $checks_failed "$scratch"
    exit
fi
checks_passed=$2 checks_failed=$3 scratch=$4
PATH=$programs:$PATH

# --- Its metrics --------------------------------------------------------------------------------------

machine=$scratch/synwaitd.prom
metrics=$scratch/run/synwaitd.prom
host=127.0.0.1:9100
expressions >"$scratch/expressions"
mkdir "$scratch/run"

# A listener to be flooded, and most of the ports that there are towards one destination.
make_load() {
    local load=$build/tools/tcpload
    tests/tools/silent-link
    echo '40000 40199' >/proc/sys/net/ipv4/ip_local_port_range
    "$load" listen --addr 127.0.0.1 --port 5432 --accept all --seconds 120 <&8 >/dev/null &
    "$load" listen --addr 198.18.0.1 --port 80 --backlog 64 --seconds 120 <&8 >/dev/null &
    sleep 0.5
    "$load" clients --addr 127.0.0.1 --port 5432 --count 180 --seconds 120 <&8 >/dev/null &
}

start_flood() {
    "$build/tools/tcpload" flood --source-base 100.64.0.1 --sources 1000 --addr 198.18.0.1 --port 80 \
        --rate 2000 --count 100000 <&8 >/dev/null &
}

start_all() {
    # What tcpload makes lasts until its standard input ends.
    mkfifo "$scratch/held"
    exec 8<>"$scratch/held"
    make_load
    cat >"$scratch/conf" <<'CONF'
sampling = { interval = "200ms"; cpu-budget = "20%"; };
thresholds = { syn-overflow = { hold = "0s"; }; ports = { warning = "50%"; floor = 50; hold = "0s"; }; };
CONF
    RUNTIME_DIRECTORY=$scratch/run "$build/synwaitd" --config "$scratch/conf" --log-target json \
        >"$scratch/alerts" 2>"$scratch/log" &
    prometheus-node-exporter --web.listen-address=127.0.0.1:9100 --collector.disable-defaults \
        --collector.textfile --collector.textfile.directory="$scratch/run" 2>"$scratch/exporter.log" &
    exporter=$!
    cat >"$scratch/prometheus.yml" <<'CONF'
global: {scrape_interval: 1s}
scrape_configs: [{job_name: node, static_configs: [{targets: ["127.0.0.1:9100"]}]}]
CONF
    prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/tsdb" \
        --web.listen-address=127.0.0.1:9090 2>"$scratch/prometheus.log" &
}

# It begins once there is a figure from before, so that counters are seen to grow.
flood_arrives() {
    if wait_for 30 host_is_scraped; then
        start_flood >/dev/null 2>&1
        wait_for 30 flood_is_scraped && return
    fi
    cat "$scratch"/*.log "$metrics"
    return 1
}

# ask EXPRESSION: the values that it has now, one a line. Without promtool, which takes long to start.
ask() {
    exec 3<>/dev/tcp/127.0.0.1/9090 || return
    printf 'GET /api/v1/query?query=%s HTTP/1.0\r\n\r\n' "$(jq -rRs @uri <<<"$1")" >&3
    sed '1,/^\r$/d' <&3 | jq -r '.error // .data.result[].value[1]'
    exec 3>&-
}

host_is_scraped() {
    ask 'count_over_time(synwaitd_incidents_raised_total{problem="syn-flood"}[1m]) >= 2' 2>/dev/null |
        grep -q .
}

flood_is_scraped() {
    ask 'min_over_time(synwaitd_incidents_open{problem="syn-flood",severity="critical"}[3s]) > 0
        and on (instance) count_over_time(synwaitd_ticks_total[1m]) >= 3
        and on (instance) synwaitd_destination_ports_in_use' 2>/dev/null | grep -q .
}

# tcp_max_orphans and tcp_mem are the whole machine's, and no other network namespace than the first has them.
of_the_machine='synwaitd_orphans_limit synwaitd_tcp_memory_limit_bytes'

metrics_are_written() {
    nothing comm -23 <(grep -oE 'synwaitd_[a-z_]+' "$scratch/expressions" | sort -u) \
        <({ grep -oE '^synwaitd_[a-z_]+' "$metrics"; machine_has_more; } | sort -u)
}

# What a daemon in the machine's own network namespace writes besides, and here is absent.
machine_has_more() {
    local name
    for name in $of_the_machine; do
        grep -qE "^${name} [0-9]+$" "$machine" && echo "$name"
    done
}

# The other way round: what is written can be seen.
metrics_are_shown() {
    nothing comm -13 <(grep -oE 'synwaitd_[a-z_]+' "$scratch/expressions" | sort -u) \
        <(grep -ohE '^synwaitd_[a-z_]+' "$metrics" "$machine" | sort -u)
}

expressions_parse() {
    { echo 'groups: [{name: dashboard, rules: ['
    jq -R '{record: "x", expr: ., labels: {number: "\(input_line_number)"}}' "$scratch/expressions" |
        sed 's/^}$/},/'
    echo ']}]'; } >"$scratch/rules.yml"
    promtool check rules "$scratch/rules.yml"
}

# Under load, so each panel has something to show.
every_panel_shows_something() {
    local expression answer failed=0
    while read -r expression; do
        ! grep -qw "${of_the_machine// /\\|}" <<<"$expression" || continue
        answer=$(ask "$expression")
        [ -n "$answer" ] && nothing grep -vxE '[-+0-9.e]+' <<<"$answer" && continue
        echo "$expression: ${answer:-nothing}"
        failed=1
    done <"$scratch/expressions"
    return $failed
}

hosts_gone_are() {
    [ "$(ask "$(jq -r '.panels[] | select(.title == "Hosts gone").targets[].expr' $dashboard)")" = "$1" ]
}

last_host_is_gone() {
    hosts_gone_are 0 && kill "$exporter" && wait_for 20 hosts_gone_are 1
}

# Not by check, which would wait for the end of what stays in the background.
start_all >"$scratch/start.log" 2>&1
check 'a flood reaches Prometheus' flood_arrives
check 'every metric of the dashboard is written by the daemon' metrics_are_written
check 'every metric that the daemon writes is on the dashboard' metrics_are_shown
check "every expression is Prometheus' language" expressions_parse
check 'every expression has an answer' every_panel_shows_something
check 'the last host that goes is counted, too' last_host_is_gone
summary
