# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# What is tried on each kernel, in this order. A check prints what it saw, in a line, and succeeds or fails.
# One daemon without privileges watches the guest's first network namespace from `start` on.
# shellcheck disable=SC2034 # for who sources this
checks='stock start iterator states flood three_quarters leak slow_accept ports tracked
    nothing_else stop'

kernel=$(uname -r | sed 's/^\([0-9]*\.[0-9]*\).*/\1/')
server=192.0.2.1 peer=192.0.2.2 forged=100.64.0.1
problems_made='accept-queue-full close-wait-leak conntrack-full port-exhaustion syn-flood unsafe-sysctl'
pinned=/sys/fs/bpf/synwaitd/listener_queues
export RUNTIME_DIRECTORY=/run/synwaitd

# --- What checks use ------------------------------------------------------------------------------------

fail() {
    echo "$*"
    exit 1
}

# now: tenths of a second since the kernel has started, in $now.
now() {
    local whole rest
    IFS=' .' read -r whole rest </proc/uptime
    now=$whole${rest%"${rest#?}"}
}

# within SECONDS COMMAND...: whether it succeeds before that.
within() {
    local limit
    now
    limit=$((now + 10 * $1))
    shift
    until "$@"; do
        now
        [ "$now" -lt $limit ] || return 1
        sleep 0.2
    done
}

# load ARGS...: tcpload, until its condition stands; it ends with the check. $loaded is its process.
load() {
    load_by '' "$@"
}

# load_by COMMAND ARGS...: the same, run by a command.
load_by() {
    local by=$1 out=/run/load.$$
    shift
    : >"$out"
    $by tcpload "$@" </run/life >"$out" &
    loaded=$!
    within 20 grep -q READY "$out" || fail "tcpload $1 does not come to stand"
}


# one_line: standard input in a line, with single blanks.
one_line() {
    tr -s '[:space:]' ' ' | sed 's/ $//'
}

sysctl_is() {
    one_line <"/proc/sys/$(echo "$1" | tr . /)"
}

sysctl_to() {
    echo "$2" >"/proc/sys/$(echo "$1" | tr . /)"
}

# told EVENT PROBLEM: the last such alert, or nothing.
told() {
    jq -c --arg event "$1" --arg problem "$2" \
        'select(.SYNWAITD_EVENT == $event and .SYNWAITD_PROBLEM == $problem)' /run/alerts | tail -n 1
}

is_told() {
    [ -n "$(told "$1" "$2")" ]
}

# await EVENT PROBLEM SECONDS
await() {
    within "$3" is_told "$1" "$2" || fail "no $2 $1 in $3 s"
}

# field NAME EVENT PROBLEM
field() {
    told "$2" "$3" | jq -r --arg name "$1" '.[$name] // ""'
}

# holds TEXT PART
holds() {
    case "$1" in
    *"$2"*) true ;;
    *) false ;;
    esac
}

status() {
    jq -r "$1" $RUNTIME_DIRECTORY/status.json
}

# --- The checks -----------------------------------------------------------------------------------------

# A kernel as it comes has the values that `explain` says it has, and none of them is called unsafe.
check_stock() {
    local word said default value known=0 absent=''
    for word in $(synwaitctl explain --list sysctl); do
        synwaitctl explain "$word" --json
    done >/run/sysctls
    jq -r '.[0] | "\(.word)|\(.value // "")|\(.default // "" | sub(" \\(.*"; ""))"' /run/sysctls >/run/words
    while IFS='|' read -r word said default; do
        value=$(sysctl_is "$word" 2>/dev/null) || absent="$absent ${word##*.}"
        [ "$said" = "$value" ] || fail "$word is $value, explain says $said"
        case "${value:+$default}" in
        '' | *[!0-9\ ]*) continue ;;
        esac
        [ "$default" = "$value" ] || fail "$word is $value, its default is said to be $default"
        known=$((known + 1))
    done </run/words
    said=$(synwaitctl advise --all --seconds 1 --json)
    [ "$(echo "$said" | jq length)" = 0 ] || fail "advised to a kernel as it comes: $said"
    [ $known -gt 0 ] || fail 'no default is known'
    echo "$known defaults hold, nothing unsafe; absent:$absent"
}

