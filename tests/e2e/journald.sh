#!/bin/bash
# SPDX-License-Identifier: MIT
# The journal sink, the catalog and the whole daemon against a real journald, which is started in mount, pid,
# ipc, uts and network namespaces of its own: nothing of the host's journal is touched.
# B names the build directory, SANITIZE how its library was built (make tsan).
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

build=${B:-build}
journald=/lib/systemd/systemd-journald

skip_all() {
    echo "SKIPPED journald: $1"
    checks_skipped=1
    summary
    exit
}

if [ "${1-}" != inside ]; then
    [ "$(id -u)" -eq 0 ] || skip_all 'needs root for namespaces'
    [ -x $journald ] || skip_all "$journald is not installed"
    # The new pid namespace ends with its first process, and all in it with that.
    exec timeout 300 unshare --mount --uts --ipc --net --pid --fork --kill-child --mount-proc "$0" inside
fi

scratch=/run/scratch

start_journald() {
    $journald 2>>$scratch/journald.log &
    journald_pid=$!
    for ((i = 0; i < 100; i++)); do
        [ -S /run/systemd/journal/socket ] && return
        sleep 0.05
    done
    echo 'journald does not start'
    return 1
}

stop_journald() {
    kill "$journald_pid"
    wait "$journald_pid" 2>/dev/null
    rm -f /run/systemd/journal/{socket,dev-log,stdout}
}

# Everything that the script writes is under /run, which is its own from here on.
prepare() {
    mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal /run/log/journal /run/lock $scratch || return
    # Of the kernel's own log and of auditing this journald must keep its hands.
    mkdir -p /run/systemd/journald.conf.d && cat >/run/systemd/journald.conf.d/test.conf <<END || return
[Journal]
Storage=volatile
ReadKMsg=no
Audit=
RateLimitIntervalSec=0
ForwardToSyslog=no
ForwardToWall=no
END
    echo 0123456789abcdef0123456789abcdef >/run/machine-id
    [ -e /etc/machine-id ] && { mount --bind /run/machine-id /etc/machine-id || return; }
    ip link set lo up || return
    # shellcheck disable=SC2046,SC2086 # the flags are words
    ${CC:-gcc} -std=gnu17 -D_GNU_SOURCE -Iinclude ${SANITIZE-} tests/e2e/send_records.c \
        "$build/libsynwaitd.a" \
        $(pkg-config --libs libmnl libsystemd libconfig jansson) -pthread -o $scratch/send_records
}

read_journal() {
    journalctl -q --no-pager -D /run/log/journal --identifier synwaitd "$@"
}

# How many of the numbered alerts since the mark are there, each counted once.
arrived() {
    read_journal -o json --since "@$mark" | grep -oE '"number=[0-9]+' | sort -u | wc -l
}

mark_now() {
    sleep 1.1
    mark=$(date +%s)
}

# wait_until SECONDS COMMAND...
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

all_arrived() {
    [ "$(arrived)" -eq "$1" ]
}

expect_arrived() {
    wait_until 15 all_arrived "$1" || { echo "$(arrived) of $1 arrived"; cat $scratch/sent; return 1; }
}

lines_arrived() {
    [ "$(read_journal -o json --since "@$mark" | wc -l)" -eq "$1" ]
}

# Every name and value that the JSON target prints is in the journal's own JSON.
fields_are_equal() {
    local pair line
    mark_now
    $scratch/send_records journal 0 0 5000000 2>$scratch/sent || return
    $scratch/send_records json 0 0 0 2>/dev/null >$scratch/expected || return
    wait_until 10 lines_arrived 2
    read_journal -o json --since "@$mark" >$scratch/journal
    [ "$(wc -l <$scratch/expected)" -eq 2 ] || { echo 'not two alerts'; return 1; }
    for line in 1 2; do
        sed -n "${line}p" $scratch/expected | sed 's/^{//; s/}$//; s/","/"\n"/g' >$scratch/pairs
        [ "$(wc -l <$scratch/pairs)" -ge 20 ] || return
        while read -r pair; do
            sed -n "${line}p" $scratch/journal | grep -qF -- "$pair" || { echo "missing: $pair"; return 1; }
        done <$scratch/pairs
    done
}

