# SPDX-License-Identifier: MIT
about='1,400 connects a second over 400 ms: 560 are in SYN-SENT at any time, and all succeed'
expect=silence
watch=25

prepare() {
    local number
    sysctl_here net.ipv4.tcp_max_tw_buckets 131072 # the default follows the machine's memory
    slow_link --delay-msec 200
    for number in 0 1 2 3; do
        load_there listen --addr "$peer_listen" --port $((peer_port + number)) --backlog 1024
    done
}

condition() {
    load clients --addr "$peer" --port "$peer_port" --count 0 --rate 1400 --lifetime-msec 1 --ports 4
}

proof() {
    standing syn-sent 500
    counted ActiveOpens 20000
}