make_network() {
    silent-link
    ip netns add peer
    ip link add peer0 type veth peer name peer1 netns peer
    ip addr add $server/24 dev peer0
    ip link set peer0 up
    ip -n peer addr add $peer/24 dev peer1
    ip -n peer link set peer1 up
}

daemon() {
    exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all \
        synwaitd --config /etc/synwaitd.conf --log-target json "$@"
}

check_start() {
    local text
    make_network || fail 'no network'
    mkdir $RUNTIME_DIRECTORY
    chown 65534:65534 $RUNTIME_DIRECTORY
    if [ -x /bin/synwaitd-bpf ]; then synwaitd-bpf load >/run/bpf 2>&1; fi
    : >/run/errors
    daemon >/run/alerts 2>/run/errors &
    echo $! >/run/daemon
    within 10 test -s $RUNTIME_DIRECTORY/status.json || fail "$(cat /run/errors)"
    text=$(sed -n 's/.*version [^ ]* on kernel/kernel/p' /run/errors)
    holds "$text" "kernel $kernel," || fail "$text"
    holds "$text" 'one pass for both families' || fail "$text"
    echo "uid 65534, $text"
}

# Where the kernel describes itself, from Linux 5.9 on, nothing keeps the iterator from being used.
check_iterator() {
    local by reason
    by=$(status .half_open.counted_by)
    reason=$(status '.half_open.iterator_fails // ""')
    if [ ! -x /bin/synwaitd-bpf ]; then
        [ "$by" = walk ] || fail "counted by $by"
        echo "synwaitd-bpf was not built: counted by the walk"
    elif [ -r /sys/kernel/btf/vmlinux ]; then
        [ "$by" = iterator ] || fail "BTF is there, counted by $by: $reason $(cat /run/bpf)"
        echo 'with BTF: counted by the iterator'
    else
        [ "$by" = walk ] || fail "counted by $by"
        [ -n "$reason" ] || fail 'no reason is told'
        echo "no BTF: counted by the walk; $(cat /run/bpf)"
    fi
}

# totals FILE...: what tcpload made, as JSON by state.
totals() {
    cat "$@" | awk '$NF ~ /^[0-9]+$/ && $1 != "CLOSED" { made[$1] += $NF }
        END { for (state in made) printf "{\"%s\":%d}\n", state, made[state] }' | jq -Scs add
}

# Port, half-open connections and backlog of each listener, as the daemon and as the iterator has them; the
# latter is asked here as well (include/listener_record.h), as the daemon leaves it alone where it is slow.
queues_watched() {
    jq -r '.listeners[] | "\(.local | sub(".*:"; "")) \(.half_open) \(.backlog)"' /run/states/status.json
}

queues_pinned() {
    dd if=$pinned bs=65536 count=1 2>/dev/null | od -An -v -tu4 -w64 |
        awk '{ print int($15 / 65536), $11, $14 }'
}

# Five half-opens are with the first listener of each kind.
queues_agree() {
    queues=$("$1" 2>/dev/null | grep -v ' 0 128$' | sort | one_line)
    [ "$queues" = '8000 5 128 8100 5 128 8200 5 128' ]
}

states_agree() {
    made=$(totals /run/states.*)
    asked=$(synwaitctl states --json | jq -Sc 'map({(.state): .sockets}) | add')
    watched=$(jq -Sc .states /run/states/status.json 2>/dev/null)
    [ "$made:$made" = "$asked:$watched" ] && queues_agree queues_watched
}

# In a namespace of its own, with which all of them go.
count_states() {
    local kind
    silent-link || fail 'no silent link'
    for kind in ipv4 ipv6 mapped; do
        tcpload states --kind $kind </run/life >/run/states.$kind &
        within 20 grep -q READY /run/states.$kind || fail "tcpload states --kind $kind"
    done
    mkdir -p /run/states
    chown 65534:65534 /run/states
    (RUNTIME_DIRECTORY=/run/states daemon --ticks 20 >/dev/null) &
    within 12 states_agree || fail "made $made, states $asked, status.json $watched, queues $queues"
    [ ! -e $pinned ] || queues_agree queues_pinned || fail "the iterator tells $queues"
    echo "$made" | tr -d '{}"'
}

