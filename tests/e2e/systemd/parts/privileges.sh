# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The optional privileges: the listener iterator, and names of processes.
loader=/usr/lib/synwaitd/synwaitd-bpf

last_said() {
    journal _PID="$(main_pid)" | grep -q "$1"
}

# bpffs is root's alone; the daemon, which is not, sees the one directory.
counts_by_the_iterator() {
    wait_until 10 last_said 'counted at each tick, by the BPF iterator' || { journal | tail -n 5; return 1; }
    [ "$(stat -c '%U %A' /sys/fs/bpf)" = 'root drwx-----T' ] && [ -e /sys/fs/bpf/synwaitd/listener_queues ] && no_capabilities
}

restart_anew() {
    systemctl daemon-reload && systemctl reset-failed && systemctl restart synwaitd && is ActiveState active
}

does_without_bpffs() {
    umount /sys/fs/bpf && restart_anew || return
    wait_until 10 last_said 'counted by the walk alone' || return
    journalctl -q --no-pager -u synwaitd | grep -q 'no bpffs is mounted at /sys/fs/bpf'
}

names_the_process() {
    cp /usr/share/doc/synwaitd/synwaitd.service.d/50-processes.conf "$dropins/" && restart_anew || return
    load_unit e2e-named hold --addr 127.0.0.1 --port 8082 --count 300 --seconds 60 || return
    wait_until 15 told established-pileup raised SYNWAITD_COMM=tcpload \
        "SYNWAITD_PID=$(main_pid e2e-named.service)"
    local code=$?
    systemctl stop e2e-named
    return $code
}

# The number in the drop-in's comment.
costs_what_it_says() {
    local said
    said=$(sed -nE 's/.*to ([0-9.]+) in systemd-analyze security.*/\1/p' "$dropins/50-processes.conf")
    exposure_at_most "${said:-0}" && ! exposure_at_most 0.8
}

iterator_checks() {
    if [ -x $loader ]; then
        check "the iterator is read through a bpffs that is root's alone" counts_by_the_iterator
    else
        echo 'SKIPPED the iterator in the service: built without synwaitd-bpf'
        checks_skipped=$((checks_skipped + 1))
    fi
}

privilege_checks() {
    [ ! -x $loader ] || check 'without bpffs the service starts, and says why it does without' does_without_bpffs
    check 'with 50-processes.conf an alert names the process' names_the_process
    check 'which costs what its comment says' costs_what_it_says
    rm -f "$dropins/50-processes.conf"
    check 'without it the service is as before' restart_anew
}