# More than the socket of a stopped journald holds (net.unix.max_dgram_qlen, 10 in a new namespace), so that
# the writer blocks and the queue fills, but not over.
stopped_journald_delays_nobody() {
    mark_now
    kill -STOP "$journald_pid"
    $scratch/send_records journal 250 2000 20000000 2>$scratch/sent &
    local sender=$!
    wait_until 10 grep -q '^sent=250 ' $scratch/sent || { kill -CONT "$journald_pid"; return 1; }
    kill -CONT "$journald_pid"
    wait $sender || return
    grep -qE 'slowest_usec=[0-9]{1,5} dropped=0$' $scratch/sent || { cat $scratch/sent; return 1; }
    expect_arrived 250
}

absent_journald_is_waited_for() {
    stop_journald
    mark_now
    $scratch/send_records journal 200 1000 20000000 2>$scratch/sent &
    local sender=$!
    wait_until 10 grep -q '^sent=200 ' $scratch/sent || return
    sleep 2
    start_journald || return
    wait $sender || return
    expect_arrived 200
}

restarted_journald_loses_nothing() {
    mark_now
    $scratch/send_records journal 200 10000 20000000 2>$scratch/sent &
    local sender=$!
    sleep 0.5
    stop_journald
    sleep 1
    start_journald || return
    wait $sender || return
    # What journald has taken but not written when it is ended is not ours.
    wait_until 5 all_arrived 200 || [ "$(arrived)" -ge 190 ] || { echo "$(arrived) of 200"; return 1; }
}

# More than journald's socket and the queue hold: the oldest are dropped, and the next alert tells.
overflow_is_told() {
    local dropped told
    mark_now
    kill -STOP "$journald_pid"
    $scratch/send_records journal 3000 300 20000000 2>$scratch/sent &
    local sender=$!
    wait_until 20 grep -q '^sent=3000 ' $scratch/sent
    kill -CONT "$journald_pid"
    wait $sender
    dropped=$(sed -nE 's/.* dropped=([0-9]+)$/\1/p' $scratch/sent)
    [ "${dropped:-0}" -gt 0 ] || { cat $scratch/sent; return 1; }
    expect_arrived $((3000 - dropped)) || return
    told=$(read_journal -o json --since "@$mark" | grep -oE 'alerts_dropped=[0-9]+' | cut -d= -f2 |
        awk '{ n += $1 } END { print n }')
    [ "$told" -eq "$dropped" ] || { echo "dropped $dropped, told $told"; return 1; }
}

leaving_does_not_hang() {
    local before=$SECONDS
    kill -STOP "$journald_pid"
    timeout 20 $scratch/send_records journal 1000 0 1000000 2>$scratch/sent
    local code=$?
    kill -CONT "$journald_pid"
    [ $code -eq 0 ] && [ $((SECONDS - before)) -le 4 ]
}

catalog_is_accepted() {
    mkdir -p $scratch/root/usr/lib/systemd/catalog $scratch/root/var/lib/systemd/catalog
    cp systemd/synwaitd.catalog $scratch/root/usr/lib/systemd/catalog/ || return
    # A duplicate or a malformed entry is no error to journalctl, it only says so.
    nothing journalctl --update-catalog --root=$scratch/root &&
        [ -s $scratch/root/var/lib/systemd/catalog/database ]
}

# With only our catalog in place of the host's.
catalog_explains() {
    local id
    mount -t tmpfs tmpfs /var/lib/systemd && mkdir -p /var/lib/systemd/catalog || return
    mount --bind $scratch/root/usr/lib/systemd/catalog /usr/lib/systemd/catalog || return
    journalctl --update-catalog || return
    while read -r id; do
        journalctl --list-catalog "$id" | grep -q synwaitd || { echo "no entry for $id"; return 1; }
    done < <(sed -nE 's/^#define MESSAGE_ID_[A-Z0-9_]+ +"(.*)"/\1/p' include/messages.h)
    read_journal -x --since "@1" MESSAGE_ID=f732523bc5a14c898466112f2e876601 >$scratch/explained
    cat $scratch/explained
    grep -q 'Subject: SYN flood (syn-flood, raised)' $scratch/explained &&
        grep -q 'Evidence: half_open=1025 syn_queue_limit=1024' $scratch/explained &&
        grep -q 'man:synwaitd(8)' $scratch/explained
}

