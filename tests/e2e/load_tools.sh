#!/bin/bash
# SPDX-License-Identifier: MIT
# That the load tools make the conditions that others are tested with: slow-link delays and loses what it is
# told to, tcpload's servers and clients end up in the states they are for. B names the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

tools=${B:-build}/tools

if [ "$(id -u)" -ne 0 ]; then
    echo 'SKIPPED load tools: needs root for network namespaces'
    checks_skipped=1
    summary
    exit
fi
if [ ! -c /dev/net/tun ]; then
    echo 'SKIPPED load tools: no /dev/net/tun'
    checks_skipped=1
    summary
    exit
fi

scratch=$(mktemp -d)
here=load-here-$$ there=load-there-$$
finish() {
    exec 7>&-
    while read -r pid; do kill "$pid" 2>/dev/null; done <"$scratch/pids"
    wait
    ip netns del $here
    ip netns del $there
    rm -rf "$scratch"
}
trap finish EXIT
ip netns add $here
ip netns add $there
ip netns exec $there sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'

# wait_for COMMAND...: until it succeeds, at most 5 s.
wait_for() {
    for _ in {1..100}; do
        "$@" && return
        sleep 0.05
    done
    return 1
}

# start NAME COMMAND...: in the background, its output in $scratch/NAME; waits for READY.
# A check is a subshell, so the process id goes to a file.
start() {
    local name=$1
    shift
    "$@" </dev/null >"$scratch/$name" 2>&1 7>&- &
    echo $! >>"$scratch/pids"
    wait_for grep -q READY "$scratch/$name"
}

# sockets NAMESPACE PORT STATE: how many, the listener's port being PORT.
sockets() {
    ip netns exec "$1" ss -Htan state "$3" "( sport = $2 or dport = $2 )" | wc -l
}

has() {
    [ "$(sockets "$1" "$2" "$3")" -eq "$4" ]
}

# serve PORT COUNT SERVER-OPTIONS -- CLIENT-OPTIONS: a server here, COUNT clients there.
serve() {
    local port=$1 count=$2 server=()
    shift 2
    while [ "$1" != -- ]; do
        server+=("$1")
        shift
    done
    shift
    start "listen.$port" ip netns exec $here "$tools/tcpload" listen --addr :: --port "$port" --backlog 1000 \
        "${server[@]}"
    start "clients.$port" ip netns exec $there "$tools/tcpload" clients --addr "${address-10.9.0.1}" \
        --port "$port" --count "$count" "$@"
}

# leads_to STATE COUNT PORT OPTIONS...: what serve makes is that many sockets in that state here.
leads_to() {
    local state=$1 count=$2 port=$3
    shift 2
    serve "$@"
    wait_for has $here "$port" "$state" "$count" || {
        ip netns exec $here ss -Htan "sport = $port" | cut -d" " -f1 | sort | uniq -c
        return 1
    }
}

# ends_with LINE CLIENT-OPTIONS: what the clients print at the end.
ends_with() {
    local line=$1 printed
    shift
    printed=$(ip netns exec $there "$tools/tcpload" clients --addr 10.9.0.1 "$@" </dev/null | tail -n 1)
    echo "$printed"
    [ "$printed" = "$line" ]
}

delay_is_kept() {
    local round_trip_msec
    leads_to established 5 8000 5 -- --seconds 60 || return
    round_trip_msec=$(ip netns exec $there ss -Htin "dport = 8000" |
        sed -nE 's|.* rtt:([0-9]+)\.?([0-9]*)/.*|\1|p' | sort -n | head -n 1)
    echo "round trip: $round_trip_msec ms"
    [ "$round_trip_msec" -ge 40 ] && [ "$round_trip_msec" -lt 80 ]
}

# waiting PORT: how many connections wait for accept().
waiting() {
    ip netns exec $here ss -Htln "sport = $1" | awk '{ print $2 }'
}

nobody_waits() {
    [ "$(waiting "$1")" -eq 0 ]
}

accept_queue_drains_slowly() {
    leads_to established 30 8009 30 --accept-rate 10 -- || return
    local now
    now=$(waiting 8009)
    echo "waiting: $now"
    [ "$now" -ge 15 ] && wait_for nobody_waits 8009
}

# tell LINE: to slow-link's standard input. It is obeyed before a packet that comes later by a round trip.
tell() {
    echo "$1" >&7
    sleep 0.1
}

lost_synacks_leave_half_opens() {
    tell 'lose-there synack'
    leads_to syn-recv 10 8001 10 -- --seconds 60
    local code=$?
    tell 'lose-there none'
    return $code
}

lost_syns_time_out() {
    tell 'lose-here syn'
    ends_with 'connected=0 refused=0 failed=0 timeout=3 exhausted=0' --port 8100 --count 3 --seconds 4
    local code=$?
    tell 'lose-here none'
    return $code
}

# Both ends are here.
hold_without_a_listener() {
    start hold.8011 ip netns exec $here "$tools/tcpload" hold --addr 10.9.0.1 --port 8011 --count 10 \
        --unlisten || return
    has $here 8011 established 20 && has $here 8011 listening 0
}

mkfifo "$scratch/commands"
"$tools/slow-link" --here /run/netns/$here --there /run/netns/$there --delay-msec 20 \
    <"$scratch/commands" >"$scratch/link" 2>&1 &
echo $! >>"$scratch/pids"
exec 7>"$scratch/commands"

check 'slow-link joins the namespaces' wait_for grep -q READY "$scratch/link"
check 'slow-link delays both ways' delay_is_kept
check 'slow-link loses SYN-ACKs' lost_synacks_leave_half_opens
check 'slow-link loses SYNs' lost_syns_time_out
check 'a closed port refuses' ends_with 'connected=0 refused=20 failed=0 timeout=0 exhausted=0' \
    --port 8100 --count 20 --seconds 1
address=2001:db8:9::1 check 'IPv6' leads_to established 20 8002 20 -- --read
check '--leak' leads_to close-wait 50 8003 50 --leak -- --lifetime-msec 50
check '--close-after-msec: CLOSE-WAIT' \
    leads_to close-wait 50 8004 50 --close-after-msec 1000 -- --lifetime-msec 50
check '--close-after-msec: ends' wait_for has $here 8004 close-wait 0
check '--half-close' leads_to fin-wait-2 50 8005 50 --half-close -- --read
check '--close-first' leads_to time-wait 50 8006 50 --close-first -- --read --lifetime-msec 60000
check '--send' leads_to fin-wait-1 5 8007 5 --send 3000000 -- --seconds 60
check '--defer' leads_to syn-recv 30 8008 30 --defer 30 --
check '--accept-rate' accept_queue_drains_slowly
check '--reuseport' leads_to listening 4 8010 10 --reuseport 4 --
check 'hold --unlisten' hold_without_a_listener
exec 7>&-
check 'slow-link ends with its input' wait_for grep -q overflowed=0 "$scratch/link"
summary
