# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What a scenario of the gauntlet uses, and how one is run and judged.
#
# A scenario is sourced bash. It sets:
#   about         one line
#   families      of "ipv4 ipv6 mapped" (default ipv4); mapped: the listener is on [::], its clients use IPv4
#   expect        the problem, or silence
#   cause         a fixed string in SYNWAITD_CAUSE of the raised alert
#   final_cause   the same for a later `changed`, where the first diagnosis may be refined; say why
#   confidence    those allowed in the raised alert
#   advice        keys that its SYNWAITD_SYSCTL has, exactly; empty: the field is absent
#   forbidden     keys that stand in no SYNWAITD_SYSCTL of the run
#   limit_source  SYNWAITD_LIMIT_SOURCE of the raised alert, if it matters
#   within        seconds from the condition to the raised alert
#   settle        seconds to watch after it for wrong further alerts (6)
#   before        seconds that prepare() takes (0): rows that take longest start first
#   watch         for silence: seconds to watch
#   also          problems that may be raised besides
#   not_problem   with silence: only these may not be raised
#   config        text of the daemon's configuration instead of the shipped defaults; the reason beside it
# and the functions condition, which makes the condition, prepare, what has to be before the daemon starts,
# and, for silence, proof: that what the daemon was silent about was there, by counted and standing.
#
# Addresses by family, for both functions:
#   $listen           what a server here binds
#   $server           where its clients connect to; $port
#   $peer             the other end's address, as a socket here names it; $peer_port
#   $peer_listen      what a server there binds
#   $client           the other end's address, as a client there binds it
#   $crowd            first of 60,000 addresses of the other end, for many clients there
#   $crowd_here       the same as a socket here names it
#   $forged           first of 60,000 addresses from which nobody answers
#   $unreachable      an address that never answers, as a socket here names it; $silent: this end's towards it

# --- What scenarios use ---------------------------------------------------------------------------------

# here COMMAND...: in the daemon's network namespace. there COMMAND...: in the other end's.
here() {
    ip netns exec "$namespace_here" "$@"
}

there() {
    ip netns exec "$namespace_there" "$@"
}

# load ARGS...: tcpload here, in the background, until its condition stands. $loaded is its process.
load() {
    start "$namespace_here" "$build/tools/tcpload" "$@"
    await_ready "tcpload $*"
}

load_there() {
    start "$namespace_there" "$build/tools/tcpload" "$@"
    await_ready "tcpload $* (there)"
}

# slow_link ARGS...: the other end is behind a link with delay and loss from now on, see slow-link --help. It goes
# first: one that waits for a processor lets out at once what it should have spread over that time.
slow_link() {
    mkfifo "$work/slow"
    exec {slow}<>"$work/slow"
    start_reading "$work/slow" nice -n -15 "$build/tools/slow-link" --here "/run/netns/$namespace_here" \
        --there "/run/netns/$namespace_there" "$@"
    await_ready "slow-link $*"
    ip -n "$namespace_here" route replace 10.20.0.0/16 via 10.9.0.2
    ip -n "$namespace_here" -6 route replace 2001:db8:20::/48 via 2001:db8:9::2
    addresses 10.9.0 2001:db8:9::
}

# slow_link_now COMMAND: a change of the link that is there.
slow_link_now() {
    echo "$*" >&"$slow"
}

sysctl_here() {
    write_sysctl "$namespace_here" "$@"
}

sysctl_there() {
    write_sysctl "$namespace_there" "$@"
}

pause() {
    read -rt "$1" _ <&"$never"
}

# pause_until SECONDS: since the daemon has started, with one decimal.
pause_until() {
    local tenths=$((${1/./} - (${EPOCHREALTIME/[.,]/} - ${started_at/[.,]/}) / 100000))
    [ $tenths -le 0 ] || pause $((tenths / 10)).$((tenths % 10))
}

