# SPDX-License-Identifier: MIT
about='300 peers have closed, and our FIN does not reach them'
families='ipv4 ipv6'
expect=last-ack-stall
cause='closed and then vanished'
confidence='medium high'
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse'
# Default: 1,000 for 60 s.
config='thresholds = { last-ack = { warning = 200; critical = 10000; hold = "5s"; }; };'
within=15

prepare() {
    slow_link --delay-msec 20 --lose-there fin
    load listen --addr "$listen" --port "$port" --backlog 1024
}

condition() {
    load_there clients --addr "$server" --port "$port" --count 300 --lifetime-msec 200
}