check_states() {
    unshare --net sh -c '. /etc/checks.sh; count_states'
}

# queue_of PORT: half-open connections of the server's listener, as the daemon counts them.
queue_of() {
    status ".listeners[] | select(.local == \"$server:$1\") | .half_open"
}

is_full() {
    queued=$(queue_of 80)
    [ "$queued" = 128 ] || [ "$queued" = 129 ]
}

# How many SYNs a queue takes shows where its limit is, and that tcp_max_syn_backlog is not it. From
# 3479c7549fb1 on (Linux 6.13, and in stable kernels) it takes one more than the backlog.
check_flood() {
    local queued limit text
    sysctl_to net.ipv4.tcp_max_syn_backlog 16
    sysctl_to net.ipv4.tcp_synack_retries 1
    load listen --addr $server --port 80 --backlog 128
    load flood --source-base $forged --sources 60000 --addr $server --port 80 --rate 300 --count 30000
    await raised syn-flood 15
    within 10 is_full || fail "$queued half-open of a backlog of 128"
    limit=$(field SYNWAITD_LIMIT raised syn-flood)
    [ "$limit" = 128 ] || fail "the limit is said to be $limit"
    [ -z "$(field SYNWAITD_SYSCTL raised syn-flood)" ] || fail "$(told raised syn-flood)"
    text=$(synwaitctl advise --seconds 1 --json)
    [ "$(echo "$text" | jq length)" = 0 ] || fail "advised: $text"
    text=$(synwaitctl explain tcp_max_syn_backlog --json | jq -r '.[0].does')
    holds "$text" 'Without effect while tcp_syncookies is 1' || fail "explain: $text"
    kill $loaded
    await cleared syn-flood 30
    echo "raised; $queued half-open with backlog 128 and tcp_max_syn_backlog 16; cleared"
}

# The daemon reads the sysctls again within 10 s.
is_three_quarters() {
    queued=$(queue_of 81)
    source=$(field SYNWAITD_LIMIT_SOURCE raised syn-flood)
    [ "$queued" = 193 ] && holds "$source" '3/4 of net.ipv4.tcp_max_syn_backlog'
}

# With cookies off a stranger is dropped when less than a quarter of tcp_max_syn_backlog is left.
check_three_quarters() {
    local text queued source keys
    sysctl_to net.ipv4.tcp_max_syn_backlog 256
    sysctl_to net.ipv4.tcp_syncookies 0
    load listen --addr $server --port 81 --backlog 1000
    load flood --source-base $forged --sources 60000 --addr $server --port 81 --rate 300 --count 30000
    within 30 is_three_quarters || fail "$queued half-open of 256, limited by $source"
    await raised unsafe-sysctl 15
    text=$(synwaitctl diagnose --json)
    source=$(echo "$text" |
        jq -r '.problems[] | select(.SYNWAITD_PROBLEM == "syn-flood") | .SYNWAITD_LIMIT_SOURCE')
    keys=$(synwaitctl advise --json | jq -r '[.[].key] | join(" ")')
    sysctl_to net.ipv4.tcp_syncookies 1
    holds "$source" '3/4 of net.ipv4.tcp_max_syn_backlog' || fail "diagnose: $text"
    [ "$keys" = net.ipv4.tcp_syncookies ] || fail "advised: $keys"
    echo "$queued half-open of tcp_max_syn_backlog 256; advised: $keys"
}

in_unit() {
    mkdir -p /sys/fs/cgroup/system.slice/backend.service
    echo 0 >/sys/fs/cgroup/system.slice/backend.service/cgroup.procs
    exec "$@"
}

check_leak() {
    local unit text
    load_by in_unit leak --addr $server --port 8080 --count 150
    await raised close-wait-leak 15
    unit=$(field SYNWAITD_UNIT raised close-wait-leak)
    [ "$unit" = backend.service ] || fail "laid to \"$unit\": $(told raised close-wait-leak)"
    [ -z "$(field SYNWAITD_SYSCTL raised close-wait-leak)" ] || fail "$(told raised close-wait-leak)"
    text=$(synwaitctl diagnose --json | jq -r '.problems[] | "\(.SYNWAITD_PROBLEM) \(.SYNWAITD_COMM)"')
    [ "$text" = 'close-wait-leak tcpload' ] || fail "diagnose: $text"
    kill $loaded
    await cleared close-wait-leak 15
    echo "$(field SYNWAITD_PEAK cleared close-wait-leak) laid to $unit; diagnose: $text; cleared"
}

