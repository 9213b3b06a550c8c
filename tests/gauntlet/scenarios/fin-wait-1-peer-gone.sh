# SPDX-License-Identifier: MIT
about='300 peers vanish while they are sent a response'
families='ipv4 ipv6'
expect=fin-wait-1-stall
cause='acknowledge nothing any more'
confidence='medium high'
forbidden='net.ipv4.tcp_fin_timeout net.ipv4.tcp_tw_reuse net.ipv4.tcp_max_tw_buckets'
# Default: 2,000 for 60 s.
config='thresholds = { fin-wait-1 = { warning = 200; critical = 20000; hold = "5s"; }; };'
within=15

prepare() {
    slow_link --delay-msec 20
    load listen --addr "$listen" --port "$port" --backlog 1024 --send 20000
}

condition() {
    local application=$loaded
    kill -STOP "$application"
    load_there clients --addr "$server" --port "$port" --count 300
    pause 1
    slow_link_now lose-there all
    pause 0.1
    kill -CONT "$application"
    begins
}
