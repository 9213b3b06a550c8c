#!/bin/bash
# SPDX-License-Identifier: MIT
# The rules for Prometheus by promtool: each alert fires when it should and only then, and what they name
# exists. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
. tests/monitoring/lib.sh

needs_programs 'rules for Prometheus'
rules=monitoring/prometheus
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The problems that the program knows.
slugs() {
    "$build/synwaitctl" explain |
        awk '$1 == "condition" { exit } $1 == "problem" { on = 1; $1 = "" } on' | tr -d ' ' | tr ',' '\n' |
        grep . | sort
}

# alert_names FILE..., record_names FILE...
alert_names() { sed -nE 's/^ *- alert: //p' "$@"; }
record_names() { sed -nE 's/^ *- record: //p' "$@"; }

# series NAME LABELS VALUES: a line of input_series, of the host "a".
series() {
    echo "      - {series: '$1{job=\"node\",instance=\"a\"${2:+,}$2}', values: '$3'}"
}

# firing MINUTE [LABELS]: all that fires then.
firing() {
    echo "      - expr: count without (alertstate) (ALERTS{alertstate=\"firing\"})"
    echo "        eval_time: ${1}m"
    echo "        exp_samples:"
    [ $# -eq 1 ] || echo "        - {labels: '{job=\"node\",instance=\"a\",$2}', value: 1}"
}

# Warning, then critical, then the host does not answer, for longer than what was open is held.
problem_tests() {
    local slug name warning critical
    echo "rule_files: [synwaitd-problems.rules.yml]"
    echo "evaluation_interval: 1m"
    echo "tests:"
    for slug in $(slugs); do
        name=$(sed -E 's/(^|-)(.)/\U\2/g' <<<"$slug")
        warning=warning critical=critical
        [ "$slug" != unsafe-sysctl ] || warning=info critical=info
        echo "  - name: $slug"
        echo "    interval: 1m"
        echo "    input_series:"
        series up '' '1x3 0x20'
        series synwaitd_incidents_open "problem=\"$slug\",severity=\"warning\"" '0 1 0 0 stale'
        series synwaitd_incidents_open "problem=\"$slug\",severity=\"critical\"" '0 0 0 2 stale'
        echo "    promql_expr_test:"
        firing 0
        firing 1 "alertname=\"Synwaitd$name\",problem=\"$slug\",severity=\"$warning\""
        firing 2
        firing 3 "alertname=\"Synwaitd$name\",problem=\"$slug\",severity=\"$critical\""
        firing 12 "alertname=\"Synwaitd$name\",problem=\"$slug\",severity=\"$critical\""
        firing 15
    done
}

# fleet_series FROM TO NAME LABELS VALUES: of these hosts.
fleet_series() {
    local number
    for ((number = $1; number <= $2; number++)); do
        echo "      - {series: '$3{job=\"node\",instance=\"$number\"${4:+,}$4}', values: '$5'}"
    done
}

# Of 400 hosts, 19 have one problem and 39 are dead: too few of so many. 20 have another: enough anyway.
many_hosts_tests() {
    echo "rule_files: [synwaitd-problems.rules.yml, synwaitd.rules.yml, synwaitd-fleet.rules.yml]"
    echo "evaluation_interval: 1m"
    echo "tests:"
    echo "  - interval: 1m"
    echo "    input_series:"
    fleet_series 1 400 synwaitd_build_info '' 1x10
    fleet_series 1 39 synwaitd_interval_seconds '' 1x10
    fleet_series 1 39 synwaitd_sample_timestamp_seconds '' 0x10
    fleet_series 51 69 synwaitd_incidents_open 'problem="close-wait-leak",severity="warning"' 1x10
    fleet_series 71 90 synwaitd_incidents_open 'problem="syn-sent-stall",severity="warning"' 1x10
    echo "    promql_expr_test:"
    echo "      - expr: count by (alertname, problem) (ALERTS{alertname=~\"SynwaitdFleet.*\"})"
    echo "        eval_time: 9m"
    echo "        exp_samples:"
    echo "        - {labels: '{alertname=\"SynwaitdFleetProblem\",problem=\"syn-sent-stall\"}', value: 1}"
}

# What the queries within annotations are asked of; one line: metric, labels.
figure_series() {
    local state metric
    for state in SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT; do
        series synwaitd_tcp_sockets "state=\"$state\"" 5+1x10
    done
    for metric in half_open half_open_limit accept_queue backlog; do
        series synwaitd_listener_$metric 'local="192.0.2.1:80"' 5x10
        series synwaitd_listener_$metric 'local="192.0.2.1:443"' 4x10
    done
    for metric in syncookies_sent_total listen_overflows_total time_wait_overflows_total time_wait_limit \
        orphans orphans_limit tcp_memory_bytes tcp_memory_limit_bytes conntrack_entries \
        conntrack_limit walk_age_seconds; do
        series synwaitd_$metric '' 5+1x10
    done
    series synwaitd_destination_ports_in_use 'destination="192.0.2.2:5432",cluster="c"' 5x10
    series synwaitd_destination_ports_in_use 'destination="192.0.2.2:443",cluster="c"' 4x10
    series synwaitd_local_ports 'cluster="c"' 9x10
    series synwaitd_source_degraded 'source="/proc/net/netstat"' 1x10
    series synwaitd_source_degraded 'source="/proc/net/snmp"' 0x10
    series node_textfile_scrape_error '' 1x10
    series instance:synwaitd_incidents_open:held 'problem="syn-flood",severity="warning",cluster="c"' 1x10
}

# The query strings of all annotations, for the host "a".
queries() {
    cat "$rules"/*.rules.yml | tr -s '\n ' ' ' | grep -oP 'query \(printf "\K[^"]+' |
        sed -E 's/(instance)=%(\[1\])?q/\1="a"/g; s/job=%(\[2\])?q/job="node"/g; s/cluster=%q/cluster="c"/
            s/destination=%q/destination="192.0.2.2:5432"/; s/problem=%q/problem="syn-flood"/' | sort -u
}

# Each finds one thing: the fullest listener, its limit, the state asked for.
query_tests() {
    local query
    echo "tests:"
    echo "  - interval: 1m"
    echo "    input_series:"
    figure_series
    echo "    promql_expr_test:"
    queries | while read -r query; do
        echo "      - expr: >-"
        echo "          count($query)"
        echo "        eval_time: 8m"
        echo "        exp_samples: [{value: 1}]"
    done
}

no_query_has_a_mark_left() {
    [ "$(queries | wc -l)" -ge 20 ] && ! queries | grep '%'
}

# promtool_in DIRECTORY TEST: where the rules are that it is to test.
promtool_in() {
    (cd "$1" && promtool test rules "$2.yml")
}

# changed_rules SED-EXPRESSION: a copy of everything with this done to the rules.
changed_rules() {
    rm -rf "$scratch/changed"
    cp -r "$scratch/rules" "$scratch/changed"
    sed -i "$1" "$scratch/changed"/*.rules.yml
}

# Alerts whose tests do not notice that they never fire.
never_fires_unnoticed() {
    local name
    changed_rules 's/- alert: .*/&Not/'
    for test in health fleet problems; do promtool_in "$scratch/changed" $test; done >"$scratch/printed" 2>&1
    alert_names $rules/*.rules.yml | while read -r name; do
        grep -qE "exp: .*alertname=\"$name\"|alertname: $name, " "$scratch/printed" || echo "$name"
    done
}

# Those whose tests do not notice that they always do: instead of what must not fire yet.
always_fires_unnoticed() {
    local name
    changed_rules '/^        expr:/,/^        [a-df-z]/ { /^          /d; s/^\( *expr:\).*/\1 vector(1)/ }
        /^        for:/d'
    sed -i 's/- record: .*/&:changed/' "$scratch/changed"/*.rules.yml
    for test in health fleet problems; do promtool_in "$scratch/changed" $test; done >"$scratch/printed" 2>&1
    alert_names $rules/*.rules.yml | while read -r name; do
        grep -A 1 'exp: nil' "$scratch/printed" | grep -q "got: .*alertname=\"$name\"" || echo "$name"
    done
}

# test_of RULE-FILE
test_of() {
    case $1 in
    *-problems.*) echo problems ;;
    *-fleet.*) echo fleet ;;
    *) echo health ;;
    esac
}

# Series that are recorded, and could be something else unnoticed.
records_unnoticed() {
    local file name
    for file in "$rules"/*.rules.yml; do
        for name in $(record_names "$file"); do
            changed_rules "s/- record: $name\$/&:changed/"
            ! promtool_in "$scratch/changed" "$(test_of "$file")" >/dev/null 2>&1 || echo "$name"
        done
    done
}

# What stands in rules, without what they record; what the daemon can write.
metrics_of_rules() {
    grep -ohP '(?<![:\w])synwaitd_\w+' $rules/*.rules.yml | sort -u
}

metrics_of_daemon() {
    grep -aoE '# TYPE synwaitd_[a-z0-9_]+' "$build/synwaitd" | cut -d ' ' -f 3 | sort -u
}

# Names in the rules that the daemon does not have, then the check's own sanity.
unknown_metrics() {
    comm -23 <(metrics_of_rules) <(metrics_of_daemon)
    [ "$(metrics_of_rules | wc -l)" -ge 20 ] || echo 'hardly a metric was found in the rules'
}

unknown_slugs() {
    comm -3 <(grep -ohP 'held\{problem="\K[^"]+' $rules/synwaitd-problems.rules.yml | sort -u) <(slugs)
    grep -ohP "problem(=|!~|=~)[\"']\K[a-z0-9|-]+" $rules/*.rules.yml | tr '|' '\n' | sort -u |
        comm -23 - <(slugs)
    [ "$(slugs | wc -l)" -ge 19 ] || echo 'hardly a problem was found in the program'
}

mkdir "$scratch/rules"
cp $rules/*.rules.yml tests/monitoring/rules/*.yml "$scratch/rules"
problem_tests >"$scratch/rules/problems.yml"
query_tests >"$scratch/rules/queries.yml"
many_hosts_tests >"$scratch/rules/many.yml"

check 'promtool check rules' promtool check rules $rules/*.rules.yml
check 'promtool check config' promtool check config $rules/prometheus.yml
check 'each problem: warning, critical, unreachable, over' promtool_in "$scratch/rules" problems
check 'synwaitd itself' promtool_in "$scratch/rules" health
check 'a host without synwaitd is forgotten after a week' promtool_in "$scratch/rules" forgotten
check 'a fleet' promtool_in "$scratch/rules" fleet
check 'a fleet of 400 hosts' promtool_in "$scratch/rules" many
check 'the figures in annotations are found' promtool_in "$scratch/rules" queries
check 'all of them were asked' no_query_has_a_mark_left
check 'each alert is tested to fire' nothing never_fires_unnoticed
check 'each alert is tested not to fire' nothing always_fires_unnoticed
check 'each recorded series is tested' nothing records_unnoticed
check 'problems: as in the program' nothing unknown_slugs
check 'metrics: the daemon writes them' nothing unknown_metrics
summary