check_slow_accept() {
    local queue text
    load listen --addr $server --port 82 --backlog 16 --accept none
    load clients --addr $server --port 82 --count 0 --rate 50
    await raised accept-queue-full 15
    queue=$(status '.listeners[] | select(.local == "'$server':82") | "\(.accept_queue) of \(.backlog)"')
    [ "$queue" = '17 of 16' ] || fail "accept queue $queue"
    [ -z "$(field SYNWAITD_SYSCTL raised accept-queue-full)" ] || fail "$(told raised accept-queue-full)"
    text=$(synwaitctl check --condition accept-queue)
    [ $? -eq 2 ] || fail "check: $text"
    echo "raised; $queue wait; check: ${text%% - *}"
}

# churn COUNT: how many short connections to the peer could be made.
churn() {
    : | tcpload churn --addr $peer --port 5432 --count "$1" | sed -n 's/made=\([0-9]*\).*/\1/p'
}

# What is advised helps on this kernel: what failed before works after it.
check_ports() {
    local keys before after
    sysctl_to net.ipv4.ip_local_port_range '40000 40599'
    sysctl_to net.ipv4.tcp_rfc1337 1 # now and then the peer's late RST would end a TIME-WAIT
    load_by 'ip netns exec peer' listen --addr $peer --port 5432
    churn 600 >/dev/null
    await raised port-exhaustion 15
    keys=$(field SYNWAITD_SYSCTL raised port-exhaustion)
    before=$(churn 20)
    holds "$keys" net.ipv4.tcp_tw_reuse=1 || fail "advised: $keys"
    sysctl_to net.ipv4.tcp_tw_reuse 1
    sleep 1.1
    after=$(churn 20)
    sysctl_to net.ipv4.ip_local_port_range '32768 60999'
    [ "$before:$after" = 0:20 ] || fail "of 20 connections $before before, $after after tcp_tw_reuse=1"
    await cleared port-exhaustion 20
    echo "advised tcp_tw_reuse=1; of 20 connections $before before it, $after after it; cleared"
}

check_tracked() {
    local text
    sysctl_to net.netfilter.nf_conntrack_max 1000
    load conntrack --count 900
    await raised conntrack-full 15
    text="$(field SYNWAITD_VALUE raised conntrack-full) of $(field SYNWAITD_LIMIT raised conntrack-full)"
    sysctl_to net.netfilter.nf_conntrack_max 65536
    await cleared conntrack-full 15
    echo "raised at $text; cleared"
}

# Nothing but what was made, and nothing that could not be read.
check_nothing_else() {
    local text
    text=$(jq -r 'select(.SYNWAITD_EVENT == "raised") | .SYNWAITD_PROBLEM' /run/alerts | sort -u | one_line)
    [ "$text" = "$problems_made" ] || fail "$text"
    [ "$(status '.degraded | length')" = 0 ] || fail "$(status .degraded)"
    text=$(status '"\(.ticks) ticks, \(.missed_ticks) missed"')
    echo "no problem but those made, no source unreadable; $text"
}

# Nobody waits for it here, so its process stays, without a program.
ended() {
    ! readlink "/proc/$(cat /run/daemon)/exe" >/dev/null
}

check_stop() {
    kill "$(cat /run/daemon)"
    within 5 ended || fail 'the daemon does not end'
    if [ -e /sys/fs/bpf/synwaitd ]; then
        synwaitd-bpf unload || fail 'synwaitd-bpf unload'
        [ ! -e /sys/fs/bpf/synwaitd ] || fail 'the iterator is still there'
    fi
    ! dmesg | grep -qE 'BUG:|WARNING:|Oops|segfault|hung task' || fail "$(dmesg | tail -n 20)"
    echo 'ended, nothing pinned, no complaint of the kernel'
}