start_daemon() {
    RUNTIME_DIRECTORY=/run/synwaitd \
        "$build/synwaitd" --config $scratch/synwaitd.conf --log-target journal 9>&- &
    daemon_pid=$!
}

stop_daemon() {
    kill "$daemon_pid"
    wait "$daemon_pid"
}

# The leak lasts until its standard input ends, so nobody else may keep descriptor 9.
start_leak() {
    mkfifo $scratch/leak.in
    "$build/tools/tcpload" leak --addr 127.0.0.1 --port 8080 --count 200 <$scratch/leak.in >/dev/null &
    leak_pid=$!
    exec 9>$scratch/leak.in
}

end_leak() {
    exec 9>&-
    wait "$leak_pid"
}

# told EVENT: the journal has such an alert of the leak.
told() {
    read_journal -o json --since "@$mark" SYNWAITD_PROBLEM=close-wait-leak "SYNWAITD_EVENT=$1" | grep -q .
}

leak_field() {
    read_journal -o json --since "@$mark" SYNWAITD_PROBLEM=close-wait-leak "SYNWAITD_EVENT=$1" |
        sed -nE "s/.*\"$2\":\"([^\"]*)\".*/\1/p"
}

# With journald stopped from the first sample to the alert.
daemon_raises_through_a_stopped_journald() {
    mkdir -p /run/synwaitd
    cat >$scratch/synwaitd.conf <<END
sampling = { interval = "200ms"; cpu-budget = "50%"; walk-max-age = "1s"; };
thresholds = { close-wait = { warning = 100; critical = 1000; hold = "1s"; clear = "1s"; }; };
END
    mark_now
    kill -STOP "$journald_pid"
    start_daemon
    start_leak
    sleep 3
    # What it logs then goes to the writer that hangs, too.
    kill -HUP "$daemon_pid"
    sleep 2
    kill -CONT "$journald_pid"
    wait_until 10 told raised || return
    read_journal --since "@$mark" | grep -q 'configuration reloaded' || { echo 'not reloaded'; return 1; }
    [ "$(leak_field raised SYNWAITD_VALUE)" -ge 200 ] &&
        [ "$(leak_field raised SYNWAITD_LOCAL_PORT)" -eq 8080 ] &&
        [ "$(leak_field raised PRIORITY)" -eq 4 ] && [ -z "$(leak_field raised SYNWAITD_SYSCTL)" ] &&
        [ "$(leak_field raised MESSAGE_ID)" = 784aeedeb92f435aadab91a5ed839fef ]
}

# The incident outlives the daemon: no second raised, and cleared under the same id.
daemon_clears_after_its_restart() {
    stop_daemon || { echo "ended with $?"; return 1; }
    start_daemon
    sleep 3
    end_leak
    wait_until 20 told cleared || return
    stop_daemon || { echo "ended with $?"; return 1; }
    [ "$(leak_field raised SYNWAITD_INCIDENT | wc -l)" -eq 1 ] || { echo 'raised twice'; return 1; }
    [ "$(leak_field raised SYNWAITD_INCIDENT)" = "$(leak_field cleared SYNWAITD_INCIDENT)" ] &&
        [ "$(leak_field cleared PRIORITY)" -eq 5 ] && [ "$(leak_field cleared SYNWAITD_PEAK)" -ge 200 ]
}

if ! { prepare && start_journald; }; then
    echo 'not ok journald in its own namespaces'
    echo '0 passed, 1 failed'
    exit 1
fi

step 'every field arrives as the JSON target prints it' fields_are_equal
step 'a stopped journald delays nobody and loses nothing' stopped_journald_delays_nobody
step 'an absent journald is waited for' absent_journald_is_waited_for
step 'a restarted journald gets what comes after' restarted_journald_loses_nothing
step 'what is dropped is told' overflow_is_told
step 'leaving does not wait for a stopped journald' leaving_does_not_hang
step 'the catalog is accepted' catalog_is_accepted
step 'journalctl -x explains an alert' catalog_explains
step 'the daemon raises an alert through a stopped journald' daemon_raises_through_a_stopped_journald
step 'the daemon clears it after a restart, under the same id' daemon_clears_after_its_restart
summary