# counted COUNTER LEAST: a counter of /proc/net/snmp or netstat in the daemon's namespace.
counted() {
    local count
    count=$(here cat /proc/net/snmp /proc/net/netstat | awk -v name="$1" '
        NR % 2 == 1 { split($0, key); next }
        { for (i in key) if (key[i] == name) print $i }')
    [ "$count" -ge "$2" ] || give_up "$1 is $count, not $2"
}

# standing STATE LEAST: sockets there, the state as ss calls it.
standing() {
    local count
    count=$(here ss -Htan state "$1" | wc -l)
    [ "$count" -ge "$2" ] || give_up "$count sockets in $1, not $2"
}

# end PROCESS: ends what load started.
end() {
    kill "$1" 2>/dev/null && wait "$1" 2>/dev/null
}

# begins: the condition stands from now on, not since condition() was called.
begins() {
    began=$EPOCHREALTIME
}

# --- How one is run -------------------------------------------------------------------------------------

write_sysctl() {
    # shellcheck disable=SC2016 # the inner shell's arguments
    ip netns exec "$1" sh -c 'echo "$2" > "/proc/sys/$1"' sh "${2//.//}" "$3" || give_up "sysctl $2=$3"
}

# The row cannot be judged: the scenario or a tool is at fault.
give_up() {
    result=${2:-MISS}
    differences="cannot be made: $1"
    exit
}

# What a child does first: with this process gone, nothing may keep the pipes open that end its tools.
let_go() {
    exec {life}>&-
    [ -z "$slow" ] || exec {slow}>&-
}

# start_reading FILE COMMAND...: in the background.
start_reading() {
    local input=$1
    shift
    output=$work/output.$((++started))
    : >"$output"
    (
        let_go
        exec "$@" >"$output" 2>&1
    ) <"$input" &
    loaded=$!
    processes+=("$loaded")
}

start() {
    local namespace=$1
    shift
    start_reading "$work/life" ip netns exec "$namespace" "$@"
}

await_ready() {
    local text code i
    for ((i = 0; i < 1200; i++)); do
        read -rd '' text <"$output"
        [[ $text == *READY* ]] && return
        if ! kill -0 "$loaded" 2>/dev/null; then
            wait "$loaded"
            code=$?
            read -rd '' text <"$output"
            [[ $text == *READY* ]] && return
            [ $code -eq 3 ] && give_up "$text" skipped
            give_up "$1: exit code $code: $text"
        fi
        pause 0.05
    done
    give_up "$1: not ready after 60 s"
}

# Addresses on the link 10.9.0 / 2001:db8:9::.
addresses() {
    port=8080 peer_port=5432
    if [ "$family" = ipv6 ]; then
        silent=2001:db8:1::1 server=${2}1 peer=${2}2 peer_listen=${2}2 client=${2}2
        listen=$server crowd=2001:db8:20::1 crowd_here=$crowd forged=2001:db8:64::1 unreachable=2001:db8:2::9
        return
    fi
    silent=198.18.0.1 server=$1.1 peer=$1.2 peer_listen=$1.2 client=$1.2
    listen=$server crowd=10.20.0.1 crowd_here=$crowd forged=100.64.0.1 unreachable=203.0.113.9
    if [ "$family" = mapped ]; then
        listen=:: peer=::ffff:$peer crowd_here=::ffff:$crowd unreachable=::ffff:$unreachable
    fi
}

# Here: a default route into silence, and a link to the other end, which owns the crowd's addresses. IPv6
# lets a client bind those only with ip_nonlocal_bind.
# What depends on the size of the namespace's own hash table is set to what a host has.
make_network() {
    ip netns add "$namespace_here" && ip netns add "$namespace_there" &&
        here tests/tools/silent-link &&
        sysctl_here net.ipv4.tcp_max_tw_buckets 131072 && sysctl_here net.ipv4.tcp_max_syn_backlog 2048 &&
        ip -n "$namespace_there" link set lo up &&
        sysctl_here net.ipv6.ip_nonlocal_bind 1 && sysctl_there net.ipv6.ip_nonlocal_bind 1 &&
        ip -n "$namespace_here" link add near0 type veth peer name near1 netns "$namespace_there" &&
        ip -n "$namespace_here" addr add 192.0.2.1/24 dev near0 &&
        ip -n "$namespace_there" addr add 192.0.2.2/24 dev near1 &&
        ip -n "$namespace_here" -6 addr add 2001:db8:3::1/64 dev near0 nodad &&
        ip -n "$namespace_there" -6 addr add 2001:db8:3::2/64 dev near1 nodad &&
        ip -n "$namespace_here" link set near0 up && ip -n "$namespace_there" link set near1 up &&
        ip -n "$namespace_here" route add 10.20.0.0/16 via 192.0.2.2 &&
        ip -n "$namespace_here" -6 route add 2001:db8:20::/48 via 2001:db8:3::2 &&
        ip -n "$namespace_there" route add local 10.20.0.0/16 dev lo &&
        ip -n "$namespace_there" -6 route add local 2001:db8:20::/48 dev lo
}

# Each alert as a line {"at": seconds, "alert": {...}}.
stamp() {
    local text
    let_go
    while read -r text; do
        printf '{"at":%s,"alert":%s}\n' "$EPOCHREALTIME" "$text"
    done
}

start_daemon() {
    local file=/dev/null text i
    if [ -n "$config" ]; then
        file=$work/config
        echo "$config" >"$file"
    fi
    mkfifo "$work/daemon"
    : >"$work/errors"
    stamp <"$work/daemon" >"$work/alerts" &
    stamper=$!
    (
        let_go
        # Not ip netns exec: that hides the bpffs.
        exec env -u RUNTIME_DIRECTORY -u STATE_DIRECTORY -u NOTIFY_SOCKET \
            nsenter --net="/run/netns/$namespace_here" \
            "$build/synwaitd" --config "$file" --log-target json --ticks 600 >"$work/daemon" 2>"$work/errors"
    ) &
    daemon=$!
    processes+=("$daemon")
    for ((i = 0; i < 200; i++)); do
        read -rd '' text <"$work/errors"
        [[ $text == *network\ namespace* ]] && return
        pause 0.05
    done
    give_up "synwaitd does not start: $text"
}

is_raised() {
    local text
    read -rd '' text <"$work/alerts"
    [[ $text == *'"SYNWAITD_PROBLEM":"'"$expect"'","SYNWAITD_EVENT":"raised"'* ]]
}

await_alert() {
    local limit=$((SECONDS + within + 1))
    until is_raised || [ $SECONDS -gt $limit ]; do
        pause 0.2
    done
    is_raised && pause "$settle"
}

judge() {
    jq -rs -f tests/gauntlet/judge.jq --arg family "$family" --arg expect "$expect" --arg cause "$cause" \
        --arg final_cause "$final_cause" --arg confidence "$confidence" --arg advice "$advice" \
        --arg forbidden "$forbidden" --arg limit_source "$limit_source" --arg within "$within" \
        --arg also "$also" --arg not_problem "$not_problem" --arg began "$began" "$work/alerts"
}

# The result's first line: scenario, family, expected, got, seconds, ok or MISS; then what differs.
write_result() {
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$scenario" "$family" "${not_problem:+not }${not_problem:-$expect}" \
        "${got:--}" "${seconds:--}" "$result" >"$result_file"
    [ -z "$differences" ] || printf '%s\n' "$differences" >>"$result_file"
}

leave() {
    local process
    trap - EXIT TERM
    kill -CONT "${processes[@]}" 2>/dev/null
    kill "${processes[@]}" 2>/dev/null
    for process in $(ip netns pids "$namespace_here" 2>/dev/null) \
        $(ip netns pids "$namespace_there" 2>/dev/null); do
        kill -KILL "$process" 2>/dev/null
    done
    wait
    ip netns del "$namespace_here" 2>/dev/null
    ip netns del "$namespace_there" 2>/dev/null
    write_result
    rm -rf "$work"
}

settings() {
    families=ipv4 expect='' cause='' final_cause='' confidence='' advice='' forbidden='' limit_source=''
    within=10 settle=6 watch=20 before=0 also='' not_problem='' config=''
    prepare() { :; }
    proof() { :; }
    # shellcheck source=/dev/null
    . "tests/gauntlet/scenarios/$1.sh"
}

# run_row SCENARIO FAMILY RESULT-FILE: in a process of its own.
run_row() {
    scenario=$1 family=$2 result_file=$3
    local name=synwaitd-gauntlet-$$-$BASHPID
    namespace_here=$name-here namespace_there=$name-there
    processes=() started=0 slow='' got='' seconds='' differences='' result=MISS
    work=$(mktemp -d "${TMPDIR:-/tmp}/synwaitd-gauntlet-XXXXXX")
    trap leave EXIT
    trap 'differences=interrupted; exit' TERM
    mkfifo "$work/life" "$work/never"
    exec {life}<>"$work/life" {never}<>"$work/never"
    settings "$scenario"
    make_network 2>"$work/errors" || give_up "network: $(cat "$work/errors")"
    addresses 192.0.2 2001:db8:3::
    prepare
    start_daemon
    began=$EPOCHREALTIME
    started_at=$began
    condition
    if [ "$expect" = silence ]; then
        pause "$watch"
        proof
    else
        await_alert
    fi
    kill -0 "$daemon" 2>/dev/null || give_up "synwaitd ended: $(cat "$work/errors")"
    [ "$iterator" = without ] || grep -q 'by the BPF iterator' "$work/errors" ||
        give_up "the listener iterator was not used: $(cat "$work/errors")"
    end "$daemon"
    wait "$stamper"
    { read -r got && read -r seconds && read -rd '' differences; } < <(judge)
    [ -n "$got" ] || give_up "the alerts cannot be read"
    [ -z "$differences" ] && result=ok
    exit
}
